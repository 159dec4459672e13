"""Orders in bulk: two operations that the shop runs by itself, and their files folded to what a read would have
brought.

A bulk operation costs as much as one mutation however many orders it covers. Its file has one object a line; an object
of a connection names its parent and may stand anywhere after it. Folded back, an order is the very node that
`read_orders` brings, so from there both go the same way. What a bulk operation can't bring (an order with refunds or
payment terms, a parcel whose fulfillment order was not in the file) is named, to be read by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from ordna.connectors.contract import Answer, OrderRead
from ordna.connectors.shopify.client import Caller
from ordna.connectors.shopify.documents import text_of
from ordna.connectors.shopify.fetching import NotFetched, lines_of
from ordna.connectors.shopify.readers import id_of

RUN_POINTS = 10.0
PARCELS_EARLIER = timedelta(days=14)
"""A fulfillment order may have changed last so long before its order did; what is older is read by itself."""
RUNNING = frozenset(("CREATED", "RUNNING"))
DONE = "COMPLETED"
LATER = frozenset(("OPERATION_IN_PROGRESS", "LIMIT_REACHED"))

Node = dict[str, Any]


class BulkStarted(Struct, frozen=True):
    """The operations that run: orders, parcels."""

    orders: str
    parcels: str
    points: float


class BulkState(Struct, frozen=True, omit_defaults=True):
    """How an operation stands; `status` in Shopify's word, `objects` so far, `url` of its file once there is one."""

    status: str
    objects: int = 0
    url: str | None = None
    points: float = 0.0
    error: str | None = None


def start(client: Caller, since: datetime, until: datetime) -> BulkStarted | Answer:
    """Have the orders that changed in [since, until) gathered. *Again* while the shop has too many operations."""
    ids: list[str] = []
    points = 0.0
    for document, begin in (("bulk_orders", since), ("bulk_parcels", since - PARCELS_EARLIER)):
        query = text_of(document).replace("SINCE", _written(begin)).replace("UNTIL", _written(until))
        reply = client.call("bulk_run", {"query": query})
        if isinstance(reply, Answer):
            return reply
        points += reply.points
        payload = reply.data.get("bulkOperationRunQuery") or {}
        errors = [error for error in payload.get("userErrors") or () if isinstance(error, dict)]
        operation = payload.get("bulkOperation") or {}
        if errors or not operation.get("id"):
            later = any(error.get("code") in LATER for error in errors)
            sentence = "; ".join(str(error.get("message")) for error in errors)[:500]
            code = "bulk_later" if later else "bulk_refused"
            return Answer("again" if later else "refused", code, sentence or None, points=points)
        ids.append(str(operation["id"]))
    return BulkStarted(ids[0], ids[1], points)


def state(client: Caller, operation: str) -> BulkState | Answer:
    """How an operation stands."""
    reply = client.call("bulk_status", {"id": operation})
    if isinstance(reply, Answer):
        return reply
    found = reply.data.get("bulkOperation")
    if not isinstance(found, dict):
        return BulkState("EXPIRED", points=reply.points, error="The shop no longer knows the bulk operation.")
    url, error = found.get("url"), found.get("errorCode")
    return BulkState(
        str(found.get("status")),
        int(found.get("objectCount") or 0),
        str(url) if url else None,
        reply.points,
        str(error) if error else None,
    )


def fetch(orders_url: str | None, parcels_url: str | None, base_url: str, began_at: datetime) -> Iterator[OrderRead]:
    """The orders of two finished operations (None: its file is empty). One with `body` None must be read by itself.
    `NotFetched`."""
    parcels = _parcels(_objects(parcels_url, base_url))
    return fold(_objects(orders_url, base_url), parcels, began_at)


def fold(objects: Iterable[Node], parcels: dict[str, list[Node]], began_at: datetime) -> Iterator[OrderRead]:
    """Objects of the orders' file to orders; `parcels` holds the lines of each parcel by its id."""
    every = list(objects)
    roots = [found for found in every if _is_a("Order", found)]
    owners = {str(found["id"]): found for found in every if _is_a("Order", found) or _is_a("FulfillmentOrder", found)}
    for owner in owners.values():
        _connection(owner, "lineItems")
        if _is_a("Order", owner):
            _connection(owner, "fulfillmentOrders")
    for found in every:
        parent = owners.get(str(found.pop("__parentId", "")))
        if parent is not None:
            name = "fulfillmentOrders" if _is_a("FulfillmentOrder", found) else "lineItems"
            _connection(parent, name)["nodes"].append(found)
    for order in roots:
        ref = id_of(order.get("id"))
        if ref is not None:
            whole = _completed(order, parcels)
            yield OrderRead(ref, msgspec.json.encode({"began_at": began_at, "order": order}) if whole else None)


def _completed(order: Node, parcels: dict[str, list[Node]]) -> bool:
    """The order with what its parcels hold; False when something is not to be had this way."""
    if order.get("refunds") or order.get("paymentTerms"):
        return False
    for parcel in order.get("fulfillments") or ():
        lines = parcels.get(str(parcel.get("id")))
        if lines is None:
            return False
        _connection(parcel, "fulfillmentLineItems")["nodes"] = lines
    return True


def _parcels(objects: Iterable[Node]) -> dict[str, list[Node]]:
    """The lines of each parcel. One that serves two fulfillment orders stands under both, with the same lines."""
    lines: dict[str, dict[str, Node]] = {}
    for found in objects:
        own, parent = str(found.get("id", "")), str(found.pop("__parentId", ""))
        if "/Fulfillment/" in own:
            lines.setdefault(own, {})
        elif parent in lines:
            lines[parent][own] = found
    return {parcel: list(held.values()) for parcel, held in lines.items()}


def _objects(url: str | None, base_url: str) -> Iterator[Node]:
    if url is None:
        return
    for line in lines_of(url, base_url):
        if not line.strip():
            continue
        try:
            found = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NotFetched("A line of the bulk operation's result is not JSON.") from error
        if isinstance(found, dict):
            yield found


def _is_a(kind: str, found: Node) -> bool:
    return f"/{kind}/" in str(found.get("id", ""))


def _connection(owner: Node, name: str) -> Node:
    page: Node = owner.setdefault(name, {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": []})
    return page


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
