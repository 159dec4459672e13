"""Shipping: making fulfillments, tracking, what carriers report, taking a fulfillment back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ordna.practice import derive
from ordna.practice.model import (
    Fulfillment,
    FulfillmentEvent,
    FulfillmentLine,
    FulfillmentOrder,
    FulfillmentOrderLine,
    Line,
    Tracking,
)
from ordna.practice.mutations.placing import open_fulfillment_order, touch
from ordna.practice.mutations.refusal import refuse
from ordna.practice.world import World

Wanted = Sequence[tuple[FulfillmentOrder, Sequence[tuple[FulfillmentOrderLine, int]] | None]]


def ship(
    world: World,
    wanted: Wanted,
    *,
    company: str | None = None,
    tracking: Sequence[Tracking] = (),
    notify: bool = False,
) -> Fulfillment:
    """Ship units of one or more fulfillment orders of one order and one location as one fulfillment.

    Units None ships everything that is left of that fulfillment order; units of the same order line are added.
    """
    _check(wanted)
    first = wanted[0][0]
    order, now = first.order, world.now()
    made = Fulfillment(
        id=world.next_id("Fulfillment"),
        order=order,
        name=f"{order.name}-F{len(order.fulfillments) + 1}",
        location=first.location,
        lines=[],
        created_at=now,
        updated_at=now,
        company=company,
        tracking=list(tracking),
        fulfillment_order_ids=[one.id for one, _ in wanted],
        service_handle=first.location.service_handle or "manual",
        notified=notify,
    )
    for one, units in wanted:
        for part, count in units or [(part, part.remaining_quantity) for part in one.lines]:
            _take(world, made, part, count)
        one.updated_at = now
        one.progress_reported = False
        one.status = "IN_PROGRESS" if derive.units(one) else "CLOSED"
        if one.status == "CLOSED" and one.request_status == "ACCEPTED":
            one.request_status = "CLOSED"
    order.fulfillments.append(made)
    world.fulfillments[made.id] = made
    world.changed("fulfillments/create", made)
    _tell_progress(world, made)
    return made


def set_tracking(
    world: World,
    parcel: Fulfillment,
    *,
    company: str | None,
    tracking: Sequence[Tracking],
    notify: bool = False,
) -> Fulfillment:
    """Replace the tracking of a fulfillment; a cancelled one takes it too."""
    parcel.company = company if company is not None else parcel.company
    parcel.tracking = list(tracking)
    parcel.notified = parcel.notified or notify
    return _updated(world, parcel)


def cancel_fulfillment(world: World, parcel: Fulfillment) -> Fulfillment:
    """Take it back: its units are open again. Cancelling a cancelled one succeeds and changes nothing."""
    if parcel.status == "CANCELLED":
        return parcel
    parcel.status = "CANCELLED"
    for line in parcel.lines:
        line.line.fulfilled -= line.quantity
    if parcel.location:
        _give_back(world, parcel)
    return _updated(world, parcel)


def add_event(
    world: World,
    parcel: Fulfillment,
    status: str,
    *,
    happened_at: datetime | None = None,
    message: str | None = None,
    **place: object,
) -> FulfillmentEvent:
    """Note what the carrier reports, such as IN_TRANSIT or DELIVERED. `place`: address1, city, zip and so on."""
    made = FulfillmentEvent(
        id=world.next_id("FulfillmentEvent"),
        status=status,
        happened_at=happened_at or world.now(),
        created_at=world.now(),
        message=message,
    )
    for name, value in place.items():
        setattr(made, name, value)
    parcel.events.append(made)
    world.changed("fulfillment_events/create", made, fulfillment=parcel)
    _updated(world, parcel)
    return made


def _check(wanted: Wanted) -> None:
    orders = {one.order.id for one, _ in wanted}
    if len(orders) > 1:
        found = ", ".join(str(number) for number in sorted(orders))
        sentence = f"All fulfillment orders must belong to the same order. Multiple orders with ids [{found}] were"
        raise refuse(f"{sentence} found.", "fulfillment")
    locations = {one.location.id for one, _ in wanted}
    if len(locations) > 1:
        found = ", ".join(str(number) for number in sorted(locations))
        sentence = "All fulfillment orders must be assigned to a single location. Multiple locations with ids"
        raise refuse(f"{sentence} [{found}] were found.", "fulfillment")
    for one, _ in wanted:
        if one.status not in ("OPEN", "IN_PROGRESS", "INCOMPLETE", "SCHEDULED"):
            sentence = f"Fulfillment order {one.id} has an unfulfillable status= {one.status.lower()}."
            raise refuse(sentence, "fulfillment")
    taken: dict[int, int] = {}
    for part, count in (unit for _, units in wanted for unit in units or ()):
        taken[part.id] = taken.get(part.id, 0) + count
        if taken[part.id] > part.remaining_quantity:
            raise refuse("Invalid fulfillment order line item quantity requested.", "fulfillment")


def _take(world: World, made: Fulfillment, part: FulfillmentOrderLine, count: int) -> None:
    if not count:
        return
    part.remaining_quantity -= count
    part.line.fulfilled += count
    for line in made.lines:
        if line.line is part.line:
            line.quantity += count
            return
    number = world.next_id("FulfillmentLineItem")
    made.lines.append(FulfillmentLine(number, part.line, count, part.id))


def _give_back(world: World, parcel: Fulfillment) -> None:
    """Open units again: in the fulfillment order they came from if that is still live, else in a new one."""
    units: list[tuple[Line, int]] = []
    for line in parcel.lines:
        source = _source(world, parcel, line)
        if source:
            source.remaining_quantity += line.quantity
        else:
            units.append((line.line, line.quantity))
    for number in parcel.fulfillment_order_ids:
        one = world.fulfillment_orders.get(number)
        if one and one.status in derive.LIVE:
            one.updated_at = world.now()
            untouched = all(part.remaining_quantity == part.total_quantity for part in one.lines)
            one.status = "OPEN" if untouched and one.status == "IN_PROGRESS" else one.status
    if units and parcel.location:
        open_fulfillment_order(world, parcel.order, parcel.location, units)


def _source(world: World, parcel: Fulfillment, line: FulfillmentLine) -> FulfillmentOrderLine | None:
    for number in parcel.fulfillment_order_ids:
        one = world.fulfillment_orders.get(number)
        if one and one.status in derive.LIVE:
            for part in one.lines:
                if part.id == line.fulfillment_order_line_id:
                    return part
    return None


def _updated(world: World, parcel: Fulfillment) -> Fulfillment:
    parcel.updated_at = world.now()
    world.changed("fulfillments/update", parcel)
    touch(world, parcel.order)
    return parcel


def _tell_progress(world: World, parcel: Fulfillment) -> None:
    status = derive.fulfillment_status(parcel.order)
    touch(world, parcel.order)
    if status == "FULFILLED":
        world.changed("orders/fulfilled", parcel.order)
    elif status == "PARTIALLY_FULFILLED":
        world.changed("orders/partially_fulfilled", parcel.order)
