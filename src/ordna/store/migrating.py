"""Running numbered migrations on a database that is in use: expand, backfill, contract.

*Expand* adds what the last version does not miss: one short transaction. *Backfill* fills it, a bounded batch a
transaction, until a batch finds nothing to do. *Contract* takes away what no running version needs; it says the oldest
schema an Ordna that runs beside it may know. What can't run in a transaction (`create index concurrently`) runs alone,
statement by statement. What has been done is noted, so a migration that broke off is taken up where it stopped.

Whoever waits for a table's lock makes everybody behind it wait too. The intake answers within 0.8 s, so a migration
waits for less than that, lets go, and tries again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, Literal, NamedTuple, TypeVar

import psycopg
from psycopg import sql
from psycopg.abc import Query

from ordna.store.database import DatabaseError
from ordna.store.sql import blocks

SQL = blocks("migrating.sql")

PATIENCE_S = 300.0
PAUSE_MIN_S, PAUSE_MAX_S = 0.1, 2.0
BATCH_PAUSE_S = 0.02
BATCHES_MAX = 1_000_000

Kind = Literal["expand", "backfill", "contract"]
Tell = Callable[[str], None]
T = TypeVar("T")

_BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
_CONCURRENTLY = re.compile(rb"\bconcurrently\b", re.I)
_CONCURRENT_INDEX = re.compile(rb"create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?(\w+)", re.I)


class Migration(NamedTuple):
    """One step of the schema.

    `alone`: outside a transaction, statement by statement; each must be safe to run again. `needs`, of a contract: the
    newest migration an older Ordna must know to run beside it. A backfill's statement changes at most some thousand
    rows, and none once nothing is left to do.
    """

    number: int
    name: str
    statements: bytes
    kind: Kind = "expand"
    alone: bool = False
    needs: int = 0


class Applied(NamedTuple):
    """A migration as the database remembers it."""

    number: int
    name: str
    applied_at: datetime
    needs: int


class TableBusy(DatabaseError):
    """A migration got no hold of a table it has to change: a long transaction keeps it. Nothing is half done. See what
    runs so long (pg_stat_activity), then run `ordna db migrate` again."""

    def __init__(self, name: str) -> None:
        super().__init__(f"“{name}”: " + " ".join((self.__doc__ or "").split()))


def in_use(
    conn: psycopg.Connection, migrations: Iterable[Migration], tell: Tell, patience_s: float = PATIENCE_S
) -> None:
    """Run migrations one by one on a database that others work on; `conn` is in autocommit mode. `TableBusy`."""
    for migration in migrations:
        tell(migration.name)
        if migration.alone:
            patiently(migration.name, partial(_alone, conn, migration), patience_s)
        elif migration.kind == "backfill":
            _in_batches(conn, migration, tell, patience_s)
        else:
            patiently(migration.name, partial(_at_once, conn, migration), patience_s)


def unused(conn: psycopg.Connection, migrations: Iterable[Migration]) -> None:
    """Run migrations in the open transaction, on a database nobody works on yet: there an index is built plainly."""
    for migration in migrations:
        conn.execute(_CONCURRENTLY.sub(b"", migration.statements))
        _note(conn, migration)


def patiently(name: str, work: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
    """Do something that wants locks, again and again until it gets them. `TableBusy`."""
    until = time.monotonic() + patience_s
    pause_s = PAUSE_MIN_S
    while True:
        try:
            return work()
        except _BUSY as error:
            if time.monotonic() >= until:
                raise TableBusy(name) from error
        time.sleep(pause_s)
        pause_s = min(PAUSE_MAX_S, pause_s * 2)


@contextmanager
def one_at_a_time(dsn: str) -> Iterator[None]:
    """Nobody else migrates meanwhile. Who waits asks again and again: a session that stood waiting in a statement would
    itself be waited for by an index that is built concurrently."""
    with psycopg.connect(dsn) as guard:
        guard.execute(SQL["stay_idle"])
        while not _one(guard, SQL["try_lock"]):
            guard.rollback()
            time.sleep(0.1)
            guard.execute(SQL["stay_idle"])
        yield


def applied(conn: psycopg.Connection) -> dict[int, Applied]:
    """What the database remembers, by number; nothing where there are no tables yet."""
    if not _one(conn, SQL["has_ledger"]):
        return {}
    full = _one(conn, SQL["has_needs"])
    rows = conn.execute(SQL["applied"] if full else SQL["applied_before_needs"]).fetchall()
    return {row[0]: Applied(*row) for row in rows}


def open_ledger(conn: psycopg.Connection) -> None:
    """Make the table that remembers, or bring it to this version's shape."""
    if not _one(conn, SQL["has_ledger"]) or not _one(conn, SQL["has_needs"]):
        conn.execute(SQL["ledger"])


def at_once(conn: psycopg.Connection, statements: Query) -> None:
    """Statements in one short transaction."""
    with conn.transaction():
        begin(conn)
        conn.execute(statements)


def incompatible(known: Sequence[Migration], there: dict[int, Applied]) -> Applied | None:
    """The migration that a version which knows only `known` can't run beside, if one was applied."""
    numbers = {migration.number for migration in known}
    newest = max(numbers)
    return next((one for one in there.values() if one.number not in numbers and one.needs > newest), None)


def _at_once(conn: psycopg.Connection, migration: Migration) -> None:
    with conn.transaction():
        begin(conn)
        conn.execute(migration.statements)
        _note(conn, migration)


def begin(conn: psycopg.Connection) -> None:
    """In the open transaction: wait briefly for locks, and see every merchant's rows."""
    conn.execute(SQL["short_locks"])
    if _one(conn, SQL["has_merchants"]):
        conn.execute(SQL["see_all"])


def _in_batches(conn: psycopg.Connection, migration: Migration, tell: Tell, patience_s: float) -> None:
    done = 0
    for _ in range(BATCHES_MAX):
        changed = patiently(migration.name, partial(_batch, conn, migration.statements), patience_s)
        if changed <= 0:
            break
        done += changed
        tell(f"{migration.name}: {done:,} rows")
        time.sleep(BATCH_PAUSE_S)
    _note(conn, migration)


def _batch(conn: psycopg.Connection, statement: bytes) -> int:
    with conn.transaction():
        begin(conn)
        return conn.execute(statement).rowcount


def _alone(conn: psycopg.Connection, migration: Migration) -> None:
    conn.execute(SQL["long_locks"])
    try:
        for statement in _statements(migration.statements):
            for name in _CONCURRENT_INDEX.findall(statement):
                # A build that broke off leaves an index behind that is kept up and never used.
                if _one(conn, SQL["is_invalid"], (name.decode(),)):
                    conn.execute(sql.SQL("drop index {}").format(sql.Identifier(name.decode())))
            conn.execute(statement)
    finally:
        conn.execute(SQL["usual_locks"])
    _note(conn, migration)


def _statements(text: bytes) -> list[bytes]:
    bare = re.sub(rb"--[^\n]*", b"", text)
    return [statement for part in bare.split(b";") if (statement := part.strip())]


def _note(conn: psycopg.Connection, migration: Migration) -> None:
    conn.execute(SQL["note"], (migration.number, migration.name, migration.kind, migration.needs))


def _one(conn: psycopg.Connection, statement: bytes, values: tuple[Any, ...] = ()) -> Any:
    row = conn.execute(statement, values).fetchone()
    assert row is not None
    return row[0]
