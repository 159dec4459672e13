"""Webhooks in: one delivery's topic and raw body to a snapshot, a hint, or a word why it is of no use. Never raises.

A snapshot tells how things are. What could not be read is None and has a problem; only a body that can't be tied to an
order is `Unusable`. Webhook ids are numbers and reads have global ids ("gid://shopify/Order/1"): both become "1".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import msgspec

from ordna.connectors.contract import Concern, Hint, Ignored, ObjectHint, Translation, Unusable
from ordna.connectors.shopify import bodies, facets
from ordna.connectors.shopify.decoding import Decoded, decode, decode_any
from ordna.connectors.shopify.readers import id_of, require, text
from ordna.connectors.shopify.reads import translate_read
from ordna.connectors.shopify.snapshots import kept, moved_by, order_facets
from ordna.connectors.shopify.topics import IGNORED, READ_TOPIC, topic_named
from ordna.core.messages import ShipmentSeen, Snapshot
from ordna.core.values import Problem

T = TypeVar("T", bound=msgspec.Struct)


def translate(topic: str, body: bytes, received_at: datetime, client_id: str | None = None) -> Translation:
    """One delivery as meaning. `received_at` is when we got it; `client_id` is our app's, to tell our own holds."""
    if topic == READ_TOPIC:
        return translate_read(body, received_at, client_id)
    row = topic_named(topic)
    if row.kind == IGNORED:
        return Ignored(row.why)
    match row.shape:
        case "order":
            return _order(body, received_at)
        case "transaction":
            return _transaction(body)
        case "refund":
            return _refund(body)
        case "fulfillment":
            return _fulfillment(topic, body, received_at)
        case "tracking":
            return _tracking(body, received_at)
        case "deleted":
            return _deleted(body)
        case "edit":
            return _edit(topic, body)
        case "named":
            return _named(topic, body)
        case "concern":
            return _concern(topic, body)
    return _part(topic, body)


def _order(body: bytes, received_at: datetime) -> Translation:
    decoded = decode(body, bodies.Order)
    order, problems = decoded.body, decoded.problems
    if order is None or order.id is None:
        return _unusable(decoded, "id")
    seen = order_facets(order, received_at, problems)
    return Snapshot(str(order.id), **seen, problems=tuple(problems))


def _transaction(body: bytes) -> Translation:
    decoded = decode(body, bodies.Transaction)
    transaction, problems = decoded.body, decoded.problems
    if transaction is None or transaction.order_id is None:
        return _unusable(decoded, "order_id")
    seen = facets.transaction_seen(transaction, "", problems)
    return Snapshot(str(transaction.order_id), transactions=kept([seen]), problems=tuple(problems))


def _refund(body: bytes) -> Translation:
    decoded = decode(body, bodies.Refund)
    refund, problems = decoded.body, decoded.problems
    if refund is None or refund.order_id is None:
        return _unusable(decoded, "order_id")
    seen = facets.refund_seen(refund, "", None, problems)
    moved = moved_by(refund, "", problems)
    return Snapshot(str(refund.order_id), refunds=kept([seen]), transactions=kept(moved), problems=tuple(problems))


def _fulfillment(topic: str, body: bytes, received_at: datetime) -> Translation:
    decoded = decode(body, bodies.Fulfillment)
    fulfillment, problems = decoded.body, decoded.problems
    if fulfillment is None or fulfillment.order_id is None:
        return _unusable(decoded, "order_id")
    ref = str(fulfillment.order_id)
    seen: ShipmentSeen | None = facets.shipment_seen(fulfillment, "", received_at, problems)
    if seen is None and not problems:
        return Hint(ref, topic)  # asked for, not shipped: what stands must be read
    return Snapshot(ref, shipments=kept([seen]), problems=tuple(problems))


def _tracking(body: bytes, received_at: datetime) -> Translation:
    decoded = decode(body, bodies.FulfillmentEvent)
    event, problems = decoded.body, decoded.problems
    if event is None or event.order_id is None:
        return _unusable(decoded, "order_id")
    seen = facets.tracking_seen(event, received_at, problems)
    return Snapshot(str(event.order_id), tracking=kept([seen]), problems=tuple(problems))


class _Deleted(msgspec.Struct):
    id: bodies.Id | None = None


def _deleted(body: bytes) -> Translation:
    decoded = decode(body, _Deleted)
    if decoded.body is None or decoded.body.id is None:
        return _unusable(decoded, "id")
    return Snapshot(str(decoded.body.id), deleted=True, problems=tuple(decoded.problems))


class _Named(msgspec.Struct):
    order_id: bodies.Id | None = None
    admin_graphql_api_order_id: str | None = None


def _edit(topic: str, body: bytes) -> Translation:
    decoded = decode(body, _Named, inside="order_edit")
    if decoded.body is None or decoded.body.order_id is None:
        return _unusable(decoded, "order_edit.order_id")
    return Hint(str(decoded.body.order_id), topic)


def _named(topic: str, body: bytes) -> Translation:
    decoded = decode(body, _Named)
    named = decoded.body
    if named is not None and named.order_id is None and named.admin_graphql_api_order_id:
        ref = id_of(named.admin_graphql_api_order_id)
        if ref is not None:
            return Hint(ref, topic)
    if named is None or named.order_id is None:
        return _unusable(decoded, "order_id")
    return Hint(str(named.order_id), topic)


_CONCERNS = {
    "customers/data_request": "data_request",
    "customers/redact": "redact",
    "shop/redact": "shop_redact",
    "app/uninstalled": "uninstalled",
}


class _Customer(msgspec.Struct):
    id: bodies.Id | None = None
    email: str | None = None
    phone: str | None = None


class _Asked(msgspec.Struct):
    customer: _Customer | None = None
    orders_requested: list[bodies.Id] | None = None
    orders_to_redact: list[bodies.Id] | None = None


def _concern(topic: str, body: bytes) -> Translation:
    """What a shop asks about personal data. Which shop that is, the signature says and not the body."""
    kind = _CONCERNS[topic]
    if kind in ("shop_redact", "uninstalled"):
        return Concern(kind)
    decoded = decode(body, _Asked)
    asked = decoded.body
    if asked is None:
        return Unusable(tuple(decoded.problems))
    customer = asked.customer or _Customer()
    orders = asked.orders_to_redact or asked.orders_requested or []
    if customer.id is None and not customer.email and not orders:
        return _unusable(decoded, "customer.id")
    return Concern(
        kind,
        str(customer.id) if customer.id is not None else None,
        text(customer.email),
        text(customer.phone),
        tuple(str(order) for order in orders),
    )


def _part(topic: str, body: bytes) -> Translation:
    tree = decode_any(body)
    if isinstance(tree, Decoded):
        return Unusable(tuple(tree.problems))
    order = id_of(tree.get("order_id"))
    if order is not None:
        return Hint(order, topic)
    part = _first_part(tree)
    if part is None:
        return Unusable((Problem("missing_field", "fulfillment_order.id", "The body names no fulfillment order."),))
    return ObjectHint(part, topic)


def _first_part(tree: dict[str, Any]) -> str | None:
    """The fulfillment order the body is about: the one that existed before, where it names several."""
    for key in ("fulfillment_order", "original_fulfillment_order", "submitted_fulfillment_order"):
        found = tree.get(key)
        if isinstance(found, dict) and (ref := id_of(found.get("id"))):
            return ref
    merged = tree.get("fulfillment_order_merges")
    if isinstance(merged, dict):
        return _first_part(merged)
    for found in tree.values():
        if isinstance(found, dict) and str(found.get("id")).startswith("gid://shopify/FulfillmentOrder/"):
            return id_of(found["id"])
    return None


def _unusable(decoded: Decoded[T], path: str) -> Unusable:
    problems = list(decoded.problems)
    if decoded.body is not None or not problems:
        require(None, path, problems)
    return Unusable(tuple(problems))
