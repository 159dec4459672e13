"""A stock room for tests: locations, items and levels put there by the ledger, as a person would book them."""

from __future__ import annotations

from datetime import datetime

from ordna.store import stock
from ordna.store.database import Database, sending
from ordna.store.stock import Movement, changes

STOCK = "\nstock: {when: order.placed and not order.test}\n"


def shelve(
    database: Database,
    merchant: int,
    levels: dict[tuple[str, str], int],
    at: datetime,
    *,
    connection: int | None = None,
) -> None:
    """So many units of (sku, location) on the shelf; items and locations that are missing are made."""
    with database.engine([merchant]) as conn:
        for number, place in enumerate(sorted({place for _, place in levels})):
            conn.execute(
                b"insert into location (merchant_id, location, title, priority) values (%s, %s, %s, %s)"
                b" on conflict do nothing",
                (merchant, place, place, number),
            )
        for sku in sorted({sku for sku, _ in levels}):
            conn.execute(
                b"insert into stock_item (merchant_id, item, sku) values (%s, %s, %s) on conflict do nothing",
                (merchant, sku.casefold(), sku),
            )
        entries = [
            Movement(merchant, sku.casefold(), place, changes(available=units), "received")
            for (sku, place), units in levels.items()
        ]
        stock.lock(conn, (), {one.level for one in entries})
        with sending(conn) as sent:
            stock.move(conn, entries, at, sent)


def bundle(database: Database, merchant: int, sku: str, parts: dict[str, int]) -> None:
    """A SKU that is a bundle of others."""
    with database.engine([merchant]) as conn:
        conn.execute(
            b"insert into stock_item (merchant_id, item, sku, bundle) values (%s, %s, %s, true)",
            (merchant, sku.casefold(), sku),
        )
        for part, units in parts.items():
            conn.execute(
                b"insert into stock_component values (%s, %s, %s, %s)",
                (merchant, sku.casefold(), part.casefold(), units),
            )
