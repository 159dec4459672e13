"""Letters that a place outside can't write: a carrier that knows Latin-1, the printer of a label.

A letter that a place can't write is told by itself, so that nobody sends "?" in its stead without knowing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

LATIN = "latin-1"
"""What the oldest of the carriers' systems write: the letters of western Europe."""


def unwritable(texts: Iterable[str], alphabet: str = LATIN) -> tuple[str, ...]:
    """The letters of these texts that a place with this alphabet can't write, each once, as they come; those that show
    nothing by themselves by their names."""
    plain = "".join(unicodedata.normalize("NFC", text) for text in texts)
    return tuple(_shown(letter) for letter in dict.fromkeys(plain) if not _writable(letter, alphabet))


def _writable(letter: str, alphabet: str) -> bool:
    try:
        letter.encode(alphabet)
    except UnicodeEncodeError:
        return False
    return True


def _shown(letter: str) -> str:
    if unicodedata.category(letter)[0] in "LNSP":
        return letter
    return unicodedata.name(letter, f"U+{ord(letter):04X}").lower()
