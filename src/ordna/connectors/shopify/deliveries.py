"""A delivery before it is read: is it authentic, and which lane does it belong to."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping, Sequence

from ordna.connectors.signing import signer

_LOOK = 4096  # bytes: the look is for routing only, so it is bounded and may be wrong
_ORDER_GID = re.compile(rb"gid://shopify/Order/(\d{1,19})")
_ORDER_ID = re.compile(rb'"order_id"\s*:\s*"?(\d{1,19})')
_FIRST_ID = re.compile(rb'\s*\{\s*"id"\s*:\s*"?(\d{1,19})')
_PART_ID = re.compile(rb'gid://shopify/FulfillmentOrder/(\d{1,19})|"fulfillment_order_id"\s*:\s*(\d{1,19})')
_ORDER_HEADER = "x-shopify-order-id"


def verify(body: bytes, header: str | bytes | None, secrets: Sequence[str | bytes]) -> int | None:
    """The place of the secret that signed these exact bytes, None when none did. Never raises, takes equally long."""
    return signer(body, header, secrets, lambda key, told: base64.b64encode(hmac.digest(key, told, "sha256")))


def routing_key(topic: str, body: bytes, headers: Mapping[str, str] | None = None) -> str | None:
    """The order's id as far as a short look tells, for lanes only: bounded, cheap, never trusted.

    A body that names only a fulfillment order gives "part:<id>": still one lane for all that is about the part.
    """
    if headers:
        told = headers.get(_ORDER_HEADER) or headers.get("X-Shopify-Order-Id")
        if told and told.isascii() and told.isdigit():
            return told[:19]
    start = body[:_LOOK]
    if topic.startswith("orders/") and (first := _FIRST_ID.match(start)):
        return first[1].decode()
    found = _ORDER_ID.search(start) or _ORDER_GID.search(start) or _ORDER_ID.search(body[-_LOOK:])
    if found:
        return found[1].decode()
    part = _PART_ID.search(start)
    return f"part:{(part[1] or part[2]).decode()}" if part else None
