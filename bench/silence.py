"""Five hours of silence: `python -m bench.silence [--plans standard plus]`, figures in bench/out/silence.json, where
those of a plan that was not run stay.

For five hours nothing came and nobody looked; the shop deleted its subscriptions. The dark hours are virtual: they are
in the times of the shop's orders and of Ordna's own rows. From the return on everything is real: the worker and the
intake as processes, HTTP, the clock, and the call budget of the shop's plan. Among the orders known before, some were
paid in the dark within their limit, and must not be called late; some were not, and must.

The run is valid when every order is there within 15 minutes, the subscriptions stand again within 10, the silence was
told, and no step is called late that is not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import pickle
import secrets
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from bench import gauges
from bench.lives import copies, live, request
from bench.main_job import ROOT, commit, free_port, say, wait_for_port
from bench.shop import open_merchants, prices
from ordna.engine import subscriptions
from ordna.engine.leases import Leases
from ordna.engine.policies import Policies
from ordna.engine.receive import Intake
from ordna.engine.replay import replay
from ordna.engine.step import Stepper
from ordna.store import embedded, schema, watch
from ordna.store.database import Database
from ordna.store.sealing import keyring

OUT = ROOT / "bench" / "out" / "silence.json"
HOURS = 5
PAID, UNPAID = 30, 10
PRESENT_WITHIN_S, SUBSCRIBED_WITHIN_S = 900.0, 600.0
KEY = (1, 1)
WORKER = "from ordna.engine.loop import Worker; from pathlib import Path"


class Plan(NamedTuple):
    """A shop's plan: points restored a second, orders an hour, how many changed in the dark."""

    name: str
    restore_per_s: int
    orders_per_hour: float
    dark: int


PLANS = {
    "standard": Plan("standard", 100, 300, 300 * HOURS),
    "plus": Plan("plus", 1000, 5000, 5000 * HOURS),
}


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description="Five hours of silence, and the way back.")
    parser.add_argument("--plans", nargs="*", default=list(PLANS), choices=list(PLANS))
    options = parser.parse_args()
    goals = {"present_s": PRESENT_WITHIN_S, "subscribed_s": SUBSCRIBED_WITHIN_S, "falsely_late": 0}
    told: dict[str, Any] = {**(json.loads(OUT.read_bytes()) if OUT.exists() else {}), "goals": goals}
    for name in options.plans:
        here = {"commit": commit(), "machine": gauges.machine(), "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
        with tempfile.TemporaryDirectory(prefix="ordna-silence-") as folder:
            server = embedded.start(Path(folder) / "postgres")
            try:
                schema.install(server.dsn())
                told[name] = {**here, **Return(server.dsn(), Path(folder), PLANS[name]).figures()}
            finally:
                server.stop("immediate")
        OUT.parent.mkdir(parents=True, exist_ok=True)
        OUT.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told, indent=2))
    return 0 if all(told[name]["valid"] for name in options.plans) else 1


class Return:
    """One return from the dark. `planted` is code that is run in the worker first: a fault, to see the figures turn
    red. `down_s`: for so long the shop can't be asked what changed, though its webhooks come."""

    def __init__(
        self,
        dsn: str,
        home: Path,
        plan: Plan,
        *,
        patience_s: float = PRESENT_WITHIN_S + 120,
        planted: str = "",
        down_s: float = 0.0,
        latency_s: float = 0.3,
    ) -> None:
        self.dsn, self.home, self.plan = dsn, home, plan
        self.patience_s, self.planted = patience_s, planted
        self.extra = {"down_s": down_s, "down": {"Sweep", "ReadOrders"} if down_s else set(), "latency_s": latency_s}
        self.port, self.responder_port = free_port(), free_port()
        self.processes: list[subprocess.Popen[str]] = []

    def figures(self) -> dict[str, Any]:
        """Everything the return showed."""
        say(f"{self.plan.name}: {self.plan.dark:,} orders change in five dark hours")
        shop = self.before()
        try:
            self.start_all()
            assert shop.stdin is not None
            began = time.time()
            print("go", file=shop.stdin, flush=True)
            seen = self.watched(began)
            return self.summed(began, seen, self.stopped(shop))
        finally:
            for process in self.processes:
                process.kill()
                process.wait()

    def before(self) -> subprocess.Popen[str]:
        """The shop, and Ordna as it stood when the silence began."""
        now = datetime.now(UTC)
        self.lives = live(12, now, own_customers=True)
        place = open_merchants(self.dsn, self.home, 1, f"http://127.0.0.1:{self.responder_port}")[0]
        placed, paid = now - timedelta(hours=HOURS, minutes=10), now - timedelta(hours=HOURS - 0.5)
        born = [(placed, placed)] * UNPAID + [(placed, paid)] * PAID
        gap = timedelta(hours=HOURS - 0.25) / self.plan.dark
        born += [(at := now - timedelta(hours=HOURS - 0.2) + gap * nth, at) for nth in range(self.plan.dark)]
        plan = {
            **self.extra,
            "lives": self.lives,
            "born": born,
            "unpaid": UNPAID,
            "costs": {},
            "prices": prices(),
            "place": place,
            "orders_per_hour": self.plan.orders_per_hour,
            "restore_per_s": self.plan.restore_per_s,
            "port": self.port,
            "responder_port": self.responder_port,
            "feedback_port": 0,
        }
        (self.home / "plan").write_bytes(pickle.dumps(plan))
        self.known(placed, place)
        command = [sys.executable, "-m", "bench.silence_shop", str(self.home / "plan"), str(self.home / "shop")]
        shop = self.process(command)
        assert shop.stdout is not None
        assert shop.stdout.readline().strip() == "ready"
        return shop

    def known(self, placed: datetime, place: tuple[str, str, bytes, int]) -> None:
        """Forty orders came in unpaid just before the silence; since then nobody looked after anything."""
        database, ring = Database(self.dsn), keyring(self.home)
        stamp = f"{placed:%Y-%m-%dT%H:%M:%SZ}"
        intake = _Hand(Intake(database, ring, lambda: placed))
        for number in range(UNPAID + PAID):
            copy = copies(self.lives, number, 1)
            topic, body = copy.phases["before"][0]
            order = json.loads(body) | {"created_at": stamp, "processed_at": stamp, "updated_at": stamp}
            path, domain, secret, _ = place
            intake.post(request(copy, topic, json.dumps(order).encode(), path, domain, secret, 10**9 + number))
        leases = Leases(database, "before")
        stepper = Stepper(database, leases, Policies(ring), lambda: placed)
        while stepper.round():
            pass
        leases.close()
        with database.engine([1]) as conn:
            for duty, progress in ((watch.SWEEP, "{}"), (watch.SUBSCRIPTIONS, self.reached())):
                watch.begin(conn, KEY, duty, progress)
        database.close()
        with psycopg.connect(self.dsn) as conn:
            hours = {"hours": HOURS}
            conn.execute(
                """update watch set good_at = now() - make_interval(hours => %(hours)s),
                          begun_at = now() - make_interval(hours => %(hours)s)""",
                hours,
            )
            conn.execute("update connection set last_webhook_at = now() - make_interval(hours => %(hours)s)", hours)
            conn.execute("delete from reread")
            conn.execute("delete from timer where timer_key like 'read|%'")
            conn.execute(
                """update budget set available = 20.0 * %(rate)s, maximum = 20.0 * %(rate)s, restore_per_s = %(rate)s,
                          updated_at = now()""",
                {"rate": self.plan.restore_per_s},
            )
            counted = conn.execute("select count(*) from timer where fired_at is null").fetchone()
            assert counted is not None
            assert counted[0] >= PAID + UNPAID, counted

    def reached(self) -> str:
        """Where the shop reaches us."""
        return subscriptions.reached_at(f"http://127.0.0.1:{self.port}")

    def start_all(self) -> None:
        """The intake and the worker, as processes."""
        site = f"from ordna.site.serve import run; run('127.0.0.1', {self.port}, 'intake')"
        self.process([sys.executable, "-c", site])
        wait_for_port(self.port)
        work = f"{self.planted}\n{WORKER}\nWorker({self.dsn!r}, Path({str(self.home)!r})).run()"
        self.process([sys.executable, "-c", work])

    def process(self, command: list[str]) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "DATABASE_URL": self.dsn,
            "ORDNA_HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "ORDNA_SECRET": secrets.token_urlsafe(48),
        }
        made = subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.processes.append(made)
        return made

    def watched(self, began: float) -> dict[str, float]:
        """When each thing was first seen, in seconds after the return; until all is, or patience is over."""
        seen: dict[str, float] = {}
        dark = UNPAID + PAID + self.plan.dark
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            while len(seen) < 5 and time.time() < began + self.patience_s:
                time.sleep(0.5)
                states = conn.execute(STATES, {"step": "pay", "began": began}).fetchone()
                assert states is not None
                paid, listed, told, closed, late = states
                for name, true in (
                    ("present_s", paid >= dark - UNPAID),
                    ("listed_s", bool(listed)),
                    ("told_s", bool(told)),
                    ("closed_s", bool(closed)),
                    ("late_s", late >= UNPAID),
                ):
                    if true:
                        seen.setdefault(name, round(time.time() - began, 1))
                if int(time.time() - began) % 30 == 0:
                    say(f"{self.plan.name}: {paid:,} of {dark - UNPAID:,} orders read again")
        return seen

    def stopped(self, shop: subprocess.Popen[str]) -> dict[str, Any]:
        """What the shop was asked and told."""
        shop.terminate()
        shop.wait(timeout=30)
        told: dict[str, Any] = json.loads((self.home / "shop").read_bytes())
        time.sleep(2.0)  # what it told last is still being taken in
        return told

    def summed(self, began: float, seen: dict[str, float], shop: dict[str, Any]) -> dict[str, Any]:
        unpaid = [f"{KEY[1]}-{ref}" for ref in shop["orders"][:UNPAID]]
        with psycopg.connect(self.dsn) as conn:
            refs = {row[0] for row in conn.execute("select order_ref from orders")}
            late = [row[0] for row in conn.execute(LATE)]
            gap = conn.execute("select cause, orders, jsonb_array_length(topics) from gap").fetchone()
            doubled = conn.execute("select count(*) - count(distinct (merchant_id, order_ref)) from orders").fetchone()
        dark = shop["orders"][: UNPAID + PAID + self.plan.dark]
        mismatches = len(replay(Database(self.dsn), None).mismatches)
        figures: dict[str, Any] = {
            **{name: seen.get(name) for name in ("present_s", "listed_s", "told_s", "closed_s", "late_s")},
            "subscribed_s": shop["subscribed_s"],
            "orders": len(dark),
            "missing": len(set(dark) - refs),
            "doubled": doubled[0] if doubled else 0,
            "falsely_late": len(set(late) - set(unpaid)),
            "rightly_late": len(set(late) & set(unpaid)),
            "gap": None if gap is None else {"cause": gap[0], "orders": gap[1], "topics": gap[2]},
            "throttled": shop["throttled"],
            "points": round(shop["points"]),
            "points_lowest": round(shop["lowest"]),
            "calls": shop["counts"],
            "webhooks_after": shop["webhooks"],
            "refused_webhooks": shop["refused"],
            "replay_mismatches": mismatches,
        }
        figures["red"] = reds(figures)
        figures["valid"] = not figures["red"]
        return figures


def reds(figures: dict[str, Any]) -> list[str]:
    """The goals that were missed, by name."""
    tests = {
        "present": figures["missing"] == 0 and (figures["present_s"] or 1e9) <= PRESENT_WITHIN_S,
        "subscribed": (figures["subscribed_s"] or 1e9) <= SUBSCRIBED_WITHIN_S,
        "told": figures["told_s"] is not None and bool(figures["gap"] and figures["gap"]["topics"]),
        "closed": figures["closed_s"] is not None,
        "nothing falsely late": figures["falsely_late"] == 0,
        "what is late is told": figures["rightly_late"] == UNPAID,
        "replay": figures["replay_mismatches"] == 0 and figures["doubled"] == 0 and figures["refused_webhooks"] == 0,
    }
    return [name for name, green in tests.items() if not green]


STATES = """
    select (select count(*) from orders where payment = 'paid' and placed_at < to_timestamp(%(began)s)),
           (select count(*) from gap where ended_at is not null),
           (select count(*) from gap where topics <> '[]'),
           (select count(*) from gap where closed_at is not null),
           (select count(distinct order_id) from journal where kind = 'StepRanLate' and data ->> 'step' = %(step)s)
"""
LATE = "select distinct order_id from journal where kind = 'StepRanLate' and data ->> 'step' = 'pay'"


class _Hand:
    """Hands requests to the intake without a socket."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake

    def post(self, message: bytes) -> None:
        """One request as bytes."""
        head, _, body = message.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = [
            (name.lower().encode(), value.encode()) for name, _, value in (line.partition(": ") for line in lines)
        ]
        scope = {"type": "http", "method": "POST", "path": first.split()[1], "headers": headers}
        answers: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(event: Any) -> None:
            answers.append(event)

        asyncio.run(self.intake(scope, receive, send))
        assert answers[0]["status"] == 200, answers


if __name__ == "__main__":
    sys.exit(main())
