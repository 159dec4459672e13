"""Ordna on a Citus cluster: which table goes where, the statements that put it there, and the rules that make it
possible.

Every table is spread over the nodes by its merchant, all of a merchant's rows on one node; or it is a reference table,
whole on every node; or it stays where it is. A table added later is spread because it has a merchant_id: only the
exceptions are listed.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from msgspec import Struct

from ordna.store.database import DatabaseError
from ordna.store.sql import blocks

SQL = blocks("distribution.sql")

KEY = "merchant_id"
ROOT = "merchant"
REFERENCE = ("address", "lease", "process", "tally")
"""Read before a merchant is known, or across merchants."""
LOCAL = ("ordna_migration",)
"""Only the schema's own memory: it stays with the coordinator."""


class NoCitus(DatabaseError):
    """This server has not got the extension citus. Run `create extension citus` on a Citus cluster's coordinator first;
    `ordna db distribute --dry-run` prints what would be run there."""

    def __init__(self) -> None:
        super().__init__(" ".join((self.__doc__ or "").split()))


class NotDistributable(DatabaseError):
    """The schema breaks a rule of distributed tables."""


class Plan(Struct, frozen=True):
    """Which tables go where, in the order they go there."""

    reference: tuple[str, ...]
    distributed: tuple[str, ...]

    def statements(self) -> list[str]:
        """What is run, in order."""
        out = [f"select create_reference_table('{table}')" for table in self.reference]
        for table in self.distributed:
            beside = "" if table == ROOT else f", colocate_with => '{ROOT}'"
            out.append(f"select create_distributed_table('{table}', '{KEY}'{beside})")
        return out


def distribute(dsn: str) -> list[str]:
    """Spread the tables over the cluster's nodes; the statements that ran. What is spread already stays as it is.
    `NoCitus`, `NotDistributable`."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        wanted = plan(conn)
        if not _has(conn, "has_citus"):
            raise NoCitus
        done = {str(row[0]) for row in conn.execute(SQL["distributed_already"])}
        left = Plan(
            tuple(table for table in wanted.reference if table not in done),
            tuple(table for table in wanted.distributed if table not in done),
        )
        for statement in left.statements():
            conn.execute(statement.encode())
    return left.statements()


def dry_run(dsn: str) -> list[str]:
    """The statements that `distribute` would run on a fresh cluster. `NotDistributable`."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        return plan(conn).statements()


def plan(conn: psycopg.Connection) -> Plan:
    """The plan for this schema, those that are pointed to before those that point. `NotDistributable`."""
    wrong = list(violations(conn))
    if wrong:
        raise NotDistributable("\n".join(wrong))
    ours = [str(row[0]) for row in conn.execute(SQL["tables"])]
    spread = [table for table in ours if table not in (*REFERENCE, *LOCAL)]
    points = {(str(row[0]), str(row[2])) for row in conn.execute(SQL["foreign_keys"])}
    ordered: list[str] = []
    while spread:
        free = [table for table in spread if not any((table, other) in points for other in spread if other != table)]
        ordered += sorted(free, key=lambda table: (table != ROOT, table))
        spread = [table for table in spread if table not in ordered]
    return Plan(REFERENCE, tuple(ordered))


def violations(conn: psycopg.Connection) -> Iterator[str]:
    """Every rule that a table, key or trigger breaks, in sentences."""
    apart = (*REFERENCE, *LOCAL)
    for table, has_merchant in conn.execute(SQL["tables"]).fetchall():
        if not has_merchant and table not in apart:
            yield f"{table} has no {KEY}, and is no reference table."
    for (table,) in conn.execute(SQL["optional_merchants"]).fetchall():
        yield f"{table}.{KEY} may be null."
    for table, key, first, has_merchant in conn.execute(SQL["unique_keys"]).fetchall():
        if table not in apart and (not has_merchant or first != KEY):
            yield f"The unique key {key} of {table} does not begin with {KEY}."
    for table, key, other, by_merchant in conn.execute(SQL["foreign_keys"]).fetchall():
        if table in apart and other not in apart:
            yield f"{table} is a reference table, and its foreign key {key} points to {other}, which is spread."
        elif table not in apart and other not in REFERENCE and not by_merchant:
            yield f"The foreign key {key} of {table} does not take {KEY} to {other}."
    for table, trigger in conn.execute(SQL["triggers"]).fetchall():
        yield f"{table} has the trigger {trigger}."
    for table, column in conn.execute(SQL["small_identities"]).fetchall():
        yield f"{table}.{column} counts in a type smaller than bigint."


def _has(conn: psycopg.Connection, question: str) -> bool:
    return conn.execute(SQL[question]).fetchone() == (True,)
