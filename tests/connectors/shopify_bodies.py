"""Good webhook bodies in Shopify's shape, made here (synthetic); tests change one thing and look what happens."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

Body = dict[str, Any]

RECEIVED_AT = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)


def wire(body: Any) -> bytes:
    """As Shopify sends it: compact, UTF-8."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def money(amount: str, currency: str = "EUR") -> Body:
    each = {"amount": amount, "currency_code": currency}
    return {"shop_money": dict(each), "presentment_money": dict(each)}


def line(number: int, quantity: int = 1, price: str = "30.00", **changes: Any) -> Body:
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{number}",
        "current_quantity": quantity,
        "fulfillable_quantity": quantity,
        "gift_card": False,
        "grams": 250,
        "name": f"Bowl {number} - Blue",
        "price": price,
        "price_set": money(price),
        "product_exists": True,
        "product_id": 9000 + number,
        "properties": [],
        "quantity": quantity,
        "requires_shipping": True,
        "sku": f"BOWL-{number}",
        "taxable": True,
        "title": f"Bowl {number}",
        "total_discount": "0.00",
        "total_discount_set": money("0.00"),
        "variant_id": 8000 + number,
        "variant_title": "Blue",
        "vendor": "Ordna Practice",
        "tax_lines": [
            {"channel_liable": False, "price": "4.79", "price_set": money("4.79"), "rate": 0.19, "title": "VAT"}
        ],
        "duties": [],
        "discount_allocations": [],
        **changes,
    }


def order(**changes: Any) -> Body:
    """Two lines, 90.00 and 10.00 shipping less 5.00 discount: 95.00 EUR, taxes included. Every part adds up."""
    address = {
        "first_name": "Ada",
        "last_name": "Holm",
        "name": "Ada Holm",
        "company": None,
        "address1": "Lange Reihe 7",
        "address2": None,
        "zip": "20099",
        "city": "Hamburg",
        "province": None,
        "province_code": None,
        "country": "Germany",
        "country_code": "DE",
        "phone": None,
        "latitude": None,
        "longitude": None,
    }
    body = {
        "id": 5012345678901,
        "admin_graphql_api_id": "gid://shopify/Order/5012345678901",
        "cancel_reason": None,
        "cancelled_at": None,
        "closed_at": None,
        "created_at": "2026-11-20T09:58:30+01:00",
        "currency": "EUR",
        "email": "ada@example.com",
        "financial_status": "paid",
        "fulfillment_status": None,
        "name": "#1001",
        "note": None,
        "order_number": 1001,
        "original_total_duties_set": None,
        "phone": None,
        "presentment_currency": "EUR",
        "processed_at": "2026-11-20T09:58:29+01:00",
        "source_name": "web",
        "tags": "gift, vip",
        "taxes_included": True,
        "test": False,
        "total_discounts": "5.00",
        "total_line_items_price": "90.00",
        "total_price": "95.00",
        "total_price_set": money("95.00"),
        "total_shipping_price_set": money("10.00"),
        "total_tax": "14.37",
        "total_tip_received": "0.00",
        "updated_at": "2026-11-20T10:00:00+01:00",
        "billing_address": dict(address),
        "customer": {"id": 7001, "first_name": "Ada", "last_name": "Holm", "email": "ada@example.com"},
        "fulfillments": [],
        "line_items": [line(101), line(102, quantity=2)],
        "refunds": [],
        "shipping_address": dict(address),
        "shipping_lines": [{"id": 1, "title": "Standard", "is_removed": False, "price": "10.00"}],
    }
    return copy.deepcopy({**body, **changes})


def fulfillment(**changes: Any) -> Body:
    body = {
        "id": 4001,
        "admin_graphql_api_id": "gid://shopify/Fulfillment/4001",
        "order_id": 5012345678901,
        "created_at": "2026-11-20T11:00:00+01:00",
        "updated_at": "2026-11-20T11:30:00+01:00",
        "status": "success",
        "shipment_status": None,
        "location_id": 31,
        "tracking_company": "DHL",
        "tracking_number": "JD01",
        "tracking_numbers": ["JD01"],
        "line_items": [line(101), line(102, quantity=2)],
    }
    return copy.deepcopy({**body, **changes})


def transaction(**changes: Any) -> Body:
    body = {
        "id": 6001,
        "order_id": 5012345678901,
        "kind": "sale",
        "gateway": "shopify_payments",
        "status": "success",
        "created_at": "2026-11-20T09:58:29+01:00",
        "processed_at": "2026-11-20T09:58:29+01:00",
        "parent_id": None,
        "amount": "95.00",
        "currency": "EUR",
    }
    return {**body, **changes}


def refund(**changes: Any) -> Body:
    moved = transaction(id=6002, kind="refund", amount="30.00", parent_id=6001, created_at="2026-11-21T09:00:00+01:00")
    body = {
        "id": 3001,
        "order_id": 5012345678901,
        "created_at": "2026-11-21T09:00:00+01:00",
        "processed_at": "2026-11-21T09:00:00+01:00",
        "note": None,
        "refund_line_items": [
            {
                "id": 1,
                "line_item_id": 101,
                "quantity": 1,
                "subtotal": 30.0,
                "subtotal_set": money("30.00"),
                "line_item": line(101),
            }
        ],
        "transactions": [moved],
    }
    return copy.deepcopy({**body, **changes})


def tracking_event(**changes: Any) -> Body:
    body = {
        "id": 2001,
        "fulfillment_id": 4001,
        "order_id": 5012345678901,
        "status": "in_transit",
        "happened_at": "2026-11-20T18:00:00+01:00",
        "created_at": "2026-11-20T18:05:00+01:00",
        "updated_at": "2026-11-20T18:05:00+01:00",
    }
    return {**body, **changes}
