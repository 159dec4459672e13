"""The state before a recorded call, put into a world: what the recording shows but no recorded call makes.

Variants and locations are taken with their recorded ids wherever a recording names them. An order that is not
created in the file is built from the first read that shows it, with what that read shows of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ordna.practice.model import (
    DEFAULT_SCOPES,
    Address,
    App,
    Customer,
    Location,
    Shop,
    WebhookSubscription,
    gid,
)
from ordna.practice.recorded_order import (
    nodes,
    rebuild_fulfillment,
    rebuild_fulfillment_order,
    rebuild_order,
    rebuild_variant,
)
from ordna.practice.world import World

ABOVE_RECORDED_IDS = 90_000_000_000_001
RECORDING_APP = 347_082_227_713
_ORDER_PARTS = {"Order": "orders", "FulfillmentOrder": "fulfillment_orders", "Fulfillment": "fulfillments"}
_LIST_ROOTS = {"orders", "fulfillmentOrders", "manualHoldsFulfillmentOrders"}
_LISTS = {"FulfillmentOrder": "fulfillmentOrders", "Fulfillment": "fulfillments"}
_GID = re.compile(r"gid://shopify/(\w+)/(\d+)")


def new_world(_sample: dict[str, Any]) -> World:
    """A world like the recorded shop: Canadian dollars, one app without `read_apps`, routing before the answer."""
    shop = Shop(
        id=1,
        name="harry-test-heelo",
        domain="harry-test-heelo.myshopify.com",
        email="shop@example.com",
        currency="CAD",
        zone="America/Toronto",
        country="CA",
        plan_name="Development",
    )
    app = App(RECORDING_APP, "recorder", "recorder", "id", "secret", "token", DEFAULT_SCOPES)
    world = World(shop, datetime(2026, 7, 1, 12, 0, tzinfo=UTC), [app])
    world.count_ids_from(ABOVE_RECORDED_IDS)
    world.routing_delay = timedelta(0)
    world.moves_replace = False
    return world


class Seeder:
    """Puts into the world what the next call of a file needs."""

    def __init__(self, world: World, calls: list[Any], ours: dict[str, str]) -> None:
        self.world = world
        self.calls = calls
        self.ours = ours
        self.shown = list(_objects([call.answer for call in calls]))
        reads = [call.answer for call in calls if not call.changes]
        self.read = list(_objects(reads))
        self.before_all = list(_objects([call.answer for call in calls if call.undated]))
        self._tried: set[int] = set()
        made = [call.answer for call in calls if "orderCreate" in call.roots]
        self._made = {_gid(one)[1] for one in _objects(made) if _gid(one)[0] == "Order"}
        changes = [call.answer for call in calls if call.changes]
        self._made_parts = {_gid(one)[1] for one in _objects(changes)}
        self._locations()
        for call in calls:
            installed = (call.answer.get("data") or {}).get("currentAppInstallation") or {}
            if installed.get("accessScopes"):
                world.apps[0].scopes = frozenset(one["handle"] for one in installed["accessScopes"])

    def before(self, call: Any) -> None:
        """Make sure that what the call names exists."""
        for kind, number in _named(call.variables):
            if kind == "ProductVariant":
                self._variant(number)
            elif kind == "Customer":
                self._customer(number)
            elif kind == "WebhookSubscription":
                self._subscription(number)
            elif kind in _ORDER_PARTS and f"gid://shopify/{kind}/{number}" not in self.ours:
                self._order_part(kind, number)
        if "orderCreate" in call.roots:
            self._route_like(call)
        elif set(call.roots) & _LIST_ROOTS:
            self._others(call)

    def _others(self, call: Any) -> None:
        """Records of the shop that a list shows and that no call of the file makes."""
        for one in _objects(call.answer):
            kind, number = _gid(one)
            if kind in _ORDER_PARTS and one["id"] not in self.ours and number not in self._made_parts:
                self._order_part(kind, number)

    def _order_part(self, kind: str, number: int) -> None:
        """Build the order, fulfillment order or fulfillment that nothing before this call has made."""
        if number in getattr(self.world, _ORDER_PARTS[kind], {}) or number in self._tried:
            return
        self._tried.add(number)
        best = self._best(kind, number)
        if best is None and kind == "Order" and self._taken(number):
            best = {"id": f"gid://shopify/Order/{number}"}
        if best is None:
            return
        if kind == "Order" and number not in self._made:
            rebuild_order(self.world, best)
            return
        owner = best if kind == "Order" else self._owner(kind, number, best)
        if owner is None:
            return
        if _gid(owner)[1] in self._made:
            self._recognise(kind, best, owner)
            return
        order_number = _gid(owner)[1]
        if order_number not in self.world.orders:
            rebuild_order(self.world, {name: part for name, part in owner.items() if name != _LISTS.get(kind)})
        order = self.world.orders[order_number]
        if kind == "FulfillmentOrder":
            rebuild_fulfillment_order(self.world, order, best)
        elif kind == "Fulfillment":
            rebuild_fulfillment(self.world, order, best)

    def _subscription(self, number: int) -> None:
        """A subscription that was made by a call which is not served, and only changed or ended by served ones."""
        value = f"gid://shopify/WebhookSubscription/{number}"
        if value in self.ours or number in self.world.subscriptions or number in self._tried:
            return
        self._tried.add(number)
        if self._taken(number, "WebhookSubscription"):
            shown = next((one for one in self.shown if one["id"] == value and one.get("uri")), {})
            topic = str(shown.get("topic", "SHOP_UPDATE")).lower().replace("_", "/", 1)
            uri, now = shown.get("uri", "https://example.com/seeded"), self.world.now()
            app = self.world.apps[0].id
            self.world.subscriptions[number] = WebhookSubscription(number, app, topic, uri, now, now)

    def _taken(self, number: int, kind: str = "Order") -> bool:
        """Whether some recorded mutation on a record succeeded, though no read shows the record."""
        for call in self.calls:
            if (kind, number) in set(_named(call.variables)) and call.changes:
                payloads = [one for one in (call.answer.get("data") or {}).values() if isinstance(one, dict)]
                if any(not one.get("userErrors") for one in payloads):
                    return True
        return False

    def _best(self, kind: str, number: int) -> dict[str, Any] | None:
        """What the recorder read of a record before it changed anything; else the first read that shows it."""
        before = [one for one in self.before_all if _gid(one) == (kind, number)]
        if before:
            return max(before, key=_richness)
        return next((one for one in self.read if _gid(one) == (kind, number)), None)

    def _recognise(self, kind: str, best: dict[str, Any], owner: dict[str, Any]) -> None:
        """The recorder's order was routed only after the answer that made it: our part of it is the same one."""
        ours = _gid({"id": self.ours.get(owner["id"], "")})[1]
        order = self.world.orders.get(ours)
        self._tried.discard(_gid(best)[1])
        if kind != "FulfillmentOrder" or order is None or len(order.fulfillment_orders) != 1:
            return
        if _gid(best)[1] in self._made_parts and not self._routed_later(owner):
            return
        one = order.fulfillment_orders[0]
        self.ours[best["id"]] = f"gid://shopify/FulfillmentOrder/{one.id}"
        for shown, line in zip(nodes(best.get("lineItems")), one.lines, strict=False):
            if "id" in shown:
                self.ours[shown["id"]] = f"gid://shopify/FulfillmentOrderLineItem/{line.id}"

    def _routed_later(self, owner: dict[str, Any]) -> bool:
        """Whether the answer that made the order shows none of its fulfillment orders."""
        made = [call.answer for call in self.calls if "orderCreate" in call.roots]
        shown = [one for one in _objects(made) if _gid(one) == _gid(owner)]
        return not any(_gid(part)[0] == "FulfillmentOrder" for one in shown for part in _objects(one))

    def _owner(self, kind: str, number: int, best: dict[str, Any]) -> dict[str, Any] | None:
        if isinstance(best.get("order"), dict) and _gid(best["order"])[1]:
            return self._best(*_gid(best["order"])) or best["order"]
        for one in self.read:
            if _gid(one)[0] == "Order" and any(_gid(part) == (kind, number) for part in _objects(one)):
                return one
        # A list shows it without its order: any order will do.
        return {"id": gid("Order", self.world.next_id("Order"))} if kind == "FulfillmentOrder" else None

    def _locations(self) -> None:
        for one in self.shown:
            kind, number = _gid(one)
            if kind == "Location" and number not in self.world.locations and one.get("name"):
                self.world.locations[number] = Location(number, one["name"], Address(country_code="CA"))
                self.ours[one["id"]] = one["id"]
            if number in self.world.locations and kind == "Location" and "fulfillsOnlineOrders" in one:
                self.world.locations[number].fulfills_online_orders = bool(one["fulfillsOnlineOrders"])
            if kind == "Location" and number in self.world.locations and one.get("isFulfillmentService"):
                self.world.locations[number].service_handle = "recorded-service"
        if not self.world.locations:
            self.world.locations[1] = Location(1, "Shop location", Address(country_code="CA"))

    def _variant(self, number: int) -> None:
        """Make a variant that some answer shows, with the price that a new line of it has."""
        pictures = [one for one in self.shown if _gid(one) == ("ProductVariant", number)]
        lines = [
            one
            for one in self.shown
            if isinstance(one.get("variant"), dict) and _gid(one["variant"]) == ("ProductVariant", number)
        ]
        price = next((one["originalUnitPriceSet"] for one in lines if one.get("originalUnitPriceSet")), None)
        picture = {"id": f"gid://shopify/ProductVariant/{number}", "originalUnitPriceSet": price}
        for one in pictures:
            picture.update({name: part for name, part in one.items() if part is not None})
        if (pictures or self._ordered(number)) and number:
            rebuild_variant(self.world, picture)

    def _ordered(self, number: int) -> bool:
        wanted = ("ProductVariant", number)
        made = [call for call in self.calls if "orderCreate" in call.roots]
        return any(wanted in set(_named(call.variables)) for call in made)

    def _customer(self, number: int) -> None:
        if number in self.world.customers or number > 10**17:
            return
        shown = [one for one in self.shown if _gid(one) == ("Customer", number)]
        given: dict[str, Any] = {}
        for one in shown:
            given = {**given, **{key: value for key, value in one.items() if value is not None}}
        self.world.customers[number] = Customer(
            number, given.get("firstName"), given.get("lastName"), given.get("email"), given.get("phone")
        )

    def _route_like(self, call: Any) -> None:
        """Have the next order routed to where the recorded shop routed it."""
        order = next((one for one in _objects(call.answer) if _gid(one)[0] == "Order"), None)
        wanted = None
        for one in _objects([call.answer]):
            if _gid(one)[0] == "FulfillmentOrder" and isinstance(one.get("assignedLocation"), dict):
                wanted = self._place(one["assignedLocation"])
                break
        if wanted is None and order:
            wanted = self._later_location(order["id"])
        if wanted in self.world.locations:
            first = self.world.locations.pop(wanted)
            self.world.locations = {wanted: first, **self.world.locations}

    def _later_location(self, order_id: str) -> int | None:
        for one in self.shown:
            if _gid(one)[0] == "Order" and one["id"] == order_id:
                for part in _objects(one):
                    if _gid(part)[0] == "FulfillmentOrder" and isinstance(part.get("assignedLocation"), dict):
                        return self._place(part["assignedLocation"])
        return None

    def _place(self, assigned: dict[str, Any]) -> int:
        """The location of an assigned location, found by its name where its id is not shown."""
        number = _gid(assigned.get("location") or {})[1]
        named = [one.id for one in self.world.locations.values() if one.name == assigned.get("name")]
        if number not in self.world.locations and not named and assigned.get("name"):
            number = number or self.world.next_id("Location")
            self.world.locations[number] = Location(number, assigned["name"], Address(country_code="CA"))
            self.ours[f"gid://shopify/Location/{number}"] = f"gid://shopify/Location/{number}"
        return number or next(iter(named), 0)


def _objects(found: Any) -> Iterator[dict[str, Any]]:
    """Every object with an id, outer ones first."""
    if isinstance(found, dict):
        if isinstance(found.get("id"), str):
            yield found
        for one in found.values():
            yield from _objects(one)
    elif isinstance(found, list):
        for one in found:
            yield from _objects(one)


def _gid(one: dict[str, Any]) -> tuple[str, int]:
    found = _GID.match(str(one.get("id", "")))
    return (found[1], int(found[2])) if found else ("", 0)


def _richness(one: dict[str, Any]) -> int:
    return len(str(one))


def _named(value: Any) -> Iterator[tuple[str, int]]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _named(one)
    elif isinstance(value, list):
        for one in value:
            yield from _named(one)
    elif isinstance(value, str):
        found = _GID.match(value)
        if found:
            yield found[1], int(found[2])
