"""The floor: the same rows written by bare COPY and UPSERT, with no logic, no HTTP and no reading.

The rows of a finished run are written again into twin tables with the same keys and indexes, in batches of the same
size with a
commit each: messages by COPY in batches of 64, then per 500 messages the journal, its objects, the decisions and the
seen marks by COPY, and the current rows by UPSERT as often as a run writes them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

COPIED = ("journal", "journal_object", "decision", "seen")
UPSERTED = {"orders": 8, "step": 2, "task": 2, "timer": 2, "effect": 3, "part_owner": 1, "person": 1}
INTAKE_ROWS = 64
BATCH_ROWS = 500

Conn = psycopg.Connection[tuple[Any, ...]]


def floor_s(dsn: str) -> float:
    """Seconds to write a run's rows once more."""
    with psycopg.connect(dsn) as conn:
        tables = ("inbox", *COPIED, *UPSERTED)
        _twins(conn, tables)
        copied = {table: _lines(conn, table) for table in ("inbox", *COPIED)}
        upserted = {table: _documents(conn, table) for table in UPSERTED}
        conn.commit()
        begun = time.perf_counter()
        _write(conn, copied, upserted)
        taken = time.perf_counter() - begun
        conn.execute("drop schema floor cascade")
        return taken


def _twins(conn: Conn, tables: tuple[str, ...]) -> None:
    conn.execute("drop schema if exists floor cascade")
    conn.execute("create schema floor")
    for table in tables:
        query = sql.SQL("create table {} (like {} including all excluding identity)")
        conn.execute(query.format(sql.Identifier("floor", table), sql.Identifier(table)))


def _lines(conn: Conn, table: str) -> list[bytes]:
    """A table's rows as lines of COPY."""
    rows = sql.SQL("copy (select * from {}) to stdout").format(sql.Identifier(table))
    with conn.cursor() as cursor, cursor.copy(rows) as copy:
        return b"".join(bytes(block) for block in copy).splitlines(keepends=True)


def _documents(conn: Conn, table: str) -> list[dict[str, Any]]:
    query = sql.SQL("select to_jsonb(t) from {} t").format(sql.Identifier(table))
    return [row[0] for row in conn.execute(query)]


def _write(conn: Conn, copied: dict[str, list[bytes]], upserted: dict[str, list[dict[str, Any]]]) -> None:
    messages = copied["inbox"]
    for start in range(0, len(messages), INTAKE_ROWS):
        _copy(conn, "inbox", messages[start : start + INTAKE_ROWS])
        conn.commit()
    batches = max(1, len(messages) // BATCH_ROWS)
    statements = {table: _upsert(conn, table) for table in upserted}
    for batch in range(batches):
        for table in COPIED:
            _copy(conn, table, _share(copied[table], batch, batches))
        for table, rows in upserted.items():
            again = [row for row in rows for _ in range(UPSERTED[table])]
            for chunk in _rounds(_share(again, batch, batches)):
                conn.execute(statements[table], (json.dumps(chunk),))
        conn.commit()


def _copy(conn: Conn, table: str, lines: list[bytes]) -> None:
    if lines:
        statement = sql.SQL("copy {} from stdin").format(sql.Identifier("floor", table))
        with conn.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(b"".join(lines))


def _upsert(conn: Conn, table: str) -> sql.Composed:
    """One UPSERT of a list of documents: every column that is not of the key is set."""
    columns = [row[0] for row in conn.execute(
        "select column_name from information_schema.columns where table_schema = 'floor' and table_name = %s", (table,)
    )]  # fmt: skip
    keys = [row[0] for row in conn.execute(
        """select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
           where i.indrelid = ('floor.' || %s)::regclass and i.indisprimary""", (table,)
    )]  # fmt: skip
    rest = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in columns if column not in keys]
    query = sql.SQL(
        """insert into {0} select * from jsonb_populate_recordset(null::{0}, %s::jsonb)
           on conflict ({1}) do update set {2}"""
    )
    key = sql.SQL(", ").join(map(sql.Identifier, keys))
    return query.format(sql.Identifier("floor", table), key, sql.SQL(", ").join(rest))


def _share(rows: list[Any], batch: int, batches: int) -> list[Any]:
    return rows[len(rows) * batch // batches : len(rows) * (batch + 1) // batches]


def _rounds(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """One UPSERT can't touch a row twice: equal neighbours go in rounds of their own."""
    rounds: list[list[dict[str, Any]]] = []
    previous: dict[str, Any] | None = None
    depth = 0
    for row in rows:
        depth = depth + 1 if row is previous else 0
        previous = row
        if depth == len(rounds):
            rounds.append([])
        rounds[depth].append(row)
    yield from rounds
