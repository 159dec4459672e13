"""What we read of Admin GraphQL answers: the fields of `documents/read_orders.graphql`, all of them optional."""

from __future__ import annotations

from msgspec import Struct

from ordna.connectors.shopify.bodies import Amount, Count, Moment


class Node(Struct, rename="camel"):
    """Anything of which we need the global id only."""

    id: str | None = None


class PageInfo(Struct, rename="camel"):
    has_next_page: bool | None = None


class Money(Struct, rename="camel"):
    amount: Amount | None = None
    currency_code: str | None = None


class MoneyBag(Struct, rename="camel"):
    shop_money: Money | None = None
    presentment_money: Money | None = None


class Address(Struct, rename="camel"):
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    zip: str | None = None
    city: str | None = None
    province_code: str | None = None
    country_code_v2: str | None = None
    phone: str | None = None


class Customer(Struct, rename="camel"):
    id: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class ShippingLine(Struct, rename="camel"):
    title: str | None = None
    is_removed: bool | None = None


class Line(Struct, rename="camel"):
    id: str | None = None
    title: str | None = None
    name: str | None = None
    quantity: Count | None = None
    current_quantity: Count | None = None
    sku: str | None = None
    requires_shipping: bool | None = None
    is_gift_card: bool | None = None
    variant: Node | None = None
    original_unit_price_set: MoneyBag | None = None


class Lines(Struct, rename="camel"):
    page_info: PageInfo | None = None
    nodes: list[Line] | None = None


class Transaction(Struct, rename="camel"):
    id: str | None = None
    kind: str | None = None
    status: str | None = None
    gateway: str | None = None
    created_at: Moment | None = None
    processed_at: Moment | None = None
    authorization_expires_at: Moment | None = None
    amount_set: MoneyBag | None = None
    parent_transaction: Node | None = None


class PartLine(Struct, rename="camel"):
    id: str | None = None
    total_quantity: Count | None = None
    remaining_quantity: Count | None = None
    line_item: Node | None = None


class PartLines(Struct, rename="camel"):
    page_info: PageInfo | None = None
    nodes: list[PartLine] | None = None


class AssignedLocation(Struct, rename="camel"):
    name: str | None = None
    location: Node | None = None


class DeliveryMethod(Struct, rename="camel"):
    method_type: str | None = None


class Hold(Struct, rename="camel"):
    id: str | None = None
    reason: str | None = None
    handle: str | None = None
    held_by_requesting_app: bool | None = None
    held_by_app: HoldingApp | None = None


class HoldingApp(Struct, rename="camel"):
    id: str | None = None
    api_key: str | None = None


class Part(Struct, rename="camel"):
    id: str | None = None
    status: str | None = None
    request_status: str | None = None
    assigned_location: AssignedLocation | None = None
    delivery_method: DeliveryMethod | None = None
    fulfillment_holds: list[Hold] | None = None
    line_items: PartLines | None = None


class Parts(Struct, rename="camel"):
    page_info: PageInfo | None = None
    nodes: list[Part] | None = None


class Units(Struct, rename="camel"):
    """So many units of a line, in a parcel or a refund."""

    quantity: Count | None = None
    line_item: Node | None = None


class UnitsPage(Struct, rename="camel"):
    page_info: PageInfo | None = None
    nodes: list[Units] | None = None


class TrackingInfo(Struct, rename="camel"):
    company: str | None = None
    number: str | None = None


class Fulfillment(Struct, rename="camel"):
    id: str | None = None
    status: str | None = None
    display_status: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    location: Node | None = None
    tracking_info: list[TrackingInfo] | None = None
    fulfillment_line_items: UnitsPage | None = None


class Refund(Struct, rename="camel"):
    id: str | None = None
    created_at: Moment | None = None
    processed_at: Moment | None = None
    total_refunded_set: MoneyBag | None = None
    refund_line_items: UnitsPage | None = None


class Schedule(Struct, rename="camel"):
    due_at: Moment | None = None


class Schedules(Struct, rename="camel"):
    nodes: list[Schedule] | None = None


class Terms(Struct, rename="camel"):
    payment_terms_name: str | None = None
    payment_schedules: Schedules | None = None


class Buyer(Struct, rename="camel"):
    """Who buys: a company, or nothing that we read where it is a person."""

    company: Node | None = None


class Assessment(Struct, rename="camel"):
    risk_level: str | None = None


class Risk(Struct, rename="camel"):
    assessments: list[Assessment] | None = None


class Order(Struct, rename="camel"):
    id: str | None = None
    name: str | None = None
    updated_at: Moment | None = None
    created_at: Moment | None = None
    processed_at: Moment | None = None
    cancelled_at: Moment | None = None
    closed_at: Moment | None = None
    cancel_reason: str | None = None
    currency_code: str | None = None
    presentment_currency_code: str | None = None
    display_financial_status: str | None = None
    payment_terms: Terms | None = None
    purchasing_entity: Buyer | None = None
    po_number: str | None = None
    test: bool | None = None
    source_name: str | None = None
    email: str | None = None
    phone: str | None = None
    tags: list[str] | None = None
    note: str | None = None
    total_price_set: MoneyBag | None = None
    customer: Customer | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    shipping_line: ShippingLine | None = None
    line_items: Lines | None = None
    transactions: list[Transaction] | None = None
    fulfillment_orders: Parts | None = None
    fulfillments: list[Fulfillment] | None = None
    refunds: list[Refund] | None = None
    risk: Risk | None = None


class Read(Struct):
    """A read as it is stored: when it began, and the order's node; or the order that the shop has no more."""

    began_at: Moment | None = None
    order: Order | None = None
    gone: str | None = None
