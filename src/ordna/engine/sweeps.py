"""Sweeps: ask a shop which orders changed since the last sweep, and have those read again that were not read since.

Every connection is swept every five minutes, always, whatever webhooks tell, with an overlap of five more. A sweep
finds what no webhook told of, and it is how silence is asked about: one that reached its end means that all that
changed before it began is known, or waits by name to be read. It costs some points a hundred orders, because it only
lists them; the reading is done by the re-reads, within the budget, after what people wait for.

A sweep that is broken off goes on where it stood: its place is kept with every page. One that comes late, after the
connection was not heard of for longer than it should, opens a gap and counts what it finds in it (`gaps`). Two in a row
that could ask nothing make the connection *dark*: no effect uses up its tries on it until a read succeeds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from msgspec import Struct

from ordna.connectors.contract import Answer
from ordna.connectors.shopify.listing import PAGE_POINTS, Mark, Swept
from ordna.core.masking import masked, one_line
from ordna.engine import budget, gaps
from ordna.engine.lanes import lane_of
from ordna.engine.outbounds import Channel, Outbounds
from ordna.store import linking, outbox, outside, watch
from ordna.store.database import Connection, Database
from ordna.store.outbox import RereadRow
from ordna.store.outside import Heard
from ordna.store.watch import Claimed, Ended

SWEEP_EVERY_S = 300.0
OVERLAP = timedelta(minutes=5)
TAKEN_UP_WITHIN = timedelta(minutes=10)
RETRY_S = (15.0, 30.0, 60.0)
NO_POINTS_S = 5.0
AT_ONCE_S = 1.0
URGENCY_OF_SWEEPS = 2
URGENCY_OF_SILENCE = 5
URGENCY_OF_THE_CLOSED = 6
URGENCY_OF_HISTORY = 8

T = TypeVar("T")


class Standing(Struct):
    """Where a sweep stands, kept in its row: what it looks back to, when it began, its place, what it found so far."""

    since: datetime
    begun: datetime
    mark: Mark
    found: int = 0
    missed: int = 0


class Sweeper:
    """Does the sweep of connections."""

    def __init__(self, database: Database, outbounds: Outbounds, stopping: threading.Event) -> None:
        self._database = database
        self._outbounds = outbounds
        self._stopping = stopping

    def run(self, duty: Claimed) -> Ended | None:
        """One sweep, or the rest of one; None when another worker took it over."""
        with self._database.engine([duty.merchant_id]) as conn:
            stands = _taken_up(duty) or _begun(conn, duty)
            through = self._outbounds.load(conn, [duty.key])[duty.key].outbound
            gaps.notice_silence(conn, duty)
        while True:
            page = self._page(duty.key, through, stands.mark)
            if isinstance(page, Answer):
                return self._broken_off(duty, stands, page)
            with self._database.engine([duty.merchant_id]) as conn:
                self._want(conn, duty, stands, page)
                if page.mark is None:
                    return _reached_its_end(conn, duty, stands)
                stands.mark = page.mark
                if not watch.keep(conn, duty, _written(stands)):
                    conn.rollback()
                    return None
            if self._stopping.is_set():
                return Ended(0.0, progress=_written(stands))

    def _page(self, key: tuple[int, int], through: Channel, mark: Mark) -> Swept | Answer:
        return priced(self._database, key, PAGE_POINTS, URGENCY_OF_SWEEPS, lambda: through.sweep(mark))

    def _want(self, conn: Connection, duty: Claimed, stands: Standing, page: Swept) -> None:
        gap = watch.open_gap(conn, duty.key)
        in_gap = gap is not None and not gap.ended
        changed = dict(page.orders)
        listed = watch.unread(conn, duty.key, page.orders)
        rows = [
            RereadRow(
                *duty.key,
                one.order_ref,
                lane_of(one.order_ref),
                URGENCY_OF_SILENCE if one.open else URGENCY_OF_THE_CLOSED,
                newest_first(changed[one.order_ref], stands.since, duty.now),
                gaps.WHY if in_gap else "swept",
            )
            for one in listed
        ]
        if rows:
            outbox.want_rereads(conn, rows)
        if in_gap:
            watch.note_found(conn, duty.key, sum(not one.waits for one in listed))
        stands.found += len(page.orders)
        stands.missed += _missed(listed, changed, stands)

    def _broken_off(self, duty: Claimed, stands: Standing, answer: Answer) -> Ended:
        """Its place is kept, if it has one. One over its budget, or whose budget is used up, is no failure; a shop that
        can't be asked twice in a row is dark."""
        progress = _written(stands) if stands.found else "{}"
        if answer.code in PASSING:
            return Ended(answer.retry_after_s or NO_POINTS_S, progress=progress)
        error = words_of(answer)
        dark = answer.result == "again" and duty.failures > 0
        with self._database.engine([duty.merchant_id]) as conn:
            outside.note_reads(conn, [Heard(*duty.key, None, error, dark)])
        return Ended(wait_after(duty.failures), error=error, progress=progress)


def words_of(failure: Answer) -> str:
    """What may be kept of a failed read: the other side's words, without what looks like a person or a secret."""
    return one_line(masked(failure.sentence)) if failure.sentence else failure.code or "The shop did not answer."


PASSING = frozenset({"throttled", "no_points"})
"""Answers that say "not now" and nothing else."""


def not_now(duty: Claimed, answer: Answer, progress: str) -> Ended:
    """How a run ends that an answer broke off: over the budget is no failure; anything else is tried ever later."""
    if answer.code in PASSING:
        return Ended(answer.retry_after_s or NO_POINTS_S, progress=progress)
    return Ended(wait_after(duty.failures), error=words_of(answer), progress=progress)


def wait_after(failures: int) -> float:
    """Seconds until the next try of a run that failed, with so many failures in a row before it."""
    return RETRY_S[min(failures, len(RETRY_S) - 1)]


def priced(
    database: Database, key: tuple[int, int], points: float, urgency: int, ask: Callable[[], T | Answer]
) -> T | Answer:
    """A call with its points set aside before and settled after; `no_points` when there are none now."""
    with database.engine([key[0]]) as conn:
        if not budget.reserve(conn, *key, points, urgency):
            return Answer("again", "no_points", "The shop's call budget is used up.", retry_after_s=NO_POINTS_S)
    answer = ask()
    with database.engine([key[0]]) as conn:
        used, said = getattr(answer, "points", points), getattr(answer, "budget", None)
        budget.settle(conn, *key, points, used, said)
        if isinstance(answer, Answer) and answer.code == "throttled":
            budget.rest(conn, *key, answer.retry_after_s or 1.0)
    return answer


def newest_first(changed: datetime, since: datetime, now: datetime) -> datetime:
    """When to read: now. The list is sorted by it, so what changed last comes first: that is what is open."""
    return now - max(timedelta(), changed - since)


def _taken_up(duty: Claimed) -> Standing | None:
    """The rest of a sweep that was broken off a moment ago; of an older one it would tell too little."""
    try:
        stands = msgspec.json.decode(duty.progress, type=Standing)
    except msgspec.ValidationError:
        return None
    return stands if duty.now - stands.begun <= TAKEN_UP_WITHIN else None


def _begun(conn: Connection, duty: Claimed) -> Standing:
    known = duty.good_at
    if known is None:
        standing = linking.standing(conn, duty.key)
        known = standing and (standing.heard_at or standing.created_at)
    since = (known or duty.now) - OVERLAP
    return Standing(since, duty.now, Mark(since.replace(microsecond=0)))


def _reached_its_end(conn: Connection, duty: Claimed, stands: Standing) -> Ended:
    outside.note_reads(conn, [Heard(*duty.key, stands.begun, None)])
    watch.end_gap(conn, duty.key, stands.begun)
    gap = watch.open_gap(conn, duty.key)
    if gap is not None and not gap.ended and gap.listening:
        return Ended(AT_ONCE_S, good_at=stands.begun, found=stands.found, missed=stands.missed)
    wait_s = max(AT_ONCE_S, SWEEP_EVERY_S - (duty.now - stands.begun).total_seconds())
    return Ended(wait_s, good_at=stands.begun, found=stands.found, missed=stands.missed)


def _missed(listed: Sequence[watch.Listed], changed: dict[str, datetime], stands: Standing) -> int:
    """Changes that no webhook told of; one of the last minute may still be on its way."""
    old = stands.begun - timedelta(minutes=1)
    return sum(one.untold and changed[one.order_ref] < old for one in listed)


def _written(stands: Standing) -> str:
    return msgspec.json.encode(stands).decode()
