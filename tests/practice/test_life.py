"""A month of a believable shop, in seconds, the same for the same seed; and what goes on afterwards."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta

import pytest

from ordna.practice import derive
from ordna.practice.bodies import order_of
from ordna.practice.catalogue import is_complete
from ordna.practice.deeds import DEEDS
from ordna.practice.model import Order
from ordna.practice.mutations.fulfillments import ship
from ordna.practice.mutations.orders import cancel_order
from ordna.practice.world import World
from tests.practice.shop_world import NOW, basket_of, digest, lived, quiet_shop


@pytest.fixture(scope="module")
def month() -> World:
    return lived(seed=1, days=30, orders_per_day=100)[0]


def test_a_month_takes_seconds() -> None:
    began = time.monotonic()
    world, _, _ = lived(seed=2, days=30, orders_per_day=100)
    assert len(world.orders) > 2_500
    # Some three seconds on an idle core; the bound leaves room for a busy one.
    assert time.monotonic() - began < 10


def test_the_same_seed_gives_the_same_world() -> None:
    first, again = lived(7, days=10, orders_per_day=30)[0], lived(7, days=10, orders_per_day=30)[0]
    other = lived(8, days=10, orders_per_day=30)[0]
    assert digest(first) == digest(again)
    assert digest(first) != digest(other)


def test_orders_follow_the_day(month: World) -> None:
    hours = Counter((order.created_at + timedelta(hours=1)).hour for order in month.orders.values())
    assert hours[20] > 5 * hours[4]
    assert max(order.created_at for order in month.orders.values()) <= NOW


def test_most_is_paid_at_once_and_every_way_of_paying_occurs(month: World) -> None:
    statuses = Counter(derive.financial_status(order) for order in month.orders.values())
    assert statuses["PAID"] > 0.85 * len(month.orders)
    assert set(statuses) == {
        "PAID", "AUTHORIZED", "PENDING", "VOIDED", "REFUNDED", "PARTIALLY_REFUNDED", "PARTIALLY_PAID",
    }  # fmt: skip
    gateways = {t.gateway for order in month.orders.values() for t in order.transactions}
    assert gateways == {"shopify_payments", "Bank Deposit", "gift_card", "bogus", "manual", "cash"}
    kinds = {(t.kind, t.status) for order in month.orders.values() for t in order.transactions}
    assert {("SALE", "FAILURE"), ("CAPTURE", "SUCCESS"), ("VOID", "SUCCESS"), ("REFUND", "SUCCESS")} <= kinds


@pytest.mark.parametrize(
    ("what", "least", "most"),
    [
        ("cancelled", 0.02, 0.06), ("edited", 0.015, 0.05), ("refunded", 0.04, 0.10), ("test", 0.002, 0.015),
        ("two places", 0.05, 0.25), ("in parts", 0.01, 0.25), ("noted", 0.05, 0.15), ("tagged", 0.05, 0.15),
        ("foreign currency", 0.25, 0.5), ("incomplete address", 0.002, 0.015), ("free", 0.004, 0.02),
        ("gift card bought", 0.005, 0.1), ("risky", 0.005, 0.03), ("open", 0.05, 0.2),
    ],
)  # fmt: skip
def test_the_unusual_is_there_and_stays_unusual(month: World, what: str, least: float, most: float) -> None:
    share = sum(1 for order in month.orders.values() if _is(order, what)) / len(month.orders)
    assert least <= share <= most


def test_some_orders_still_stand_at_every_stage(month: World) -> None:
    open_orders = [order for order in month.orders.values() if not order.closed_at and not order.cancelled_at]
    stages = Counter(derive.fulfillment_status(order) for order in open_orders)
    assert {"UNFULFILLED", "ON_HOLD", "PARTIALLY_FULFILLED", "FULFILLED"} <= set(stages)
    assert any(derive.financial_status(order) == "AUTHORIZED" for order in open_orders)
    assert any(derive.financial_status(order) == "PENDING" for order in open_orders)
    last_events = {p.events[-1].status for o in open_orders for p in o.fulfillments if p.events}
    assert {"IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED"} <= last_events


def test_nearly_all_old_orders_are_finished(month: World) -> None:
    old = [order for order in month.orders.values() if order.created_at < NOW - timedelta(days=14)]
    unfinished = [order for order in old if not order.closed_at and order.terms is None]
    assert 0 < len(unfinished) < 0.03 * len(old)


def test_customers_return(month: World) -> None:
    counts = Counter(order.customer.id for order in month.orders.values() if order.customer)
    assert sum(1 for count in counts.values() if count == 1) > 50
    assert max(counts.values()) > 5


def test_no_unit_is_shipped_twice(month: World) -> None:
    for order in month.orders.values():
        for line in order.lines:
            parts = [part for parcel in order.fulfillments if parcel.status == "SUCCESS" for part in parcel.lines]
            shipped = sum(part.quantity for part in parts if part.line is line)
            assert shipped == line.fulfilled <= line.quantity, order.name


def test_live_buyers_come_at_the_chosen_pace() -> None:
    world, life = quiet_shop()
    life.set_pace(600)
    life.advance(world.now() + timedelta(hours=1))
    placed = max(order.number for order in world.orders.values()) - 1000
    assert 500 < placed < 700
    life.set_pace(0)
    life.advance(world.now() + timedelta(hours=1))
    assert max(order.number for order in world.orders.values()) - 1000 == placed


def test_a_parcel_of_an_app_arrives_within_minutes_and_its_order_closes() -> None:
    world, life = quiet_shop()
    order = life.buy(basket_of(world, 1))
    life.advance(world.now() + timedelta(minutes=1))
    ship(world, [(order.fulfillment_orders[0], None)], company="PostNord")
    life.advance(world.now() + timedelta(minutes=2))
    statuses = [event.status for event in order.fulfillments[0].events]
    assert statuses[:2] == ["CONFIRMED", "IN_TRANSIT"]
    life.advance(world.now() + timedelta(minutes=15))
    assert order.fulfillments[0].events[-1].status == "DELIVERED"
    assert order.closed_at


def test_live_the_shops_own_admin_ships_a_few_orders_and_leaves_the_rest_to_the_app() -> None:
    world, life = quiet_shop()
    orders = [life.buy(basket_of(world, 1)) for _ in range(200)]
    life.advance(world.now() + timedelta(hours=4))
    shipped = sum(1 for order in orders if order.fulfillments)
    assert 5 <= shipped <= 30


def test_a_plot_gives_way_to_what_happened_meanwhile() -> None:
    world, life, _ = lived(seed=4, days=1, orders_per_day=40)
    for order in [o for o in world.orders.values() if not o.cancelled_at and not o.fulfillments]:
        cancel_order(world, order, "OTHER", restock=True, refund=True)
    life.advance(world.now() + timedelta(days=9))
    assert [o.name for o in world.orders.values() if o.cancelled_at and o.fulfillments] == []


def test_while_paused_nothing_happens_and_afterwards_it_does() -> None:
    world, life = quiet_shop()
    life.set_pace(600)
    life.pause()
    life.advance(world.now() + timedelta(minutes=10))
    assert not world.orders
    life.resume()
    life.advance(world.now() + timedelta(minutes=10))
    assert world.orders


def test_a_deleted_order_is_never_heard_of_again() -> None:
    world, life = quiet_shop()
    order = life.buy(basket_of(world, 1))
    life.advance(world.now() + timedelta(minutes=1))
    ship(world, [(order.fulfillment_orders[0], None)])
    life.advance(world.now() + timedelta(seconds=1))
    DEEDS["delete"].do(world, order)
    changes = life.advance(world.now() + timedelta(hours=12))
    assert [change.topic for change in changes if order_of(change) is order] == ["orders/delete"]


def test_gift_cards_are_sent_by_themselves_once_paid() -> None:
    world, life = quiet_shop()
    basket = basket_of(world, 1, payment="pending")
    basket.items = [(next(v for v in world.variants.values() if v.gift_card), 1)]
    order = life.buy(basket)
    life.advance(world.now() + timedelta(seconds=20))
    assert not order.fulfillments
    DEEDS["pay"].do(world, order)
    life.advance(world.now() + timedelta(seconds=20))
    assert derive.fulfillment_status(order) == "FULFILLED"


def _is(order: Order, what: str) -> bool:
    match what:
        case "cancelled":
            return order.cancelled_at is not None
        case "edited":
            return order.edited
        case "refunded":
            return bool(order.refunds)
        case "test":
            return order.test
        case "two places":
            return len({one.location.id for one in order.fulfillment_orders}) > 1
        case "in parts":
            return len(order.fulfillments) > 1
        case "noted":
            return order.note is not None
        case "tagged":
            return bool(order.tags)
        case "foreign currency":
            return order.presentment_currency != order.currency
        case "incomplete address":
            return order.shipping_address is not None and not is_complete(order.shipping_address)
        case "free":
            return not order.transactions
        case "gift card bought":
            return any(line.gift_card for line in order.lines)
        case "risky":
            return bool(order.risks) and order.risks[-1].level == "HIGH"
        case "open":
            return not order.closed_at
    raise ValueError(what)
