"""The reader's door to the database.

A `View` is one short read-only transaction under the reader role that sees one merchant and nothing else: row-level
security is the second wall behind the `merchant_id` every statement carries.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from psycopg.rows import class_row

from ordna.store.database import Connection, Database

Row = TypeVar("Row")


@dataclass(frozen=True)
class View:
    """One merchant's data as of one transaction. `now` is the database's clock: what is late is late by it."""

    connection: Connection
    merchant_id: int
    now: datetime

    def rows(self, statement: bytes, kind: type[Row], **values: object) -> list[Row]:
        """All rows of a statement as values of a type with the columns' names."""
        with self.connection.cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute(statement, self._bound(values), prepare=False).fetchall()

    def row(self, statement: bytes, kind: type[Row], **values: object) -> Row | None:
        """The first row, or None."""
        with self.connection.cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute(statement, self._bound(values), prepare=False).fetchone()

    def number(self, statement: bytes, **values: object) -> int:
        """A single whole number (or a truth as 0 or 1)."""
        found = self.connection.execute(statement, self._bound(values), prepare=False).fetchone()
        return int(found[0]) if found and found[0] is not None else 0

    def numbers(self, statement: bytes, **values: object) -> list[int]:
        """A column of whole numbers."""
        found = self.connection.execute(statement, self._bound(values), prepare=False).fetchall()
        return [int(row[0]) for row in found]

    def _bound(self, values: dict[str, object]) -> dict[str, object]:
        return {"merchant_id": self.merchant_id, "now": self.now, **values}


@contextmanager
def view(database: Database, merchant_id: int) -> Iterator[View]:
    """What one merchant may see, now. `ordna.store.database.DatabaseDown` when no connection is to be had."""
    with database.reader(merchant_id) as connection:
        found = connection.execute("select now()").fetchone()
        assert found is not None
        yield View(connection, merchant_id, found[0])
