"""Each effect as a mutation: what is sent, and how an effect in doubt is looked up. `outbound` is the door.

After a refusal of a desired effect the state is looked at: a hold that stands already, or is gone already, is what was
wanted, and the answer is confirmed. Fulfillments and cancellations are never taken for done on a refusal.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ordna.connectors.contract import Answer
from ordna.connectors.shopify.answers import (
    chosen_of,
    confirmed,
    has_more,
    items_of,
    looked_at,
    nothing,
    object_of,
    part_as_it_stands,
    refused,
    result_of,
    units_of,
    with_points,
)
from ordna.connectors.shopify.client import Caller
from ordna.connectors.shopify.gids import gid
from ordna.connectors.shopify.readers import id_of
from ordna.core.effects import CancelOrder, HoldPart, NoteOrder, ReleasePart, ShipPart, TagOrder, UntagOrder

_HOLD_REASONS = frozenset(
    (
        "AWAITING_PAYMENT",
        "AWAITING_RETURN_ITEMS",
        "HIGH_RISK_OF_FRAUD",
        "INCORRECT_ADDRESS",
        "INVENTORY_OUT_OF_STOCK",
        "UNKNOWN_DELIVERY_DATE",
    )
)
_CANCEL_REASONS = frozenset(("CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "STAFF", "OTHER"))
_DUPLICATE_HANDLE = "DUPLICATE_FULFILLMENT_HOLD_HANDLE"


def hold(client: Caller, body: HoldPart) -> Answer:
    """Place one hold under its handle; a hold that stands under that handle already is the one we want."""
    word = body.reason.strip().upper().replace(" ", "_")
    known = word in _HOLD_REASONS
    wanted = {
        "reason": word if known else "OTHER",
        "reasonNotes": body.reason[:255],
        "handle": body.handle,
        "notifyMerchant": False,
    }
    reply = client.call("hold", {"id": gid("FulfillmentOrder", body.part), "hold": wanted})
    answer = result_of(reply, "fulfillmentOrderHold", "userErrors", ("fulfillmentHold", "id"))
    if answer.result != "refused":
        return answer
    standing = look_up_hold(client, body)
    return standing if standing.result == "confirmed" else with_points(answer, standing)


def look_up_hold(client: Caller, body: HoldPart) -> Answer:
    """Confirmed with the hold's id when our hold stands under the handle."""
    reply = client.call("look_up_holds", {"id": gid("FulfillmentOrder", body.part)})
    if isinstance(reply, Answer):
        return reply
    for each in items_of(reply.data, "fulfillmentOrder", "fulfillmentHolds"):
        if each.get("handle") == body.handle and each.get("heldByRequestingApp") is not False:
            return confirmed(reply, id_of(each.get("id")))
    return nothing(reply, "not_found", "The hold does not stand.")


def release(client: Caller, body: ReleasePart) -> Answer:
    """Take off our hold only, by its id; a hold that is gone already is what we want."""
    holds = [gid("FulfillmentHold", body.hold)] if body.hold else []
    if not holds:
        found = look_up_hold(client, HoldPart(body.part, body.handle, ""))
        if found.result != "confirmed" or found.reference is None:
            return replace(found, result="confirmed", code=None, sentence=None) if found.result == "nothing" else found
        holds = [gid("FulfillmentHold", found.reference)]
    reply = client.call("release", {"id": gid("FulfillmentOrder", body.part), "holds": holds})
    answer = result_of(reply, "fulfillmentOrderReleaseHold", "userErrors")
    if answer.result != "refused":
        return answer
    gone = look_up_release(client, body)
    return gone if gone.result == "confirmed" else with_points(answer, gone)


def look_up_release(client: Caller, body: ReleasePart) -> Answer:
    """Confirmed when the hold no longer stands."""
    reply = client.call("look_up_holds", {"id": gid("FulfillmentOrder", body.part)})
    if isinstance(reply, Answer):
        return reply
    for each in items_of(reply.data, "fulfillmentOrder", "fulfillmentHolds"):
        if id_of(each.get("id")) == body.hold or (not body.hold and each.get("handle") == body.handle):
            return nothing(reply, "still_held", "The hold still stands.")
    return confirmed(reply, None)


def tag(client: Caller, body: TagOrder | UntagOrder, order_ref: str) -> Answer:
    """Put tags on, or take them off; both may be repeated without harm."""
    document, root = ("add_tags", "tagsAdd") if isinstance(body, TagOrder) else ("remove_tags", "tagsRemove")
    reply = client.call(document, {"id": gid("Order", order_ref), "tags": list(body.tags)})
    return result_of(reply, root, "userErrors")


def look_up_tags(client: Caller, body: TagOrder | UntagOrder, order_ref: str) -> Answer:
    """Confirmed when the order's tags are as wanted."""
    reply = looked_at(client, "look_up_order", "order", gid("Order", order_ref))
    if isinstance(reply, Answer):
        return reply
    tags = {str(each).casefold() for each in items_of(reply.data, "order", "tags")}
    wanted = {each.casefold() for each in body.tags}
    done = wanted <= tags if isinstance(body, TagOrder) else not wanted & tags
    return confirmed(reply, None) if done else nothing(reply, "not_found", "The tags are not as wanted.")


def note(client: Caller, body: NoteOrder, order_ref: str) -> Answer:
    """Replace the order's note."""
    reply = client.call("write_note", {"id": gid("Order", order_ref), "note": body.text})
    return result_of(reply, "orderUpdate", "userErrors")


def look_up_note(client: Caller, body: NoteOrder, order_ref: str) -> Answer:
    """Confirmed when the note is the one we wrote."""
    reply = looked_at(client, "look_up_order", "order", gid("Order", order_ref))
    if isinstance(reply, Answer):
        return reply
    written = str(object_of(reply.data, "order").get("note") or "")
    if written.strip() == body.text.strip():
        return confirmed(reply, None)
    return nothing(reply, "not_found", "The note is another one.")


def cancel(client: Caller, body: CancelOrder, order_ref: str) -> Answer:
    """Ask for the cancellation. Confirmed with code `asked` means that the shop took the job, no more.

    Whether the order is cancelled is told by the order's own `cancelled_at`.
    """
    reason = body.reason.upper()
    variables = {
        "id": gid("Order", order_ref),
        "reason": reason if reason in _CANCEL_REASONS else "OTHER",
        "restock": body.restock,
        "notify": body.notify,
        "refund": {"originalPaymentMethodsRefund": True} if body.refund else None,
    }
    reply = client.call("cancel", variables)
    answer = result_of(reply, "orderCancel", "orderCancelUserErrors", ("job", "id"))
    if answer.result == "confirmed":
        return replace(answer, code="asked", sentence="The shop has taken the cancellation as a job.")
    if answer.result != "refused":
        return answer
    done = look_up_cancel(client, order_ref)
    return done if done.result == "confirmed" else with_points(answer, done)


def look_up_cancel(client: Caller, order_ref: str) -> Answer:
    """Confirmed when the order is cancelled. An order is cancelled at most once, so asking again does no harm."""
    reply = looked_at(client, "look_up_order", "order", gid("Order", order_ref))
    if isinstance(reply, Answer):
        return reply
    if object_of(reply.data, "order").get("cancelledAt"):
        return confirmed(reply, None)
    return nothing(reply, "not_cancelled", "The order is not cancelled.")


def ship(client: Caller, body: ShipPart) -> Answer:
    """Create the fulfillment of exactly these units: refused when the part no longer holds them.

    Where the part's own line ids are known, they are named at once. Refused that way, nothing happened: the part is
    looked at, and asked again only for lines that are others by now.
    """
    known = [
        {"id": gid("FulfillmentOrderLineItem", ref), "quantity": each.units}
        for ref, each in zip(body.refs, body.lines, strict=False)
    ]
    if not known:
        return _ship_as_it_stands(client, body, [])
    told = _fulfill(client, body, known)
    return told if told.result != "refused" else with_points(_ship_as_it_stands(client, body, known, told), told)


def _ship_as_it_stands(
    client: Caller, body: ShipPart, tried: list[dict[str, Any]], told: Answer | None = None
) -> Answer:
    """Look at the part, and fulfill by its lines as they stand; `told` where just these were `tried`."""
    standing = part_as_it_stands(client, body.part)
    if isinstance(standing, Answer):
        return standing
    reply, nodes = standing
    chosen = chosen_of(nodes, body.lines)
    if chosen is None:
        sentence = "The fulfillment order no longer holds all these units: it was changed, moved or shipped meanwhile."
        return refused(reply, "units_not_there", sentence)
    if told is not None and sorted(chosen, key=str) == sorted(tried, key=str):
        return replace(told, points=reply.points)
    return with_points(_fulfill(client, body, chosen), reply)


def _fulfill(client: Caller, body: ShipPart, chosen: list[dict[str, Any]]) -> Answer:
    wanted: dict[str, Any] = {
        "lineItemsByFulfillmentOrder": [
            {"fulfillmentOrderId": gid("FulfillmentOrder", body.part), "fulfillmentOrderLineItems": chosen}
        ],
        "notifyCustomer": body.notify,
    }
    if body.tracking or body.carrier:
        tracking = {"company": body.carrier, "number": body.tracking}
        wanted["trackingInfo"] = {name: value for name, value in tracking.items() if value}
    sent = client.call("fulfill", {"fulfillment": wanted})
    return result_of(sent, "fulfillmentCreate", "userErrors", ("fulfillment", "id"))


def look_up_parcel(client: Caller, body: ShipPart) -> Answer:
    """Confirmed when a parcel of the same units, with the same tracking where we gave one, exists already."""
    reply = looked_at(client, "look_up_parcels", "fulfillmentOrder", gid("FulfillmentOrder", body.part))
    if isinstance(reply, Answer):
        return reply
    wanted = {each.line: each.units for each in body.lines}
    parcels = object_of(reply.data, "fulfillmentOrder").get("fulfillments")
    for parcel in items_of(reply.data, "fulfillmentOrder", "fulfillments", "nodes"):
        units = parcel.get("fulfillmentLineItems")
        if parcel.get("status") == "CANCELLED":
            continue
        if has_more(units):
            return Answer("in_doubt", "too_many_to_tell", "The parcel has more lines than a look-up reads.")
        if units_of(items_of(units, "nodes")) == wanted and _same_tracking(parcel, body.tracking):
            return confirmed(reply, id_of(parcel.get("id")))
    if has_more(parcels):
        return Answer("in_doubt", "too_many_to_tell", "There are more parcels than a look-up reads.")
    return nothing(reply, "not_found", "No such parcel was made.")


def _same_tracking(parcel: dict[str, Any], tracking: str | None) -> bool:
    if not tracking:
        return True
    return any(info.get("number") == tracking for info in items_of(parcel, "trackingInfo"))
