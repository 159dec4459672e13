"""Shopify out: the connector contract's `Outbound`, and what a connection needs besides (webhooks, shop, sweep).

Shopify has no idempotency key on these mutations, so an effect in doubt is looked up, never resent. Every method gives
a value for whatever the other side does and raises nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, assert_never

from msgspec import Struct

from ordna.connectors.contract import Answer, Endpoint, OrderRead, Reading
from ordna.connectors.shopify import bulk, effects
from ordna.connectors.shopify.bulk import BulkStarted, BulkState
from ordna.connectors.shopify.client import Client, Reply
from ordna.connectors.shopify.gids import gid, topic_enum
from ordna.connectors.shopify.listing import ORDERS_A_PAGE, Mark, Swept, count_changed, list_changed
from ordna.connectors.shopify.readers import id_of
from ordna.connectors.shopify.reading import read_orders
from ordna.connectors.wire import TOTAL_S, Poster
from ordna.core.effects import (
    CancelOrder,
    Effect,
    HoldPart,
    NoteOrder,
    PurchaseLabel,
    ReleasePart,
    ReturnLabel,
    ShipPart,
    TagOrder,
    UntagOrder,
)

READ_POINTS = 52.0  # what one order of read_orders reserves at most; most use half
_MUTATION_POINTS = 10.0
_SHIP_POINTS = 24.0  # where its lines are read first


class ShopFacts(Struct, frozen=True):
    """Who a shop is: its name, its domain, ISO currency, IANA time zone and ISO country; what it lets us do."""

    name: str
    domain: str
    currency: str
    zone: str
    country: str | None
    scopes: tuple[str, ...] = ()


class Subscription(Struct, frozen=True):
    """One webhook subscription of ours; `topic` in GraphQL's spelling (ORDERS_CREATE), `version` of its bodies."""

    id: str
    topic: str
    uri: str
    version: str | None = None


_NOT_A_CARRIER = Answer("refused", "not_for_a_shop", "A shop buys no labels.")


class ShopifyOutbound:
    """Everything Ordna asks of one shop. Threads may share it; it keeps connections and the token."""

    def __init__(self, endpoint: Endpoint, total_s: float = TOTAL_S, wire: Poster | None = None) -> None:
        """`wire` where the shop is not reached over a network."""
        self._client = Client(endpoint, total_s, wire)
        self._base_url = endpoint.base_url

    def cost_of(self, effect: Effect) -> float:
        """The points this effect will need, before it is sent."""
        looks_first = isinstance(effect.body, ShipPart) and not effect.body.refs
        return _SHIP_POINTS if looks_first else _MUTATION_POINTS

    def perform(self, effect: Effect, order_ref: str) -> Answer:
        """Send one effect."""
        client, body = self._client, effect.body
        match body:
            case HoldPart():
                return effects.hold(client, body)
            case ReleasePart():
                return effects.release(client, body)
            case TagOrder() | UntagOrder():
                return effects.tag(client, body, order_ref)
            case NoteOrder():
                return effects.note(client, body, order_ref)
            case ShipPart():
                return effects.ship(client, body)
            case CancelOrder():
                return effects.cancel(client, body, order_ref)
            case PurchaseLabel() | ReturnLabel():
                return _NOT_A_CARRIER
        assert_never(body)

    def look_up(self, effect: Effect, order_ref: str) -> Answer:
        """For an effect in doubt: confirmed when it did happen, nothing when it did not."""
        client, body = self._client, effect.body
        match body:
            case HoldPart():
                return effects.look_up_hold(client, body)
            case ReleasePart():
                return effects.look_up_release(client, body)
            case TagOrder() | UntagOrder():
                return effects.look_up_tags(client, body, order_ref)
            case NoteOrder():
                return effects.look_up_note(client, body, order_ref)
            case ShipPart():
                return effects.look_up_parcel(client, body)
            case CancelOrder():
                return effects.look_up_cancel(client, order_ref)
            case PurchaseLabel() | ReturnLabel():
                return _NOT_A_CARRIER
        assert_never(body)

    def read_orders(self, order_refs: tuple[str, ...], began_at: datetime) -> Reading:
        """Read orders back in full; the bodies are translated under the topic "ordna/read"."""
        return read_orders(self._client, order_refs, began_at)

    def orders_of(self, parts: tuple[str, ...]) -> dict[str, str] | Answer:
        """Which order each fulfillment order belongs to; one that is unknown is not in the result. At most 250."""
        reply = self._client.call("orders_of_parts", {"ids": [gid("FulfillmentOrder", part) for part in parts]})
        if isinstance(reply, Answer):
            return reply
        found: dict[str, str] = {}
        for node in _list(reply.data.get("nodes")):
            part, order = id_of(node.get("id")), id_of(node.get("orderId"))
            if part and order:
                found[part] = order
        return found

    def shop_facts(self) -> ShopFacts | Answer:
        """Who the shop is; also the cheapest proof that the credentials work."""
        reply = self._client.call("shop", {})
        if isinstance(reply, Answer):
            return reply
        shop = reply.data.get("shop")
        if not isinstance(shop, dict):
            return _unreadable()
        address = shop.get("shopAddress")
        country = address.get("countryCodeV2") if isinstance(address, dict) else None
        written = [str(shop.get(name) or "") for name in ("name", "myshopifyDomain", "currencyCode", "ianaTimezone")]
        app = reply.data.get("currentAppInstallation")
        granted = _list(app.get("accessScopes")) if isinstance(app, dict) else []
        scopes = tuple(sorted(str(scope.get("handle")) for scope in granted))
        return ShopFacts(written[0], written[1], written[2], written[3], str(country) if country else None, scopes)

    def sweep(self, mark: Mark, until: datetime | None = None, first: int = ORDERS_A_PAGE) -> Swept | Answer:
        """One page of the orders that changed at or after the mark, oldest change first."""
        return list_changed(self._client, mark, until, first)

    def count_orders(self, since: datetime | None, until: datetime | None = None) -> int | Answer:
        """How many orders changed in [since, until); a shop counts no further than 10,000."""
        return count_changed(self._client, since, until)

    def start_bulk(self, since: datetime, until: datetime) -> BulkStarted | Answer:
        """Have the shop gather the orders that changed in [since, until)."""
        return bulk.start(self._client, since, until)

    def bulk_state(self, operation: str) -> BulkState | Answer:
        """How far it is."""
        return bulk.state(self._client, operation)

    def fetch_bulk(self, orders_url: str | None, parcels_url: str | None, began_at: datetime) -> Iterator[OrderRead]:
        """The orders it gathered; one without a body must be read by itself. `NotFetched`."""
        return bulk.fetch(orders_url, parcels_url, self._base_url, began_at)

    def subscribe(self, callback_url: str, topics: tuple[str, ...]) -> tuple[Subscription, ...] | Answer:
        """See to it that each topic is sent to `callback_url`: existing subscriptions stay, missing ones are made."""
        standing = self.subscriptions()
        if isinstance(standing, Answer):
            return standing
        ours = {each.topic: each for each in standing if each.uri == callback_url}
        for topic in map(topic_enum, topics):
            if topic in ours:
                continue
            reply = self._client.call("subscribe", {"topic": topic, "uri": callback_url})
            made = _payload(reply, "webhookSubscriptionCreate")
            if isinstance(made, Answer):
                return made
            node = made.get("webhookSubscription") or {}
            ours[topic] = Subscription(str(node.get("id") or ""), topic, callback_url)
        return tuple(ours[topic] for topic in map(topic_enum, topics))

    def unsubscribe(self, callback_url: str) -> int | Answer:
        """Delete every subscription that points at `callback_url`; how many there were."""
        standing = self.subscriptions()
        if isinstance(standing, Answer):
            return standing
        ours = [each for each in standing if each.uri == callback_url]
        for each in ours:
            gone = _payload(self._client.call("unsubscribe", {"id": each.id}), "webhookSubscriptionDelete")
            if isinstance(gone, Answer):
                return gone
        return len(ours)

    def subscriptions(self) -> tuple[Subscription, ...] | Answer:
        """All webhook subscriptions our app has at the shop."""
        found: list[Subscription] = []
        cursor: str | None = None
        while True:
            reply = self._client.call("subscriptions", {"after": cursor})
            if isinstance(reply, Answer):
                return reply
            page = reply.data.get("webhookSubscriptions")
            if not isinstance(page, dict):
                return _unreadable()
            for node in _list(page.get("nodes")):
                version = node.get("apiVersion")
                handle = version.get("handle") if isinstance(version, dict) else None
                names = (str(node.get("id")), str(node.get("topic")), str(node.get("uri")))
                found.append(Subscription(*names, str(handle) if handle else None))
            following = _next_cursor(page)
            if following is None or following == cursor:
                return tuple(found)
            cursor = following

    def close(self) -> None:
        """Close the connections that are idle."""
        self._client.close()


def _payload(reply: Reply | Answer, root: str) -> dict[str, Any] | Answer:
    if isinstance(reply, Answer):
        return reply
    payload = reply.data.get(root)
    if not isinstance(payload, dict):
        return _unreadable()
    errors = _list(payload.get("userErrors"))
    if errors:
        sentence = "; ".join(str(error.get("message")) for error in errors)[:500]
        return Answer("refused", "user_error", sentence, points=reply.points, budget=reply.budget)
    return payload


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _next_cursor(page: dict[str, Any]) -> str | None:
    info = page.get("pageInfo")
    if not isinstance(info, dict) or not info.get("hasNextPage"):
        return None
    cursor = info.get("endCursor")
    return str(cursor) if cursor else None


def _unreadable() -> Answer:
    return Answer("again", "unreadable_answer", "Shopify's answer carries no data.", retry_after_s=5.0)
