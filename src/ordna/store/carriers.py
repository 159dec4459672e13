"""The door to carriers and their labels; always inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct

from ordna.store.database import Connection
from ordna.store.sql import blocks

SQL = blocks("carriers.sql")

Key = tuple[int, int]
KEEP_FILES_DAYS = 30
TRAVEL_DAYS = 60
"""A parcel that has not arrived by then is not asked for any more."""


class LabelRow(Struct, frozen=True):
    """A label as lists show it. `stands` is bought, handed over, voided, or a state of the shipment machine."""

    merchant_id: int
    order_id: str
    label_id: str
    connection_id: int
    part: str
    order_name: str
    carrier: str
    service: str
    tracking: str
    shipment: str
    price: int
    currency: str
    weight_g: int
    bought_at: datetime
    stands: str
    stands_since: datetime
    handover: str | None


class FileRow(NamedTuple):
    """What is printed of a label, sealed with the key of the order's person."""

    merchant_id: int
    order_id: str
    label_id: str
    form: str
    sealed: bytes


class Travelling(NamedTuple):
    """A parcel that has not come to its end."""

    order_id: str
    label_id: str
    tracking: str
    stands: str
    stands_since: datetime


class CarrierNow(NamedTuple):
    """A carrier's connection as it stands; `facts` is JSON."""

    connection_id: int
    kind: str
    title: str
    mode: str
    facts: str


def write_labels(conn: Connection, rows: Sequence[LabelRow]) -> None:
    """Write labels as their orders know them."""
    conn.execute(SQL["write_labels"], {"labels": msgspec.json.encode(rows).decode()})


def owners(conn: Connection, parcels: Iterable[tuple[int, int, str]]) -> dict[tuple[int, int, str], str]:
    """(merchant, carrier's connection, number of the parcel) to the id of the order, where known."""
    wanted = sorted(set(parcels))
    values = {"merchants": [w[0] for w in wanted], "connections": [w[1] for w in wanted]}
    rows = conn.execute(SQL["owners"], {**values, "numbers": [w[2] for w in wanted]})
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def keep_files(conn: Connection, rows: Sequence[FileRow], days: int = KEEP_FILES_DAYS) -> None:
    """Keep what is printed, for so many days; nothing of whom has been erased."""
    values = {
        "merchants": [row.merchant_id for row in rows],
        "orders": [row.order_id for row in rows],
        "labels": [row.label_id for row in rows],
        "forms": [row.form for row in rows],
        "sealed": [row.sealed for row in rows],
    }
    conn.execute(SQL["keep_files"], {**values, "days": days})


def file_place(place: tuple[int, str], label_id: str, form: str) -> str:
    """What a file of an order's label is sealed for."""
    return f"label {place[0]}/{place[1]}/{label_id}/{form}"


def drop_old_files(conn: Connection, merchant: int) -> int:
    """Delete what is past its time; how many files."""
    return conn.execute(SQL["drop_old_files"], {"merchant": merchant}).rowcount


def travelling(conn: Connection, key: Key, most: int) -> list[Travelling]:
    """Parcels of a carrier that are on their way, the longest unheard of first."""
    values = {"merchant": key[0], "connection": key[1], "days": TRAVEL_DAYS, "most": most}
    return [Travelling(*row) for row in conn.execute(SQL["travelling"], values)]


def become_carrier(conn: Connection, key: Key) -> None:
    """The connection is a carrier's, and live: a carrier has nothing to be observed."""
    conn.execute(SQL["become_carrier"], {"merchant": key[0], "connection": key[1]})


def carrier(conn: Connection, key: Key) -> CarrierNow | None:
    """One carrier; None where there is none of that number."""
    row = conn.execute(SQL["carrier"], {"merchant": key[0], "connection": key[1]}).fetchone()
    return None if row is None else CarrierNow(*row)


def carriers_of(conn: Connection, keys: Iterable[Key]) -> dict[Key, tuple[str, str]]:
    """(mode, facts as JSON) of these carriers."""
    wanted = sorted(set(keys))
    values = {"merchants": [key[0] for key in wanted], "connections": [key[1] for key in wanted]}
    return {(row[0], row[1]): (row[2], row[3]) for row in conn.execute(SQL["carriers_of"], values)}


def write_handover(conn: Connection, key: Key, handover: str, by: str) -> None:
    """Parcels are handed over together."""
    conn.execute(SQL["write_handover"], {"merchant": key[0], "connection": key[1], "handover": handover, "by": by})
