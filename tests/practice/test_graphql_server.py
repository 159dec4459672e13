"""The Admin API as a client meets it: tokens, malformed calls, the words of errors, cost and throttling."""

from __future__ import annotations

import asyncio
from typing import Any

from .admin_api import AdminApi, small_shop

PATH = "/admin/api/2026-10/graphql.json"
SHOP = {"query": "{ shop { name } }"}


def run(work: Any) -> Any:
    return asyncio.run(work)


def test_a_wrong_token_is_refused_with_401_and_a_granted_one_works_for_a_day() -> None:
    async def story(api: AdminApi) -> None:
        assert (await api.post(PATH, SHOP, None)).status_code == 401
        assert "Invalid API key" in (await api.post(PATH, SHOP, "wrong")).json()["errors"]
        grant = {"client_id": "client", "client_secret": "secret", "grant_type": "client_credentials"}
        refused = await api.post("/admin/oauth/access_token", {**grant, "client_secret": "no"}, None)
        assert refused.status_code == 400
        granted = (await api.post("/admin/oauth/access_token", grant, None)).json()
        assert "write_orders" in granted["scope"] and granted["expires_in"] == 86399
        assert (await api.post(PATH, SHOP, granted["access_token"])).json()["data"] == {"shop": {"name": "Test"}}
        api.later(hours=24, seconds=1)
        assert (await api.post(PATH, SHOP, granted["access_token"])).status_code == 401

    run(story(small_shop()))


def test_a_call_that_is_no_query_is_a_bad_request() -> None:
    async def story(api: AdminApi) -> None:
        for body in ([], {"query": 7}, "text", {}):
            assert (await api.post(PATH, body)).status_code == 400
        assert (await api.ask("{ shop {"))["errors"][0]["extensions"]["code"] == "PARSE_ERROR"

    run(story(small_shop()))


def test_mistakes_in_a_document_are_named_in_shopifys_words() -> None:
    async def story(api: AdminApi) -> None:
        cases = {
            "{ shop { colour } }": ("undefinedField", "Field 'colour' doesn't exist on type 'Shop'"),
            "{ order { id } }": ("missingRequiredArguments", "Field 'order' is missing required arguments: id"),
            '{ order(id: "gid://shopify/Order/1", x: 1) { id } }': (
                "argumentNotAccepted",
                "Field 'order' doesn't accept argument 'x'",
            ),
            "{ orders(first: 1, sortKey: COLOUR) { nodes { id } } }": (
                "argumentLiteralsIncompatible",
                "Argument 'sortKey' on Field 'orders' has an invalid value (COLOUR). Expected type 'OrderSortKeys'.",
            ),
            "{ node(id: 1) { ... on Colour { id } } }": (
                "undefinedType",
                "No such type Colour, so it can't be a fragment condition",
            ),
        }
        for query, (code, message) in cases.items():
            error = (await api.ask(query))["errors"][0]
            assert (error["extensions"]["code"], error["message"]) == (code, message)

    run(story(small_shop()))


def test_a_variable_that_does_not_fit_names_every_problem_and_nothing_is_done() -> None:
    async def story(api: AdminApi) -> None:
        query = "mutation($input: OrderInput!) { orderUpdate(input: $input) { userErrors { message } } }"
        error = (await api.ask(query, input={"colour": 1, "tags": [None]}))["errors"][0]
        assert error["extensions"]["code"] == "INVALID_VARIABLE"
        assert [problem["path"] for problem in error["extensions"]["problems"]] == [["colour"], ["id"], ["tags", 0]]
        assert "colour (Field is not defined on OrderInput)" in error["message"]

    run(story(small_shop()))


def test_an_id_of_another_kind_is_not_found_and_an_unknown_one_is_null() -> None:
    async def story(api: AdminApi) -> None:
        query = "query($id: ID!) { order(id: $id) { id } }"
        wrong = await api.ask(query, id="gid://shopify/Product/1")
        assert wrong["errors"][0]["message"] == "Invalid id: gid://shopify/Product/1"
        assert wrong["errors"][0]["extensions"] == {"code": "RESOURCE_NOT_FOUND"}
        assert await api.data(query, id="gid://shopify/Order/1") == {"order": None}

    run(story(small_shop()))


def test_points_are_taken_throttled_when_gone_and_restored_by_time() -> None:
    async def story(api: AdminApi) -> None:
        query = "{ orders(first: 50) { nodes { id lineItems(first: 50) { nodes { id variant { id } } } } } }"
        cost = (await api.ask(query))["extensions"]["cost"]
        assert cost["requestedQueryCost"] == 2 + 7 * (1 + 2 + 7 * 2)
        assert cost["actualQueryCost"] == 2
        assert cost["throttleStatus"] == {"maximumAvailable": 2000.0, "currentlyAvailable": 1998, "restoreRate": 100.0}
        api.server.endpoint.bucket(api.world.apps[0]).available = 5.0
        throttled = await api.ask(query)
        assert throttled["errors"][0]["extensions"]["code"] == "THROTTLED"
        assert throttled["extensions"]["cost"]["actualQueryCost"] is None and "data" not in throttled
        api.later(seconds=2)
        assert "data" in await api.ask(query)

    run(story(small_shop()))


def test_throttling_may_come_with_status_429_and_a_query_above_a_thousand_points_never_runs() -> None:
    async def story(api: AdminApi) -> None:
        lines = "lineItems(first: 250) { nodes { id lineItem { id variant { id } } } }"
        parts = f"fulfillmentOrders(first: 250) {{ nodes {{ id {lines} }} }}"
        query = f"{{ orders(first: 250) {{ nodes {{ id {parts} }} }} }}"
        error = (await api.ask(query))["errors"][0]
        assert error["extensions"]["code"] == "MAX_COST_EXCEEDED"
        api.server.endpoint.bucket(api.world.apps[0]).available = 0.0
        assert (await api.post(PATH, {"query": "{ orders(first: 9) { nodes { id } } }"})).status_code == 429

    run(story(small_shop(throttle_status=429)))


def test_a_subscription_is_the_apps_own_and_a_second_of_the_same_is_refused() -> None:
    async def story(api: AdminApi) -> None:
        create = """mutation($t: WebhookSubscriptionTopic!, $w: WebhookSubscriptionInput!) {
          webhookSubscriptionCreate(topic: $t, webhookSubscription: $w) {
            webhookSubscription { id topic uri } userErrors { field message } } }"""
        given = {"uri": "https://ordna.example/in", "format": "JSON"}
        made = (await api.data(create, t="FULFILLMENT_ORDERS_PLACED_ON_HOLD", w=given))["webhookSubscriptionCreate"]
        assert made["webhookSubscription"]["topic"] == "FULFILLMENT_ORDERS_PLACED_ON_HOLD"
        assert [one.topic for one in api.world.subscriptions.values()] == ["fulfillment_orders/placed_on_hold"]
        again = (await api.data(create, t="FULFILLMENT_ORDERS_PLACED_ON_HOLD", w=given))["webhookSubscriptionCreate"]
        assert again["userErrors"][0]["message"] == "Address for this topic has already been taken"
        query = {"query": "{ webhookSubscriptions(first: 5) { nodes { id } } }"}
        theirs = (await api.post(PATH, query, "shpat_other")).json()
        assert theirs["data"]["webhookSubscriptions"]["nodes"] == []

    run(story(small_shop()))
