"""Two machines with two workers each share one shop's lanes through the database; one is lost, nothing else is."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ordna.store.sealing import keyring
from tests.engine.conftest import later, order_body
from tests.outside.conftest import House
from tests.outside.machines import Machine

ORDERS = 400
WITHIN_S = 90.0


@pytest.fixture
def ring(tmp_path: Path):  # type: ignore[no-untyped-def]
    """The keys that all machines share."""
    return keyring(tmp_path)


def until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WITHIN_S
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def send(house: House, first: int, count: int) -> None:
    for number in range(first, first + count):
        house.send("orders/create", order_body(number))
        house.send("orders/updated", order_body(number, tags="vip", updated_at=later(65)))


def holders(house: House) -> dict[str, int]:
    """How many lanes each host's workers hold now."""
    rows = house.rows("select split_part(owner, ':', 1), count(*) from lease where merchant_id > 0 and until > now()"
                      " and owner <> '' group by 1")  # fmt: skip
    return dict(rows)


def test_two_machines_share_the_lanes_and_the_loss_of_one_loses_nothing(house: House, tmp_path: Path) -> None:
    house.leases.close()
    send(house, 10_000, ORDERS // 2)
    north, south = (Machine(name, house.dsn, tmp_path) for name in ("north", "south"))
    try:
        until(lambda: set(holders(house)) == {"north", "south"} or not waiting(house), "both machines take part")
        until(lambda: not waiting(house), "the first half is done")
        send(house, 20_000, ORDERS // 2)
        until(lambda: set(holders(house)) == {"north", "south"}, "both machines hold lanes")
        assert len(house.rows("select owner from lease where merchant_id = 0 and until > now()")) == 4
        north.lose()
        until(lambda: not waiting(house), "the machine that is left takes over the lanes")
    finally:
        north.lose()
        ended = south.stop()
    assert ended == [0, 0]
    assert house.rows("select count(*) from orders where seq >= 2") == [(ORDERS,)]
    assert house.rows("select count(*) from inbox where outcome in ('quarantined', 'unusable')") == [(0,)]
    [(total, distinct)] = house.rows("select count(*), count(distinct (order_id, seq)) from journal")
    assert total == distinct


def waiting(house: House) -> int:
    return int(house.rows("select count(*) from inbox where handled_at is null")[0][0])
