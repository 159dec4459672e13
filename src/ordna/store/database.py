"""Two ways into the database, each under its own role, each seeing only the merchants it names.

`engine(merchants)` is a read and write transaction under the role ordna_engine; `reader(merchant)` a read-only one
under ordna_reader. Row-level security does the rest: whatever a statement forgets, foreign rows are not there.

Hot statements are keyed look-ups of at most some hundred rows. A plan made while a table was empty would scan it
when it is full, so tables begin with a busy shop's statistics (`expectations.py`), and no plan is kept for long.

A pool here is a few connections and nothing else: no thread of its own, no waiting between attempts. When the server is
away, whoever asks hears so at once; when it is back, the next one who asks is served.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import Cursor

Connection = psycopg.Connection[tuple[Any, ...]]

_SET_MERCHANTS = b"select set_config('ordna.merchants', %s, true)"
_FORGET_PLANS = b"discard plans"
_PLANS_S = 60.0
"""Plans are kept, for planning costs an eighth of what running does, but not for long: one made while a table, or the
day's partition of it, was almost empty would read a full one row by row."""
_READ_ONLY = "-c default_transaction_read_only=on"
# A process that hangs within a transaction would keep its locks, and the lanes it worked on, from everybody else.
_LIMITS = "-c jit=off -c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=25s"


class DatabaseError(Exception):
    """The base of what can go wrong on the way to the database."""


class DatabaseDown(DatabaseError):
    """The database did not answer in time."""


class Overtaken(DatabaseError):
    """Somebody else wrote the same rows first: nothing was written, try the batch again."""


class Sent:
    """Statements sent one behind the other without waiting for each answer, while the next one is made ready."""

    def __init__(self) -> None:
        self._counted: list[tuple[Cursor[Any], int]] = []
        self._named: list[tuple[Cursor[Any], set[Any]]] = []

    def expect(self, cursor: Cursor[Any], rows: int) -> None:
        """This statement must have touched so many rows."""
        self._counted.append((cursor, rows))

    def expect_keys(self, cursor: Cursor[Any], keys: set[Any]) -> None:
        """This statement must have returned these keys, among others."""
        self._named.append((cursor, keys))

    def check(self) -> None:
        """`Overtaken` when one did not."""
        counts = all(cursor.rowcount == rows for cursor, rows in self._counted)
        if not counts or any(keys - set(cursor.fetchall()) for cursor, keys in self._named):
            raise Overtaken(str(Overtaken.__doc__))


@contextmanager
def sending(conn: Connection) -> Iterator[Sent]:
    """Writes whose answers are read when all were sent; `Overtaken` where a count is not as expected."""
    sent = Sent()
    with conn.pipeline():
        yield sent
    sent.check()


def push(conn: Connection) -> None:
    """Give the server as much of what was sent as it takes now, without waiting."""
    conn.pgconn.flush()


class Database:
    """Connections to one database. `statements` and `commits` count what this process has sent."""

    def __init__(self, dsn: str, *, connections_max: int = 4, patience_s: float = 10.0) -> None:
        """`connections_max` for each of the two ways; `patience_s`: how long to wait for a free one."""
        self.dsn = dsn
        self.statements = 0
        self.commits = 0
        self._engine = self._pool(f"-c role=ordna_engine {_LIMITS}", connections_max, patience_s)
        self._reader = self._pool(f"-c role=ordna_reader {_READ_ONLY} {_LIMITS}", connections_max, patience_s)

    @contextmanager
    def engine(self, merchants: Sequence[int]) -> Iterator[Connection]:
        """A transaction of the engine that sees these merchants; committed at the end, rolled back on an error."""
        with self._transaction(self._engine, merchants) as conn:
            yield conn

    @contextmanager
    def reader(self, merchant_id: int) -> Iterator[Connection]:
        """A read-only transaction that sees one merchant."""
        with self._transaction(self._reader, (merchant_id,)) as conn:
            yield conn

    def close(self) -> None:
        """Close every connection that is not in use."""
        self._engine.close()
        self._reader.close()

    @contextmanager
    def _transaction(self, pool: _Pool, merchants: Sequence[int]) -> Iterator[Connection]:
        conn = pool.take(_array(merchants))
        try:
            yield conn
            conn.commit()
            self.commits += 1
        except BaseException:
            if not conn.closed:
                _roll_back(conn)
            raise
        finally:
            pool.give(conn)

    def _pool(self, options: str, most: int, patience_s: float) -> _Pool:
        database = self

        class CountingCursor(Cursor[Any]):
            """Counts what is sent."""

            def execute(self, *args: Any, **kwargs: Any) -> Any:
                database.statements += 1
                return super().execute(*args, **kwargs)

        return _Pool(self.dsn, options, CountingCursor, most, patience_s)


class _Pool:
    """At most so many connections; the last one given back is the first one taken."""

    def __init__(self, dsn: str, options: str, cursor_factory: type[Cursor[Any]], most: int, patience_s: float) -> None:
        self._dsn = dsn
        self._options = options
        self._cursor_factory = cursor_factory
        self._patience_s = patience_s
        self._slots = threading.Semaphore(most)
        self._free: list[Connection] = []
        self._planned: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()

    def take(self, merchants: str) -> Connection:
        """A connection in a fresh transaction that sees these merchants. `DatabaseDown`."""
        if not self._slots.acquire(timeout=self._patience_s):
            raise DatabaseDown(f"No connection became free within {self._patience_s:g} s.")
        try:
            while self._free:
                known = self._free.pop()
                try:
                    known.execute(_SET_MERCHANTS, (merchants,), prepare=True)
                    self._plan_anew(known)
                    return known
                except psycopg.OperationalError:
                    known.close()  # the server went away while it lay idle; nothing was begun yet
            conn = self._connect()
            conn.execute(_SET_MERCHANTS, (merchants,), prepare=True)
            self._planned[conn] = time.monotonic()
            return conn
        except psycopg.OperationalError as error:
            self._slots.release()
            raise DatabaseDown(str(error)) from error
        except BaseException:
            self._slots.release()
            raise

    def give(self, conn: Connection) -> None:
        """Take a connection back; a broken one is forgotten."""
        if not conn.closed:
            self._free.append(conn)
        self._slots.release()

    def close(self) -> None:
        """Close what lies idle."""
        while self._free:
            self._free.pop().close()

    def _plan_anew(self, conn: Connection) -> None:
        now = time.monotonic()
        if now - self._planned.get(conn, now) > _PLANS_S:
            conn.execute(_FORGET_PLANS)
            self._planned[conn] = now

    def _connect(self) -> Connection:
        return psycopg.connect(self._dsn, options=self._options, cursor_factory=self._cursor_factory, connect_timeout=2)


def _roll_back(conn: Connection) -> None:
    try:
        conn.rollback()
    except psycopg.Error:
        conn.close()


def _array(merchants: Sequence[int]) -> str:
    return "{" + ",".join(map(str, sorted(set(merchants)))) + "}"
