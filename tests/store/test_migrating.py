"""Migrations on a database in use: short locks and another try, batches taken up again, contracts held back."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from ordna.store import migrating, schema
from ordna.store.migrating import Migration, TableBusy

FIRST = Migration(
    1,
    "things",
    b"create table thing (merchant_id bigint, n int, double int);"
    b" insert into thing select 1, g from generate_series(1, 2500) g",
)
COLUMN = Migration(2, "colour", b"alter table thing add column colour text")
FILL = Migration(
    3,
    "doubles",
    b"update thing set double = n * 2 where ctid in (select ctid from thing where double is null limit 1000)",
    "backfill",
)
INDEX = Migration(
    4,
    "by number",
    b"-- two\ncreate index concurrently if not exists thing_n on thing (n);"
    b" create unique index concurrently if not exists thing_d on thing (double);",
    alone=True,
)
GONE = Migration(5, "no colour", b"alter table thing drop column colour", "contract", needs=4)
ALL = (FIRST, COLUMN, FILL, INDEX, GONE)


@pytest.fixture
def begun(empty_database: str) -> str:
    """A database with the first migration and 2,500 things."""
    schema.install(empty_database, [FIRST])
    return empty_database


def one(dsn: str, statement: str) -> object:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


@contextmanager
def holding(dsn: str, statement: str) -> Iterator[psycopg.Connection]:
    """Somebody's transaction that keeps its locks."""
    with psycopg.connect(dsn) as conn:
        conn.execute(statement.encode())
        yield conn
        conn.rollback()


def test_all_kinds_run_in_order_and_only_once(begun: str) -> None:
    told: list[str] = []
    assert schema.install(begun, ALL, tell=told.append) == ["colour", "doubles", "by number", "no colour"]
    assert "doubles: 1,000 rows" in told and "doubles: 2,500 rows" in told
    assert one(begun, "select count(*) from thing where double = n * 2") == 2500
    assert one(begun, "select count(*) from pg_indexes where indexname in ('thing_n', 'thing_d')") == 2
    assert schema.install(begun, ALL) == []


def test_what_is_missing_is_run_whatever_else_was(begun: str) -> None:
    assert schema.install(begun, [FIRST, INDEX._replace(statements=b"select 1")]) == ["by number"]
    assert schema.install(begun, ALL) == ["colour", "doubles", "no colour"]


def test_a_migration_waits_for_a_lock_only_briefly_lets_go_and_tries_again(begun: str) -> None:
    took: list[float] = []

    def ask() -> None:
        began = time.monotonic()
        one(begun, "select count(*) from thing")
        took.append(time.monotonic() - began)

    with holding(begun, "select count(*) from thing") as holder:
        running = threading.Thread(target=schema.install, args=(begun, [FIRST, COLUMN]))
        running.start()
        for _ in range(15):
            ask()
            time.sleep(0.1)
        assert running.is_alive()
        holder.rollback()
    running.join(20)
    assert not running.is_alive() and max(took) < 0.7
    assert one(begun, "select count(*) from ordna_migration where number = 2") == 1


def test_a_table_that_stays_taken_is_said_and_nothing_is_half_done(begun: str) -> None:
    halves = COLUMN._replace(statements=b"create table other (x int); alter table thing add column colour text")
    with holding(begun, "select count(*) from thing"), pytest.raises(TableBusy, match=r"“colour”.*ordna db migrate"):
        schema.install(begun, [FIRST, halves], patience_s=0.5)
    assert one(begun, "select to_regclass('other') is null") is True
    assert schema.install(begun, [FIRST, halves]) == ["colour"]


def test_a_backfill_that_broke_off_goes_on_where_it_stopped(begun: str) -> None:
    class Unplugged(Exception): ...

    def pull_the_plug(how_far: str) -> None:
        if "2,000" in how_far:
            raise Unplugged

    with pytest.raises(Unplugged):
        schema.install(begun, [FIRST, FILL], tell=pull_the_plug)
    assert one(begun, "select count(*) from thing where double is null") == 500
    told: list[str] = []
    assert schema.install(begun, [FIRST, FILL], tell=told.append) == ["doubles"]
    assert told == ["doubles", "doubles: 500 rows"]


def test_an_index_whose_building_broke_off_is_built_anew(begun: str) -> None:
    with psycopg.connect(begun, autocommit=True) as conn:
        conn.execute("update thing set n = 1 where n = 2")
        with pytest.raises(psycopg.errors.UniqueViolation):
            conn.execute("create unique index concurrently thing_n on thing (n)")
        conn.execute("update thing set n = 2 where ctid = (select max(ctid) from thing where n = 1)")
    assert one(begun, "select indisvalid from pg_index where indexrelid = 'thing_n'::regclass") is False
    schema.install(begun, [FIRST, FILL, INDEX])
    assert one(begun, "select bool_and(indisvalid) from pg_index where indrelid = 'thing'::regclass") is True


def test_an_index_is_built_while_others_wait_to_migrate_too(begun: str) -> None:
    """A session that stood waiting for the lock in a statement would be waited for by the index, and that one by it."""
    many = [threading.Thread(target=schema.install, args=(begun, [FIRST, FILL, INDEX])) for _ in range(3)]
    for thread in many:
        thread.start()
    for thread in many:
        thread.join(30)
    assert not any(thread.is_alive() for thread in many)
    assert one(begun, "select count(*) from ordna_migration") == 3


def test_what_takes_away_waits_until_it_is_asked_for(begun: str) -> None:
    assert "no colour" not in schema.install(begun, ALL, contract=False)
    assert [held.name for held in schema.standing(begun, ALL).held_back] == ["no colour"]
    schema.check(begun, ALL)
    assert schema.install(begun, ALL) == ["no colour"]


def test_an_older_version_runs_beside_what_was_added_and_not_beside_what_was_taken_away(begun: str) -> None:
    schema.install(begun, ALL, contract=False)
    schema.check(begun, [FIRST])
    assert schema.install(begun, [FIRST]) == []
    schema.install(begun, ALL)
    schema.check(begun, ALL[:4])
    for refuses in (schema.check, schema.install):
        with pytest.raises(schema.NewerSchema, match=r"“no colour”.* knows schema 4, and this one knows 2"):
            refuses(begun, ALL[:2])


def test_a_version_refuses_a_database_that_lacks_what_it_needs(begun: str, databases) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(schema.OlderSchema, match=r"2 colour.*ordna db migrate"):
        schema.check(begun, ALL)
    blank = databases.create("template1")
    with pytest.raises(schema.OlderSchema):
        schema.check(databases.dsn(blank))
    databases.drop(blank)


def test_the_memory_of_a_database_made_before_kinds_were_known_is_understood(begun: str) -> None:
    with psycopg.connect(begun) as conn:
        conn.execute("alter table ordna_migration drop column needs, drop column kind")
    assert schema.standing(begun, ALL).applied[0].number == 1
    assert schema.install(begun, ALL[:2]) == ["colour"]


def test_every_contract_says_what_may_still_run_beside_it() -> None:
    numbers = [migration.number for migration in schema.MIGRATIONS]
    assert numbers == sorted(set(numbers))
    for migration in schema.MIGRATIONS:
        assert migration.needs in numbers if migration.kind == "contract" else migration.needs == 0


def test_the_lock_is_given_up_sooner_than_the_intake_gives_up() -> None:
    from ordna.engine.receive import STORE_PATIENCE_S

    assert b"'400ms'" in migrating.SQL["short_locks"] and STORE_PATIENCE_S > 0.4


# What takes a table in use away from everybody for as long as it has rows, and what to do instead.
SLOW = {
    r"create\s+(unique\s+)?index\s+(?!concurrently)": "build it concurrently, alone",
    r"alter\s+column\s+\w+\s+(set\s+data\s+)?type": "add a column, backfill it, contract",
    r"alter\s+column\s+\w+\s+set\s+not\s+null": "add a check that is not valid yet, validate it alone",
    r"\bvacuum\s+full|\bcluster\b": "nobody waits for that",
    r"add\s+(constraint\s+\w+\s+)?(check|foreign\s+key)(?![^;]*not\s+valid)": "add it not valid, validate it alone",
}
SMALL = ("merchant", "connection", "policy", "address", "switch", "budget")  # some rows a merchant, whatever happens
TAKES_AWAY = r"drop\s+(table|column)|rename\s+column"


def slow(migration: Migration) -> list[str]:
    """What of a migration is slow on a big table; a table it makes itself is empty."""
    text = re.sub(r"--[^\n]*", "", migration.statements.decode()).lower()
    made = set(re.findall(r"create\s+table\s+(?:if\s+not\s+exists\s+)?(\w+)", text))
    found = []
    for statement in text.split(";"):
        if any(re.search(rf"\b(on|table)\s+{table}\b", statement) for table in (*made, *SMALL)):
            continue
        found += [advice for pattern, advice in SLOW.items() if re.search(pattern, statement)]
        if migration.kind != "contract" and re.search(TAKES_AWAY, statement):
            found.append("only a contract takes away")
    return found


def test_no_migration_after_the_first_is_slow_on_a_big_table() -> None:
    wrong = {migration.name: slow(migration) for migration in schema.MIGRATIONS[1:] if slow(migration)}
    assert wrong == {}


@pytest.mark.parametrize(
    "statement",
    [
        b"create index x on orders (name)",
        b"-- concurrently\ncreate unique index x on orders (name)",
        b"alter table orders alter column total type numeric",
        b"alter table orders alter column total set not null",
        b"alter table orders add constraint x check (total > 0)",
        b"alter table orders add foreign key (merchant_id) references merchant",
        b"alter table orders drop column total",
        b"create table y (a int); create index x on orders (name)",
    ],
)
def test_what_is_slow_is_named(statement: bytes) -> None:
    assert slow(Migration(9, "x", statement)) != []


@pytest.mark.parametrize(
    "statement",
    [
        b"create index concurrently x on orders (name)",
        b"create table y (a int); create index x on y (a)",
        b"alter table orders add column z text",
        b"alter table orders add constraint x check (total > 0) not valid",
        b"alter table orders validate constraint x",
    ],
)
def test_what_is_quick_is_fine(statement: bytes) -> None:
    assert slow(Migration(9, "x", statement)) == []
