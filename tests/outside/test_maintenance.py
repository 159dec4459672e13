"""Looking after the tables: one worker of all does it, some minutes apart, and nobody's work waits for it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ordna.engine import archive, clock
from ordna.engine.archive import Keeping
from ordna.engine.maintenance import Maintenance
from ordna.engine.replay import replay
from ordna.store import partitions
from ordna.store.database import Database
from tests.outside.conftest import House


def test_of_many_workers_one_looks_after_the_tables(house: House, tmp_path: Path) -> None:
    workers = [Maintenance(house.database, f"worker {number}", tmp_path) for number in range(4)]
    assert [worker.round(clock.now()) for worker in workers] == [True, False, False, False]
    house.rows_changed("update lease set until = now() where merchant_id = -1")
    assert [worker.round(clock.now()) for worker in workers[1:]] == [True, False, False]


def test_two_years_go_by(house: House, tmp_path: Path) -> None:
    house.place(closed_at="2026-11-23T12:10:00+01:00")
    house.place(5002)
    archive.keep(house.database, 1, Keeping(365))
    keeper = Maintenance(house.database, "keeper", tmp_path)
    for days in range(0, 731, 30):
        keeper.tend(clock.now() + timedelta(days=days))
    with psycopg.connect(house.dsn) as conn:
        names = {one.name for one in partitions.of(conn, "inbox")}
        months = [one.name for one in partitions.of(conn, "journal")]
    assert "inbox_begin" not in names and len(names) < 50
    assert months[0] == "journal_begin", "the order that is still open holds its month"
    assert 3 < len(months) < 8, "months that hold nothing are gone"
    assert house.rows("select count(*) from inbox") == [(0,)]
    assert house.rows("select count(*), min(order_id) from checkpoint") == [(1, "7-5001")]
    assert replay(house.database).sound


def test_a_message_that_nobody_handled_outlives_its_day(house: House, tmp_path: Path) -> None:
    house.now = clock.now()
    house.send("orders/create", {"id": 77})
    Maintenance(house.database, "keeper", tmp_path).tend(clock.now() + timedelta(days=60))
    assert house.rows("select count(*) from inbox where handled_at is null") == [(1,)]
    house.work()
    assert house.rows("select count(*) from inbox where handled_at is null") == [(0,)]


def test_a_user_who_does_not_own_the_tables_is_told_so_and_the_rest_goes_on(
    house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with psycopg.connect(house.dsn, autocommit=True) as conn:
        conn.execute("create role modest_for_test login password 'modest' in role ordna_engine, ordna_reader")
    modest = Database(make_conninfo(house.dsn, user="modest_for_test", password="modest"))
    try:
        Maintenance(modest, "keeper", tmp_path).tend(clock.now() + timedelta(days=90))
        assert "only by the tables' owner" in caplog.text
        house.place()
        assert house.rows("select count(*) from orders") == [(1,)]
    finally:
        modest.close()
        with psycopg.connect(house.dsn, autocommit=True) as conn:
            conn.execute("drop role modest_for_test")
