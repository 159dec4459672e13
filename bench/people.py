"""The people of the bench: they see the warehouse's and the desk's open tasks and do them, many at once, as the API
does.

Reading the list is the page's work and uses the bench's own role; every request goes through `engine.requests`, the
one door of pages and API.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import psycopg

from ordna.core import messages as m
from ordna.engine.policies import Policies
from ordna.engine.requests import Accepted, Wish, ask_many
from ordna.store.database import Database, DatabaseDown
from ordna.store.sealing import keyring

OPEN_TASKS = """
    select merchant_id, order_id, task_key, part, asks ->> 0 from task
    where closed_at is null and order_id < '1-8' and asks ->> 0 in ('pick', 'pack', 'ship', 'release', 'accept_address')
    order by opened_at limit 500
"""
LOOK_EVERY_S = 0.3


def request_of(key: str, part: str, asks: str) -> m.Request:
    """What a person does about a task."""
    match asks:
        case "pick":
            return m.Pick(part)
        case "pack":
            return m.Pack(part)
        case "ship":
            return m.Ship(part, "GLS", f"T{part}")
        case "release":
            return m.ReleaseHold(key.partition(":")[2])
        case _:
            return m.AcceptAddress()


def work(dsn: str, bench_dsn: str, home: Path, until: Path, figures: Path) -> None:
    """Do what is to be done until the file `until` appears."""
    database, policies = Database(dsn), Policies(keyring(home))
    asked = accepted = troubles = 0
    answer_ms: list[float] = []
    before = resource.getrusage(resource.RUSAGE_SELF)
    print("ready", flush=True)
    look: psycopg.Connection[tuple[str, ...]] | None = None
    while not until.exists():
        begun = time.perf_counter()
        try:
            if look is None or look.closed:
                look = psycopg.connect(bench_dsn, autocommit=True)
            tasks = look.execute(OPEN_TASKS).fetchall()
            wishes = [Wish(int(row[0]), row[1], request_of(*row[2:]), "bench") for row in tasks]
            if wishes:
                asking = time.perf_counter()
                answers = ask_many(database, policies, wishes)
                answer_ms.append((time.perf_counter() - asking) * 1000)
                asked += len(answers)
                accepted += sum(isinstance(answer, Accepted) for answer in answers)
        except (psycopg.Error, DatabaseDown):
            troubles += 1  # whoever was told of an error looks again, and does what is still to be done
        time.sleep(max(0.0, LOOK_EVERY_S - (time.perf_counter() - begun)))
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    told = {"asked": asked, "accepted": accepted, "cpu_s": cpu_s, "rss_mb": used.ru_maxrss / 1024,
            "troubles": troubles, "batches": len(answer_ms), "batch_ms": sorted(answer_ms)}  # fmt: skip
    figures.write_text(json.dumps(told))


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], *(Path(argument) for argument in sys.argv[3:6]))
