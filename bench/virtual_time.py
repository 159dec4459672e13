"""A clock that stands until it is moved, for our code and for one database alike.

The engine tells the time in two ways: Python is given a function, SQL says `now()` and `clock_timestamp()`. In a
database that was `taken_over`, these two names lead to a table with one row, because a schema that comes before
`pg_catalog` in the search path is asked first. No statement of the engine is changed for it.
"""

from __future__ import annotations

from datetime import datetime

import psycopg
from psycopg.conninfo import conninfo_to_dict

_TAKE_OVER = """
    create schema virtual_time;
    create table virtual_time.clock (at timestamptz not null);
    create function virtual_time.now() returns timestamptz language sql stable
        as 'select at from virtual_time.clock';
    create function virtual_time.clock_timestamp() returns timestamptz language sql stable
        as 'select at from virtual_time.clock';
    grant usage on schema virtual_time to ordna_engine, ordna_reader;
    grant select on virtual_time.clock to ordna_engine, ordna_reader;
"""


class VirtualClock:
    """The time of one run. `now` is what everything is given that asks."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._database: psycopg.Connection[tuple[object, ...]] | None = None

    def now(self) -> datetime:
        """Where it stands."""
        return self._at

    def take_over(self, dsn: str) -> None:
        """Have this database tell this time, in every session that begins from now on. Needs a superuser."""
        name = conninfo_to_dict(dsn)["dbname"]
        self._database = psycopg.connect(dsn, autocommit=True)
        self._database.execute(_TAKE_OVER.encode())
        self._database.execute("insert into virtual_time.clock values (%s)", (self._at,))
        for setting in ("search_path = virtual_time, pg_catalog, public", "synchronous_commit = off"):
            self._database.execute(f'alter database "{name}" set {setting}'.encode())
        self._database.execute("set synchronous_commit = off")

    def move(self, to: datetime) -> None:
        """Move on; it never goes back."""
        if to > self._at:
            self._at = to

    def tell_the_database(self) -> None:
        """Let the database know."""
        if self._database is not None:
            self._database.execute("update virtual_time.clock set at = %s", (self._at,))

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
