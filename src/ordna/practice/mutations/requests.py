"""Asking a fulfillment service (a 3PL) to ship, or to stop: submit, accept, reject, close."""

from __future__ import annotations

from collections.abc import Sequence

from ordna.practice.model import FulfillmentOrder, FulfillmentOrderLine, MerchantRequest
from ordna.practice.mutations.fulfillment_orders import cancel, part_off
from ordna.practice.mutations.placing import touch
from ordna.practice.mutations.refusal import refuse
from ordna.practice.world import World


def submit_request(
    world: World,
    one: FulfillmentOrder,
    *,
    message: str | None = None,
    notify_customer: bool | None = None,
    units: Sequence[tuple[FulfillmentOrderLine, int]] | None = None,
) -> FulfillmentOrder | None:
    """Ask the service to ship it, or some units of it. Returns the fulfillment order of the units not asked for."""
    if one.location.service_handle is None:
        raise refuse("The fulfillment order's assigned fulfillment service must be of api type")
    if one.request_status not in ("UNSUBMITTED", "REJECTED", "CANCELLATION_ACCEPTED", "CLOSED"):
        raise refuse("Cannot request fulfillment for the fulfillment order.")
    rest = None
    if units:
        wanted = {line.id: count for line, count in units}
        others = [(line, line.remaining_quantity - wanted.get(line.id, 0)) for line in one.lines]
        left = [(line, count) for line, count in others if count > 0]
        rest = part_off(world, one, left) if left else None
    _ask(world, one, "FULFILLMENT_REQUEST", message, notify_customer)
    one.status = "OPEN"
    _advance(world, one, "SUBMITTED", "fulfillment_orders/fulfillment_request_submitted")
    return rest


def accept_request(world: World, one: FulfillmentOrder, message: str | None = None) -> FulfillmentOrder:
    _expect(one, "SUBMITTED", "Cannot accept fulfillment request for the fulfillment order.")
    one.status = "IN_PROGRESS"
    return _advance(world, one, "ACCEPTED", "fulfillment_orders/fulfillment_request_accepted", message)


def reject_request(world: World, one: FulfillmentOrder, message: str | None = None) -> FulfillmentOrder:
    _expect(one, "SUBMITTED", "Cannot reject fulfillment request for the fulfillment order.")
    return _advance(world, one, "REJECTED", "fulfillment_orders/fulfillment_request_rejected", message)


def submit_cancellation(world: World, one: FulfillmentOrder, message: str | None = None) -> FulfillmentOrder:
    """Ask the service to stop. Not yet accepted by the service, the request is simply withdrawn."""
    if one.request_status == "SUBMITTED":
        one.request_status = "UNSUBMITTED"
        cancel(world, one)
        return one
    _expect(one, "ACCEPTED", "Cannot request cancellation for the fulfillment order.")
    _ask(world, one, "CANCELLATION_REQUEST", message, None)
    topic = "fulfillment_orders/cancellation_request_submitted"
    return _advance(world, one, "CANCELLATION_REQUESTED", topic, message)


def accept_cancellation(world: World, one: FulfillmentOrder, message: str | None = None) -> FulfillmentOrder:
    """The service stops: it closes, and its units wait in a new open fulfillment order."""
    _expect(one, "CANCELLATION_REQUESTED", "Cannot accept cancellation request for the fulfillment order.")
    lines = list(one.lines)
    part_off(world, one, [(line, line.remaining_quantity) for line in lines])
    one.lines = lines
    one.status = "CLOSED"
    topic = "fulfillment_orders/cancellation_request_accepted"
    return _advance(world, one, "CANCELLATION_ACCEPTED", topic, message)


def reject_cancellation(world: World, one: FulfillmentOrder, message: str | None = None) -> FulfillmentOrder:
    _expect(one, "CANCELLATION_REQUESTED", "Cannot reject cancellation request for the fulfillment order.")
    topic = "fulfillment_orders/cancellation_request_rejected"
    return _advance(world, one, "CANCELLATION_REJECTED", topic, message)


def close(world: World, one: FulfillmentOrder, message: str | None = None) -> FulfillmentOrder:
    """The service gives up what it had begun."""
    if one.location.service_handle is None:
        raise refuse("The fulfillment order's assigned fulfillment service must be of api type")
    if one.status != "IN_PROGRESS":
        raise refuse("The fulfillment order must be in progress to be closed.")
    one.status = "INCOMPLETE"
    topic = "fulfillment_orders/fulfillment_service_failed_to_complete"
    return _advance(world, one, "CLOSED", topic, message)


def _ask(world: World, one: FulfillmentOrder, kind: str, message: str | None, notify: bool | None) -> None:
    number = world.next_id("FulfillmentOrderMerchantRequest")
    one.merchant_requests.append(MerchantRequest(number, kind, message, world.now(), notify))


def _expect(one: FulfillmentOrder, status: str, sentence: str) -> None:
    if one.request_status != status:
        raise refuse(sentence)


def _advance(
    world: World, one: FulfillmentOrder, request_status: str, topic: str, message: str | None = None
) -> FulfillmentOrder:
    one.request_status = request_status
    one.updated_at = world.now()
    world.changed(topic, one, message=message)
    touch(world, one.order)
    return one
