"""Stock as pages and the API show it: levels, movements, who has units and who waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ordna.store.read.door import View
from ordna.store.sql import blocks

SQL = blocks("read_stock.sql")
PAGE = 50
NEWEST = 30


@dataclass(frozen=True)
class LevelRow:
    """What there is of an item at a location."""

    item: str
    sku: str
    title: str
    location: str
    place: str
    available: int
    committed: int
    reserved: int
    damaged: int
    safety_stock: int
    quality_control: int
    incoming: int
    on_hand: int


@dataclass(frozen=True)
class ItemRow:
    """A stock item."""

    item: str
    sku: str
    title: str
    barcode: str | None
    bundle: bool
    backorder: str
    expected_on: date | None


@dataclass(frozen=True)
class ComponentRow:
    """What a bundle has in it."""

    component: str
    units: int


@dataclass(frozen=True)
class MovementRow:
    """One entry of the ledger."""

    movement_id: int
    at: datetime
    location: str
    available: int
    committed: int
    incoming: int
    reserved: int
    damaged: int
    safety_stock: int
    quality_control: int
    cause: str
    order_id: str | None
    order_name: str | None
    moved_by: str
    note: str


@dataclass(frozen=True)
class ReservationRow:
    """Units that an order has, or waits for."""

    order_id: str
    order_name: str
    location: str
    kind: str
    units: int
    cause: str
    made_at: datetime
    expires_at: datetime | None
    until: str


@dataclass(frozen=True)
class LimitRow:
    """A channel's share of an item."""

    connection_id: int
    units: int


@dataclass(frozen=True)
class LocationRow:
    """A place that ships."""

    location: str
    title: str
    priority: int
    active: bool


def levels(view: View, after: tuple[str, str] = ("", "")) -> tuple[list[LevelRow], tuple[str, str] | None]:
    """A page of levels, and the place where the next one begins."""
    rows = view.rows(SQL["levels"], LevelRow, item=after[0], location=after[1], limit=PAGE + 1)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return rows[:PAGE], (last.item, last.location) if last else None


def levels_of(view: View, item: str) -> list[LevelRow]:
    """An item's levels."""
    return view.rows(SQL["levels_of"], LevelRow, item=item)


def item(view: View, key: str) -> ItemRow | None:
    """One item by its key."""
    return view.row(SQL["item"], ItemRow, item=key)


def by_barcode(view: View, barcode: str) -> ItemRow | None:
    """One item by what a scanner reads."""
    return view.row(SQL["by_barcode"], ItemRow, barcode=barcode)


def components(view: View, key: str) -> list[ComponentRow]:
    """What is in a bundle."""
    return view.rows(SQL["components"], ComponentRow, item=key)


def movements(view: View, key: str, locations: list[str]) -> list[MovementRow]:
    """An item's newest movements at these locations."""
    return view.rows(SQL["movements"], MovementRow, item=key, locations=locations, limit=NEWEST)


def reservations(view: View, key: str) -> list[ReservationRow]:
    """Who waits for units of it, and who has some."""
    return view.rows(SQL["reservations"], ReservationRow, item=key, limit=NEWEST)


def limits(view: View, key: str) -> dict[int, int]:
    """A channel's share of an item, by connection."""
    return {row.connection_id: row.units for row in view.rows(SQL["limits"], LimitRow, item=key)}


def locations(view: View) -> list[LocationRow]:
    """All locations, the preferred first."""
    return view.rows(SQL["locations"], LocationRow)
