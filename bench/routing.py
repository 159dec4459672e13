"""Routing: how long it takes, that it is never dearer than trying every plan, and how far from the best it may be.

    python -m bench.routing [--orders 1000] [--cases 10000]

Three parts. Orders of 1 to 8 lines over 20 locations are routed against the clock: time on the wall is told, and time
of the processor decides, since routing waits for nothing and the wall's time counts the machine's other work. Cases
small enough to try every plan are routed and compared with the best of all plans. Of the orders for which more than
eight candidates remained, the gap between the plan and its proved bound is told. `figures()` is the same for other
benches; `bench/out/routing.json` holds what came out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from bench.routing_cases import HOURS, NOW, brute_force, large_case, small_case
from ordna.core.routing import Routing, route
from ordna.core.routing.search import EXACT_MAX

OUT = Path(__file__).parent.parent / "bench" / "out" / "routing.json"
ORDERS = 1_000
CASES = 10_000
SECONDS_MAX = 2.0
GAP_MEDIAN_MAX = 0.01


def main() -> int:
    """Run, print, write; 0 when it held."""
    parser = argparse.ArgumentParser(description="How fast, how cheap and how surely orders are routed.")
    parser.add_argument("--orders", type=int, default=ORDERS, help="orders over 20 locations, against the clock")
    parser.add_argument("--cases", type=int, default=CASES, help="small cases, against every plan there is")
    options = parser.parse_args()
    told = figures(options.orders, options.cases)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told, indent=2))
    return 0 if told["routing_held"] else 1


def figures(orders: int = ORDERS, cases: int = CASES) -> dict[str, Any]:
    """The figures, each name beginning with routing. `gap`: (total - bound) / total."""
    timed = _timed(orders)
    many = [one for one, *_ in timed if one.candidates > EXACT_MAX]
    gaps = [_gap(one) for one in many]
    seconds, cpu_s = sum(took for _, took, _ in timed), sum(cpu for *_, cpu in timed)
    told = {
        "routing_orders": orders,
        "routing_locations": 20,
        "routing_s": round(seconds, 3),
        "routing_ms_per_order": round(1000 * seconds / orders, 3),
        "routing_cpu_ms_per_order": round(1000 * cpu_s / orders, 3),
        "routing_cpu_ms_p99": round(1000 * sorted(cpu for *_, cpu in timed)[int(orders * 0.99) - 1], 3),
        "routing_cases": cases,
        "routing_worse_than_brute_force": _worse_than_brute_force(cases),
        "routing_above_8_candidates": len(many),
        "routing_above_8_exact": sum(one.plan.exact for one in many),
        "routing_gap_median": round(statistics.median(gaps), 4) if gaps else 0.0,
        "routing_gap_max": round(max(gaps, default=0.0), 4),
    }
    told["routing_held"] = (
        1000 * cpu_s / orders <= SECONDS_MAX
        and told["routing_worse_than_brute_force"] == 0
        and told["routing_gap_median"] <= GAP_MEDIAN_MAX
    )
    return told


def _timed(orders: int) -> list[tuple[Routing, float, float]]:
    """Each order's routing with its seconds on the wall and on the processor."""
    made = [large_case(seed) for seed in range(orders)]
    out = []
    for case in made:
        begun, cpu = time.perf_counter(), time.process_time()
        routing = route(*case, HOURS, NOW)
        out.append((routing, time.perf_counter() - begun, time.process_time() - cpu))
    return out


def _worse_than_brute_force(cases: int) -> int:
    """Cases that a plan of all plans beats, in units sent or else in cost. Finding it cheaper would be a fault too."""
    worse = 0
    for seed in range(cases):
        case = small_case(seed)
        plan = route(*case, HOURS, NOW).plan
        worse += (sum(one.units for one in plan.waiting), plan.total) != brute_force(*case)
    return worse


def _gap(routing: Routing) -> float:
    return (routing.plan.total - routing.plan.bound) / routing.plan.total if routing.plan.total else 0.0


if __name__ == "__main__":
    sys.exit(main())
