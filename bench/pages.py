"""The pages at a million orders, over HTTP, under row-level security.

    python -m bench.pages [--orders 1000000] [--keep FOLDER]

The site is served as it is in production, a person signs in, and every page is asked for: the orders list with every
filter alone and with every pair of filters under every tab, at the newest orders and deep in the past, the search,
order pages, the flow map, my work, the connections. What was slowest, and each tab, is then asked 200 times. Afterwards
the server writes down the plan of every statement of one more round, and the scans of big tables in them are counted.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from random import Random
from urllib.parse import urlencode

import msgspec
import psycopg

from bench import gauges
from bench.main_job import ROOT, commit, free_port, wait_for_port
from bench.million import BIG, HISTORY_DAYS, ORDERS, opened
from bench.stencils import RAW, TABLES
from ordna.store import embedded
from ordna.store.read.orders import PAYMENTS
from ordna.web.asked_for import TABS

OUT = ROOT / "bench" / "out" / "pages.json"
PLANS = ROOT / "bench" / "out" / "pages-plans.txt"
REQUESTS = 200
SLOWEST = 8
GROWING = """
    select c.relname from pg_class c
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and pg_relation_size(c.oid) > 0
      and coalesce((select i.inhparent::regclass::text from pg_inherits i where i.inhrelid = c.oid), c.relname)
          = any(%s::text[])
"""
"""The tables that grow with the orders, and their partitions that hold anything: nobody may read these whole."""
PLANS_ON = {
    "session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on", "log_line_prefix": "",
}  # fmt: skip
FIELDS = {
    "step": ("pay", "check", "pick", "pack", "ship", "deliver", "close"),
    "owner": ("service", "warehouse", "carrier"),
    "payment": PAYMENTS,
    "country": ("DK", "SE", "IS", "ZZ"),
    "test": ("1",),
}
"""Every filter with its values; of countries the most common, a common, a rare one and one of no order."""
Query = tuple[tuple[str, str], ...]


def main() -> int:
    """Run, print, write; fails where a page did not answer."""
    parser = argparse.ArgumentParser(description="The pages with a long history.")
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--keep", type=Path, help="a folder with the orders, filled where it is new, and kept")
    options = parser.parse_args()
    with _folder(options.keep) as folder, opened(folder, options.orders) as server:
        told = Run(server, folder, options.orders).figures()
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told, indent=2))
    return 0 if not told["refused"] else 1


class Run:
    """One run over a filled database."""

    def __init__(self, server: embedded.Server, folder: Path, orders: int) -> None:
        self.server = server
        self.folder = folder
        self.orders = orders
        self.chance = Random(7)
        self.refused: list[str] = []

    def figures(self) -> dict[str, object]:
        """Everything the run showed."""
        ids, names, cursors = self.known()
        with self.site() as browser:
            shots = Shots(browser, self.refused)
            fixed = self.pages(ids, names)
            for make in fixed.values():
                shots.ask([make() for _ in range(20)])
            say("every filter and every pair of filters, at the newest orders and deep down")
            lists = list(_queries())
            once = {query: shots.ask(self.depths(query, cursors)) for query in lists}
            say(f"{len(once)} lists; the slowest {SLOWEST} and the tabs, {REQUESTS} times each")
            worst = sorted(once, key=lambda query: -max(once[query]))[:SLOWEST]
            tabs = [(("show", key),) for key, _ in TABS]
            timed = {query: self.often(shots, query, cursors) for query in dict.fromkeys([*tabs, *worst])}
            p95 = {_name(query): gauges.percentile(times, 0.95) for query, times in timed.items()}
            other = {name: shots.ask([make() for _ in range(REQUESTS)]) for name, make in fixed.items()}
        every = sorted(time_ms for times in once.values() for time_ms in times)
        plans = self.plans([*fixed.values()], lists, cursors)
        slowest = max(p95, key=lambda name: p95[name])
        return {
            "commit": commit(),
            "machine": gauges.machine(),
            "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "orders": self.orders,
            "journal_rows": self.count("journal"),
            "open_orders": self.count("orders", "where open"),
            "list_p95_ms": round(p95[slowest], 1),
            "list_worst": slowest,
            "lists": len(once),
            "list_every_p95_ms": round(gauges.percentile(every, 0.95), 1),
            "list_every_max_ms": round(every[-1], 1),
            **{f"{name}_p95_ms": round(gauges.percentile(times, 0.95), 1) for name, times in other.items()},
            "seq_scans": sum(plans.values()),
            "statements": len(plans),
            "requests_each": REQUESTS,
            "refused": self.refused[:10],
            "list_p95_ms_each": {name: round(ms, 1) for name, ms in sorted(p95.items(), key=lambda each: -each[1])},
        }

    def known(self) -> tuple[list[str], list[str], list[str]]:
        """Ids and names of orders to open, and cursors at the newest, after a week, a fifth, a half and nearly all."""
        with psycopg.connect(self.server.dsn()) as conn:
            rows = conn.execute(
                "select order_id, name from orders tablesample system (%s) where merchant_id = %s limit 400",
                (min(100, 200_000 / self.orders), BIG),
            ).fetchall()
            ids, names = [row[0] for row in rows], [row[1] for row in rows]
            cursors = [""]
            for share in (7 / HISTORY_DAYS, 0.2, 0.5, 0.98):
                row = conn.execute(
                    """select placed_at, order_id from orders where merchant_id = %s
                       order by placed_at desc, order_id desc offset %s limit 1""",
                    (BIG, int(self.orders * share * 0.9)),
                ).fetchone()
                assert row is not None
                cursors.append(_cursor(*row))
        return ids, names, cursors

    def pages(self, ids: list[str], names: list[str]) -> dict[str, Callable[[], str]]:
        """The pages that are not the list, each as what makes its next address."""
        pick = self.chance.choice
        return {
            "order": lambda: f"/orders/{pick(ids)}",
            "map": lambda: "/",
            "work": lambda: pick(("/work", "/work?team=warehouse", "/work?team=service", "/work?team=mine")),
            "search": lambda: f"/orders?{urlencode({'q': pick((pick(names), 'nobody@example.com'))})}",
            "connections": lambda: "/connections",
        }

    def depths(self, query: Query, cursors: list[str]) -> list[str]:
        return [_list(query, ""), _list(query, self.chance.choice(cursors[1:]))]

    def often(self, shots: Shots, query: Query, cursors: list[str]) -> list[float]:
        addresses = [_list(query, cursors[number % len(cursors)]) for number in range(REQUESTS)]
        return shots.ask(addresses)

    def plans(self, fixed: list[Callable[[], str]], lists: list[Query], cursors: list[str]) -> dict[str, int]:
        """One more round with the server writing down every plan: scans of big tables by statement."""
        say("the plan of every statement")
        self.settings(PLANS_ON)
        log = self.server.data_dir / "log"
        known = {path: path.stat().st_size for path in log.iterdir()}
        try:
            with self.site() as browser:
                shots = Shots(browser, self.refused)
                for make in fixed:
                    shots.ask([make() for _ in range(5)])
                shots.ask([_list(query, self.chance.choice(cursors)) for query in lists])
        finally:
            self.settings({})
        text = ""
        for path in sorted(log.iterdir()):
            with path.open(encoding="utf-8", errors="replace") as lines:
                lines.seek(known.get(path, 0))
                text += lines.read()
        return scans(text, self.growing())

    def growing(self) -> frozenset[str]:
        with psycopg.connect(self.server.dsn()) as conn:
            return frozenset(name for (name,) in conn.execute(GROWING, ([*TABLES, *RAW],)))

    def settings(self, wanted: dict[str, str]) -> None:
        """Have new sessions run with these settings over the server's own."""
        with psycopg.connect(self.server.dsn(), autocommit=True) as conn:
            for name in PLANS_ON:
                conn.execute(f"alter system reset {name}")
            for name, value in wanted.items():
                conn.execute(f"alter system set {name} = '{value}'")
            conn.execute("select pg_reload_conf()")
        time.sleep(0.5)

    def count(self, table: str, where: str = "") -> int:
        with psycopg.connect(self.server.dsn()) as conn:
            row = conn.execute(f"select count(*) from {table} {where}").fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def site(self) -> Iterator[Browser]:
        """The served site, and somebody who is signed in."""
        port = free_port()
        environment = {
            "DATABASE_URL": self.server.dsn(),
            "ORDNA_HOME": str(self.folder),
            "ORDNA_SECRET": secrets.token_urlsafe(48),
            "ORDNA_URL": f"http://127.0.0.1:{port}",
        }
        os.environ.update(environment)
        link = subprocess.run(
            [sys.executable, "-c", SIGN_IN, str(BIG)], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        serve = f"from ordna.site.serve import run; run('127.0.0.1', {port})"
        serving = subprocess.Popen([sys.executable, "-c", serve], cwd=ROOT)
        try:
            wait_for_port(port)
            browser = Browser(port)
            browser.sign_in(link)
            yield browser
        finally:
            serving.terminate()
            serving.wait(timeout=20)


SIGN_IN = """
import sys
from ordna.site import place, tables
tables.install(place.dsn())
from ordna.engine import clock
from ordna.store import accounts
print(accounts.new_link(accounts.ensure_person("ida", int(sys.argv[1])), clock.now()))
"""


class Browser:
    """One person's requests over one kept-alive connection, cookies kept."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._cookies: dict[str, str] = {}

    def get(self, address: str) -> tuple[int, bytes]:
        """(status, body)."""
        return self._ask("GET", address, None)

    def sign_in(self, link: str) -> None:
        """Open the one-time link and press its button."""
        _, page = self.get(f"/sign-in/{link}")
        found = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert found is not None, page[:500]
        status, _ = self._ask("POST", f"/sign-in/{link}", urlencode({"csrfmiddlewaretoken": found[1].decode()}))
        assert status == 302, status

    def _ask(self, method: str, address: str, body: str | None) -> tuple[int, bytes]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request(method, address, body, headers)
        answer = self._connection.getresponse()
        for value in answer.headers.get_all("Set-Cookie") or ():
            name, _, rest = value.partition("=")
            self._cookies[name] = rest.partition(";")[0]
        return answer.status, answer.read()


class Shots:
    """Requests with their times."""

    def __init__(self, browser: Browser, refused: list[str]) -> None:
        self._browser = browser
        self._refused = refused

    def ask(self, addresses: list[str]) -> list[float]:
        """Milliseconds of each, sorted; what is neither a page nor a redirect to one is noted."""
        times = []
        for address in addresses:
            begun = time.perf_counter()
            status, _ = self._browser.get(address)
            times.append((time.perf_counter() - begun) * 1000)
            if status not in (200, 302):
                self._refused.append(f"{status} {address}")
        return sorted(times)


def scans(log: str, growing: frozenset[str]) -> dict[str, int]:
    """Of every statement in a log of plans (by its text, values apart), how often it read one of the
    growing tables whole. The plans stand in bench/out/pages-plans.txt, one a statement, the scanning ones first."""
    found: dict[str, int] = {}
    kept: dict[str, str] = {}
    for entry in re.split(r"(?m)^(?=LOG:  )", log):
        head, _, rest = entry.partition("Query Text: ")
        if not rest or "plan:" not in head:
            continue
        text, _, _ = rest.partition("cost=")
        shape = " ".join(re.sub(r"'(?:[^']|'')*'|\b\d+\b", "?", text[: text.rfind("\n")]).split())
        count = sum(table in growing for table in re.findall(r"Seq Scan on (?:public\.)?(\w+)", rest))
        if count > found.get(shape, -1):
            kept[shape] = rest.rstrip()
        found[shape] = max(found.get(shape, 0), count)
    PLANS.parent.mkdir(parents=True, exist_ok=True)
    PLANS.write_text("\n\n".join(kept[shape] for shape in sorted(kept, key=lambda shape: -found[shape])) + "\n")
    return found


def _queries() -> Iterator[Query]:
    """Every tab alone, with each filter, and with each pair of filters."""
    for show, _ in TABS:
        tab = ("show", show)
        yield (tab,)
        for field, values in FIELDS.items():
            yield from ((tab, (field, value)) for value in values)
        for one, other in combinations(FIELDS, 2):
            yield from ((tab, (one, a), (other, b)) for a in FIELDS[one] for b in FIELDS[other])


def _list(query: Query, after: str) -> str:
    return "/orders?" + urlencode([*query, *([("after", after)] if after else [])])


def _name(query: Query) -> str:
    return " ".join(f"{name}={value}" for name, value in query)


def _cursor(placed_at: datetime, order_id: str) -> str:
    import base64

    return base64.urlsafe_b64encode(msgspec.json.encode([placed_at, order_id])).decode().rstrip("=")


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="ordna-pages-") as folder:
        yield Path(folder)


def say(words: str) -> None:
    """Progress, for whoever waits."""
    print(f"  {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
