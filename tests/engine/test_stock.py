"""Orders claim stock through the one door: what is promised, what is short, what comes back, and the ledger of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ordna.core.messages import Cancel
from ordna.store.database import Database
from ordna.store.sealing import Keyring
from tests.connectors import shopify_nodes as nodes
from tests.engine.conftest import FLOW, Shop, later, order_body
from tests.engine.stock_room import STOCK, bundle, shelve


@pytest.fixture
def shop(db: Database, database: str, ring: Keyring) -> Shop:
    return open_shop(db, database, ring, FLOW + STOCK)


def open_shop(db: Database, dsn: str, ring: Keyring, flow: str) -> Shop:
    made = Shop(db, dsn, ring)
    made.open()
    with db.engine([1]) as conn:
        conn.execute(b"update policy set flow = %s where merchant_id = 1", (flow,))
    return made


def line(number: int, sku: str | None, quantity: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "title": sku or "Custom",
        "quantity": quantity,
        "current_quantity": quantity,
        "sku": sku,
        "variant_id": 31,
        "price": "125.00",
        "requires_shipping": True,
        "gift_card": False,
        **changes,
    }


def levels(shop: Shop) -> dict[tuple[str, str], tuple[int, int, int]]:
    """(item, location) to (available, committed, on hand)."""
    found = shop.rows("select item, location, available, committed, on_hand from stock_level order by 1, 2")
    return {(row[0], row[1]): row[2:] for row in found}


def reservations(shop: Shop) -> list[tuple[Any, ...]]:
    return shop.rows("select order_id, item, location, kind, units from reservation order by order_id, line, kind")


def events(shop: Shop, order_id: str = "7-5001") -> list[str]:
    found = shop.rows("select kind from journal where order_id = %s and kind like 'Stock%%' order by seq", order_id)
    return [row[0] for row in found]


def short_of(shop: Shop, order_id: str = "7-5001") -> list[list[Any]]:
    [(data,)] = shop.rows(
        "select data -> 'lines' from journal where order_id = %s and kind = 'StockShort' order by seq desc limit 1",
        order_id,
    )
    return list(data)


def test_an_order_sets_its_units_aside(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "Aarhus"): 5}, shop.now)
    shop.send("orders/create", order_body(5001))
    shop.step()
    assert levels(shop) == {("scarf", "Aarhus"): (3, 2, 5)}
    assert reservations(shop) == [("7-5001", "scarf", "Aarhus", "reserved", 2)]
    assert events(shop) == ["StockReserved"]
    [row] = shop.rows("select cause, line, available, committed from stock_movement where order_id = '7-5001'")
    assert row == ("reserved", "50011", -2, 2)


def test_a_flow_without_stock_asks_for_none(db: Database, database: str, ring: Keyring) -> None:
    shop = open_shop(db, database, ring, FLOW)
    shelve(db, 1, {("SCARF", "Aarhus"): 5}, shop.now)
    shop.send("orders/create", order_body(5001))
    shop.step()
    assert levels(shop) == {("scarf", "Aarhus"): (5, 0, 5)}
    assert events(shop) == []


def test_what_is_not_there_is_short_and_somebody_is_told(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "Aarhus"): 1}, shop.now)
    shop.send("orders/create", order_body(5001))
    shop.step()
    assert levels(shop) == {("scarf", "Aarhus"): (0, 1, 1)}
    assert short_of(shop) == [["50011", "SCARF", "", 1, "short", ""]]
    [(title, reason)] = shop.rows("select title, reason from task where kind = 'attention' and closed_at is null")
    assert title == "Not in stock"
    assert reason == "1 × SCARF could not be reserved: there is none left to promise."


def test_orders_of_one_batch_are_served_as_they_were_placed(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "Aarhus"): 2}, shop.now)
    for number, minutes in ((5001, 3), (5002, 1), (5003, 2)):
        at = later(minutes)
        shop.send("orders/create", order_body(number, created_at=at, processed_at=at, updated_at=at))
    shop.step()
    assert reservations(shop)[1] == ("7-5002", "scarf", "Aarhus", "reserved", 2)
    assert [row[3] for row in reservations(shop)] == ["short", "reserved", "short"]


def test_the_same_sku_on_two_lines_counts_as_a_sum(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "Aarhus"): 3}, shop.now)
    shop.send("orders/create", order_body(5001, line_items=[line(1, "SCARF", 2), line(2, "scarf ", 2)]))
    shop.step()
    assert levels(shop) == {("scarf", "Aarhus"): (0, 3, 3)}
    assert short_of(shop) == [["2", "scarf", "", 1, "short", ""]]


def test_a_bundle_is_the_sum_of_what_is_in_it(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "Aarhus"): 5, ("HAT", "Aarhus"): 2}, shop.now)
    bundle(shop.database, 1, "WINTER", {"SCARF": 2, "HAT": 1})
    body = order_body(5001, line_items=[line(1, "WINTER", 3), line(2, "SCARF", 2)])
    shop.send("orders/create", body)
    shop.step()
    assert levels(shop) == {("hat", "Aarhus"): (0, 2, 2), ("scarf", "Aarhus"): (0, 5, 5)}
    assert short_of(shop) == [["1", "WINTER", "", 1, "short", ""], ["2", "SCARF", "", 1, "short", ""]]


@pytest.mark.parametrize(
    ("sku", "cause", "words"),
    [
        (None, "no_sku", "1 × a line could not be reserved: the line has no SKU."),
        ("MITTEN", "unknown_sku", "1 × MITTEN could not be reserved: no stock item has this SKU."),
    ],
)
def test_a_line_that_leads_to_no_item_needs_attention_and_the_rest_goes_on(
    shop: Shop, sku: str | None, cause: str, words: str
) -> None:
    shelve(shop.database, 1, {("SCARF", "Aarhus"): 5}, shop.now)
    shop.send("orders/create", order_body(5001, line_items=[line(1, sku, 1), line(2, "SCARF", 1)]))
    shop.step()
    assert levels(shop) == {("scarf", "Aarhus"): (4, 1, 5)}
    assert [row[4] for row in short_of(shop)] == [cause]
    assert shop.rows("select reason from task where kind = 'attention'") == [(words,)]


def test_gift_cards_and_downloads_want_no_stock(shop: Shop) -> None:
    lines = [line(1, "CARD", 1, gift_card=True), line(2, "PDF", 1, requires_shipping=False)]
    shop.send("orders/create", order_body(5001, line_items=lines))
    shop.step()
    assert events(shop) == [] and reservations(shop) == []


def test_a_cancelled_order_gives_back_and_who_waited_longest_gets_it(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "Aarhus"): 2}, shop.now)
    for number in (5001, 5002, 5003):
        at = later(number - 5000)
        shop.send("orders/create", order_body(number, created_at=at, processed_at=at, updated_at=at))
        shop.step()
        shop.now += timedelta(minutes=1)
    body = order_body(5001, cancelled_at=later(60), cancel_reason="customer", updated_at=later(60))
    shop.send("orders/cancelled", body)
    shop.step()
    assert events(shop) == ["StockReserved", "StockReleased"]
    assert levels(shop) == {("scarf", "Aarhus"): (0, 2, 2)}
    assert reservations(shop) == [
        ("7-5002", "scarf", "Aarhus", "reserved", 2),
        ("7-5003", "scarf", "", "short", 2),
    ]
    assert events(shop, "7-5002") == ["StockShort", "StockReserved", "StockNoLongerShort"]


def test_an_edit_gives_back_and_asks_for_more(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "Aarhus"): 5}, shop.now)
    shop.send("orders/create", order_body(5001))
    shop.step()
    shop.send("orders/updated", order_body(5001, updated_at=later(5), line_items=[line(50011, "SCARF", 4)]))
    shop.step()
    assert levels(shop) == {("scarf", "Aarhus"): (1, 4, 5)}
    less = [line(50011, "SCARF", 4, current_quantity=1)]
    shop.send("orders/updated", order_body(5001, updated_at=later(9), line_items=less))
    shop.step()
    assert levels(shop) == {("scarf", "Aarhus"): (4, 1, 5)}
    assert events(shop) == ["StockReserved", "StockReserved", "StockReleased"]


def shipped(number: int, quantity: int, **changes: Any) -> dict[str, Any]:
    """A fulfillment of the order's line."""
    return {
        "id": 8000 + number,
        "order_id": number,
        "status": "success",
        "created_at": later(20),
        "updated_at": later(20),
        "location_id": 901,
        "line_items": [{"id": number * 10 + 1, "quantity": quantity}],
        **changes,
    }


def test_what_is_shipped_leaves_the_stock(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "901"): 5}, shop.now)
    shop.send("orders/create", order_body(5001))
    shop.step()
    shop.now += timedelta(minutes=30)
    body = order_body(5001, updated_at=later(20), fulfillment_status="fulfilled", fulfillments=[shipped(5001, 2)])
    shop.send("orders/updated", body)
    shop.step()
    assert levels(shop) == {("scarf", "901"): (3, 0, 3)}
    assert reservations(shop) == []
    assert events(shop) == ["StockReserved", "StockConsumed"]
    taken_back = [shipped(5001, 2, status="cancelled", updated_at=later(25))]
    shop.send("orders/updated", order_body(5001, updated_at=later(25), fulfillments=taken_back))
    shop.step()
    assert levels(shop) == {("scarf", "901"): (3, 2, 5)}
    assert events(shop)[-1] == "StockTakenBack"


def test_what_left_without_having_been_reserved_is_booked_all_the_same(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "901"): 1}, shop.now)
    shop.send("orders/create", order_body(5001))
    shop.step()
    shop.now += timedelta(minutes=30)
    shop.send("orders/updated", order_body(5001, updated_at=later(20), fulfillments=[shipped(5001, 2)]))
    shop.step()
    assert levels(shop) == {("scarf", "901"): (-1, 0, -1)}
    assert reservations(shop) == []


def test_an_order_that_had_left_before_takes_nothing(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "Aarhus"): 5}, shop.now)
    shop.now += timedelta(minutes=30)
    shop.send("orders/create", order_body(5001, updated_at=later(20), fulfillments=[shipped(5001, 2)]))
    shop.step()
    assert levels(shop) == {("scarf", "Aarhus"): (5, 0, 5)}


KEPT = "\nstock: {when: order.placed, expires: 2 days, keeps: payment.secured}\n"


def test_what_nobody_pays_for_is_given_back_in_time_and_asked_for_anew_when_paid(
    db: Database, database: str, ring: Keyring
) -> None:
    shop = open_shop(db, database, ring, FLOW + KEPT)
    shelve(db, 1, {("SCARF", "Aarhus"): 2}, shop.now)
    shop.send("orders/create", order_body(5001, financial_status="pending"))
    shop.step()
    [(due,)] = shop.rows("select due_at from timer where timer_key = 'stock|reserved'")
    assert shop.rows("select expires_at from reservation") == [(due,)]
    fell = b'{"type":"TimerFell","kind":"stock","key":"stock|reserved","due_at":"%s"}' % due.isoformat().encode()
    shop.now = due + timedelta(minutes=30)
    shop.tell("ordna/timer", "5001", fell)
    shop.step()
    assert levels(shop) == {("scarf", "Aarhus"): (2, 0, 2)} and reservations(shop) == []
    shop.send("orders/updated", order_body(5001, financial_status="pending", tags="late", updated_at=later(2895)))
    shop.step()
    assert reservations(shop) == []
    shop.send("orders/updated", order_body(5001, updated_at=later(2896)))
    shop.step()
    assert levels(shop) == {("scarf", "Aarhus"): (0, 2, 2)}
    assert shop.rows("select expires_at from reservation") == [(None,)]


def test_an_order_that_wants_all_or_nothing_takes_nothing_it_cannot_use(
    db: Database, database: str, ring: Keyring
) -> None:
    shop = open_shop(db, database, ring, FLOW + "\nstock: {when: order.placed, whole: true}\n")
    shelve(db, 1, {("SCARF", "Aarhus"): 5, ("HAT", "Aarhus"): 0}, shop.now)
    shop.send("orders/create", order_body(5001, line_items=[line(1, "SCARF", 2), line(2, "HAT", 1)]))
    shop.step()
    assert levels(shop)["scarf", "Aarhus"] == (5, 0, 5)
    assert [(row[0], row[3]) for row in short_of(shop)] == [("1", 2), ("2", 1)]


def test_an_item_that_is_on_its_way_is_promised_for_its_day_and_no_more_than_comes(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "Aarhus"): 1}, shop.now)
    with shop.database.engine([1]) as conn:
        conn.execute(b"update stock_item set backorder = 'incoming', expected_on = '2026-12-01'")
        conn.execute(b"update stock_level set incoming = 2")
        conn.execute(b"update stock_movement set incoming = 2")
    shop.send("orders/create", order_body(5001))
    shop.step()
    shop.now += timedelta(minutes=1)
    shop.send("orders/create", order_body(5002))
    shop.step()
    assert short_of(shop) == [["50011", "SCARF", "", 1, "backorder", "2026-12-01"]]
    assert sorted(short_of(shop, "7-5002")) == [
        ["50021", "SCARF", "", 1, "backorder", "2026-12-01"],
        ["50021", "SCARF", "", 1, "short", ""],
    ]
    assert shop.rows("select count(*) from task where order_id = '7-5001' and kind = 'attention'") == [(0,)]


def test_a_channel_is_promised_no_more_than_its_share(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "Aarhus"): 10}, shop.now)
    with shop.database.engine([1]) as conn:
        conn.execute(b"insert into stock_limit values (1, 'scarf', 7, 3)")
    shop.send("orders/create", order_body(5001))
    shop.step()
    shop.send("orders/create", order_body(5002))
    shop.step()
    assert levels(shop) == {("scarf", "Aarhus"): (7, 3, 10)}
    assert short_of(shop, "7-5002") == [["50021", "SCARF", "", 1, "limit", ""]]


def test_one_location_that_has_it_all_is_better_than_two(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "Aarhus"): 1, ("SCARF", "Odense"): 2}, shop.now)
    shop.send("orders/create", order_body(5001))
    shop.step()
    assert reservations(shop) == [("7-5001", "scarf", "Odense", "reserved", 2)]


def test_a_closed_location_promises_nothing(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "Aarhus"): 5}, shop.now)
    with shop.database.engine([1]) as conn:
        conn.execute(b"update location set active = false")
    shop.send("orders/create", order_body(5001))
    shop.step()
    assert levels(shop) == {("scarf", "Aarhus"): (5, 0, 5)}
    assert events(shop) == ["StockShort"]


def test_an_order_is_reserved_where_it_is_routed(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "901"): 5, ("SCARF", "902"): 5}, shop.now)
    shop.send("orders/create", order_body(5001))
    shop.step()
    assert reservations(shop) == [("7-5001", "scarf", "901", "reserved", 2)]
    shop.now += timedelta(minutes=5)
    odense = {"name": "Odense", "location": {"id": nodes.gid("Location", 902)}}
    node = nodes.order(
        id=nodes.gid("Order", 5001),
        updatedAt=later(3),
        lineItems=nodes.page(nodes.line(50011, 2, sku="SCARF")),
        fulfillmentOrders=nodes.page(nodes.part(51, (50011, 2), assignedLocation=odense)),
    )
    shop.tell("ordna/read", "5001", nodes.read_body(node, later(4)))
    shop.step()
    assert reservations(shop) == [("7-5001", "scarf", "902", "reserved", 2)]
    assert events(shop) == ["StockReserved", "StockReleased", "StockReserved"]


def test_what_a_person_asks_goes_through_the_same_door(shop: Shop) -> None:
    from ordna.engine import requests
    from ordna.engine.policies import Policies

    shelve(shop.database, 1, {("SCARF", "Aarhus"): 2}, shop.now)
    shop.send("orders/create", order_body(5001))
    answer = requests.ask(shop.database, Policies(shop.ring), 1, "7-5001", Cancel("customer"), "jane", at=shop.now)
    assert isinstance(answer, requests.Accepted)
    assert levels(shop) == {("scarf", "Aarhus"): (0, 2, 2)}


def test_units_at_a_location_that_was_deleted_with_its_shop_come_back_there(shop: Shop) -> None:
    shelve(shop.database, 1, {("SCARF", "Aarhus"): 2}, shop.now)
    shop.send("orders/create", order_body(5001))
    shop.step()
    with shop.database.engine([1]) as conn:
        conn.execute(b"delete from stock_level")
        conn.execute(b"delete from stock_movement")
    body = order_body(5001, cancelled_at=later(60), cancel_reason="customer", updated_at=later(60))
    shop.now += timedelta(hours=2)
    shop.send("orders/cancelled", body)
    shop.step()
    assert reservations(shop) == []
    assert levels(shop) == {("scarf", "Aarhus"): (2, -2, 0)}
    with shop.database.engine([1]) as conn:  # the proofs that follow are about what the engine keeps
        conn.execute(b"delete from stock_level")
        conn.execute(b"delete from stock_movement")
