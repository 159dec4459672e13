"""Webhook bodies: complete, in Shopify's own words for money and time, and valid against its schemas."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ordna.practice.bodies import TOPICS, Telling, tell
from ordna.practice.mutations.fulfillment_orders import merge, split
from ordna.practice.mutations.orders import delete_order
from ordna.practice.mutations.requests import (
    accept_request,
    reject_cancellation,
    reject_request,
    submit_cancellation,
    submit_request,
)
from ordna.practice.world import Change, World
from tests.practice.json_schema import faults
from tests.practice.shop_world import APP_ID, basket_of, body_of, lived, quiet_shop

SAMPLES = Path(os.environ.get("ORDNA_SHOPIFY_DATA", Path(__file__).parents[3] / "shared" / "shopify")) / "webhooks"

ORDER_KEYS = """
admin_graphql_api_id app_id billing_address browser_ip buyer_accepts_marketing cancel_reason cancelled_at
cart_token checkout_token client_details closed_at confirmation_number confirmed contact_email created_at currency
current_shipping_price_set current_subtotal_price current_subtotal_price_set current_total_additional_fees_set
current_total_discounts current_total_discounts_set current_total_duties_set current_total_price
current_total_price_set current_total_tax current_total_tax_set customer customer_locale device_id
discount_applications discount_codes duties_included email estimated_taxes financial_status fulfillment_status
fulfillments id landing_site landing_site_ref line_item_groups line_items location_id merchant_business_entity_id
merchant_of_record_app_id name note note_attributes number order_number order_status_url
original_total_additional_fees_set original_total_duties_set payment_gateway_names payment_terms phone po_number
presentment_currency processed_at reference referring_site refunds returns shipping_address shipping_lines
source_identifier source_name source_url subtotal_price subtotal_price_set tags tax_exempt tax_lines taxes_included
test token total_cash_rounding_payment_adjustment_set total_cash_rounding_refund_adjustment_set total_discounts
total_discounts_set total_line_items_price total_line_items_price_set total_outstanding total_price total_price_set
total_shipping_price_set total_tax total_tax_set total_tip_received total_weight updated_at user_id
"""

#: Topics that a small shop's month does not bring; they are told in a test of their own.
RARE = {"app/uninstalled", "fulfillment_orders/merged", "fulfillment_orders/split", "orders/delete"}

#: Topics of what only an app asks: schedules, reports of progress, and requests to a fulfillment service.
ASKED = {
    f"fulfillment_orders/{name}"
    for name in (
        "cancellation_request_accepted", "cancellation_request_rejected", "cancellation_request_submitted",
        "fulfillment_request_accepted", "fulfillment_request_rejected", "fulfillment_request_submitted",
        "fulfillment_service_failed_to_complete",
        "manually_reported_progress_stopped", "progress_reported", "rescheduled",
        "scheduled_fulfillment_order_ready",
    )
}  # fmt: skip

#: The schemas were inferred from samples, so a place that was never empty there counts as never empty. These
#: are empty in the real world: a Danish address has no province, a buyer forgets the zip, a parcel without
#: tracking was shipped by hand, a gift card needs no address, a person's hold names no app.
TOO_NARROW = re.compile(
    r".*(address|destination)/(province|province_code|phone|zip|city|address1): null is not string"
    r"|.*/(shipping_address|destination): null is not object"
    r"|.*/(replacement|remaining)_fulfillment_order: null is not object|.*/image: null is not object"
    r"|.*/tracking_(company|number|url): null is not string"
    r"|.*/device_id: null fits no choice|.*/error_code: string is not null|.*/user_id: null is not integer"
    r"|order_transactions/create /payment_details: missing|.*/payment_details/\w+: null is not string"
    r"|.*/progress_(reported|stopped)_by_(app|user): null is not object"
    r"|.*/tax_lines\[\]/rate: float is not integer"
    r"|app/uninstalled /(phone|province|province_code): null is not string"
    # Nobody recorded an order on terms, nor a transaction in coins.
    r"|.* /payment_terms: object is not null or string|order_transactions/create /amount_rounding: string is not null"
)

Tellings = list[tuple[str, Telling]]


@pytest.fixture(scope="module")
def month() -> tuple[World, Tellings]:
    """A month of a small shop, and everything it would have told, as it looks at the month's end."""
    world, _, changes = lived(seed=3, days=30, orders_per_day=8)
    return world, told(world, changes)


def told(world: World, changes: list[Change]) -> Tellings:
    tellings = [(change.topic, tell(world, change, APP_ID)) for change in changes]
    return [(topic, telling) for topic, telling in tellings if telling]


def test_an_order_carries_all_93_keys() -> None:
    world, life = quiet_shop()
    body = body_of(world, life.buy(basket_of(world, 1)))
    assert sorted(body) == sorted(ORDER_KEYS.split())
    assert len(body) == 93


def test_every_topic_of_a_month_can_be_told(month: tuple[World, Tellings]) -> None:
    assert set(TOPICS) - {topic for topic, _ in month[1]} <= RARE | ASKED


def test_order_bodies_have_a_real_size(month: tuple[World, Tellings]) -> None:
    orders = [t.body for topic, t in month[1] if topic.startswith("orders/") and "line_items" in t.body]
    sizes = sorted(len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()) for body in orders)
    assert 8_000 <= sizes[len(sizes) // 2] <= 14_000


def test_money_is_a_decimal_string_with_two_places(month: tuple[World, Tellings]) -> None:
    amounts = [amount for _, telling in _some_of_each_topic(month[1]) for amount in _amounts(telling.body)]
    assert len(amounts) > 10_000
    assert {amount for amount in amounts if not re.fullmatch(r"-?\d+\.\d\d", amount)} == set()


def test_times_carry_the_shops_offset() -> None:
    world, life = quiet_shop()
    body = body_of(world, life.buy(basket_of(world, 1)))
    assert body["created_at"] == "2026-11-20T16:30:00+01:00"


def test_a_buyer_abroad_sees_both_currencies(month: tuple[World, Tellings]) -> None:
    world, _ = month
    order = next(o for o in world.orders.values() if o.presentment_currency == "SEK")
    money = body_of(world, order)["total_price_set"]
    assert isinstance(money, dict)
    assert money["shop_money"]["currency_code"] == "DKK"
    assert money["presentment_money"]["currency_code"] == "SEK"
    assert Decimal(money["presentment_money"]["amount"]) > Decimal(money["shop_money"]["amount"])


def test_the_sums_of_an_order_add_up(month: tuple[World, Tellings]) -> None:
    world, _ = month
    for order in world.orders.values():
        body: dict[str, Any] = body_of(world, order)
        lines = sum(Decimal(line["price"]) * line["quantity"] for line in body["line_items"])
        shipping = sum(Decimal(line["price"]) for line in body["shipping_lines"])
        taken_off = sum(Decimal(a["amount"]) for line in body["line_items"] for a in line["discount_allocations"])
        assert Decimal(body["total_price"]) == lines - taken_off + shipping, order.name
        assert Decimal(body["total_discounts"]) == taken_off, order.name


def test_a_fifth_of_a_danish_order_is_vat(month: tuple[World, Tellings]) -> None:
    world, _ = month
    orders = [o for o in world.orders.values() if o.presentment_currency == "DKK" and not o.edited]
    goods = [o for o in orders if not any(line.gift_card for line in o.lines)]
    assert len(goods) > 50
    for order in goods:
        body: dict[str, Any] = body_of(world, order)
        taxed = Decimal(body["total_price"]) - Decimal(body["total_tip_received"])
        off = Decimal(body["total_tax"]) - taxed / 5
        assert abs(off) <= Decimal("0.05"), order.name


def test_an_edit_tells_the_delta_only() -> None:
    world, life = quiet_shop()
    order = life.buy(basket_of(world, 2))
    change = Change(
        "orders/edited", order, world.now(), {"additions": [], "removals": [(order.lines[0], 1)], "edit_id": 9,
                                              "staff_note": None}
    )  # fmt: skip
    telling = tell(world, change, APP_ID)
    assert telling is not None
    assert list(telling.body) == ["order_edit"]
    assert telling.body["order_edit"]["line_items"] == {
        "additions": [],
        "removals": [{"id": order.lines[0].id, "delta": 1}],
    }


def test_a_pending_transaction_is_not_told() -> None:
    world, life = quiet_shop()
    life.buy(basket_of(world, 1, payment="pending"))
    topics = [topic for topic, _ in told(world, world.drain())]
    assert "orders/create" in topics
    assert "order_transactions/create" not in topics


def test_a_month_fits_shopifys_schemas(month: tuple[World, Tellings]) -> None:
    """Where the recorded schemas are at hand. Without them there is nothing to compare with."""
    assert _complaints(month[1]) == []


def test_the_rarer_topics_fit_too() -> None:
    world, life = quiet_shop()
    order = life.buy(basket_of(world, 3, 2))
    life.advance(world.now() + timedelta(minutes=1))
    (whole,) = order.fulfillment_orders
    parts = split(world, whole, [(whole.lines[0], 1)])
    assert parts.rest
    merge(world, [(whole, None), (parts.rest, None)])
    delete_order(world, order)
    world.changed("products/update", next(iter(world.products.values())))
    world.changed("app/uninstalled", world.shop)
    tellings = told(world, world.drain())
    assert {topic for topic, _ in tellings} >= RARE
    assert _complaints(tellings) == []


def test_what_an_app_asks_fits_too() -> None:
    world, life = quiet_shop()
    order = life.buy(basket_of(world, 3))
    life.advance(world.now() + timedelta(minutes=1))
    (part,) = order.fulfillment_orders
    part.location.service_handle = "a-3pl"
    for answer in (reject_request, accept_request):
        submit_request(world, part, message="Fragile")
        answer(world, part, "Seen")
    submit_cancellation(world, part, "The customer cancelled")
    reject_cancellation(world, part, "Too late")
    for topic in sorted(ASKED):
        world.changed(topic, part, message="Seen", notes="Begun")
    tellings = told(world, world.drain())
    assert {topic for topic, _ in tellings} >= ASKED
    assert _complaints(tellings) == []


def _complaints(tellings: Tellings) -> list[str]:
    schemas = {path.name: json.loads(path.read_text()) for path in SAMPLES.glob("json_schemas_*/*.schema.json")}
    complaints: set[str] = set()
    for topic, telling in _some_of_each_topic(tellings):
        schema = schemas.get(topic.replace("/", "__") + ".schema.json")
        if schema:
            complaints |= {f"{topic} {fault}" for fault in faults(schema, telling.body)}
    return sorted(complaint for complaint in complaints if not TOO_NARROW.fullmatch(complaint))


def _some_of_each_topic(tellings: Tellings, at_most: int = 60) -> Tellings:
    by_topic: dict[str, Tellings] = {}
    for topic, telling in tellings:
        by_topic.setdefault(topic, []).append((topic, telling))
    return [each for group in by_topic.values() for each in group[:: len(group) // at_most + 1]]


def _amounts(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _amounts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _amounts(inner, key)
    elif (
        isinstance(value, str)
        and not key.endswith("_currency")
        and (key in ("amount", "price") or key.startswith(("total_", "current_", "subtotal")))
    ):
        yield value
