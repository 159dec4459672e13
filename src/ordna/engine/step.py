"""The step: waiting messages become facts, decisions and rows, a batch at a time, one commit a batch.

One round takes the oldest waiting messages of the lanes this worker leases, reads them before anything is locked, locks
their orders in one order, decides, writes, and finishes the messages, all in one transaction that the leases fence.

A batch that fails is tried again without the message it failed of, where that is known, or else in halves, and so on,
until what fails is alone; only a try alone counts towards quarantine, so one bad message stops only itself and hardly
delays its neighbours. What a worker that died left behind is tried message by message at once: it may be what it died
of. A try that ended by trouble not its own (the database went away, somebody else was faster) does not count.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from ordna.engine import clock, logs, persons, privacy, reading, stock
from ordna.engine.ahead import After, Ahead, Batch
from ordna.engine.batch import Culprit, decide_all, lock_orders
from ordna.engine.leases import Lease, LeaseLost, Leases, fence
from ordna.engine.ledger import Ledger
from ordna.engine.policies import Policies
from ordna.engine.taking import Taken
from ordna.engine.trouble import is_passing
from ordna.store import connections, inbox
from ordna.store.database import Connection, Database, push, sending
from ordna.store.inbox import Waiting

ROWS_MAX = 500
ROWS_MIN = 50
LANES_FEW = 64
LANE_ROWS_MIN = 20
LANE_SHARES = 4  # one lane may fill up to so many times its share of a batch
BYTES_MAX = 16 * 1024 * 1024
LOCKED_MS_MAX = 100.0
LOCKED_MS_AIM = 90.0
TRIES_MAX = 3
NAMED_MAX = 3  # with more bad messages than that, halves find them sooner
FRESHNESS_S = 1.0

_log = logging.getLogger(__name__)


class Stepper:
    """The step of one worker. `round()` is called again and again by one thread."""

    def __init__(
        self,
        database: Database,
        leases: Leases,
        policies: Policies,
        now: Callable[[], datetime] = clock.now,
        touched: Callable[[set[int]], None] | None = None,
    ) -> None:
        """`touched` is told the merchants of every batch that was committed."""
        self.rows_cap = ROWS_MAX
        self.locked_ms = 0.0
        self._database = database
        self._leases = leases
        self._policies = policies
        self._ahead = Ahead(database, policies)
        self._now = now
        self._touched = touched
        self._gave: set[tuple[int, int]] = set()
        self._heard: dict[tuple[int, int], datetime] = {}
        self._excused: set[tuple[int, int]] = set()
        self._stopping = False
        self._busy_since: float | None = None

    @property
    def busy_s(self) -> float:
        """Seconds since the batch, or the message alone, that is being handled was begun; 0 when none is."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def stop(self) -> None:
        """End the round under way at the next message that is tried alone."""
        self._stopping = True

    def round(self) -> int:
        """Handle one batch of waiting messages; how many were taken (0: nothing waits)."""
        try:
            self._leases.tend()
            taken = self._round()
            if taken == 0:
                before = len(self._leases.held)
                self._leases.tend(idle=True)
                if len(self._leases.held) > before:
                    taken = self._round()
            return taken
        finally:
            self._busy_since = None

    def _round(self) -> int:
        held = self._leases.held
        if not held:
            return 0
        shaky = [lease for lease in held if lease.unfinished]
        if shaky:
            return self._alone(shaky)
        rows: list[Waiting] = []
        fresh: list[Waiting] = []
        try:
            ahead = self._ahead.batch(held)
            with self._database.engine([lease.merchant_id for lease in held]) as conn:
                rows = ahead.rows if ahead else self._take(conn, self._worth_a_look(held))
                fresh = [row for row in rows if not row.tries]
                if fresh:
                    more = len(rows) >= self.rows_cap and not self._stopping
                    self._handle(conn, fresh, ahead, partial(self._look_ahead, conn, rows, held) if more else None)
        except Exception as error:
            if self._passes(error):
                _log.warning("a batch was not written and is tried again: %s", error)
                return 0
            _log.exception("a batch of %d messages failed; it is tried in parts", len(fresh))
            self._apart(fresh, error)
        else:
            self._tell(fresh)
        self._gave = {(row.merchant_id, row.lane) for row in rows}
        self._each_alone([row for row in rows if row.tries])
        return len(rows)

    def _passes(self, error: Exception) -> bool:
        """Whether it was nobody's fault here. A lost lease makes the others look doubtful, too."""
        if isinstance(error, LeaseLost):
            self._leases.doubt()
        return is_passing(error)

    # --- a batch ---

    def _worth_a_look(self, held: Sequence[Lease]) -> list[tuple[int, int]]:
        """With few lanes, all of them; with thousands, those that had messages when the leases were last looked after,
        some times a second, and those that just gave some: a look into an empty lane costs as much as a message."""
        lanes = [lease[:2] for lease in held]
        if len(lanes) <= LANES_FEW:
            return lanes
        return [lane for lane in lanes if lane in self._leases.busy or lane in self._gave] or lanes[:LANES_FEW]

    def _take(self, conn: Connection, lanes: Sequence[tuple[int, int]], after: After | None = None) -> list[Waiting]:
        cap = self.rows_cap
        share = max(LANE_ROWS_MIN, LANE_SHARES * cap // len(lanes))
        above = self._leases.above
        starts = [(*lane, max(above, after.get(lane, 0) if after else 0)) for lane in lanes]
        rows = inbox.take_waiting(conn, starts, rows_max=cap, lane_rows_max=share, bytes_max=BYTES_MAX)
        if rows:
            self._leases.newest_taken = max(self._leases.newest_taken, rows[-1].inbox_id)
        return rows

    def _look_ahead(self, conn: Connection, rows: Sequence[Waiting], held: Sequence[Lease]) -> None:
        """While the database writes what was sent by `conn`."""
        lanes = self._worth_a_look(held)
        self._ahead.look(rows, held, lambda other, after: self._take(other, lanes, after), partial(push, conn))

    def _handle(
        self,
        conn: Connection,
        rows: Sequence[Waiting],
        ahead: Batch | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        """Everything one batch comes to, in the open transaction. `meanwhile` is called when all was sent, before the
        answers are waited for, unless others may be waiting for what this batch has locked."""
        at = self._now()
        self._busy_since = time.monotonic()
        fence(conn, self._fencing(rows))
        known = self._policies.connections(conn, {(row.merchant_id, row.connection_id) for row in rows})
        taken = ahead.taken if ahead and ahead.known == known else Taken(rows, known, self._policies)
        taken.resolve_parts(conn)
        began = time.perf_counter()
        pages = lock_orders(conn, taken.items)
        taken.drop_duplicates(conn, at)
        ledger = Ledger(self._policies.ring, at)
        ledger.rereads.extend(taken.rereads(at))
        live = [item for item in taken.items if not item.outcome]
        decide_all(conn, pages, live, self._policies, ledger, at)
        wanted_by_others = stock.settle(conn, pages.values(), ledger, at)
        ledger.close(conn, pages.values())
        with sending(conn) as sent:
            ledger.write(conn, sent)
            self._note_heard(conn, rows, taken.duplicates)
            inbox.finish(conn, taken.outcomes(), at, sent)
            if meanwhile is not None and not wanted_by_others:
                meanwhile()
        persons.empty_messages(conn, taken.items, pages)
        privacy.file_concerns(conn, self._policies.ring, taken)
        self._adapt((time.perf_counter() - began) * 1000, len(rows))

    def _fencing(self, rows: Sequence[Waiting]) -> list[Lease]:
        lanes = {(row.merchant_id, row.lane) for row in rows}
        found = [lease for lease in self._leases.held if lease[:2] in lanes]
        if len(found) != len(lanes):
            raise LeaseLost(str(LeaseLost.__doc__))
        return found

    def _note_heard(self, conn: Connection, rows: Sequence[Waiting], duplicates: set[int]) -> None:
        """Connections that sent webhooks are fresh; noted at most once a second each, for all their workers
        meet there."""
        newest: dict[tuple[int, int], datetime] = {}
        for row in rows:
            key = (row.merchant_id, row.connection_id)
            if not reading.is_own(row.topic) and newest.get(key, row.received_at) <= row.received_at:
                newest[key] = row.received_at
        told = [
            (*key, at)
            for key, at in newest.items()
            if key not in self._heard or (at - self._heard[key]).total_seconds() >= FRESHNESS_S
        ]
        if told:
            connections.heard(conn, told)
            self._heard.update({(merchant, connection): at for merchant, connection, at in told})

    def _adapt(self, locked_ms: float, rows: int) -> None:
        """As many rows as keep the locks just short enough: fewer at once when a batch took too long, more a step at a
        time when it took less than it might."""
        self.locked_ms = locked_ms
        fitting = int(rows * LOCKED_MS_AIM / max(locked_ms, 1.0))
        if locked_ms > LOCKED_MS_MAX:
            self.rows_cap = max(ROWS_MIN, min(self.rows_cap, fitting))
        elif rows >= self.rows_cap and fitting > self.rows_cap:
            self.rows_cap = min(ROWS_MAX, self.rows_cap * 5 // 4 + 1, fitting)

    def _tell(self, rows: Sequence[Waiting]) -> None:
        if self._touched is not None and rows:
            self._touched({row.merchant_id for row in rows})

    # --- apart ---

    def _apart(self, rows: Sequence[Waiting], error: Exception, named: int = NAMED_MAX) -> None:
        """A batch that failed, in parts: the message it failed of and the others, where one is known; or else in
        halves, and so on, down to the messages that fail alone."""
        for part in _parts(rows, error if named else None):
            if self._stopping:
                return
            if len(part) == 1:
                self._each_alone(part)
                continue
            try:
                with self._database.engine([row.merchant_id for row in part]) as conn:
                    self._handle(conn, part)
                self._tell(part)
            except Exception as trouble:
                if self._passes(trouble):
                    _log.warning("a part of a batch was not written and is tried again: %s", trouble)
                    return
                self._apart(part, trouble, max(0, named - 1))

    def _alone(self, shaky: Sequence[Lease]) -> int:
        """What waits in lanes of a worker that died: message by message."""
        lanes = [lease[:2] for lease in shaky]
        with self._database.engine([lease.merchant_id for lease in shaky]) as conn:
            rows = self._take(conn, lanes)
        self._each_alone(rows)
        for lease in shaky:
            self._leases.settle_in(lease)
        return len(rows)

    def _each_alone(self, rows: Sequence[Waiting]) -> None:
        """One after the other, while the lanes are ours."""
        for row in rows:
            if self._stopping:
                break
            try:
                self._one(row)
            except LeaseLost as lost:
                _log.warning("what is left is somebody else's: %s", lost)
                self._leases.doubt()
                break
        logs.about()

    def _one(self, row: Waiting) -> None:
        """One message in a transaction of its own; the try is counted before it is made, for it may be the last thing
        this process does. `LeaseLost`."""
        logs.about(merchant=row.merchant_id, message=row.inbox_id, topic=row.topic)
        tries = self._count_try(row)
        if tries is None:
            return
        if tries > TRIES_MAX:
            self._quarantine(row, f"It was tried {TRIES_MAX} times alone, and the worker died each time.")
            return
        try:
            with self._database.engine([row.merchant_id]) as conn:
                self._handle(conn, [row])
            self._tell([row])
        except Exception as error:
            if not is_passing(error):
                self._failed_alone(row, tries, error)
                return
            self._excused.add((row.merchant_id, row.inbox_id))
            if isinstance(error, LeaseLost):
                raise
            _log.warning("a message was not written and is tried again: %s", error)

    def _count_try(self, row: Waiting) -> int | None:
        """How many tries this one makes, this one included; None when the message no longer waits."""
        key = row.merchant_id, row.inbox_id
        with self._database.engine([row.merchant_id]) as conn:
            fence(conn, self._fencing([row]))
            tries = inbox.count_try(conn, *key, 0 if key in self._excused else 1)
        self._excused.discard(key)
        return tries

    def _failed_alone(self, row: Waiting, tries: int, error: BaseException) -> None:
        error = error.__cause__ if isinstance(error, Culprit) and error.__cause__ else error
        _log.error("message %d of merchant %d failed alone", row.inbox_id, row.merchant_id, exc_info=error)
        if tries >= TRIES_MAX:
            self._quarantine(row, logs.told_with_place(error))

    def _quarantine(self, row: Waiting, error: str) -> None:
        with self._database.engine([row.merchant_id]) as conn:
            fence(conn, self._fencing([row]))
            inbox.quarantine(conn, row.merchant_id, row.inbox_id, error, self._now())


def _parts(rows: Sequence[Waiting], error: Exception | None) -> tuple[Sequence[Waiting], ...]:
    """The parts in which a batch that failed is tried again, in this order."""
    if isinstance(error, Culprit):
        others = [row for row in rows if row.inbox_id != error.inbox_id]
        if 0 < len(others) < len(rows):
            culprit = [row for row in rows if row.inbox_id == error.inbox_id]
            return others, culprit
    middle = len(rows) // 2
    return tuple(part for part in (rows[:middle], rows[middle:]) if part)
