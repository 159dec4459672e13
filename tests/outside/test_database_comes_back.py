"""`ordna up` starts its PostgreSQL again when it dies; a database of yours is your own to keep."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ordna.cli.database import FOLDER, keep_running
from ordna.cli.supervise import Child, Supervisor
from ordna.store import embedded


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ordna-home-") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setenv("ORDNA_HOME", folder)
        yield Path(folder)
        embedded.stop(Path(folder) / FOLDER, "immediate")


def test_a_killed_server_is_started_again_with_all_that_was_committed(home: Path) -> None:
    server = embedded.start(home / FOLDER)
    told: list[str] = []
    look = keep_running(told.append)
    with psycopg.connect(server.dsn()) as conn:
        conn.execute("create table kept as select 1 as one")
    look()
    assert told == []
    os.kill(server.pid, signal.SIGKILL)
    while embedded.runs(home / FOLDER):
        time.sleep(0.02)
    look()
    assert told == ["PostgreSQL ended; starting it again."]
    with psycopg.connect(server.dsn()) as conn:
        assert conn.execute("select one from kept").fetchone() == (1,)


def test_a_server_that_is_not_ours_is_left_alone(home: Path) -> None:
    told: list[str] = []
    look = keep_running(told.append)
    look()
    assert told == []
    assert not (home / FOLDER).exists()


def test_a_server_that_is_slow_to_start_keeps_no_dead_process_waiting() -> None:
    told: list[str] = []
    started = threading.Event()
    supervisor = Supervisor(told.append)
    supervisor.watch(lambda: (started.wait(60), None)[1])
    supervisor.add(Child("short one", ["--help"]))
    watching = threading.Thread(target=supervisor.run, daemon=True)
    watching.start()
    until = time.monotonic() + 30
    while not told and time.monotonic() < until:
        time.sleep(0.1)
    heard = list(told)
    supervisor.stop()
    started.set()
    watching.join()
    supervisor.end()
    assert heard and "starting it again" in heard[0]
