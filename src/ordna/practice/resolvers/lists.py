"""What lists can be searched and sorted by. A sort key ends in the id, so that no two records share it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ordna.practice import derive
from ordna.practice.model import FulfillmentOrder, Order
from ordna.practice.search import Fields


def topic_name(topic: str) -> str:
    """The enum value of a topic: `orders/create` is ORDERS_CREATE."""
    return topic.replace("/", "_").upper()


def by_id(one: Any) -> tuple[Any, ...]:
    return (one.id,)


def by_created(one: Any) -> tuple[Any, ...]:
    return (one.created_at, one.id)


def _is_status(order: Order, word: str) -> bool:
    match word:
        case "open":
            return order.closed_at is None and order.cancelled_at is None
        case "closed":
            return order.closed_at is not None and order.cancelled_at is None
        case "cancelled":
            return order.cancelled_at is not None
        case "not_closed":
            return order.closed_at is None
        case _:
            return True


def _is_fulfillment(order: Order, word: str) -> bool:
    status = derive.fulfillment_status(order)
    match word:
        case "shipped" | "fulfilled":
            return status == "FULFILLED"
        case "partial" | "partially_fulfilled":
            return status == "PARTIALLY_FULFILLED"
        case "unshipped" | "unfulfilled":
            return status not in ("FULFILLED", "PARTIALLY_FULFILLED")
        case _:
            return status.lower() == word


def _is_financial(order: Order, word: str) -> bool:
    status = derive.financial_status(order).lower()
    return status == word or (word == "unpaid" and status in ("pending", "authorized", "partially_paid"))


ORDER_FIELDS = Fields(
    read={
        "id": lambda order: order.id,
        "name": lambda order: [order.name, order.name.lstrip("#")],
        "created_at": lambda order: order.created_at,
        "updated_at": lambda order: order.updated_at,
        "processed_at": lambda order: order.processed_at,
        "email": lambda order: order.email,
        "tag": lambda order: order.tags,
        "test": lambda order: order.test,
        "sku": lambda order: [line.sku for line in order.lines],
        "source_name": lambda order: order.source_name,
        "source_identifier": lambda order: order.source_identifier,
        "po_number": lambda order: order.po_number,
        "customer_id": lambda order: order.customer.id if order.customer else None,
        "location_id": lambda order: order.location_id,
        "fulfillment_location_id": lambda order: [one.location.id for one in order.fulfillment_orders],
        "risk_level": lambda order: [risk.level.lower() for risk in order.risks],
        "discount_code": lambda order: [one.code for one in order.discounts if one.code],
        "cart_token": lambda order: order.cart_token,
        "checkout_token": lambda order: order.checkout_token,
        "confirmation_number": lambda order: order.confirmation_number,
        "payment_id": lambda order: [one.payment_id for one in order.transactions],
        "return_status": lambda order: derive.return_status(order).lower(),
    },
    tests={
        "status": _is_status,
        "financial_status": _is_financial,
        "fulfillment_status": _is_fulfillment,
        "tag_not": lambda order, word: word not in [tag.lower() for tag in order.tags],
    },
    text=lambda order: [
        order.name,
        order.email,
        order.note,
        *order.tags,
        order.customer.first_name if order.customer else None,
        order.customer.last_name if order.customer else None,
    ],
)
ORDER_KEYS: dict[str, Callable[[Order], tuple[Any, ...]]] = {
    "ID": by_id,
    "CREATED_AT": by_created,
    "UPDATED_AT": lambda order: (order.updated_at, order.id),
    "PROCESSED_AT": lambda order: (order.processed_at, order.id),
    "ORDER_NUMBER": lambda order: (order.number, order.id),
    "CUSTOMER_NAME": lambda order: ((order.customer.last_name if order.customer else "") or "", order.id),
}
FULFILLMENT_ORDER_FIELDS = Fields(
    read={
        "id": lambda one: one.id,
        "status": lambda one: one.status,
        "order_id": lambda one: one.order.id,
        "assigned_location_id": lambda one: one.location.id,
        "created_at": lambda one: one.created_at,
        "updated_at": lambda one: one.updated_at,
    },
    text=lambda one: [one.order.name],
)
FULFILLMENT_ORDER_KEYS: dict[str, Callable[[FulfillmentOrder], tuple[Any, ...]]] = {
    "ID": by_id,
    "CREATED_AT": by_created,
    "UPDATED_AT": lambda one: (one.updated_at, one.id),
    "FULFILL_AT": lambda one: (one.fulfill_at or one.created_at, one.id),
}
LOCATION_KEYS: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "ID": by_id,
    "NAME": lambda place: (place.name, place.id),
}
LOCATION_FIELDS = Fields(
    read={
        "id": lambda place: place.id,
        "name": lambda place: place.name,
        "active": lambda place: place.is_active,
    },
    text=lambda place: [place.name],
)
SUBSCRIPTION_FIELDS = Fields(
    read={
        "id": lambda one: one.id,
        "topic": lambda one: [one.topic, topic_name(one.topic)],
        "uri": lambda one: one.uri,
        "endpoint": lambda one: one.uri,
        "format": lambda one: one.format,
        "created_at": lambda one: one.created_at,
        "updated_at": lambda one: one.updated_at,
    },
    text=lambda one: [one.topic, one.uri],
)
