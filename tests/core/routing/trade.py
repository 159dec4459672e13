"""Routing's tests speak of places, prices and stock; here the words become values."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from ordna.core.hours import Hours, read_opening
from ordna.core.routing import (
    Demand,
    Location,
    Routing,
    RoutingPolicy,
    RoutingWords,
    Supply,
    Wanted,
    explain,
    route,
)

HOURS = Hours("Europe/Copenhagen", read_opening("mon-fri 08:00-16:00"), "DK")
WEDNESDAY_TEN = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
"""10 o'clock in Copenhagen."""


def place(name: str, parcel: int = 40, **more: Any) -> Location:
    """A place with one price for a parcel, in whole crowns: to Denmark, or by zone."""
    costs = more.pop("parcel_costs", {"home": parcel * 100})
    return Location(name, name.title(), costs, more.pop("unit", 0) * 100, **more)


def policy(*places: Location, **more: Any) -> RoutingPolicy:
    crowns = {key: more.pop(key) * 100 for key in ("split_cost", "wait_cost") if key in more}
    zones = more.pop("zones", {"home": ("DK",), "nordic": ("NO", "SE")})
    return RoutingPolicy("DKK", {one.name: one for one in places}, zones, **crowns, **more)


def lines(**wanted: int) -> tuple[Wanted, ...]:
    """lines(mug=2, cup=1): one line an item, named after it."""
    return tuple(Wanted(f"{item} line", item, units) for item, units in wanted.items())


def order(country: str = "DK", also: tuple[Wanted, ...] = (), **wanted: Any) -> Demand:
    of_demand = {key: wanted.pop(key) for key in ("channel", "place", "one_parcel", "barred") if key in wanted}
    return Demand((*lines(**wanted), *also), country, **of_demand)


def routed(
    demand: Demand, stock: dict[str, dict[str, int]], how: RoutingPolicy, now: datetime = WEDNESDAY_TEN, **more: Any
) -> Routing:
    return route(demand, Supply(stock, **more), how, HOURS, now)


def explained(
    demand: Demand, stock: dict[str, dict[str, int]], how: RoutingPolicy, now: datetime = WEDNESDAY_TEN, **more: Any
) -> RoutingWords:
    return explain(demand, Supply(stock, **more), how, HOURS, now)


def sent(routing: Routing) -> dict[str, dict[str, int]]:
    """Units by place and line."""
    return {parcel.location: {one.line: one.units for one in parcel.lines} for parcel in routing.plan.parcels}


def waits(routing: Routing) -> dict[str, int]:
    return {one.line: one.units for one in routing.plan.waiting}


def said(routing: Routing) -> dict[str, str]:
    """What became of each place."""
    return {one.location: one.code for one in routing.judged}


def clock(text: str) -> time:
    return time.fromisoformat(text)
