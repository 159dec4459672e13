"""An older and a newer Ordna on one database: intake and worker as processes, and a shop that never stops sending."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

from tests.engine.conftest import SECRET, TOKEN, order_body, signature

ROOT = Path(__file__).parents[2]
BEFORE = Path(__file__).with_name("ordna-before.zip")
KEY = "1:" + base64.b64encode(b"k" * 32).decode()
START_WITHIN_S = 30.0


def environment(dsn: str, home: Path, code: Path) -> dict[str, str]:
    """What a process needs to run that code on that database."""
    told = {"DATABASE_URL": dsn, "TEST_DSN": dsn, "ORDNA_HOME": str(home), "ORDNA_KEY": KEY}
    kept = {name: value for name, value in os.environ.items() if name != "ORDNA_SUPERVISOR"}
    return {**kept, **told, "PYTHONPATH": f"{code}{os.pathsep}{ROOT}"}


class House:
    """One version at work: its intake at `port`, its worker. `code` is what Python imports it from."""

    def __init__(self, dsn: str, home: Path, code: Path, intake: str) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        env = environment(dsn, home, code)
        serve = ["-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(self.port)]
        self._start([*serve, "--log-level", "warning", f"{intake}:app"], env)
        self._start(["-m", "ordna.cli", "worker"], env)
        self.worker_pid = self._processes[-1].pid
        until = time.monotonic() + START_WITHIN_S
        while not self._answers():
            assert time.monotonic() < until, "the intake did not come up"
            time.sleep(0.05)

    def stop(self) -> list[int]:
        """End both, politely; how each ended."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        return [process.wait(15) for process in self._processes]

    def _start(self, command: list[str], env: dict[str, str]) -> None:
        self._processes.append(subprocess.Popen([sys.executable, *command], cwd=ROOT, env=env, start_new_session=True))

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        with closing(connection):
            try:
                connection.request("GET", "/")
                return connection.getresponse().status > 0
            except OSError:
                return False


def older(dsn: str, home: Path) -> House:
    """The frozen older version."""
    return House(dsn, home, BEFORE, "tests.upgrade.older")


def newer(dsn: str, home: Path) -> House:
    """The version of this folder."""
    return House(dsn, home, ROOT / "src", "tests.upgrade.newer")


def begin(dsn: str, home: Path) -> None:
    """The older version makes its tables and a live shop."""
    command = [sys.executable, str(Path(__file__).with_name("older.py")), dsn, TOKEN, SECRET]
    command.append(str(Path(__file__).parent / "webshop-before.yaml"))
    subprocess.run(command, check=True, env=environment(dsn, home, BEFORE), cwd=ROOT)


class Sending:
    """A shop that sends an order some times a second, to each address in turn, until told to stop."""

    def __init__(self, *ports: int, per_s: float = 60.0, senders: int = 3) -> None:
        self.ports = list(ports)
        self.acked: list[str] = []
        self.failed: list[str] = []
        self.slowest_s = 0.0
        self._pause_s = senders / per_s
        self._next = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(senders)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._ended.set()
        for thread in self._threads:
            thread.join(20)

    def _send(self) -> None:
        while not self._ended.wait(self._pause_s):
            with self._lock:
                self._next += 1
                number = self._next
            began = time.monotonic()
            told = self._deliver(number, self.ports[number % len(self.ports)])
            took_s = time.monotonic() - began
            with self._lock:
                self.slowest_s = max(self.slowest_s, took_s)
                if told == "200":
                    self.acked.append(f"hook-{number}")
                else:
                    self.failed.append(f"hook-{number}: {told} after {took_s:.2f} s")

    @staticmethod
    def _deliver(number: int, port: int) -> str:
        body = json.dumps(order_body(10_000 + number)).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": "orders/create",
            "X-Shopify-Webhook-Id": f"hook-{number}",
            "X-Shopify-Shop-Domain": "example.myshopify.com",
            "X-Shopify-Hmac-Sha256": signature(body),
        }
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with closing(connection):
            try:
                connection.request("POST", f"/webhooks/{TOKEN}", body, headers)
                return str(connection.getresponse().status)
            except OSError as error:
                return type(error).__name__
