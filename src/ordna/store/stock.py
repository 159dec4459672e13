"""The door to stock: levels are locked and moved here, and nowhere else; each movement is in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from ordna.store.arrays import Bigints, Booleans, Texts, Times, columns
from ordna.store.database import Connection, Sent
from ordna.store.sql import blocks

SQL = blocks("stock.sql")

ItemKey = tuple[int, str]
LevelKey = tuple[int, str, str]
QUANTITIES = ("available", "committed", "incoming", "reserved", "damaged", "safety_stock", "quality_control")
"""By Shopify's names, in the order of the tables; `on_hand` follows from them."""

_ITEM = (Bigints, Texts)
_LEVEL = (Bigints, Texts, Texts)
_MOVE = (*_LEVEL, *(Bigints,) * len(QUANTITIES), Booleans)
_MOVEMENT = (Bigints, Times, Texts, Texts, *(Bigints,) * len(QUANTITIES), Texts, Texts, Texts, Texts, Texts)
_RESERVATION = (
    Bigints, Texts, Texts, Texts, Texts, Texts, Bigints, Bigints, Texts, Texts, Times, Times, Texts,
)  # fmt: skip
_PLACE = (Bigints, Texts, Texts, Texts, Texts, Texts)


class Movement(NamedTuple):
    """One entry of the ledger: what changed at one level, and why. `promised`: it promises units that must be there."""

    merchant_id: int
    item: str
    location: str
    changes: tuple[int, ...]
    cause: str
    order_id: str | None = None
    line: str | None = None
    moved_by: str = ""
    note: str = ""
    promised: bool = False

    @property
    def level(self) -> LevelKey:
        """The level it moves."""
        return self.merchant_id, self.item, self.location


class ArticleRow(NamedTuple):
    """A stock item with one of its components, where it is a bundle."""

    merchant_id: int
    item: str
    bundle: bool
    backorder: str
    until: str
    component: str | None
    units: int | None


class Reservation(NamedTuple):
    """Units set aside for an order line, or waited for by it; the columns of the table."""

    merchant_id: int
    order_id: str
    line: str
    item: str
    location: str
    kind: str
    units: int
    connection_id: int
    cause: str
    release_rule: str
    made_at: datetime
    expires_at: datetime | None
    until: str


def changes(**quantities: int) -> tuple[int, ...]:
    """Changes by name, in the order of the tables."""
    unknown = set(quantities) - set(QUANTITIES)
    assert not unknown, f"no such quantity: {unknown}"
    return tuple(quantities.get(name, 0) for name in QUANTITIES)


def articles(conn: Connection, items: Iterable[ItemKey]) -> list[ArticleRow]:
    """Those of these items that exist, one row a component."""
    found = conn.execute(SQL["articles"], columns(_ITEM, sorted(set(items))), prepare=True, binary=True)
    return [ArticleRow(*row) for row in found]


def locations(conn: Connection, merchants: Iterable[int]) -> dict[int, list[str]]:
    """The locations that ship, the preferred first."""
    out: dict[int, list[str]] = {}
    for merchant, location in conn.execute(SQL["locations"], (Bigints(sorted(set(merchants))),), prepare=True):
        out.setdefault(merchant, []).append(location)
    return out


def lock(conn: Connection, levels: Iterable[LevelKey], opening: Iterable[LevelKey] = ()) -> dict[LevelKey, int]:
    """Lock levels, in one order everywhere, and read what is available; those that exist, and those of `opening`
    after they were made."""
    wanted, opened = sorted(set(levels)), sorted(set(opening))
    if opened:
        conn.execute(SQL["open_levels"], columns(_LEVEL, opened), prepare=True)
    found = conn.execute(SQL["lock_levels"], columns(_LEVEL, sorted({*wanted, *opened})), prepare=True, binary=True)
    return {(row[0], row[1], row[2]): row[3] for row in found}


def scarce(conn: Connection, items: Iterable[ItemKey]) -> tuple[dict[ItemKey, int], dict[tuple[int, str, int], int]]:
    """For items whose promises are counted beyond the shelf, which are locked: units on their way that are promised to
    nobody, and units left of each channel's share."""
    rows = conn.execute(SQL["lock_scarce"], columns(_ITEM, sorted(set(items))), prepare=True).fetchall()
    if not rows:
        return {}, {}
    values = columns(_ITEM, rows)
    incoming = conn.execute(SQL["incoming_left"], values, prepare=True).fetchall()
    limits = conn.execute(SQL["limits_left"], values, prepare=True).fetchall()
    return {(row[0], row[1]): row[2] for row in incoming}, {(row[0], row[1], row[2]): row[3] for row in limits}


def move(conn: Connection, movements: Sequence[Movement], at: datetime, sent: Sent) -> None:
    """Book movements at levels that are locked; `Overtaken`, when all is sent, where a promise found too little."""
    sums: dict[LevelKey, list[int]] = {}
    promised: set[LevelKey] = set()
    for one in movements:
        known = sums.setdefault(one.level, [0] * len(QUANTITIES))
        sums[one.level] = [had + more for had, more in zip(known, one.changes, strict=True)]
        if one.promised:
            promised.add(one.level)
    rows = [(*level, *changed, level in promised) for level, changed in sorted(sums.items())]
    sent.expect(conn.execute(SQL["move_levels"], columns(_MOVE, rows), prepare=True), len(rows))
    entries = [
        (
            one.merchant_id,
            at,
            one.item,
            one.location,
            *one.changes,
            one.cause,
            one.order_id,
            one.line,
            one.moved_by,
            one.note,
        )
        for one in movements
    ]
    conn.execute(SQL["append_movements"], columns(_MOVEMENT, entries), prepare=True)


def reserve(conn: Connection, rows: Sequence[Reservation]) -> None:
    """Write what is set aside or waited for."""
    conn.execute(SQL["write_reservations"], columns(_RESERVATION, rows), prepare=True)


def unreserve(conn: Connection, rows: Sequence[tuple[int, str, str, str, str, str]]) -> None:
    """Drop (merchant, order, line, item, location, kind)."""
    conn.execute(SQL["drop_reservations"], columns(_PLACE, rows), prepare=True)


def waiting_orders(conn: Connection, freed: Sequence[tuple[int, str, int]]) -> list[tuple[int, str, int]]:
    """(merchant, order id, connection) of those that wait longest for (merchant, item, units)."""
    return conn.execute(SQL["waiting_orders"], columns((Bigints, Texts, Bigints), freed), prepare=True).fetchall()
