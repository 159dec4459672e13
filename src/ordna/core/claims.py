"""Stock in an order's words: what it needs, what it was given, what it lacks.

A **claim** is what an order wants of things that others want too. The core says what; the engine settles the claims of
a batch together, under locks, and the answer comes back as a message. Units of a `Need` and of a `Lacking` are units of
the order line; those of an `Allotted` are units of the stock item, `per` of them for each unit of the line, which is
how a bundle is counted as the sum of what is in it.
"""

from __future__ import annotations

import unicodedata

from msgspec import Struct

Held = dict[tuple[str, str], int]
"""Units of order lines, by (line, location)."""


class Need(Struct, frozen=True):
    """Units of one order line that want stock. `location` "": wherever there is some."""

    line: str
    sku: str
    location: str
    units: int


class Claim(Struct, frozen=True):
    """All that an order lacks at one moment. `whole`: all of it or nothing. `placed`: who comes first, as a text that
    sorts: orders of one batch are served in this order. `again`: what was told short is asked for once more."""

    needs: tuple[Need, ...]
    whole: bool
    placed: str
    again: bool = False


class Allotted(Struct, frozen=True, array_like=True):
    """Units of a stock item at a location, promised to an order line."""

    line: str
    item: str
    location: str
    units: int
    per: int = 1

    @property
    def line_units(self) -> int:
        """Units of the order line that these make."""
        return self.units // self.per


class Lacking(Struct, frozen=True, array_like=True):
    """Units of an order line that could not be had, and why: `short`, `limit` (the channel's share is used up),
    `backorder` (promised for later, `until` an ISO day where one is known), `unknown_sku`, `no_sku`,
    `unknown_location` or `empty_bundle`."""

    line: str
    sku: str
    location: str
    units: int
    cause: str
    until: str = ""


class Loose(Struct, frozen=True, array_like=True):
    """Units of an order line that left without having been reserved. `location` "": nobody knows where from."""

    line: str
    sku: str
    location: str
    units: int


def item_of(sku: str | None) -> str:
    """The stock item a SKU names: what looks alike is alike, in any case and however its signs are composed. Signs that
    nobody sees stay, so that a SKU with one in it is unknown, and is told with it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", (sku or "").strip(" \t\r\n")).casefold())


def shown_sku(sku: str) -> str:
    """A SKU as a person must see it: a sign without a picture of its own stands as its code."""
    return "".join(sign if sign == " " or _visible(sign) else f"<U+{ord(sign):04X}>" for sign in sku)


def line_units(allotted: tuple[Allotted, ...]) -> Held:
    """What is promised to each line at each location, in units of the line: as many bundles as the scarcest part."""
    by_item: dict[tuple[str, str], dict[str, int]] = {}
    for one in allotted:
        items = by_item.setdefault((one.line, one.location), {})
        items[one.item] = items.get(one.item, 0) + one.line_units
    return {place: min(items.values()) for place, items in by_item.items()}


def taken(allotted: tuple[Allotted, ...], line: str, location: str, units: int) -> tuple[Allotted, ...]:
    """So many units of a line out of what is promised to it at a location, with all that belongs to them."""
    left: dict[str, int] = {}
    out: list[Allotted] = []
    for one in allotted:
        if (one.line, one.location) != (line, location):
            continue
        take = min(left.setdefault(one.item, units), one.line_units)
        if take > 0:
            left[one.item] -= take
            out.append(Allotted(line, one.item, location, take * one.per, one.per))
    return tuple(out)


def plus(allotted: tuple[Allotted, ...], more: tuple[Allotted, ...]) -> tuple[Allotted, ...]:
    """Both together: one entry a line, item, location and share, in one order whatever came first."""
    return _summed([*allotted, *more])


def minus(allotted: tuple[Allotted, ...], less: tuple[Allotted, ...]) -> tuple[Allotted, ...]:
    """The first without the second."""
    return _summed([*allotted, *(Allotted(one.line, one.item, one.location, -one.units, one.per) for one in less)])


def _summed(allotted: list[Allotted]) -> tuple[Allotted, ...]:
    sums: dict[tuple[str, str, str, int], int] = {}
    for one in allotted:
        key = (one.line, one.item, one.location, one.per)
        sums[key] = sums.get(key, 0) + one.units
    return tuple(
        Allotted(line, item, location, units, per)
        for (line, item, location, per), units in sorted(sums.items())
        if units > 0
    )


def _visible(sign: str) -> bool:
    return unicodedata.category(sign)[0] not in "CZ"
