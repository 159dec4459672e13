"""Bodies about fulfillment orders and holds: tiny, global ids and lower-case statuses, all to be re-read."""

from __future__ import annotations

from collections.abc import Iterable

from ordna.practice.bodies.parts import Body
from ordna.practice.model import FulfillmentOrder, Hold, Location, gid


def status_body(part: FulfillmentOrder) -> Body:
    """What order_routing_complete and hold_released say: which one, and its status now."""
    return {"fulfillment_order": _named(part)}


def placed_on_hold_body(
    part: FulfillmentOrder,
    hold: Hold,
    remaining: FulfillmentOrder | None,
    reader_app_id: int,
) -> Body:
    return {
        "fulfillment_order": {
            **_named(part),
            "fulfillment_holds": [_hold(each, reader_app_id) for each in part.holds],
        },
        "remaining_fulfillment_order": _named(remaining) if remaining else None,
        "held_fulfillment_order_line_items": _units(part),
        "created_fulfillment_hold": _hold(hold, reader_app_id),
    }


def hold_body(part: FulfillmentOrder, hold: Hold, reader_app_id: int) -> Body:
    """What fulfillment_holds/added and /released say."""
    return {
        "fulfillment_order": {"id": gid("FulfillmentOrder", part.id)},
        "fulfillment_hold": _hold(hold, reader_app_id),
    }


def moved_body(
    original: FulfillmentOrder,
    moved: FulfillmentOrder,
    source: Location,
) -> Body:
    destination = gid("Location", moved.location.id)
    return {
        "original_fulfillment_order": {
            **_named(original),
            "assigned_location_id": gid("Location", source.id),
        },
        "moved_fulfillment_order": {**_named(moved), "assigned_location_id": destination},
        "destination_location_id": destination,
        "fulfillment_order_line_items_requested": _units(moved),
        "source_location": {"id": gid("Location", source.id)},
    }


def prepared_for_pickup_body(part: FulfillmentOrder) -> Body:
    asked = {**_named(part), "preparable": True, "delivery_method": {"method_type": "pickup"}}
    return {"fulfillment_order": asked}


def split_body(part: FulfillmentOrder, remaining: FulfillmentOrder) -> Body:
    return {
        "split_line_items": _units(remaining),
        "fulfillment_order": _named(part),
        "remaining_fulfillment_order": _named(remaining),
        "replacement_fulfillment_order": _named(remaining),
    }


def merged_body(merged: FulfillmentOrder, sources: Iterable[FulfillmentOrder]) -> Body:
    # This one body carries bare numbers where all its sisters carry global ids.
    return {
        "merge_intents": [
            {
                "fulfillment_order_id": source.id,
                "fulfillment_order_line_items": [
                    {"id": line.id, "quantity": line.total_quantity} for line in source.lines
                ],
            }
            for source in sources
        ],
        "fulfillment_order_merges": {"fulfillment_order": _named(merged)},
    }


def cancelled_body(part: FulfillmentOrder, replacement: FulfillmentOrder | None) -> Body:
    return {
        "fulfillment_order": _named(part),
        "replacement_fulfillment_order": _named(replacement) if replacement else None,
    }


def rescheduled_body(part: FulfillmentOrder, fulfill_at: str | None) -> Body:
    return {"fulfillment_order": {**_named(part), "fulfill_at": fulfill_at}}


def progress_reported_body(part: FulfillmentOrder, notes: str | None) -> Body:
    # The practice shop does not keep who reported.
    report = {"reason_notes": notes, "progress_reported_by_app": None, "progress_reported_by_user": None}
    return {"fulfillment_order": _named(part), "progress_report": report, "initial_status": "open"}


def progress_stopped_body(part: FulfillmentOrder) -> Body:
    return {**status_body(part), "progress_stopped_by_app": None, "progress_stopped_by_user": None}


def request_submitted_body(part: FulfillmentOrder) -> Body:
    """What fulfillment_request_submitted says: the same part twice unless it was split for the request."""
    asked = _asked(part)
    return {
        "original_fulfillment_order": asked,
        "submitted_fulfillment_order": asked,
        "fulfillment_order_merchant_request": _merchant_request(part),
    }


def cancellation_submitted_body(part: FulfillmentOrder) -> Body:
    return {"fulfillment_order": _asked(part), "fulfillment_order_merchant_request": _merchant_request(part)}


def request_answered_body(part: FulfillmentOrder, message: str | None) -> Body:
    """What a service's accepting or rejecting of a request to ship, or its rejecting of a cancellation, says."""
    return {"fulfillment_order": _asked(part), "message": message or ""}


def stopped_body(part: FulfillmentOrder, message: str | None) -> Body:
    """What a service says that gave up, or let itself be stopped."""
    return {**status_body(part), "message": message or ""}


def _asked(part: FulfillmentOrder) -> Body:
    return {**_named(part), "request_status": part.request_status.lower()}


def _merchant_request(part: FulfillmentOrder) -> Body | None:
    if not part.merchant_requests:
        return None
    asked = part.merchant_requests[-1]
    return {"id": gid("FulfillmentOrderMerchantRequest", asked.id), "message": asked.message or ""}


def _named(part: FulfillmentOrder) -> Body:
    return {"id": gid("FulfillmentOrder", part.id), "status": part.status.lower()}


def _hold(hold: Hold, reader_app_id: int) -> Body:
    return {
        "id": gid("FulfillmentHold", hold.id),
        "reason": hold.reason.lower(),
        "reason_notes": hold.notes or "",
        "held_by_requesting_app": hold.app_id == reader_app_id,
        "handle": hold.handle or "",
        "held_by_app": {"id": gid("App", hold.app_id)} if hold.app_id else None,
    }


def _units(part: FulfillmentOrder) -> list[Body]:
    return [
        {"id": gid("FulfillmentOrderLineItem", line.id), "quantity": line.remaining_quantity} for line in part.lines
    ]
