"""The mutations on fulfillment orders and fulfillments: their input, their refusals, their payloads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphql import GraphQLResolveInfo

from ordna.practice.model import Fulfillment, FulfillmentOrder, FulfillmentOrderLine, Tracking
from ordna.practice.mutations import fulfillment_orders as verbs
from ordna.practice.mutations import fulfillments, requests
from ordna.practice.mutations.refusal import refuse
from ordna.practice.resolvers.base import (
    Resolver,
    Table,
    call,
    instant,
    not_found,
    number,
    payload,
    world,
)

Info = GraphQLResolveInfo
Lines = list[tuple[FulfillmentOrderLine, int]]
_NO_LINE = "Fulfillment order line item does not exist."
_NO_ORDER = "Fulfillment order does not exist."


def table() -> Table:
    """The resolvers of this file."""
    return {
        "Mutation": {
            "fulfillmentOrderHold": _hold,
            "fulfillmentOrderReleaseHold": _release,
            "fulfillmentOrderMove": _move,
            "fulfillmentOrderSplit": _split,
            "fulfillmentOrderMerge": _merge,
            "fulfillmentOrderCancel": _cancel,
            "fulfillmentOrderOpen": _plain(lambda info, one, _args: verbs.reopen(world(info), one)),
            "fulfillmentOrderClose": _plain(lambda info, one, a: requests.close(world(info), one, a.get("message"))),
            "fulfillmentOrderReschedule": _plain(
                lambda info, one, args: verbs.reschedule(world(info), one, instant(args["fulfillAt"]))
            ),
            "fulfillmentOrderReportProgress": _plain(_report_progress),
            "fulfillmentOrdersSetFulfillmentDeadline": _set_deadline,
            "fulfillmentOrderSubmitFulfillmentRequest": _submit,
            "fulfillmentOrderAcceptFulfillmentRequest": _plain(_with_message(requests.accept_request)),
            "fulfillmentOrderRejectFulfillmentRequest": _plain(_with_message(requests.reject_request)),
            "fulfillmentOrderSubmitCancellationRequest": _plain(_with_message(requests.submit_cancellation)),
            "fulfillmentOrderAcceptCancellationRequest": _plain(_with_message(requests.accept_cancellation)),
            "fulfillmentOrderRejectCancellationRequest": _plain(_with_message(requests.reject_cancellation)),
            "fulfillmentCreate": _ship,
            "fulfillmentTrackingInfoUpdate": _tracking,
            "fulfillmentCancel": _cancel_fulfillment,
            "fulfillmentEventCreate": _event,
        }
    }


def _found(info: Info, value: str) -> FulfillmentOrder:
    """The fulfillment order of an id; unknown ones are a top-level error, as in the real shop."""
    one = world(info).fulfillment_orders.get(number(value, "FulfillmentOrder"))
    if one is None:
        raise not_found(value)
    return one


def _plain(verb: Callable[[Info, FulfillmentOrder, dict[str, Any]], Any]) -> Resolver:
    """A mutation on one fulfillment order whose payload is that fulfillment order."""

    def resolve(_root: Any, info: Info, id: str, **args: Any) -> dict[str, Any]:
        one = _found(info, id)

        def work() -> dict[str, Any]:
            verb(info, one, args)
            return {"fulfillmentOrder": one}

        return payload(work)

    return resolve


def _with_message(verb: Callable[..., Any]) -> Callable[[Info, FulfillmentOrder, dict[str, Any]], Any]:
    return lambda info, one, args: verb(world(info), one, args.get("message"))


def _report_progress(info: Info, one: FulfillmentOrder, args: dict[str, Any]) -> None:
    report = args.get("progressReport") or {}
    verbs.report_progress(world(info), one, report.get("reasonNotes"))


def _hold(_root: Any, info: Info, id: str, fulfillmentHold: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
    one, given = _found(info, id), fulfillmentHold

    def work() -> dict[str, Any]:
        units = _lines(one, given.get("fulfillmentOrderLineItems"))
        made, parts = verbs.hold(
            world(info),
            call(info).app,
            one,
            given["reason"],
            notes=given.get("reasonNotes"),
            handle=given.get("handle"),
            external_id=given.get("externalId"),
            units=units or None,
        )
        return {"fulfillmentHold": made, "fulfillmentOrder": one, "remainingFulfillmentOrder": parts.rest}

    return payload(work)


def _release(_root: Any, info: Info, id: str, holdIds: list[str] | None = None, **_: Any) -> dict[str, Any]:  # noqa: N803
    one = _found(info, id)
    ids = None if holdIds is None else [number(value, "FulfillmentHold") for value in holdIds]
    return payload(lambda: {"fulfillmentOrder": verbs.release(world(info), one, ids)})


def _move(_root: Any, info: Info, id: str, newLocationId: str, **args: Any) -> dict[str, Any]:  # noqa: N803
    one = _found(info, id)

    def work() -> dict[str, Any]:
        location = world(info).locations.get(number(newLocationId, "Location"))
        if location is None:
            raise refuse("Location not found.", "id")
        units = _lines(one, args.get("fulfillmentOrderLineItems"))
        moved, original, rest = verbs.move(world(info), one, location, units or None)
        return {
            "movedFulfillmentOrder": moved,
            "originalFulfillmentOrder": original,
            "remainingFulfillmentOrder": rest,
        }

    return payload(work)


def _split(_root: Any, info: Info, fulfillmentOrderSplits: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
    def work() -> dict[str, Any]:
        wanted = []
        for index, given in enumerate(fulfillmentOrderSplits):
            path = ("fulfillmentOrderSplits", str(index), "fulfillmentOrderLineItems")
            lines = given["fulfillmentOrderLineItems"]
            if not lines:
                sentence = "There must be at least one item selected in this fulfillment to split it."
                raise refuse(sentence, *path, code="NO_LINE_ITEMS_PROVIDED_TO_SPLIT")
            sentence = "You must select at least one item to split into a new fulfillment order."
            _check_positive(lines, path, sentence)
            one = _known(info, given["fulfillmentOrderId"])
            wanted.append((one, _lines(one, lines)))
        for _, units in wanted:
            if any(count > line.remaining_quantity for line, count in units):
                raise refuse("Invalid fulfillment order line item quantity requested.")
        made = [verbs.split(world(info), one, units) for one, units in wanted]
        return {
            "fulfillmentOrderSplits": [
                {"fulfillmentOrder": parts.one, "remainingFulfillmentOrder": parts.rest} for parts in made
            ]
        }

    return payload(work)


def _merge(_root: Any, info: Info, fulfillmentOrderMergeInputs: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
    def work() -> dict[str, Any]:
        wanted = []
        for index, given in enumerate(fulfillmentOrderMergeInputs):
            intents: list[tuple[FulfillmentOrder, Lines | None]] = []
            for position, intent in enumerate(given["mergeIntents"]):
                path = ("fulfillmentOrderMergeInputs", str(index), "mergeIntents", str(position))
                lines = intent.get("fulfillmentOrderLineItems")
                sentence = "You must select at least one item to merge into a new fulfillment order."
                _check_positive(lines or [], (*path, "fulfillmentOrderLineItems"), sentence)
                one = _known(info, intent["fulfillmentOrderId"])
                intents.append((one, _lines(one, lines) or None))
            wanted.append(intents)
        _check_merge(wanted)
        made = [verbs.merge(world(info), intents) for intents in wanted]
        return {"fulfillmentOrderMerges": [{"fulfillmentOrder": one} for one in made]}

    return payload(work)


def _check_merge(wanted: Sequence[Sequence[tuple[FulfillmentOrder, Lines | None]]]) -> None:
    """Every part of a batch is checked before the first is done: a batch is done whole or not at all."""
    for intents in wanted:
        for one, units in intents:
            if one.status != "OPEN":
                raise refuse(f"Fulfillment order: {one.id} is currently not in a mergeable state.")
            if any(count > line.remaining_quantity for line, count in units or ()):
                raise refuse("Invalid fulfillment order line item quantity requested.")


def _cancel(_root: Any, info: Info, id: str) -> dict[str, Any]:
    one = _found(info, id)

    def work() -> dict[str, Any]:
        made = verbs.cancel(world(info), one)
        return {"fulfillmentOrder": one, "replacementFulfillmentOrder": made}

    return payload(work)


def _set_deadline(
    _root: Any,
    info: Info,
    fulfillmentOrderIds: list[str],  # noqa: N803
    fulfillmentDeadline: str,  # noqa: N803
) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        known = world(info).fulfillment_orders
        found = [known.get(number(value, "FulfillmentOrder")) for value in fulfillmentOrderIds]
        live = [one for one in found if one is not None]
        if len(live) < len(found) or not live:
            raise refuse("Fulfillment orders could not be found.")
        verbs.set_deadline(world(info), live, instant(fulfillmentDeadline))
        return {"success": True}

    return payload(work, success=False)


def _submit(_root: Any, info: Info, id: str, **args: Any) -> dict[str, Any]:
    one = _found(info, id)

    def work() -> dict[str, Any]:
        rest = requests.submit_request(
            world(info),
            one,
            message=args.get("message"),
            notify_customer=args.get("notifyCustomer"),
            units=_lines(one, args.get("fulfillmentOrderLineItems")) or None,
        )
        return {
            "originalFulfillmentOrder": one,
            "submittedFulfillmentOrder": one,
            "unsubmittedFulfillmentOrder": rest,
        }

    return payload(work)


def _ship(_root: Any, info: Info, fulfillment: dict[str, Any], **_: Any) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        groups = fulfillment["lineItemsByFulfillmentOrder"]
        for index, group in enumerate(groups):
            path = ("fulfillment", "lineItemsByFulfillmentOrder", str(index), "fulfillmentOrderLineItems")
            lines = group.get("fulfillmentOrderLineItems") or []
            _check_positive(lines, path, "Quantity must be greater than 0", code=None)
        wanted = []
        for group in groups:
            one = world(info).fulfillment_orders.get(number(group["fulfillmentOrderId"], "FulfillmentOrder"))
            if one is None:
                raise refuse(_NO_ORDER, "fulfillment")
            wanted.append((one, _lines(one, group.get("fulfillmentOrderLineItems"), "fulfillment") or None))
        made = fulfillments.ship(
            world(info),
            wanted,
            company=(fulfillment.get("trackingInfo") or {}).get("company"),
            tracking=_tracks(fulfillment.get("trackingInfo") or {}),
            notify=bool(fulfillment.get("notifyCustomer")),
        )
        return {"fulfillment": made}

    return payload(work)


def _tracking(_root: Any, info: Info, **args: Any) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        parcel = _parcel(info, args["fulfillmentId"], "fulfillmentId")
        given = args["trackingInfoInput"]
        changed = fulfillments.set_tracking(
            world(info),
            parcel,
            company=given.get("company"),
            tracking=_tracks(given),
            notify=bool(args.get("notifyCustomer")),
        )
        return {"fulfillment": changed}

    return payload(work)


def _cancel_fulfillment(_root: Any, info: Info, id: str) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        return {"fulfillment": fulfillments.cancel_fulfillment(world(info), _parcel(info, id, "id"))}

    return payload(work)


def _event(_root: Any, info: Info, fulfillmentEvent: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
    given = fulfillmentEvent

    def work() -> dict[str, Any]:
        parcel = _parcel(info, given["fulfillmentId"], "fulfillmentEvent", "fulfillmentId")
        names = ("address1", "city", "country", "latitude", "longitude", "province", "zip")
        place: dict[str, Any] = {name: given.get(name) for name in names}
        if given.get("estimatedDeliveryAt"):
            place["estimated_delivery_at"] = instant(given["estimatedDeliveryAt"])
        happened = instant(given["happenedAt"]) if given.get("happenedAt") else None
        made = fulfillments.add_event(
            world(info),
            parcel,
            given["status"],
            happened_at=happened,
            message=given.get("message"),
            **place,
        )
        return {"fulfillmentEvent": made}

    return payload(work)


def _parcel(info: Info, value: str, *path: str) -> Fulfillment:
    found = world(info).fulfillments.get(number(value, "Fulfillment"))
    if found is None:
        raise refuse("Fulfillment does not exist.", *path)
    return found


def _known(info: Info, value: str) -> FulfillmentOrder:
    one = world(info).fulfillment_orders.get(number(value, "FulfillmentOrder"))
    if one is None:
        raise refuse(_NO_ORDER, code="FULFILLMENT_ORDER_NOT_FOUND")
    return one


def _lines(one: FulfillmentOrder, given: list[dict[str, Any]] | None, *path: str) -> Lines:
    found: Lines = []
    for wanted in given or []:
        key = number(wanted["id"], "FulfillmentOrderLineItem")
        line = next((line for line in one.lines if line.id == key), None)
        if line is None:
            raise refuse(_NO_LINE, *path)
        found.append((line, wanted["quantity"]))
    return found


def _check_positive(
    lines: list[dict[str, Any]], path: tuple[str, ...], sentence: str, code: str | None = "GREATER_THAN"
) -> None:
    for index, line in enumerate(lines):
        if line["quantity"] <= 0:
            raise refuse(sentence, *path, str(index), "quantity", code=code)


def _tracks(given: dict[str, Any]) -> list[Tracking]:
    numbers = given.get("numbers") or ([given["number"]] if given.get("number") else [])
    urls = given.get("urls") or ([given["url"]] if given.get("url") else [])
    count = max(len(numbers), len(urls))
    return [
        Tracking(numbers[index] if index < len(numbers) else None, urls[index] if index < len(urls) else None)
        for index in range(count)
    ]
