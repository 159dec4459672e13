"""Orders are read again in batches within the budget; what comes back goes the way of every message."""

from __future__ import annotations

import random
import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import psycopg

from ordna.engine import clock
from ordna.engine.lanes import lane_of
from ordna.store import outbox
from ordna.store.outbox import RereadRow
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import House


def node(number: int, **changes: Any) -> dict[str, Any]:
    """An order as the shop tells it when it is read."""
    at = clock.now().isoformat()
    return {
        "id": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "createdAt": at,
        "processedAt": at,
        "updatedAt": at,
        "currencyCode": "DKK",
        "presentmentCurrencyCode": "DKK",
        "displayFinancialStatus": "PAID",
        "test": False,
        "tags": [],
        "totalPriceSet": {
            "shopMoney": {"amount": "250.00", "currencyCode": "DKK"},
            "presentmentMoney": {"amount": "250.00", "currencyCode": "DKK"},
        },
        "lineItems": {"pageInfo": {"hasNextPage": False}, "nodes": []},
        "fulfillmentOrders": {"pageInfo": {"hasNextPage": False}, "nodes": []},
        "fulfillments": [],
        "refunds": [],
        "transactions": [],
        **changes,
    }


def hint(house: House, ref: str, urgency: int = 3) -> None:
    """Something about an order changed."""
    row = RereadRow(1, 7, ref, lane_of(ref), urgency, clock.now(), "hint")
    with house.database.engine([1]) as conn:
        outbox.want_rereads(conn, [row])


def waiting(house: House) -> list[tuple[str, int]]:
    """(order ref, attempts) of the re-reads that wait."""
    return house.rows("select order_ref, attempts from reread order by order_ref")


def test_many_hints_are_one_call_and_the_answers_become_facts(house: House, outside: CannedShop) -> None:
    for number in range(1, 9):
        outside.orders[str(number)] = node(number)
        hint(house, str(number))
        hint(house, str(number))
    assert house.read_again() == 8
    assert len(outside.sent("ReadOrders")) == 1
    assert waiting(house) == []
    house.work()
    assert house.rows("select count(*) from orders") == [(8,)]


def test_a_hint_that_comes_while_the_order_is_read_is_not_lost(house: House, outside: CannedShop) -> None:
    outside.orders["1"] = node(1)
    hint(house, "1")
    record = house.rereader._record

    def meanwhile(*what: Any) -> None:
        hint(house, "1")
        record(*what)

    house.rereader._record = meanwhile  # type: ignore[method-assign]
    house.read_again()
    assert waiting(house) == [("1", 0)]


def test_the_most_urgent_come_first_and_the_budget_is_kept(house: House, outside: CannedShop) -> None:
    for number in range(1, 21):
        outside.orders[str(number)] = node(number)
        hint(house, str(number), urgency=8)
    hint(house, "7", urgency=0)
    house.rows_changed("update budget set available = 120, restore_per_s = 0")
    assert house.read_again() == 1, "what is not urgent leaves its share"
    assert outside.sent("ReadOrders")[0]["ids"][0] == "gid://shopify/Order/7"
    assert house.rows("select available < 120 from budget") == [(True,)]


def test_a_shop_that_is_down_is_tried_later_and_its_connection_says_so(house: House, outside: CannedShop) -> None:
    outside.orders["1"] = node(1)
    hint(house, "1")
    outside.faults["ReadOrders"].append("down")
    house.read_again()
    assert waiting(house) == [("1", 1)]
    assert house.rows("select last_error is not null, last_read_at is null from connection") == [(True, True)]
    assert house.read_again() == 0
    house.rows_changed("update reread set not_before = now()")
    assert house.read_again() == 0, "the shop is left alone for some seconds"
    house.rereader.resting.clear()
    house.read_again()
    assert waiting(house) == []
    assert house.rows("select last_error is null, last_read_at is not null from connection") == [(True, True)]


def test_an_order_the_shop_does_not_have_is_recorded(house: House) -> None:
    hint(house, "404")
    house.read_again()
    assert waiting(house) == []
    [(outcome, error)] = house.rows("select outcome, error from inbox")
    assert outcome == "unusable"
    assert "404" in error


def test_reads_go_on_while_outgoing_is_paused(house: House, outside: CannedShop) -> None:
    outside.orders["1"] = node(1)
    hint(house, "1")
    house.rows_changed("update connection set mode = 'paused'")
    assert house.read_again() == 1
    assert outside.mutations() == []


def test_a_shop_that_fails_is_not_asked_for_all_the_others_that_wait(house: House, outside: CannedShop) -> None:
    for number in range(1, 401):
        hint(house, str(number), urgency=5)
    outside.faults["ReadOrders"].extend(["down"] * 99)
    for _ in range(10):
        house.read_again()
    assert len(outside.sent("ReadOrders")) <= 8, "one round of calls, then rest"


def test_a_throttled_shop_is_not_hammered_and_what_waits_keeps_its_place(house: House, outside: CannedShop) -> None:
    for number in range(1, 41):
        outside.orders[str(number)] = node(number)
        hint(house, str(number), urgency=5)
    outside.faults["ReadOrders"].extend(["throttled"] * 99)
    for _ in range(10):
        house.read_again()
    assert len(outside.sent("ReadOrders")) <= 3, "one round of calls, then rest until the budget has refilled"
    assert {attempts for _, attempts in waiting(house)} == {0}, "to be told to wait is no try"
    assert house.rows("select last_error from connection") == [(None,)]
    outside.faults["ReadOrders"].clear()
    house.rows_changed("update budget set available = 2000, updated_at = now()")
    assert house.read_again() == 23, "what is kept for people is kept: (2000 - 800) / 52"


def test_one_urgent_order_does_not_let_those_behind_it_at_what_is_kept_for_people(
    house: House, outside: CannedShop
) -> None:
    for number in range(1, 41):
        outside.orders[str(number)] = node(number)
        hint(house, str(number), urgency=8)
    hint(house, "7", urgency=0)
    house.rows_changed("update budget set available = 900, restore_per_s = 0")
    assert house.read_again() == 1
    assert outside.sent("ReadOrders")[0]["ids"] == ["gid://shopify/Order/7"]


def test_when_everything_is_behind_people_come_first_then_the_newest_then_history(
    house: House, outside: CannedShop
) -> None:
    for number in range(1, 61):
        outside.orders[str(number)] = node(number)
    begun = clock.now() - timedelta(minutes=4)
    outside.changed = [(str(n), (begun + timedelta(seconds=10 * n)).isoformat()) for n in range(1, 11)]
    house.watch()
    for number in range(11, 61):
        hint(house, str(number), urgency=8)
    hint(house, "60", urgency=0)

    def read_with(points: float) -> set[str]:
        before = len(outside.sent("ReadOrders"))
        house.rows_changed("update budget set available = %s, restore_per_s = 0, updated_at = now()", points)
        house.read_again()
        return {gid.rpartition("/")[2] for call in outside.sent("ReadOrders")[before:] for gid in call["ids"]}

    assert read_with(800 + 3 * 52) == {"60", "10", "9"}
    assert read_with(800 + 8 * 52) == {str(number) for number in range(1, 9)}
    assert read_with(100) == set()
    assert len(read_with(2000)) == 23, "history is last"


def test_an_order_that_was_read_in_part_waits_to_be_read_again(house: House, outside: CannedShop) -> None:
    """The call for its other lines failed: what was had counts, and the rest is asked for."""
    more = {"pageInfo": {"hasNextPage": True, "endCursor": "next"}, "nodes": []}
    outside.orders["1"] = node(1, lineItems=more)
    hint(house, "1")
    assert house.read_again() == 1
    assert house.rows("select count(*) from inbox where topic = 'ordna/read'") == [(1,)]
    assert waiting(house) == [("1", 1)]


def test_who_takes_reads_off_the_list_and_who_asks_for_them_never_block_each_other(
    house: House, outside: CannedShop
) -> None:
    refs = [str(number) for number in range(1, 61)]
    outside.orders = {ref: node(int(ref)) for ref in refs}
    chance, stop = random.Random(3), threading.Event()

    def asks() -> None:
        while not stop.is_set():
            at = clock.now()
            moments = [at - timedelta(seconds=chance.random() * 60) for _ in refs]
            rows = [
                RereadRow(1, 7, ref, lane_of(ref), 5, when, "swept") for ref, when in zip(refs, moments, strict=True)
            ]
            with house.database.engine([1]) as conn:
                outbox.want_rereads(conn, rows)

    asking = threading.Thread(target=asks)
    asking.start()
    try:
        before = house.deadlocks()
        for _ in range(40):
            with suppress(psycopg.errors.DeadlockDetected):
                house.read_again()
    finally:
        stop.set()
        asking.join()
    assert house.deadlocks() == before
