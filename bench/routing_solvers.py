"""Our search beside the solvers that could take its place, on the same orders.

    pip install ortools highspy
    python -m bench.routing_solvers [--orders 300]

Orders over 20 locations in which no two lines compete for stock, as the numbers `search` gets: a parcel's price for
each location that sends, handling for each unit. All must find the same total. Times are those of the processor, the
solvers' with the building of their model, since every order is another one.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

from bench.routing_cases import large_case
from ordna.core.routing.instance import Candidate, Instance, instance
from ordna.core.routing.plan import parts
from ordna.core.routing.search import EXACT_MAX, search
from ordna.core.routing.serve import serve

Solve = Callable[[Instance], int]


def main() -> int:
    """Run and print; 0 when all agreed."""
    parser = argparse.ArgumentParser(description="Our search beside two solvers and plain enumeration.")
    parser.add_argument("--orders", type=int, default=300)
    options = parser.parse_args()
    ways: dict[str, Solve] = {"search": searched, "every set": enumerated, "CP-SAT": cp_sat, "HiGHS": highs}
    took: dict[tuple[str, str], list[float]] = {}
    differ = 0
    for order in uncontested(options.orders):
        few = len(order.candidates) <= EXACT_MAX
        totals = set()
        for name, solve in ways.items():
            if name == "every set" and not few:
                continue
            begun = time.process_time()
            totals.add(solve(order))
            took.setdefault((f"{'up to' if few else 'above'} {EXACT_MAX}", name), []).append(
                time.process_time() - begun
            )
        differ += len(totals) > 1
    for (size, name), times in sorted(took.items()):
        p99 = sorted(times)[int(len(times) * 0.99) - 1]
        mean = statistics.mean(times)
        print(f"{size} candidates, {name}: {1000 * mean:.3f} ms, p99 {1000 * p99:.2f} ms, {len(times)} orders")
    print(f"orders on which they differ: {differ}")
    return 1 if differ else 0


def uncontested(orders: int) -> list[Instance]:
    """Orders without a contest, of which something can be sent."""
    out: list[Instance] = []
    seed = 0
    while len(out) < orders:
        seed += 1
        demand, supply, policy = large_case(seed, split_lines=False)
        wanted = {line.item for line in demand.lines}
        candidates = [
            Candidate(name, place.parcel_costs["home"], place.unit_cost, 0, supply.units[name])
            for name, place in policy.locations.items()
            if wanted & supply.units[name].keys()
        ]
        wholes, pools = parts(demand.lines, demand, policy)
        order = instance(candidates, wholes, pools, policy.split_cost)
        if not order.contests and any(holders for _, holders in order.free):
            out.append(order)
    return out


def searched(order: Instance) -> int:
    return _total(order, search(order).served.cost)


def enumerated(order: Instance) -> int:
    return _total(order, min(serve(order, senders).cost for senders in range(1 << len(order.candidates))))


def _total(order: Instance, scaled: int) -> int:
    lost = sum(whole.units for whole, holders in order.free if not holders)
    return (scaled - lost * order.nowhere_cost) // order.scale


def _numbers(order: Instance) -> tuple[list[int], list[list[tuple[int, int]]]]:
    """Cost of opening each location; for each block (location, cost of handling it there)."""
    opens = [cost // order.scale for cost in order.open_costs]
    handling = [
        [(at, whole.units * order.unit_costs[at] // order.scale) for at in range(len(opens)) if holders >> at & 1]
        for whole, holders in order.free
        if holders
    ]
    return opens, handling


def cp_sat(order: Instance) -> int:
    from ortools.sat.python import cp_model

    opens, handling = _numbers(order)
    model = cp_model.CpModel()
    sends = [model.NewBoolVar("") for _ in opens]
    costs = [cost * send for cost, send in zip(opens, sends, strict=True)]
    for able in handling:
        here = [model.NewBoolVar("") for _ in able]
        model.AddExactlyOne(here)
        for chosen, (at, cost) in zip(here, able, strict=True):
            model.AddImplication(chosen, sends[at])
            costs.append(cost * chosen)
    model.Minimize(sum(costs))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.Solve(model)
    return round(solver.ObjectiveValue())


def highs(order: Instance) -> int:
    import highspy

    opens, handling = _numbers(order)
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    sends = [model.addBinary(obj=cost) for cost in opens]
    for able in handling:
        here = [model.addBinary(obj=cost) for _, cost in able]
        model.addConstr(sum(here) == 1)
        for chosen, (at, _) in zip(here, able, strict=True):
            model.addConstr(chosen <= sends[at])
    model.run()
    return round(model.getObjectiveValue())


if __name__ == "__main__":
    sys.exit(main())
