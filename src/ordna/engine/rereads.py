"""Read orders again that a hint, a doubt or a timer asked for: in batches, most urgent first, within the shop's budget.

One order is one row however many hints asked for it. What people wait for comes first, then what hints told of, then
orders that changed in a silence, the newest first, then history. The answers go into the inbox like any message, in the
same commit that takes the rows off the list; a hint that came while we read keeps its row, so the order is read once
more. A shop that can't be read is tried again later and later, and its connection shows what went wrong; one that says
it is over its budget is left alone until it has refilled.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import msgspec
from msgspec import Struct

from ordna.connectors.contract import Answer, OrderRead, Outbound, Reading
from ordna.engine import budget
from ordna.engine.lanes import lane_of
from ordna.engine.leases import Lease
from ordna.engine.outbounds import Outbounds
from ordna.engine.retry import wait_s
from ordna.engine.sweeps import words_of
from ordna.store import outside
from ordna.store.database import Connection, Database
from ordna.store.outside import DueReread, Heard, Internal

ORDERS_A_CALL = 15
ORDERS_A_ROUND = 120  # of one connection
CALLS_AT_ONCE = 8
POINTS_AN_ORDER = 52.0
URGENT = 1
REST_MAX_S = 60.0
ORDERS_WORTH_A_CALL = 5
"""With less budget than that, what is not urgent waits for more: a call has its own price."""
READ_TOPIC = "ordna/read"
PART_PREFIX = "fo:"


class Call(Struct, frozen=True):
    """One batch of one connection, its points set aside."""

    rows: tuple[DueReread, ...]
    outbound: Outbound
    points: float

    @property
    def connection(self) -> tuple[int, int]:
        return self.rows[0].merchant_id, self.rows[0].connection_id


class _OrderName(Struct):
    id: str


class _ReadHead(Struct):
    order: _OrderName


class Rereader:
    """Reads due orders of leased lanes, round by round."""

    def __init__(self, database: Database, outbounds: Outbounds, *, calls_at_once: int = CALLS_AT_ONCE) -> None:
        self._database = database
        self._outbounds = outbounds
        self._pool = ThreadPoolExecutor(calls_at_once, thread_name_prefix="ordna-read")
        self.resting: dict[budget.Key, tuple[int, float]] = {}
        """Connections whose last calls failed: how many in a row, and until when nothing is asked of them."""

    def round(self, leases: Sequence[Lease]) -> int:
        """One round over these leases; how many orders were asked for."""
        calls = self._claim(leases)
        if calls:
            self._record(calls, list(self._pool.map(_read, calls)))
        return sum(len(call.rows) for call in calls)

    def close(self) -> None:
        """Let calls under way end."""
        self._pool.shutdown(wait=True)

    def _claim(self, leases: Sequence[Lease]) -> list[Call]:
        lanes = [lease[:2] for lease in leases]
        with self._database.engine([merchant for merchant, _ in lanes]) as conn:
            now = time.monotonic()
            due = [
                row
                for row in outside.due_rereads(conn, lanes, ORDERS_A_ROUND)
                if self.resting.get((row.merchant_id, row.connection_id), (0, 0.0))[1] <= now
            ]
            if not due:
                return []
            batches = {
                key: tuple(rows) for key, rows in groupby(due, key=lambda row: (row.merchant_id, row.connection_id))
            }
            through = self._outbounds.load(conn, batches)
            calls = []
            for key, orders in _set_aside(conn, batches).items():
                rows = batches[key][:orders]
                for start in range(0, len(rows), ORDERS_A_CALL):
                    chunk = rows[start : start + ORDERS_A_CALL]
                    calls.append(Call(chunk, through[key].outbound, len(chunk) * POINTS_AN_ORDER))
        return calls

    def _record(self, calls: list[Call], readings: list[Reading]) -> None:
        merchants = {call.connection[0] for call in calls}
        with self._database.engine(sorted(merchants)) as conn:
            came: list[Internal] = []
            done: list[DueReread] = []
            late: list[DueReread] = []
            heard: list[Heard] = []
            for call, reading in zip(calls, readings, strict=True):
                answers = {read.order_ref: read for read in reading.orders}
                missing = [row for row in call.rows if (read := answers.get(row.order_ref)) and read.body is None]
                gone = outside.expected_orders(conn, missing)
                came += [_message(row, answers[row.order_ref], gone) for row in call.rows if row.order_ref in answers]
                whole = {ref for ref, read in answers.items() if read.whole}
                done += [row for row in call.rows if row.order_ref in whole]
                if not _throttled(reading):
                    late += [row for row in call.rows if row.order_ref not in whole]
                    heard.append(_heard(call, reading))
            outside.file_internal(conn, came)
            outside.hold_rereads(conn, [*done, *late])
            outside.done_rereads(conn, done)
            outside.put_off_rereads(conn, late, [_put_off_s(row, calls, readings) for row in late])
            outside.note_reads(conn, heard)
            spent = list(zip(calls, readings, strict=True))
            budget.settle_each(conn, [budget.Spent(c.connection, c.points, r.points, r.budget) for c, r in spent])
            for call, reading in spent:
                if reading.failure is not None and _throttled(reading):
                    budget.rest(conn, *call.connection, reading.failure.retry_after_s or 1.0)
        self._note_rests(calls, readings)

    def _note_rests(self, calls: Sequence[Call], readings: Sequence[Reading]) -> None:
        """A shop that fails is asked nothing for a while, whatever else is due; one answer makes it well."""
        failed = {c.connection: r.failure for c, r in zip(calls, readings, strict=True) if not _throttled(r)}
        for key, failure in failed.items():
            before, _ = self.resting.pop(key, (0, 0.0))
            if failure is not None:
                wait = min(REST_MAX_S, wait_s(before + 1, failure.retry_after_s))
                self.resting[key] = (before + 1, time.monotonic() + wait)


def _set_aside(conn: Connection, batches: dict[budget.Key, tuple[DueReread, ...]]) -> dict[budget.Key, int]:
    """For how many of each connection's orders points were reserved, where for any."""
    levels = budget.levels(conn, list(batches))
    orders: dict[budget.Key, int] = {}
    for key, rows in batches.items():
        affordable = _affordable(rows, *levels.get(key, (0.0, 0.0)))
        if affordable and (rows[0].urgency <= URGENT or affordable >= min(len(rows), ORDERS_WORTH_A_CALL)):
            orders[key] = affordable
    asked = [budget.Ask(key, many * POINTS_AN_ORDER, batches[key][many - 1].urgency) for key, many in orders.items()]
    granted = budget.reserve_each(conn, asked)
    return {key: many for key, many in orders.items() if key in granted}


def _affordable(rows: Sequence[DueReread], there: float, most: float) -> int:
    """How many of these orders, most urgent first, can be paid so that each leaves the share its urgency leaves: one
    urgent order does not let those behind it at what is kept for people."""
    for many, row in enumerate(rows, 1):
        if there - most * budget.kept(row.urgency) < many * POINTS_AN_ORDER:
            return many - 1
    return len(rows)


def _throttled(reading: Reading) -> bool:
    return reading.failure is not None and reading.failure.code == "throttled"


def _read(call: Call) -> Reading:
    """One call outside; a connector that breaks its promise not to raise has read nothing."""
    try:
        return call.outbound.read_orders(tuple(row.order_ref for row in call.rows), call.rows[0].began_at)
    except Exception as error:
        failure = Answer("again", "connector_failed", f"{type(error).__name__}: {error}")
        return Reading((), failure=failure)


def _message(row: DueReread, read: OrderRead, gone: set[tuple[int, str]]) -> Internal:
    """The order as read, for the inbox. One that the shop does not have any more was deleted, whether or not that was
    told; one that we never knew, or that it may only not show us, is filed as unusable, with the reason."""
    body, ref, error = read.body, row.order_ref, None
    if body is None and (row.connection_id, ref) in gone:
        body = msgspec.json.encode({"began_at": row.began_at, "order": None, "gone": ref})
    elif body is None:
        body = msgspec.json.encode({"began_at": row.began_at, "order": None})
        error = f"The shop has no order {ref}." if PART_PREFIX not in ref else f"The shop has no {ref}."
    else:
        ref = _order_ref(body, ref)
    return Internal(
        merchant_id=row.merchant_id,
        lane=lane_of(ref),
        connection_id=row.connection_id,
        topic=READ_TOPIC,
        webhook_id=f"read:{row.connection_id}:{ref}:{row.began_at.timestamp():.6f}",
        order_hint=ref,
        body=body,
        error=error,
    )


def _order_ref(body: bytes, asked: str) -> str:
    """The order's own reference; a fulfillment order's was asked for where the hint named only that."""
    if not asked.startswith(PART_PREFIX):
        return asked
    return msgspec.json.decode(body, type=_ReadHead).order.id.rpartition("/")[2]


def _heard(call: Call, reading: Reading) -> Heard:
    if reading.failure is None:
        return Heard(*call.connection, began_at=call.rows[0].began_at, error=None)
    return Heard(*call.connection, began_at=None, error=words_of(reading.failure))


def _put_off_s(row: DueReread, calls: Sequence[Call], readings: Sequence[Reading]) -> float:
    for call, reading in zip(calls, readings, strict=True):
        if row in call.rows and reading.failure is not None:
            return wait_s(row.attempts + 1, reading.failure.retry_after_s)
    return wait_s(row.attempts + 1)
