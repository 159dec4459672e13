"""What we read of Shopify's REST-shaped webhook bodies: only these fields, all of them optional.

A field is None when the source left it out, said null, or wrote something that can't be read (then the decoder has
noted a problem with its path). The names are Shopify's own. `reads` folds a GraphQL answer into these same shapes, so
that both ways in share one translation.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

ID_MAX = 2**63 - 1
COUNT_MAX = 2**31 - 1

Id = Annotated[int, Meta(gt=0, le=ID_MAX, extra={"kind": "id"})]
Count = Annotated[int, Meta(ge=0, le=COUNT_MAX, extra={"kind": "count"})]
Amount = Annotated[str, Meta(extra={"kind": "amount"})]
Moment = Annotated[datetime, Meta(tz=True, extra={"kind": "moment"})]


class Money(Struct):
    amount: Amount | None = None
    currency_code: str | None = None


class MoneySet(Struct):
    shop_money: Money | None = None
    presentment_money: Money | None = None


class Address(Struct):
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    zip: str | None = None
    city: str | None = None
    province_code: str | None = None
    country_code: str | None = None
    phone: str | None = None


class Customer(Struct):
    id: Id | None = None
    first_name: str | None = None
    last_name: str | None = None


class TaxLine(Struct):
    rate: float | None = None


class Line(Struct):
    id: Id | None = None
    title: str | None = None
    name: str | None = None
    quantity: Count | None = None
    current_quantity: Count | None = None
    sku: str | None = None
    variant_id: Id | None = None
    price: Amount | None = None
    price_set: MoneySet | None = None
    total_discount: Amount | None = None
    requires_shipping: bool | None = None
    gift_card: bool | None = None
    tax_lines: list[TaxLine] | None = None


class Units(Struct):
    """A line as it stands inside a fulfillment, where `quantity` counts the parcel's units."""

    id: Id | None = None
    quantity: Count | None = None


class Fulfillment(Struct):
    id: Id | None = None
    order_id: Id | None = None
    status: str | None = None
    shipment_status: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    tracking_company: str | None = None
    tracking_number: str | None = None
    tracking_numbers: list[str] | None = None
    location_id: Id | None = None
    line_items: list[Units] | None = None


class FulfillmentEvent(Struct):
    id: Id | None = None
    fulfillment_id: Id | None = None
    order_id: Id | None = None
    status: str | None = None
    happened_at: Moment | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


class Transaction(Struct):
    id: Id | None = None
    order_id: Id | None = None
    kind: str | None = None
    status: str | None = None
    amount: Amount | None = None
    currency: str | None = None
    gateway: str | None = None
    parent_id: Id | None = None
    created_at: Moment | None = None
    processed_at: Moment | None = None
    authorization_expires_at: Moment | None = None


class RefundLine(Struct):
    line_item_id: Id | None = None
    quantity: Count | None = None
    subtotal_set: MoneySet | None = None


class Refund(Struct):
    """`total_refunded_set` stands in reads only; a webhook tells the same by its transactions."""

    id: Id | None = None
    order_id: Id | None = None
    created_at: Moment | None = None
    processed_at: Moment | None = None
    refund_line_items: list[RefundLine] | None = None
    transactions: list[Transaction] | None = None
    total_refunded_set: MoneySet | None = None


class Schedule(Struct):
    due_at: Moment | None = None


class Terms(Struct):
    """When a company is to pay, as agreed: "Net 30" has one schedule, thirty days after its issue."""

    payment_terms_name: str | None = None
    payment_schedules: list[Schedule] | None = None


class Company(Struct):
    id: Id | None = None


class ShippingLine(Struct):
    title: str | None = None
    is_removed: bool | None = None


class Order(Struct):
    id: Id | None = None
    name: str | None = None
    order_number: Id | None = None
    updated_at: Moment | None = None
    created_at: Moment | None = None
    processed_at: Moment | None = None
    cancelled_at: Moment | None = None
    closed_at: Moment | None = None
    cancel_reason: str | None = None
    currency: str | None = None
    presentment_currency: str | None = None
    total_price: Amount | None = None
    total_price_set: MoneySet | None = None
    total_line_items_price: Amount | None = None
    total_discounts: Amount | None = None
    total_tax: Amount | None = None
    total_tip_received: Amount | None = None
    total_shipping_price_set: MoneySet | None = None
    original_total_duties_set: MoneySet | None = None
    original_total_additional_fees_set: MoneySet | None = None
    taxes_included: bool | None = None
    financial_status: str | None = None
    payment_terms: Terms | None = None
    company: Company | None = None
    po_number: str | None = None
    test: bool | None = None
    source_name: str | None = None
    email: str | None = None
    phone: str | None = None
    tags: str | None = None
    note: str | None = None
    customer: Customer | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    shipping_lines: list[ShippingLine] | None = None
    line_items: list[Line] | None = None
    fulfillments: list[Fulfillment] | None = None
    refunds: list[Refund] | None = None
