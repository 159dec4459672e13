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
