"""docs/operate.md in a newcomer's hands: several processes of each kind, watched from outside; and the drill."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.e2e.conftest import STOPS_WITHIN_S, awaited, free_port

ROOT = Path(__file__).resolve().parents[2]
PREPARE = "import sys; from ordna.cli.database import prepare; prepare(sys.argv[1])"


@dataclass
class Machines:
    """Two web processes and two workers on one database."""

    environment: dict[str, str]
    pages: int
    intake: int
    workers: list[subprocess.Popen[str]]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command beside them."""
        asked = [sys.executable, "-m", "ordna.cli", *arguments]
        return subprocess.run(asked, env=self.environment, capture_output=True, text=True, timeout=120, check=False)

    def get(self, port: int, path: str, **headers: str) -> tuple[int, str]:
        """(status, body) of one address."""
        asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except OSError:
            return 0, ""

    def figure(self, port: int, name: str) -> float | None:
        """One figure, as that process tells it."""
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.get(port, "/metrics")[1], re.MULTILINE)
        return float(found[1]) if found else None


@pytest.fixture
def machines(empty_database: str, tmp_path: Path) -> Iterator[Machines]:
    ours = ("ORDNA_SUPERVISOR", "ORDNA_PRACTICE", "ORDNA_KEY", "ORDNA_SECRET", "ORDNA_METRICS_TOKEN")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    environment = {**kept, "ORDNA_HOME": str(tmp_path), "DATABASE_URL": empty_database}
    made = Machines(environment, free_port(), free_port(), [])
    with ExitStack() as ending:

        def start(*arguments: str) -> subprocess.Popen[str]:
            log = ending.enter_context(open(tmp_path / f"{len(list(tmp_path.glob('*.log')))}.log", "w"))
            process = subprocess.Popen(
                [sys.executable, "-m", "ordna.cli", *arguments], env=environment, stdout=log, stderr=log, text=True
            )
            ending.callback(end, process)
            return process

        made_ready = [sys.executable, "-c", PREPARE, empty_database]
        subprocess.run(made_ready, env=environment, check=True)
        start("serve", "--part", "pages", "--port", str(made.pages))
        start("serve", "--part", "intake", "--port", str(made.intake))
        made.workers += [start("worker"), start("worker")]
        yield made


def end(process: subprocess.Popen[str]) -> None:
    """Politely."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    process.wait(STOPS_WITHIN_S)


def test_any_web_process_tells_how_all_of_them_are(machines: Machines, tmp_path: Path) -> None:
    for port in (machines.pages, machines.intake):
        awaited("it lives", lambda port=port: machines.get(port, "/healthz") == (200, "alive\n"), 60)
        assert machines.get(port, "/readyz") == (200, "ready\n")
    for port in (machines.pages, machines.intake):
        awaited("both workers are seen", lambda port=port: machines.figure(port, "ordna_workers") == 2, 60)
        awaited(
            "both web processes are seen",
            lambda port=port: machines.figure(port, 'ordna_processes{kind="web"}') == 2,
            60,
        )
        assert machines.get(port, "/metrics", **{"X-Forwarded-For": "203.0.113.9"})[0] == 403
    assert machines.get(machines.intake, "/webhooks/nobody-lives-behind-this-address")[0] == 405
    counted = 'ordna_intake_requests_total{status="405"}'
    awaited("what intake answered is told by the pages", lambda: machines.figure(machines.pages, counted) == 1, 30)

    machines.workers[0].kill()
    awaited("a dead worker is missed", lambda: machines.figure(machines.pages, "ordna_workers") == 1, 60)
    end(machines.workers[1])
    awaited("nobody works", lambda: machines.figure(machines.pages, "ordna_workers") == 0, 30)
    told = machines.run("doctor", "--everything")
    assert "2 web processes" in told.stdout, told.stdout + told.stderr
    assert "/sign-in/" in machines.run("sign-in").stdout
    with psycopg.connect(machines.environment["DATABASE_URL"]) as conn:
        conn.execute("delete from ordna_migration where number > 1")
    assert machines.get(machines.pages, "/readyz")[0] == 503
    logs = "".join(path.read_text() for path in tmp_path.glob("*.log"))
    assert "Traceback" not in logs, logs


def test_the_drill_loses_nothing() -> None:
    asked = [sys.executable, "tools/drill.py", "--orders-before", "24", "--orders-after", "10"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=420, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "Nothing was lost."
    assert "killed with -9" in done.stdout
