"""Stock: no unit is promised twice, and how fast the promises are made.

    python -m bench.stock [--races 1000] [--orders 50000] [--units 10000]

* Races for the last unit of a SKU, 64 orders each at the same moment.
* Eight workers with orders of four lines, bundles and doubled SKUs among them, in random order.
* Orders placed, cancelled and given up at once, with too little for all.
* A flash sale: so many orders against one SKU, four workers in batches, as the step of a worker takes them.
* The same sale, shorter, by two other ways: an order at a time, and levels that are read, computed and written back.

Every order goes through the engine's door (locks, decision, claim, journal, commit); only its webhook is left out.
`bench/out/stock.json` holds what came out; the exit code is 0 when nothing was oversold, lost or deadlocked and the
sale kept its rate.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bench import stock_races
from bench.main_job import say
from bench.stock_door import NOON, Count, Door, look, open_house, placed, shelve
from bench.stock_faults import read_then_write
from ordna.store import embedded, schema

OUT = Path(__file__).parent.parent / "bench" / "out" / "stock.json"
WORKERS = 4
BATCH = 100
RATE_MIN = 400
BASELINE_ORDERS = 2000
HOT = "hot"


def main() -> int:
    """Run, print, write; 0 when it held."""
    parser = argparse.ArgumentParser(description="What is promised of stock, and how fast.")
    parser.add_argument("--races", type=int, default=1000)
    parser.add_argument("--racers", type=int, default=64)
    parser.add_argument("--orders", type=int, default=50_000)
    parser.add_argument("--units", type=int, default=10_000)
    options = parser.parse_args()
    say("the flash sale")
    told = _sale(options.orders, options.units)
    told["baseline_per_s"] = {}
    for name, plant, batch in (("row_at_a_time", None, 1), ("read_then_write", _read_then_write, BATCH)):
        say(f"the same by another way: {name}")
        other = _sale(BASELINE_ORDERS, BASELINE_ORDERS // 5, batch=batch, plant=plant)
        told["baseline_per_s"][name] = other["reservations_per_s"]
        told[f"{name}_oversold"] = other["oversold"]
    _races(told, options.races, options.racers)
    told["held"] = (
        told["promised"] == options.units
        and told["races_won"] == options.races
        and told["oversold"] == told["lost_updates"] == told["deadlocks_shown"] == told["failures"] == 0
        and told["reservations_per_s"] >= RATE_MIN
    )
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told, indent=2))
    return 0 if told["held"] else 1


# --- the sale -------------------------------------------------------------------------------------------------


def _sale(orders: int, units: int, *, batch: int = BATCH, plant: Callable[[], None] | None = None) -> dict[str, Any]:
    """All workers at one SKU. The rate is that of the promises: units over the time until the last was committed."""
    with _house() as (dsn, home):
        shelve(dsn, {HOT: units})
        started = time.monotonic()
        with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
            jobs = [(dsn, home, number, orders // WORKERS, batch, plant) for number in range(WORKERS)]
            total = _summed(pool.starmap(_sell, jobs))
        took_s = time.monotonic() - started
        found = look(dsn)
        promised_s = _last_promise(dsn, total) - started
    return {
        "orders": orders,
        "units": units,
        "workers": WORKERS,
        "promised": found.promised,
        "oversold": found.oversold,
        "lost_updates": found.lost_updates,
        "deadlocks_shown": total.deadlocks,
        "overtaken": total.overtaken,
        "failures": len(total.failures),
        "reservations_per_s": round(found.promised / promised_s, 1),
        "orders_per_s": round(orders / took_s, 1),
        "sale_s": round(took_s, 1),
    }


def _sell(dsn: str, home: Path, number: int, orders: int, batch: int, plant: Callable[[], None] | None) -> Count:
    if plant is not None:
        plant()
    door = Door(dsn, home)
    for first in range(0, orders, batch):
        told = [placed(f"9{number}{each:06d}", [(HOT, 1)]) for each in range(first, min(orders, first + batch))]
        door.through(told, NOON)
    door.database.close()
    return door.count


def _last_promise(dsn: str, total: Count) -> float:
    """When the batch that took the last unit ended. Units are promised while there are any, so as many batches as they
    fill were the first to end."""
    with psycopg.connect(dsn) as conn:
        promised = conn.execute("select count(*) from reservation where kind = 'reserved'").fetchone()
        orders = conn.execute("select count(*) from orders").fetchone()
    assert promised is not None and orders is not None
    ended = sorted(total.finished)
    batches = -(-promised[0] * len(ended) // max(1, orders[0]))
    return ended[min(max(1, batches), len(ended)) - 1]


@contextmanager
def _house() -> Iterator[tuple[str, Path]]:
    with tempfile.TemporaryDirectory(prefix="ordna-stock-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        with embedded.start(home / "postgres") as server, psycopg.connect(server.dsn(), autocommit=True) as conn:
            conn.execute("alter system set max_connections = 200")
        embedded.stop(home / "postgres")
        with embedded.start(home / "postgres") as server:
            schema.install(server.dsn())
            open_house(server.dsn(), home)
            yield server.dsn(), home


# --- the races ------------------------------------------------------------------------------------------------


def _races(told: dict[str, Any], races: int, racers: int) -> None:
    """Run them all, and add what they met to what the sale met."""
    runs: dict[str, Callable[[str, Path], Count]] = {
        "last_unit": lambda dsn, home: stock_races.last_unit(dsn, home, races, racers),
        "any_order": lambda dsn, home: stock_races.any_order(dsn, home, 8, 40, 10, 3000),
        "comings_and_goings": lambda dsn, home: stock_races.comings_and_goings(dsn, home, 8, 60, 100),
    }
    told["races"], told["racers"], told["promised_in"] = races, racers, {}
    for name, run in runs.items():
        say(name.replace("_", " "))
        with _house() as (dsn, home):
            count, found = run(dsn, home), look(dsn)
        told["promised_in"][name] = found.promised
        told["oversold"] += found.oversold
        told["lost_updates"] += found.lost_updates
        told["deadlocks_shown"] += count.deadlocks
        told["failures"] += len(count.failures)
    told["races_won"] = told["promised_in"]["last_unit"]


def _summed(counts: Iterable[Count]) -> Count:
    total = Count()
    for count in counts:
        total.plus(count)
    return total


def _read_then_write() -> None:
    read_then_write(setattr)


if __name__ == "__main__":
    sys.exit(main())
