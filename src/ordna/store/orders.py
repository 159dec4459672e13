"""The door to the order rows: the one place they are locked, and the one place they are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from ordna.store.arrays import Bigints, Booleans, Byteas, Texts, Times, columns
from ordna.store.database import Connection, Sent
from ordna.store.sql import blocks

SQL = blocks("orders.sql")

Key = tuple[int, str]
LATER_MAX = 100

_WRITTEN = (
    Bigints, Texts, Bigints, Texts, Bigints, Byteas, Byteas, Bigints, Texts, Texts, Times, Texts, Texts, Texts,
    Times, Times, Booleans, Booleans, Booleans, Texts, Bigints, Texts, Texts, Texts, Texts, Byteas, Byteas, Times,
)  # fmt: skip


class Stored(NamedTuple):
    """An order as read under its lock."""

    merchant_id: int
    order_id: str
    state: bytes
    verdict: bytes
    trail: bytes
    person_id: str | None
    person_mark: bytes | None
    seq: int
    erased: bool


class Row(NamedTuple):
    """An order as it is to be written; the columns of the table, in its order."""

    merchant_id: int
    order_id: str
    connection_id: int
    order_ref: str
    seq: int
    state: bytes
    verdict: bytes
    policy_version: int
    name: str
    name_key: str
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
    customer: str | None
    person_id: str | None
    person_mark: bytes | None
    trail: bytes
    updated_at: datetime


def lock(conn: Connection, keys: Iterable[Key]) -> dict[Key, Stored]:
    """Lock orders, in one order everywhere, and read them; those that exist."""
    ordered = sorted(set(keys))
    if not ordered:
        return {}
    found = conn.execute(SQL["lock"], columns((Bigints, Texts), ordered), prepare=True, binary=True)
    return {(row[0], row[1]): Stored(*row) for row in found}


def insert(conn: Connection, rows: Sequence[Row], sent: Sent) -> None:
    """Write orders that nobody has written yet; `Overtaken`, when all is sent, where somebody has."""
    sent.expect(conn.execute(SQL["insert"], columns(_WRITTEN, sorted(rows)), prepare=True), len(rows))


def update(conn: Connection, rows: Sequence[Row], sent: Sent) -> None:
    """Write orders whose rows were locked."""
    sent.expect(conn.execute(SQL["update"], columns(_WRITTEN, rows), prepare=True), len(rows))


def orders_before(conn: Connection, rows: Sequence[tuple[int, int, str, str, datetime]]) -> dict[int, tuple[int, bool]]:
    """For each (place, merchant, order id, customer, placed at): place to the count of the customer's earlier orders,
    and whether a later one would have to count anew."""
    found = conn.execute(
        SQL["orders_before"], columns((Bigints, Bigints, Texts, Texts, Times), rows), prepare=True, binary=True
    )
    return {place: (count, later) for place, count, later in found}


def later_orders(conn: Connection, rows: Sequence[tuple[int, str, datetime]]) -> list[tuple[int, int, str]]:
    """For each (merchant, customer, placed at): (merchant, connection, order ref) of the customer's next orders that
    are open or of the last week and do not wait to be read anyway, a hundred at most."""
    first: dict[tuple[int, str], datetime] = {}
    for merchant, customer, placed_at in rows:
        first[merchant, customer] = min(placed_at, first.get((merchant, customer), placed_at))
    values = columns((Bigints, Texts, Times), [(*key, at) for key, at in first.items()])
    return conn.execute(SQL["later_orders"], (*values, LATER_MAX), prepare=True, binary=True).fetchall()
