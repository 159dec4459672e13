"""The drill of docs/operate.md: back up, lose the machine, restore somewhere else, and show that nothing is lost.

    .venv/bin/python tools/drill.py [--orders-before 120] [--orders-after 40] [--keep]

It starts Ordna and a practice shop, lets them work, backs up while they do, goes on, kills every process of Ordna with
SIGKILL (PostgreSQL's included) and throws their folder away; then more happens at the shop. A new folder gets the key,
which was kept apart, and the backup. At the end:

    before   every event the backup's orders had is there, byte for byte, and the fold of every journal is its state
    after    every order the shop has is there with the shop's own money and fulfillment, found by asking the shop
    outside  nothing was asked of the shop between the kill and the word that outgoing may go on; no hold stands twice

Prints what it saw and ends with 0, or with 1 and what was missing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from ordna.engine.connections import Connections
from ordna.engine.keys import keyring
from ordna.store import embedded
from ordna.store.database import Database

DEEDS = ("ship", "edit", "note", "cancel", "refund_part", "ship")
PATIENCE_S = 240.0
T = TypeVar("T")


@dataclass
class Shop:
    """The practice shop: it stands elsewhere, and outlives the machine that Ordna ran on."""

    url: str
    process: subprocess.Popen[bytes]
    ids: list[int] = field(default_factory=list)

    def get(self, path: str) -> Any:
        """One of its JSON addresses."""
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def post(self, path: str, **wish: Any) -> Any:
        """Have something happen there."""
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(self.url + path, json.dumps(wish).encode(), headers)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)

    def place(self, count: int) -> None:
        """Buyers order; some want much, some give half an address."""
        for nth in range(count):
            wish = {"payment": "captured", "high_value": nth % 5 == 0, "incomplete_address": nth % 7 == 0}
            self.ids.append(int(self.post("/_practice/orders", **wish)["id"]))

    def work_on(self, ids: list[int]) -> None:
        """Its people do something with each of these orders; what can't be done any more is left."""
        for nth, number in enumerate(ids):
            try:
                self.post(f"/_practice/orders/{number}/{DEEDS[nth % len(DEEDS)]}")
            except urllib.error.HTTPError:
                continue

    def told_all(self) -> bool:
        """Whether every webhook it had to send was taken in by somebody."""
        return int(self.get("/_practice/deliveries")["waiting"]) == 0

    def changes(self) -> int:
        """How often it was asked to change something, subscriptions apart."""
        return int(self.get("/_practice/mutations")["changes"])


@dataclass
class House:
    """One Ordna: its folder, its address, its supervisor."""

    home: Path
    port: int
    process: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What its processes are told."""
        ours = ("DATABASE_URL", "ORDNA_SUPERVISOR", "ORDNA_PRACTICE", "ORDNA_KEY", "ORDNA_SECRET")
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        return {**kept, "ORDNA_HOME": str(self.home), "ORDNA_URL": f"http://127.0.0.1:{self.port}"}

    def run(self, *arguments: str) -> str:
        """A command of the operator's; what it printed. Fails loudly."""
        done = subprocess.run(_ordna(*arguments), env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"ordna {' '.join(arguments)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self) -> None:
        """`ordna up`, until it answers."""
        asked = _ordna("up", "--port", str(self.port), "--workers", "2", "--no-practice")
        self.process = subprocess.Popen(
            asked, env=self.environment, stdout=subprocess.DEVNULL, text=True, start_new_session=True
        )
        awaited("Ordna answers", lambda: answers(f"http://127.0.0.1:{self.port}/sign-in/"))

    def stop(self) -> None:
        """As an operator stops it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def kill(self) -> int:
        """The machine goes away: every process at once, PostgreSQL's too, without a word. How many there were."""
        victims = self.processes()
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        awaited("they are gone", lambda: not any(alive(pid) for pid in victims))
        if self.process is not None:
            self.process.wait()
        return len(victims)

    def processes(self) -> list[int]:
        """Ours alone: what we started, what that started, and the server of our folder."""
        listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
        rows = [line.split(None, 2) for line in listed.splitlines() if len(line.split(None, 2)) == 3]
        found = {self.process.pid} if self.process is not None else set()
        folder = str((self.home / "postgres").resolve())
        found |= {int(pid) for pid, _, what in rows if folder in what.split()}
        while more := {int(pid) for pid, parent, _ in rows if int(parent) in found and int(pid) not in found}:
            found |= more
        return sorted(found, reverse=True)

    def dsn(self) -> str:
        """The running server's."""
        server = embedded.start(self.home / "postgres")
        assert not server.owned
        return server.dsn()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What stands in the tables, past every wall."""
        with psycopg.connect(self.dsn()) as conn:
            return conn.execute(statement.encode()).fetchall()

    def settled(self) -> bool:
        """Whether nothing waits: no message, no order to read, no effect under way."""
        return self.rows(WAITING) == [(0,)]


WAITING = """
    select (select count(*) from reread) + (select count(*) from inbox where handled_at is null)
         + (select count(*) from effect where status in ('due', 'sending', 'in_doubt'))
"""
READ_ALL = "select (select count(*) from reread) + (select count(*) from inbox where handled_at is null)"
OURS = "select order_ref, payment, headline from orders"
SHIPPED = ("shipped", "delivered", "closed")
EVENTS = "select order_id, seq, to_jsonb(j)::text from journal j order by 1, 2"


def main() -> int:
    """The whole drill."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("--orders-before", type=int, default=120)
    asked.add_argument("--orders-after", type=int, default=40)
    asked.add_argument("--keep", action="store_true", help="leave the folders where they are")
    wishes = asked.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ordna-drill-"))
    folder.chmod(0o755)
    with ExitStack() as ending:
        if not wishes.keep:
            ending.callback(shutil.rmtree, folder, ignore_errors=True)
        wrong = _drill(folder, wishes.orders_before, wishes.orders_after, ending)
    for sentence in wrong:
        say(f"MISSING: {sentence}")
    say("The drill failed." if wrong else "Nothing was lost.")
    return 1 if wrong else 0


def _drill(folder: Path, before: int, after: int, ending: ExitStack) -> list[str]:
    shop = _open_shop(folder)
    ending.callback(_end, shop.process)
    first = House(folder / "machine", free_port())
    first.start()
    ending.callback(first.kill)
    _connect(first, shop)
    shop.place(before)
    awaited("the first orders are taken in", lambda: shop.told_all() and first.settled())
    _go_live(first)
    shop.work_on(shop.ids[: before // 2])
    awaited("holds of ours stand at the shop", lambda: count(first, "effect") > 0)
    awaited("everything is quiet", lambda: shop.told_all() and first.settled())
    known = {(order, seq): digest(text) for order, seq, text in first.rows(EVENTS)}
    say(f"{count(first, 'orders')} orders, {len(known)} events, {count(first, 'effect')} effects.")

    shop.place(5)  # the workers are busy while the backup is made
    say(_one_line(first.run("backup", str(folder / "backup"))))
    say(_one_line(first.run("backup", str(folder / "backup"), "--check")))
    apart = (first.home / "ordna.key").read_bytes()

    shop.place(after)
    shop.work_on(shop.ids[before // 2 : before])
    awaited("what came after the backup is worked on", lambda: shop.told_all() and first.settled())
    came_after = count(first, "journal") - len(known)
    shop.place(5)  # some of it in mid-flight
    say(f"{first.kill()} processes killed with -9, {came_after} events after the backup; their folder is thrown away.")
    shutil.rmtree((first.home / "postgres").resolve())
    shutil.rmtree(first.home)
    shop.place(after)
    shop.work_on(shop.ids[before : before + after])
    asked = shop.changes()

    second = House(folder / "another machine", first.port)
    second.home.mkdir(mode=0o755)
    (second.home / "ordna.key").write_bytes(apart)
    began = time.monotonic()
    for line in second.run("restore", str(folder / "backup")).splitlines():
        say(line)
    say(f"Restored in {time.monotonic() - began:.1f} s.")
    second.start()
    ending.callback(second.stop)
    say(_one_line(second.run("replay")))
    awaited("what the shop tells is read", lambda: second.rows(READ_ALL) == [(0,)])
    wrong = [] if shop.changes() == asked else ["something left although outgoing was paused"]
    wrong += _before(second, known)
    second.run("pause", "--resume")
    awaited("everything is quiet again", second.settled)
    wrong += _after(second, shop)
    say(_one_line(second.run("replay")))
    return wrong


def _before(house: House, known: dict[tuple[str, int], str]) -> list[str]:
    """What was there before the backup is there, byte for byte."""
    found = {(order, seq): digest(text) for order, seq, text in house.rows(EVENTS)}
    lost = [key for key, told in known.items() if found.get(key) != told]
    say(f"before: {len(known) - len(lost)} of {len(known)} events are there, byte for byte.")
    return [f"{len(lost)} events of before, the first {lost[0]}"] if lost else []


def _after(house: House, shop: Shop) -> list[str]:
    """What the shop has, we have; and no hold of ours stands twice."""
    ours = {ref: (payment, headline) for ref, payment, headline in house.rows(OURS)}
    wrong, holds = [], 0
    for number in shop.ids:
        theirs = shop.get(f"/_practice/orders/{number}")
        payment, headline = ours.get(str(number), (None, None))
        if payment != theirs["financial_status"].lower():
            wrong.append(f"order {number} is {theirs['financial_status']} at the shop and {payment} here")
        if (theirs["fulfillment_status"] == "FULFILLED") != (headline in SHIPPED) and not theirs["cancelled_at"]:
            wrong.append(f"order {number} is {theirs['fulfillment_status']} at the shop and {headline} here")
        for part in theirs["fulfillment_orders"]:
            handles = [hold["handle"] for hold in part.get("holds", ()) if str(hold.get("handle")).startswith("ordna")]
            holds += len(handles)
            if len(handles) != len(set(handles)):
                wrong.append(f"order {number} is held twice for one reason")
    say(f"after: {len(shop.ids)} orders of the shop looked at, {len(wrong)} differ; {holds} holds of ours, none twice.")
    return wrong


def _open_shop(folder: Path) -> Shop:
    port = free_port()
    asked = ["practice", "--port", str(port), "--history-days", "0", "--orders-per-hour", "0", "--quiet"]
    process = subprocess.Popen(_ordna(*asked), stdout=subprocess.DEVNULL, start_new_session=True)
    shop = Shop(f"http://127.0.0.1:{port}", process)
    awaited("the practice shop opens", lambda: answers(f"{shop.url}/_practice/credentials"))
    shop.post("/_practice/pause")
    return shop


def _connect(house: House, shop: Shop) -> None:
    told = shop.get("/_practice/credentials")
    secrets = ["--token", told["access_token"], "--client-secret", told["client_secret"]]
    say(_one_line(house.run("connect", told["address"], *secrets)))


def _go_live(house: House) -> None:
    database = Database(house.dsn(), connections_max=2)
    try:
        Connections(database, keyring(house.home)).go_live(1, 1)
    finally:
        database.close()


def count(house: House, table: str) -> int:
    """Rows of a table."""
    return int(house.rows(f"select count(*) from {re.sub('[^a-z_]', '', table)}")[0][0])


def awaited(what: str, look: Callable[[], T], within_s: float = PATIENCE_S) -> T:
    """Look until there is something to see."""
    until = time.monotonic() + within_s
    while not (seen := look()):
        if time.monotonic() > until:
            raise SystemExit(f"{what}: awaited for {within_s:g} s in vain.")
        time.sleep(0.3)
    return seen


def answers(url: str) -> bool:
    """Whether anybody answers there."""
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


def alive(pid: int) -> bool:
    """Whether that process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def free_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def digest(text: str) -> str:
    """Equal for equal rows only."""
    return hashlib.sha256(text.encode()).hexdigest()


def say(line: str) -> None:
    """One line, at once."""
    print(line, flush=True)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(30)


def _ordna(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ordna.cli", *arguments]


if __name__ == "__main__":
    sys.exit(main())
