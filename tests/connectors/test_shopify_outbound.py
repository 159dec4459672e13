"""Effects performed and looked up, over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from ordna.connectors.contract import Answer
from ordna.core.effects import (
    CancelOrder,
    Effect,
    EffectBody,
    HoldPart,
    NoteOrder,
    ReleasePart,
    ShipPart,
    TagOrder,
    UntagOrder,
)
from ordna.core.messages import Quantity
from tests.connectors import shopify_nodes as graph
from tests.connectors.canned_shop import CannedShop, Raw, outbound
from tests.connectors.shopify_nodes import gid

ORDER = "5012345678901"
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
Node = dict[str, Any]


def effect(body: EffectBody) -> Effect:
    return Effect("key", 1, body)


def performed(body: EffectBody, answers: dict[str, Any]) -> tuple[Answer, CannedShop]:
    with outbound(answers) as (door, shop):
        return door.perform(effect(body), ORDER), shop


def looked_up(body: EffectBody, answers: dict[str, Any]) -> Answer:
    with outbound(answers) as (door, _):
        return door.look_up(effect(body), ORDER)


def wrong(message: str, code: str | None = None) -> list[Node]:
    return [{"field": ["id"], "message": message, **({"code": code} if code else {})}]


def holds(*standing: Node) -> Node:
    return {
        "fulfillmentOrder": {"id": gid("FulfillmentOrder", 51), "status": "ON_HOLD", "fulfillmentHolds": list(standing)}
    }


OURS = {"id": gid("FulfillmentHold", 71), "handle": "ordna-1", "heldByRequestingApp": True}
THEIRS = {"id": gid("FulfillmentHold", 72), "handle": "ordna-1", "heldByRequestingApp": False}
HOLD = HoldPart("51", "ordna-1", "high value first order")
RELEASE = ReleasePart("51", "ordna-1", "71")


# --- holds ------------------------------------------------------------------------------------------------------


def test_a_hold_is_placed_under_our_handle_and_answers_with_its_id() -> None:
    made = {"fulfillmentOrderHold": {"fulfillmentHold": {"id": gid("FulfillmentHold", 71)}, "userErrors": []}}
    answer, shop = performed(HOLD, {"Hold": made})
    assert (answer.result, answer.reference, answer.points) == ("confirmed", "71", 10.0)
    assert shop.calls == [
        (
            "Hold",
            {
                "id": gid("FulfillmentOrder", 51),
                "hold": {
                    "reason": "OTHER",
                    "reasonNotes": "high value first order",
                    "handle": "ordna-1",
                    "notifyMerchant": False,
                },
            },
        )
    ]


def test_a_hold_that_stands_under_our_handle_already_is_the_one_we_want() -> None:
    taken = {"fulfillmentOrderHold": {"userErrors": wrong("taken", "DUPLICATE_FULFILLMENT_HOLD_HANDLE")}}
    answer, _ = performed(HOLD, {"Hold": taken, "LookUpHolds": holds(OURS)})
    assert (answer.result, answer.reference) == ("confirmed", "71")


def test_another_apps_hold_of_the_same_name_is_not_ours() -> None:
    limit = {"fulfillmentOrderHold": {"userErrors": wrong("too many", "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED")}}
    answer, _ = performed(HOLD, {"Hold": limit, "LookUpHolds": holds(THEIRS)})
    assert (answer.result, answer.code) == ("refused", "fulfillment_order_hold_limit_reached")
    assert answer.sentence == "too many"


def test_a_release_names_our_hold_only() -> None:
    gone = {"fulfillmentOrderReleaseHold": {"fulfillmentOrder": {"id": "x"}, "userErrors": []}}
    answer, shop = performed(RELEASE, {"Release": gone})
    assert answer.result == "confirmed"
    assert shop.calls == [("Release", {"id": gid("FulfillmentOrder", 51), "holds": [gid("FulfillmentHold", 71)]})]


def test_a_release_without_an_id_finds_our_hold_by_its_handle_and_never_sends_an_empty_list() -> None:
    gone = {"fulfillmentOrderReleaseHold": {"fulfillmentOrder": {"id": "x"}, "userErrors": []}}
    unknown = ReleasePart("51", "ordna-1", "")
    answer, shop = performed(unknown, {"Release": gone, "LookUpHolds": holds(THEIRS, OURS)})
    assert answer.result == "confirmed"
    assert shop.calls[-1][1]["holds"] == [gid("FulfillmentHold", 71)]
    answer, shop = performed(unknown, {"LookUpHolds": holds(THEIRS)})
    assert answer.result == "confirmed"
    assert shop.operations == ["LookUpHolds"]


def test_a_hold_that_is_gone_already_is_released_and_one_that_stands_is_not() -> None:
    refused = {"fulfillmentOrderReleaseHold": {"userErrors": wrong("cannot release", "INVALID_ACCESS")}}
    answer, _ = performed(RELEASE, {"Release": refused, "LookUpHolds": holds(THEIRS)})
    assert answer.result == "confirmed"
    answer, _ = performed(RELEASE, {"Release": refused, "LookUpHolds": holds(OURS)})
    assert (answer.result, answer.code) == ("refused", "invalid_access")


# --- shipping ---------------------------------------------------------------------------------------------------

SHIP = ShipPart("51", (Quantity("101", 1), Quantity("102", 2)), carrier="DHL", tracking="JD01")


def part_lines(*lines: tuple[int, int, int]) -> Node:
    nodes = [
        {
            "id": gid("FulfillmentOrderLineItem", own),
            "remainingQuantity": units,
            "lineItem": {"id": gid("LineItem", line)},
        }
        for own, line, units in lines
    ]
    return {"fulfillmentOrder": {"id": gid("FulfillmentOrder", 51), "status": "OPEN", "lineItems": graph.page(*nodes)}}


SHIPPED = {"fulfillmentCreate": {"fulfillment": {"id": gid("Fulfillment", 4001)}, "userErrors": []}}


def test_exactly_the_units_asked_for_are_shipped_by_the_parts_own_line_ids() -> None:
    answers = {"PartLines": part_lines((901, 101, 1), (902, 102, 5), (903, 103, 1)), "Fulfill": SHIPPED}
    answer, shop = performed(SHIP, answers)
    assert (answer.result, answer.reference, answer.points) == ("confirmed", "4001", 20.0)
    assert shop.calls[-1][1]["fulfillment"] == {
        "lineItemsByFulfillmentOrder": [
            {
                "fulfillmentOrderId": gid("FulfillmentOrder", 51),
                "fulfillmentOrderLineItems": [
                    {"id": gid("FulfillmentOrderLineItem", 901), "quantity": 1},
                    {"id": gid("FulfillmentOrderLineItem", 902), "quantity": 2},
                ],
            }
        ],
        "notifyCustomer": False,
        "trackingInfo": {"company": "DHL", "number": "JD01"},
    }


KNOWN = replace(SHIP, refs=("901", "902"))


def test_lines_whose_own_ids_are_known_are_shipped_in_one_call() -> None:
    answer, shop = performed(KNOWN, {"Fulfill": SHIPPED})
    assert (answer.result, answer.reference, answer.points) == ("confirmed", "4001", 10.0)
    looked, shop_looked = performed(SHIP, {"PartLines": part_lines((901, 101, 1), (902, 102, 2)), "Fulfill": SHIPPED})
    assert looked.result == "confirmed"
    assert shop.calls == shop_looked.calls[1:], "the very same fulfillment is asked for"


def test_a_refusal_of_the_lines_as_known_stands_when_the_part_still_has_them() -> None:
    refused = {"fulfillmentCreate": {"fulfillment": None, "userErrors": wrong("The order is on hold.")}}
    answer, shop = performed(KNOWN, {"PartLines": part_lines((901, 101, 1), (902, 102, 2)), "Fulfill": refused})
    assert (answer.result, answer.sentence, answer.points) == ("refused", "The order is on hold.", 20.0)
    assert shop.operations == ["Fulfill", "PartLines"]


def test_lines_that_are_others_by_now_are_shipped_as_they_stand() -> None:
    def fulfill(variables: Node) -> Node:
        [asked] = variables["fulfillment"]["lineItemsByFulfillmentOrder"]
        named = [line["id"] for line in asked["fulfillmentOrderLineItems"]]
        gone = {"fulfillmentCreate": {"fulfillment": None, "userErrors": wrong("Line item does not exist.")}}
        return SHIPPED if gid("FulfillmentOrderLineItem", 907) in named else gone

    answer, shop = performed(KNOWN, {"PartLines": part_lines((907, 101, 1), (908, 102, 2)), "Fulfill": fulfill})
    assert (answer.result, answer.reference, answer.points) == ("confirmed", "4001", 30.0)
    assert shop.operations == ["Fulfill", "PartLines", "Fulfill"]


def test_a_part_that_holds_fewer_units_than_known_ships_nothing() -> None:
    refused = {"fulfillmentCreate": {"fulfillment": None, "userErrors": wrong("Invalid quantity.")}}
    answer, shop = performed(KNOWN, {"PartLines": part_lines((901, 101, 1), (902, 102, 1)), "Fulfill": refused})
    assert (answer.result, answer.code) == ("refused", "units_not_there")
    assert shop.operations == ["Fulfill", "PartLines"]


def test_a_lost_answer_to_the_lines_as_known_is_in_doubt_and_nothing_more_is_sent() -> None:
    answer, shop = performed(KNOWN, {"Fulfill": Raw(cut=0)})
    assert answer.result == "in_doubt"
    assert shop.operations == ["Fulfill"]


def test_units_the_part_no_longer_holds_are_not_shipped() -> None:
    answer, shop = performed(SHIP, {"PartLines": part_lines((901, 101, 1), (902, 102, 1))})
    assert (answer.result, answer.code) == ("refused", "units_not_there")
    assert shop.operations == ["PartLines"]


def test_what_goes_wrong_before_the_fulfillment_is_asked_for_is_no_doubt() -> None:
    answer, shop = performed(SHIP, {"PartLines": Raw(500)})
    assert answer.result == "again"
    assert shop.operations == ["PartLines"]
    answer, _ = performed(SHIP, {"PartLines": {"fulfillmentOrder": None, "x": 1}})
    assert (answer.result, answer.code) == ("refused", "not_found")


def test_a_refused_fulfillment_is_never_taken_for_one_that_exists() -> None:
    refused = {"fulfillmentCreate": {"fulfillment": None, "userErrors": wrong("The order is on hold.")}}
    answer, shop = performed(SHIP, {"PartLines": part_lines((901, 101, 1), (902, 102, 2)), "Fulfill": refused})
    assert (answer.result, answer.code, answer.sentence) == ("refused", "user_error", "The order is on hold.")
    assert shop.operations == ["PartLines", "Fulfill"]


def test_a_fulfillment_whose_answer_is_lost_is_in_doubt_and_a_look_tells() -> None:
    lines = part_lines((901, 101, 1), (902, 102, 2))
    answer, _ = performed(SHIP, {"PartLines": lines, "Fulfill": Raw(cut=0)})
    assert answer.result == "in_doubt"

    def parcels(*nodes: Node) -> Node:
        return {"fulfillmentOrder": {"id": "x", "status": "CLOSED", "fulfillments": graph.page(*nodes)}}

    other = graph.fulfillment(fulfillmentLineItems=graph.page(graph.units(101, 1)))
    assert looked_up(SHIP, {"LookUpParcels": parcels()}).result == "nothing"
    assert looked_up(SHIP, {"LookUpParcels": parcels(other)}).result == "nothing"
    assert looked_up(SHIP, {"LookUpParcels": parcels(graph.fulfillment(status="CANCELLED"))}).result == "nothing"
    mine = looked_up(SHIP, {"LookUpParcels": parcels(other, graph.fulfillment())})
    assert (mine.result, mine.reference) == ("confirmed", "4001")
    differently_tracked = graph.fulfillment(trackingInfo=[{"company": "DHL", "number": "JD99"}])
    assert looked_up(SHIP, {"LookUpParcels": parcels(differently_tracked)}).result == "nothing"
    assert looked_up(SHIP, {"LookUpParcels": Raw(500)}).result == "again"


def test_a_part_with_many_lines_is_read_to_its_last_page() -> None:
    first = part_lines((901, 101, 1))
    first["fulfillmentOrder"]["lineItems"]["pageInfo"] = {"hasNextPage": True, "endCursor": "c1"}
    second = {"node": part_lines((902, 102, 2))["fulfillmentOrder"]}
    answer, shop = performed(SHIP, {"PartLines": first, "MorePartLineIds": second, "Fulfill": SHIPPED})
    assert answer.result == "confirmed"
    assert shop.calls[1] == ("MorePartLineIds", {"id": gid("FulfillmentOrder", 51), "after": "c1"})


# --- cancelling, tags, notes ------------------------------------------------------------------------------------

CANCEL = CancelOrder("customer", refund=True, restock=True, notify=False)


def order_says(**changes: Any) -> Node:
    return {"order": {"id": gid("Order", int(ORDER)), "cancelledAt": None, "tags": [], "note": None, **changes}}


def test_a_cancellation_the_shop_took_is_asked_not_done() -> None:
    taken = {"orderCancel": {"job": {"id": "gid://shopify/Job/ab-1", "done": False}, "orderCancelUserErrors": []}}
    answer, shop = performed(CANCEL, {"Cancel": taken})
    assert (answer.result, answer.code, answer.reference) == ("confirmed", "asked", "ab-1")
    assert shop.calls[0][1] == {
        "id": gid("Order", int(ORDER)),
        "reason": "CUSTOMER",
        "restock": True,
        "notify": False,
        "refund": {"originalPaymentMethodsRefund": True},
    }


def test_cancelling_a_cancelled_order_is_done_and_a_refusal_is_told() -> None:
    refused = {"orderCancel": {"job": None, "orderCancelUserErrors": wrong("Cannot cancel", "INVALID")}}
    done, _ = performed(CANCEL, {"Cancel": refused, "LookUpOrder": order_says(cancelledAt="2026-11-20T10:00:00Z")})
    assert (done.result, done.code) == ("confirmed", None)
    kept, _ = performed(CANCEL, {"Cancel": refused, "LookUpOrder": order_says()})
    assert (kept.result, kept.code, kept.sentence) == ("refused", "invalid", "Cannot cancel")


@pytest.mark.parametrize(
    ("body", "state", "result"),
    [
        (CANCEL, {"cancelledAt": "2026-11-20T10:00:00Z"}, "confirmed"),
        (CANCEL, {}, "nothing"),
        (TagOrder(("VIP",)), {"tags": ["vip", "gift"]}, "confirmed"),
        (TagOrder(("vip", "new")), {"tags": ["vip"]}, "nothing"),
        (UntagOrder(("vip",)), {"tags": ["gift"]}, "confirmed"),
        (UntagOrder(("vip",)), {"tags": ["vip"]}, "nothing"),
        (NoteOrder("Ring twice"), {"note": "Ring twice "}, "confirmed"),
        (NoteOrder("Ring twice"), {"note": None}, "nothing"),
    ],
)
def test_what_is_in_doubt_is_looked_up(body: EffectBody, state: Node, result: str) -> None:
    assert looked_up(body, {"LookUpOrder": order_says(**state)}).result == result


@pytest.mark.parametrize(
    "body", [HOLD, RELEASE, SHIP, CANCEL, TagOrder(("vip",)), UntagOrder(("vip",)), NoteOrder("Hi")]
)
@pytest.mark.parametrize("wrong", [Raw(500), Raw(404), Raw(200, b"<html>"), Raw(429)])
def test_a_look_up_that_could_not_look_says_neither_that_it_happened_nor_that_nothing_did(
    body: EffectBody, wrong: Raw
) -> None:
    answers = {"LookUpHolds": wrong, "LookUpParcels": wrong, "LookUpOrder": wrong}
    assert looked_up(body, answers).result in ("again", "in_doubt")


@pytest.mark.parametrize("body", [SHIP, CANCEL, TagOrder(("vip",)), UntagOrder(("vip",)), NoteOrder("Hi")])
def test_what_the_shop_no_longer_shows_proves_nothing(body: EffectBody) -> None:
    gone: dict[str, Node] = {"LookUpParcels": {"fulfillmentOrder": None}, "LookUpOrder": {"order": None}}
    assert looked_up(body, gone).result == "in_doubt"


def test_tags_and_notes_are_written_to_the_order() -> None:
    ok: Node = {"userErrors": []}
    calls: list[tuple[EffectBody, str, Node, Node]] = [
        (TagOrder(("a", "b")), "AddTags", {"tagsAdd": {**ok, "node": {"id": "x"}}}, {"tags": ["a", "b"]}),
        (UntagOrder(("a",)), "RemoveTags", {"tagsRemove": {**ok, "node": {"id": "x"}}}, {"tags": ["a"]}),
        (NoteOrder("Hi"), "WriteNote", {"orderUpdate": {**ok, "order": {"id": "x"}}}, {"note": "Hi"}),
    ]
    for body, name, answer, sent in calls:
        found, shop = performed(body, {name: answer})
        assert found.result == "confirmed"
        assert shop.calls == [(name, {"id": gid("Order", int(ORDER)), **sent})]


def test_the_cost_of_an_effect_is_known_before_it_is_sent() -> None:
    with outbound({}) as (door, shop):
        assert door.cost_of(effect(SHIP)) > door.cost_of(effect(HOLD)) == 10
        assert shop.calls == []
