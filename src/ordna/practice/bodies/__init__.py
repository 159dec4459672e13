"""Webhook bodies: what a change of the shop looks like to a receiver, in the REST shape of each topic.

`tell` is the only door. A topic without an entry in `_TELLERS` is not sent by the practice shop; the list of
those that are is `TOPICS`. Bodies show the shop as it is when they are built, not as it was when it changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ordna.practice.bodies import noise, parcel, payment, routing
from ordna.practice.bodies.order import edit_body, order_body, risk_body
from ordna.practice.bodies.parts import Body, Tongue
from ordna.practice.model import Fulfillment, FulfillmentOrder, Order, Refund
from ordna.practice.world import Change, World


@dataclass(frozen=True)
class Telling:
    """A body and what its headers need to know; `order_id` is 0 where the change concerns no order."""

    body: Body
    order_id: int = 0
    order_name: str = ""
    test: bool = False


def tell(world: World, change: Change, reader_app_id: int) -> Telling | None:
    """The body of a change for one app; None when the practice shop does not send this topic."""
    teller = _TELLERS.get(change.topic)
    if teller is None or _is_unfinished_payment(change):
        return None
    about = order_of(change)
    body = teller(_Request(world, change, _tongue(world, about), reader_app_id))
    if about is None:
        return Telling(body)
    return Telling(body, about.id, about.name, about.test)


def order_of(change: Change) -> Order | None:
    """The order a change is about, if any."""
    match change.subject:
        case Order():
            return change.subject
        case Refund() | Fulfillment() | FulfillmentOrder():
            return change.subject.order
    details = change.details
    order = details.get("order")
    if isinstance(order, Order):
        return order
    parent = details.get("fulfillment_order") or details.get("fulfillment")
    return parent.order if isinstance(parent, FulfillmentOrder | Fulfillment) else None


@dataclass(frozen=True)
class _Request:
    """What a teller needs: the change, the world it happened in, and who will read it."""

    world: World
    change: Change
    tongue: Tongue
    reader_app_id: int

    def order(self) -> Order:
        order = order_of(self.change)
        if order is None:
            raise LookupError(f"a change of {self.change.topic} names no order")
        return order


def _is_unfinished_payment(change: Change) -> bool:
    # Shopify tells of a transaction once it succeeded or failed, never while it is pending.
    return change.topic == "order_transactions/create" and change.subject.status == "PENDING"


def _tongue(world: World, about: Order | None) -> Tongue:
    currency = world.shop.currency
    presentment = about.presentment_currency if about else currency
    return Tongue(currency, presentment, ZoneInfo(world.shop.zone))


def _order(request: _Request) -> Body:
    return order_body(request.world.shop, request.tongue, request.order())


def _deleted(request: _Request) -> Body:
    return {"id": request.order().id}


def _edited(request: _Request) -> Body:
    details = request.change.details
    at = request.tongue.time(request.change.at)
    return edit_body(
        request.order(),
        details["edit_id"],
        at,
        additions=details["additions"],
        removals=details["removals"],
        note=details["staff_note"] or "",
    )


def _risk(request: _Request) -> Body:
    return risk_body(request.order(), request.tongue.time(request.change.at))


def _transaction(request: _Request) -> Body:
    return payment.transaction_body(request.tongue, request.order(), request.change.subject)


def _refund(request: _Request) -> Body:
    return payment.refund_body(request.tongue, request.change.subject)


def _fulfillment(request: _Request) -> Body:
    return parcel.fulfillment_body(request.tongue, request.change.subject)


def _fulfillment_event(request: _Request) -> Body:
    details, subject = request.change.details, request.change.subject
    return parcel.fulfillment_event_body(request.tongue, details["fulfillment"], subject, request.world.shop.id)


def _fulfillment_order(request: _Request) -> Body:
    return routing.status_body(request.change.subject)


def _prepared_for_pickup(request: _Request) -> Body:
    return routing.prepared_for_pickup_body(request.change.subject)


def _placed_on_hold(request: _Request) -> Body:
    details = request.change.details
    return routing.placed_on_hold_body(
        request.change.subject, details["hold"], details["remaining"], request.reader_app_id
    )


def _hold(request: _Request) -> Body:
    change = request.change
    return routing.hold_body(change.details["fulfillment_order"], change.subject, request.reader_app_id)


def _moved(request: _Request) -> Body:
    details = request.change.details
    return routing.moved_body(details["original"], request.change.subject, details["source"])


def _split(request: _Request) -> Body:
    return routing.split_body(request.change.subject, request.change.details["remaining"])


def _merged(request: _Request) -> Body:
    return routing.merged_body(request.change.subject, request.change.details["merged"])


def _fulfillment_order_cancelled(request: _Request) -> Body:
    return routing.cancelled_body(request.change.subject, request.change.details.get("replacement"))


def _rescheduled(request: _Request) -> Body:
    part = request.change.subject
    return routing.rescheduled_body(part, request.tongue.time_or_none(part.fulfill_at))


def _progress_reported(request: _Request) -> Body:
    return routing.progress_reported_body(request.change.subject, request.change.details.get("notes"))


def _progress_stopped(request: _Request) -> Body:
    return routing.progress_stopped_body(request.change.subject)


def _request_submitted(request: _Request) -> Body:
    return routing.request_submitted_body(request.change.subject)


def _cancellation_submitted(request: _Request) -> Body:
    return routing.cancellation_submitted_body(request.change.subject)


def _request_answered(request: _Request) -> Body:
    return routing.request_answered_body(request.change.subject, request.change.details.get("message"))


def _stopped(request: _Request) -> Body:
    return routing.stopped_body(request.change.subject, request.change.details.get("message"))


def _product(request: _Request) -> Body:
    return noise.product_body(request.tongue, request.change.subject, request.world.stock, request.change.at)


def _inventory_level(request: _Request) -> Body:
    item, location = request.change.subject
    available = request.world.stock.get((item, location), 0)
    return noise.inventory_level_body(request.tongue, item, location, available, request.change.at)


def _uninstalled(request: _Request) -> Body:
    world = request.world
    return noise.shop_body(request.tongue, world.shop, min(world.locations), request.change.at)


_TELLERS: dict[str, Callable[[_Request], Body]] = {
    "orders/create": _order,
    "orders/updated": _order,
    "orders/paid": _order,
    "orders/cancelled": _order,
    "orders/fulfilled": _order,
    "orders/partially_fulfilled": _order,
    "orders/edited": _edited,
    "orders/delete": _deleted,
    "orders/risk_assessment_changed": _risk,
    "order_transactions/create": _transaction,
    "refunds/create": _refund,
    "fulfillments/create": _fulfillment,
    "fulfillments/update": _fulfillment,
    "fulfillment_events/create": _fulfillment_event,
    "fulfillment_orders/order_routing_complete": _fulfillment_order,
    "fulfillment_orders/placed_on_hold": _placed_on_hold,
    "fulfillment_orders/hold_released": _fulfillment_order,
    "fulfillment_orders/moved": _moved,
    "fulfillment_orders/split": _split,
    "fulfillment_orders/merged": _merged,
    "fulfillment_orders/cancelled": _fulfillment_order_cancelled,
    "fulfillment_orders/rescheduled": _rescheduled,
    "fulfillment_orders/scheduled_fulfillment_order_ready": _fulfillment_order,
    "fulfillment_orders/line_items_prepared_for_pickup": _prepared_for_pickup,
    "fulfillment_orders/progress_reported": _progress_reported,
    "fulfillment_orders/manually_reported_progress_stopped": _progress_stopped,
    "fulfillment_orders/fulfillment_request_submitted": _request_submitted,
    "fulfillment_orders/fulfillment_request_accepted": _request_answered,
    "fulfillment_orders/fulfillment_request_rejected": _request_answered,
    "fulfillment_orders/cancellation_request_submitted": _cancellation_submitted,
    "fulfillment_orders/cancellation_request_accepted": _stopped,
    "fulfillment_orders/fulfillment_service_failed_to_complete": _stopped,
    "fulfillment_orders/cancellation_request_rejected": _request_answered,
    "fulfillment_holds/added": _hold,
    "fulfillment_holds/released": _hold,
    "products/update": _product,
    "inventory_levels/update": _inventory_level,
    "app/uninstalled": _uninstalled,
}

#: Every topic the practice shop sends to whoever subscribes it.
TOPICS = tuple(_TELLERS)
