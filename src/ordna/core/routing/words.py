"""A routing in the words of a warehouse lead: what leaves where and why, and of every other location why not.

`explain` weighs the order by the function that routes it. Of a location that could have been asked it says what the
order would cost if that location sent all it has, and the others the rest as cheaply as they can.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from ordna.core.hours import Hours
from ordna.core.routing.instance import Candidate, Pool, Whole, instance
from ordna.core.routing.model import Demand, Judged, PlannedParcel, Routing, RoutingPolicy, Supply
from ordna.core.routing.plan import Weighed, weigh
from ordna.core.routing.search import search
from ordna.core.values import Money


class Instead(Struct, frozen=True):
    """The plan with another location in it: its parcels, what it costs more, and how many more units would wait."""

    parcels: int
    dearer_by: int
    waiting_more: int


class LocationWords(Struct, frozen=True):
    """What is said of one location; `instead` only where it could have been asked and was not."""

    location: str
    chosen: bool
    code: str
    sentence: str
    instead: Instead | None = None


class RoutingWords(Struct, frozen=True):
    """A routing said: the plan in one sentence, then each location, the chosen ones first."""

    routing: Routing
    sentence: str
    locations: tuple[LocationWords, ...]


def explain(demand: Demand, supply: Supply, policy: RoutingPolicy, hours: Hours, now: datetime) -> RoutingWords:
    """The routing `route` gives for the same input, and why."""
    weighed = weigh(demand, supply, policy, hours, now)
    said = [_location(one, weighed, policy) for one in weighed.routing.judged]
    said.sort(key=lambda one: (not one.chosen, one.instead is None, one.instead.dearer_by if one.instead else 0))
    return RoutingWords(weighed.routing, _plan_words(weighed.routing, policy), tuple(said))


def _location(judged: Judged, weighed: Weighed, policy: RoutingPolicy) -> LocationWords:
    title = policy.locations[judged.location].title
    if judged.code == "chosen":
        parcel = next(one for one in weighed.routing.plan.parcels if one.location == judged.location)
        return LocationWords(judged.location, True, judged.code, f"{title}: {_chosen(judged, parcel, policy)}")
    if judged.code == "dearer":
        instead = _instead(judged.location, weighed, policy)
        sentence = f"{title}: {_has(judged)}; {_instead_words(instead, judged, policy)}"
        return LocationWords(judged.location, False, judged.code, sentence, instead)
    return LocationWords(judged.location, False, judged.code, f"{title}: {_barred(judged, policy)}")


def _plan_words(routing: Routing, policy: RoutingPolicy) -> str:
    plan = routing.plan
    waiting = sum(quantity.units for quantity in plan.waiting)
    if not plan.parcels:
        return f"Nothing can leave: {_units(waiting)} {_wait(waiting)}." if waiting else "There is nothing to send."
    names = " and ".join(policy.locations[parcel.location].title for parcel in plan.parcels)
    cost = Money(plan.cost, policy.currency)
    count = "one parcel" if len(plan.parcels) == 1 else f"{len(plan.parcels)} parcels"
    words = f"{names}: {count}, {cost}"
    if plan.splitting:
        words += f", and {Money(plan.splitting, policy.currency)} for sending more than one"
    if waiting:
        words += f"; {_units(waiting)} {_wait(waiting)}"
    if not plan.exact:
        words += f". The cheapest plan may cost up to {Money(plan.total - plan.bound, policy.currency)} less"
    return words + "."


def _chosen(judged: Judged, parcel: PlannedParcel, policy: RoutingPolicy) -> str:
    units = sum(quantity.units for quantity in parcel.lines)
    sends = "sends all" if units == judged.needs else f"sends {units} of {judged.needs}"
    return f"{_has(judged)}; {sends} for {Money(parcel.cost, policy.currency)}, {_leaves(judged.days)}"


def _has(judged: Judged) -> str:
    said = f", said no to some: {judged.words}" if judged.words else ""
    return f"has {judged.has} of {judged.needs}{said}"


def _instead_words(instead: Instead, judged: Judged, policy: RoutingPolicy) -> str:
    count = "one parcel" if instead.parcels == 1 else f"{instead.parcels} parcels"
    sign = "-" if instead.dearer_by < 0 else "+"
    words = f"{count}, {sign}{Money(abs(instead.dearer_by), policy.currency)}"
    if not instead.parcels:
        words = "it can't send any of it whole"
    if instead.waiting_more > 0:
        words += f", and {_units(instead.waiting_more)} more would wait"
    return words + (f", {_leaves(judged.days)}" if judged.days else "")


def _barred(judged: Judged, policy: RoutingPolicy) -> str:
    match judged.code:
        case "other_place_wished":
            wished = policy.locations.get(judged.words)
            return f"the customer wishes {wished.title if wished else judged.words}"
        case "not_for_channel":
            return f"orders from {judged.words} do not leave from here"
        case "does_not_ship_there":
            return f"does not ship to {judged.words or 'an unknown country'}"
        case "said_no":
            return f"said no: {judged.words}"
        case "full":
            return f"full, {judged.words} parcels"
        case "nothing_to_send":
            return "nothing to send"
        case _:
            return f"has none of it{', said no: ' + judged.words if judged.words else ''}"


def _leaves(days: int) -> str:
    return {0: "leaves today", 1: "leaves tomorrow"}.get(days, f"leaves in {days} days")


def _units(count: int) -> str:
    return "1 unit" if count == 1 else f"{count} units"


def _wait(count: int) -> str:
    return "waits for stock" if count == 1 else "wait for stock"


def _instead(name: str, weighed: Weighed, policy: RoutingPolicy) -> Instead:
    """The order with this location sending all it can, and the rest sent as cheaply as the others can."""
    candidate = next(one for one in weighed.candidates if one.name == name)
    wholes, pools, units = _without(candidate, weighed)
    others = [one for one in weighed.candidates if one.name != name]
    rest = instance(others, wholes, pools, policy.split_cost)
    served = search(rest).served
    sent = sum(units for share in served.shares for _, units in share)
    missing = sum(whole.units for whole in wholes) + sum(pool.units for pool in pools) - sent
    total = (served.cost - missing * rest.nowhere_cost) // rest.scale
    parcels = served.used.bit_count()
    if units:
        parcels += 1
        total += candidate.parcel_cost + candidate.unit_cost * units + policy.split_cost
    total -= policy.split_cost if parcels else 0
    plan = weighed.routing.plan
    return Instead(parcels if units else 0, total - plan.total, missing - sum(one.units for one in plan.waiting))


def _without(candidate: Candidate, weighed: Weighed) -> tuple[list[Whole], list[Pool], int]:
    """What remains for others, and the units that leave here."""
    left = dict(candidate.units)
    wholes, pools, sent = [], [], 0
    for whole in weighed.wholes:
        if all(left.get(item, 0) >= units for item, units in whole.needs):
            for item, units in whole.needs:
                left[item] -= units
            sent += whole.units
        else:
            wholes.append(whole)
    for pool in weighed.pools:
        take = max(0, min(pool.units, left.get(pool.item, 0)))
        sent += take
        if take < pool.units:
            pools.append(Pool(pool.item, pool.units - take))
    return wholes, pools, sent
