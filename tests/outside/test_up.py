"""`ordna up` as a newcomer runs it: one command, one port, one link; what dies comes back, Ctrl-C ends it all."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path

import psycopg
import pytest

STARTS_WITHIN_S = 90.0
STOPS_WITHIN_S = 30.0


@dataclass
class Running:
    """An `ordna up` under way, what it said and where it listens."""

    process: subprocess.Popen[str]
    port: int
    link: str
    dsn: str

    def children(self) -> dict[int, str]:
        """The processes it started, by what they are."""
        found = subprocess.run(
            ["ps", "--ppid", str(self.process.pid), "-o", "pid=,args="], capture_output=True, text=True, check=False
        )
        rows = [line.split(maxsplit=1) for line in found.stdout.splitlines()]
        return {int(pid): name.partition("ordna.cli ")[2].split()[0] for pid, name in rows if "ordna.cli" in name}

    def get(self, path: str, cookie: str = "") -> http.client.HTTPResponse:
        """One GET; the answer is read as far as its headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        return connection.getresponse()

    def sign_in(self) -> str:
        """Use the link; the session's cookie."""
        path = self.link.partition(f":{self.port}")[2]
        page = self.get(path)
        jar = SimpleCookie("; ".join(page.headers.get_all("Set-Cookie") or []))
        body = page.read().decode()
        hidden = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', body)
        if hidden is None:
            return _cookie(jar)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"Cookie": _cookie(jar), "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", path, f"csrfmiddlewaretoken={hidden[1]}", headers)
        answer = connection.getresponse()
        for value in answer.headers.get_all("Set-Cookie") or []:
            jar.load(value)
        return _cookie(jar)


@pytest.fixture
def up(empty_database: str, tmp_path: Path) -> Iterator[Running]:
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": empty_database, "ORDNA_HOME": str(tmp_path)}
    environment.pop("ORDNA_SUPERVISOR", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "ordna.cli", "up", "--port", str(port), "--no-practice"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Running(process, port, read_link(process), empty_database)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(STOPS_WITHIN_S)


def read_link(process: subprocess.Popen[str]) -> str:
    """The sign-in link among the lines it prints."""
    assert process.stdout is not None
    said = []
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until:
        line = process.stdout.readline()
        said.append(line)
        if "/sign-in/" in line:
            return line.strip()
        if not line:
            break
    raise AssertionError("no link was printed: " + "".join(said))


def free_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_one_port_serves_pages_webhooks_and_live_updates(up: Running) -> None:
    page = up.get("/orders")
    assert (page.status, page.headers["Location"]) == (302, "/sign-in/")
    assert up.get("/live").status == 401
    assert up.get("/webhooks/nobody-lives-behind-this-address").status == 405
    cookie = up.sign_in()
    assert up.get("/orders", cookie).status == 200
    live = up.get("/live", cookie)
    assert (live.status, live.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    assert live.readline() == b"retry: 3000\n"
    live.readline()
    live.fp.raw._sock.settimeout(15)  # type: ignore[union-attr]
    heard = threading.Event()
    telling = threading.Thread(target=tell_until, args=(up.dsn, heard))
    telling.start()
    try:
        assert live.readline() == b"event: changed\n"
    finally:
        heard.set()
        telling.join()


def tell_until(dsn: str, heard: threading.Event) -> None:
    """Hint at both merchants twice a second: the listener may only just be starting."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        while not heard.wait(0.5):
            conn.execute("select pg_notify('ordna_live', '2'), pg_notify('ordna_live', '1')")


def test_a_link_signs_in_once(up: Running) -> None:
    assert up.get("/orders", up.sign_in()).status == 200
    assert up.get("/orders", up.sign_in()).status == 302


def test_a_dead_worker_is_started_again_and_a_stop_leaves_nobody_behind(up: Running) -> None:
    before = up.children()
    assert sorted(before.values()) == ["serve", "worker"]
    victim = next(pid for pid, name in before.items() if name == "worker")
    os.kill(victim, signal.SIGKILL)
    until = time.monotonic() + 15
    while victim in up.children() or sorted(up.children().values()) != ["serve", "worker"]:
        assert time.monotonic() < until, "the worker did not come back"
        time.sleep(0.2)
    left = list(up.children())
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(STOPS_WITHIN_S) == 0
    for pid in left:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_children_end_when_the_supervisor_is_killed(up: Running) -> None:
    left = list(up.children())
    up.process.kill()
    up.process.wait()
    until = time.monotonic() + 20
    while any(alive(pid) for pid in left):
        assert time.monotonic() < until, "they go on behind a closed terminal"
        time.sleep(0.2)


def alive(pid: int) -> bool:
    """Whether a process of that number lives."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"


def _cookie(jar: SimpleCookie) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items() if morsel.value)
