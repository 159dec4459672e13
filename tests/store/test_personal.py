"""What every column may hold of a person is declared, and the declaration is complete."""

from __future__ import annotations

import psycopg
import pytest

from ordna.store import personal


def undeclared(dsn: str) -> set[tuple[str, str]]:
    """(table, column) that one side knows and the other does not."""
    with psycopg.connect(dsn) as conn:
        found = conn.execute(
            "select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid"
            " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition"
            " and a.attnum > 0 and not a.attisdropped"
        ).fetchall()
    declared = {(table, column) for table, columns in personal.COLUMNS.items() for column in columns}
    return declared ^ {(table, column) for table, column in found}


def test_every_column_is_declared(database: str) -> None:
    assert undeclared(database) == set()


@pytest.mark.parametrize("change", ["alter table note add column colour text", "create table visitor (ip text)"])
def test_a_new_column_without_a_declaration_is_seen(database: str, change: str) -> None:
    with psycopg.connect(database) as conn:
        conn.execute(change.encode())
    assert undeclared(database) in ({("note", "colour")}, {("visitor", "ip")})


def test_a_shop_that_is_deleted_leaves_no_table_out(database: str) -> None:
    from ordna.store.erasing import ORDER_TABLES, SHOP_TABLES

    with psycopg.connect(database) as conn:
        rows = conn.execute(
            "select c.relname, array_agg(a.attname::text) from pg_class c join pg_attribute a on a.attrelid = c.oid"
            " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition"
            " and a.attname in ('order_id', 'connection_id') group by 1"
        ).fetchall()
    by_order = {table for table, columns in rows if "order_id" in columns}
    by_shop = {table for table, columns in rows if columns == ["connection_id"]}
    assert set(ORDER_TABLES) | {"person_token"} == by_order
    assert set(SHOP_TABLES) == by_shop
