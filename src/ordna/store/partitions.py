"""Partitions by time, made before they are needed and dropped when what they hold is no longer wanted.

Only the tables' owner may do this, so it runs on a connection of its own, not under the engine's role. Every step is
one short transaction that waits for no lock longer than the intake's callers would. A row whose time no partition
covers lies in the table's rest: nothing is ever refused for its time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal, NamedTuple

import psycopg
from psycopg import sql

from ordna.store import migrating
from ordna.store.sql import blocks

SQL = blocks("partitions.sql")

GAP_MAX = timedelta(days=31)

_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
_BOUNDS = re.compile(r"FROM \((?:'([^']+)'|MINVALUE)\) TO \('([^']+)'\)")


class Timed(NamedTuple):
    """A table that is partitioned by time: the column, a partition's length, how many are made ahead; `busy` where
    rows come and go within a minute."""

    table: str
    moment: str
    length: Literal["day", "month"]
    ahead: int
    busy: bool = False


class Partition(NamedTuple):
    """One partition and the times it holds; `since` None: everything before."""

    name: str
    since: datetime | None
    until: datetime


JOURNAL = (
    Timed("journal", "recorded_at", "month", 2),
    Timed("journal_object", "recorded_at", "month", 2),
    Timed("decision", "at", "month", 2),
)
INBOX = Timed("inbox", "received_at", "day", 3, busy=True)
TIMED = (INBOX, *JOURNAL)


def of(conn: psycopg.Connection, table: str) -> list[Partition]:
    """The partitions of a table by time, oldest first; the rest is none of them."""
    conn.execute(SQL["utc"])
    found = []
    for name, bounds in conn.execute(SQL["partitions"], (table,)):
        written = _BOUNDS.search(bounds)
        if written is not None:
            since = None if written[1] is None else datetime.fromisoformat(written[1])
            found.append(Partition(name, since, datetime.fromisoformat(written[2])))
    return sorted(found, key=lambda one: one.until)


def make_ahead(conn: psycopg.Connection, timed: Timed, now: datetime, patience_s: float) -> list[str]:
    """Make what is missing from the last partition on to some ahead of now; their names. Where nobody made any for
    long, what came meanwhile stays in the rest."""
    known = of(conn, timed.table)
    since = max(known[-1].until if known else _OLDEST, _floor(now - GAP_MAX, timed.length))
    until = now
    for _ in range(timed.ahead):
        until = _next(until, timed.length)
    made = []
    while since <= until:
        made.append(_make(conn, timed, since, patience_s))
        since = _next(since, timed.length)
    return made


def drop_empty(conn: psycopg.Connection, timed: Timed, before: datetime, patience_s: float) -> list[str]:
    """Drop partitions that end before that time and hold nothing any more; their names."""
    dropped = []
    for one in of(conn, timed.table):
        if one.until <= before and migrating.patiently(one.name, partial(_drop_if_empty, conn, timed, one), patience_s):
            dropped.append(one.name)
    return dropped


def drop_old_messages(conn: psycopg.Connection, before: datetime, patience_s: float) -> list[str]:
    """Drop the inbox's partitions that end before that time; what still waits, or is in quarantine, is kept. Their
    names."""
    dropped = []
    for one in of(conn, INBOX.table):
        if one.until <= before:
            migrating.patiently(one.name, partial(_drop_handled, conn, one), patience_s)
            dropped.append(one.name)
    return dropped


def forget(conn: psycopg.Connection, before: datetime) -> int:
    """Delete what was dealt with before that time and no partition's end takes along; how many rows."""
    count = 0
    for block, values in (("forget_rest", (before, before)), ("forget_seen", (before,))):
        while True:
            with conn.transaction():
                migrating.begin(conn)
                gone = conn.execute(SQL[block], values).rowcount
            count += gone
            if gone == 0:
                break
    return count


def missing(conn: psycopg.Connection, now: datetime) -> Iterator[str]:
    """Tables whose rows of a day from now would lie in the rest: nobody makes their partitions."""
    for timed in TIMED:
        known = of(conn, timed.table)
        if not known or known[-1].until < now + timedelta(days=1):
            yield timed.table


def _make(conn: psycopg.Connection, timed: Timed, since: datetime, patience_s: float) -> str:
    name = f"{timed.table}_{since:%Y%m%d}" if timed.length == "day" else f"{timed.table}_{since:%Y%m}"
    until = _next(since, timed.length)
    making = sql.SQL(SQL["make"].decode()).format(
        part=sql.Identifier(name),
        table=sql.Identifier(timed.table),
        rest=sql.Identifier(f"{timed.table}_rest"),
        moment=sql.Identifier(timed.moment),
        since=sql.Literal(since),
        until=sql.Literal(until),
    )
    migrating.patiently(name, lambda: migrating.at_once(conn, making), patience_s)
    if timed.busy:
        migrating.at_once(conn, _of_part("busy", name))
    return name


def _drop_if_empty(conn: psycopg.Connection, timed: Timed, one: Partition) -> bool:
    """Looked at without a lock first, and once more when nobody can write to it, and nothing is hidden from us."""
    with conn.transaction():
        migrating.begin(conn)
        if conn.execute(_of_part("is_empty", one.name)).fetchone() != (True,):
            return False
        conn.execute(_of_part("detach", one.name, timed.table))
        conn.execute(_of_part("show_all", one.name))
        if conn.execute(_of_part("is_empty", one.name)).fetchone() != (True,):
            raise psycopg.errors.LockNotAvailable("Somebody wrote to it meanwhile.")
        conn.execute(_of_part("drop", one.name))
    return True


def _drop_handled(conn: psycopg.Connection, one: Partition) -> None:
    with conn.transaction():
        migrating.begin(conn)
        conn.execute(_of_part("detach", one.name, INBOX.table))
        conn.execute(_of_part("show_all", one.name))
        conn.execute(_of_part("keep_waiting", one.name))
        conn.execute(_of_part("drop", one.name))


def _of_part(block: str, part: str, table: str = "") -> sql.Composed:
    return sql.SQL(SQL[block].decode()).format(part=sql.Identifier(part), table=sql.Identifier(table or part))


def _floor(moment: datetime, length: Literal["day", "month"]) -> datetime:
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day if length == "day" else day.replace(day=1)


def _next(moment: datetime, length: Literal["day", "month"]) -> datetime:
    """The start of the day or month after the one that moment is in."""
    day = _floor(moment, length)
    return day + timedelta(days=1) if length == "day" else (day + timedelta(days=32)).replace(day=1)
