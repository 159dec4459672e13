"""Values: money, moments and problems; the small types everything else is made of.

Money is an integer of minor units beside an ISO 4217 currency, never a float. Moments are zone-aware and
kept in UTC. A `Problem` is what was wrong with one field of something that came in: a code, a path, a sentence.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from babel.core import get_global
from msgspec import Struct

MINOR_UNITS_MAX = 2**53
_AMOUNT = re.compile(r"-?\d{1,18}(\.\d{1,18})?", re.ASCII)


class Problem(Struct, frozen=True, order=True):
    """What was wrong with one field: a stable code, where it stood, and a sentence for a person."""

    code: str
    path: str
    sentence: str


class BadValue(ValueError):
    """A value that can't be used; `code` is stable, the text is for a person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Money(Struct, frozen=True, order=True):
    """An amount in minor units (cents, øre) of one ISO 4217 currency."""

    minor: int
    currency: str

    def __str__(self) -> str:
        return f"{major_text(self.minor, self.currency)} {self.currency}"


@lru_cache(maxsize=512)
def exponent(currency: str) -> int:
    """Digits after the point: 2 for EUR, 0 for JPY, 3 for KWD. `BadValue` for an unknown currency."""
    if currency not in _known_currencies():
        raise BadValue("unknown_currency", f"“{currency}” is not an ISO 4217 currency.")
    fractions = get_global("currency_fractions")
    return (
        int(fractions.get(currency, fractions["DEFAULT"])[0]) if currency not in _ISO_DIGITS else _ISO_DIGITS[currency]
    )


def minor_units(amount: str, currency: str) -> int:
    """The text of an amount in major units as minor units, exactly; `BadValue` when it is not exact."""
    if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount):
        raise BadValue("bad_amount", f"“{str(amount)[:40]}” is not an amount like 1234.50.")
    digits = exponent(currency)
    whole, _, fraction = amount.partition(".")
    if fraction[digits:].strip("0"):
        raise BadValue("too_precise", f"{amount} has more than {digits} decimals, the most {currency} has.")
    minor = int(whole + fraction[:digits].ljust(digits, "0"))
    if abs(minor) > MINOR_UNITS_MAX:
        raise BadValue("out_of_range", f"{amount} {currency} is larger than any order can be.")
    return minor


def major_text(minor: int, currency: str) -> str:
    """Minor units as plain text in major units: 123450 DKK -> "1234.50"."""
    digits = exponent(currency)
    sign, body = ("-" if minor < 0 else ""), str(abs(minor)).rjust(digits + 1, "0")
    return sign + (f"{body[:-digits]}.{body[-digits:]}" if digits else body)


def one_line(text: str) -> str:
    """The text as one line: control characters become spaces, so that no header, label or log can be split by it."""
    return "".join(" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in text).strip()


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; `BadValue` for a moment without a zone or outside 1970 to 2200."""
    if moment.tzinfo is None:
        raise BadValue("no_timezone", f"{moment.isoformat()} does not say its time zone.")
    if not 1970 <= moment.year <= 2200:
        raise BadValue("out_of_range", f"The year {moment.year} is not a year orders are placed in.")
    return moment.astimezone(UTC)


def clamp(moment: datetime, now: datetime, slack: timedelta = timedelta(minutes=5)) -> datetime:
    """A source's time, held back to ours when it lies further in the future than clocks may differ."""
    return now if moment > now + slack else moment


# Shopify and ISO agree on these where CLDR rounds to what people pay in cash.
_ISO_DIGITS = {
    "ISK": 0, "UGX": 0, "RWF": 0, "VND": 0, "KRW": 0, "JPY": 0, "CLP": 0, "PYG": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "IDR": 2, "HUF": 2, "TWD": 2, "COP": 2, "PKR": 2, "LBP": 2, "IQD": 3, "IRR": 2, "AFN": 2, "ALL": 2, "MMK": 2,
    "RSD": 2, "SOS": 2, "SYP": 2, "TZS": 2, "YER": 2, "LAK": 2, "MGA": 2, "MUR": 2, "UZS": 2, "CRC": 2, "AMD": 2,
    "NOK": 2, "SEK": 2, "DKK": 2, "CZK": 2, "KZT": 2, "MNT": 2, "GYD": 2, "MRU": 2, "SLE": 2, "STN": 2, "ZMW": 2,
}  # fmt: skip


@lru_cache(maxsize=1)
def _known_currencies() -> frozenset[str]:
    from babel.numbers import list_currencies

    return frozenset(list_currencies()) - {"XXX", "XTS"}
