"""Stock items and locations as people keep them: names, barcodes, what a bundle has in it, what may be promised for
later, a channel's share, and which places ship."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from msgspec import Struct

from ordna.core.claims import item_of, shown_sku
from ordna.core.values import one_line
from ordna.engine import stock as claims
from ordna.store.database import Connection, Database
from ordna.store.sql import blocks

SQL = blocks("stock_items.sql")

BACKORDERS = ("no", "incoming", "any")
ITEMS_MAX, PARTS_MAX = 1000, 50
SKU_MAX, TEXT_MAX = 100, 200
UNITS_MAX = 1_000_000
WAKES_MAX = 1000


class Item(Struct, frozen=True, forbid_unknown_fields=True):
    """How an item is to be kept. `parts`: units by SKU, for a bundle; empty for anything else. `limits`: units by
    connection that may be promised through it at one time."""

    sku: str
    title: str = ""
    barcode: str = ""
    backorder: str = "no"
    expected_on: date | None = None
    parts: dict[str, int] = {}
    limits: dict[int, int] = {}


class Place(Struct, frozen=True, forbid_unknown_fields=True):
    """How a location is to be kept. `location` is the shop's own id where it has one; the lower its priority, the
    earlier it is asked."""

    location: str
    title: str = ""
    priority: int = 100
    active: bool = True


class Wrong(Struct, frozen=True):
    """Why it can't be kept so; `row` counts from 1."""

    row: int
    field: str
    code: str
    sentence: str


def keep_items(database: Database, merchant_id: int, items: Sequence[Item], at: datetime) -> list[Wrong]:
    """Make or change these items, all or none; orders that wait for one are asked again."""
    if len(items) > ITEMS_MAX:
        return [Wrong(0, "", "too_many_rows", f"At most {ITEMS_MAX} items go together.")]
    wrong = [one for row, item in enumerate(items, 1) for one in _wrong(row, item)]
    if wrong:
        return wrong
    with database.engine([merchant_id]) as conn:
        wrong = _at_odds(conn, merchant_id, items)
        if wrong:
            return wrong
        for item in sorted(items, key=lambda item: item_of(item.sku)):
            _keep(conn, merchant_id, item)
        wanted = sorted({item_of(item.sku) for item in items})
        claims.wake(conn, [(merchant_id, key, WAKES_MAX) for key in wanted], at)
    return []


def keep_place(database: Database, merchant_id: int, place: Place) -> Wrong | None:
    """Make or change a location. What is reserved at one that closes stays where it is."""
    if not place.location.strip() or len(place.location) > SKU_MAX or not place.location.isprintable():
        return Wrong(1, "location", "bad_location", f"A location's id has 1 to {SKU_MAX} characters.")
    if len(place.title) > TEXT_MAX:
        return Wrong(1, "title", "field_too_long", f"At most {TEXT_MAX} characters.")
    if not 0 <= place.priority <= UNITS_MAX:
        return Wrong(1, "priority", "out_of_range", f"From 0 to {UNITS_MAX}.")
    values = {
        "merchant": merchant_id,
        "location": place.location.strip(),
        "title": one_line(place.title) or place.location.strip(),
        "priority": place.priority,
        "active": place.active,
    }
    with database.engine([merchant_id]) as conn:
        conn.execute(SQL["keep_place"], values)
    return None


def _wrong(row: int, item: Item) -> list[Wrong]:
    out = []
    for sku, field in ((item.sku, "sku"), *((part, "parts") for part in item.parts)):
        if not sku.strip() or len(sku) > SKU_MAX:
            out.append(Wrong(row, field, "bad_sku", f"A SKU has 1 to {SKU_MAX} characters."))
        elif shown_sku(sku.strip()) != sku.strip():
            out.append(Wrong(row, field, "unknown_sku", f"{shown_sku(sku)} holds a character nobody sees."))
    if item.backorder not in BACKORDERS:
        out.append(Wrong(row, "backorder", "unknown_backorder", f"It is one of {', '.join(BACKORDERS)}."))
    if len(item.title) > TEXT_MAX or len(item.barcode) > SKU_MAX:
        out.append(Wrong(row, "title", "field_too_long", f"At most {TEXT_MAX} characters."))
    if len(item.parts) > PARTS_MAX or any(not 0 < units <= UNITS_MAX for units in item.parts.values()):
        out.append(Wrong(row, "parts", "out_of_range", f"A bundle has up to {PARTS_MAX} SKUs, at least one of each."))
    if any(not 0 <= units <= UNITS_MAX for units in item.limits.values()):
        out.append(Wrong(row, "limits", "out_of_range", f"A share is 0 to {UNITS_MAX} units."))
    if item.parts and item.backorder != "no":
        out.append(Wrong(row, "backorder", "bundle", "A bundle is not promised for later: set that on what is in it."))
    return out


def _at_odds(conn: Connection, merchant: int, items: Sequence[Item]) -> list[Wrong]:
    """What only the tables can tell: a bundle in a bundle, a bundle that lies on a shelf, a channel nobody knows."""
    bundles = {row[0] for row in conn.execute(SQL["bundles"], {"merchant": merchant})}
    bundles |= {item_of(item.sku) for item in items if item.parts}
    bundles -= {item_of(item.sku) for item in items if not item.parts}
    inside = {row[0] for row in conn.execute(SQL["inside"], {"merchant": merchant})}
    shelved = {row[0] for row in conn.execute(SQL["shelved"], {"merchant": merchant})}
    channels = {row[0] for row in conn.execute(SQL["channels"], {"merchant": merchant})}
    out: list[Wrong] = []
    for row, item in enumerate(items, 1):
        key = item_of(item.sku)
        nested = sorted({item_of(part) for part in item.parts} & bundles)
        if nested or (item.parts and key in inside):
            out.append(Wrong(row, "parts", "bundle_in_bundle", f"{item.sku}: a bundle can't be in a bundle."))
        if item.parts and key in shelved:
            sentence = f"{item.sku} has stock of its own: count it to 0 first."
            out.append(Wrong(row, "parts", "bundle_has_levels", sentence))
        unknown = sorted(set(item.limits) - channels)
        if unknown:
            out.append(Wrong(row, "limits", "unknown_connection", f"There is no connection {unknown[0]}."))
    return out


def _keep(conn: Connection, merchant: int, item: Item) -> None:
    key = item_of(item.sku)
    values = {
        "merchant": merchant,
        "item": key,
        "sku": item.sku.strip(),
        "title": one_line(item.title),
        "barcode": one_line(item.barcode) or None,
        "bundle": bool(item.parts),
        "backorder": item.backorder,
        "expected_on": item.expected_on,
    }
    conn.execute(SQL["keep_item"], values)
    conn.execute(SQL["drop_components"], values)
    conn.execute(SQL["drop_limits"], values)
    for part, units in sorted(item.parts.items()):
        conn.execute(SQL["make_items"], {"merchant": merchant, "items": [item_of(part)], "skus": [part.strip()]})
        conn.execute(SQL["add_component"], {**values, "component": item_of(part), "units": units})
    for connection, units in sorted(item.limits.items()):
        conn.execute(SQL["add_limit"], {**values, "connection": connection, "units": units})
