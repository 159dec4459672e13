"""The rarer trade: how often each kind comes in a month, and what each is in Shopify's own words."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from ordna.practice import derive
from ordna.practice.deeds import DEEDS
from ordna.practice.graphql import Endpoint
from ordna.practice.life import Life
from ordna.practice.model import Order
from ordna.practice.totals import totals
from ordna.practice.trade import KINDS, make
from ordna.practice.world import World
from tests.practice.shop_world import basket_of, body_of, lived, quiet_shop

#: The month of seed 1 at a hundred orders a day. A change of the shop's life shows here, and is to be meant.
CENSUS = {
    "LOCAL": 47,
    "NONE": 148,
    "PICK_UP": 74,
    "RETAIL": 33,
    "SHIPPING": 2698,
    "bundle": 49,
    "draft": 143,
    "exchange": 30,
    "gift card sold": 113,
    "gift card used": 60,
    "nothing to pay": 34,
    "rounded": 33,
    "terms": 24,
    "tip": 33,
    "ways": 16,
    "yen": 26,
}


def of_kind(kind: str, number: int = 0, units: int = 1) -> tuple[World, Life, Order]:
    """A shop with one order of this kind, routed."""
    world, life = quiet_shop()
    basket = basket_of(world, units, 1)
    make(kind, world, basket, Random(f"{kind} {number}"))
    order = life.buy(basket)
    life.advance(world.now() + timedelta(seconds=20))
    return world, life, order


@pytest.fixture(scope="module")
def month() -> World:
    return lived(seed=1, days=30, orders_per_day=100)[0]


def test_the_month_of_a_seed_holds_so_many_of_each(month: World) -> None:
    found: Counter[str] = Counter()
    for order in month.orders.values():
        found.update(traits(order))
    assert dict(sorted(found.items())) == CENSUS


def traits(order: Order) -> set[str]:
    shows = {
        "tip": any(line.is_tip for line in order.lines),
        "bundle": bool(order.groups),
        "gift card sold": any(line.gift_card for line in order.lines),
        "gift card used": any(paid.gateway == "gift_card" for paid in order.transactions),
        "nothing to pay": not order.transactions,
        "draft": order.source_name == "shopify_draft_order",
        "terms": order.terms is not None,
        "rounded": any(paid.rounding.shop for paid in order.transactions),
        "yen": order.presentment_currency == "JPY",
        "exchange": bool(order.returns),
        "ways": len({part.method_type for part in order.fulfillment_orders}) > 2,
    }
    return {name for name, holds in shows.items() if holds} | {part.method_type for part in order.fulfillment_orders}


def test_a_tip_is_a_line_of_the_total_that_no_fulfillment_order_has() -> None:
    world, _, order = of_kind("tip")
    tip = order.lines[-1]
    body: dict[str, Any] = body_of(world, order)
    assert (tip.title, tip.requires_shipping, body["line_items"][-1]["fulfillable_quantity"]) == ("Tip", False, 0)
    assert Decimal(body["total_tip_received"]) == tip.price.shop > 0
    assert totals(order).total.shop == sum(line.price.shop * line.quantity for line in order.lines) + sum(
        line.price.shop for line in order.shipping_lines
    )
    DEEDS["ship"].do(world, order)
    assert derive.fulfillment_status(order) == "FULFILLED"


def test_a_bundle_is_its_articles_in_a_group() -> None:
    world, _, order = of_kind("bundle")
    body: dict[str, Any] = body_of(world, order)
    [group] = body["line_item_groups"]
    members = [line for line in body["line_items"] if line["sales_line_item_group_id"] == group["id"]]
    assert len(members) == 3
    assert {line["quantity"] for line in members} == {group["quantity"]}


def test_terms_are_pending_with_a_day_of_payment_and_go_out_all_the_same() -> None:
    world, _, order = of_kind("terms")
    body: dict[str, Any] = body_of(world, order)
    [schedule] = body["payment_terms"]["payment_schedules"]
    assert (body["financial_status"], body["payment_terms"]["payment_terms_name"]) == ("pending", "Net 30")
    assert schedule["balance_due"] == body["total_price"] == body["total_outstanding"]
    assert body["company"]["id"] and body["po_number"].startswith("PO-")
    DEEDS["ship"].do(world, order)
    DEEDS["pay"].do(world, order)
    assert derive.financial_status(order) == "PAID"
    paid: dict[str, Any] = body_of(world, order)
    assert paid["payment_terms"]["payment_schedules"][0]["balance_due"] == "0.00"
    assert paid["payment_terms"]["payment_schedules"][0]["completed_at"]


def test_an_order_on_terms_closes_when_its_money_has_come() -> None:
    world, life, order = of_kind("terms")
    for deed in ("ship", "deliver"):
        DEEDS[deed].do(world, order)
    life.advance(world.now() + timedelta(minutes=30))
    assert order.closed_at is None
    DEEDS["pay"].do(world, order)
    life.advance(world.now() + timedelta(seconds=5))
    assert order.closed_at


def test_what_is_fetched_has_no_address_and_is_handed_over() -> None:
    world, life, order = of_kind("pickup")
    body: dict[str, Any] = body_of(world, order)
    assert body["shipping_address"] is None
    assert [line["code"] for line in body["shipping_lines"]] == ["Butik Aarhus"]
    [part] = order.fulfillment_orders
    assert (part.method_type, part.location.name) == ("PICK_UP", "Butik Aarhus")
    assert not DEEDS["ship"].is_open(order)
    DEEDS["prepare_pickup"].do(world, order)
    assert part.status == "IN_PROGRESS"
    DEEDS["hand_over"].do(world, order)
    assert derive.display_status(order.fulfillments[0]) == "PICKED_UP"
    life.advance(world.now() + timedelta(seconds=5))
    assert order.closed_at


def test_one_order_goes_four_ways() -> None:
    world, _, order = of_kind("mixed delivery")
    ways = {part.method_type: part for part in order.fulfillment_orders}
    assert set(ways) == {"SHIPPING", "PICK_UP", "LOCAL", "NONE"}
    assert ways["NONE"].status == "CLOSED", "a file is sent as soon as it is paid"
    assert [line.code for line in order.shipping_lines] == ["postnord_home", "Butik Aarhus", "local-delivery"]
    DEEDS["ship"].do(world, order)
    DEEDS["hand_over"].do(world, order)
    assert len(order.fulfillments) == 4
    assert derive.fulfillment_status(order) == "FULFILLED"


def test_coins_round_the_payment_and_not_the_total() -> None:
    rounded = 0
    for number in range(6):
        world, _, order = of_kind("till", number)
        body: dict[str, Any] = body_of(world, order)
        [paid] = order.transactions
        assert paid.amount.shop % Decimal("0.50") == 0
        assert paid.amount.shop - totals(order).total.shop == paid.rounding.shop
        told = body["total_cash_rounding_payment_adjustment_set"]["shop_money"]["amount"]
        assert Decimal(told) == paid.rounding.shop
        assert (body["financial_status"], body["total_outstanding"], body["source_name"]) == ("paid", "0.00", "pos")
        assert derive.fulfillment_status(order) == "FULFILLED", "it left over the counter"
        rounded += bool(paid.rounding.shop)
    assert rounded >= 2


def test_yen_have_no_cents() -> None:
    world, _, order = of_kind("abroad")
    body: dict[str, Any] = body_of(world, order)
    shown = body["total_price_set"]
    assert shown["presentment_money"]["currency_code"] == "JPY"
    assert "." not in shown["presentment_money"]["amount"]
    assert "." in shown["shop_money"]["amount"]


def test_an_exchange_is_a_return_and_a_line_of_its_own() -> None:
    world, _, order = of_kind("bundle", units=1)
    DEEDS["ship"].do(world, order)
    DEEDS["exchange"].do(world, order)
    body: dict[str, Any] = body_of(world, order)
    [back] = body["returns"]
    sent = order.lines[-1]
    assert back["exchange_line_items"][0]["line_item"]["id"] == sent.id
    assert body["refunds"][0]["return"]["id"] == back["id"]
    assert body["refunds"][0]["transactions"] == [] and body["total_outstanding"] == "0.00"
    assert order.fulfillment_orders[-1].lines[-1].line is sent
    assert derive.return_status(order) == "IN_PROGRESS"
    DEEDS["ship"].do(world, order)
    DEEDS["close_return"].do(world, order)
    assert (derive.return_status(order), derive.fulfillment_status(order)) == ("RETURNED", "FULFILLED")


QUERY = """query($id: ID!) { order(id: $id) {
  poNumber returnStatus totalTipReceivedSet { shopMoney { amount } }
  totalCashRoundingAdjustment { paymentSet { shopMoney { amount } } }
  paymentTerms { paymentTermsName paymentTermsType dueInDays overdue paymentSchedules(first: 1) { nodes {
    dueAt completedAt balanceDue { amount } } } }
  purchasingEntity { __typename ... on PurchasingCompany { company { id name } location { name } } }
  lineItems(first: 10) { nodes { title lineItemGroup { id title quantity } nonFulfillableQuantity } }
  nonFulfillableLineItems(first: 5) { nodes { title } }
  transactions(first: 5) { gateway amountRoundingSet { shopMoney { amount } } }
  fulfillmentOrders(first: 5) { nodes { deliveryMethod { methodType presentedName } destination { city } } }
  returns(first: 5) { nodes { name status exchangeLineItems(first: 2) { nodes { lineItem { title } quantity } }
    returnLineItems(first: 2) { nodes { quantity processedQuantity } } } }
} }"""


@pytest.mark.parametrize("kind", KINDS)
def test_the_admin_api_answers_for_every_kind(kind: str) -> None:
    world, _, order = of_kind(kind)
    answer = Endpoint(world).answer(world.apps[0], QUERY, {"id": f"gid://shopify/Order/{order.id}"})
    assert "errors" not in answer
    shown = answer["data"]["order"]
    assert [part["deliveryMethod"]["methodType"] for part in shown["fulfillmentOrders"]["nodes"]] == [
        part.method_type for part in order.fulfillment_orders
    ]
    match kind:
        case "terms":
            assert shown["paymentTerms"]["paymentSchedules"]["nodes"][0]["completedAt"] is None
            assert shown["purchasingEntity"]["__typename"] == "PurchasingCompany"
        case "bundle":
            assert sum(line["lineItemGroup"] is not None for line in shown["lineItems"]["nodes"]) == 3
        case "tip":
            assert [line["title"] for line in shown["nonFulfillableLineItems"]["nodes"]] == ["Tip"]
        case _:
            assert shown["paymentTerms"] is None
