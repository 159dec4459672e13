"""Several processes as one: started together, restarted when one dies, stopped together.

A child that the supervisor started notices when the supervisor is gone, however it went, and ends; so nothing is left
running behind a closed terminal. Children run in sessions of their own: Ctrl-C reaches the supervisor alone, which then
ends them in order.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

STOP_WITHIN_S = 29.0  # a worker lets calls under way end, which takes up to 25
LOOK_EVERY_S = 0.3
CALM_AFTER_S = 5.0  # what lived as long as that was well started
RESTART_MAX_S = 30.0
PARENT = "ORDNA_SUPERVISOR"


@dataclass
class Child:
    """One process to keep running: a name for people, the arguments after `ordna`, what its environment adds."""

    name: str
    arguments: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    started_at: float = 0.0
    restart_at: float = 0.0

    def start(self) -> None:
        """Start it now."""
        environment = {**os.environ, **self.environment, PARENT: str(os.getpid())}
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ordna.cli", *self.arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Keeps children running until `stop`. `tell` gets one line whenever something happens."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._children: list[Child] = []
        self._looks: list[Callable[[], None]] = []
        self._stopping = threading.Event()

    def watch(self, look: Callable[[], None]) -> None:
        """Have `look` called again and again, in a thread of its own: it sees to something that is no child, and may
        take its time."""
        self._looks.append(look)

    def add(self, child: Child) -> None:
        """Start a child and keep it running."""
        child.start()
        self._children.append(child)

    def stop(self) -> None:
        """Make `run` return; may be called from a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Watch the children until stopped; a dead one is started again, later the more often it dies."""
        for look in self._looks:
            threading.Thread(target=self._keep_looking, args=(look,), daemon=True).start()
        while not self._stopping.wait(LOOK_EVERY_S):
            for child in self._children:
                self._look_at(child)

    def _keep_looking(self, look: Callable[[], None]) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            look()

    def end(self) -> None:
        """End every child, the last started first: politely, then not."""
        living = [child for child in reversed(self._children) if child.running]
        for child in living:
            _signal(child, signal.SIGTERM)
        until = time.monotonic() + STOP_WITHIN_S
        for child in living:
            assert child.process is not None
            try:
                child.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._tell(f"The {child.name} did not end in time and was killed.")
                _signal(child, signal.SIGKILL)
                child.process.wait()

    def _look_at(self, child: Child) -> None:
        now = time.monotonic()
        if child.running:
            return
        if child.process is not None:
            code = child.process.returncode
            calm = now - child.started_at > CALM_AFTER_S
            child.deaths = 1 if calm else child.deaths + 1
            wait_s = min(RESTART_MAX_S, 0.5 * 2 ** (child.deaths - 1))
            child.process, child.restart_at = None, now + wait_s
            self._tell(f"The {child.name} ended ({_cause(code)}); starting it again in {wait_s:g} s.")
        elif now >= child.restart_at:
            child.start()


def end_with_supervisor() -> None:
    """In a child: end when the supervisor that started it is gone. Does nothing where nobody supervises."""
    told = os.environ.get(PARENT)
    if told is None or not told.isdecimal():
        return
    parent = int(told)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_WITHIN_S)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="ordna-supervised", daemon=True).start()


def _signal(child: Child, number: signal.Signals) -> None:
    if child.process is not None and child.process.poll() is None:
        child.process.send_signal(number)


def _cause(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
