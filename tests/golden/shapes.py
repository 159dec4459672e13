"""The shapes of events, by kind and version, as one short mark each: a shape that changes without a new version shows.

    python -m tests.golden.shapes

adds the marks of shapes that are new. A mark that is there is never changed, but by `--not-released-yet`.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from ordna.core import events

FILE = Path(__file__).with_name("shapes.json")
WORDS = ("description", "title")


def mark(event: type[msgspec.Struct]) -> str:
    """The shape of an event and of all it is made of; what is merely said about them does not count."""
    shape = _bare(msgspec.json.schema(event))
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:16]


def marks() -> dict[str, dict[str, str]]:
    """The marks of this code's newest versions."""
    return {kind: {str(events.VERSIONS[kind]): mark(event)} for kind, event in events.BY_KIND.items()}


def kept() -> dict[str, dict[str, str]]:
    """The marks of every version there ever was."""
    found: dict[str, dict[str, str]] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return found


def differing(now: dict[str, dict[str, str]], known: dict[str, dict[str, str]]) -> list[str]:
    """What is wrong, in sentences."""
    return [
        f"{kind} has another shape than its version {version} had: raise VERSIONS[{kind!r}] and write an upcaster."
        if version in known.get(kind, {})
        else f"{kind} {version} is new: run python -m tests.golden.shapes"
        for kind, versions in now.items()
        for version, found in versions.items()
        if known.get(kind, {}).get(version) != found
    ]


def _bare(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _bare(value) for key, value in schema.items() if not (key in WORDS and isinstance(value, str))}
    return [_bare(item) for item in schema] if isinstance(schema, list) else schema


def main(arguments: list[str]) -> int:
    """Write what is new."""
    known = kept()
    for kind, versions in marks().items():
        for version, found in versions.items():
            if "--not-released-yet" in arguments:
                known.setdefault(kind, {})[version] = found
            else:
                known.setdefault(kind, {}).setdefault(version, found)
    FILE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    wrong = differing(marks(), known)
    print("\n".join(wrong) or "Every shape has its mark.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
