"""Delete everything of one shop, some hundred orders a transaction; safe to begin again."""

from __future__ import annotations

from ordna.store import erasing
from ordna.store import persons as stored
from ordna.store.database import Database
from ordna.store.persons import split

ORDERS = 200
MESSAGES = 5000


def wipe(database: Database, merchant_id: int, connection_id: int, request_id: int | None = None) -> int:
    """Delete the connection with its orders, messages and persons; how many orders. `request_id` is kept."""
    wiped = 0
    while done := _some_orders(database, merchant_id, connection_id):
        wiped += done
    while _some_messages(database, merchant_id, connection_id):
        pass
    with database.engine([merchant_id]) as conn:
        erasing.wipe_shop(conn, merchant_id, connection_id, request_id)
    return wiped


def _some_orders(database: Database, merchant_id: int, connection_id: int) -> int:
    with database.engine([merchant_id]) as conn:
        ids = erasing.orders_of_shop(conn, merchant_id, connection_id, ORDERS)
        if ids:
            found = erasing.forget_persons(conn, merchant_id, ids)
            gone = [(merchant_id, token, order_id) for order_id, tokens in found for token in split(tokens)]
            if gone:
                stored.drop_tokens(conn, gone)
            erasing.wipe_orders(conn, merchant_id, ids)
    return len(ids)


def _some_messages(database: Database, merchant_id: int, connection_id: int) -> int:
    with database.engine([merchant_id]) as conn:
        return erasing.wipe_inbox(conn, merchant_id, connection_id, MESSAGES)
