"""What stands open on an order: the parts that may leave, and by which way; the units that may be exchanged."""

from __future__ import annotations

from ordna.practice import derive
from ordna.practice.catalogue import DOWNLOAD
from ordna.practice.model import FulfillmentLine, FulfillmentOrder, Line, Order, Variant


def may_leave(order: Order) -> list[FulfillmentOrder]:
    """What is free to leave: paid, or to be paid later as agreed, and neither held nor asked of somebody else."""
    status = derive.financial_status(order)
    if status in ("VOIDED", "REFUNDED") or (status == "PENDING" and order.terms is None) or order.cancelled_at:
        return []
    open_ones = ("OPEN", "IN_PROGRESS", "SCHEDULED")
    ones = [one for one in order.fulfillment_orders if one.status in open_ones and derive.units(one)]
    return [one for one in ones if one.method_type != "NONE" and one.request_status == "UNSUBMITTED"]


def shippable(order: Order) -> list[FulfillmentOrder]:
    return [one for one in may_leave(order) if one.method_type not in ("PICK_UP", "RETAIL")]


def to_fetch(order: Order, status: str | None = None) -> list[FulfillmentOrder]:
    return [one for one in may_leave(order) if one.method_type == "PICK_UP" and status in (None, one.status)]


def at_till(order: Order) -> list[FulfillmentOrder]:
    return [one for one in may_leave(order) if one.method_type == "RETAIL"]


def files(order: Order) -> list[FulfillmentOrder]:
    if derive.financial_status(order) != "PAID":
        return []
    ones = [one for one in order.fulfillment_orders if one.status == "OPEN" and derive.units(one)]
    return [one for one in ones if all(_is_file(line.line) for line in one.lines)]


def _is_file(line: Line) -> bool:
    return line.gift_card or (line.variant is not None and line.variant.product.product_type == DOWNLOAD)


def exchangeable(order: Order) -> list[tuple[FulfillmentLine, Variant]]:
    """Shipped units with another variant of their article at the same price, each with that variant."""
    if order.cancelled_at or order.deleted:
        return []
    there = [part for parcel in order.fulfillments if parcel.status == "SUCCESS" for part in parcel.lines]
    return [
        (part, other)
        for part in there
        if part.line.variant and part.line.current_quantity > part.line.unfulfilled_quantity and part.line.quantity == 1
        for other in part.line.variant.product.variants
        if other is not part.line.variant and other.price == part.line.variant.price and not other.gift_card
    ]


def has_open_return(order: Order) -> bool:
    return any(one.status == "OPEN" for one in order.returns)
