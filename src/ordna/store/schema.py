"""The schema, as numbered migrations: `install(dsn)` brings any database to the newest, and does nothing when it is
there.

A migration that has been released never changes. Roles, row-level security and grants are no migration: they are stated
anew at every install, so that a table added later can't be forgotten. How a migration runs while others work on the
database is said in `migrating.py`; docs/adr/0050-expand-backfill-contract.md says what each kind may do.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import psycopg
from msgspec import Struct
from psycopg import sql

from ordna.store import migrating, packing, partitions
from ordna.store.database import DatabaseError
from ordna.store.expectations import teach
from ordna.store.migrating import Applied, Migration, Tell
from ordna.store.sql import blocks

_ACCESS = blocks("access.sql")
_PARTITIONS = blocks("partitions.sql")
_INVARIANTS = blocks("invariants.sql")
_LISTS = blocks("lists.sql")
_GUARD = _ACCESS["guard"].decode()

PACKED_ONLY = 69
"""From here on no process runs that can't unpack a body."""

MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "tables", blocks("schema.sql")["tables"]),
    Migration(2, "compression", _ACCESS["compression"]),
    Migration(3, "packed bodies", blocks("migrations.sql")["packed_bodies"]),
    Migration(10, "watch", blocks("watch_tables.sql")["watch"]),
    Migration(20, "messages set aside", blocks("migrations.sql")["set_aside"], alone=True),
    Migration(30, "processes", blocks("figures.sql")["tables"]),
    Migration(40, "erasure", blocks("erasing.sql")["tables"]),
    Migration(50, "checkpoints", blocks("checkpoints.sql")["tables"]),
    Migration(52, "times of links", _PARTITIONS["journal_times"]),
    Migration(53, "keys with a time", _PARTITIONS["journal_keys"], alone=True),
    Migration(54, "the journal's first partition", _PARTITIONS["journal_bounds"]),
    Migration(55, "its rows proved", _PARTITIONS["journal_proof"], alone=True),
    Migration(56, "the journal by month", _PARTITIONS["journal_swap"]),
    Migration(57, "the inbox's key with a time", _PARTITIONS["inbox_keys"], alone=True),
    Migration(58, "the inbox's first partition", _PARTITIONS["inbox_bounds"]),
    Migration(59, "its messages proved", _PARTITIONS["inbox_proof"], alone=True),
    Migration(60, "the inbox by day", _PARTITIONS["inbox_swap"]),
    Migration(61, "invariants", _INVARIANTS["views"]),
    Migration(62, "indexes of the lists", _LISTS["indexes"], alone=True),
    Migration(63, "an index of the lists that others serve", _LISTS["superseded"], "contract", alone=True, needs=62),
    Migration(64, "indexes that cover the lists' filters", _LISTS["covering"], alone=True),
    Migration(65, "indexes of the lists without the filters", _LISTS["covered"], "contract", alone=True, needs=64),
    Migration(68, "dark connections, the shop's facts", blocks("migrations.sql")["dark"]),
    Migration(PACKED_ONLY, "bodies are stored packed", b"select 1", "contract", needs=3),
    Migration(70, "stock", blocks("stock_tables.sql")["tables"]),
    Migration(71, "invariants of stock", blocks("stock_invariants.sql")["views"]),
    Migration(90, "carriers and their labels", blocks("carriers.sql")["tables"]),
    Migration(91, "its constraints proved", blocks("carriers.sql")["proof"], alone=True),
)
"""In order. Numbers need not follow each other; what is missing in a database is run, whatever else was."""


class MayNotCreateRoles(DatabaseError):
    """The database user may neither create the roles ordna_engine and ordna_reader nor act as them: run this once as a
    user with CREATEROLE, or create both roles (nologin) and grant them to the user."""

    def __init__(self) -> None:
        super().__init__(" ".join((self.__doc__ or "").split()))


class NewerSchema(DatabaseError):
    """The database was migrated by a newer Ordna, which took away what this one needs."""

    def __init__(self, taken_by: Applied, newest: int) -> None:
        super().__init__(
            f"A newer Ordna has migrated the database: its step {taken_by.number} (“{taken_by.name}”) needs an Ordna"
            f" that knows schema {taken_by.needs}, and this one knows {newest}. Install the newer version here too."
        )


class OlderSchema(DatabaseError):
    """The database was not brought to the schema that this Ordna needs."""

    def __init__(self, missing: Sequence[Migration]) -> None:
        names = ", ".join(f"{migration.number} {migration.name}" for migration in missing[:5])
        super().__init__(f"The database lacks what this Ordna needs ({names}). Run: ordna db migrate")


class Standing(Struct, frozen=True):
    """Where a database stands: what was applied, what is still to come, and what a newer Ordna did to it."""

    applied: tuple[Applied, ...]
    pending: tuple[Migration, ...]
    held_back: tuple[Migration, ...]
    newer: tuple[Applied, ...]


def install(
    dsn: str,
    migrations: Sequence[Migration] = MIGRATIONS,
    *,
    contract: bool = True,
    tell: Tell = lambda _: None,
    patience_s: float = migrating.PATIENCE_S,
) -> list[str]:
    """Bring the database to the newest schema; the names of the migrations that ran. Safe to run at once from several
    processes, and while others work on the database; taken up where it broke off. Without `contract` nothing is taken
    away that an older Ordna may still use; a new database has none to consider. `MayNotCreateRoles`, `NewerSchema`,
    `TableBusy`."""
    with migrating.one_at_a_time(dsn), psycopg.connect(dsn, autocommit=True) as conn:
        if not conn.execute(_ACCESS["may_create_roles"]).fetchone() == (True,):
            raise MayNotCreateRoles
        migrating.open_ledger(conn)
        there = migrating.applied(conn)
        _refuse_newer(migrations, there)
        contract = contract or not there
        wanted = [one for one in migrations if one.number not in there and (contract or one.kind != "contract")]
        if there:
            migrating.in_use(conn, wanted, tell, patience_s)
        else:
            _begin(conn, wanted, patience_s)
        _state_access(conn, patience_s)
    return [migration.name for migration in wanted]


def enter(dsn: str) -> None:
    """Begin to work on the database as a process of this version, and write nothing that an older one beside it could
    not read. `OlderSchema`, `NewerSchema`."""
    check(dsn)
    if any(migration.number == PACKED_ONLY for migration in standing(dsn).held_back):
        packing.stop()


def check(dsn: str, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """May a process of this version work on the database? `OlderSchema`, `NewerSchema`."""
    found = standing(dsn, migrations)
    if found.pending:
        raise OlderSchema(found.pending)
    _refuse_newer(migrations, {one.number: one for one in found.newer})


def standing(dsn: str, migrations: Sequence[Migration] = MIGRATIONS) -> Standing:
    """Where the database stands. Looks only."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        there = migrating.applied(conn)
    ours = {migration.number for migration in migrations}
    missing = [migration for migration in migrations if migration.number not in there]
    return Standing(
        tuple(one for one in there.values() if one.number in ours),
        tuple(migration for migration in missing if migration.kind != "contract"),
        tuple(migration for migration in missing if migration.kind == "contract"),
        tuple(one for one in there.values() if one.number not in ours),
    )


def unprepared(dsn: str) -> list[str]:
    """The tables that have no partition for what comes a day from now: nobody makes any."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        row = conn.execute("select now()").fetchone()
        assert row is not None
        return list(partitions.missing(conn, row[0]))


def _begin(conn: psycopg.Connection, wanted: Sequence[Migration], patience_s: float) -> None:
    """A database without tables: all in one transaction."""
    with conn.transaction():
        migrating.unused(conn, wanted)
        teach(conn)
        _state_access(conn, patience_s)


def _state_access(conn: psycopg.Connection, patience_s: float) -> None:
    """Roles, row-level security and grants: each table's in a transaction of its own, so that none is held while
    another is waited for."""
    migrating.patiently("roles", lambda: migrating.at_once(conn, _ACCESS["roles"]), patience_s)
    for (table,) in conn.execute(_ACCESS["unguarded"]).fetchall():
        guard = sql.SQL(_GUARD).format(table=sql.Identifier(table))
        migrating.patiently(f"security of {table}", partial(migrating.at_once, conn, guard), patience_s)
    migrating.patiently("grants", lambda: migrating.at_once(conn, _ACCESS["grants"]), patience_s)


def _refuse_newer(migrations: Sequence[Migration], there: dict[int, Applied]) -> None:
    taken_by = migrating.incompatible(migrations, there)
    if taken_by is not None:
        raise NewerSchema(taken_by, max(migration.number for migration in migrations))
