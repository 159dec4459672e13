"""The orders list: filters, exact search, and paging by key instead of by counting.

A page ends where the next begins: its cursor is the (placed_at, order_id) of its last row, so page 10,000 costs what
page 1 costs. Filters are whitelisted parts of the statement in `read_orders.sql`; nothing a person types becomes SQL.

What is open, late, a test, odd or at a step is few orders at any size, and each has an index of its own; where it may
grow with the years, that holds the other filters' columns too. Headlines, payments and countries are not few: there
every combination is looked into by itself (`probe`), because a planner that expects the wanted ones to lie evenly would
walk past a million others to find that there are none.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime

import msgspec

from ordna.store.persons import sought
from ordna.store.read.door import View
from ordna.store.sealing import Keyring
from ordna.store.sql import blocks

SQL = blocks("read_orders.sql")
PAGE = 50
PAGE_MAX = 200
HEADLINES = ("open", "held", "partly shipped", "shipped", "delivered", "closed", "cancelled", "deleted")
OPEN_HEADLINES = HEADLINES[:5]
"""The headlines of open orders, and of no others."""
PAYMENTS = (
    "pending",
    "authorized",
    "partially_paid",
    "paid",
    "partially_refunded",
    "refunded",
    "voided",
    "expired",
)

_OF_ALL = {"headline", "payment", "country"}
"""Filters by what every order has."""


class BadCursor(ValueError):
    """The place to go on from is not one that a page of this list gave out."""


@dataclass(frozen=True)
class Filter:
    """What to list; an empty field filters nothing."""

    open: bool = False
    headline: str = ""
    step: str = ""
    owner: str = ""
    attention: bool = False
    late: bool = False
    country: str = ""
    payment: str = ""
    test: bool = False


@dataclass(frozen=True)
class OrderRow:
    """One line of the list."""

    order_id: str
    seq: int
    name: str
    placed_at: datetime
    headline: str
    turn_step: str
    turn_owner: str
    turn_since: datetime | None
    turn_due: datetime | None
    attention: bool
    open: bool
    test: bool
    currency: str | None
    total: int | None
    country: str | None
    payment: str | None
    connection_id: int
    updated_at: datetime


@dataclass(frozen=True)
class Page:
    """Some orders, newest first, and the cursor of what follows ("" at the end)."""

    rows: tuple[OrderRow, ...]
    after: str


def page(view: View, wanted: Filter, after: str = "", limit: int = PAGE) -> Page:
    """The next `limit` orders that match. `BadCursor` for a cursor of anybody's making but ours."""
    values: dict[str, object] = {
        "headline": wanted.headline,
        "step": wanted.step,
        "owner": wanted.owner,
        "country": wanted.country,
        "payment": wanted.payment,
        "headlines": [wanted.headline] if wanted.headline else list(OPEN_HEADLINES if wanted.open else HEADLINES),
        "payments": [wanted.payment] if wanted.payment else list(PAYMENTS),
        "limit": limit + 1,
    }
    if after:
        values["after_placed"], values["after_id"] = _read_cursor(after)
    rows = view.rows(_statement(wanted, bool(after)), OrderRow, **values)
    more = len(rows) > limit
    return Page(tuple(rows[:limit]), _cursor(rows[limit - 1]) if more else "")


def search(view: View, text: str, key: str, limit: int = PAGE, ring: Keyring | None = None) -> tuple[OrderRow, ...]:
    """Orders of exactly that name (`key` is it as the column holds it) or that id, newest first; with `ring` also the
    newest orders of the customers whose name, e-mail address or phone number it is."""
    ids = [text]
    if text.isdigit():
        ids += [f"{connection}-{text}" for connection in view.numbers(SQL["connection_ids"])]
    by_name = view.rows(_joined("where_name"), OrderRow, name_key=key, limit=limit) if key else []
    by_id = view.rows(_joined("where_ids"), OrderRow, order_ids=ids, limit=limit)
    by_person = of_person(view, ring, text, limit) if ring is not None else ()
    found = {row.order_id: row for row in (*by_name, *by_id, *by_person)}
    return tuple(found.values())


def of_person(view: View, ring: Keyring, text: str, limit: int = PAGE) -> tuple[OrderRow, ...]:
    """The newest orders of customers whose e-mail address or phone number it is, or whose name has all of its words."""
    tokens = sought(ring, view.merchant_id, text)
    if not tokens:
        return ()
    return tuple(view.rows(SQL["of_person"], OrderRow, first=tokens[0], others=list(tokens[1:]), limit=limit))


def oldest_late(view: View, limit: int) -> tuple[OrderRow, ...]:
    """Open orders past their due time, the longest overdue first."""
    return tuple(view.rows(SQL["oldest_late"], OrderRow, limit=limit))


def has_orders(view: View) -> bool:
    """Whether the merchant has any order at all."""
    return bool(view.number(SQL["has_orders"]))


def _statement(wanted: Filter, goes_on: bool) -> bytes:
    """The statement of a page, of whitelisted parts."""
    after = ["where_after"] if goes_on else []
    asked = [name for name in Filter.__dataclass_fields__ if getattr(wanted, name)]
    if {"step", "owner", "attention", "late", "test"} & set(asked):
        named = [f"few_{name}" if name in _OF_ALL else f"where_{name}" for name in asked]
        return _parts("few_begin", *named, *after, "probes_end")
    if not _OF_ALL & set(asked):
        return _parts("columns", *(f"where_{name}" for name in asked), *after, "page")
    filters = [*(["where_country"] if wanted.country else []), *after, "page", "probe_end"]
    without = [] if wanted.payment else ["or_without_payment", *filters]
    return _parts("probes_begin", "probe", *filters, *without, "probes_end")


def _parts(*names: str) -> bytes:
    return b"\n".join(SQL[name] for name in names)


def _joined(where: str) -> bytes:
    return _parts("columns", where, "page")


def _cursor(row: OrderRow) -> str:
    raw = msgspec.json.encode([row.placed_at, row.order_id])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[datetime, str]:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        placed, order_id = msgspec.json.decode(raw, type=tuple[datetime, str])
    except (binascii.Error, msgspec.MsgspecError, UnicodeError, ValueError) as error:
        raise BadCursor from error
    if placed.tzinfo is None or "\x00" in order_id:
        raise BadCursor
    return placed, order_id
