"""The schema and every statement fit a cluster that spreads merchants over its nodes; what would not is found.

Citus itself is not installed where these tests run: the rules are its documented ones, read from the catalogue and from
our own statements. No cluster was ever asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest

from ordna.store import distribution
from tests.store.statements import bare, statements, touched, unbound

# Before a merchant is known, or for the whole house: run by the coordinator under the merchants that the session sees.
CROSSING = {
    ("leases.sql", "lanes_with_messages"): "finds lanes with work, all merchants of the worker at once",
    ("leases.sql", "oldest_waiting"): "finds where looks begin, all merchants of the worker at once",
}
# What makes and moves tables is no statement of the running house.
OF_THE_SCHEMA = {
    "schema.sql",
    "migrations.sql",
    "migrating.sql",
    "access.sql",
    "site.sql",
    "distribution.sql",
    "partitions.sql",
    "watch_tables.sql",
    "stock_tables.sql",
}
# What an operator looks at or puts right, seldom, for the whole house: the coordinator asks every node.
OF_THE_HOUSE = {
    "doctor.sql", "figures.sql", "invariants.sql", "stock_invariants.sql", "backups.sql", "restored.sql",
}  # fmt: skip


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database) as opened:
        yield opened
        opened.rollback()


def spread(conn: psycopg.Connection) -> set[str]:
    return set(distribution.plan(conn).distributed)


def test_every_table_key_and_trigger_fits(conn: psycopg.Connection) -> None:
    assert list(distribution.violations(conn)) == []
    plan = distribution.plan(conn)
    assert plan.distributed[0] == "merchant" and plan.reference == ("address", "lease", "process", "tally")
    assert {"orders", "inbox", "journal", "checkpoint"} < set(plan.distributed) and len(plan.distributed) > 18
    assert plan.statements()[4:6] == [
        "select create_distributed_table('merchant', 'merchant_id')",
        "select create_distributed_table('budget', 'merchant_id', colocate_with => 'merchant')",
    ]


@pytest.mark.parametrize(
    ("plant", "sentence"),
    [
        ("create table x (id bigint primary key)", "x has no merchant_id, and is no reference table."),
        ("create table x (merchant_id bigint, id bigint)", "x.merchant_id may be null."),
        (
            "create table x (merchant_id bigint not null, id bigint primary key)",
            "The unique key x_pkey of x does not begin with merchant_id.",
        ),
        (
            "create unique index x on orders (order_ref, merchant_id)",
            "The unique key x of orders does not begin with merchant_id.",
        ),
        (
            "create table x (merchant_id bigint not null, n text unique, primary key (merchant_id, n))",
            "The unique key x_n_key of x does not begin with merchant_id.",
        ),
        (
            "create unique index x on orders (order_id); "
            "alter table task add constraint f foreign key (order_id) references orders (order_id)",
            "The foreign key f of task does not take merchant_id to orders.",
        ),
        (
            "alter table address add constraint f foreign key (merchant_id) references merchant",
            "address is a reference table, and its foreign key f points to merchant, which is spread.",
        ),
        (
            "create function f() returns trigger language plpgsql as 'begin return new; end';"
            " create trigger g before insert on journal for each row execute function f()",
            "journal has the trigger g.",
        ),
        (
            "alter table task add column n int generated always as identity",
            "task.n counts in a type smaller than bigint.",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(conn: psycopg.Connection, plant: str, sentence: str) -> None:
    conn.execute(plant.encode())
    assert sentence in list(distribution.violations(conn))
    with pytest.raises(distribution.NotDistributable, match=re.escape(sentence)):
        distribution.plan(conn)


def test_a_foreign_key_to_a_reference_table_and_one_with_the_merchant_are_fine(conn: psycopg.Connection) -> None:
    conn.execute("alter table connection add column token text references address")
    conn.execute(
        "alter table budget add constraint f foreign key (merchant_id, connection_id) references connection"
        " (merchant_id, connection_id)"
    )
    assert list(distribution.violations(conn)) == []
    order = distribution.plan(conn).distributed
    assert order.index("merchant") < order.index("connection") < order.index("budget")


def test_every_statement_names_the_merchant_of_the_rows_it_reaches_for(conn: psycopg.Connection) -> None:
    tables, seen = spread(conn), 0
    wrong: dict[tuple[str, str], list[str]] = {}
    for file, name, text in statements():
        if file not in OF_THE_SCHEMA | OF_THE_HOUSE:
            seen += 1
            if found := unbound(text, tables):
                wrong[file, name] = found
    assert seen > 100
    assert set(wrong) == set(CROSSING), {key: wrong.get(key) for key in set(wrong) ^ set(CROSSING)}


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("select * from orders where order_id = %s", ["orders"]),
        ("select * from orders where order_id = 'merchant_id = 1'", ["orders"]),
        ("select * from orders -- where merchant_id = 1\n", ["orders"]),
        ("select * from orders o join task t on t.order_id = o.order_id where o.merchant_id = 1", ["task"]),
        ("select * from orders o, task t where t.order_id = o.order_id and o.merchant_id = 1", ["task"]),
        ("update orders o set seq = 1 from unnest(%s) as w(id) where o.order_id = w.id", ["orders"]),
        ("delete from task using orders o where o.merchant_id = 1 and task.order_id = o.order_id", ["task"]),
        ("insert into task (order_id) values (%s)", ["task"]),
        ("select 1 where exists (select from task t where t.order_id = %s)", ["task"]),
    ],
)
def test_a_statement_that_forgets_the_merchant_is_named(conn: psycopg.Connection, text: str, tables: list[str]) -> None:
    assert unbound(text, spread(conn)) == tables


def test_only_the_lease_is_locked_past_others(conn: psycopg.Connection) -> None:
    """A row of an order or of stock that is skipped because somebody works on it is a wrong answer."""

    def past_others(text: str) -> set[str]:
        every = {*spread(conn), *distribution.REFERENCE}
        return {table for table, _ in touched(text, every)} if "skip locked" in bare(text) else set()

    assert {table for _, _, text in statements() for table in past_others(text)} == {"lease"}
    assert past_others("select * from inbox i where i.merchant_id = 1 for update skip locked") == {"inbox"}


def test_without_citus_it_says_so_and_prints_what_it_would_run(database: str) -> None:
    with pytest.raises(distribution.NoCitus, match="--dry-run"):
        distribution.distribute(database)
    printed = distribution.dry_run(database)
    assert printed[0] == "select create_reference_table('address')" and len(printed) > 20
