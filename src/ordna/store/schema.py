"""The schema, as numbered migrations: `install(dsn)` brings any database to the newest, and does nothing when it is
there.

A migration that has been released never changes. Roles, row-level security and grants are no migration: they are stated
anew at every install, so that a table added later can't be forgotten.
"""

from __future__ import annotations

import psycopg

from ordna.store.database import DatabaseError
from ordna.store.expectations import teach
from ordna.store.sql import blocks

_ACCESS = blocks("access.sql")
_LISTS = blocks("lists.sql")

MIGRATIONS: tuple[tuple[int, str, bytes], ...] = (
    (1, "tables", blocks("schema.sql")["tables"]),
    (2, "compression", _ACCESS["compression"]),
    (3, "packed bodies", blocks("migrations.sql")["packed_bodies"]),
    (70, "indexes of the lists", _LISTS["indexes"]),
    (71, "an index of the lists that others serve", _LISTS["superseded"]),
)
"""(number, name, statements), in order."""


class MayNotCreateRoles(DatabaseError):
    """The database user may neither create the roles ordna_engine and ordna_reader nor act as them: run this once as a
    user with CREATEROLE, or create both roles (nologin) and grant them to the user."""

    def __init__(self) -> None:
        super().__init__(" ".join((self.__doc__ or "").split()))


class NewerSchema(DatabaseError):
    """The database was migrated by a newer Ordna than this one."""


def install(dsn: str) -> list[str]:
    """Bring the database to the newest schema; the names of the migrations that ran. One transaction, safe to run at
    once from several processes. `MayNotCreateRoles`, `NewerSchema`."""
    with psycopg.connect(dsn) as conn:
        conn.execute(_ACCESS["lock"])
        if not _one(conn, _ACCESS["may_create_roles"]):
            raise MayNotCreateRoles
        conn.execute(_ACCESS["ledger"])
        known = _one(conn, _ACCESS["applied"])
        if known > MIGRATIONS[-1][0]:
            raise NewerSchema(f"The database has schema {known}, this Ordna knows {MIGRATIONS[-1][0]}.")
        fresh = [migration for migration in MIGRATIONS if migration[0] > known]
        for number, name, statements in fresh:
            conn.execute(statements)
            conn.execute(_ACCESS["note"], (number, name))
        if known == 0:
            teach(conn)
        for block in ("roles", "security", "grants"):
            conn.execute(_ACCESS[block])
    return [name for _, name, _ in fresh]


def _one(conn: psycopg.Connection, statement: bytes) -> int:
    row = conn.execute(statement).fetchone()
    assert row is not None
    return int(row[0])
