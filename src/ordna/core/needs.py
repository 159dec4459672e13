"""What an order still has to ship, where, and how much of it stock was found for. Functions of the state alone."""

from __future__ import annotations

from ordna.core.claims import Held, line_units
from ordna.core.order import OrderState, Units, live_parts, shipped_units


def needed(state: OrderState) -> Held | None:
    """Units that are still to be shipped, by (line, location): what the fulfillment orders say once it is routed;
    before that the lines, at location "". None while the lines are unknown."""
    if state.order is None or state.order.lines is None:
        return None
    ships = {line.id for line in state.order.lines if line.ships and not line.gift_card}
    if state.routed_at is None:
        gone: Units = {}
        for (line, _), units in shipped_from(state).items():
            gone[line] = gone.get(line, 0) + units
        left = {line.id: line.current_quantity - gone.get(line.id, 0) for line in state.order.lines if line.id in ships}
        return {(line, ""): units for line, units in left.items() if units > 0}
    shipped, out = shipped_units(state), Held()
    for part in live_parts(state):
        left_it = shipped.get(part.id, {})
        for lot in part.lines:
            units = lot.units - left_it.get(lot.line, 0)
            if units > 0 and lot.line in ships:
                key = (lot.line, part.location or "")
                out[key] = out.get(key, 0) + units
    return out


def shipped_from(state: OrderState) -> Held:
    """Units in parcels by (line, location), location "" where the parcel names none."""
    out: Held = {}
    for parcel in state.parcels:
        if parcel.progress != "cancelled":
            for lot in parcel.seen.lines:
                key = (lot.line, parcel.seen.location or "")
                out[key] = out.get(key, 0) + lot.units
    return out


def counted(held: Held, line: str, location: str) -> int:
    """Units for the line at the location; "" counts those at any."""
    if location:
        return held.get((line, location), 0)
    return sum(units for (other, _), units in held.items() if other == line)


def all_reserved(state: OrderState) -> bool | None:
    """Whether everything that is still to be shipped is set aside; None while nobody has asked for any."""
    if not state.stock_asked:
        return None
    needs = needed(state)
    if needs is None:
        return None
    has = line_units(state.reserved)
    return all(counted(has, line, location) >= units for (line, location), units in needs.items())
