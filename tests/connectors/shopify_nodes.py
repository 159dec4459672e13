"""The order of `shopify_bodies` as Admin GraphQL tells it: another shape, the same meaning (synthetic)."""

from __future__ import annotations

import copy
import json
from typing import Any

Node = dict[str, Any]

BEGAN_AT = "2026-11-20T09:59:58Z"


def read_body(node: Node | None, began_at: str | None = BEGAN_AT) -> bytes:
    """As a read is stored."""
    return json.dumps({"began_at": began_at, "order": node}, ensure_ascii=False).encode()


def page(*nodes: Node, more: bool = False) -> Node:
    return {"pageInfo": {"hasNextPage": more, "endCursor": "next" if more else None}, "nodes": list(nodes)}


def bag(amount: str, currency: str = "EUR") -> Node:
    each = {"amount": amount, "currencyCode": currency}
    return {"shopMoney": dict(each), "presentmentMoney": dict(each)}


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def units(number: int, quantity: int) -> Node:
    return {"quantity": quantity, "lineItem": {"id": gid("LineItem", number)}}


def line(number: int, quantity: int = 1, price: str = "30.0", **changes: Any) -> Node:
    node = {
        "id": gid("LineItem", number),
        "title": f"Bowl {number}",
        "name": f"Bowl {number} - Blue",
        "quantity": quantity,
        "currentQuantity": quantity,
        "sku": f"BOWL-{number}",
        "requiresShipping": True,
        "isGiftCard": False,
        "variant": {"id": gid("ProductVariant", 8000 + number)},
        "originalUnitPriceSet": {"shopMoney": {"amount": price, "currencyCode": "EUR"}},
    }
    return {**node, **changes}


def part(number: int = 51, *lines: tuple[int, int], **changes: Any) -> Node:
    held = lines or ((101, 1), (102, 2))
    node = {
        "id": gid("FulfillmentOrder", number),
        "status": "OPEN",
        "requestStatus": "UNSUBMITTED",
        "assignedLocation": {"name": "Hamburg", "location": {"id": gid("Location", 31)}},
        "deliveryMethod": {"methodType": "SHIPPING"},
        "fulfillmentHolds": [],
        "lineItems": page(
            *(
                {
                    "id": gid("FulfillmentOrderLineItem", 800 + each),
                    "totalQuantity": count,
                    "remainingQuantity": count,
                    "lineItem": {"id": gid("LineItem", each)},
                }
                for each, count in held
            )
        ),
    }
    return {**node, **changes}


def hold(number: int = 71, **changes: Any) -> Node:
    node = {"id": gid("FulfillmentHold", number), "reason": "OTHER", "handle": None, "heldByRequestingApp": False}
    return {**node, **changes}


def fulfillment(**changes: Any) -> Node:
    node = {
        "id": gid("Fulfillment", 4001),
        "status": "SUCCESS",
        "displayStatus": "FULFILLED",
        "createdAt": "2026-11-20T10:00:00Z",
        "updatedAt": "2026-11-20T10:30:00Z",
        "location": {"id": gid("Location", 31)},
        "trackingInfo": [{"company": "DHL", "number": "JD01"}],
        "fulfillmentLineItems": page(units(101, 1), units(102, 2)),
    }
    return {**node, **changes}


def transaction(**changes: Any) -> Node:
    node = {
        "id": gid("OrderTransaction", 6001),
        "kind": "SALE",
        "status": "SUCCESS",
        "gateway": "shopify_payments",
        "createdAt": "2026-11-20T08:58:29Z",
        "processedAt": "2026-11-20T08:58:29Z",
        "authorizationExpiresAt": None,
        "amountSet": {"presentmentMoney": {"amount": "95.0", "currencyCode": "EUR"}},
        "parentTransaction": None,
    }
    return {**node, **changes}


def refund(**changes: Any) -> Node:
    node = {
        "id": gid("Refund", 3001),
        "createdAt": "2026-11-21T08:00:00Z",
        "processedAt": "2026-11-21T08:00:00Z",
        "totalRefundedSet": {"shopMoney": {"amount": "30.0", "currencyCode": "EUR"}},
        "refundLineItems": page(units(101, 1)),
    }
    return {**node, **changes}


def order(**changes: Any) -> Node:
    address = {
        "name": "Ada Holm",
        "firstName": "Ada",
        "lastName": "Holm",
        "company": None,
        "address1": "Lange Reihe 7",
        "address2": None,
        "zip": "20099",
        "city": "Hamburg",
        "provinceCode": None,
        "countryCodeV2": "DE",
        "phone": None,
    }
    node: Node = {
        "id": gid("Order", 5012345678901),
        "name": "#1001",
        "updatedAt": "2026-11-20T09:00:00Z",
        "createdAt": "2026-11-20T08:58:30Z",
        "processedAt": "2026-11-20T08:58:29Z",
        "cancelledAt": None,
        "closedAt": None,
        "cancelReason": None,
        "currencyCode": "EUR",
        "presentmentCurrencyCode": "EUR",
        "displayFinancialStatus": "PAID",
        "test": False,
        "sourceName": "web",
        "email": "ada@example.com",
        "phone": None,
        "tags": ["vip", "gift"],
        "note": None,
        "totalPriceSet": bag("95.0"),
        "customer": {"id": gid("Customer", 7001), "firstName": "Ada", "lastName": "Holm"},
        "shippingAddress": dict(address),
        "billingAddress": dict(address),
        "shippingLine": {"title": "Standard", "isRemoved": False},
        "lineItems": page(line(101), line(102, quantity=2)),
        "transactions": [],
        "fulfillmentOrders": page(part()),
        "fulfillments": [],
        "refunds": [],
        "risk": {"assessments": []},
    }
    return copy.deepcopy({**node, **changes})
