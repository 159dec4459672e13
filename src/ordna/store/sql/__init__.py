"""SQL that matters is SQL: named blocks in the files of this folder, `-- name: load_orders` above each.

Comments between the blocks are for the reader; what is before the first name is dropped.
"""

from __future__ import annotations

import re
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)[ \t]*\n", re.MULTILINE)


def blocks(file: str) -> dict[str, bytes]:
    """The named statements of one file of this folder, by name; the bytes are what psycopg executes."""
    text = resources.files(__name__).joinpath(file).read_text(encoding="utf-8")
    _, *pairs = _NAME.split(text)
    found = dict(zip(pairs[::2], (body.strip().encode() for body in pairs[1::2]), strict=True))
    if len(found) * 2 != len(pairs):
        raise ValueError(f"{file} names a statement twice.")
    return found
