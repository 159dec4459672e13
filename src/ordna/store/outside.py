"""The door to the tables of the world outside: effects, re-reads, timers, what we tell ourselves through the inbox.

Every function runs inside the caller's transaction, whose role and merchants are set. Leased lanes are
passed as they are held, (merchant, lane) pairs. Times come from the database's clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from msgspec import Struct
from psycopg.rows import class_row

from ordna.store.packing import pack
from ordna.store.sql import blocks

SQL = blocks("outside.sql")

Lanes = Sequence[tuple[int, int]]
Connection = psycopg.Connection[Any]
EffectId = tuple[int, str, str]
"""(merchant, order id, effect key); of a timer (merchant, order id, timer key)."""


class DueEffect(Struct, frozen=True):
    """One effect to be sent or looked up, with the order's state as stored. `body` is sealed; `person_key` is None once
    the person is erased."""

    merchant_id: int
    order_id: str
    effect_key: str
    connection_id: int
    lane: int
    status: str
    attempts: int
    body: bytes
    person_key: bytes | None
    order_ref: str
    state: bytes
    now: datetime

    @property
    def id(self) -> EffectId:
        """Its key in the table."""
        return self.merchant_id, self.order_id, self.effect_key


class Answered(Struct, frozen=True):
    """What an effect's row becomes after `tries` tries: a status; `wait_s` until it is looked at again; `uncounted`
    tries that do not count."""

    merchant_id: int
    order_id: str
    effect_key: str
    tries: int
    status: str
    wait_s: float = 0.0
    uncounted: int = 0
    code: str | None = None
    sentence: str | None = None
    reference: str | None = None
    points: float = 0.0


class Internal(Struct, frozen=True):
    """A message to ourselves. With `error` it is filed as unusable, for people to see, and never handled."""

    merchant_id: int
    lane: int
    connection_id: int
    topic: str
    webhook_id: str
    order_hint: str
    body: bytes
    error: str | None = None


class DueReread(Struct, frozen=True):
    """One order to be read again; `order_ref` may be "fo:<fulfillment order>"."""

    merchant_id: int
    connection_id: int
    order_ref: str
    lane: int
    urgency: int
    wanted_at: datetime
    attempts: int
    why: str
    began_at: datetime


class DueTimer(Struct, frozen=True):
    """One timer that may be decided now."""

    merchant_id: int
    order_id: str
    timer_key: str
    lane: int
    due_at: datetime
    connection_id: int
    order_ref: str


class Heard(Struct, frozen=True):
    """A connection was heard of: when the read began that succeeded (None: it failed), and what went wrong; `dark` when
    nothing can be asked of it any more."""

    merchant_id: int
    connection_id: int
    began_at: datetime | None
    error: str | None
    dark: bool = False


def due_effects(conn: Connection, lanes: Lanes, most: int) -> list[DueEffect]:
    """The oldest undone effect of each order, where it is due and may leave."""
    with conn.cursor(row_factory=class_row(DueEffect)) as cursor:
        return cursor.execute(SQL["due_effects"], {**_lanes(lanes), "most": most}).fetchall()


def mark_sending(conn: Connection, effects: Sequence[DueEffect], patience_s: float) -> set[EffectId]:
    """Claim effects for one try; the keys of those that still stood as they were read."""
    if not effects:
        return set()
    values = {
        "merchants": [e.merchant_id for e in effects],
        "order_ids": [e.order_id for e in effects],
        "keys": [e.effect_key for e in effects],
        "statuses": [e.status for e in effects],
        "patience_s": patience_s,
    }
    return set(conn.execute(SQL["mark_sending"], values).fetchall())


def record_answers(conn: Connection, answers: Sequence[Answered]) -> set[EffectId]:
    """Write what became of effects; the keys of those whose try it was."""
    if not answers:
        return set()
    return set(conn.execute(SQL["record_answers"], {"answers": msgspec.json.encode(answers).decode()}).fetchall())


def take_up(conn: Connection, key: EffectId) -> bool:
    """Have an effect that was given up, or is in doubt, looked up now; False when it is not such a one."""
    merchant, order_id, effect_key = key
    values = {"merchant": merchant, "order_id": order_id, "key": effect_key}
    return conn.execute(SQL["take_up"], values).rowcount == 1


def file_internal(conn: Connection, messages: Sequence[Internal]) -> None:
    """Put messages to ourselves into the inbox."""
    if messages:
        packed = [pack(m.body) for m in messages]
        values = {
            "merchants": [m.merchant_id for m in messages],
            "lanes": [m.lane for m in messages],
            "connections": [m.connection_id for m in messages],
            "topics": [m.topic for m in messages],
            "webhook_ids": [m.webhook_id for m in messages],
            "hints": [m.order_hint for m in messages],
            "bodies": [body for body, _ in packed],
            "sizes": [size for _, size in packed],
            "errors": [m.error for m in messages],
        }
        conn.execute(SQL["file_internal"], values)


def due_rereads(conn: Connection, lanes: Lanes, most: int) -> list[DueReread]:
    """The most urgent re-reads, at most `most` a connection, in order of connection and urgency."""
    with conn.cursor(row_factory=class_row(DueReread)) as cursor:
        return cursor.execute(SQL["due_rereads"], {**_lanes(lanes), "most": most}).fetchall()


def hold_rereads(conn: Connection, rereads: Sequence[DueReread]) -> None:
    """Keep others from these re-reads until the end of the transaction."""
    if rereads:
        conn.execute(SQL["hold_rereads"], _refs(rereads))


def expected_orders(conn: Connection, rereads: Sequence[DueReread]) -> set[tuple[int, str]]:
    """(connection, order ref) of those we know and the shop would show if it had them."""
    if not rereads:
        return set()
    return set(conn.execute(SQL["expected_orders"], _refs(rereads)).fetchall())


def quiet_orders(conn: Connection, key: tuple[int, int], days: int, most: int) -> list[str]:
    """Open orders of the connection of which nothing was heard for so many days."""
    values = {"merchant": key[0], "connection": key[1], "days": days, "most": most}
    return [row[0] for row in conn.execute(SQL["quiet_orders"], values)]


def done_rereads(conn: Connection, rereads: Sequence[DueReread]) -> None:
    """Take re-reads off the list unless they were asked for anew meanwhile."""
    if rereads:
        conn.execute(SQL["done_rereads"], {**_refs(rereads), "wanted": [r.wanted_at for r in rereads]})


def put_off_rereads(conn: Connection, rereads: Sequence[DueReread], waits_s: Sequence[float]) -> None:
    """Try re-reads again later."""
    if rereads:
        conn.execute(SQL["put_off_rereads"], {**_refs(rereads), "waits_s": list(waits_s)})


def note_reads(conn: Connection, heard: Sequence[Heard]) -> None:
    """Keep on each connection when it was last read well, and what went wrong last."""
    if heard:
        values = {
            "merchants": [h.merchant_id for h in heard],
            "connections": [h.connection_id for h in heard],
            "began": [h.began_at for h in heard],
            "errors": [h.error for h in heard],
            "dark": [h.dark for h in heard],
        }
        conn.execute(SQL["note_reads"], values)


def due_timers(conn: Connection, lanes: Lanes, most: int) -> list[DueTimer]:
    """Timers that may be decided: due, their order's messages taken in, their connection heard of since."""
    with conn.cursor(row_factory=class_row(DueTimer)) as cursor:
        return cursor.execute(SQL["due_timers"], {**_lanes(lanes), "most": most}).fetchall()


def unheard_connections(conn: Connection, lanes: Lanes) -> list[tuple[int, int]]:
    """(merchant, connection) whose silence keeps a due timer waiting."""
    return conn.execute(SQL["unheard_connections"], _lanes(lanes)).fetchall()


def fire_timers(conn: Connection, timers: Sequence[DueTimer]) -> set[EffectId]:
    """Mark timers as fired; the keys of those that still stood as they were read."""
    if not timers:
        return set()
    values = {
        "merchants": [t.merchant_id for t in timers],
        "order_ids": [t.order_id for t in timers],
        "keys": [t.timer_key for t in timers],
        "due": [t.due_at for t in timers],
    }
    return set(conn.execute(SQL["fire_timers"], values).fetchall())


def _lanes(lanes: Lanes) -> dict[str, Any]:
    return {"merchants": [merchant for merchant, _ in lanes], "lanes": [lane for _, lane in lanes]}


def _refs(rows: Iterable[DueReread]) -> dict[str, Any]:
    rows = list(rows)
    return {
        "merchants": [row.merchant_id for row in rows],
        "connections": [row.connection_id for row in rows],
        "refs": [row.order_ref for row in rows],
    }
