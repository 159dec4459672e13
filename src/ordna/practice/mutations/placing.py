"""Placing an order, and routing it: Shopify makes fulfillment orders in the background after the order exists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from ordna.practice import derive
from ordna.practice.model import FulfillmentOrder, FulfillmentOrderLine, Line, Location, Order
from ordna.practice.world import World


def place_order(world: World, order: Order) -> Order:
    """Take an order into the shop, with its transactions, and have it routed after the world's routing delay.

    The caller has built the order with ids from `world.next_id`. With no delay it is routed before returning.
    """
    world.orders[order.id] = order
    if order.customer:
        order.customer.orders_count += 1
    world.changed("orders/create", order)
    for transaction in order.transactions:
        world.changed("order_transactions/create", transaction, order=order)
    touch(world, order)
    if derive.financial_status(order) == "PAID":
        world.changed("orders/paid", order)
    if world.routing_delay:
        world.later(world.routing_delay, lambda: route(world, order))
    else:
        route(world, order)
    return order


def route(world: World, order: Order) -> list[FulfillmentOrder]:
    """Make the fulfillment orders of an order: one for each location and way of delivery. Done once."""
    if order.routed or order.cancelled_at or order.deleted:
        return []
    order.routed = True
    groups: dict[tuple[int, str], list[Line]] = {}
    for line in order.lines:
        if line.unfulfilled_quantity > 0 and not line.is_tip:
            groups.setdefault((_location_for(world, line).id, line.method_type), []).append(line)
    made = []
    for (location_id, method), lines in groups.items():
        units = [(line, line.unfulfilled_quantity) for line in lines]
        made.append(open_fulfillment_order(world, order, world.locations[location_id], units, method))
    for one in made:
        for part in one.lines:
            adjust_stock(world, part.line, one.location, -part.total_quantity)
        world.changed("fulfillment_orders/order_routing_complete", one)
    return made


def open_fulfillment_order(
    world: World,
    order: Order,
    location: Location,
    units: Iterable[tuple[Line, int]],
    method: str = "SHIPPING",
) -> FulfillmentOrder:
    """A new open fulfillment order for these units; it can be fulfilled from the full hour on."""
    now = world.now()
    lines = [FulfillmentOrderLine(world.next_id("FulfillmentOrderLineItem"), line, n, n) for line, n in units]
    made = FulfillmentOrder(
        id=world.next_id("FulfillmentOrder"),
        order=order,
        location=location,
        lines=lines,
        created_at=now,
        updated_at=now,
        method_type=method,
        fulfill_at=full_hour(now),
    )
    order.fulfillment_orders.append(made)
    world.fulfillment_orders[made.id] = made
    return made


def add_units(world: World, order: Order, line: Line, count: int) -> None:
    """Have `count` more units of a line shipped: by an open fulfillment order at its location, or by a new one."""
    if not order.routed or line.is_tip or count <= 0:
        return
    method = line.method_type
    location = _location_for(world, line)
    for one in order.fulfillment_orders:
        if one.status == "OPEN" and one.location is location and one.method_type == method and one.lines:
            for part in one.lines:
                if part.line is line:
                    part.total_quantity += count
                    part.remaining_quantity += count
                    break
            else:
                number = world.next_id("FulfillmentOrderLineItem")
                one.lines.append(FulfillmentOrderLine(number, line, count, count))
            one.updated_at = world.now()
            return
    open_fulfillment_order(world, order, location, [(line, count)], method)


def drop_units(world: World, order: Order, line: Line, count: int) -> None:
    """Take `count` unshipped units of a line off its fulfillment orders; one left without units is closed."""
    for one in reversed(order.fulfillment_orders):
        if one.status not in derive.LIVE:
            continue
        for part in one.lines:
            if part.line is line and count:
                taken = min(count, part.remaining_quantity)
                part.remaining_quantity -= taken
                part.total_quantity -= taken
                count -= taken
                one.updated_at = world.now()
        if not derive.units(one):
            close_empty(world, one)


def close_empty(world: World, one: FulfillmentOrder) -> None:
    """Close a fulfillment order that has nothing left to ship, and lift its holds."""
    one.status = "CLOSED"
    one.holds.clear()
    one.updated_at = world.now()


def touch(world: World, order: Order) -> None:
    """Note that the order changed, and tell `orders/updated`."""
    order.updated_at = world.now()
    world.changed("orders/updated", order)


def adjust_stock(world: World, line: Line, location: Location, delta: int) -> None:
    """Change the available units of the line's item at a location, where it is stocked."""
    if line.variant is None:
        return
    key = (line.variant.inventory_item_id, location.id)
    if key in world.stock:
        world.stock[key] += delta
        world.changed("inventory_levels/update", key)


def full_hour(at: datetime) -> datetime:
    return at - timedelta(minutes=at.minute, seconds=at.second, microseconds=at.microsecond)


def _location_for(world: World, line: Line) -> Location:
    """The first active location that has enough units; else one that stocks the item; else the first of all.

    What the buyer takes home from the store stands in the store."""
    if line.way in ("PICK_UP", "RETAIL"):
        return list(world.locations.values())[-1]
    active = [one for one in world.locations.values() if one.is_active and one.fulfills_online_orders]
    own = [one for one in active if one.service_handle is None] or active
    if line.variant:
        item = line.variant.inventory_item_id
        stocked = [one for one in own if (item, one.id) in world.stock]
        for one in stocked:
            if world.stock[item, one.id] >= line.unfulfilled_quantity:
                return one
        if stocked:
            return stocked[0]
    return own[0]
