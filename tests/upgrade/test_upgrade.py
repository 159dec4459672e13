"""An upgrade while the shop keeps sending: the older version works, the tables move on, the newer one joins it.

The older version is frozen beside this file (tools/freeze.py made it from a commit), so a shallow clone has it too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ordna.engine.replay import replay
from ordna.store import schema
from ordna.store.database import Database
from ordna.store.migrating import Migration
from tests.upgrade import houses
from tests.upgrade.houses import House, Sending

SETTLE_WITHIN_S = 60.0


@pytest.fixture
def dsn(empty_database: str, tmp_path: Path) -> str:
    houses.begin(empty_database, tmp_path)
    return empty_database


@pytest.fixture
def before(dsn: str, tmp_path: Path) -> Iterator[House]:
    """The older version at work."""
    house = houses.older(dsn, tmp_path)
    yield house
    house.stop()


def one(dsn: str, statement: str) -> int:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(statement.encode()).fetchone()
    assert row is not None
    return int(row[0])


def settle(dsn: str) -> None:
    """Wait until nothing waits."""
    until = time.monotonic() + SETTLE_WITHIN_S
    while one(dsn, "select count(*) from inbox where handled_at is null"):
        assert time.monotonic() < until, "messages keep waiting"
        time.sleep(0.1)


def take_part(dsn: str, pids: set[int]) -> None:
    """Wait until each of these workers held lanes; a worker with too many gives some away every ten seconds."""
    until = time.monotonic() + SETTLE_WITHIN_S
    missing = set(pids)
    with psycopg.connect(dsn, autocommit=True) as conn:
        while missing:
            rows = conn.execute("select distinct owner from lease where merchant_id > 0 and owner <> ''").fetchall()
            missing -= {int(owner.split(":")[1]) for (owner,) in rows}
            assert time.monotonic() < until, f"{missing} of {pids} never held a lane"
            time.sleep(0.05)


def unexplained(dsn: str) -> list[str]:
    database = Database(dsn)
    try:
        return [f"{bad.order_id}: {bad.what}: {bad.sentence}" for bad in replay(database).mismatches]
    finally:
        database.close()


def test_the_tables_move_on_under_load_and_both_versions_work_side_by_side(
    dsn: str, before: House, tmp_path: Path
) -> None:
    sending = Sending(before.port)
    time.sleep(2)
    schema.install(dsn, contract=False)
    time.sleep(1)
    after = houses.newer(dsn, tmp_path)
    sending.ports.append(after.port)
    take_part(dsn, {before.worker_pid, after.worker_pid})
    time.sleep(1)
    sending.stop()
    settle(dsn)
    assert after.stop() == [0, 0]
    assert sending.failed == [] and len(sending.acked) > 200
    assert one(dsn, "select count(distinct webhook_id) from inbox where outcome = 'facts'") == len(sending.acked)
    assert one(dsn, "select count(*) from orders") == len(sending.acked)
    assert unexplained(dsn) == []


def test_what_an_older_version_could_not_read_is_written_only_when_none_runs_any_more(dsn: str, tmp_path: Path) -> None:
    schema.install(dsn, contract=False)
    for packed in (False, True):
        after = houses.newer(dsn, tmp_path)
        sending = Sending(after.port)
        time.sleep(0.5)
        sending.stop()
        after.stop()
        assert sending.acked and one(dsn, "select count(raw_bytes) from inbox") == packed * len(sending.acked)
        schema.install(dsn)


def test_a_migration_that_keeps_a_table_to_itself_for_long_costs_acknowledgements(dsn: str, before: House) -> None:
    """The planted fault: were this test to find nothing failed, the one above would prove nothing."""
    greedy = Migration(9999, "greedy", b"lock table inbox in access exclusive mode; select pg_sleep(2.5)")
    sending = Sending(before.port)
    time.sleep(1)
    schema.install(dsn, [*schema.MIGRATIONS, greedy])
    sending.stop()
    assert sending.failed and all("503" in told for told in sending.failed)
    settle(dsn)
    assert one(dsn, "select count(distinct webhook_id) from inbox") >= len(sending.acked)
