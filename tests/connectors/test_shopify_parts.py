"""Moving and parting fulfillment orders, the talk with whoever ships them: at the practice shop, and as recorded."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from ordna.connectors.contract import Answer
from ordna.connectors.shopify import parts
from ordna.connectors.shopify.client import Reply, understood
from ordna.connectors.shopify.documents import is_mutation
from ordna.connectors.wire import WireAnswer
from ordna.core.effects import AnswerCancellation, AnswerRequest, AskPartBack, MovePart, RequestPart, SplitPart
from ordna.core.messages import PartSeen, Quantity
from ordna.practice.model import Order
from tests.connectors.shopify_bodies import wire
from tests.connectors.test_practice_converges import PracticeClient, read
from tests.connectors.test_real_input import SAMPLES
from tests.practice.shop_world import basket_of, quiet_shop


@pytest.fixture
def shop() -> tuple[PracticeClient, Order]:
    """A shop with an order of two articles, two of the first and three of the second, at one place."""
    world, life = quiet_shop(seed=5)
    order = life.buy(basket_of(world, 2, 3))
    life.advance(world.now().replace(minute=59))
    return PracticeClient(world), order


def seen(client: PracticeClient, order: Order) -> list[PartSeen]:
    """The live fulfillment orders, as a read tells them."""
    snapshot = read(client, order)[0]
    assert snapshot.parts is not None
    return [part for part in snapshot.parts.items if part.status not in ("closed", "cancelled")]


def other_place(client: PracticeClient, part: PartSeen, *, service: bool = False) -> str:
    places = client.endpoint.world.locations.values()
    return next(
        str(one.id) for one in places if str(one.id) != part.location and (one.service_handle is not None) == service
    )


def units(part: PartSeen) -> dict[str, int]:
    return {each.line: each.units for each in part.lines}


def test_all_of_a_fulfillment_order_moves(shop: tuple[PracticeClient, Order]) -> None:
    client, order = shop
    [part] = seen(client, order)
    body = MovePart(part.id, other_place(client, part), part.lines, part.lines)
    assert parts.look_up_units(client, body).result == "nothing"
    answer = parts.move(client, body)
    [moved] = seen(client, order)
    assert (answer.result, answer.reference) == ("confirmed", moved.id)
    assert (moved.location, units(moved)) == (body.location, units(part))
    assert parts.look_up_units(client, body).result == "confirmed"


def test_a_shop_that_moves_under_the_old_id_is_understood_too(shop: tuple[PracticeClient, Order]) -> None:
    client, order = shop
    client.endpoint.world.moves_replace = False
    [part] = seen(client, order)
    body = MovePart(part.id, other_place(client, part), part.lines, part.lines)
    assert parts.move(client, body).reference == part.id
    assert parts.look_up_units(client, body).result == "confirmed"


def test_some_units_of_a_line_move_and_never_twice(shop: tuple[PracticeClient, Order]) -> None:
    client, order = shop
    [part] = seen(client, order)
    line = max(part.lines, key=lambda each: each.units)
    body = MovePart(part.id, other_place(client, part), (Quantity(line.line, 1),), part.lines)
    assert parts.move(client, body).result == "confirmed"
    assert parts.look_up_units(client, body).result == "confirmed"
    again = parts.move(client, body)
    assert (again.result, again.code) == ("refused", "units_not_there")
    by_place = {one.location: units(one) for one in seen(client, order)}
    assert by_place[body.location] == {line.line: 1}
    assert by_place[part.location][line.line] == line.units - 1


def test_a_change_by_others_makes_a_lost_answer_unknowable(shop: tuple[PracticeClient, Order]) -> None:
    client, order = shop
    [part] = seen(client, order)
    first, second = part.lines
    assert parts.split(client, SplitPart(part.id, (first,), part.lines)).result == "confirmed"
    lost = MovePart(part.id, other_place(client, part), (Quantity(second.line, 1),), part.lines)
    assert parts.look_up_units(client, lost).result == "in_doubt"
    assert parts.move(client, lost).code == "units_not_there"


def test_units_are_parted_off_at_one_place(shop: tuple[PracticeClient, Order]) -> None:
    client, order = shop
    [part] = seen(client, order)
    body = SplitPart(part.id, part.lines[:1], part.lines)
    assert parts.look_up_units(client, body).result == "nothing"
    assert parts.split(client, body).result == "confirmed"
    assert parts.look_up_units(client, body).result == "confirmed"
    now = seen(client, order)
    assert len(now) == 2 and {one.location for one in now} == {part.location}
    assert {line: count for one in now for line, count in units(one).items()} == units(part)


def test_what_is_begun_or_unknown_does_not_move(shop: tuple[PracticeClient, Order]) -> None:
    client, order = shop
    [part] = seen(client, order)
    order.fulfillment_orders[0].progress_reported = True
    body = MovePart(part.id, other_place(client, part), part.lines, part.lines)
    told = parts.move(client, body)
    assert (told.result, told.code) == ("refused", "cannot_move_fulfillment_order_with_reported_progress")
    unknown = parts.move(client, MovePart("999999", body.location, part.lines, part.lines))
    assert (unknown.result, unknown.code) == ("refused", "not_found")


@pytest.fixture
def at_3pl(shop: tuple[PracticeClient, Order]) -> tuple[PracticeClient, Order, str]:
    """The same order, moved to a warehouse of another company."""
    client, order = shop
    [part] = seen(client, order)
    world = client.endpoint.world
    company = replace(next(iter(world.locations.values())), id=990099, name="Packers & Co", service_handle="packers")
    world.locations[company.id] = company
    place = other_place(client, part, service=True)
    answer = parts.move(client, MovePart(part.id, place, part.lines, part.lines))
    assert answer.reference is not None
    return client, order, answer.reference


def status(client: PracticeClient, order: Order) -> list[str | None]:
    return [one.request_status for one in seen(client, order)]


def test_a_company_is_asked_takes_it_on_and_gives_it_back(at_3pl: tuple[PracticeClient, Order, str]) -> None:
    client, order, part = at_3pl
    ask, yes = RequestPart(part, "Before noon, please"), AnswerRequest(part, True)
    assert parts.look_up_talk(client, ask).result == "nothing"
    assert parts.submit(client, ask).result == "confirmed"
    assert parts.look_up_talk(client, ask).result == "confirmed"
    assert parts.look_up_talk(client, yes).result == "nothing"
    assert parts.answer_request(client, yes).result == "confirmed"
    assert parts.look_up_talk(client, yes).result == "confirmed"
    back, given = AskPartBack(part, "The customer changed his mind"), AnswerCancellation(part, True)
    assert parts.look_up_talk(client, back).result == "nothing"
    assert parts.ask_back(client, back).result == "confirmed"
    assert parts.look_up_talk(client, back).result == "confirmed"
    assert status(client, order) == ["cancellation_requested"]
    assert parts.look_up_talk(client, given).result == "nothing"
    assert parts.answer_cancellation(client, given).result == "confirmed"
    assert parts.look_up_talk(client, given).result == "confirmed"
    [free] = seen(client, order)
    assert free.id != part and free.request_status == "unsubmitted"


def test_a_company_says_no_and_the_units_may_move_on(at_3pl: tuple[PracticeClient, Order, str]) -> None:
    client, order, part = at_3pl
    parts.submit(client, RequestPart(part))
    no = AnswerRequest(part, False, "inventory_out_of_stock", "None left")
    assert parts.answer_request(client, no).result == "confirmed"
    assert parts.look_up_talk(client, no).result == "confirmed"
    assert status(client, order) == ["rejected"]
    [refused] = seen(client, order)
    home = other_place(client, refused)
    assert parts.move(client, MovePart(part, home, refused.lines, refused.lines)).result == "confirmed"
    assert [one.location for one in seen(client, order)] == [home]


def test_a_company_keeps_what_it_has_begun(at_3pl: tuple[PracticeClient, Order, str]) -> None:
    client, order, part = at_3pl
    parts.submit(client, RequestPart(part))
    parts.answer_request(client, AnswerRequest(part, True))
    parts.ask_back(client, AskPartBack(part))
    kept = AnswerCancellation(part, False, "It is packed")
    assert parts.answer_cancellation(client, kept).result == "confirmed"
    assert parts.look_up_talk(client, kept).result == "confirmed"
    [mine] = seen(client, order)
    refused = parts.move(client, MovePart(part, other_place(client, mine), mine.lines, mine.lines))
    assert refused.result == "refused"


def test_what_is_not_taken_on_yet_is_simply_withdrawn(at_3pl: tuple[PracticeClient, Order, str]) -> None:
    client, _, part = at_3pl
    parts.submit(client, RequestPart(part))
    assert parts.ask_back(client, AskPartBack(part)).result == "confirmed"
    assert parts.look_up_talk(client, AskPartBack(part)).result == "confirmed"


def test_only_a_company_can_be_asked(shop: tuple[PracticeClient, Order]) -> None:
    client, order = shop
    [part] = seen(client, order)
    told = parts.submit(client, RequestPart(part.id))
    assert (told.result, told.code) == ("refused", "user_error") and told.sentence


# --- as recorded ----------------------------------------------------------------------------------------------

LINE = Quantity("1", 1)
ASKED: dict[str, tuple[Callable[..., Answer], Any]] = {
    "fulfillmentOrderMove": (parts.move, MovePart("51", "2", (LINE,), (LINE,))),
    "fulfillmentOrderSplit": (parts.split, SplitPart("51", (LINE,), (LINE,))),
    "fulfillmentOrderSubmitFulfillmentRequest": (parts.submit, RequestPart("51")),
    "fulfillmentOrderAcceptFulfillmentRequest": (parts.answer_request, AnswerRequest("51", True)),
    "fulfillmentOrderRejectFulfillmentRequest": (parts.answer_request, AnswerRequest("51", False, "OTHER")),
    "fulfillmentOrderSubmitCancellationRequest": (parts.ask_back, AskPartBack("51")),
    "fulfillmentOrderAcceptCancellationRequest": (parts.answer_cancellation, AnswerCancellation("51", True)),
    "fulfillmentOrderRejectCancellationRequest": (parts.answer_cancellation, AnswerCancellation("51", False)),
}
EXPECTED_RECORDED = {"confirmed": 24, "refused": 8}


class Recorded:
    """A shop that answers a mutation as it was recorded."""

    def __init__(self, payload: dict[str, Any]) -> None:
        self.payload = payload

    def call(self, document: str, variables: dict[str, Any]) -> Reply | Answer:
        part = {"id": "gid://shopify/FulfillmentOrder/51", "status": "OPEN"}
        line = {"id": "gid://shopify/FulfillmentOrderLineItem/1", "remainingQuantity": 1}
        lines = [{**line, "lineItem": {"id": "gid://shopify/LineItem/1"}}]
        read = {"data": {"fulfillmentOrder": {**part, "lineItems": {"nodes": lines}}}}
        body = self.payload if is_mutation(document) else read
        return understood(WireAnswer(200, wire(body)), is_mutation(document))


def recorded() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(file, root field, body of the answer) of each recorded call of these mutations."""
    for file in sorted(SAMPLES.glob("graphql/2026-04/shipping-fulfillments/*.json")):
        yield from _calls(file.name, json.loads(file.read_text("utf-8")))


def _calls(name: str, tree: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    if isinstance(tree, list):
        for each in tree:
            yield from _calls(name, each)
    elif isinstance(tree, dict):
        data = tree.get("data")
        for root in ASKED if isinstance(data, dict) else ():
            if data.get(root):
                yield name, root, tree
        for each in tree.values():
            yield from _calls(name, each)


def test_every_recorded_answer_is_read_as_what_it_says() -> None:
    results: Counter[str] = Counter()
    for name, root, body in recorded():
        ask, wanted = ASKED[root]
        answer = ask(Recorded(body), wanted)
        errors = body["data"][root].get("userErrors") or []
        assert answer.result == ("refused" if errors else "confirmed"), (name, root, answer)
        if errors:
            assert answer.sentence and errors[0]["message"] in answer.sentence
            assert answer.code == (errors[0].get("code") or "user_error").lower()
        if root == "fulfillmentOrderMove" and not errors:
            assert body["data"][root]["movedFulfillmentOrder"]["id"].endswith(f"/{answer.reference}")
        results[answer.result] += 1
    assert not SAMPLES.exists() or results == EXPECTED_RECORDED
