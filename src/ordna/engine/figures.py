"""The figures an operator watches, over all merchants, read from the database in one short transaction."""

from __future__ import annotations

from typing import Any

import psycopg
from msgspec import Struct

from ordna.store import linking
from ordna.store.database import Connection, Database
from ordna.store.sql import blocks

SQL = blocks("figures.sql")
PATIENCE_MS = 5000
READY_MS = 900


class Lane(Struct, frozen=True):
    """A lane that has waiting messages: seconds the oldest waits, and how many do (counted to 10,000)."""

    merchant_id: int
    lane: int
    oldest_s: float
    waiting: int


class Link(Struct, frozen=True):
    """A connection: seconds since it was heard of, whether its last read failed, what is left of its budget."""

    merchant_id: int
    connection_id: int
    mode: str
    silent_s: float
    failing: bool
    budget: float | None
    budget_max: float | None


class Process(Struct, frozen=True):
    """A process that is present or went silent. `beat_s` since it was heard of; `rounds`: seconds since each of its
    threads ended a round, as it said then."""

    process: str
    kind: str
    version: str
    up_s: float
    beat_s: float
    rounds: dict[str, float]


class Size(Struct, frozen=True):
    """A table, or one partition of it: bytes with its indexes, rows by estimate."""

    table: str
    partition: str | None
    bytes: int
    rows: float


class Figures(Struct, frozen=True):
    """All of it. `effects`: (count, seconds the oldest is due) by status; `tallies`: sums by name and label."""

    lanes: tuple[Lane, ...]
    links: tuple[Link, ...]
    processes: tuple[Process, ...]
    sizes: tuple[Size, ...]
    effects: dict[str, tuple[int, float]]
    tallies: dict[str, dict[str, float]]
    merchants: int
    quarantined: int
    rereads: int
    timers_waiting: int
    paused: int
    leases: int
    workers: int
    lanes_left: int


def figures(database: Database) -> Figures:
    """Read them. `DatabaseDown`, `psycopg.Error`."""
    with database.engine(()) as conn:
        merchants = linking.merchants(conn)
    with database.engine(merchants) as conn:
        conn.execute(b"select set_config('statement_timeout', %s, true)", (str(PATIENCE_MS),))
        work = _rows(conn, "work")[0]
        return Figures(
            lanes=tuple(Lane(*row) for row in _rows(conn, "lanes")),
            links=tuple(Link(*row) for row in _rows(conn, "connections")),
            processes=tuple(Process(*row) for row in _rows(conn, "processes")),
            sizes=tuple(Size(*row) for row in _rows(conn, "sizes")),
            effects={status: (count, oldest_s) for status, count, oldest_s in _rows(conn, "effects")},
            tallies=_by_name(_rows(conn, "tallies")),
            merchants=len(merchants),
            quarantined=work[0],
            rereads=work[1],
            timers_waiting=work[2],
            paused=work[3],
            leases=work[4],
            workers=work[5],
            lanes_left=work[6],
        )


def answers(dsn: str, schema: int) -> str | None:
    """What keeps a process from serving, in a few words; None when nothing does. Asks the database once, on a
    connection of its own, so that a pool that is busy does not look like a database that is away."""
    try:
        with psycopg.connect(dsn, connect_timeout=2, autocommit=True) as conn:
            conn.execute(b"select set_config('statement_timeout', %s, false)", (str(READY_MS),))
            row = conn.execute(b"select max(number) from ordna_migration").fetchone()
    except psycopg.errors.UndefinedTable:
        return "the database has no tables"
    except psycopg.Error:
        return "the database does not answer"
    if row is None or row[0] is None or row[0] < schema:
        return "the database's schema is older than this process needs"
    return None


def _rows(conn: Connection, name: str) -> list[Any]:
    return conn.execute(SQL[name]).fetchall()


def _by_name(rows: list[Any]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for name, label, total in rows:
        found.setdefault(name, {})[label] = total
    return found
