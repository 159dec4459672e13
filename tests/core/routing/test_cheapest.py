"""Never dearer than the best of all plans, and the same plan whatever order things were written down in."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from bench.routing_cases import HOURS, NOW, Case, brute_force, large_case, small_case
from ordna.core.routing import Demand, Routing, RoutingPolicy, Supply, Wanted, route, search
from ordna.core.routing.instance import Instance
from ordna.core.routing.search import EXACT_MAX, Found
from ordna.core.routing.serve import serve

CASES = 400
ROOT = Path(__file__).parents[3]


def worse_than_brute_force(seeds: range) -> list[int]:
    """The seeds whose plan sends fewer units than the best, or costs more."""
    out = []
    for seed in seeds:
        case = small_case(seed)
        plan = routed(case).plan
        if (sum(one.units for one in plan.waiting), plan.total) != brute_force(*case):
            out.append(seed)
    return out


def routed(case: Case) -> Routing:
    return route(*case, HOURS, NOW)


def test_never_dearer_than_brute_force() -> None:
    assert worse_than_brute_force(range(CASES)) == []


def test_few_candidates_are_always_exact() -> None:
    for seed in range(CASES):
        routing = routed(large_case(seed))
        assert routing.plan.exact or routing.candidates > EXACT_MAX
        assert 0 <= routing.plan.bound <= routing.plan.total


def test_a_greedy_choice_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault: the location that sends most is opened first, as if the rest would find itself."""

    def greedy(order: Instance, **_: int) -> Found:
        senders, best = 0, serve(order, 0)
        while True:
            tries = [serve(order, senders | 1 << at) for at in range(len(order.candidates))]
            better = min(tries, key=lambda one: one.cost, default=best)
            if better.cost >= best.cost:
                return Found(best, best.cost, True)
            senders, best = better.used, better

    monkeypatch.setattr("ordna.core.routing.plan.search", greedy)
    assert worse_than_brute_force(range(CASES))


def test_a_location_left_out_wrongly_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault: a location is left out for a cheaper one that has less."""
    from ordna.core.routing import instance

    monkeypatch.setattr(instance, "_holds", lambda *_: True)
    monkeypatch.setattr(instance, "_holders", lambda kept, whole: sum(
        1 << at for at, one in enumerate(kept) if all(one.units.get(item, 0) >= n for item, n in whole.needs)
    ))  # fmt: skip
    assert worse_than_brute_force(range(CASES))


def test_a_bound_above_the_truth_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault: the bound counts each block's handling at its dearest location, so good branches are cut."""
    honest = search.lower_bound

    def too_high(order: Instance, senders: int, undecided: int) -> tuple[int, int]:
        bound, paid = honest(order, senders, undecided)
        return bound + max(order.open_costs, default=0), paid

    monkeypatch.setattr(search, "lower_bound", too_high)
    assert worse_than_brute_force(range(CASES))


@pytest.mark.parametrize("seed", range(60))
def test_the_order_of_writing_never_changes_the_plan(seed: int) -> None:
    case = large_case(seed) if seed % 2 else small_case(seed)
    expected = routed(case)
    for again in range(4):
        assert routed(shuffled(case, random.Random(again))) == expected


def shuffled(case: Case, rng: random.Random) -> Case:
    demand, supply, policy = case

    def mixed(entries: dict) -> dict:
        items = list(entries.items())
        rng.shuffle(items)
        return dict(items)

    lines = list(demand.lines)
    rng.shuffle(lines)
    together = [tuple(rng.sample(names, len(names))) for names in rng.sample(policy.together, len(policy.together))]
    return (
        Demand(tuple(lines), demand.country),
        Supply(mixed({name: mixed(items) for name, items in supply.units.items()})),
        RoutingPolicy(
            policy.currency, mixed(policy.locations), mixed(policy.zones), policy.split_cost, policy.wait_cost,
            policy.split_lines, tuple(together), policy.order_together,
        ),
    )  # fmt: skip


PLANS = """
import hashlib
from bench.routing_cases import HOURS, NOW, large_case, small_case
from ordna.core.routing import route
plans = [route(*make(seed), HOURS, NOW) for make in (small_case, large_case) for seed in range(60)]
print(hashlib.sha256(repr(plans).encode()).hexdigest())
"""


def test_no_hash_seed_changes_a_plan() -> None:
    seen = set()
    for seed in ("0", "1", "4711"):
        environ = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", PLANS], env=environ, capture_output=True, text=True, check=True)
        seen.add(done.stdout)
    assert len(seen) == 1


def test_many_lines_of_one_item_stay_quick_and_send_all_they_can() -> None:
    """Five hundred engraved mugs over places that have some each: no plan hangs, no unit is sent twice."""
    demand, supply, policy = large_case(1, locations=6)
    names = sorted(policy.locations)
    demand = Demand(tuple(Wanted(f"line-{at:03}", "mug", 1 + at % 3) for at in range(500)), "DK")
    supply = Supply({name: {"mug": 40 + 7 * at} for at, name in enumerate(names)})
    routing = route(demand, supply, policy, HOURS, NOW)
    for parcel in routing.plan.parcels:
        assert sum(one.units for one in parcel.lines) <= supply.units[parcel.location]["mug"]
    left = sum(40 + 7 * at for at in range(6)) - sum(one.units for p in routing.plan.parcels for one in p.lines)
    assert left < 3 and routing.plan.waiting


def test_a_dozen_lines_of_one_item_are_still_exact() -> None:
    _, _, policy = large_case(2, locations=5)
    names = sorted(policy.locations)
    demand = Demand(tuple(Wanted(f"line-{at:02}", "mug", 1 + at % 4) for at in range(12)), "DK")
    supply = Supply({name: {"mug": 5 + 3 * at} for at, name in enumerate(names)})
    assert route(demand, supply, policy, HOURS, NOW).plan.exact
