"""The words a condition may use: fields, their types, and what produces them.

A vocabulary is a table that the core fills (`ordna.core.vocabulary`); the condition language only reads
it. A field nothing produces may be named in the table, so that the checker can say "nothing in this
version produces it" instead of "unknown".
"""

import difflib
import enum
from collections.abc import Iterable

from msgspec import Struct


class Type(enum.Enum):
    """What the value of a field is. The value is the word used in messages."""

    BOOL = "yes or no"
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    MOMENT = "moment"
    TEXTS = "set of texts"
    LIST = "list"


class Nature(enum.Enum):
    """How a field can end a step: a deed ends it even before it was ready, a circumstance only once it is."""

    DEED = "deed"
    CIRCUMSTANCE = "circumstance"
    VALUE = "value"


class Field(Struct, frozen=True):
    """One name a condition may read.

    Values: BOOL is a bool, TEXT a str, NUMBER an int or Decimal, MONEY integer minor units of the shop's
    currency, MOMENT an aware datetime, TEXTS a collection of str, LIST a sequence of mappings from
    `<element>.<field>` to a value. None, or a missing key, means unknown.
    """

    name: str
    type: Type
    nature: Nature
    scope: str
    doc: str
    produced_by: tuple[str, ...]
    element: str = ""


class Vocabulary(Struct, frozen=True):
    """All fields by name."""

    fields: dict[str, Field]

    def get(self, name: str) -> Field | None:
        """The field of that exact name, or None."""
        return self.fields.get(name)

    def nearest(self, name: str) -> str | None:
        """The name a person most likely meant, or None when nothing is close."""
        return nearest(name, self.fields)


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The closest of `candidates` to `name`, or None when nothing is close."""
    close = difflib.get_close_matches(name, sorted(candidates), n=1, cutoff=0.6)
    return close[0] if close else None
