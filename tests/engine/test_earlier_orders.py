"""The customer's earlier orders are counted when an order comes in, and anew when one of them comes in late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.connectors import shopify_nodes as nodes
from tests.engine.conftest import Shop, later, order_body

CUSTOMER = {"id": 77, "first_name": "Karen", "last_name": "Holm", "email": "karen@example.com"}
HIGH = {"shop_money": {"amount": "6000.00", "currency_code": "DKK"}}
SECOND = 5002


def test_a_late_earlier_order_makes_the_open_later_one_count_anew_and_lets_its_hold_go(shop: Shop) -> None:
    high = {"total_price": "6000.00", "total_price_set": {**HIGH, "presentment_money": HIGH["shop_money"]}}
    shop.send(
        "orders/create", order_body(SECOND, created_at=later(30), processed_at=later(30), customer=CUSTOMER, **high)
    )
    shop.step()
    assert shop.rows("select kind from journal where kind = 'HoldPlaced'") == [("HoldPlaced",)]

    shop.send("orders/create", order_body(5001, customer=CUSTOMER))
    shop.step()
    [(ref,)] = shop.rows("select order_ref from reread where why like '%came in late'")
    assert ref == str(SECOND)

    shop.tell("ordna/read", ref, nodes.read_body(read_of_second()))
    shop.step()
    kinds = [kind for (kind,) in shop.rows("select kind from journal where order_id = '7-5002' order by seq")]
    assert kinds.index("EarlierOrdersFound") < kinds.index("HoldLapsed")
    before = len(kinds)
    shop.tell("ordna/read", ref, nodes.read_body(read_of_second()))
    shop.step()
    assert shop.rows("select count(*) from journal where order_id = '7-5002'") == [(before,)]


def test_of_a_customer_who_orders_without_end_only_the_next_hundred_count_anew_and_each_is_asked_once(
    shop: Shop,
) -> None:
    """A shop's own till, or everybody who gave no name: a late order of theirs costs no more than anybody's."""
    at = [datetime.now(UTC) + timedelta(minutes=minute) for minute in range(-200, 0)]
    stamps = [dict.fromkeys(("created_at", "processed_at", "updated_at"), each.isoformat()) for each in at]
    for place in range(20, 200):
        shop.send("orders/create", order_body(7000 + place, customer=CUSTOMER, **stamps[place]))
    shop.now = datetime.now(UTC)
    shop.step()
    assert shop.rows("select count(*) from reread where why like '%%came in late'") == [(0,)]
    for late, found in ((10, 100), (9, 180), (8, 180)):
        shop.send("orders/create", order_body(7000 + late, customer=CUSTOMER, **stamps[late]))
        before = shop.rows("select order_ref, wanted_at from reread")
        shop.step()
        after = shop.rows("select order_ref, wanted_at from reread")
        assert len(after) == found + (10 - late)
        assert set(before) <= set(after), "what waits is not asked for again"


def read_of_second() -> nodes.Node:
    """The second order as a read shows it."""
    return nodes.order(
        id=nodes.gid("Order", SECOND),
        name=f"#{SECOND}",
        createdAt=later(30),
        processedAt=later(30),
        updatedAt="2026-11-23T11:00:00Z",
        currencyCode="DKK",
        presentmentCurrencyCode="DKK",
        totalPriceSet=nodes.bag("6000.00", "DKK"),
        customer={"id": nodes.gid("Customer", 77), "firstName": "Karen", "lastName": "Holm"},
        fulfillmentOrders=nodes.page(),
    )
