"""Two ways into the database, each under its own role, each seeing only the merchants it names.

`engine(merchants)` is a read and write transaction under the role ordna_engine; `reader(merchant)` a read-only one under
ordna_reader. Row-level security does the rest: whatever a statement forgets, foreign rows are not there.

Hot statements are keyed look-ups of at most some hundred rows. A plan made while a table was empty would scan it when it is
full, so plans that scan whole tables are priced out of the engine's sessions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Cursor
from psycopg_pool import ConnectionPool, PoolTimeout

Connection = psycopg.Connection[tuple[Any, ...]]

_SET_MERCHANTS = b"select set_config('ordna.merchants', %s, true)"
_KEYED_PLANS = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off"


class DatabaseError(Exception):
    """The base of what can go wrong on the way to the database."""


class DatabaseDown(DatabaseError):
    """The database did not answer in time."""


class Database:
    """Connections to one database. `statements` and `commits` count what this process has sent."""

    def __init__(self, dsn: str, *, connections_max: int = 4, patience_s: float = 10.0) -> None:
        """`patience_s`: how long to wait for a connection before `DatabaseDown`."""
        self.dsn = dsn
        self.statements = 0
        self.commits = 0
        self._patience_s = patience_s
        self._engine = self._pool("ordna_engine", _KEYED_PLANS, connections_max)
        self._reader = self._pool("ordna_reader", "-c jit=off -c default_transaction_read_only=on", connections_max)

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
        """Close every connection."""
        self._engine.close()
        self._reader.close()

    @contextmanager
    def _transaction(self, pool: ConnectionPool[Connection], merchants: Sequence[int]) -> Iterator[Connection]:
        try:
            conn = pool.getconn(self._patience_s)
        except (PoolTimeout, psycopg.OperationalError) as error:
            raise DatabaseDown(str(error)) from error
        try:
            # The pool commits at the end of this block, or rolls back; it keeps no broken connection.
            with conn:
                conn.execute(_SET_MERCHANTS, (_array(merchants),), prepare=True)
                yield conn
            self.commits += 1
        finally:
            pool.putconn(conn)

    def _pool(self, role: str, options: str, most: int) -> ConnectionPool[Connection]:
        return ConnectionPool(
            self.dsn,
            min_size=0,
            max_size=most,
            open=True,
            name=role,
            timeout=self._patience_s,
            kwargs={
                "options": f"-c role={role} {options} -c statement_timeout=30s -c lock_timeout=10s",
                "cursor_factory": self._counting_cursor(),
                "connect_timeout": 2,
            },
        )

    def _counting_cursor(self) -> type[Cursor[Any]]:
        database = self

        class CountingCursor(Cursor[Any]):
            """Counts what is sent."""

            def execute(self, *args: Any, **kwargs: Any) -> Any:
                database.statements += 1
                return super().execute(*args, **kwargs)

        return CountingCursor


def _array(merchants: Sequence[int]) -> str:
    return "{" + ",".join(map(str, sorted(set(merchants)))) + "}"
