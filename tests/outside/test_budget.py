"""The shop's budget is one for all workers, whoever asks at the same moment."""

from __future__ import annotations

import threading

from ordna.connectors.contract import Budget
from ordna.engine.budget import points_there, reserve, settle
from tests.outside.conftest import House

KEY = (1, 7)


def test_twelve_racers_never_take_more_than_there_is(house: House) -> None:
    house.rows_changed("update budget set available = 500, restore_per_s = 0")
    granted: list[bool] = []
    start = threading.Barrier(12)

    def race() -> None:
        start.wait()
        for _ in range(10):
            with house.database.engine([1]) as conn:
                granted.append(reserve(conn, *KEY, 10.0, 0))

    racers = [threading.Thread(target=race) for _ in range(12)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert (granted.count(True), granted.count(False)) == (50, 70)
    assert house.rows("select available from budget") == [(0.0,)]


def test_what_can_wait_leaves_a_share_for_people(house: House) -> None:
    house.rows_changed("update budget set available = 700, restore_per_s = 0")
    with house.database.engine([1]) as conn:
        assert not reserve(conn, *KEY, 50.0, 8)
        assert reserve(conn, *KEY, 50.0, 3)
        assert reserve(conn, *KEY, 650.0, 0)


def test_it_refills_by_the_databases_clock_up_to_its_maximum(house: House) -> None:
    house.rows_changed("update budget set available = 0, updated_at = now() - interval '3 seconds'")
    with house.database.engine([1]) as conn:
        assert 299 <= points_there(conn, *KEY, 0) <= 330
    house.rows_changed("update budget set updated_at = now() - interval '1 hour'")
    with house.database.engine([1]) as conn:
        assert points_there(conn, *KEY, 0) == 2000


def test_what_was_not_used_goes_back_and_the_shops_word_counts_where_it_is_less(house: House) -> None:
    house.rows_changed("update budget set restore_per_s = 0")
    with house.database.engine([1]) as conn:
        assert reserve(conn, *KEY, 100.0, 0)
        settle(conn, *KEY, 100.0, 30.0, None)
        assert points_there(conn, *KEY, 0) == 1970
        settle(conn, *KEY, 0.0, 0.0, Budget(400.0, 1000.0, 0.0))
        assert points_there(conn, *KEY, 0) == 400
        settle(conn, *KEY, 0.0, 0.0, Budget(1000.0, 1000.0, 0.0))
        assert points_there(conn, *KEY, 0) == 400
    assert house.rows("select maximum from budget") == [(1000.0,)]
