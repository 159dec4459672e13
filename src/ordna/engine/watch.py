"""What is done for every connection again and again, by one worker at a time: sweep, subscriptions, history, facts.

Each duty is a row with its next time and a lease in it. Whoever claims it does one run and writes how it went; a run
that breaks off, with its worker or without, is gone on with by whoever claims it next. So any number of workers share
them, a restart loses nothing, and no timer, message or lane is needed for a connection to be looked after.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from ordna.engine.history import Historian
from ordna.engine.outbounds import Outbounds
from ordna.engine.parcels import Tracker
from ordna.engine.subscriptions import Watchdog
from ordna.engine.sweeps import Sweeper
from ordna.engine.zones import Surveyor
from ordna.store import linking, watch
from ordna.store.database import Database
from ordna.store.watch import Claimed, Ended

AT_ONCE = 8
ENSURE_EVERY_S = 15.0
CLOSE_EVERY_S = 2.0
FAILED_WAIT_S = 60.0

Duty = Callable[[Claimed], Ended | None]
_log = logging.getLogger(__name__)


class Watcher:
    """Does duties that are due, a few at once."""

    def __init__(self, database: Database, outbounds: Outbounds, owner: str) -> None:
        self._database = database
        self._owner = owner
        self._stopping = threading.Event()
        self._duties: Mapping[str, Duty] = {
            watch.SWEEP: Sweeper(database, outbounds, self._stopping).run,
            watch.SUBSCRIPTIONS: Watchdog(database, outbounds).run,
            watch.HISTORY: Historian(database, outbounds, self._stopping).run,
            watch.SHOP: Surveyor(database, outbounds).run,
            watch.PARCELS: Tracker(database, outbounds.ring).run,
        }
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="ordna-watch")
        self._running: set[Future[None]] = set()
        self._ensured = self._closed = float("-inf")

    def round(self) -> int:
        """Begin what is due and there is room for; how many duties were begun."""
        self._running = {run for run in self._running if not run.done()}
        claimed = self._claim(AT_ONCE - len(self._running))
        self._running |= {self._pool.submit(self._do, duty) for duty in claimed}
        return len(claimed)

    def run_due(self) -> int:
        """Do all that is due, here and now; how many runs that were."""
        runs = 0
        while claimed := self._claim(AT_ONCE):
            for duty in claimed:
                self._do(duty)
            runs += len(claimed)
        return runs

    def stop(self) -> None:
        """Have runs under way end where they stand; others go on with them."""
        self._stopping.set()

    def close(self) -> None:
        """Let runs under way end."""
        self.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _claim(self, most: int) -> list[Claimed]:
        with self._database.engine(()) as conn:
            merchants = linking.merchants(conn)
        if not merchants:
            return []
        now = time.monotonic()
        with self._database.engine(merchants) as conn:
            if now - self._ensured >= ENSURE_EVERY_S:
                self._ensured = now
                watch.ensure(conn, merchants)
            if now - self._closed >= CLOSE_EVERY_S:
                self._closed = now
                watch.close_gaps(conn, merchants)
            return watch.claim(conn, merchants, self._owner, most) if most > 0 else []

    def _do(self, duty: Claimed) -> None:
        try:
            ended = self._duties[duty.duty](duty)
        except Exception as error:
            _log.exception("the %s of connection %d of merchant %d failed", duty.duty, *reversed(duty.key))
            ended = Ended(FAILED_WAIT_S, error=f"{type(error).__name__}: {error}", progress=duty.progress)
        if ended is not None:
            with self._database.engine([duty.merchant_id]) as conn:
                watch.finish(conn, duty, ended)
