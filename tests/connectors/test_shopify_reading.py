"""Orders read back to their last page, and what a connection needs besides: webhooks, shop, sweep. Over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ordna.connectors.contract import Answer
from ordna.connectors.shopify.listing import Mark
from ordna.connectors.shopify.webhooks import translate
from ordna.core.messages import Quantity, Snapshot
from tests.connectors import shopify_nodes as graph
from tests.connectors.canned_shop import Raw, outbound
from tests.connectors.shopify_nodes import gid

ORDER = "5012345678901"
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
Node = dict[str, Any]


def test_many_orders_are_read_in_few_calls_and_one_that_does_not_exist_is_none() -> None:
    def nodes(variables: Node) -> Node:
        known = {each: graph.order(id=each) for each in variables["ids"] if not each.endswith("/7")}
        return {"nodes": [known.get(each) for each in variables["ids"]]}

    refs = tuple(str(n) for n in range(1, 21))
    with outbound({"ReadOrders": nodes}) as (door, shop):
        reading = door.read_orders(refs, NOW)
    assert len(shop.calls) == 2
    assert [read.order_ref for read in reading.orders] == list(refs)
    assert [read.order_ref for read in reading.orders if read.body is None] == ["7"]
    assert (reading.points, reading.failure) == (20.0, None)
    assert reading.budget is not None
    found = translate("ordna/read", reading.orders[0].body or b"", NOW)
    assert isinstance(found, Snapshot)
    assert found.order_ref == "1"
    assert found.parts is not None
    assert found.parts.version == NOW


def test_an_order_is_read_by_its_fulfillment_order_in_the_same_call() -> None:
    def nodes(variables: Node) -> Node:
        assert variables["ids"] == [gid("Order", 51), gid("FulfillmentOrder", 51), gid("FulfillmentOrder", 52)]
        part = {"id": gid("FulfillmentOrder", 51), "order": graph.order()}
        return {"nodes": [graph.order(id=gid("Order", 51)), part, None]}

    with outbound({"ReadOrders": nodes}) as (door, shop):
        reading = door.read_orders(("51", "fo:51", "fo:52"), NOW)
    assert len(shop.calls) == 1
    assert [(read.order_ref, read.body is None) for read in reading.orders] == [
        ("51", False),
        ("fo:51", False),
        ("fo:52", True),
    ]
    meanings = [translate("ordna/read", read.body or b"", NOW) for read in reading.orders[:2]]
    assert [each.order_ref for each in meanings if isinstance(each, Snapshot)] == ["51", ORDER]


def long_order() -> Node:
    parts = [graph.part(n, (n, 1)) for n in (51, 52)]
    parts[1]["lineItems"] = graph.page(parts[1]["lineItems"]["nodes"][0], more=True)
    parcel = graph.fulfillment(fulfillmentLineItems=graph.page(graph.units(101, 1), more=True))
    refund = graph.refund(refundLineItems=graph.page(graph.units(101, 1), more=True))
    return graph.order(
        lineItems=graph.page(graph.line(101), more=True),
        fulfillmentOrders=graph.page(*parts, more=True),
        fulfillments=[parcel],
        refunds=[refund],
    )


PAGES = {
    "MoreOrderLines": {"node": {"lineItems": graph.page(graph.line(102, 2))}},
    "MoreParts": {"node": {"fulfillmentOrders": graph.page(graph.part(53, (102, 1)))}},
    "MorePartLines": {"node": {"lineItems": graph.part(0, (99, 3))["lineItems"]}},
    "MoreShipmentLines": {"node": {"fulfillmentLineItems": graph.page(graph.units(102, 2))}},
    "MoreRefundLines": {"node": {"refundLineItems": graph.page(graph.units(102, 1))}},
}


def test_every_nested_page_is_read_to_the_last() -> None:
    with outbound({"ReadOrders": {"nodes": [long_order()]}, **PAGES}) as (door, shop):
        reading = door.read_orders((ORDER,), NOW)
    assert sorted(set(shop.operations)) == sorted(["ReadOrders", *PAGES])
    found = translate("ordna/read", reading.orders[0].body or b"", NOW + timedelta(days=2))
    assert isinstance(found, Snapshot)
    assert found.problems == ()
    assert found.order is not None
    assert found.order.lines is not None
    assert [each.id for each in found.order.lines] == ["101", "102"]
    assert found.parts is not None
    assert found.parts.complete
    assert [each.id for each in found.parts.items] == ["51", "52", "53"]
    assert found.parts.items[1].lines == (Quantity("52", 1), Quantity("99", 3))
    assert found.shipments[0].lines == (Quantity("101", 1), Quantity("102", 2))
    assert found.refunds[0].lines == (Quantity("101", 1), Quantity("102", 1))


def test_a_page_that_cannot_be_had_leaves_the_read_incomplete_and_says_so() -> None:
    with outbound({"ReadOrders": {"nodes": [long_order()]}, **{name: Raw(500) for name in PAGES}}) as (door, _):
        reading = door.read_orders((ORDER,), NOW)
    assert reading.failure is not None
    assert reading.failure.result == "again"
    assert not reading.orders[0].whole
    found = translate("ordna/read", reading.orders[0].body or b"", NOW)
    assert isinstance(found, Snapshot)
    assert found.parts is not None
    assert not found.parts.complete
    assert found.order is not None
    assert found.order.lines is None


def test_a_read_that_failed_brings_nothing_and_the_reason() -> None:
    with outbound({"ReadOrders": Raw(429, b"", {"Retry-After": "3"})}) as (door, _):
        reading = door.read_orders((ORDER,), NOW)
    assert reading.orders == ()
    assert reading.failure is not None
    assert reading.failure.retry_after_s == 3.0


# --- what a connection needs besides -----------------------------------------------------------------------------


def test_subscribing_makes_what_is_missing_and_unsubscribing_removes_ours_only() -> None:
    url = "https://ordna.example.com/in/1"
    standing = [
        {"id": gid("WebhookSubscription", 1), "topic": "ORDERS_CREATE", "uri": url},
        {"id": gid("WebhookSubscription", 2), "topic": "ORDERS_UPDATED", "uri": "https://other.example.com"},
    ]
    answers = {
        "Subscriptions": {"webhookSubscriptions": graph.page(*standing)},
        "Subscribe": lambda v: {
            "webhookSubscriptionCreate": {
                "webhookSubscription": {"id": gid("WebhookSubscription", 3)},
                "userErrors": [],
            }
        },
        "Unsubscribe": {"webhookSubscriptionDelete": {"deletedWebhookSubscriptionId": "x", "userErrors": []}},
    }
    with outbound(answers) as (door, shop):
        made = door.subscribe(url, ("orders/create", "orders/updated"))
        assert not isinstance(made, Answer)
        assert [each.topic for each in made] == ["ORDERS_CREATE", "ORDERS_UPDATED"]
        assert shop.operations == ["Subscriptions", "Subscribe"]
        assert shop.calls[-1] == ("Subscribe", {"topic": "ORDERS_UPDATED", "uri": url})
        assert door.unsubscribe(url) == 1
        assert shop.operations[2:] == ["Subscriptions", "Unsubscribe"]
        assert shop.calls[-1] == ("Unsubscribe", {"id": gid("WebhookSubscription", 1)})


def test_the_shop_the_sweep_and_the_orders_of_parts() -> None:
    shop_node = {
        "name": "Nordlys", "myshopifyDomain": "nordlys.myshopify.com", "currencyCode": "DKK",
        "ianaTimezone": "Europe/Copenhagen", "shopAddress": {"countryCodeV2": "DK"},
    }  # fmt: skip
    first = {"id": gid("Order", 1), "updatedAt": "2026-11-20T10:00:00Z"}
    swept = graph.page(first, {"id": gid("Order", 2), "updatedAt": "2026-11-20T10:00:01Z"}, more=True)
    parts = [{"id": gid("FulfillmentOrder", 51), "orderId": gid("Order", 1)}, None]
    answers = {"Shop": {"shop": shop_node}, "Sweep": {"orders": swept}, "OrdersOfParts": {"nodes": parts}}
    with outbound(answers) as (door, shop):
        facts = door.shop_facts()
        assert not isinstance(facts, Answer)
        assert (facts.name, facts.currency, facts.zone, facts.country) == ("Nordlys", "DKK", "Europe/Copenhagen", "DK")
        page = door.sweep(Mark(NOW))
        assert not isinstance(page, Answer)
        assert page.orders == (("1", NOW),)
        assert page.mark == Mark(NOW + timedelta(seconds=1)), "the last second may hold more than this page"
        assert shop.calls[-1][1]["query"] == "updated_at:>='2026-11-20T10:00:00Z'"
        assert door.orders_of(("51", "52")) == {"51": "1"}
