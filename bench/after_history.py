"""What a long history costs the main job: the same job after ten thousand orders and after a million, turn by turn.

    python -m bench.after_history [--few 10000] [--many 1000000] [--rounds 2] [--keep FOLDER]

Both histories are of two years and made the same way (bench.million), so only their size differs. The runs alternate,
for a machine is not equally quick at all times; of each figure the median of its runs counts. Writes
bench/out/history.json: the figures after `few` and `many` orders, and of each figure the `ratio`. Ends with 1 when
a run was not valid. FOLDER is the long history and FOLDER/few the short one: made where they are new, and kept as they
were.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench import gauges
from bench.main_job import OUT as MAIN_JOB_OUT
from bench.main_job import Run, commit, forget_run
from bench.million import ORDERS, opened

OUT = MAIN_JOB_OUT.with_name("history.json")
FEW = 10_000
FIGURES = ("cpu_ms_per_order", "sql_per_order", "wal_bytes_per_order", "orders_per_s", "ack_p99_ms", "decision_p99_ms")


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description="The main job after a short and after a long history.")
    parser.add_argument("--few", type=int, default=FEW)
    parser.add_argument("--many", type=int, default=ORDERS)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--orders", type=int, default=2000, help="orders of one run")
    parser.add_argument("--keep", type=Path, help="the folder of the long history")
    options = parser.parse_args()
    with ExitStack() as stack:
        keep = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ordna-history-")))
        sizes = {"few": options.few, "many": options.many}
        places = {"few": keep / "few", "many": keep}
        runs: dict[str, list[dict[str, Any]]] = {"few": [], "many": []}
        for number in range(options.rounds):
            for name in ("few", "many") if number % 2 == 0 else ("many", "few"):
                runs[name].append(_run(options, sizes[name], places[name]))
        for name, size in sizes.items():
            with opened(places[name], size) as filled:
                forget_run(filled.dsn())
    told = _told(runs, options.orders)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told, indent=2))
    return 0 if told["valid"] else 1


def _run(options: argparse.Namespace, history: int, folder: Path) -> dict[str, Any]:
    of_run = argparse.Namespace(orders=options.orders, window=900, sockets=64, workers=1, history=history, keep=folder)
    return Run(of_run, 1).figures()


def _told(runs: dict[str, list[dict[str, Any]]], orders: int) -> dict[str, Any]:
    told = {
        name: {figure: round(median(run[figure] for run in found), 2) for figure in FIGURES}
        | {"history_orders": found[0]["history_orders"]}
        for name, found in runs.items()
    }
    return {
        "commit": commit(),
        "machine": gauges.machine(),
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "orders": orders,
        "rounds": len(runs["few"]),
        **told,
        "ratio": {figure: round(told["many"][figure] / told["few"][figure], 2) for figure in FIGURES},
        "cpu_ms_per_order_each": {name: [run["cpu_ms_per_order"] for run in found] for name, found in runs.items()},
        "valid": all(run["valid"] for found in runs.values() for run in found),
    }


if __name__ == "__main__":
    sys.exit(main())
