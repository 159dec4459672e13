"""Fulfillment orders and parcels over the Admin API: holds, splits, moves, cancels, progress, 3PL requests."""

from __future__ import annotations

import asyncio
from typing import Any

from .admin_api import AdminApi, small_shop


def run(work: Any) -> Any:
    return asyncio.run(work)


def test_ten_holds_of_an_app_each_with_its_handle_beside_those_of_others() -> None:
    async def story(api: AdminApi) -> None:
        order = await api.placed(1)
        one = order["fulfillmentOrders"]["nodes"][0]["id"]

        async def hold(handle: str) -> list[str]:
            given = {"reason": "OTHER", "handle": handle}
            payload = (await api.data(HOLD, id=one, h=given))["fulfillmentOrderHold"]
            return [error["code"] for error in payload["userErrors"]]

        assert await hold("h0") == []
        assert await hold("h0") == ["DUPLICATE_FULFILLMENT_HOLD_HANDLE"]
        for number in range(1, 10):
            assert await hold(f"h{number}") == []
        assert await hold("h10") == ["FULFILLMENT_ORDER_HOLD_LIMIT_REACHED"]
        other = {"query": HOLD, "variables": {"id": one, "h": {"reason": "OTHER", "handle": "h0"}}}
        theirs = (await api.post("/admin/api/2026-10/graphql.json", other, "shpat_other")).json()
        assert theirs["data"]["fulfillmentOrderHold"]["userErrors"] == []
        (held,) = (await api.order(order["id"]))["fulfillmentOrders"]["nodes"]
        assert [hold["heldByRequestingApp"] for hold in held["fulfillmentHolds"]] == [True] * 10 + [False]
        assert [action["action"] for action in held["supportedActions"]] == ["RELEASE_HOLD", "MOVE"]

    run(story(small_shop()))


def test_who_holds_is_shown_beside_an_access_error_to_an_app_without_the_scope() -> None:
    async def story(api: AdminApi) -> None:
        order = await api.placed(1)
        one = order["fulfillmentOrders"]["nodes"][0]["id"]
        await api.data(HOLD, id=one, h={"reason": "OTHER"})
        query = (
            "query($id: ID!) { fulfillmentOrder(id: $id) { status fulfillmentHolds { reason heldByApp { title } } } }"
        )
        answer = await api.ask(query, id=one)
        assert answer["data"]["fulfillmentOrder"]["fulfillmentHolds"] == [{"reason": "OTHER", "heldByApp": None}]
        assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"

    run(story(small_shop()))


def test_a_partial_hold_parts_the_rest_off_and_its_release_brings_it_back() -> None:
    async def story(api: AdminApi) -> None:
        order = await api.placed(3)
        one = order["fulfillmentOrders"]["nodes"][0]
        part = [{"id": one["lineItems"]["nodes"][0]["id"], "quantity": 1}]
        given = {"reason": "OTHER", "fulfillmentOrderLineItems": part}
        made = (await api.data(HOLD, id=one["id"], h=given))["fulfillmentOrderHold"]
        assert made["fulfillmentOrder"]["id"] == one["id"]
        assert made["remainingFulfillmentOrder"]["status"] == "OPEN"
        held = await api.order(order["id"])
        assert held["lineItems"]["nodes"][0]["fulfillableQuantity"] == 2
        assert [units(x) for x in held["fulfillmentOrders"]["nodes"]] == [1, 2]
        again = (await api.data(HOLD, id=one["id"], h={**given, "handle": "x"}))["fulfillmentOrderHold"]
        assert again["userErrors"][0]["code"] == "FULFILLMENT_ORDER_NOT_SPLITTABLE"
        hold_id = made["fulfillmentHold"]["id"]
        await api.data(RELEASE, id=one["id"], ids=[hold_id])
        after = (await api.order(order["id"]))["fulfillmentOrders"]["nodes"]
        assert [(x["status"], units(x)) for x in after] == [("OPEN", 3), ("CLOSED", 0)]

    run(story(small_shop()))


def test_move_split_and_cancel_leave_other_fulfillment_orders_than_before() -> None:
    async def story(api: AdminApi) -> None:
        order = await api.placed(4)
        one = order["fulfillmentOrders"]["nodes"][0]
        part = [{"fulfillmentOrderId": one["id"], "fulfillmentOrderLineItems": [lines_of(one, 1)]}]
        await api.data(SPLIT, s=part)
        parts = (await api.order(order["id"]))["fulfillmentOrders"]["nodes"]
        assert [(x["status"], units(x)) for x in parts] == [("OPEN", 3), ("OPEN", 1)]
        moved = (await api.data(MOVE, id=one["id"], to="gid://shopify/Location/2"))["fulfillmentOrderMove"]
        assert moved["movedFulfillmentOrder"]["id"] != one["id"]
        assert moved["originalFulfillmentOrder"] == {"id": one["id"], "status": "CLOSED"}
        cancel = """mutation($id: ID!) { fulfillmentOrderCancel(id: $id) { fulfillmentOrder { status }
          replacementFulfillmentOrder { id status } userErrors { message } } }"""
        gone = (await api.data(cancel, id=parts[1]["id"]))["fulfillmentOrderCancel"]
        assert gone["fulfillmentOrder"]["status"] == "CLOSED"
        assert gone["replacementFulfillmentOrder"]["id"] not in {x["id"] for x in parts}
        after = (await api.order(order["id"]))["fulfillmentOrders"]["nodes"]
        assert sorted(units(x) for x in after if x["status"] == "OPEN") == [1, 3]
        assert sum(units(x) for x in after) == 4

    run(story(small_shop()))


def test_a_parcel_of_part_of_it_then_of_the_rest_is_named_after_its_order() -> None:
    async def story(api: AdminApi) -> None:
        order = await api.placed(2)
        one = order["fulfillmentOrders"]["nodes"][0]
        group = {"fulfillmentOrderId": one["id"], "fulfillmentOrderLineItems": [lines_of(one, 1)]}
        tracking = {"company": "PostNord", "number": "X1", "url": "https://post.example/X1"}
        first = await api.data(SHIP, f={"lineItemsByFulfillmentOrder": [group], "trackingInfo": tracking})
        assert first["fulfillmentCreate"]["fulfillment"]["name"] == f"{order['name']}-F1"
        half = await api.order(order["id"])
        assert half["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
        assert half["fulfillments"][0]["trackingInfo"] == [tracking]
        assert half["fulfillmentOrders"]["nodes"][0]["status"] == "IN_PROGRESS"
        too_many = {"fulfillmentOrderId": one["id"], "fulfillmentOrderLineItems": [lines_of(one, 2)]}
        refused = await api.data(SHIP, f={"lineItemsByFulfillmentOrder": [too_many]})
        assert refused["fulfillmentCreate"]["userErrors"][0]["message"].startswith("Invalid fulfillment order line")
        await api.data(SHIP, f={"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": one["id"]}]})
        assert (await api.order(order["id"]))["displayFulfillmentStatus"] == "FULFILLED"
        closed = await api.data(SHIP, f={"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": one["id"]}]})
        message = closed["fulfillmentCreate"]["userErrors"][0]["message"]
        assert message.endswith("has an unfulfillable status= closed.")

    run(story(small_shop()))


def test_a_cancelled_fulfillment_gives_its_units_back() -> None:
    async def story(api: AdminApi) -> None:
        order = await api.placed(2)
        one = order["fulfillmentOrders"]["nodes"][0]["id"]
        made = await api.data(SHIP, f={"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": one}]})
        parcel = made["fulfillmentCreate"]["fulfillment"]["id"]
        event = """mutation($e: FulfillmentEventInput!) {
          fulfillmentEventCreate(fulfillmentEvent: $e) { userErrors { message } } }"""
        await api.data(event, e={"fulfillmentId": parcel, "status": "IN_TRANSIT"})
        assert (await api.order(order["id"]))["fulfillments"][0]["displayStatus"] == "IN_TRANSIT"
        cancel = "mutation($id: ID!) { fulfillmentCancel(id: $id) { fulfillment { status } userErrors { message } } }"
        for _ in range(2):
            taken_back = await api.data(cancel, id=parcel)
            assert taken_back["fulfillmentCancel"] == {"fulfillment": {"status": "CANCELLED"}, "userErrors": []}
        after = await api.order(order["id"])
        assert after["displayFulfillmentStatus"] == "UNFULFILLED"
        assert [units(x) for x in after["fulfillmentOrders"]["nodes"] if x["status"] == "OPEN"] == [2]

    run(story(small_shop()))


def test_a_fulfillment_service_accepts_and_a_submitted_order_cannot_move() -> None:
    async def story(api: AdminApi) -> None:
        order = await api.placed(1)
        one = order["fulfillmentOrders"]["nodes"][0]["id"]
        moved = (await api.data(MOVE, id=one, to="gid://shopify/Location/3"))["fulfillmentOrderMove"]
        one = moved["movedFulfillmentOrder"]["id"]

        async def ask(name: str) -> tuple[str, str]:
            fields = "fulfillmentOrder { status requestStatus } userErrors { message }"
            query = f"mutation($id: ID!) {{ {name}(id: $id) {{ {fields} }} }}"
            found = (await api.data(query, id=one))[name]["fulfillmentOrder"]
            return found["status"], found["requestStatus"]

        submit = """mutation($id: ID!) { fulfillmentOrderSubmitFulfillmentRequest(id: $id, message: "go") {
          submittedFulfillmentOrder { requestStatus } userErrors { message } } }"""
        await api.data(submit, id=one)
        refused = (await api.data(MOVE, id=one, to="gid://shopify/Location/1"))["fulfillmentOrderMove"]
        assert "3PL" in refused["userErrors"][0]["message"]
        assert await ask("fulfillmentOrderAcceptFulfillmentRequest") == ("IN_PROGRESS", "ACCEPTED")
        assert await ask("fulfillmentOrderSubmitCancellationRequest") == ("IN_PROGRESS", "CANCELLATION_REQUESTED")
        assert await ask("fulfillmentOrderRejectCancellationRequest") == ("IN_PROGRESS", "CANCELLATION_REJECTED")

    run(story(small_shop()))


def units(one: dict[str, Any]) -> int:
    return sum(line["remainingQuantity"] for line in one["lineItems"]["nodes"])


def lines_of(one: dict[str, Any], count: int) -> dict[str, Any]:
    return {"id": one["lineItems"]["nodes"][0]["id"], "quantity": count}


HOLD = """mutation($id: ID!, $h: FulfillmentOrderHoldInput!) { fulfillmentOrderHold(id: $id, fulfillmentHold: $h) {
  fulfillmentHold { id } fulfillmentOrder { id status } remainingFulfillmentOrder { id status }
  userErrors { field message code } } }"""
RELEASE = """mutation($id: ID!, $ids: [ID!]) { fulfillmentOrderReleaseHold(id: $id, holdIds: $ids) {
  fulfillmentOrder { status } userErrors { message } } }"""
SPLIT = """mutation($s: [FulfillmentOrderSplitInput!]!) { fulfillmentOrderSplit(fulfillmentOrderSplits: $s) {
  fulfillmentOrderSplits { remainingFulfillmentOrder { id } } userErrors { message } } }"""
MOVE = """mutation($id: ID!, $to: ID!) { fulfillmentOrderMove(id: $id, newLocationId: $to) {
  movedFulfillmentOrder { id } originalFulfillmentOrder { id status } userErrors { field message code } } }"""
SHIP = """mutation($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) {
  fulfillment { id name } userErrors { field message } } }"""
