"""The numbers behind an order: candidates, what must leave together, and what can be left out without loss.

Candidates are numbered by (handling of a unit, days, name), so that the cheapest of a set of locations is its lowest
bit and the order in which anything was written down can't matter. A set of locations is an integer, one bit each.

Costs are scaled by `scale`, and what is left over below it breaks ties: fewer parcels first, then the candidates with
the lower numbers. So there is exactly one cheapest set, whoever finds it and however.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """A location that may be asked: the cost of a parcel from there (days included), of a unit, and what lies there."""

    name: str
    parcel_cost: int
    unit_cost: int
    days: int
    units: dict[str, int]


@dataclass(frozen=True, slots=True)
class Whole:
    """Lines that leave from one location: the units needed of each item."""

    lines: tuple[str, ...]
    needs: tuple[tuple[str, int], ...]
    units: int


@dataclass(frozen=True, slots=True)
class Pool:
    """Units of one item that may leave from several locations."""

    item: str
    units: int


@dataclass(frozen=True, slots=True)
class Contest:
    """Wholes and pools that draw on the same stock: what one takes, another lacks.

    `stock`: by candidate and item. `holders`: for each whole, the set of candidates that hold all of it when alone.
    `stocked`: for each pool, (units, candidate) where there are any, the most first.
    """

    wholes: tuple[Whole, ...]
    pools: tuple[Pool, ...]
    stock: tuple[dict[str, int], ...]
    holders: tuple[int, ...]
    stocked: tuple[tuple[tuple[int, int], ...], ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """An order to be solved. `free`: wholes that no other part of the order can get in the way of, and the set of
    candidates that hold all of each. `nowhere_cost`: of a unit that nobody sends, above every sum of other costs, so
    that sending more always wins. `beaten`: who was left out, and who replaces it."""

    candidates: tuple[Candidate, ...]
    free: tuple[tuple[Whole, int], ...]
    contests: tuple[Contest, ...]
    open_costs: tuple[int, ...]
    unit_costs: tuple[int, ...]
    scale: int
    nowhere_cost: int
    beaten: dict[str, str]


def instance(candidates: list[Candidate], wholes: list[Whole], pools: list[Pool], split_cost: int) -> Instance:
    """The order in numbers, without the candidates that another one replaces at no more cost."""
    ordered = sorted(candidates, key=lambda one: (one.unit_cost, one.days, one.name))
    groups = _components(wholes, pools)
    kept, beaten = _prune(ordered, groups)
    count = len(kept)
    scale = (count + 1) << count
    free: list[tuple[Whole, int]] = []
    contests: list[Contest] = []
    for some_wholes, some_pools in groups:
        contest = _contest(kept, some_wholes, some_pools)
        if contest is None:
            free.extend((whole, _holders(kept, whole)) for whole in some_wholes)
            free.extend(_as_whole(kept, pool) for pool in some_pools)
        else:
            contests.append(contest)
    open_costs = tuple(
        (one.parcel_cost + split_cost) * scale + (1 << count) + (1 << index) for index, one in enumerate(kept)
    )
    unit_costs = tuple(one.unit_cost * scale for one in kept)
    units = sum(whole.units for whole in wholes) + sum(pool.units for pool in pools)
    dearest = sum(open_costs) + units * max(unit_costs, default=0)
    return Instance(
        tuple(kept), tuple(free), tuple(contests), open_costs, unit_costs, scale, dearest + 1, beaten
    )  # fmt: skip


def _components(wholes: list[Whole], pools: list[Pool]) -> list[tuple[list[Whole], list[Pool]]]:
    """Parts of the order that share items, each with its like."""
    root: dict[str, str] = {}

    def find(item: str) -> str:
        while root.setdefault(item, item) != item:
            item = root[item]
        return item

    for whole in wholes:
        first = find(whole.needs[0][0])
        for item, _ in whole.needs[1:]:
            other = find(item)
            root[max(first, other)] = first = min(first, other)
    groups: dict[str, tuple[list[Whole], list[Pool]]] = {}
    for whole in wholes:
        groups.setdefault(find(whole.needs[0][0]), ([], []))[0].append(whole)
    for pool in pools:
        groups.setdefault(find(pool.item), ([], []))[1].append(pool)
    return [groups[key] for key in sorted(groups)]


def _total(wholes: list[Whole], pools: list[Pool]) -> dict[str, int]:
    total: dict[str, int] = {}
    for whole in wholes:
        for item, units in whole.needs:
            total[item] = total.get(item, 0) + units
    for pool in pools:
        total[pool.item] = total.get(pool.item, 0) + pool.units
    return total


def _prune(
    ordered: list[Candidate], groups: list[tuple[list[Whole], list[Pool]]]
) -> tuple[list[Candidate], dict[str, str]]:
    """Leave out whom another candidate replaces: in any plan, all that leaves here can leave there for no more.

    Of stock that parts of the order compete for, the other must hold enough for all of them, or this one nothing.
    """
    alone = [whole for wholes, pools in groups if len(wholes) + len(pools) == 1 for whole in wholes]
    holders = [[_holds(one, whole) for one in ordered] for whole in alone]
    totals = [_total(wholes, pools) for wholes, pools in groups if len(wholes) + len(pools) > 1 or pools]
    needed = [(item, units) for total in totals for item, units in sorted(total.items())]
    beaten: dict[str, str] = {}
    for at, one in enumerate(ordered):
        for other_at, other in enumerate(ordered):
            if other_at == at or other.name in beaten or other.unit_cost > one.unit_cost:
                continue
            if (other.parcel_cost, other_at) > (one.parcel_cost, at):
                continue
            if any(held[at] and not held[other_at] for held in holders):
                continue
            if all(one.units.get(item, 0) <= 0 or other.units.get(item, 0) >= units for item, units in needed):
                beaten[one.name] = other.name
                break
    for name in beaten:
        while beaten[name] in beaten:
            beaten[name] = beaten[beaten[name]]
    return [one for one in ordered if one.name not in beaten], beaten


def _contest(kept: list[Candidate], wholes: list[Whole], pools: list[Pool]) -> Contest | None:
    """The competition for one stock, or None where each location holds enough for all it can send at all."""
    clear = True
    for one in kept:
        sent: dict[str, int] = {}
        for whole in wholes:
            if _holds(one, whole):
                for item, units in whole.needs:
                    sent[item] = sent.get(item, 0) + units
        for pool in pools:
            if one.units.get(pool.item, 0) > 0:
                sent[pool.item] = sent.get(pool.item, 0) + pool.units
        clear = clear and all(one.units.get(item, 0) >= units for item, units in sent.items())
    if clear:
        return None
    items = sorted(_total(wholes, pools))
    stock = tuple({item: max(0, one.units.get(item, 0)) for item in items} for one in kept)
    holders = tuple(_holders(kept, whole) for whole in wholes)
    stocked = tuple(
        tuple(sorted(((lies[pool.item], at) for at, lies in enumerate(stock) if lies[pool.item]), key=_most_first))
        for pool in pools
    )
    return Contest(tuple(wholes), tuple(pools), stock, holders, stocked)


def _most_first(units_at: tuple[int, int]) -> tuple[int, int]:
    return -units_at[0], units_at[1]


def _as_whole(kept: list[Candidate], pool: Pool) -> tuple[Whole, int]:
    whole = Whole((), ((pool.item, pool.units),), pool.units)
    return whole, _holders(kept, whole)


def _holders(kept: list[Candidate], whole: Whole) -> int:
    return sum(1 << index for index, one in enumerate(kept) if _holds(one, whole))


def _holds(one: Candidate, whole: Whole) -> bool:
    return all(one.units.get(item, 0) >= units for item, units in whole.needs)
