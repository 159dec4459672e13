"""Sweeps: ask a shop which orders changed since it was last heard of, and have those read again.

A sweep finds what no webhook told of; it imports a new connection's history; and it is how silence is asked about: one
that succeeded means that the connection is fresh up to the moment the sweep began. It costs some points a hundred
orders, because it only lists them; the reading is done by the re-reads, within the budget and after more urgent ones.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from ordna.connectors.contract import Answer
from ordna.core.masking import masked, one_line
from ordna.engine import budget
from ordna.engine.lanes import lane_of
from ordna.engine.outbounds import Channel, Outbounds
from ordna.store import linking, outbox, outside
from ordna.store.database import Database
from ordna.store.outbox import RereadRow
from ordna.store.outside import Heard

ORDERS_A_PAGE = 100
PAGES_MAX = 10_000
POINTS_A_PAGE = 60.0
OVERLAP = timedelta(minutes=5)
URGENCY_OF_SILENCE = 5
URGENCY_OF_HISTORY = 8


class SweepDone(Struct, frozen=True):
    """What a sweep came to: how many orders are to be read again; `failure` says why it could not be ended."""

    orders: int
    failure: Answer | None = None


class Sweeper:
    """Sweeps connections."""

    def __init__(self, database: Database, outbounds: Outbounds) -> None:
        self._database = database
        self._outbounds = outbounds

    def sweep(
        self,
        merchant: int,
        connection: int,
        *,
        since: datetime | None = None,
        urgency: int = URGENCY_OF_SILENCE,
        why: str = "swept",
        progress: Callable[[int], None] | None = None,
    ) -> SweepDone:
        """Have every order read again that changed since `since`, or since the connection was last heard of."""
        key = (merchant, connection)
        with self._database.engine([merchant]) as conn:
            standing = linking.standing(conn, key)
            if standing is None:
                return SweepDone(0)
            through = self._outbounds.load(conn, [key])[key].outbound
        begin = since or (standing.heard_at or standing.now) - OVERLAP
        done = self._pages(key, through, begin, standing.now, urgency, why, progress)
        heard = Heard(*key, standing.now, None)
        if done.failure is not None:
            heard = Heard(*key, None, words_of(done.failure))
        with self._database.engine([merchant]) as conn:
            outside.note_reads(conn, [heard])
        return done

    def _pages(
        self,
        key: tuple[int, int],
        through: Channel,
        since: datetime,
        now: datetime,
        urgency: int,
        why: str,
        progress: Callable[[int], None] | None,
    ) -> SweepDone:
        """Page by page; an order that changes meanwhile moves to a later page, so none is missed."""
        cursor, found = None, 0
        for _ in range(PAGES_MAX):
            page = through.sweep(since, cursor, ORDERS_A_PAGE)
            if isinstance(page, Answer):
                return SweepDone(found, page)
            wanted = [
                RereadRow(*key, ref, lane_of(ref), urgency, _newest_first(updated, since, now), why)
                for ref, updated in page.orders
            ]
            with self._database.engine([key[0]]) as conn:
                if wanted:
                    outbox.want_rereads(conn, wanted)
                budget.reserve(conn, *key, POINTS_A_PAGE / 4, 0)
            found += len(wanted)
            if progress is not None:
                progress(found)
            cursor = page.cursor
            if cursor is None:
                break
        return SweepDone(found)


def words_of(failure: Answer) -> str | None:
    """What may be kept of a failed read: the other side's words, without what looks like a person or a secret."""
    return one_line(masked(failure.sentence)) if failure.sentence else failure.code


def _newest_first(updated: str, since: datetime, now: datetime) -> datetime:
    """When to read: now. The list is sorted by it, so what changed last comes first: that is what is open."""
    try:
        age_of_change = datetime.fromisoformat(updated) - since
    except ValueError:
        return now
    return now - max(timedelta(), age_of_change)
