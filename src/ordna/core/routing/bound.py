"""What no plan can undercut: a lower bound by dual ascent, after Erlenkotter (1978).

Each block of units offers to pay a price. It begins with the handling of the cheapest location that could send it, and
is raised as long as no location's offers, above its handling, come to more than a parcel from there costs. The prices
are then a solution of the dual problem, so their sum is at most the cost of every plan. Locations whose parcel is paid
for are where a good plan sends from.

Stock that several parts compete for is relaxed to blocks that a plan sends in any case:

* of a whole, that some location which holds it sends it;
* of a pool, that all but what lies at the best-stocked location leave elsewhere, that all but what lies at the two
  best-stocked leave from neither, and so on.
"""

from __future__ import annotations

from ordna.core.routing.instance import Instance
from ordna.core.routing.serve import opening

#: Units and the set of candidates that could send them.
Block = tuple[int, int]


def blocks(order: Instance, allowed: int) -> tuple[list[Block], int]:
    """Blocks of units that must leave from among the allowed candidates, one a set, and the number of units that
    can't leave from any."""
    units_by_set: dict[int, int] = {}
    lost = 0

    def add(units: int, holders: int) -> None:
        nonlocal lost
        if not holders:
            lost += units
        elif units:
            units_by_set[holders] = units_by_set.get(holders, 0) + units

    for whole, holders in order.free:
        add(whole.units, holders & allowed)
    for contest in order.contests:
        for whole, holders in zip(contest.wholes, contest.holders, strict=True):
            add(whole.units, holders & allowed)
        for pool, stocked in zip(contest.pools, contest.stocked, strict=True):
            for units, holders in _nested(pool.units, [lies for lies in stocked if allowed >> lies[1] & 1]):
                add(units, holders)
    return [(units, holders) for holders, units in units_by_set.items()], lost


def lower_bound(order: Instance, senders: int, undecided: int) -> tuple[int, int]:
    """The least that any plan costs which opens all `senders` and else only undecided candidates, scaled; and the set
    of candidates whose parcel the prices pay for."""
    allowed = senders | undecided
    parts, lost = blocks(order, allowed)
    slack = [0 if senders >> at & 1 else cost for at, cost in enumerate(order.open_costs)]
    bidders = []
    for units, holders in parts:
        able = [at for at in range(len(slack)) if holders >> at & 1]
        bidders.append(([order.unit_costs[at] * units for at in able], able))
    bidders.sort(key=lambda one: (len(one[1]), one))
    prices = sum(_ascend(levels, able, slack) for levels, able in bidders)
    paid = sum(1 << at for at, left in enumerate(slack) if not left and allowed >> at & 1)
    return opening(order, senders) + prices + lost * order.nowhere_cost, paid


def _ascend(levels: list[int], able: list[int], slack: list[int]) -> int:
    """The highest price one block can pay, its candidates in the order of their handling; takes it from their slack."""
    price, met = levels[0], 0
    while True:
        while met < len(levels) and levels[met] <= price:
            met += 1
        room = min(slack[at] for at in able[:met])
        if not room:
            return price
        step = min(room, levels[met] - price) if met < len(levels) else room
        for at in able[:met]:
            slack[at] -= step
        price += step


def _nested(units: int, stocked: list[tuple[int, int]]) -> list[Block]:
    """Blocks of a pool's units by the set that each must come from; what lies nowhere comes with the empty set."""
    somewhere = sum(1 << at for _, at in stocked)
    out: list[Block] = []
    reached = 0
    for have, at in stocked:
        if reached + have >= units:
            break
        out.append((have, somewhere))
        somewhere &= ~(1 << at)
        reached += have
    out.append((units - reached, somewhere))
    return out
