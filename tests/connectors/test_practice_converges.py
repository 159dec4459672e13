"""The practice shop and the connector agree: both ways in are one picture, and effects do what they say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ordna.connectors.contract import Answer
from ordna.connectors.shopify import effects, reading
from ordna.connectors.shopify.client import Reply, understood
from ordna.connectors.shopify.documents import is_mutation, text_of
from ordna.connectors.shopify.webhooks import translate
from ordna.connectors.shopify.wire import WireAnswer
from ordna.core.effects import CancelOrder, HoldPart, NoteOrder, ReleasePart, ShipPart, TagOrder, UntagOrder
from ordna.core.messages import Quantity, Snapshot
from ordna.practice.graphql import Endpoint
from ordna.practice.model import Order
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


def read(client: PracticeClient, *orders: Order) -> list[Snapshot]:
    got = reading.read_orders(client, tuple(str(order.id) for order in orders), NOW)
    assert got.failure is None, got.failure
    found = [translate("ordna/read", each.body or b"", LATER) for each in got.orders]
    assert all(isinstance(each, Snapshot) for each in found), found
    return [each for each in found if isinstance(each, Snapshot)]


def test_every_order_of_a_month_is_one_picture_whichever_way_it_came_in(history: World) -> None:
    orders = list(history.orders.values())
    by_read = read(PracticeClient(history), *orders)
    shipped = refunded = 0
    for order, seen in zip(orders, by_read, strict=True):
        told = translate("orders/updated", wire(body_of(history, order)), LATER)
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
        shipped += len(seen.shipments)
        refunded += len(seen.refunds)
    assert len(orders) > 100
    assert shipped > 50
    assert refunded > 3


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
