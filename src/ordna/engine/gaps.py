"""Gaps: times in which a connection was not heard of as it should be. A row says when, why, and what came of it.

A gap opens when no sweep reached its end for longer than three of them take, or when subscriptions were found lost. It
ends with the first sweep that knows of everything that changed in it by name, and is closed when all of these orders
are read and taken in. Until it has ended, a webhook is no proof that the connection is whole: others may be missing.
"""

from __future__ import annotations

from datetime import timedelta

from ordna.store import watch
from ordna.store.database import Connection
from ordna.store.watch import Claimed

SILENT_AFTER = timedelta(minutes=15)
WHY = "silence"
"""Why orders of a gap are read again; the gap is closed when the last of them is."""


def notice_silence(conn: Connection, sweep: Claimed) -> None:
    """A sweep begins: how long is it since the last one that reached its end?"""
    if sweep.good_at is not None and sweep.now - sweep.good_at > SILENT_AFTER:
        watch.notice_gap(conn, sweep.key, sweep.good_at, "unreadable" if sweep.failures else "silent")
