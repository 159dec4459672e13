"""One merchant moves to another server while its shop goes on sending; the other merchants stay where they are."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ordna.engine import clock
from ordna.engine.replay import replay
from ordna.store import embedded, schema
from ordna.store.database import Database
from ordna.store.moving import Move, MoveRefused
from ordna.store.sealing import Keyring
from tests.engine.conftest import Shop, later, order_body

PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[str, str]]:
    """Two servers of their own, the first with logical replication: the databases of both."""
    folder = Path(tempfile.mkdtemp(prefix="ordna-two-servers-"))
    folder.chmod(0o755)
    try:
        with embedded.start(folder / "source") as source:
            with psycopg.connect(source.dsn(), autocommit=True) as conn:
                conn.execute("alter system set wal_level = 'logical'")
            schema.install(source.dsn())
        with embedded.start(folder / "source") as source, embedded.start(folder / "target") as target:
            schema.install(target.dsn())
            yield source.dsn(), target.dsn()
    finally:
        for name in ("source", "target"):
            embedded.stop(folder / name, "immediate")
        shutil.rmtree(folder, ignore_errors=True)


def shop(dsn: str, merchant_id: int) -> Shop:
    made = Shop(
        Database(dsn), dsn, Keyring({1: b"k" * 32}), merchant_id, token=f"hook-token-of-the-shop-{merchant_id:04}"
    )
    made.now = clock.now()
    return made


def count(dsn: str, table: str) -> dict[int, int]:
    with psycopg.connect(dsn) as conn:
        return dict(conn.execute(f"select merchant_id, count(*) from {table} group by 1".encode()).fetchall())


def test_a_merchant_moves_while_its_shop_goes_on_sending(servers: tuple[str, str]) -> None:
    source, target = servers
    here, stays = shop(source, 1), shop(source, 2)
    for each in (here, stays):
        each.open()
        for number in range(5001, 5011):
            each.send("orders/create", order_body(number))
        each.step()
    move = Move(source, target, 1)
    move.follow()
    here.send("orders/updated", order_body(5001, tags="while following", updated_at=later(65)))
    here.step()
    here.send("orders/create", order_body(6001))
    move.cut(PATIENCE_S)
    assert here.step() == 0, "the source has let go"
    there = shop(target, 1)
    assert there.step() == 1 and count(target, "orders") == {1: 11}
    here.send("orders/create", order_body(6002))
    move.arrived(PATIENCE_S)
    assert there.step() == 1, "what still came to the old address is handled at the new one"
    there.send("orders/updated", order_body(5002, tags="at home", updated_at=later(65)))
    there.step()
    move.end(PATIENCE_S)
    here.send("orders/create", order_body(6003))
    assert count(target, "orders") == {1: 12} and count(source, "orders") == {1: 10, 2: 10}
    for table in ("journal", "inbox", "person", "connection", "policy", "address"):
        assert set(count(target, table)) == {1}
    assert there.rows("select count(*) from inbox where handled_at is null") == [(0,)]
    assert replay(there.database).sound and replay(stays.database, 2).sound
    here.leases.close()
    stays.send("orders/create", order_body(7001))
    assert stays.step() == 1
    with psycopg.connect(source) as conn:
        assert conn.execute("select count(*) from pg_publication").fetchone() == (0,)
        assert conn.execute("select count(*) from pg_replication_slots").fetchone() == (0,)
    for each in (here, stays, there):
        each.database.close()
    with pytest.raises(MoveRefused, match="has a merchant 1 already"):
        Move(source, target, 1).follow()
    with pytest.raises(MoveRefused, match="no merchant 9"):
        Move(source, target, 9).follow()
    with pytest.raises(MoveRefused, match="wal_level = logical"):
        Move(target, source, 1).follow()
