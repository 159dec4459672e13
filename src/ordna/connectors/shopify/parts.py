"""What is asked of a fulfillment order besides holds: to move, to part, and the talk with whoever ships it.

A move or a split is asked only while the fulfillment order holds exactly the units it held when it was decided: so it
is never done twice, and an answer that was lost is told by what the fulfillment order holds now. Shopify gives the
moved or parted units a new id, so everything is read again afterwards.

The talk has two sides. The merchant submits a request and asks for it back; the company that ships answers. What has
been said is the fulfillment order's request status.
"""

from __future__ import annotations

from typing import Any

from ordna.connectors.contract import Answer
from ordna.connectors.shopify.answers import (
    all_part_lines,
    chosen_of,
    confirmed,
    looked_at,
    nothing,
    object_of,
    part_as_it_stands,
    refused,
    result_of,
    units_of,
)
from ordna.connectors.shopify.client import Caller
from ordna.connectors.shopify.gids import gid
from ordna.connectors.shopify.readers import id_of
from ordna.core.effects import AnswerCancellation, AnswerRequest, AskPartBack, MovePart, RequestPart, SplitPart
from ordna.core.messages import Quantity

_REJECTIONS = frozenset(
    (
        "INCORRECT_ADDRESS",
        "INELIGIBLE_PRODUCT",
        "INTERNATIONAL_SHIPPING_UNAVAILABLE",
        "INVALID_SKU",
        "INVENTORY_OUT_OF_STOCK",
        "MISSING_CUSTOMS_INFO",
        "ORDER_TOO_LARGE",
        "UNDELIVERABLE_DESTINATION",
    )
)
_ASKED_BACK = frozenset(("CANCELLATION_REQUESTED", "CANCELLATION_ACCEPTED", "CANCELLATION_REJECTED"))


def move(client: Caller, body: MovePart) -> Answer:
    """Have another location ship these units; `reference` is the fulfillment order that has them now."""
    found = _as_decided(client, body)
    if isinstance(found, Answer):
        return found
    variables = {"id": gid("FulfillmentOrder", body.part), "location": gid("Location", body.location), "lines": found}
    sent = client.call("move", variables)
    return result_of(sent, "fulfillmentOrderMove", "userErrors", ("movedFulfillmentOrder", "id"))


def split(client: Caller, body: SplitPart) -> Answer:
    """Part these units off; they get a fulfillment order of their own at the same location."""
    found = _as_decided(client, body)
    if isinstance(found, Answer):
        return found
    sent = client.call("split", {"id": gid("FulfillmentOrder", body.part), "lines": found})
    return result_of(sent, "fulfillmentOrderSplit", "userErrors")


def look_up_units(client: Caller, body: MovePart | SplitPart) -> Answer:
    """Confirmed when just these units are gone from the fulfillment order, or all of it has moved under its old id;
    nothing when it is as it was."""
    if isinstance(body, MovePart):
        seen = looked_at(client, "look_up_part", "fulfillmentOrder", gid("FulfillmentOrder", body.part))
        if isinstance(seen, Answer):
            return seen
        assigned = object_of(object_of(seen.data, "fulfillmentOrder"), "assignedLocation")
        if id_of(object_of(assigned, "location").get("id")) == body.location:
            return confirmed(seen, body.part)
    reply = looked_at(client, "part_lines", "fulfillmentOrder", gid("FulfillmentOrder", body.part))
    if isinstance(reply, Answer):
        return reply
    nodes, failure = all_part_lines(client, body.part, object_of(reply.data, "fulfillmentOrder"))
    if failure is not None:
        return failure
    now, before = _remaining(nodes), _units(body.before)
    if now == before:
        return nothing(reply, "not_parted", "The fulfillment order is as it was.")
    gone = _units(body.lines)
    if now == {line: units - gone.get(line, 0) for line, units in before.items() if units > gone.get(line, 0)}:
        return confirmed(reply, None)
    return Answer("in_doubt", "changed_meanwhile", "The fulfillment order was changed by others meanwhile.")


def submit(client: Caller, body: RequestPart) -> Answer:
    """Ask the company that ships it to do so."""
    variables = {
        "id": gid("FulfillmentOrder", body.part),
        "message": body.message or None,
        "lines": None,
        "notify": body.notify,
    }
    sent = client.call("submit_request", variables)
    made = ("submittedFulfillmentOrder", "id")
    return result_of(sent, "fulfillmentOrderSubmitFulfillmentRequest", "userErrors", made)


def ask_back(client: Caller, body: AskPartBack) -> Answer:
    """Ask for it back. Confirmed means that the request was sent, not that it was granted."""
    variables = {"id": gid("FulfillmentOrder", body.part), "message": body.message or None}
    sent = client.call("submit_cancellation", variables)
    return result_of(sent, "fulfillmentOrderSubmitCancellationRequest", "userErrors")


def answer_request(client: Caller, body: AnswerRequest) -> Answer:
    """As the company that ships: take the request on, or say no with a reason."""
    variables = {"id": gid("FulfillmentOrder", body.part), "message": body.message or None}
    if body.accept:
        sent = client.call("accept_request", variables)
        return result_of(sent, "fulfillmentOrderAcceptFulfillmentRequest", "userErrors")
    reason = (body.reason or "").upper()
    sent = client.call("reject_request", {**variables, "reason": reason if reason in _REJECTIONS else "OTHER"})
    return result_of(sent, "fulfillmentOrderRejectFulfillmentRequest", "userErrors")


def answer_cancellation(client: Caller, body: AnswerCancellation) -> Answer:
    """As the company that ships: give it back, or keep it."""
    document = "accept_cancellation" if body.accept else "reject_cancellation"
    root = f"fulfillmentOrder{'Accept' if body.accept else 'Reject'}CancellationRequest"
    sent = client.call(document, {"id": gid("FulfillmentOrder", body.part), "message": body.message or None})
    return result_of(sent, root, "userErrors")


def look_up_talk(client: Caller, body: RequestPart | AskPartBack | AnswerRequest | AnswerCancellation) -> Answer:
    """Confirmed when the request status says that it was said."""
    reply = looked_at(client, "look_up_part", "fulfillmentOrder", gid("FulfillmentOrder", body.part))
    if isinstance(reply, Answer):
        return reply
    status = str(object_of(reply.data, "fulfillmentOrder").get("requestStatus") or "")
    match body:
        case RequestPart():
            said = status not in ("", "UNSUBMITTED")
        case AskPartBack():
            said = status in _ASKED_BACK or status in ("UNSUBMITTED", "CLOSED")  # withdrawn before it was taken on
        case AnswerRequest(accept=accept):
            said = status == "REJECTED" if not accept else status in ("ACCEPTED", *_ASKED_BACK)
        case AnswerCancellation(accept=accept):
            said = status == ("CANCELLATION_ACCEPTED" if accept else "CANCELLATION_REJECTED")
    return confirmed(reply, None) if said else nothing(reply, "not_said", f"Its request status is {status.lower()}.")


def _as_decided(client: Caller, body: MovePart | SplitPart) -> list[dict[str, Any]] | Answer:
    """The fulfillment order's own lines with the units asked for, while it holds what it held when this was decided."""
    standing = part_as_it_stands(client, body.part)
    if isinstance(standing, Answer):
        return standing
    reply, nodes = standing
    chosen = chosen_of(nodes, body.lines)
    if chosen is None or _remaining(nodes) != _units(body.before):
        sentence = "The fulfillment order no longer holds what it held: it was changed, moved or shipped meanwhile."
        return refused(reply, "units_not_there", sentence)
    return chosen


def _remaining(nodes: list[dict[str, Any]]) -> dict[str, int]:
    return {line: count for line, count in units_of(nodes, "remainingQuantity").items() if count}


def _units(lines: tuple[Quantity, ...]) -> dict[str, int]:
    return {each.line: each.units for each in lines if each.units}
