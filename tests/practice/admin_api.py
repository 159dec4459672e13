"""A small shop behind the Admin API, and calls to it over HTTP, for the tests of the practice shop."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2

from ordna.practice.model import Address, App, Location, Product, Shop, Variant
from ordna.practice.server import PracticeServer
from ordna.practice.world import World

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TOKEN = "shpat_test"
SAMPLES = Path(os.environ.get("ORDNA_SHOPIFY_SAMPLES", Path(__file__).parents[3] / "shared" / "shopify"))


@dataclass
class AdminApi:
    """The shop's world, its server, and a clock that the test moves."""

    world: World
    server: PracticeServer
    at: datetime

    async def post(self, path: str, body: Any, token: str | None = TOKEN) -> httpx2.Response:
        headers = {"X-Shopify-Access-Token": token} if token else {}
        transport = httpx2.ASGITransport(app=self.server)
        async with httpx2.AsyncClient(transport=transport, base_url="https://shop.test") as client:
            return await client.post(path, json=body, headers=headers)

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer to one call."""
        body = {"query": query, "variables": variables}
        response = await self.post("/admin/api/2026-10/graphql.json", body)
        assert response.status_code == 200
        answer: dict[str, Any] = response.json()
        return answer

    async def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an answer that must have no top-level error."""
        answer = await self.ask(query, **variables)
        assert "errors" not in answer, answer["errors"]
        found: dict[str, Any] = answer["data"]
        return found

    def later(self, **delta: float) -> None:
        self.at += timedelta(**delta)

    async def placed(self, *quantities: int, paid: str | None = "PAID") -> dict[str, Any]:
        """An order of that many units of the first articles, routed to a fulfillment order."""
        lines = [
            {"variantId": f"gid://shopify/ProductVariant/{101 + index}", "quantity": count}
            for index, count in enumerate(quantities)
        ]
        given = {"lineItems": lines, "financialStatus": paid, "email": "buyer@example.com"}
        made = await self.data(CREATE, order=given)
        assert made["orderCreate"]["userErrors"] == []
        self.later(seconds=10)
        return await self.order(made["orderCreate"]["order"]["id"])

    async def order(self, order_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.data(READ, id=order_id))["order"]
        return found


def small_shop(**settings: Any) -> AdminApi:
    """A Danish shop with two warehouses, a 3PL, three articles, and our app next to another one."""
    apps = [App(7, "Ordna", "ordna", "client", "secret", TOKEN), App(8, "Other", "other", "c2", "s2", "shpat_other")]
    shop = Shop(1, "Test", "test.myshopify.com", "shop@example.com", "DKK", "Europe/Copenhagen", "DK")
    world = World(shop, START, apps)
    for number, name in ((1, "Aarhus"), (2, "Odense"), (3, "Parcel People")):
        world.locations[number] = Location(number, name, Address(city=name, zip="8000", country_code="DK"))
    world.locations[3].service_handle = "parcel-people"
    for number in (101, 102, 103):
        product = Product(number, f"Article {number}", "Maker")
        variant = Variant(number, product, "Default Title", f"A-{number}", Decimal("100.00"), number, grams=200)
        world.variants[number] = variant
        world.stock[number, 1] = 50
    api = AdminApi(world, PracticeServer(world, lambda: START, **settings), START)
    api.server.clock = lambda: api.at
    return api


CREATE = """mutation Create($order: OrderCreateOrderInput!) {
  orderCreate(order: $order) { order { id name } userErrors { field message code } } }"""

READ = """query Read($id: ID!) { order(id: $id) {
  id name note tags closed cancelledAt displayFinancialStatus displayFulfillmentStatus
  totalPriceSet { shopMoney { amount currencyCode } } currentTotalPriceSet { shopMoney { amount } }
  totalOutstandingSet { shopMoney { amount } } totalRefundedSet { shopMoney { amount } }
  transactions(first: 20) { id kind status gateway amountSet { shopMoney { amount } } parentTransaction { id } }
  lineItems(first: 20) { nodes { id title quantity currentQuantity unfulfilledQuantity fulfillableQuantity } }
  fulfillments(first: 20) { id name status displayStatus trackingInfo { company number url } }
  fulfillmentOrders(first: 20) { nodes { id status requestStatus assignedLocation { location { id } }
    supportedActions { action } fulfillmentHolds { id handle heldByRequestingApp }
    lineItems(first: 20) { nodes { id totalQuantity remainingQuantity } } } } } }"""
