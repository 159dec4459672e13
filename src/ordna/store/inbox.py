"""The door to the inbox: raw messages in as they came, out in batches, their outcomes back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from ordna.store.arrays import Bigints, Byteas, Texts, Times, columns
from ordna.store.database import Connection, Sent
from ordna.store.packing import pack, unpack
from ordna.store.sql import blocks

SQL = blocks("inbox.sql")

_STORED = (Bigints, Times, Bigints, Bigints, Texts, Texts, Texts, Texts, Byteas, Bigints)


DUPLICATE = "duplicate"


class Raw(NamedTuple):
    """A message as it is to be stored. `headers` is JSON; `order_hint` is for routing only."""

    merchant_id: int
    received_at: datetime
    lane: int
    connection_id: int
    topic: str
    webhook_id: str
    order_hint: str | None
    headers: bytes
    body: bytes


class Waiting(NamedTuple):
    """A message that waits to be handled; `tries` counts the tries it had alone."""

    merchant_id: int
    inbox_id: int
    received_at: datetime
    connection_id: int
    topic: str
    webhook_id: str
    order_hint: str | None
    body: bytes
    tries: int
    lane: int


class Handled(NamedTuple):
    """What a message came to."""

    merchant_id: int
    inbox_id: int
    received_at: datetime
    outcome: str
    error: str | None = None


def store(conn: Connection, messages: Sequence[Raw]) -> None:
    """Store messages that arrived together."""
    rows = [(*message[:-1], *pack(message.body)) for message in messages]
    conn.execute(SQL["store"], columns(_STORED, rows), prepare=True)


def take_waiting(
    conn: Connection, lanes: Sequence[tuple[int, int, int]], *, rows_max: int, lane_rows_max: int, bytes_max: int
) -> list[Waiting]:
    """The oldest waiting messages of these (merchant, lane, behind which message; 0: all), oldest first."""
    starts = columns((Bigints, Bigints, Bigints), lanes)
    found = conn.execute(SQL["take_waiting"], (*starts, lane_rows_max, rows_max, bytes_max), prepare=True, binary=True)
    return [_waiting(row) for row in found]


def waiting_of_orders(conn: Connection, orders: Sequence[tuple[int, int, str]]) -> list[Waiting]:
    """The waiting messages of these (merchant, connection, order ref), oldest first."""
    found = conn.execute(
        SQL["waiting_of_orders"], columns((Bigints, Bigints, Texts), orders), prepare=True, binary=True
    )
    return [_waiting(row) for row in found]


def hash_of(body: bytes) -> bytes:
    """What tells one body of a delivery from another."""
    return sha256(body).digest()[:16]


def see(conn: Connection, keys: Sequence[tuple[int, str, bytes]], at: datetime) -> set[tuple[int, str, bytes]]:
    """Remember (merchant, webhook id, body hash); those that are new."""
    ordered = sorted(set(keys))
    rows = [(*key, at) for key in ordered]
    found = conn.execute(SQL["see"], columns((Bigints, Texts, Byteas, Times), rows), prepare=True, binary=True)
    return set(found.fetchall())


def finish(conn: Connection, rows: Sequence[Handled], at: datetime, sent: Sent) -> None:
    """Write what messages came to. Each must still have waited, but for duplicates: whoever handled the same row a
    moment ago made it one."""
    values = columns((Bigints, Bigints, Times, Texts, Texts), sorted(rows))
    done = conn.execute(SQL["finish"], (at, *values), prepare=True, binary=True)
    sent.expect_keys(done, {row[:2] for row in rows if row.outcome != DUPLICATE})


def count_try(conn: Connection, merchant_id: int, inbox_id: int, more: int = 1) -> int | None:
    """Count a try alone, before it is made; the tries so far, None when the message no longer waits. `more` is 0 when
    the last one did not count."""
    row = conn.execute(SQL["count_try"], (more, merchant_id, inbox_id)).fetchone()
    return None if row is None else int(row[0])


def try_again(conn: Connection, merchant_id: int, inbox_ids: Sequence[int]) -> list[int]:
    """Have messages that were set aside wait again; those that were."""
    rows = conn.execute(SQL["try_again"], (merchant_id, list(inbox_ids)), binary=True).fetchall()
    heard = [(merchant_id, webhook, hash_of(unpack(body, raw_bytes))) for _, webhook, body, raw_bytes in rows]
    conn.execute(SQL["forget"], columns((Bigints, Texts, Byteas), heard))
    return [row[0] for row in rows]


def quarantine(conn: Connection, merchant_id: int, inbox_id: int, error: str, at: datetime) -> None:
    """Set a message aside that can't be handled, with what went wrong."""
    conn.execute(SQL["quarantine"], (at, error[:2000].replace("\x00", "\ufffd"), merchant_id, inbox_id))


def _waiting(row: tuple[Any, ...]) -> Waiting:
    *told, raw_bytes = row
    waiting = Waiting(*told)
    return waiting if raw_bytes is None else waiting._replace(body=unpack(waiting.body, raw_bytes))
