"""Texts that others wrote, as they may stand where anybody reads: in one line, and without what names a person.

What the other side says of a refusal may quote what it was told: a name, an address, a tag. The words of the sentence
are kept, what is known of the person and what looks like an address of one is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "…"
KNOWN_MIN = 3

_EMAIL = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+")
_PHONE = re.compile(r"\+?\d(?:[ ().-]?\d){6,14}")
_SECRET = re.compile(r"\b(?:shp[a-z]{2,3}_|gh[a-z]_|sk_|eyJ)[\w.-]{6,}|\bBearer\s+\S+", re.IGNORECASE)


def masked(text: str, known: Iterable[str] = ()) -> str:
    """The text without e-mail addresses, telephone numbers, tokens and any of the known strings of three characters or
    more, whole or word by word."""
    text = _SECRET.sub(HIDDEN, _EMAIL.sub(HIDDEN, text))
    for piece in sorted(_pieces(known), key=len, reverse=True):
        text = re.sub(re.escape(piece), HIDDEN, text, flags=re.IGNORECASE)
    return _PHONE.sub(HIDDEN, text)


def one_line(text: str, most: int = 500) -> str:
    """The text with control characters, line ends and invisible marks of direction spelled out, cut at `most`."""
    plain = "".join(char if _shows(char) else _spelled(char) for char in text[: most + 1])
    return plain if len(plain) <= most else plain[: most - 1] + HIDDEN


def _pieces(known: Iterable[str]) -> set[str]:
    whole = {text.strip() for text in known}
    words = {word for text in whole for word in re.split(r"[\s,;]+", text)}
    return {piece for piece in whole | words if len(piece) >= KNOWN_MIN}


def _shows(char: str) -> bool:
    number = ord(char)
    return char == " " or (char.isprintable() and not 0x202A <= number <= 0x202E and not 0x2066 <= number <= 0x2069)


def _spelled(char: str) -> str:
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
