"""Moving one merchant to another server while it works: its rows follow by row-filtered logical replication.

    follow    the target copies the merchant's rows and follows every change of them
    cut       the source's workers let go of its lanes, the target's take them over, once everything has arrived
    end       nothing follows any more

Between cut and end, webhooks that still come to the source are stored and acknowledged there, follow, and are handled
on the target: so an address can be changed without haste. Both servers need the same `ORDNA_KEY`. People's sign-ins
and the archive's files are not rows of the merchant and are not moved.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from ordna.store.database import DatabaseError
from ordna.store.sql import blocks

SQL = blocks("moving.sql")

PATIENCE_S = 600.0
LOOK_EVERY_S = 0.2
ROOM = 1_000_000_000
"""How far ahead the target begins to number: what still follows from the source is numbered there."""


class MoveRefused(DatabaseError):
    """The merchant can't be moved as things stand."""


class Move:
    """One merchant on its way from one server to another. `MoveRefused` says what stands in the way."""

    def __init__(self, source_dsn: str, target_dsn: str, merchant_id: int) -> None:
        self._source_dsn = source_dsn
        self._target_dsn = target_dsn
        self._merchant_id = merchant_id
        self._name = f"ordna_move_{merchant_id}"

    def follow(self) -> None:
        """Begin: copy the merchant's rows, then follow."""
        with _connected(self._source_dsn) as source, _connected(self._target_dsn) as target:
            self._check(source, target)
            tables = source.execute(SQL["tables"]).fetchall()
            changing = [str(table) for table, told_apart in tables if told_apart]
            lasting = [str(table) for table, told_apart in tables if not told_apart]
            source.execute(self._publication(self._name, changing, "insert, update, delete"))
            source.execute(self._publication(f"{self._name}_lasting", lasting, "insert"))
            target.execute(
                sql.SQL("create subscription {} connection {} publication {}, {}").format(
                    sql.Identifier(self._name),
                    sql.Literal(self._source_dsn),
                    sql.Identifier(self._name),
                    sql.Identifier(f"{self._name}_lasting"),
                )
            )

    def arrived(self, patience_s: float = PATIENCE_S) -> None:
        """Return when everything that the source has written by now is on the target."""
        with _connected(self._source_dsn) as source, _connected(self._target_dsn) as target:
            until = time.monotonic() + patience_s
            position = _one(source, "position")
            while _one(target, "tables_behind", (self._name,)) or not _one(source, "reached", (position, self._name)):
                if time.monotonic() >= until:
                    raise MoveRefused(f"Merchant {self._merchant_id} has not arrived within {patience_s:g} s.")
                time.sleep(LOOK_EVERY_S)

    def cut(self, patience_s: float = PATIENCE_S) -> None:
        """The source's workers stop working for the merchant and the target's begin, with nothing in between lost.

        A worker's transaction holds its lanes until it ends: to delete them waits for it, and what it wrote has a place
        before the one that is waited for."""
        self.arrived(patience_s)
        with _connected(self._source_dsn) as source, _connected(self._target_dsn) as target:
            lanes = [row[0] for row in source.execute(SQL["lanes"], (self._merchant_id,))]
            source.execute(SQL["give_up_lanes"], (self._merchant_id,))
            self.arrived(patience_s)
            for table, column in target.execute(SQL["identities"]).fetchall():
                names = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
                row = target.execute(sql.SQL(SQL["newest"].decode()).format(**names)).fetchone()
                assert row is not None
                number = sql.Literal(int(row[0]) + ROOM)
                target.execute(sql.SQL(SQL["restart"].decode()).format(**names, number=number))
            target.execute(SQL["take_lanes"], (self._merchant_id, lanes))

    def end(self, patience_s: float = PATIENCE_S) -> None:
        """Stop following, when all has arrived. The merchant's rows stay on the source until somebody deletes them."""
        self.arrived(patience_s)
        with _connected(self._source_dsn) as source, _connected(self._target_dsn) as target:
            target.execute(sql.SQL("drop subscription if exists {}").format(sql.Identifier(self._name)))
            for name in (self._name, f"{self._name}_lasting"):
                source.execute(sql.SQL("drop publication if exists {}").format(sql.Identifier(name)))

    def _check(self, source: psycopg.Connection, target: psycopg.Connection) -> None:
        for conn, where in ((source, "source"), (target, "target")):
            if not _one(conn, "may"):
                raise MoveRefused(f"The user of the {where} must see past row-level security: a superuser.")
        if _one(source, "wal_level") != "logical":
            raise MoveRefused("The source must run with wal_level = logical: set it in postgresql.conf and restart.")
        if _one(source, "migrations") != _one(target, "migrations"):
            raise MoveRefused("Source and target have different schemas. Run on both: ordna db migrate --contract")
        if not _one(source, "here", (self._merchant_id,)):
            raise MoveRefused(f"The source has no merchant {self._merchant_id}.")
        if _one(target, "here", (self._merchant_id,)):
            raise MoveRefused(f"The target has a merchant {self._merchant_id} already.")

    def _publication(self, name: str, tables: Sequence[str], publish: str) -> sql.Composed:
        parts = [
            sql.SQL("{} where (merchant_id = {})").format(sql.Identifier(table), sql.Literal(self._merchant_id))
            for table in tables
        ]
        return sql.SQL(
            "create publication {} for table {} with (publish = {}, publish_via_partition_root = true)"
        ).format(sql.Identifier(name), sql.SQL(", ").join(parts), sql.Literal(publish))


def _connected(dsn: str) -> psycopg.Connection:
    return psycopg.connect(dsn, autocommit=True)


def _one(conn: psycopg.Connection, question: str, values: tuple[Any, ...] = ()) -> Any:
    row = conn.execute(SQL[question], values).fetchone()
    assert row is not None
    return row[0]
