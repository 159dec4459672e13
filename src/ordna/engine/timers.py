"""Timers that fell due come back as messages, but only when the picture they are decided on is fresh.

A step's timer says "this should have happened by now". Whether it happened is known only when all of the order's
messages up to that time are taken in and a sweep that began since reached its end: what it found is read first, for a
waiting re-read holds the order's timers back. A webhook is not enough, for it tells of its own order and proves nothing
of one whose webhook was lost. So after five dark hours nothing is late before the shop has been asked. Other timers say
what no news can undo; for them a webhook shows that the connection lives, unless it has a gap (`gaps`).

A connection that keeps a timer waiting is swept out of its turn, at most once a minute.

A timer to read again asks for a re-read and nothing else. A stale timer is a recorded no-op; the core tells.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ordna.core.messages import TimerFell
from ordna.engine.held import fence_rows
from ordna.engine.leases import Lease
from ordna.store import outbox, outside, watch
from ordna.store.database import Database
from ordna.store.outbox import RereadRow
from ordna.store.outside import DueTimer, Internal

BATCH_MAX = 500
ASK_AGAIN_S = 60.0
READ = "read"


class Timers:
    """Brings due timers of leased lanes back, round by round."""

    def __init__(self, database: Database, *, ask_again_s: float = ASK_AGAIN_S) -> None:
        self._database = database
        self._ask_again_s = ask_again_s

    def round(self, leases: Sequence[Lease]) -> int:
        """One round over these leases; how many timers fired."""
        lanes = [lease[:2] for lease in leases]
        with self._database.engine([merchant for merchant, _ in lanes]) as conn:
            due = outside.due_timers(conn, lanes, BATCH_MAX)
            silent = outside.unheard_connections(conn, lanes)
            if due:
                fence_rows(conn, leases, due)
                fired = outside.fire_timers(conn, due)
                now_due = [timer for timer in due if (timer.merchant_id, timer.order_id, timer.timer_key) in fired]
                outside.file_internal(conn, [_message(timer) for timer in now_due if _kind(timer) != READ])
                rereads = [_reread(timer) for timer in now_due if _kind(timer) == READ]
                if rereads:
                    outbox.want_rereads(conn, rereads)
            watch.hurry(conn, sorted(silent), watch.SWEEP, self._ask_again_s)
        return len(due)


def _kind(timer: DueTimer) -> str:
    return timer.timer_key.partition("|")[0]


def _message(timer: DueTimer) -> Internal:
    fell = TimerFell(kind=_kind(timer), key=timer.timer_key, due_at=timer.due_at)
    return Internal(
        merchant_id=timer.merchant_id,
        lane=timer.lane,
        connection_id=timer.connection_id,
        topic="ordna/timer",
        webhook_id=f"timer:{timer.order_id}:{timer.timer_key}:{timer.due_at.timestamp():.6f}",
        order_hint=timer.order_ref,
        body=msgspec.json.encode(fell),
    )


def _reread(timer: DueTimer) -> RereadRow:
    return RereadRow(
        timer.merchant_id,
        timer.connection_id,
        timer.order_ref,
        timer.lane,
        4,
        timer.due_at,
        "the routing was not seen",
    )
