"""Orders read back in full: many in one call, and page by page what did not fit on the first page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from ordna.connectors.contract import Answer, Budget, OrderRead, Reading
from ordna.connectors.shopify.client import Caller
from ordna.connectors.shopify.gids import gid

BATCH = 15  # an order reserves about 50 points, and one call at most 1000
PAGES_MAX = 200
PART_PREFIX = "fo:"  # a hint that names no order names a fulfillment order


def read_orders(client: Caller, order_refs: tuple[str, ...], began_at: datetime) -> Reading:
    """Every order asked for, None for one that does not exist. What a failure left out is not in the result.

    A ref is an order's ("5001"), or "fo:66": the order that fulfillment order 66 belongs to, read in the same call.
    """
    gatherer = _Gatherer(client)
    reads: list[OrderRead] = []
    for start in range(0, len(order_refs), BATCH):
        refs = order_refs[start : start + BATCH]
        data = gatherer.call("read_orders", {"ids": [_gid(ref) for ref in refs]})
        nodes = data.get("nodes") if data is not None else None
        if not isinstance(nodes, list):
            break
        by_gid = {node.get("id"): node for node in nodes if isinstance(node, dict)}
        for ref in refs:
            node = by_gid.get(_gid(ref))
            if node is not None and ref.startswith(PART_PREFIX):
                node = node.get("order")
            whole = node is None or gatherer.complete(node)
            body = msgspec.json.encode({"began_at": began_at, "order": node}) if node is not None else None
            reads.append(OrderRead(ref, body, whole))
    return Reading(tuple(reads), gatherer.points, gatherer.budget, gatherer.failure)


def _gid(ref: str) -> str:
    """An order's global id, or that of the fulfillment order it is asked for by."""
    if ref.startswith(PART_PREFIX):
        return gid("FulfillmentOrder", ref.removeprefix(PART_PREFIX))
    return gid("Order", ref)


class _Gatherer:
    """Calls for one reading: sums their cost, keeps the last budget, remembers the first failure."""

    def __init__(self, client: Caller) -> None:
        self._client = client
        self.points = 0.0
        self.budget: Budget | None = None
        self.failure: Answer | None = None

    def call(self, document: str, variables: dict[str, Any]) -> dict[str, Any] | None:
        if self.failure is not None:
            return None
        reply = self._client.call(document, variables)
        self.points += reply.points
        self.budget = reply.budget or self.budget
        if isinstance(reply, Answer):
            self.failure = reply
            return None
        return reply.data

    def complete(self, order: dict[str, Any]) -> bool:
        """Fetch every page that is missing; one that can't be had keeps its hasNextPage, and the read says so. False
        when a call for one failed."""
        whole = self._connection(order, "lineItems", "more_order_lines")
        whole &= self._connection(order, "fulfillmentOrders", "more_parts")
        for part in _nodes(order.get("fulfillmentOrders")):
            whole &= self._connection(part, "lineItems", "more_part_lines")
        for parcel in order.get("fulfillments") or ():
            whole &= self._connection(parcel, "fulfillmentLineItems", "more_shipment_lines")
        for refund in order.get("refunds") or ():
            whole &= self._connection(refund, "refundLineItems", "more_refund_lines")
        return whole

    def _connection(self, owner: dict[str, Any], name: str, document: str) -> bool:
        page = owner.get(name)
        for _ in range(PAGES_MAX):
            info = page.get("pageInfo") if isinstance(page, dict) else None
            if not isinstance(info, dict) or not info.get("hasNextPage"):
                return True
            data = self.call(document, {"id": owner["id"], "after": info.get("endCursor")})
            node = data.get("node") if data else None
            following = node.get(name) if isinstance(node, dict) else None
            if not isinstance(following, dict):
                return self.failure is None
            page = owner[name] = {**following, "nodes": _nodes(page) + _nodes(following)}
        return True


def _nodes(page: Any) -> list[dict[str, Any]]:
    found = page.get("nodes") if isinstance(page, dict) else None
    return [node for node in found if isinstance(node, dict)] if isinstance(found, list) else []
