"""A whole Ordna as a newcomer has it: real processes, a practice shop, a browser; everything begins with nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import psycopg
import pytest

STARTS_WITHIN_S = 120.0
STOPS_WITHIN_S = 40.0
LOOK_EVERY_S = 0.2

T = TypeVar("T")
R = TypeVar("R", bound="Running")


@dataclass
class Practice:
    """A practice shop that runs somewhere, by its control addresses."""

    url: str

    def get(self, path: str) -> Any:
        """What one of its JSON addresses answers."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def post(self, path: str, **wish: Any) -> Any:
        """Have something done at the shop, as its merchant would; what it answers."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(wish).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def order(self, number: int) -> Any:
        """All it knows of one order."""
        return self.get(f"/_practice/orders/{number}")

    def place(self, **wish: Any) -> int:
        """A buyer places an order; its id once it is routed to a place to ship from."""
        number = int(self.post("/_practice/orders", **wish)["id"])
        awaited("the shop routes the order", lambda: self.order(number)["fulfillment_orders"], 30)
        return number

    def place_plain(self) -> int:
        """An order that nothing holds: paid, of ordinary worth, few units, shipped from one place; its id."""
        for _ in range(20):
            number = self.place(payment="captured")
            order = self.order(number)
            parts = order["fulfillment_orders"]
            if float(order["total"]) < 4000 and len(parts) == 1 and parts[0]["status"] == "OPEN":
                return number
        raise AssertionError("twenty buyers, and nobody bought something ordinary")

    def changes(self) -> int:
        """How many calls changed something at the shop, those apart that only ask to be told."""
        return int(self.get("/_practice/mutations")["changes"])


@dataclass
class Running:
    """An `ordna up` under way."""

    process: subprocess.Popen[str]
    url: str
    link: str
    practice: Practice
    environment: dict[str, str]
    said: list[str] = field(default_factory=list)
    carrier: Practice = field(default_factory=lambda: Practice(""))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command of the command line beside it."""
        return subprocess.run(
            [sys.executable, "-m", "ordna.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def processes(self) -> dict[int, str]:
        """Every process it started, and those that these started, by what they are."""
        listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
        rows = [(int(pid), int(parent), what) for pid, parent, what in (row.split(None, 2) for row in _lines(listed))]
        found = {self.process.pid: "ordna up"}
        home = self.environment["ORDNA_HOME"]
        found |= {pid: what for pid, _, what in rows if home in what}  # PostgreSQL is nobody's child
        while more := {pid: what for pid, parent, what in rows if parent in found and pid not in found}:
            found |= more
        return {pid: what for pid, what in found.items() if not what.startswith("ps ")}

    def prove_journal(self) -> None:
        """`ordna replay`: every stored row follows from the journal."""
        proof = self.run("replay")
        assert proof.returncode == 0, proof.stdout + proof.stderr
        assert "The journal explains every stored row." in proof.stdout


@dataclass
class Observed(Running):
    """One whose database is the test's to look into, with a shop that was connected from the command line."""

    dsn: str = ""

    def rows(self, statement: str, *params: Any) -> list[tuple[Any, ...]]:
        """What a query finds, past every wall."""
        with psycopg.connect(self.dsn) as conn:
            return conn.execute(statement.encode(), params or None).fetchall()

    def one(self, statement: str, *params: Any) -> Any:
        """The only value a query finds."""
        return self.rows(statement, *params)[0][0]

    def all_read(self) -> bool:
        """Whether nothing waits: no import under way, no message in the inbox, no order to be read by now."""
        importing = "select count(*) from watch where duty = 'history' and not (progress ->> 'done')::boolean"
        reading = "select count(*) from reread where not_before <= now()"
        waiting = "select count(*) from inbox where handled_at is null"
        return all(self.one(left) == 0 for left in (importing, reading, waiting))


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Running]:
    """`ordna up` in an empty home: embedded PostgreSQL, the practice shop with its month, one worker."""
    port, practice_port, carrier_port = free_port(), free_port(), free_port()
    # The server account of the embedded PostgreSQL must get through where the tests run as root.
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    environment = _environment(ORDNA_HOME=str(tmp_path / "an empty home"))
    ports = ("--port", str(port), "--practice-port", str(practice_port), "--carrier-port", str(carrier_port))
    process = _start(environment, "up", *ports)
    practice = Practice(f"http://127.0.0.1:{practice_port}")
    made = Running(process, f"http://127.0.0.1:{port}", "", practice, environment)
    made.carrier = Practice(f"http://127.0.0.1:{carrier_port}")
    yield from _until_over(made)


@pytest.fixture
def observed(empty_database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Observed]:
    """`ordna up` and, beside it, a practice shop that was connected with `ordna connect` and only observed.

    The test says with `@pytest.mark.parametrize("observed", [(days, orders a day)], indirect=True)` how much the shop
    has lived already; it stands still.
    """
    days, per_day = request.param
    port, practice_port = free_port(), free_port()
    environment = _environment(
        ORDNA_HOME=str(tmp_path), DATABASE_URL=empty_database, ORDNA_URL=f"http://127.0.0.1:{port}"
    )
    lived = ["--history-days", str(days), "--orders-per-day", str(per_day), "--orders-per-hour", "0"]
    shop = _start(environment, "practice", "--port", str(practice_port), "--quiet", *lived)
    process = _start(environment, "up", "--port", str(port), "--no-practice")
    practice = Practice(f"http://127.0.0.1:{practice_port}")
    made = Observed(process, f"http://127.0.0.1:{port}", "", practice, environment, dsn=empty_database)
    try:
        for running in _until_over(made):
            awaited("the practice shop opens", lambda: _answers(practice.url), STARTS_WITHIN_S)
            practice.post("/_practice/pause")
            told = practice.get("/_practice/credentials")
            said = made.run(
                "connect", told["address"], "--token", told["access_token"], "--client-secret", told["client_secret"]
            )
            assert said.returncode == 0, said.stdout + said.stderr
            awaited("the history is read to its end", made.all_read, 120)
            yield running
    finally:
        shop.terminate()
        shop.wait(STOPS_WITHIN_S)


@pytest.fixture(scope="module")
def chromium(chromium_path: Path) -> Iterator[Any]:
    """The browser's process."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(chromium_path), args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A browser's page. Whatever any of its pages wrote to the console as an error fails the test at its end.

    An open page tries to hear live updates again once the test has stopped the server: no error of the page.
    """
    opened = chromium.new_page(viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(30_000)
    errors: list[str] = []
    opened.on("console", lambda said: errors.append(f"{opened.url}: {said.text}") if said.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(f"{opened.url}: {error}"))
    yield opened
    opened.close()
    assert [error for error in errors if "net::ERR_CONNECTION_REFUSED" not in error] == []


def awaited(what: str, look: Callable[[], T], within_s: float) -> T:
    """Look until there is something to see; what was seen. Says what was awaited when it does not come in time."""
    until = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < until, f"{what}: awaited for {within_s:g} s, last seen: {seen!r}"
        time.sleep(LOOK_EVERY_S)
    return seen


def gone(pid: int) -> bool:
    """Whether no process of that number lives."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def free_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(**more: str) -> dict[str, str]:
    ours = (
        "DATABASE_URL",
        "ORDNA_SUPERVISOR",
        "ORDNA_PRACTICE",
        "ORDNA_PRACTICE_CARRIER",
        "ORDNA_URL",
        "ORDNA_KEY",
        "ORDNA_SECRET",
    )
    return {name: value for name, value in os.environ.items() if name not in ours} | more


def _start(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ordna.cli", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _until_over(running: R) -> Iterator[R]:
    try:
        Thread(target=_listen, args=(running,), daemon=True).start()
        running.link = awaited("a link to sign in with is printed", lambda: _link(running), STARTS_WITHIN_S)
        yield running
    finally:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGTERM)
        running.process.wait(STOPS_WITHIN_S)


def _listen(running: Running) -> None:
    """Keep what it says; a pipe that nobody reads would stop it in the end."""
    assert running.process.stdout is not None
    for line in running.process.stdout:
        running.said.append(line)


def _link(running: Running) -> str:
    """The one-time link among the lines it printed; "" before."""
    assert running.process.poll() is None, "ordna up ended: " + "".join(running.said)
    found = re.search(r"http\S+/sign-in/\S+", "".join(running.said))
    return found[0] if found else ""


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


def _lines(listed: subprocess.CompletedProcess[str]) -> list[str]:
    return [row for row in listed.stdout.splitlines() if len(row.split(None, 2)) == 3]
