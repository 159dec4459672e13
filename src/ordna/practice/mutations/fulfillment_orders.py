"""What can be asked of a fulfillment order: hold, release, move, split, merge, cancel, open, report progress.

Shopify rewrites fulfillment orders rather than changing them: a part that is held, split or moved away becomes a
fulfillment order of its own, and a cancelled one is closed and replaced. `Units` names lines of a fulfillment
order with a count each; None means all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ordna.practice import derive
from ordna.practice.model import App, FulfillmentOrder, FulfillmentOrderLine, Hold, Location
from ordna.practice.mutations.placing import touch
from ordna.practice.mutations.refusal import refuse
from ordna.practice.world import World

Units = Sequence[tuple[FulfillmentOrderLine, int]]

_TOO_MANY = (
    "The maximum number of fulfillment holds for this fulfillment order has been reached for this app. An app"
    f" can only have up to {derive.MAX_HOLDS_OF_AN_APP} holds on a single fulfillment order at any one time."
)
_TAKEN = (
    "The handle provided for the fulfillment hold is already in use by this app for another hold on this"
    " fulfillment order."
)
_PROGRESS = (
    "Cannot move a fulfillment order that has had progress reported. To move a fulfillment order that has had"
    " progress reported, the fulfillment order must first be marked as open resolving the ongoing progress state."
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What became of a fulfillment order: `one` is the part asked about, `rest` what was left of it, if any."""

    one: FulfillmentOrder
    rest: FulfillmentOrder | None = None


def hold(
    world: World,
    app: App | None,
    one: FulfillmentOrder,
    reason: str,
    *,
    notes: str | None = None,
    handle: str | None = None,
    external_id: str | None = None,
    units: Units | None = None,
) -> tuple[Hold, Parts]:
    """Put a hold on a fulfillment order, or on some units of it; the other units get one of their own.

    `app` None is a person in the shop's admin. An app may have ten holds on one, each with its own handle.
    """
    _check_hold(app, one, handle, units)
    rest = _part_off_rest(world, one, units) if units else None
    made = Hold(
        id=world.next_id("FulfillmentHold"),
        reason=reason,
        notes=notes,
        handle=handle if handle is not None else "",
        app_id=app.id if app else None,
        app_title=app.title if app else None,
        external_id=external_id,
        created_at=world.now(),
    )
    one.holds.append(made)
    _set_status(world, one, "ON_HOLD")
    world.changed("fulfillment_orders/placed_on_hold", one, hold=made, remaining=rest)
    world.changed("fulfillment_holds/added", made, fulfillment_order=one)
    touch(world, one.order)
    return made, Parts(one, rest)


def release(world: World, one: FulfillmentOrder, hold_ids: Sequence[int] | None = None) -> FulfillmentOrder:
    """Lift the named holds, or all of them. With the last one gone, units parted off by a hold come back."""
    lifted = [held for held in one.holds if hold_ids is None or held.id in hold_ids]
    if not lifted:
        return one
    one.holds = [held for held in one.holds if held not in lifted]
    for held in lifted:
        world.changed("fulfillment_holds/released", held, fulfillment_order=one)
    if not one.holds:
        _set_status(world, one, "OPEN")
        for other in list(one.order.fulfillment_orders):
            if other.split_by_hold_from == one.id and other.status == "OPEN":
                _absorb(world, one, other)
    one.updated_at = world.now()
    world.changed("fulfillment_orders/hold_released", one)
    touch(world, one.order)
    return one


def move(
    world: World, one: FulfillmentOrder, location: Location, units: Units | None = None
) -> tuple[FulfillmentOrder, FulfillmentOrder, FulfillmentOrder | None]:
    """Have another location ship it. Returns the moved, the original and what remained at the old location."""
    _check_move(one)
    before = one.location
    every = units is None or _covers(one, units)
    if every and not world.moves_replace:
        one.location = location
        one.updated_at = world.now()
        moved, rest = one, None
    elif every:
        moved, rest = _replace(world, one, location), None
    else:
        moved, rest = _part_off(world, one, units or (), location), one
    world.changed("fulfillment_orders/moved", moved, original=one, source=before, destination=location)
    touch(world, one.order)
    return moved, one, rest


def split(world: World, one: FulfillmentOrder, units: Units) -> Parts:
    """Part units off into a new fulfillment order, returned as `rest`; the original keeps its id."""
    _check_quantities(one, units)
    made = _part_off(world, one, units, one.location)
    if one.status == "ON_HOLD":
        made.status = "ON_HOLD"
        made.holds = list(one.holds)
    world.changed("fulfillment_orders/split", one, original=one, remaining=made)
    touch(world, one.order)
    return Parts(one, made)


def merge(world: World, wanted: Sequence[tuple[FulfillmentOrder, Units | None]]) -> FulfillmentOrder:
    """Bring fulfillment orders of one order and location together in the first of them; the others close."""
    for one, units in wanted:
        if one.status not in derive.LIVE:
            raise refuse(f"Fulfillment order: {one.id} is currently not in a mergeable state.")
        if units:
            _check_quantities(one, units)
    target = wanted[0][0]
    for other, units in wanted[1:]:
        if units and not _covers(other, units):
            other = _part_off(world, other, units, other.location)
        _absorb(world, target, other)
    world.changed("fulfillment_orders/merged", target, merged=[other for other, _ in wanted[1:]])
    touch(world, target.order)
    return target


def cancel(world: World, one: FulfillmentOrder) -> FulfillmentOrder:
    """Close it and return the open one that replaces it."""
    if one.progress_reported:
        raise refuse(
            "Cannot cancel fulfillment order that has had progress reported. Mark as unfulfilled first.",
            "id",
            code="FULFILLMENT_ORDER_HAS_MANUALLY_REPORTED_PROGRESS",
        )
    if one.status not in ("OPEN", "ON_HOLD", "SCHEDULED", "INCOMPLETE") or one.request_status in derive.SUBMITTED:
        raise refuse("Fulfillment order is not in cancelable request state and can't be canceled.")
    made = _replace(world, one, one.location)
    world.changed("fulfillment_orders/cancelled", one, replacement=made)
    touch(world, one.order)
    return made


def reopen(world: World, one: FulfillmentOrder) -> FulfillmentOrder:
    """Mark a scheduled or begun fulfillment order as open."""
    if one.status not in ("SCHEDULED", "IN_PROGRESS") or one.request_status == "ACCEPTED":
        raise refuse(f"Expected fulfillment order status to be valid but it was {one.status.lower()}.")
    begun = one.progress_reported
    one.progress_reported = False
    _set_status(world, one, "OPEN")
    if begun:
        world.changed("fulfillment_orders/manually_reported_progress_stopped", one)
    else:
        world.changed("fulfillment_orders/scheduled_fulfillment_order_ready", one)
    touch(world, one.order)
    return one


def report_progress(world: World, one: FulfillmentOrder, notes: str | None = None) -> FulfillmentOrder:
    """Note that work on it has begun."""
    if one.status not in ("OPEN", "IN_PROGRESS") or one.location.service_handle:
        raise refuse(
            "Cannot report progress on a fulfillment order in this state.",
            code="FULFILLMENT_ORDER_STATUS_INVALID",
        )
    one.progress_reported = True
    _set_status(world, one, "IN_PROGRESS")
    world.changed("fulfillment_orders/progress_reported", one, notes=notes)
    touch(world, one.order)
    return one


def prepare_for_pickup(world: World, one: FulfillmentOrder) -> FulfillmentOrder:
    """Note that it lies ready for the buyer to fetch."""
    if one.method_type != "PICK_UP" or one.status != "OPEN":
        raise refuse("The fulfillment order is not for pickup.", "lineItemsByFulfillmentOrder")
    _set_status(world, one, "IN_PROGRESS")
    world.changed("fulfillment_orders/line_items_prepared_for_pickup", one)
    touch(world, one.order)
    return one


def reschedule(world: World, one: FulfillmentOrder, fulfill_at: datetime) -> FulfillmentOrder:
    if one.status != "SCHEDULED":
        raise refuse("Fulfillment order must be scheduled.")
    one.fulfill_at = fulfill_at
    one.updated_at = world.now()
    world.changed("fulfillment_orders/rescheduled", one)
    touch(world, one.order)
    return one


def set_deadline(world: World, ones: Sequence[FulfillmentOrder], deadline: datetime) -> None:
    for one in ones:
        one.fulfill_by = deadline
        touch(world, one.order)


def set_status(world: World, one: FulfillmentOrder, status: str) -> None:
    """Give it a status; for the verbs of the other files."""
    _set_status(world, one, status)


def part_off(world: World, one: FulfillmentOrder, units: Units) -> FulfillmentOrder:
    """The same location's new fulfillment order for these units, taken from `one`."""
    return _part_off(world, one, units, one.location)


def _check_hold(app: App | None, one: FulfillmentOrder, handle: str | None, units: Units | None) -> None:
    path = ("fulfillmentHold", "fulfillmentOrderLineItems")
    for index, (_, count) in enumerate(units or ()):
        if count <= 0:
            sentence = "You must select at least one item to place on partial hold."
            raise refuse(sentence, *path, str(index), "quantity", code="GREATER_THAN_ZERO")
    if units and len({line.id for line, _ in units}) < len(units):
        raise refuse("must contain unique line item ids", *path, code="DUPLICATED_FULFILLMENT_ORDER_LINE_ITEMS")
    if units and one.status == "ON_HOLD":
        sentence = "The fulfillment order is not in a splittable state."
        raise refuse(sentence, *path, code="FULFILLMENT_ORDER_NOT_SPLITTABLE")
    if units and any(count > line.remaining_quantity for line, count in units):
        sentence = "Invalid fulfillment order line item quantity requested."
        raise refuse(sentence, *path, code="INVALID_LINE_ITEM_QUANTITY")
    if one.status not in derive.LIVE:
        raise refuse(f"Cannot place a fulfillment order on hold when its status is {one.status.lower()}.", "id")
    mine = [held for held in one.holds if held.app_id == (app.id if app else None)]
    if len(mine) >= derive.MAX_HOLDS_OF_AN_APP:
        raise refuse(_TOO_MANY, "id", code="FULFILLMENT_ORDER_HOLD_LIMIT_REACHED")
    if any((held.handle or "") == (handle or "") for held in mine):
        raise refuse(_TAKEN, "fulfillmentHold", "handle", code="DUPLICATE_FULFILLMENT_HOLD_HANDLE")


def _check_move(one: FulfillmentOrder) -> None:
    if one.progress_reported:
        raise refuse(_PROGRESS, "id", code="CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS")
    if one.request_status in derive.SUBMITTED:
        raise refuse("Cannot move submitted fulfillment order that is at a 3PL fulfillment service.")
    if one.status not in derive.LIVE:
        raise refuse("Cannot change location.")


def _check_quantities(one: FulfillmentOrder, units: Units) -> None:
    for line, count in units:
        if line not in one.lines:
            raise refuse("Fulfillment order line item does not exist.")
        if count > line.remaining_quantity:
            raise refuse("Invalid fulfillment order line item quantity requested.")


def _covers(one: FulfillmentOrder, units: Units) -> bool:
    wanted = {line.id: count for line, count in units}
    return all(wanted.get(line.id, 0) >= line.remaining_quantity for line in one.lines)


def _part_off_rest(world: World, one: FulfillmentOrder, units: Units) -> FulfillmentOrder | None:
    """Leave only these units in `one` and put the others into a new one, which a release brings back."""
    if _covers(one, units):
        return None
    wanted = {line.id: count for line, count in units}
    others = [(line, line.remaining_quantity - wanted.get(line.id, 0)) for line in one.lines]
    rest = _part_off(world, one, [(line, count) for line, count in others if count > 0], one.location)
    rest.split_by_hold_from = one.id
    return rest


def _part_off(world: World, one: FulfillmentOrder, units: Units, location: Location) -> FulfillmentOrder:
    made = _copy(world, one, location)
    for line, count in units:
        number = world.next_id("FulfillmentOrderLineItem")
        made.lines.append(FulfillmentOrderLine(number, line.line, count, count))
        line.total_quantity -= count
        line.remaining_quantity -= count
    one.lines = [line for line in one.lines if line.total_quantity]
    one.updated_at = world.now()
    return made


def _replace(world: World, one: FulfillmentOrder, location: Location) -> FulfillmentOrder:
    """A new open one that takes over the lines; the old one is closed and empty."""
    made = _copy(world, one, location)
    made.lines, one.lines = one.lines, []
    one.holds.clear()
    _set_status(world, one, "CLOSED")
    return made


def _copy(world: World, one: FulfillmentOrder, location: Location) -> FulfillmentOrder:
    now = world.now()
    made = FulfillmentOrder(
        id=world.next_id("FulfillmentOrder"),
        order=one.order,
        location=location,
        lines=[],
        created_at=now,
        updated_at=now,
        method_type=one.method_type,
        fulfill_at=one.fulfill_at,
        fulfill_by=one.fulfill_by,
    )
    one.order.fulfillment_orders.append(made)
    world.fulfillment_orders[made.id] = made
    return made


def _absorb(world: World, target: FulfillmentOrder, other: FulfillmentOrder) -> None:
    for line in other.lines:
        same = next((mine for mine in target.lines if mine.line is line.line), None)
        if same:
            same.total_quantity += line.total_quantity
            same.remaining_quantity += line.remaining_quantity
            line.total_quantity = line.remaining_quantity = 0
        else:
            target.lines.append(line)
    other.lines = [line for line in other.lines if line not in target.lines]
    other.holds.clear()
    _set_status(world, other, "CLOSED")
    target.updated_at = world.now()


def _set_status(world: World, one: FulfillmentOrder, status: str) -> None:
    one.status = status
    one.updated_at = world.now()
