"""From the plan to what is asked of the shop: which fulfillment orders move, part, are held, or must be asked back.

Desired minus observed. Units that lie where the plan wants them stay; the rest of a fulfillment order moves to where
units are still missing; units that wait for stock are held, so that what is ready can go. The shop gives fulfillment
orders new ids whenever they part or move, so at most one thing is asked of each, and the next after a new look.
Nothing is ever undone by force: what a location has picked or a warehouse of another company has taken on stays until
it is given back, and is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from ordna.core.messages import PartSeen, Quantity
from ordna.core.routing.model import Plan, RoutingPolicy

#: The handle of our hold on units that no location can send.
WAITING_HANDLE = "ordna-waits-for-stock"

_MOVABLE = frozenset({"open", "scheduled", "on_hold"})
_TAKEN_ON = frozenset({"submitted", "accepted"})


class MoveUnits(Struct, frozen=True):
    """Have another location send these units. `whole`: all the fulfillment order still has."""

    part: str
    location: str
    lines: tuple[Quantity, ...]
    whole: bool


class HoldUnits(Struct, frozen=True):
    """Hold these units until there is stock; unless `whole`, the shop parts them from the rest."""

    part: str
    lines: tuple[Quantity, ...]
    whole: bool


class ReleaseUnits(Struct, frozen=True):
    """Take our hold for want of stock off: there is some now."""

    part: str
    hold: str


class AskBack(Struct, frozen=True):
    """Ask the company that ships it to give it back: a cancellation request, which it may refuse."""

    part: str


class MergeParts(Struct, frozen=True):
    """Bring fulfillment orders of one location together, so that one parcel leaves."""

    into: str
    others: tuple[str, ...]


Ask = MoveUnits | HoldUnits | ReleaseUnits | AskBack | MergeParts


class Stuck(Struct, frozen=True):
    """A fulfillment order that should move and can't, and why."""

    part: str
    code: str
    sentence: str


class Moves(Struct, frozen=True):
    """What is asked now, and what can't be."""

    asks: tuple[Ask, ...]
    stuck: tuple[Stuck, ...]


@dataclass(slots=True)
class _Part:
    seen: PartSeen
    fixed: Stuck | None
    asked_back: bool
    left: dict[str, int]
    kept: dict[str, int] = field(default_factory=dict)


def moves(
    parts: Iterable[PartSeen],
    plan: Plan,
    policy: RoutingPolicy,
    handled: Mapping[str, Mapping[str, int]],
) -> Moves:
    """What the shop must be asked so that the order leaves as planned.

    `parts` are live fulfillment orders; `handled` the units picked of each. Locations are matched by the shop's id of
    them; a planned location without one can't be moved to, and its units stay where they are.
    """
    mine = [_part(seen, handled.get(seen.id, {})) for seen in parts]
    mine.sort(key=lambda one: (one.fixed is None, len(one.seen.id), one.seen.id))
    wanted = _wanted(plan, policy)
    for one in mine:
        _keep(one, wanted.get(one.seen.location or "", {}))
    asks: list[Ask] = []
    stuck: list[Stuck] = []
    waiting = {quantity.line: quantity.units for quantity in plan.waiting}
    for one in mine:
        ask = _ask(one, wanted, waiting)
        if isinstance(ask, Stuck):
            stuck.append(ask)
        elif ask is not None:
            asks.append(ask)
    if not asks and not stuck:
        asks.extend(_merges(mine))
    return Moves(tuple(asks), tuple(stuck))


def _part(seen: PartSeen, handled: Mapping[str, int]) -> _Part:
    left = {quantity.line: quantity.units for quantity in (seen.remaining or seen.lines) if quantity.units > 0}
    status = seen.request_status or "unsubmitted"
    fixed: Stuck | None = None
    if status == "cancellation_requested":
        fixed = Stuck(seen.id, "asked_back", "It was asked back, and the answer is not there yet.")
    elif status == "cancellation_rejected":
        fixed = Stuck(seen.id, "kept", "It was asked back, and whoever ships it said no.")
    elif any(units > 0 for units in handled.values()):
        fixed = Stuck(seen.id, "picked", "Units of it are picked already: put them back first.")
    elif status in _TAKEN_ON:
        fixed = Stuck(seen.id, "taken_on", "Whoever ships it has it; it must be given back first.")
    elif seen.status not in _MOVABLE:
        fixed = Stuck(seen.id, "in_progress", f"It is {seen.status.replace('_', ' ')}, so it can't be moved.")
    return _Part(seen, fixed, fixed is not None and fixed.code == "taken_on", left)


def _wanted(plan: Plan, policy: RoutingPolicy) -> dict[str, dict[str, int]]:
    """Units still missing, by the shop's location and line."""
    wanted: dict[str, dict[str, int]] = {}
    for parcel in plan.parcels:
        shop_id = policy.locations[parcel.location].shop_id
        if shop_id is not None:
            wanted[shop_id] = {quantity.line: quantity.units for quantity in parcel.lines}
    return wanted


def _keep(one: _Part, missing: dict[str, int]) -> None:
    """Units that lie where they are wanted stay."""
    for line in sorted(one.left):
        stays = min(one.left[line], missing.get(line, 0))
        if stays:
            one.kept[line] = stays
            one.left[line] -= stays
            missing[line] -= stays
    one.left = {line: units for line, units in one.left.items() if units}


def _ask(one: _Part, wanted: dict[str, dict[str, int]], waiting: dict[str, int]) -> Ask | Stuck | None:
    """The next thing to ask of a fulfillment order; takes what moves from what is missing."""
    target = _target(one, wanted)
    if target is not None and one.fixed is not None:
        return AskBack(one.seen.id) if one.asked_back else one.fixed
    if target is not None:
        location, units = target
        for line, count in units.items():
            wanted[location][line] -= count
        return MoveUnits(one.seen.id, location, _quantities(units), not one.kept and units == one.left)
    ours = next((hold for hold in one.seen.holds if hold.ours and hold.handle == WAITING_HANDLE), None)
    waits: dict[str, int] = {}
    for line in sorted(one.left):
        count = min(one.left[line], waiting.get(line, 0))
        if count:
            waits[line] = count
            waiting[line] -= count
    if ours is not None:
        return ReleaseUnits(one.seen.id, ours.id) if one.kept and not waits else None
    if not waits or one.fixed is not None or one.seen.status == "on_hold":
        return None
    return HoldUnits(one.seen.id, _quantities(waits), not one.kept and waits == one.left)


def _target(one: _Part, wanted: dict[str, dict[str, int]]) -> tuple[str, dict[str, int]] | None:
    """Where most of a fulfillment order's surplus is missing, and the units that are."""
    best: tuple[str, dict[str, int]] | None = None
    for location in sorted(wanted):
        if location == one.seen.location:
            continue
        units = {line: min(count, wanted[location].get(line, 0)) for line, count in sorted(one.left.items())}
        units = {line: count for line, count in units.items() if count > 0}
        if units and (best is None or sum(units.values()) > sum(best[1].values())):
            best = location, units
    return best


def _merges(mine: list[_Part]) -> list[Ask]:
    """Open fulfillment orders of one location whose units are all wanted there."""
    by_place: dict[tuple[str, str], list[str]] = {}
    for one in mine:
        if one.fixed is None and one.kept and not one.left and one.seen.status == "open" and one.seen.location:
            by_place.setdefault((one.seen.location, one.seen.delivery_method or ""), []).append(one.seen.id)
    return [MergeParts(ids[0], tuple(ids[1:])) for _, ids in sorted(by_place.items()) if len(ids) > 1]


def _quantities(units: dict[str, int]) -> tuple[Quantity, ...]:
    return tuple(Quantity(line, count) for line, count in sorted(units.items()))
