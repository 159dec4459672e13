"""Orders, stock and policies for routing by the seed, and the plainest way to find the cheapest plan: try them all.

`brute_force` shares nothing with `ordna.core.routing` but the types: it tries every location for all that must stay
together and every way to spread what may be spread, and adds up what each costs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime

from ordna.core.hours import ALWAYS_OPEN, Hours
from ordna.core.routing import Demand, Location, RoutingPolicy, Supply, Wanted

HOURS: Hours = ALWAYS_OPEN
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)

Case = tuple[Demand, Supply, RoutingPolicy]


def small_case(seed: int) -> Case:
    """Two to eight locations and one to five lines, of which some share an item, some must stay together and some may
    be spread; stock is short often. Small enough to try every plan."""
    rng = random.Random(seed)
    while True:
        case = _case(
            rng,
            locations=rng.randint(2, 8),
            lines=rng.randint(1, 5),
            items=rng.randint(1, 5),
            units=rng.choice((1, 2, 3)),
            full=rng.choice((0.2, 0.5, 0.8)),
            split_lines=rng.random() < 0.4,
        )
        if _plans(case) <= 3_000:
            return case


def large_case(seed: int, *, locations: int = 20, split_lines: bool | None = None, full: float | None = None) -> Case:
    """One to eight lines over twenty locations, each with a part of the assortment."""
    rng = random.Random(seed)
    return _case(
        rng,
        locations=locations,
        lines=rng.randint(1, 8),
        items=12,
        units=rng.choice((1, 2, 4)),
        full=rng.choice((0.15, 0.3, 0.6)) if full is None else full,
        split_lines=rng.random() < 0.25 if split_lines is None else split_lines,
    )


def _case(
    rng: random.Random, *, locations: int, lines: int, items: int, units: int, full: float, split_lines: bool
) -> Case:
    names = [f"place-{number:02}" for number in range(locations)]
    skus = [f"sku-{number}" for number in range(items)]
    flat = rng.random() < 0.4
    places = {
        name: Location(name, name.title(), {"home": rng.randint(20, 90) * 100}, 0 if flat else rng.randint(0, 9) * 100)
        for name in names
    }
    policy = RoutingPolicy(
        currency="DKK",
        locations=places,
        zones={"home": ("DK",)},
        split_cost=rng.choice((0, 0, 1_000, 2_500)),
        split_lines=split_lines,
        together=(tuple(rng.sample(skus, 2)),) if items > 2 and rng.random() < 0.3 else (),
        order_together=rng.random() < 0.05,
    )
    wanted = tuple(Wanted(f"line-{number}", rng.choice(skus), rng.randint(1, units)) for number in range(lines))
    stock = {
        name: {sku: rng.randint(1, 2 * units) for sku in skus if rng.random() < full} for name in names
    }  # fmt: skip
    return Demand(wanted, "DK"), Supply(stock), policy


def brute_force(demand: Demand, supply: Supply, policy: RoutingPolicy) -> tuple[int, int]:
    """(units that nobody sends, total) of the best plan: most units first, then the cheapest."""
    wholes, spread = _kept_and_spread(demand, policy)
    names = sorted(policy.locations)
    best = (10**9, 10**9)

    def weigh(sent: dict[str, int], missing: int) -> None:
        nonlocal best
        used = [name for name in names if sent.get(name)]
        total = sum(
            policy.locations[name].parcel_costs["home"] + policy.locations[name].unit_cost * sent[name] for name in used
        )
        best = min(best, (missing, total + policy.split_cost * max(0, len(used) - 1)))

    def place(at: int, left: dict[str, dict[str, int]], sent: dict[str, int], missing: int) -> None:
        if missing > best[0]:
            return
        if at == len(wholes) + len(spread):
            weigh(sent, missing)
            return
        for given, not_given in _ways(wholes, spread, at, left, names):
            after = {name: dict(left[name]) for name in names}
            more = dict(sent)
            for name, items in given.items():
                for item, count in items.items():
                    after[name][item] -= count
                    more[name] = more.get(name, 0) + count
            place(at + 1, after, more, missing + not_given)

    place(0, {name: dict(supply.units.get(name, {})) for name in names}, {}, 0)
    return best


def _kept_and_spread(demand: Demand, policy: RoutingPolicy) -> tuple[list[dict[str, int]], list[tuple[str, int]]]:
    groups = [([line], {line.item}) for line in demand.lines]
    if policy.order_together or demand.one_parcel:
        groups = [(list(demand.lines), {line.item for line in demand.lines})]
    for listed in policy.together:
        hit = [group for group in groups if group[1] & set(listed)]
        if len(hit) > 1:
            groups = [group for group in groups if group not in hit]
            groups.append(([line for some, _ in hit for line in some], set().union(*(items for _, items in hit))))
    always = {item for listed in policy.together for item in listed}
    wholes: list[dict[str, int]] = []
    spread: dict[str, int] = {}
    for lines, items in groups:
        if policy.split_lines and len(lines) == 1 and not items & always and not policy.order_together:
            spread[lines[0].item] = spread.get(lines[0].item, 0) + lines[0].units
        else:
            needs: dict[str, int] = {}
            for line in lines:
                needs[line.item] = needs.get(line.item, 0) + line.units
            wholes.append(needs)
    return wholes, sorted(spread.items())


def _ways(
    wholes: list[dict[str, int]],
    spread: list[tuple[str, int]],
    at: int,
    left: dict[str, dict[str, int]],
    names: list[str],
) -> Iterator[tuple[dict[str, dict[str, int]], int]]:
    """Every way to send one whole or one spread item, and how many units it leaves out."""
    if at < len(wholes):
        needs = wholes[at]
        for name in names:
            if all(left[name].get(item, 0) >= count for item, count in needs.items()):
                yield {name: needs}, 0
        yield {}, sum(needs.values())
        return
    item, wanted = spread[at - len(wholes)]
    for counts in _spreads(wanted, [left[name].get(item, 0) for name in names]):
        given = {name: {item: count} for name, count in zip(names, counts, strict=True) if count}
        yield given, wanted - sum(counts)


def _spreads(wanted: int, have: list[int]) -> Iterator[tuple[int, ...]]:
    if not have:
        yield ()
        return
    for count in range(min(wanted, have[0]) + 1):
        for rest in _spreads(wanted - count, have[1:]):
            yield (count, *rest)


def _plans(case: Case) -> int:
    """How many plans there are, at most."""
    demand, supply, policy = case
    wholes, spread = _kept_and_spread(demand, policy)
    count = (len(policy.locations) + 1) ** len(wholes)
    for item, wanted in spread:
        count *= sum(1 for _ in _spreads(wanted, [supply.units[name].get(item, 0) for name in sorted(supply.units)]))
    return count
