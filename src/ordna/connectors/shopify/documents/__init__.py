"""The GraphQL documents we send, one file each; a test validates every one against the API's schema."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

_COMMENT = re.compile(r"^\s*#.*\n", re.MULTILINE)
_SPACE = re.compile(r"\s+")


@lru_cache(maxsize=64)
def text_of(name: str) -> str:
    """The document `name.graphql` as it is sent: on one line, without comments."""
    source = resources.files(__package__).joinpath(f"{name}.graphql").read_text("utf-8")
    return _SPACE.sub(" ", _COMMENT.sub("", source)).strip()


@lru_cache(maxsize=64)
def is_mutation(name: str) -> bool:
    """True for a document that changes something at the shop."""
    return text_of(name).startswith("mutation")


def names() -> list[str]:
    """All documents there are."""
    return sorted(
        file.name.removesuffix(".graphql")
        for file in resources.files(__package__).iterdir()
        if file.name.endswith(".graphql")
    )
