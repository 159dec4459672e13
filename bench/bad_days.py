"""Bad days: the same shop lives twice, once with good days only and once with every bad day there is.

    python -m bench.bad_days [--orders 10000] [--seed 5]

Both lives run on virtual time, with real PostgreSQL, real intake, worker, connector and practice shop (see
`virtual_run`). What people do follows from each order's script and never from when a message came. In the second life
webhooks are dropped, doubled, overtaken and late, calls are throttled, cut and lost, orders are changed 500 times a
minute, the network is dark for five hours twice, and the client secret changes. Then one sweep, some quiet days after
which the shop is asked after open orders that it told nothing of (what was deleted is in no sweep), and every order
must show the settled picture (core/settled.py) it shows in the first life.

What the shop numbers and dates *because of what we did* may differ, for we did it later: ids of parcels, holds and
payments are compared by their place in the order, times by whether there is one. So that no more than that escapes,
each order is then read once more from the shop, and the read must say nothing new, ids and times included.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bench import gauges
from bench.pictures import alike, differences
from bench.virtual_run import BEGIN, TICK, VirtualRun
from ordna.core.order import decode_state
from ordna.core.outcome import Order, decode_verdict
from ordna.core.settled import settled
from ordna.engine.replay import replay
from ordna.practice.bad_days import FAULTS
from ordna.store import embedded, schema
from ordna.store.database import Database
from ordna.store.sealing import Keyring, keyring

OUT = Path(__file__).parent / "out" / "bad-days.json"
DARK_HOURS = 5.0
SHOWN_MAX = 20


@dataclass(frozen=True)
class Life:
    """What one life came to."""

    pictures: dict[str, Any]
    effects: dict[str, list[str]]
    counts: dict[str, int]
    faults: dict[str, int]
    news_of_last_read: int
    replay_mismatches: int
    ends_at: datetime
    took_s: float


def main() -> int:
    """Run both lives, print, write."""
    parser = argparse.ArgumentParser(description="The same shop with good days and with bad days.")
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:
        lives = list(processes.map(live_alone, (options.seed,) * 2, (options.orders,) * 2, (False, True)))
    told = {"machine": gauges.machine(), "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", **compared(*lives)}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told, indent=2))
    return 0 if told["valid"] else 1


def live_alone(seed: int, orders: int, bad: bool) -> Life:
    """One life with a PostgreSQL of its own."""
    with tempfile.TemporaryDirectory(prefix="ordna-bench-") as folder:
        Path(folder).chmod(0o755)  # the server's account must get through where this runs as root
        server = embedded.start(Path(folder) / "postgres")
        try:
            schema.install(server.dsn())
            return live(server.dsn(), keyring(Path(folder)), seed, orders, bad)
        finally:
            server.stop("immediate")


def live(dsn: str, ring: Keyring, seed: int, orders: int, bad: bool, tick: timedelta = TICK) -> Life:
    """One life in an empty database, to its very end, and the last sweep."""
    began = time.monotonic()
    run = VirtualRun(dsn, ring, seed, orders, tick)
    try:
        with run.reached():
            run.open()
            if bad:
                run.spoil(DARK_HOURS)
            run.live()
            run.shop.bad_days.switch_all(False)
            run.try_again_what_was_given_up()
            run.sweep_everything()
            run.ask_after_the_quiet()
            pictures = pictures_of(run)
            news = run.news_of_another_read()
        database = Database(dsn)
        report = replay(database)
        database.close()
        faults = run.shop.bad_days.counts
        return Life(
            pictures,
            effects_of(run),
            dict(run.told.counts),
            {name: faults[name] for name in sorted({*FAULTS, *faults})},
            news,
            len(report.mismatches),
            run.told.ends_at,
            time.monotonic() - began,
        )
    finally:
        run.close()


def pictures_of(run: VirtualRun) -> dict[str, Any]:
    """The settled picture of every order, by its name."""
    rows = run.rows("select name, state, verdict from orders")
    return {name: settled(Order(decode_state(state), decode_verdict(verdict))) for name, state, verdict in rows}


def effects_of(run: VirtualRun) -> dict[str, list[str]]:
    """What was asked of the shop about every order, and what came of it: what explains a picture that differs."""
    told: dict[str, list[str]] = {}
    rows = """select o.name, concat_ws(' ', e.effect_key, e.status, e.attempts, e.code, e.sent_at, e.answered_at)
              from effect e join orders o using (merchant_id, order_id) order by o.name, e.effect_no"""
    for name, effect in run.rows(rows):
        told.setdefault(name, []).append(effect)
    return told


def compared(good: Life, bad: Life) -> dict[str, Any]:
    """The figures of both lives, and every order whose pictures differ."""
    names = sorted({*good.pictures, *bad.pictures})
    unlike = [name for name in names if alike(good.pictures.get(name)) != alike(bad.pictures.get(name))]
    same_bytes = sum(good.pictures.get(name) == bad.pictures.get(name) for name in names)
    headlines = Counter(picture["headline"] for picture in bad.pictures.values())
    missing = [name for name in FAULTS if not bad.faults.get(name)]
    sound = not (bad.news_of_last_read or bad.replay_mismatches or good.replay_mismatches)
    return {
        "valid": not unlike and not missing and sound and not any(good.faults.values()),
        "orders": len(names),
        "mismatches": len(unlike),
        "same_to_the_last_time_and_id": same_bytes,
        "news_of_last_read": bad.news_of_last_read,
        "replay_mismatches": good.replay_mismatches + bad.replay_mismatches,
        "faults": bad.faults,
        "faults_that_never_happened": missing,
        "headlines": dict(headlines.most_common()),
        "good": _figures(good),
        "bad": _figures(bad),
        "first_mismatches": {
            name: {
                "good | bad": differences(alike(good.pictures.get(name)), alike(bad.pictures.get(name))),
                "effects": [life.effects.get(name, []) for life in (good, bad)],
            }
            for name in unlike[:SHOWN_MAX]
        },
    }


def _figures(life: Life) -> dict[str, Any]:
    return {
        **life.counts,
        "virtual_days": round((life.ends_at - BEGIN) / timedelta(days=1), 1),
        "took_s": round(life.took_s, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
