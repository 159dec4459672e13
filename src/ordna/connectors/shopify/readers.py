"""Small readers every facet uses: each returns the clean value, or None with a problem that says why not."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from ordna.core.values import BadValue, Problem, clamp, utc

Problems = list[Problem]


def moment(value: datetime | None, path: str, problems: Problems, required: bool = False) -> datetime | None:
    """The moment in UTC; None with a problem when it is out of range, or missing though `required`."""
    if value is None:
        if required:
            require(None, path, problems)
        return None
    try:
        return utc(value)
    except BadValue as wrong:
        problems.append(Problem(wrong.code, path, str(wrong)))
        return None


def not_ahead(version: datetime, received_at: datetime, path: str, problems: Problems) -> datetime:
    """A version held back to our clock when it lies ahead of it, and flagged: later real updates must still win."""
    held = clamp(version, received_at)
    if held is not version:
        sentence = f"{version.isoformat()} lies ahead of the clock; read as {held.isoformat()}."
        problems.append(Problem("in_future", path, sentence))
    return held


def known(
    value: str | None,
    vocabulary: frozenset[str] | dict[str, str],
    path: str,
    problems: Problems,
    required: bool = False,
) -> str | None:
    """The word when it is one we know; a new one is unknown, never guessed."""
    if value is None or value in vocabulary:
        if value is None and required:
            require(None, path, problems)
        return value
    problems.append(Problem("unknown_value", path, f"“{value[:40]}” is not a value this version knows."))
    return None


def require(value: object, path: str, problems: Problems) -> None:
    """Note a missing field, unless it is known already why it can't be read."""
    if value is None and not is_explained(path, problems):
        problems.append(Problem("missing_field", path, "This field is missing."))


def is_explained(path: str, problems: Problems) -> bool:
    """True when a problem stands at `path` or at something that contains it."""
    return any(
        path == problem.path or (path.startswith(problem.path) and path[len(problem.path)] in ".[")
        for problem in problems
        if problem.path
    )


def text(value: str | None) -> str | None:
    """One line of text: NFC, trimmed, control characters made spaces; empty and blank are None."""
    if not value:
        return None
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
    if not value.isprintable():
        value = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in value)
    return value.strip() or None


def prose(value: str | None) -> str | None:
    """Text as it was written, over as many lines: NFC, trimmed; empty and blank are None."""
    if not value:
        return None
    return (value if value.isascii() else unicodedata.normalize("NFC", value)).strip() or None


def id_of(value: object) -> str | None:
    """The number at the end of a global id, or a bare number, as text; None for anything else."""
    if isinstance(value, str):
        tail = value.rpartition("/")[2].partition("?")[0]
        return tail if tail.isascii() and tail.isdigit() and len(tail) <= 19 else None
    return str(value) if type(value) is int and value > 0 else None
