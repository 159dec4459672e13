"""An order's routing as a function of its facts: what it still needs, who said no, and what the shop must be asked.

What is fetched at a counter is not routed: its place was the buyer's choice. A location that said no to lines is not
asked for them again, whatever its stock says.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from ordna.core.hours import Hours
from ordna.core.messages import PartSeen
from ordna.core.order import OrderState, at_the_counter, handled_units, live_parts, shipped_units
from ordna.core.routing import Barred, Demand, Routing, RoutingPolicy, Supply, Wanted, route
from ordna.core.routing.moves import Moves, moves

SAID_NO = "said no to it before"


class Reroute(Struct, frozen=True):
    """How an order should leave, and what must be asked so that it does."""

    demand: Demand
    routing: Routing
    moves: Moves


def reroute(state: OrderState, supply: Supply, policy: RoutingPolicy, hours: Hours, now: datetime) -> Reroute | None:
    """The plan for what has not left yet; None while the order is not routed by the shop, or nothing is left to send.

    `supply` is what this order may count on: what it has reserved itself belongs to it.
    """
    wanted = demand(state, policy)
    if wanted is None:
        return None
    routing = route(wanted, supply, policy, hours, now)
    asked = moves(_to_send(state), routing.plan, policy, handled_units(state, state.picked))
    return Reroute(wanted, routing, asked)


def demand(state: OrderState, policy: RoutingPolicy) -> Demand | None:
    """What an order still needs, by line; None while its lines or its fulfillment orders are unknown."""
    if state.order is None or state.order.lines is None or state.routed_at is None or state.cancelled:
        return None
    shipped = shipped_units(state)
    units: dict[str, int] = {}
    for part in _to_send(state):
        gone = shipped.get(part.id, {})
        for quantity in part.lines:
            left = quantity.units - gone.get(quantity.line, 0)
            units[quantity.line] = units.get(quantity.line, 0) + max(0, left)
    items = {line.id: line.sku or line.variant or line.id for line in state.order.lines}
    lines = tuple(Wanted(line, items.get(line, line), count) for line, count in sorted(units.items()) if count)
    if not lines:
        return None
    return Demand(
        lines,
        state.order.country or "",
        state.order.source or "",
        barred=_barred(state, policy, items),
    )


def _to_send(state: OrderState) -> tuple[PartSeen, ...]:
    """Fulfillment orders whose units some location has still to send, with what remains of each."""
    shipped = shipped_units(state)
    out = []
    for part in live_parts(state):
        gone = shipped.get(part.id, {})
        left = tuple(each for each in part.lines if each.units > gone.get(each.line, 0))
        if left and not at_the_counter(part):
            out.append(part)
    return tuple(out)


def _barred(state: OrderState, policy: RoutingPolicy, items: dict[str, str]) -> tuple[Barred, ...]:
    names = {location.shop_id: name for name, location in policy.locations.items() if location.shop_id}
    said = {
        (names[one.location], items.get(line, line))
        for one in state.rejections
        if one.location in names
        for line in one.lines
    }
    return tuple(Barred(location, SAID_NO, item) for location, item in sorted(said))
