"""The schema and who sees what: installed once or twice, by a superuser or not; a merchant sees only itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ordna.store import schema
from ordna.store.database import Database

TABLES = (
    "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'merchant_id'"
    " and not a.attisdropped where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
)
CROSSING = {"lease", "address"}


def rows(dsn: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as conn:
        return conn.execute(statement.encode()).fetchall()


@pytest.fixture
def db(database: str) -> Iterator[Database]:
    opened = Database(database, connections_max=2, patience_s=0.3)
    for merchant in (1, 2):
        with opened.engine([merchant]) as conn:
            conn.execute(b"insert into merchant (merchant_id, name) values (%s, 'M')", (merchant,))
            conn.execute(b"insert into switch (merchant_id, name, value) values (%s, 'a', 'b')", (merchant,))
    yield opened
    opened.close()


def test_installing_again_changes_nothing(empty_database: str) -> None:
    assert schema.install(empty_database) == [migration.name for migration in schema.MIGRATIONS]
    assert schema.install(empty_database) == []


def test_several_processes_may_install_at_once(empty_database: str) -> None:
    with ThreadPoolExecutor(4) as many:
        ran = list(many.map(schema.install, [empty_database] * 4))
    assert sorted(map(len, ran)) == [0, 0, 0, len(schema.MIGRATIONS)]


def test_a_user_who_may_not_make_roles_is_told_so(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as conn:
        conn.execute("create role weak_for_test login password 'weak'")
        conn.execute("grant all on schema public to weak_for_test")
    dsn = make_conninfo(empty_database, user="weak_for_test", password="weak")
    try:
        assert not rows(empty_database, "select 1 where pg_has_role('weak_for_test', 'pg_monitor', 'member')")
        with psycopg.connect(empty_database, autocommit=True) as conn:
            conn.execute("revoke ordna_engine, ordna_reader from weak_for_test")
        with pytest.raises(schema.MayNotCreateRoles, match="CREATEROLE"):
            schema.install(dsn)
    finally:
        with psycopg.connect(empty_database, autocommit=True) as conn:
            conn.execute("drop owned by weak_for_test")
            conn.execute("drop role weak_for_test")


def test_a_user_who_owns_the_database_and_may_make_roles_can_install_and_work(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as conn:
        conn.execute("create role owner_for_test login createrole password 'owner'")
        conn.execute("grant all on schema public to owner_for_test")
        conn.execute("grant ordna_engine, ordna_reader to owner_for_test with admin option")
    dsn = make_conninfo(empty_database, user="owner_for_test", password="owner")
    try:
        schema.install(dsn)
        opened = Database(dsn)
        with opened.engine([1]) as conn:
            conn.execute(b"insert into merchant (merchant_id, name) values (1, 'M')")
        with opened.reader(2) as conn:
            assert conn.execute(b"select * from merchant").fetchall() == []
        opened.close()
    finally:
        with psycopg.connect(empty_database, autocommit=True) as conn:
            conn.execute("drop owned by owner_for_test cascade")
            conn.execute("drop role owner_for_test")


def test_every_table_of_a_merchant_is_guarded(database: str) -> None:
    tables = {name for (name,) in rows(database, TABLES)} - CROSSING
    assert len(tables) > 15
    guarded = rows(
        database,
        "select relname from pg_class where relrowsecurity and relforcerowsecurity"
        " and relname in (select tablename from pg_policies where cmd = 'ALL'"
        " and qual is not null and with_check is not null)",
    )
    assert {name for (name,) in guarded} >= tables


def test_the_merchant_comes_first_in_every_key(database: str) -> None:
    late = rows(
        database,
        "select i.indrelid::regclass, i.indexrelid::regclass from pg_index i join pg_attribute a"
        " on a.attrelid = i.indrelid and a.attnum = i.indkey[0] where i.indisunique and a.attname <> 'merchant_id'"
        f" and i.indrelid in (select oid from pg_class where relname in ({TABLES}))"
        " and i.indrelid <> 'address'::regclass",
    )
    assert late == []


def test_without_merchants_nothing_is_seen_and_foreign_ones_are_invisible(db: Database) -> None:
    with db.engine([]) as conn:
        assert conn.execute(b"select * from merchant").fetchall() == []
    with db.engine([2]) as conn:
        assert conn.execute(b"select merchant_id from switch").fetchall() == [(2,)]
        assert conn.execute(b"update switch set value = 'x' where merchant_id = 1").rowcount == 0
        assert conn.execute(b"delete from switch where merchant_id = 1").rowcount == 0
    with db.engine([1, 2]) as conn:
        assert conn.execute(b"select count(*) from switch where value = 'b'").fetchone() == (2,)
    with db.reader(1) as conn:
        assert conn.execute(b"select merchant_id from merchant").fetchall() == [(1,)]


def test_a_connection_forgets_its_merchants_with_their_transaction(db: Database) -> None:
    with db.engine([1]) as conn:
        assert conn.execute(b"select count(*) from merchant").fetchone() == (1,)
        pid = conn.info.backend_pid
    idle = db._engine._free[-1]
    assert idle.info.backend_pid == pid, "the connection that was just given back"
    assert idle.execute(b"select merchant_id from merchant").fetchall() == []
    idle.rollback()


def test_nobody_writes_for_a_foreign_merchant(db: Database) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.engine([2]) as conn:
        conn.execute(b"insert into switch (merchant_id, name, value) values (1, 'c', 'd')")


def test_the_reader_writes_nothing_and_sees_no_credentials(db: Database) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), db.reader(1) as conn:
        conn.execute(b"delete from switch")
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        psycopg.connect(db.dsn, options="-c role=ordna_reader") as conn,
    ):
        conn.execute("delete from switch")
    for column in ("credentials", "webhook_secrets"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), db.reader(1) as conn:
            conn.execute(f"select {column} from connection".encode())


def test_the_engine_changes_no_tables(db: Database) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.engine([1]) as conn:
        conn.execute(b"alter table switch disable row level security")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.engine([1]) as conn:
        conn.execute(b"create table x (y int)")


def test_an_error_rolls_back_and_the_connection_serves_on(db: Database) -> None:
    with pytest.raises(ZeroDivisionError), db.engine([1]) as conn:
        conn.execute(b"delete from switch")
        raise ZeroDivisionError
    with db.engine([1]) as conn:
        assert conn.execute(b"select count(*) from switch").fetchone() == (1,)
    assert db.commits == 3
