"""History: the orders a shop had before it was connected, newest first, gathered by the shop itself where it can.

The time to be imported is cut into windows of at most 2,500 orders. Of each the shop is asked to gather the
orders in bulk; the file that comes of it is filed order by order, as if each had been read. A shop that refuses is
listed page by page instead, and the orders are read like any others, after everything more urgent.

Each run does one piece and keeps where it stands in its row, so an import may be broken off anywhere: a file is fetched
again and what was filed of it is passed over. Filing pauses while messages pile up, so that news is never kept waiting
by history.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import TypeVar

import msgspec
from msgspec import Struct

from ordna.connectors.contract import Answer, OrderRead
from ordna.connectors.shopify.bulk import DONE, RUN_POINTS, RUNNING, BulkState
from ordna.connectors.shopify.fetching import NotFetched
from ordna.connectors.shopify.listing import COUNT_POINTS, PAGE_POINTS, Mark
from ordna.engine.lanes import lane_of
from ordna.engine.outbounds import Channel, Outbounds
from ordna.engine.sweeps import (
    NO_POINTS_S,
    PASSING,
    RETRY_S,
    URGENCY_OF_HISTORY,
    newest_first,
    priced,
    wait_after,
    words_of,
)
from ordna.store import linking, outbox, outside, watch
from ordna.store.database import Connection, Database
from ordna.store.outbox import RereadRow
from ordna.store.outside import Internal
from ordna.store.watch import Claimed, Ended

NEVER_S = 10.0 * 365 * 86400
LOOK_AGAIN_S = 2.0
FULL_S = 1.0
TRIES_MAX = 5
WINDOW_MIN = timedelta(hours=1)
WINDOW_ORDERS = 2500
"""What is gathered at once is held in memory while it is folded."""
FILED_AT_ONCE = 100
WAITING_MAX = 1000
"""So many messages may wait before history waits for them."""
RUN_WITHIN_S = 30.0
IMPORTS_AT_ONCE = 2
URGENCY = 7
READ_TOPIC = "ordna/read"

T = TypeVar("T")


class Window(Struct):
    """One piece of the time to be imported, [since, until): the operations that gather it, when they were asked, how
    many orders were filed; or, paged, where the listing stands."""

    since: datetime
    until: datetime
    asked_at: datetime | None = None
    orders: str = ""
    parcels: str = ""
    filed: int = 0
    tries: int = 0
    mark: Mark | None = None


class Importing(Struct):
    """Where an import stands, kept in its row. Done from `until` down to `at`; `expected` orders by the shop's count,
    which ends at 10,000; `refused` says why the shop is read page by page."""

    since: datetime
    until: datetime
    at: datetime
    expected: int | None = None
    filed: int = 0
    to_read: int = 0
    points: float = 0.0
    refused: str | None = None
    window: Window | None = None
    done: bool = False


def wanted(since: datetime, until: datetime, expected: int | None) -> str:
    """The progress of an import that is about to begin."""
    return _written(Importing(since, until, until, expected))


class Historian:
    """Does the import of connections, piece by piece."""

    def __init__(self, database: Database, outbounds: Outbounds, stopping: threading.Event) -> None:
        self._database = database
        self._outbounds = outbounds
        self._stopping = stopping
        self._room = threading.Semaphore(IMPORTS_AT_ONCE)

    def run(self, duty: Claimed) -> Ended | None:
        """One piece of an import."""
        stands = msgspec.json.decode(duty.progress, type=Importing)
        if not self._room.acquire(blocking=False):
            return Ended(FULL_S, progress=duty.progress)
        try:
            with self._database.engine([duty.merchant_id]) as conn:
                through = self._outbounds.load(conn, [duty.key])[duty.key].outbound
            return _Piece(self._database, duty, through, stands, self._stopping).go_on()
        finally:
            self._room.release()


class _Piece:
    """One run of one import."""

    def __init__(
        self, database: Database, duty: Claimed, through: Channel, stands: Importing, stopping: threading.Event
    ) -> None:
        self._database = database
        self._duty = duty
        self._through = through
        self._stands = stands
        self._stopping = stopping

    def go_on(self) -> Ended | None:
        """The next thing to do, by where the import stands."""
        stands = self._stands
        if stands.window is None:
            if stands.at <= stands.since:
                stands.done = True
                return self._ended(NEVER_S, good=True)
            return self._open_window()
        if stands.refused is not None:
            return self._list(stands.window)
        if not stands.window.orders:
            return self._start(stands.window)
        return self._look(stands.window)

    def _open_window(self) -> Ended:
        """The newest time not yet imported, as much of it as the shop can count."""
        stands, begin = self._stands, self._stands.since
        while True:
            count = self._priced(COUNT_POINTS, partial(self._through.count_orders, begin, stands.at))
            if isinstance(count, Answer):
                return self._not_now(count)
            if count <= WINDOW_ORDERS or stands.at - begin <= WINDOW_MIN:
                break
            begin = stands.at - (stands.at - begin) / 2
        stands.window = Window(begin, stands.at)
        return self._ended(0.0)

    def _start(self, window: Window) -> Ended:
        """Ask the shop to gather the window. What it reads may be as old as this moment, and no newer."""
        asked_at = self._duty.now
        begun = self._priced(2 * RUN_POINTS, partial(self._through.start_bulk, window.since, window.until))
        if not isinstance(begun, Answer):
            window.asked_at, window.orders, window.parcels = asked_at, begun.orders, begun.parcels
            return self._ended(LOOK_AGAIN_S)
        window.tries += 1
        if begun.result == "refused" or window.tries > TRIES_MAX:
            return self._page_instead(begun.sentence or begun.code or "refused")
        return self._not_now(begun)

    def _look(self, window: Window) -> Ended | None:
        """Are the operations done? Then their orders are filed."""
        states: list[BulkState] = []
        for operation in (window.orders, window.parcels):
            state = self._priced(1.0, partial(self._through.bulk_state, operation))
            if isinstance(state, Answer):
                return self._not_now(state)
            states.append(state)
        if any(state.status in RUNNING for state in states):
            return self._ended(LOOK_AGAIN_S)
        failed = next((state for state in states if state.status != DONE), None)
        if failed is None:
            try:
                return self._file(window, states[0].url, states[1].url)
            except NotFetched as error:
                failed = BulkState("FAILED", error=str(error))
        window.tries += 1
        if window.tries > TRIES_MAX or failed.error == "ACCESS_DENIED":
            return self._page_instead(failed.error or failed.status.lower())
        window.orders = window.parcels = ""
        return self._ended(RETRY_S[0])

    def _file(self, window: Window, orders_url: str | None, parcels_url: str | None) -> Ended | None:
        """File the orders, a hundred a commit, from where the last run stood."""
        assert window.asked_at is not None
        reads = self._through.fetch_bulk(orders_url, parcels_url, window.asked_at)
        for _ in islice(reads, window.filed):
            pass
        until = time.monotonic() + RUN_WITHIN_S
        while chunk := list(islice(reads, FILED_AT_ONCE)):
            if self._stopping.is_set() or not self._wait_for_room(until):
                return self._ended(FULL_S)
            with self._database.engine([self._duty.merchant_id]) as conn:
                self._take_in(conn, chunk)
                window.filed += len(chunk)
                if not watch.keep(conn, self._duty, _written(self._stands)):
                    conn.rollback()
                    return None
        return self._window_done(window)

    def _take_in(self, conn: Connection, chunk: Sequence[OrderRead]) -> None:
        assert self._stands.window is not None and self._stands.window.asked_at is not None
        asked_at, key = self._stands.window.asked_at, self._duty.key
        outside.file_internal(
            conn,
            [
                Internal(
                    merchant_id=key[0],
                    lane=lane_of(read.order_ref),
                    connection_id=key[1],
                    topic=READ_TOPIC,
                    webhook_id=f"read:{key[1]}:{read.order_ref}:{asked_at.timestamp():.6f}",
                    order_hint=read.order_ref,
                    body=read.body,
                )
                for read in chunk
                if read.body is not None
            ],
        )
        by_itself = [read.order_ref for read in chunk if read.body is None]
        self._want(conn, [(ref, asked_at) for ref in by_itself])
        self._stands.filed += len(chunk) - len(by_itself)

    def _want(self, conn: Connection, changed: Sequence[tuple[str, datetime]]) -> None:
        stands, key = self._stands, self._duty.key
        rows = [
            RereadRow(
                *key,
                ref,
                lane_of(ref),
                URGENCY_OF_HISTORY,
                newest_first(at, stands.since, self._duty.now),
                "history",
            )
            for ref, at in changed
        ]
        if rows:
            outbox.want_rereads(conn, rows)
        stands.to_read += len(rows)

    def _list(self, window: Window) -> Ended | None:
        """The window page by page; its orders are read one by one."""
        mark: Mark | None = window.mark or Mark(window.since.replace(microsecond=0))
        while mark is not None:
            page = self._priced(PAGE_POINTS, partial(self._through.sweep, mark, window.until))
            if isinstance(page, Answer):
                return self._not_now(page)
            with self._database.engine([self._duty.merchant_id]) as conn:
                self._want(conn, page.orders)
                window.mark = mark = page.mark
                if not watch.keep(conn, self._duty, _written(self._stands)):
                    conn.rollback()
                    return None
        return self._window_done(window)

    def _window_done(self, window: Window) -> Ended:
        self._stands.at, self._stands.window = window.since, None
        return self._ended(0.0)

    def _page_instead(self, why: str) -> Ended:
        self._stands.refused = why
        return self._ended(0.0)

    def _wait_for_room(self, until: float) -> bool:
        while True:
            with self._database.engine([self._duty.merchant_id]) as conn:
                if linking.waiting_messages(conn, self._duty.key) < WAITING_MAX:
                    return True
            if time.monotonic() > until or self._stopping.wait(0.2):
                return False

    def _priced(self, points: float, ask: Callable[[], T | Answer]) -> T | Answer:
        answer = priced(self._database, self._duty.key, points, URGENCY, ask)
        self._stands.points += float(getattr(answer, "points", points))
        return answer

    def _not_now(self, answer: Answer) -> Ended:
        if answer.code in PASSING:
            return self._ended(answer.retry_after_s or NO_POINTS_S)
        return self._ended(wait_after(self._duty.failures), error=words_of(answer))

    def _ended(self, wait_s: float, *, good: bool = False, error: str | None = None) -> Ended:
        return Ended(
            wait_s,
            good_at=self._stands.until if good else None,
            error=error,
            found=self._stands.filed + self._stands.to_read,
            progress=_written(self._stands),
        )


def _written(stands: Importing) -> str:
    return msgspec.json.encode(stands).decode()
