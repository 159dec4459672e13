"""Poison: what one message that always fails costs those that come with it.

    python -m bench.poison [--batches 12]

A worker takes batches of 500 messages of 500 orders, by turns one that is sound and one in which one message can't be
handled. The time of each message is that from its arrival to the end of the commit of what it came to. The poisoned one
must be set aside after three tries alone, the other 499 must be done, and their 99th percentile be at most 1.5 times
that of the sound batches of the same run. `bench/out/poison.json` holds what came out.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench import gauges
from bench.lives import copies, live
from bench.main_job import commit, say
from bench.shop import open_merchants
from ordna.engine import clock, reading
from ordna.engine.batch import Item
from ordna.engine.lanes import lane_of
from ordna.engine.leases import Leases
from ordna.engine.policies import Policies
from ordna.engine.reading import ByPart, Closed
from ordna.engine.step import Stepper
from ordna.store import embedded, inbox, schema
from ordna.store.connections import ConnectionNow
from ordna.store.database import Database
from ordna.store.inbox import Raw, Waiting
from ordna.store.sealing import keyring

OUT = Path(__file__).parent.parent / "bench" / "out" / "poison.json"
BATCH = 500
LIVES = 12
POISON = "orders/poisoned"
RATIO_MAX = 1.5
_real = reading.read


def main() -> int:
    """Run, print, write; 0 when it held."""
    parser = argparse.ArgumentParser(description="What one poison message costs its neighbours.")
    parser.add_argument(
        "--batches", type=int, default=12, help="pairs of batches: one sound, one with a poison message"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ordna-poison-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        with embedded.start(home / "postgres") as server:
            schema.install(server.dsn())
            told = Poison(server.dsn(), home).figures(options.batches)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told, indent=2))
    return 0 if told["held"] else 1


class Timed(Stepper):
    """The step, with a note of when each message's commit was done."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.committed: dict[int, float] = {}

    def _tell(self, rows: Sequence[Waiting]) -> None:
        at = clock.now().timestamp()
        self.committed.update({row.inbox_id: at for row in rows})
        super()._tell(rows)


class Poison:
    """One run on one database."""

    def __init__(self, dsn: str, home: Path) -> None:
        say(f"living {LIVES} lives")
        self.dsn = dsn
        self.lives = live(LIVES, datetime.now(UTC))
        open_merchants(dsn, home, 1, "http://127.0.0.1:9")
        self.database = Database(dsn)
        leases = Leases(self.database, "poison")
        self.stepper = Timed(self.database, leases, Policies(keyring(home)))
        self.orders = 0
        reading.read = poisoned

    def figures(self, pairs: int) -> dict[str, Any]:
        """By turns sound and poisoned batches; the first pair only warms up."""
        sound: list[float] = []
        beside: list[float] = []
        poisons = quarantined = done = 0
        for number in range(pairs + 1):
            say(f"pair {number} of {pairs}")
            clean = self.batch(None)
            tainted = self.batch(poison_at=(number * 137 + 61) % BATCH)
            if number:
                sound += clean["ms"]
                beside += tainted["ms"]
                poisons += 1
                quarantined += tainted["quarantined"] == [3]
                done += len(tainted["ms"])
        p99_sound, p99_beside = (gauges.percentile(sorted(each), 0.99) for each in (sound, beside))
        ratio = p99_beside / p99_sound
        return {
            "batches": poisons,
            "batch": BATCH,
            "quarantined_after_three_tries_alone": quarantined,
            "others_done": done,
            "others_expected": poisons * (BATCH - 1),
            "p99_sound_ms": round(p99_sound, 1),
            "p99_beside_poison_ms": round(p99_beside, 1),
            "p50_sound_ms": round(gauges.percentile(sorted(sound), 0.5), 1),
            "p50_beside_poison_ms": round(gauges.percentile(sorted(beside), 0.5), 1),
            "ratio": round(ratio, 2),
            "held": ratio <= RATIO_MAX and quarantined == poisons and done == poisons * (BATCH - 1),
            "commit": commit(),
            "machine": gauges.machine(),
            "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }

    def batch(self, poison_at: int | None) -> dict[str, Any]:
        """500 new orders arrive at once, one of them perhaps poisoned, and are handled: the times of the others."""
        rows = []
        for place in range(BATCH):
            copy = copies(self.lives, self.orders, 1)
            self.orders += 1
            topic, body = copy.phases["before"][0]
            ref = str(copy.order_id)
            named = POISON if place == poison_at else topic
            rows.append(Raw(1, clock.now(), lane_of(ref), 1, named, f"h{self.orders}", ref, b"{}", body))
        with self.database.engine([1]) as conn:
            inbox.store(conn, [row._replace(received_at=clock.now()) for row in rows])
        self.stepper.rows_cap = BATCH
        until = time.monotonic() + 60
        while self.waiting():
            assert time.monotonic() < until, "it does not end"
            self.stepper.round()
        with psycopg.connect(self.dsn) as conn:
            arrived = conn.execute(
                """select inbox_id, extract(epoch from received_at)::float, outcome, tries from inbox
                   where inbox_id > (select max(inbox_id) - %s from inbox)""",
                [BATCH],
            ).fetchall()
        done = [
            (self.stepper.committed[number] - at) * 1000 for number, at, outcome, _ in arrived if outcome == "facts"
        ]
        return {"ms": done, "quarantined": [tries for *_, outcome, tries in arrived if outcome == "quarantined"]}

    def waiting(self) -> int:
        with psycopg.connect(self.dsn) as conn:
            row = conn.execute("select count(*) from inbox where handled_at is null").fetchone()
        return int(row[0]) if row else 0


def poisoned(row: Waiting, connection: ConnectionNow | None, policies: Policies) -> Item | ByPart | Closed:
    """The engine's own reading, with a fault that one topic runs into."""
    if row.topic == POISON:
        raise ZeroDivisionError("poison")
    return _real(row, connection, policies)


if __name__ == "__main__":
    sys.exit(main())
