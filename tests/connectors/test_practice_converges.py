"""The practice shop and the connector agree: both ways in are one picture, and effects do what they say."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from ordna.connectors.contract import Answer
from ordna.connectors.shopify import effects, reading
from ordna.connectors.shopify.client import Reply, understood
from ordna.connectors.shopify.documents import is_mutation, text_of
from ordna.connectors.shopify.webhooks import translate
from ordna.connectors.wire import WireAnswer
from ordna.core.effects import CancelOrder, HoldPart, NoteOrder, ReleasePart, ShipPart, TagOrder, UntagOrder
from ordna.core.messages import Quantity, Snapshot
from ordna.practice.graphql import Endpoint
from ordna.practice.model import Order
from ordna.practice.trade import KINDS, make
from ordna.practice.world import World
from tests.connectors.shopify_bodies import wire
from tests.practice.shop_world import NOW, basket_of, body_of, lived, quiet_shop

LATER = NOW + timedelta(hours=1)


class PracticeClient:
    """The connector's client with the practice shop on the other end, without a socket between."""

    def __init__(self, world: World) -> None:
        self.endpoint = Endpoint(world)
        self.app = world.apps[0]
        self.requested: list[float] = []
        self.actual: list[float] = []

    def call(self, document: str, variables: dict[str, Any]) -> Reply | Answer:
        self.app_bucket_filled()
        answer = self.endpoint.answer(self.app, text_of(document), variables)
        cost = answer.get("extensions", {}).get("cost", {})
        self.requested.append(cost.get("requestedQueryCost", 0))
        self.actual.append(cost.get("actualQueryCost", 0))
        return understood(WireAnswer(200, wire(answer)), is_mutation(document))

    def app_bucket_filled(self) -> None:
        self.endpoint._buckets.clear()


@pytest.fixture(scope="module")
def history() -> World:
    return lived(seed=7, days=5, orders_per_day=40)[0]


def read(client: PracticeClient, *orders: Order, at: datetime = LATER) -> list[Snapshot]:
    got = reading.read_orders(client, tuple(str(order.id) for order in orders), NOW)
    assert got.failure is None, got.failure
    found = [translate("ordna/read", each.body or b"", at) for each in got.orders]
    assert all(isinstance(each, Snapshot) for each in found), found
    return [each for each in found if isinstance(each, Snapshot)]


def test_every_order_of_a_month_is_one_picture_whichever_way_it_came_in(history: World) -> None:
    orders = list(history.orders.values())
    same_both_ways(history, orders)
    assert len(orders) > 100
    assert sum(len(order.fulfillments) for order in orders) > 50
    assert sum(len(order.refunds) for order in orders) > 3


def same_both_ways(history: World, orders: list[Order]) -> list[Snapshot]:
    """The orders' snapshots by a read, each proved to be what a webhook tells."""
    at = max(LATER, history.now())
    by_read = read(PracticeClient(history), *orders, at=at)
    for order, seen in zip(orders, by_read, strict=True):
        told = translate("orders/updated", wire(body_of(history, order)), at)
        assert isinstance(told, Snapshot)
        assert told.order == seen.order
        assert told.person == seen.person
        assert told.shipments == seen.shipments
        for by_webhook, by_graphql in zip(told.refunds, seen.refunds, strict=True):
            if by_webhook.amount is None:  # told in the buyer's currency only
                assert by_webhook.id == by_graphql.id
            else:
                assert by_webhook == by_graphql
        assert set(told.transactions) <= set(seen.transactions)
        assert told.problems == seen.problems == (), (told.problems, seen.problems)
        assert seen.parts is not None
        assert seen.parts.complete
    return by_read


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_the_rarer_trade_is_one_picture_whichever_way_it_came_in(kind: str) -> None:
    world, life = quiet_shop(seed=11)
    orders = []
    for number in range(4):
        basket = basket_of(world, 1, 2)
        make(kind, world, basket, Random(f"{kind} {number}"))
        orders.append(life.buy(basket))
    life.advance(world.now() + timedelta(minutes=1))
    [fresh, *_] = same_both_ways(world, orders)
    assert is_of(kind, fresh), fresh
    life.advance(world.now() + timedelta(days=2))
    same_both_ways(world, orders)


def is_of(kind: str, seen: Snapshot) -> bool:
    """What the picture shows of the kind."""
    order, parts = seen.order, seen.parts
    assert order is not None and parts is not None and order.lines is not None
    ways = {part.delivery_method for part in parts.items}
    match kind:
        case "tip":
            return [line.title for line in order.lines if not line.ships] == ["Tip"] and ways == {"shipping"}
        case "bundle":
            return len(order.lines) >= 3
        case "gift card sold":
            return any(line.gift_card and not line.ships for line in order.lines) and "none" in ways
        case "gift card used":
            return {moved.gateway for moved in seen.transactions} == {"gift_card", "shopify_payments"}
        case "nothing to pay":
            return (order.total, order.payment, seen.transactions) == (0, "paid", ())
        case "draft":
            return order.source == "shopify_draft_order"
        case "terms":
            assert order.terms_due is not None and seen.person is not None and seen.person.reference is not None
            days = (order.terms_due - order.placed_at).days
            return (order.terms, days, order.payment, bool(order.company)) == ("Net 30", 30, "pending", True)
        case "pickup":
            return ways == {"pick_up"} and order.address_absent
        case "local delivery":
            return ways == {"local"} and order.address_complete is True
        case "download":
            return ways == {"none"} and order.address_complete is True
        case "mixed delivery":
            return ways == {"shipping", "pick_up", "local", "none"} and not order.address_absent
        case "till":
            return ways == {"retail"} and order.source == "pos" and order.payment == "paid" and order.customer is None
        case "abroad":
            return (order.currency, order.paid_currency) == ("DKK", "JPY") and (order.paid_total or 0) > 1000
    raise AssertionError(f"nobody knows what {kind} looks like")


def test_reading_an_order_reserves_about_fifty_points_and_takes_far_less(history: World) -> None:
    client = PracticeClient(history)
    read(client, *list(history.orders.values())[:15])
    assert client.requested[0] <= 15 * 60
    assert client.actual[0] <= 15 * 45


# --- effects ----------------------------------------------------------------------------------------------------


@pytest.fixture
def shop() -> tuple[PracticeClient, Order]:
    world, life = quiet_shop()
    order = life.buy(basket_of(world, 2, 1))
    for _ in range(50):
        if order.fulfillment_orders:
            break
        life.advance(world.now() + timedelta(seconds=30))
    assert order.fulfillment_orders
    return PracticeClient(world), order


def test_our_hold_stands_next_to_others_and_goes_alone(shop: tuple[PracticeClient, Order]) -> None:
    client, order = shop
    part = str(order.fulfillment_orders[0].id)
    placed = effects.hold(client, HoldPart(part, "ordna-a", "high value"))
    other = effects.hold(client, HoldPart(part, "ordna-b", "address"))
    assert (placed.result, other.result) == ("confirmed", "confirmed"), (placed, other)
    again = effects.hold(client, HoldPart(part, "ordna-a", "high value"))
    assert (again.result, again.reference) == ("confirmed", placed.reference)
    seen = read(client, order)[0].parts
    assert seen is not None
    assert seen.items[0].status == "on_hold"
    assert {(each.handle, each.ours, each.id) for each in seen.items[0].holds} == {
        ("ordna-a", True, placed.reference),
        ("ordna-b", True, other.reference),
    }
    release = ReleasePart(part, "ordna-a", placed.reference or "")
    assert effects.release(client, release).result == "confirmed"
    assert effects.release(client, release).result == "confirmed"
    seen = read(client, order)[0].parts
    assert seen is not None
    assert [each.handle for each in seen.items[0].holds] == ["ordna-b"]


def test_a_part_is_shipped_once_and_a_look_finds_the_parcel(shop: tuple[PracticeClient, Order]) -> None:
    client, order = shop
    part = order.fulfillment_orders[0]
    lines = tuple(Quantity(str(each.line.id), each.remaining_quantity) for each in part.lines)
    body = ShipPart(str(part.id), lines, carrier="DHL", tracking="JD0001")
    assert effects.look_up_parcel(client, body).result == "nothing"
    sent = effects.ship(client, body)
    assert sent.result == "confirmed", sent
    found = effects.look_up_parcel(client, body)
    assert (found.result, found.reference) == ("confirmed", sent.reference)
    twice = effects.ship(client, body)
    assert (twice.result, twice.code) == ("refused", "units_not_there")
    seen = read(client, order)[0]
    assert [each.tracking for each in seen.shipments] == ["JD0001"]


def test_tags_note_and_cancellation_arrive(shop: tuple[PracticeClient, Order]) -> None:
    client, order = shop
    ref = str(order.id)
    assert effects.tag(client, TagOrder(("checked",)), ref).result == "confirmed"
    assert effects.note(client, NoteOrder("Ring twice"), ref).result == "confirmed"
    assert "checked" in order.tags
    assert order.note == "Ring twice"
    assert effects.tag(client, UntagOrder(("checked",)), ref).result == "confirmed"
    assert effects.look_up_tags(client, UntagOrder(("checked",)), ref).result == "confirmed"
    asked = effects.cancel(client, CancelOrder("customer", True, True, False), ref)
    assert (asked.result, asked.code) == ("confirmed", "asked"), asked
    assert asked.reference
