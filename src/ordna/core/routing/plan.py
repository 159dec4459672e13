"""Which location sends what: from a demand, a supply and the policy to the cheapest plan.

1. Every location of the policy is judged: some can't be asked at all, for a reason that is kept.
2. What must leave together is put together: lines of a keep-together list, the whole order if it or the customer says
   so. Other lines stay whole, or their units may be spread if the policy says so.
3. `instance` makes numbers of it, `search` finds the cheapest set of locations, and the plan is read off it.

More units sent always wins over a cheaper plan; then the total decides, then fewer parcels, then the cheaper handling,
the sooner departure and the name. Nothing depends on the order in which anything was written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from ordna.core.hours import Clock, Hours, Within, due
from ordna.core.messages import Quantity
from ordna.core.routing.instance import Candidate, Instance, Pool, Whole, instance
from ordna.core.routing.model import (
    Demand,
    Judged,
    Location,
    Plan,
    PlannedParcel,
    Routing,
    RoutingPolicy,
    Supply,
    Wanted,
)
from ordna.core.routing.search import Found, search

_END_OF_DAY = time(23, 59)
_CUTOFF = Within("same day before cutoff", Clock.CUTOFF, 0)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A routing with the numbers it was made from: who might be asked, what leaves together, what may be spread."""

    routing: Routing
    candidates: tuple[Candidate, ...]
    wholes: tuple[Whole, ...]
    pools: tuple[Pool, ...]


def route(demand: Demand, supply: Supply, policy: RoutingPolicy, hours: Hours, now: datetime) -> Routing:
    """The cheapest plan for an order and why each location has the part in it that it has. `now` is aware."""
    return weigh(demand, supply, policy, hours, now).routing


def weigh(demand: Demand, supply: Supply, policy: RoutingPolicy, hours: Hours, now: datetime) -> Weighed:
    """The same, with the numbers behind it."""
    lines = tuple(sorted((line for line in demand.lines if line.units > 0), key=lambda line: line.line))
    departures = _Departures(hours, now)
    candidates, judged = [], []
    for name in sorted(policy.locations):
        verdict, candidate = _judge(policy.locations[name], lines, demand, supply, policy, departures)
        judged.append(verdict)
        if candidate is not None:
            candidates.append(candidate)
    wholes, pools = parts(lines, demand, policy)
    order = instance(candidates, wholes, pools, policy.split_cost)
    plan = _plan(order, search(order), lines, policy)
    routing = Routing(plan, _settled(judged, order, plan), len(order.candidates))
    return Weighed(routing, tuple(candidates), tuple(wholes), tuple(pools))


def parts(lines: tuple[Wanted, ...], demand: Demand, policy: RoutingPolicy) -> tuple[list[Whole], list[Pool]]:
    """What leaves from one location each, and what may be spread."""
    together = _together(lines, demand, policy)
    lists = {name for names in policy.together for name in names}
    kept: dict[str, list[Wanted]] = {}
    spread: dict[str, int] = {}
    for line in lines:
        listed = line.item in lists or policy.order_together or demand.one_parcel
        if policy.split_lines and not listed:
            spread[line.item] = spread.get(line.item, 0) + line.units
        else:
            kept.setdefault(together[line.line], []).append(line)
    wholes = []
    for group in kept.values():
        needs: dict[str, int] = {}
        for line in group:
            needs[line.item] = needs.get(line.item, 0) + line.units
        names = tuple(line.line for line in group)
        wholes.append(Whole(names, tuple(sorted(needs.items())), sum(needs.values())))
    # The larger first: what is hard to place is placed while there is stock, and alike ones stand beside each other.
    wholes.sort(key=lambda whole: (-whole.units, whole.needs, whole.lines))
    return wholes, [Pool(item, spread[item]) for item in sorted(spread)]


def _together(lines: tuple[Wanted, ...], demand: Demand, policy: RoutingPolicy) -> dict[str, str]:
    """For each line, the first line of those that leave with it."""
    if (policy.order_together or demand.one_parcel) and lines:
        return {line.line: lines[0].line for line in lines}
    first = {line.line: line.line for line in lines}
    for names in sorted(policy.together):
        listed = [line for line in lines if line.item in names]
        heads = {first[line.line] for line in listed}
        if len(heads) > 1:
            head = min(heads)
            first = {line: head if old in heads else old for line, old in first.items()}
    return first


class _Departures:
    """Days until a parcel leaves, by the location's cut-off."""

    def __init__(self, hours: Hours, now: datetime) -> None:
        self.hours, self.now = hours, now
        self.today = now.astimezone(ZoneInfo(hours.zone)).date()
        self.known: dict[time | None, int] = {}

    def days(self, cutoff: time | None) -> int:
        if cutoff not in self.known:
            leaves = due(self.now, _CUTOFF, self.hours, cutoff or _END_OF_DAY)
            self.known[cutoff] = (leaves.astimezone(ZoneInfo(self.hours.zone)).date() - self.today).days
        return self.known[cutoff]


def _judge(
    location: Location,
    lines: tuple[Wanted, ...],
    demand: Demand,
    supply: Supply,
    policy: RoutingPolicy,
    departures: _Departures,
) -> tuple[Judged, Candidate | None]:
    """What is said of one location before anything is weighed, and its numbers if it may be asked."""
    name = location.name
    units = dict(supply.units.get(name, {}))
    said = ""
    for bar in sorted(demand.barred, key=lambda one: (one.item or "", one.reason)):
        if bar.location == name and bar.item is not None:
            units[bar.item], said = 0, bar.reason
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line.item] = wanted.get(line.item, 0) + line.units
    needs = sum(wanted.values())
    has = sum(max(0, min(count, units.get(item, 0))) for item, count in wanted.items())
    zone = policy.zone_of(demand.country)
    whole_bars = sorted(bar.reason for bar in demand.barred if bar.location == name and bar.item is None)
    taken = supply.parcels.get(name, 0)
    code, words = "", said
    if not needs:
        code = "nothing_to_send"
    elif demand.place is not None and demand.place != name:
        code, words = "other_place_wished", demand.place
    elif demand.channel in policy.channels and name not in policy.channels[demand.channel]:
        code, words = "not_for_channel", demand.channel
    elif demand.place is None and (zone is None or zone not in location.parcel_costs):
        code, words = "does_not_ship_there", demand.country
    elif whole_bars:
        code, words = "said_no", whole_bars[0]
    elif location.capacity is not None and taken >= location.capacity:
        code, words = "full", f"{taken} of {location.capacity}"
    elif has == 0:
        code = "has_none"
    days = departures.days(location.cutoff)
    if code:
        return Judged(name, code, has, needs, words, days), None
    postage = location.parcel_costs.get(zone, 0) if zone is not None and demand.place is None else 0
    cost = postage + days * policy.wait_cost
    return Judged(name, "dearer", has, needs, words, days), Candidate(name, cost, location.unit_cost, days, units)


def _settled(judged: list[Judged], order: Instance, plan: Plan) -> tuple[Judged, ...]:
    chosen = {parcel.location for parcel in plan.parcels}
    out = []
    for one in judged:
        if one.location in chosen:
            one = Judged(one.location, "chosen", one.has, one.needs, one.words, one.days)
        elif one.location in order.beaten:
            beaten = order.beaten[one.location]
            one = Judged(one.location, one.code, one.has, one.needs, one.words, one.days, beaten)
        out.append(one)
    return tuple(out)


def _plan(order: Instance, found: Found, lines: tuple[Wanted, ...], policy: RoutingPolicy) -> Plan:
    by_line, waiting = _hand_to_lines(order, found, lines)
    parcels = []
    delay = 0
    for index, candidate in enumerate(order.candidates):
        sent = by_line.get(index)
        if not sent:
            continue
        units = sum(sent.values())
        wait = candidate.days * policy.wait_cost
        cost = candidate.parcel_cost - wait + candidate.unit_cost * units
        delay += wait
        quantities = tuple(Quantity(line, count) for line, count in sorted(sent.items()))
        parcels.append(PlannedParcel(candidate.name, quantities, cost, candidate.days))
    parcels.sort(key=lambda parcel: parcel.location)
    cost = sum(parcel.cost for parcel in parcels)
    splitting = policy.split_cost * max(0, len(parcels) - 1)
    total = cost + splitting + delay
    missing = sum(count for _, count in waiting)
    bound = (found.bound - missing * order.nowhere_cost) // order.scale - (policy.split_cost if parcels else 0)
    bound = total if found.exact else max(0, min(total, bound))
    return Plan(tuple(parcels), tuple(Quantity(*one) for one in waiting), cost, splitting, delay, bound, bound == total)


def _hand_to_lines(
    order: Instance, found: Found, lines: tuple[Wanted, ...]
) -> tuple[dict[int, dict[str, int]], list[tuple[str, int]]]:
    """Units by candidate and line, and (line, units) that wait."""
    units = {line.line: line.units for line in lines}
    sent: dict[int, dict[str, int]] = {}
    waiting: list[tuple[str, int]] = []
    pooled: dict[str, list[tuple[int, int]]] = {}
    in_wholes: set[str] = set()
    served: list[Whole | Pool] = [whole for whole, _ in order.free]
    for contest in order.contests:
        served += [*contest.wholes, *contest.pools]
    for part, share in zip(served, found.served.shares, strict=True):
        if isinstance(part, Pool) or not part.lines:
            pooled[part.item if isinstance(part, Pool) else part.needs[0][0]] = list(share)
            continue
        in_wholes.update(part.lines)
        for name in part.lines:
            if share:
                sent.setdefault(share[0][0], {})[name] = units[name]
            else:
                waiting.append((name, units[name]))
    spread = [line for line in lines if line.line not in in_wholes]
    for line in sorted(spread, key=lambda line: (-line.units, line.line)):
        left = _draw(line, pooled[line.item], sent)
        if left:
            waiting.append((line.line, left))
    return sent, sorted(waiting)


def _draw(line: Wanted, share: list[tuple[int, int]], sent: dict[int, dict[str, int]]) -> int:
    """Take a line's units from its item's share: from one sender if one has enough left, or else the largest first.
    Units that nobody sends are the answer."""
    left = line.units
    enough = sorted((have, index) for index, have in share if have >= left)
    for have, index in enough[:1] or sorted(
        ((have, index) for index, have in share), key=lambda one: (-one[0], one[1])
    ):
        take = min(left, have)
        if take > 0:
            sent.setdefault(index, {})[line.line] = take
            share[share.index((index, have))] = (index, have - take)
            left -= take
    return left
