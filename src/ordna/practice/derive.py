"""Statuses and offered actions, derived from the records and never stored, in Shopify's GraphQL words.

The REST bodies of webhooks use other words for the same states (`rest_financial_status`,
`rest_fulfillment_status`); the two vocabularies must not be mixed.
"""

from __future__ import annotations

from ordna.practice.model import Fulfillment, FulfillmentOrder, Line, Order
from ordna.practice.totals import Totals, is_zero, totals

LIVE = ("OPEN", "IN_PROGRESS", "SCHEDULED", "ON_HOLD", "INCOMPLETE")
SUBMITTED = ("SUBMITTED", "ACCEPTED", "CANCELLATION_REQUESTED", "CANCELLATION_REJECTED")
MAX_HOLDS_OF_AN_APP = 10

_DISPLAY_AS_EVENT = {
    "LABEL_PURCHASED", "LABEL_PRINTED", "READY_FOR_PICKUP", "CONFIRMED", "CARRIER_PICKED_UP", "IN_TRANSIT",
    "OUT_FOR_DELIVERY", "ATTEMPTED_DELIVERY", "DELAYED", "DELIVERED", "FAILURE",
}  # fmt: skip


def financial_status(order: Order, sums: Totals | None = None) -> str:
    """AUTHORIZED, EXPIRED, PAID, PARTIALLY_PAID, PARTIALLY_REFUNDED, PENDING, REFUNDED or VOIDED."""
    sums = sums or totals(order)
    if not is_zero(sums.received):
        if sums.refunded.shop >= sums.received.shop:
            return "REFUNDED"
        if not is_zero(sums.refunded):
            return "PARTIALLY_REFUNDED"
        return "PARTIALLY_PAID" if (sums.current_total + sums.rounding).shop > sums.received.shop else "PAID"
    kinds = {one.kind for one in order.transactions if one.status == "SUCCESS"}
    if not is_zero(sums.capturable):
        return "AUTHORIZED"
    if "VOID" in kinds:
        return "VOIDED"
    if order.cancelled_at:
        return "VOIDED"
    return "PAID" if is_zero(sums.total) else "PENDING"


def display_financial_status(order: Order, sums: Totals | None = None) -> str | None:
    """The order's `displayFinancialStatus`: None while nothing was paid and nobody said that it would be."""
    status = financial_status(order, sums)
    if status in ("PENDING", "VOIDED") and not order.payment_expected:
        known = any(one.status in ("SUCCESS", "PENDING") for one in order.transactions)
        return status if known else None
    return status


def fulfillment_status(order: Order) -> str:
    """The order's `displayFulfillmentStatus`."""
    lines = [line for line in order.lines if line.quantity - line.removed > 0 and not line.is_tip]
    fulfilled = sum(line.fulfilled for line in lines)
    open_units = sum(max(line.unfulfilled_quantity, 0) for line in lines)
    if fulfilled and not open_units:
        return "FULFILLED"
    statuses = {one.status for one in order.fulfillment_orders if one.status in LIVE and units(one)}
    if fulfilled:
        return "PARTIALLY_FULFILLED"
    if "IN_PROGRESS" in statuses:
        return "IN_PROGRESS"
    if statuses == {"ON_HOLD"}:
        return "ON_HOLD"
    if statuses == {"SCHEDULED"}:
        return "SCHEDULED"
    return "UNFULFILLED"


def supported_actions(order: FulfillmentOrder, app_id: int | None = None, *, alone: bool = False) -> list[str]:
    """What may be asked of a fulfillment order now, in the order in which Shopify lists it.

    Read `alone`, not among its order's others, the real shop does not offer MERGE.
    """
    remaining = units(order)
    if order.status not in LIVE or not remaining:
        return []
    service = order.location.service_handle is not None
    if order.status == "ON_HOLD":
        mine = sum(1 for hold in order.holds if hold.app_id == app_id)
        return ["RELEASE_HOLD", *(["HOLD"] if mine < MAX_HOLDS_OF_AN_APP else []), "MOVE"]
    if order.status == "SCHEDULED":
        return ["CREATE_FULFILLMENT", "MARK_AS_OPEN", "MOVE", "HOLD"]
    if service:
        return _actions_at_service(order, remaining)
    if order.status == "IN_PROGRESS":
        return ["CREATE_FULFILLMENT", "REPORT_PROGRESS", "HOLD", "MARK_AS_OPEN"]
    split = ["SPLIT"] if remaining > 1 else []
    merge = ["MERGE"] if not alone and mergeable_with(order) else []
    return ["CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD", *split, *merge]


def _actions_at_service(order: FulfillmentOrder, remaining: int) -> list[str]:
    if order.request_status == "SUBMITTED":
        return ["CREATE_FULFILLMENT", "CANCEL_FULFILLMENT_ORDER"]
    if order.request_status in ("ACCEPTED", "CANCELLATION_REJECTED"):
        return ["CREATE_FULFILLMENT", "REQUEST_CANCELLATION"]
    if order.request_status == "CANCELLATION_REQUESTED":
        return ["CREATE_FULFILLMENT"]
    split = ["SPLIT"] if remaining > 1 and order.status == "OPEN" else []
    return ["REQUEST_FULFILLMENT", "CREATE_FULFILLMENT", "HOLD", *split, "MOVE"]


def mergeable_with(order: FulfillmentOrder) -> list[FulfillmentOrder]:
    """Open fulfillment orders of the same order at the same location that could be merged with this one."""
    if order.status != "OPEN":
        return []
    return [
        one
        for one in order.order.fulfillment_orders
        if one is not order and one.status == "OPEN" and one.location is order.location and units(one)
        and one.method_type == order.method_type and one.request_status == order.request_status
    ]  # fmt: skip


def units(order: FulfillmentOrder) -> int:
    """Units still to be shipped by this fulfillment order."""
    return sum(line.remaining_quantity for line in order.lines)


def fulfillable_quantity(order: Order, line: Line) -> int:
    """Units of the line that could be shipped now: what is neither shipped nor held."""
    if not order.routed:
        return max(line.unfulfilled_quantity, 0)
    return sum(
        one.remaining_quantity
        for part in order.fulfillment_orders
        if part.status in LIVE and part.status != "ON_HOLD"
        for one in part.lines
        if one.line is line
    )


def display_status(parcel: Fulfillment) -> str:
    """A fulfillment's `displayStatus`: how far its latest event says it is."""
    if parcel.status == "CANCELLED":
        return "CANCELED"
    if parcel.status in ("FAILURE", "ERROR"):
        return "FAILURE"
    happened = sorted(parcel.events, key=lambda event: event.happened_at)
    if happened and happened[-1].status in _DISPLAY_AS_EVENT:
        return happened[-1].status
    return "PICKED_UP" if any(part.line.method_type == "PICK_UP" for part in parcel.lines) else "FULFILLED"


def return_status(order: Order) -> str:
    """The order's `returnStatus`: of several returns, the one that is least far on."""
    if any(one.status == "OPEN" for one in order.returns):
        return "IN_PROGRESS"
    return "RETURNED" if order.returns else "NO_RETURN"


def rest_financial_status(order: Order, sums: Totals | None = None) -> str:
    """The word for the financial status in a webhook's REST body."""
    status = financial_status(order, sums)
    return "pending" if status == "EXPIRED" else status.lower()


def rest_fulfillment_status(order: Order) -> str | None:
    """`fulfilled`, `partial` or None: the word in a webhook's REST body."""
    return {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial"}.get(fulfillment_status(order))
