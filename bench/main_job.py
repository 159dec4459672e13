"""The main job: whole lives of orders over HTTP into the intake, through flow and rules, and out to the shop.

    python -m bench.main_job [--orders 4000] [--merchants 1] [--window 600] [--workers 1]
                             [--history 1000000 [--keep FOLDER]]

Everything runs as a merchant would run it, on this machine: PostgreSQL with default durability, the served site, the
worker, people
who pick, pack and ship through the requests' code path. The generator and the responder stand for the shop. The run
fails if any message was refused, any order did not get through, or any journal does not fold to its stored state.
"""

from __future__ import annotations

import argparse
import bisect
import json
import os
import pickle
import random
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench import gauges
from bench.floor import COPIED, UPSERTED, floor_s
from bench.lives import live
from bench.million import opened
from bench.shop import charges, open_merchants
from ordna.engine.replay import replay, replay_after
from ordna.store import embedded, schema
from ordna.store.database import Database

ROOT = Path(__file__).parent.parent
OUT = ROOT / "bench" / "out" / "main-job.json"
LIVES = 24
PATIENCE_S = 240.0
HISTORY_IDS = "1-8"
"""Orders of a history (bench.million) have ids that follow this one; those of a run come before."""
SETTLED = f"""
    select sum(n)::bigint from merchant m cross join lateral (
        select count(*) as n from orders o
        where o.merchant_id = m.merchant_id and o.order_id < '{HISTORY_IDS}' and not o.open) of_merchant
"""
OF_RUN = {"inbox": "order_hint < '8'", "seen": "webhook_id < '1'", "person": f"person_id < '{HISTORY_IDS}'",
          "part_owner": "order_ref < '8'"}  # fmt: skip
"""Which rows are a run's and not its history's, in the tables that have no order_id."""
STILL = f"""
    update timer set due_at = due_at + interval '10 years'
    where fired_at is null and order_id > '{HISTORY_IDS}' and due_at < now() + interval '1 year'
"""


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description="Whole lives of orders, end to end.")
    parser.add_argument("--orders", type=int, default=3000)
    parser.add_argument("--merchants", type=int, nargs="*", default=[1, 500])
    parser.add_argument("--window", type=int, default=900, help="orders under way at once")
    parser.add_argument("--sockets", type=int, default=64)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--history", type=int, default=0, help="so many orders are in the database already")
    parser.add_argument("--keep", type=Path, help="the folder of that history, made where it is new, and kept")
    options = parser.parse_args()
    if options.history:
        options.merchants = [1]
    runs = [Run(options, merchants).figures() for merchants in options.merchants]
    told = {"commit": commit(), "machine": gauges.machine(), "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", **runs[0]}
    if len(runs) > 1:
        told["many_merchants"] = runs[1]
    out = OUT.with_name(f"main-job-after-{options.history}.json") if options.history else OUT
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told, indent=2))
    return 0 if all(run["valid"] for run in runs) else 1


class Run:
    """One run with so many merchants, in a folder that is removed afterwards."""

    def __init__(self, options: argparse.Namespace, merchants: int) -> None:
        self.options = options
        self.merchants = merchants
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.port, self.responder_port, self.feedback_port = (free_port() for _ in range(3))

    def figures(self) -> dict[str, Any]:
        """Everything the run showed."""
        with tempfile.TemporaryDirectory(prefix="ordna-bench-") as folder:
            self.home = Path(folder)
            if self.options.history:
                self.home = (self.options.keep or self.home).absolute()
                with opened(self.home, self.options.history) as filled:
                    forget_run(filled.dsn())
            server = self.database()
            try:
                return self.measured(server)
            finally:
                for process in self.processes.values():
                    process.kill()
                server.stop("fast" if self.options.keep else "immediate")

    def database(self) -> embedded.Server:
        """An embedded server that keeps books of its statements."""
        say("starting PostgreSQL")
        server = embedded.start(self.home / "postgres")
        with psycopg.connect(server.dsn(), autocommit=True) as conn:
            conn.execute("alter system set shared_preload_libraries = 'pg_stat_statements'")
            conn.execute("alter system set pg_stat_statements.track_planning = on")
        server.stop()
        server = embedded.start(self.home / "postgres")
        schema.install(server.dsn())
        with psycopg.connect(server.dsn(), autocommit=True) as conn:
            conn.execute("create extension if not exists pg_stat_statements")
            conn.execute("select pg_stat_statements_reset()")
        return server

    def measured(self, server: embedded.Server) -> dict[str, Any]:
        plan = self.plan(server)
        self.start_all(server, plan)
        with psycopg.connect(server.dsn(), autocommit=True) as conn:
            pids = {"postgres": server.pid, **{name: process.pid for name, process in self.processes.items()}}
            before = gauges.books(conn, "ordna")
            used_before = {name: gauges.used_by(pid) for name, pid in pids.items()}
            sending = self.processes["sender"]
            assert sending.stdin is not None
            print("go", file=sending.stdin, flush=True)
            ended = self.wait(conn)
            used = {name: gauges.used_by(pid) for name, pid in pids.items()}
            after = gauges.books(conn, "ordna")
            statements = gauges.statements(conn, "ordna", self.options.orders)
            OUT.parent.mkdir(parents=True, exist_ok=True)
            OUT.with_name(f"main-job-statements-{self.merchants}.txt").write_text("\n".join(statements) + "\n")
            told = self.told()
            self.stop_all()
            cpu = {name: used[name].cpu_s - used_before[name].cpu_s for name in used if name != "sender"}
            figures = self.summed(conn, told, ended, before, after, cpu, {name: u.rss_mb for name, u in used.items()})
        figures.update(self.proved(server.dsn(), told))
        if self.options.history:
            return figures
        say("writing the same rows with no logic")
        figures["floor_orders_per_s"] = round(self.options.orders / floor_s(server.dsn()), 1)
        figures["floor_ratio"] = round(figures["orders_per_s"] / figures["floor_orders_per_s"], 3)
        return figures

    def plan(self, server: embedded.Server) -> dict[str, Any]:
        """Lives, merchants, and which order goes to whom: Zipf over the merchants."""
        say(f"living {LIVES} lives, opening {self.merchants} merchants")
        lives = live(LIVES, datetime.now(UTC))
        base = f"http://127.0.0.1:{self.responder_port}"
        open_places = open_merchants(server.dsn(), self.home, self.merchants, base)
        chance = random.Random(7)
        weights = [1 / rank for rank in range(1, self.merchants + 1)]
        reach = [sum(weights[: rank + 1]) for rank in range(self.merchants)]
        picks = [bisect.bisect(reach, chance.random() * reach[-1]) for _ in range(self.options.orders)]
        return {
            "lives": lives,
            "orders": self.options.orders,
            "window": self.options.window,
            "sockets": self.options.sockets,
            "places": [open_places[pick] for pick in picks],
            "port": self.port,
            "responder_port": self.responder_port,
            "feedback_port": self.feedback_port,
            "costs": charges(),
        }

    def start_all(self, server: embedded.Server, plan: dict[str, Any]) -> None:
        say(f"signing {self.options.orders * 10} messages, starting everything")
        (self.home / "plan").write_bytes(pickle.dumps(plan))
        environment = {
            **os.environ,
            "DATABASE_URL": server.dsn(),
            "ORDNA_HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "ORDNA_SECRET": secrets.token_urlsafe(48),
        }
        here = [sys.executable, "-m"]
        home = self.home
        site = f"from ordna.site.serve import run; run('127.0.0.1', {self.port}, 'intake')"
        self.start("responder", [*here, "bench.responder", str(home / "plan"), str(home / "responder")], environment)
        self.start("intake", [sys.executable, "-c", site], environment, ready=False)
        for number in range(self.options.workers):
            loop = "from ordna.engine.loop import Worker; from pathlib import Path"
            worker = f"{loop}; Worker({server.dsn()!r}, Path({str(home)!r})).run()"
            self.start(f"worker {number + 1}", [sys.executable, "-c", worker], environment, ready=False)
        bench_dsn = server.dsn()
        people = [
            *here,
            "bench.people",
            server.dsn(),
            bench_dsn,
            *(str(home / name) for name in (".", "done", "people")),
        ]
        self.start("people", people, environment)
        wait_for_port(self.port)
        self.start("sender", [*here, "bench.sender", str(home / "plan"), str(home / "sender")], environment)

    def start(self, name: str, command: list[str], environment: dict[str, str], ready: bool = True) -> None:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if ready else subprocess.DEVNULL,
        )
        self.processes[name] = process
        if ready:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready", f"{name} did not start"

    def wait(self, conn: psycopg.Connection[Any]) -> float:
        """When every order was through; progress on the way."""
        begun = time.time()
        while time.time() < begun + PATIENCE_S:
            row = conn.execute(SETTLED).fetchone()
            done = row[0] if row else 0
            if int(time.time() - begun) % 5 == 0:
                say(f"{done} of {self.options.orders} orders through")
            if done >= self.options.orders:
                break
            dead = [name for name, process in self.processes.items() if process.poll() not in (None, 0)]
            if dead:
                raise RuntimeError(f"{' and '.join(dead)} ended on its own")
            time.sleep(1)
        print(file=sys.stderr)
        row = conn.execute(
            f"""select extract(epoch from max(recorded_at)) from journal
                where kind = 'OrderClosed' and order_id < '{HISTORY_IDS}'"""
        ).fetchone()
        return float(row[0] or 0) if row else 0.0

    def told(self) -> dict[str, Any]:
        """What the generator, the people and the responder wrote down."""
        (self.home / "done").touch()
        self.processes["sender"].wait(timeout=30)
        self.processes["people"].wait(timeout=30)
        self.processes["responder"].terminate()
        self.processes["responder"].wait(timeout=30)
        return {name: json.loads((self.home / name).read_text()) for name in ("sender", "people", "responder")}

    def stop_all(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()

    def summed(
        self,
        conn: psycopg.Connection[Any],
        told: dict[str, Any],
        ended: float,
        before: gauges.Books,
        after: gauges.Books,
        cpu: dict[str, float],
        rss: dict[str, float],
    ) -> dict[str, Any]:
        orders, sender = self.options.orders, told["sender"]
        seconds = max(ended - sender["started_at"], 0.001)
        latencies = [
            row[0]
            for row in conn.execute(
                f"""select extract(epoch from handled_at - received_at)::float * 1000 from inbox
               where handled_at is not null and {OF_RUN["inbox"]} order by 1"""
            )
        ]
        cpu["people"] = told["people"]["cpu_s"]
        return {
            "orders_per_s": round(orders / seconds, 1),
            "messages_per_s": round(sender["messages"] / seconds, 1),
            "ack_p50_ms": round(gauges.percentile(sender["acks_ms"], 0.5), 1),
            "ack_p99_ms": round(gauges.percentile(sender["acks_ms"], 0.99), 1),
            "decision_p50_ms": round(gauges.percentile(latencies, 0.5), 1),
            "decision_p99_ms": round(gauges.percentile(latencies, 0.99), 1),
            "sql_per_order": round((after.statements - before.statements) / orders, 2),
            "sql_control_per_order": round((after.control - before.control) / orders, 2),
            "commits_per_order": round((after.commits - before.commits) / orders, 2),
            "wal_bytes_per_order": round((after.wal_bytes - before.wal_bytes) / orders),
            "cpu_ms_per_order": round(sum(cpu.values()) / orders * 1000, 2),
            "cpu_ms_per_order_by_process": {name: round(s / orders * 1000, 2) for name, s in cpu.items()},
            "generator_cpu_share": round(sender["generator_cpu_s"] / (sender["ended_at"] - sender["started_at"]), 2),
            "graphql_points_per_order": round(told["responder"]["points"] / orders, 1),
            "rereads_per_order": round(told["responder"]["reads"] / orders, 2),
            "peak_rss_mb": {name: round(mb) for name, mb in rss.items()},
            "webhooks_per_order": sender["messages"] / orders,
            "requests_per_order": round(told["people"]["accepted"] / orders, 2),
            "stages_p50_s": gauges.stages(conn, HISTORY_IDS),
            "orders": orders,
            "merchants": self.merchants,
            "workers": self.options.workers,
            "history_orders": self.options.history,
        }

    def proved(self, dsn: str, told: dict[str, Any]) -> dict[str, Any]:
        """fold = state for every order, every order through, nothing refused, nothing done twice."""
        say("folding every journal of the run")
        database = Database(dsn)
        history = self.options.history
        report = replay_after(database, 1, "", self.options.orders) if history else replay(database, None)
        database.close()
        with psycopg.connect(dsn) as conn:
            through = conn.execute(SETTLED).fetchone()
            rows: dict[str, int] = dict(
                conn.execute(
                    f"select coalesce(outcome, 'waiting'), count(*) from inbox where {OF_RUN['inbox']} group by 1"
                ).fetchall()
            )
        done = through[0] if through else 0
        saturated = told["sender"]["generator_cpu_s"] > 0.95 * (
            told["sender"]["ended_at"] - told["sender"]["started_at"]
        )
        valid = (
            done == self.options.orders
            and not report.mismatches
            and not told["sender"]["errors"]
            and not told["responder"]["twice"]
            and not saturated
        )
        return {
            "through": done,
            "fold_mismatches": len(report.mismatches),
            "refused_messages": told["sender"]["errors"],
            "fulfilled_twice": told["responder"]["twice"],
            "inbox": rows,
            "calls": told["responder"]["counts"],
            "valid": valid,
        }


def forget_run(dsn: str) -> None:
    """Leave a history as it was before a run was measured on it, and standing still: none of its timers fall due."""
    say("the history is there; what an earlier run left goes")
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(STILL)
        for table in (*COPIED, *UPSERTED, "person_token", "inbox", "reread"):
            where = OF_RUN.get(table, f"order_id < '{HISTORY_IDS}'" if table != "reread" else "true")
            conn.execute(f"delete from {table} where merchant_id = 1 and {where}")
            conn.execute(f"vacuum {table}")


def say(words: str, end: str = "\n") -> None:
    """Progress, for whoever waits."""
    print(f"  {words}", end=end, file=sys.stderr, flush=True)


def commit() -> str:
    """The commit that was measured."""
    done = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int) -> None:
    """Until somebody listens on it. `TimeoutError`."""
    until = time.time() + 30
    while time.time() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on port {port}")


if __name__ == "__main__":
    sys.exit(main())
