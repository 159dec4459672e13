"""Partitions by time: made ahead of the clock, found by key whatever their number, dropped when nothing is in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg
import pytest

from ordna.store import inbox, partitions, schema
from ordna.store.database import Database, Overtaken, sending
from ordna.store.partitions import INBOX, JOURNAL, TIMED, Timed

PATIENCE_S = 5.0
[JOURNALS, *_] = JOURNAL


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection]:
    """The connection of the tables' owner."""
    with psycopg.connect(database, autocommit=True) as conn:
        yield conn


def entry(conn: psycopg.Connection, order: str, seq: int, recorded_at: datetime) -> None:
    conn.execute(
        "insert into journal (merchant_id, order_id, seq, kind, version, occurred_at, recorded_at, actor_kind, actor,"
        " cause, policy_version, data)"
        " values (1, %s, %s, 'OrderPlaced', 1, %s, %s, 'outside', 'shopify', 'x', 1, '{}')",
        (order, seq, recorded_at, recorded_at),
    )


def place(conn: psycopg.Connection, order: str, table: str = "journal") -> list[str]:
    found = conn.execute(f"select tableoid::regclass::text from {table} where order_id = %s".encode(), (order,))
    return [row[0] for row in found]


def first_free(conn: psycopg.Connection, timed: Timed) -> datetime:
    return partitions.of(conn, timed.table)[-1].until


def make(conn: psycopg.Connection, timed: Timed, days: int) -> list[str]:
    """What the clock makes while so many days go by after the first partition."""
    first = first_free(conn, timed)
    return [
        name
        for day in range(0, days + 1, 20)
        for name in partitions.make_ahead(conn, timed, first + timedelta(days=day), PATIENCE_S)
    ]


@pytest.mark.parametrize("timed", TIMED, ids=lambda timed: timed.table)
def test_partitions_are_made_ahead_of_the_clock_and_only_once(owner: psycopg.Connection, timed: Timed) -> None:
    now = first_free(owner, timed) + timedelta(days=20)
    made = partitions.make_ahead(owner, timed, now, PATIENCE_S)
    known = partitions.of(owner, timed.table)
    assert made == [one.name for one in known[-len(made) :]]
    assert all(before.until == after.since for before, after in pairwise(known))
    assert known[-1].since is not None and known[-1].since > now
    assert partitions.make_ahead(owner, timed, now, PATIENCE_S) == []
    assert timed.table not in list(partitions.missing(owner, now))
    assert timed.table in list(partitions.missing(owner, now + timedelta(days=100)))


def test_days_that_nobody_made_partitions_for_stay_in_the_rest(owner: psycopg.Connection) -> None:
    first = first_free(owner, INBOX)
    message(owner, "missed", first + timedelta(days=5), "facts")
    made = partitions.make_ahead(owner, INBOX, first + timedelta(days=400), PATIENCE_S)
    assert len(made) == 31 + 4 and kept(owner) == {"missed": "inbox_rest"}


def test_rows_go_where_their_time_says_and_what_has_no_place_lies_in_the_rest(owner: psycopg.Connection) -> None:
    later = first_free(owner, JOURNALS)
    for order, moment in (
        ("old", datetime(2024, 5, 5, tzinfo=UTC)),
        ("new", later),
        ("far", later + timedelta(days=999)),
    ):
        entry(owner, order, 1, moment)
    assert place(owner, "old") == ["journal_begin"] and place(owner, "new") == place(owner, "far") == ["journal_rest"]
    [name, *_] = partitions.make_ahead(owner, JOURNALS, later, PATIENCE_S)
    assert place(owner, "new") == [name] and place(owner, "far") == ["journal_rest"]


def test_only_an_empty_partition_is_dropped(owner: psycopg.Connection) -> None:
    now = first_free(owner, JOURNALS)
    [first, second, *_] = make(owner, JOURNALS, 80)
    entry(owner, "kept", 1, now + timedelta(days=1))
    late = now + timedelta(days=65)
    assert partitions.drop_empty(owner, JOURNALS, late, PATIENCE_S) == ["journal_begin", second]
    assert place(owner, "kept") == [first]
    owner.execute("delete from journal")
    assert partitions.drop_empty(owner, JOURNALS, late, PATIENCE_S) == [first]


def test_a_partition_is_guarded_as_its_table_is(owner: psycopg.Connection, database: str) -> None:
    now = first_free(owner, JOURNALS)
    [name, *_] = partitions.make_ahead(owner, JOURNALS, now, PATIENCE_S)
    entry(owner, "mine", 1, now)
    opened = Database(database)
    with opened.engine([2]) as conn:
        assert conn.execute(b"select count(*) from journal").fetchone() == (0,)
    with opened.engine([1]) as conn:
        assert conn.execute(b"select count(*) from journal").fetchone() == (1,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), opened.engine([1]) as conn:
        conn.execute(f"select * from {name}".encode())
    opened.close()
    assert owner.execute("select relforcerowsecurity from pg_class where relname = %s", (name,)).fetchone() == (True,)


def test_an_order_is_found_by_its_key_in_every_partition_by_an_index(owner: psycopg.Connection) -> None:
    make(owner, JOURNALS, 360)
    owner.execute("set enable_seqscan = off")  # what is empty is scanned at no cost, and says nothing
    plan = owner.execute(
        "explain (format json) select * from journal where merchant_id = 1 and order_id = 'x' and seq < 10 order by seq"
    ).fetchone()
    assert plan is not None and "Seq Scan" not in str(plan[0]) and str(plan[0]).count("Index Scan") >= 12


def test_the_journal_of_a_database_in_use_becomes_a_partition_without_being_copied(empty_database: str) -> None:
    before = [migration for migration in schema.MIGRATIONS if migration.number < 52]
    schema.install(empty_database, before)
    with psycopg.connect(empty_database, autocommit=True) as conn:
        for number in range(500):
            entry(conn, f"o{number}", 1, datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=number))
        decide = "insert into decision values (1, 'o1', 1, 0, now(), 'x', 1, '{}') returning decision_id"
        conn.execute(decide)
        [(file,)] = conn.execute("select pg_relation_filenode('journal')").fetchall()
        schema.install(empty_database, contract=False)
        assert conn.execute("select pg_relation_filenode('journal_begin')").fetchall() == [(file,)]
        assert conn.execute("select count(*) from only journal_begin").fetchall() == [(500,)]
        assert conn.execute(decide).fetchall() == [(2,)]
        with pytest.raises(psycopg.errors.UniqueViolation):
            entry(conn, "o1", 1, datetime(2025, 1, 2, tzinfo=UTC))


def message(conn: psycopg.Connection, name: str, received_at: datetime, outcome: str | None) -> None:
    conn.execute(
        "insert into inbox (merchant_id, received_at, lane, connection_id, topic, webhook_id, headers, body,"
        " handled_at, outcome) values (1, %s, 1, 7, 'orders/create', %s, '{}', 'body', %s, %s)",
        (received_at, name, received_at if outcome else None, outcome),
    )


def kept(conn: psycopg.Connection) -> dict[str, str]:
    return dict(conn.execute("select webhook_id, tableoid::regclass::text from inbox").fetchall())


def test_an_old_day_of_messages_is_dropped_and_what_is_not_done_with_is_kept(owner: psycopg.Connection) -> None:
    first = first_free(owner, INBOX)
    [day, *_] = partitions.make_ahead(owner, INBOX, first, PATIENCE_S)
    for name, outcome in (("done", "facts"), ("waits", None), ("odd", "quarantined"), ("useless", "unusable")):
        message(owner, name, first + timedelta(hours=9), outcome)
    message(owner, "young", first + timedelta(days=1), "facts")
    assert set(kept(owner).values()) == {day, f"inbox_{first + timedelta(days=1):%Y%m%d}"}
    ids = dict(owner.execute("select webhook_id, inbox_id from inbox").fetchall())
    assert day in partitions.drop_old_messages(owner, first + timedelta(days=1), PATIENCE_S)
    left = kept(owner)
    assert set(left) == {"waits", "odd", "young"} and left["waits"] == left["odd"] == "inbox_rest"
    assert dict(owner.execute("select webhook_id, inbox_id from inbox").fetchall()).items() <= ids.items()


def test_what_was_kept_goes_once_it_is_dealt_with(owner: psycopg.Connection) -> None:
    long_ago = datetime(2024, 1, 1, tzinfo=UTC)
    partitions.drop_old_messages(owner, datetime(2999, 1, 1, tzinfo=UTC), PATIENCE_S)
    for name, outcome in (("done", "facts"), ("waits", None), ("odd", "quarantined")):
        message(owner, name, long_ago, outcome)
    owner.execute("insert into seen values (1, 'done', 'x', %s), (1, 'new', 'x', now())", (long_ago,))
    assert partitions.forget(owner, long_ago + timedelta(days=15)) == 2
    assert set(kept(owner)) == {"waits", "odd"}
    assert owner.execute("select webhook_id from seen").fetchall() == [("new",)]


def test_messages_of_two_days_are_taken_oldest_first_and_finished(owner: psycopg.Connection, database: str) -> None:
    first = first_free(owner, INBOX)
    partitions.make_ahead(owner, INBOX, first, PATIENCE_S)
    moments = [first + timedelta(days=1), first - timedelta(days=1), first + timedelta(hours=1)]
    for number, moment in enumerate(moments):
        message(owner, f"m{number}", moment, None)
    opened = Database(database)
    with opened.engine([1]) as conn:
        rows = inbox.take_waiting(conn, [(1, 1, 0)], rows_max=10, lane_rows_max=10, bytes_max=1000)
        assert [row.webhook_id for row in rows] == ["m0", "m1", "m2"]
        outcomes = [inbox.Handled(1, row.inbox_id, row.received_at, "facts") for row in rows]
        with sending(conn) as sent:
            inbox.finish(conn, outcomes, first, sent)
    with pytest.raises(Overtaken), opened.engine([1]) as conn, sending(conn) as sent:
        inbox.finish(conn, outcomes, first, sent)
    opened.close()


def test_finishing_looks_only_into_the_days_the_messages_came_on(owner: psycopg.Connection) -> None:
    first = first_free(owner, INBOX)
    partitions.make_ahead(owner, INBOX, first + timedelta(days=14), PATIENCE_S)
    asked = "execute finish (now(), '{1}', '{1}', array[%s]::timestamptz[], '{facts}', '{null}')"
    text = inbox.SQL["finish"].decode()
    for number in range(1, 7):
        text = text.replace("%s", f"${number}", 1)
    owner.execute(f"prepare finish as {text}".encode())
    how = "explain (analyze, costs off, timing off, summary off) "
    with psycopg.ClientCursor(owner) as typed:
        plan = [row[0] for row in typed.execute(how + asked, (first + timedelta(hours=1),)).fetchall()]
    looked = [line for line in plan if " Scan" in line and " on inbox" in line and "never executed" not in line]
    assert len(looked) == 1 and f" on inbox_{first:%Y%m%d} " in looked[0], plan
    assert sum("never executed" in line for line in plan) > 10
