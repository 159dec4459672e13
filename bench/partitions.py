"""What partitions by time cost the statements that meet many of them, with a history in the database.

    python -m bench.partitions FOLDER [--orders 1000000]

FOLDER is a history (bench.million), made where it is new: a partition for each day of messages and each month of the
journal. Every figure is the median of 40 times, messages in a transaction that is rolled back: 500 that wait are taken
from 16 and from 64 lanes, what they came to is written, the journal of one order is read. Writes
bench/out/partitions.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import psycopg

from bench import gauges
from bench.main_job import OUT as MAIN_JOB_OUT
from bench.main_job import commit
from bench.million import BIG, FIRST_COPY_ID, IDS_MAX, ORDERS, opened
from ordna.store import inbox, journal, partitions
from ordna.store.database import Connection, Database, sending
from ordna.store.inbox import Handled, Raw

OUT = MAIN_JOB_OUT.with_name("partitions.json")
MESSAGES, LANES = 500, (16, 64)
BODY_BYTES = 10_000
TIMES = 40


class Undone(Exception):
    """The transaction is not to be kept."""


def main() -> int:
    """Measure, write, say."""
    parser = argparse.ArgumentParser(description="The price of partitions.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--orders", type=int, default=ORDERS)
    options = parser.parse_args()
    with opened(options.folder, options.orders) as server:
        with psycopg.connect(server.dsn()) as conn:
            counts = {f"{one.table}_partitions": len(partitions.of(conn, one.table)) for one in partitions.TIMED}
        database = Database(server.dsn())
        times = _times(database, options.orders)
        database.close()
    told = {
        "commit": commit(),
        "machine": gauges.machine(),
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "orders": options.orders,
        **counts,
        **{name: round(median(found), 2) for name, found in times.items()},
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told, indent=2))
    return 0


def _times(database: Database, orders: int) -> dict[str, list[float]]:
    """Milliseconds by what was done, the first round left out: it fills the server's caches."""
    times: dict[str, list[float]] = {}
    chance = Random(7)
    for number in range(TIMES + 1):
        found: dict[str, float] = {}
        for lanes in LANES:
            try:
                with database.engine([BIG]) as conn:
                    found |= _messages(conn, lanes)
                    raise Undone
            except Undone:
                pass
        with database.engine([BIG]) as conn:
            order_id = f"1-{FIRST_COPY_ID + chance.randrange(orders) * IDS_MAX}"
            found["journal_of_an_order_ms"] = _timed(lambda conn=conn, of=order_id: journal.journal_of(conn, BIG, [of]))
        if number:
            for name, time_ms in found.items():
                times.setdefault(name, []).append(time_ms)
    return times


def _messages(conn: Connection, lanes: int) -> dict[str, float]:
    now = datetime.now(UTC)
    body = Random(1).randbytes(BODY_BYTES)
    inbox.store(
        conn,
        [
            Raw(BIG, now, number % lanes, 1, "orders/updated", f"{number}", "1", b"{}", body)
            for number in range(MESSAGES)
        ],
    )
    pairs = [(BIG, lane) for lane in range(lanes)]
    taken: list[Any] = []
    take_ms = _timed(
        lambda: taken.extend(
            inbox.take_waiting(conn, pairs, rows_max=MESSAGES, lane_rows_max=MESSAGES, bytes_max=1 << 30)
        )
    )
    assert len(taken) == MESSAGES, len(taken)
    done = [Handled(BIG, one.inbox_id, one.received_at, "nothing") for one in taken]

    def finish() -> None:
        with sending(conn) as sent:
            inbox.finish(conn, done, now, sent)

    return {f"take_waiting_{lanes}_lanes_ms": take_ms, f"finish_of_{lanes}_lanes_ms": _timed(finish)}


def _timed(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    sys.exit(main())
