"""The kills of the chaos run: which, when, how; and whether each hit something under way.

A process is frozen before it is killed, so that what stands in `pg_stat_activity` is what the kill cuts off: a kill
counts as *mid-transaction* when the process had a transaction open. Every other kill is aimed: one that finds nothing
under way lets go and tries again for a moment, so that how many kills hit something does not hang on how fast the
machine is. PostgreSQL is killed with all its children; a backend is chosen among those with a transaction open and
ended as an administrator would.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench.gauges import descendants
from ordna.cli.supervise import Child, Supervisor
from ordna.store import embedded

SHARES = {"intake": 70, "worker": 70, "postgres": 40, "backend": 20}
BUSY = """
    select pid from pg_stat_activity
    where application_name = any(%s) and xact_start is not null and state in ('active', 'idle in transaction')
"""
BUSY_PATIENCE_S = 1.0
AIM_S = 1.0
BETWEEN_LOOKS_S = 0.004
WORKER_STARTS_S = 2.0


@dataclass
class Kill:
    """One kill: what, when (time.time), whether it hit a transaction, and when the killed thing was back."""

    kind: str
    at: float
    mid_transaction: bool
    back_at: float = 0.0


@dataclass
class Killer:
    """Deals the kills of one seed to the processes of a run."""

    supervisor: Supervisor
    children: dict[str, list[Child]]
    postgres: Path
    dsn: str
    port: int
    seed: int
    count: int
    gap_s: float
    kills: list[Kill] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def deck(self) -> list[str]:
        """The kinds of kill in the order they will be dealt: the shares of the long form, shuffled."""
        whole = sum(SHARES.values())
        cards = [kind for kind, share in SHARES.items() for _ in range(round(share * self.count / whole))]
        random.Random(self.seed).shuffle(cards)
        return cards

    def run(self, progress: Callable[[int], None]) -> None:
        """Deal them all; returns when the last killed thing is back."""
        chance = random.Random(self.seed + 1)
        for number, kind in enumerate(self.deck()):
            if self.stopped.wait(chance.uniform(0.5, 1.5) * self.gap_s):
                return
            self.kills.append(getattr(self, f"_kill_{kind}")(chance))
            progress(number + 1)

    def _kill_intake(self, chance: random.Random) -> Kill:
        return self._kill_child(self.children["intake"], chance, lambda child: self._until(self._port_answers))

    def _kill_worker(self, chance: random.Random) -> Kill:
        return self._kill_child(self.children["worker"], chance, lambda child: None)

    def _kill_child(self, among: list[Child], chance: random.Random, back: Callable[[Child], None]) -> Kill:
        """Freeze, look, kill. The supervisor starts it again."""
        self._until(lambda: any(child.running for child in among))
        child = chance.choice([child for child in among if child.running])
        process = child.process
        assert process is not None
        mid = self._frozen(process.pid, child.name, AIM_S if self._aimed() else 0.0)
        os.kill(process.pid, signal.SIGKILL)
        kill = Kill("intake" if child.name == "intake" else "worker", time.time(), mid)
        process.wait()
        threading.Thread(target=self._note_back, args=(kill, child, back), daemon=True).start()
        return kill

    def _aimed(self) -> bool:
        return len(self.kills) % 2 == 0

    def _frozen(self, pid: int, name: str, patience_s: float) -> bool:
        """Freeze a process, if it can be had with a transaction open; returns whether it had one."""
        until = time.monotonic() + patience_s
        while True:
            os.kill(pid, signal.SIGSTOP)
            if self._busy([name]):
                return True
            if time.monotonic() >= until:
                return False
            os.kill(pid, signal.SIGCONT)
            time.sleep(BETWEEN_LOOKS_S)

    def _note_back(self, kill: Kill, child: Child, back: Callable[[Child], None]) -> None:
        self._until(lambda: child.started_at > 0 and child.running)
        back(child)
        kill.back_at = time.time() + (WORKER_STARTS_S if kill.kind == "worker" else 0.0)

    def _kill_postgres(self, _chance: random.Random) -> Kill:
        names = [child.name for children in self.children.values() for child in children]
        server = embedded.start(self.postgres)
        family = [server.pid, *descendants(server.pid)]
        until = time.monotonic() + (AIM_S if self._aimed() else 0.0)
        while not (mid := bool(self._busy(names))) and time.monotonic() < until:
            time.sleep(BETWEEN_LOOKS_S)
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        kill = Kill("postgres", time.time(), mid)
        self._until(lambda: not any(_lives(pid) for pid in family))
        self._until(self._database_answers)
        kill.back_at = time.time()
        return kill

    def _kill_backend(self, chance: random.Random) -> Kill:
        names = [child.name for children in self.children.values() for child in children]
        until = time.monotonic() + BUSY_PATIENCE_S
        while time.monotonic() < until:
            busy = self._busy(names)
            if busy:
                with contextlib.suppress(psycopg.Error), psycopg.connect(self.dsn, autocommit=True) as conn:
                    row = conn.execute("select pg_terminate_backend(%s)", [chance.choice(busy)]).fetchone()
                    if row and row[0]:
                        return Kill("backend", time.time(), True, time.time())
        return Kill("backend", time.time(), False, time.time())

    def _busy(self, names: list[str]) -> list[int]:
        """The backends of these processes that have a transaction open."""
        try:
            with psycopg.connect(self.dsn, autocommit=True) as conn:
                return [row[0] for row in conn.execute(BUSY, [names])]
        except psycopg.OperationalError:
            return []

    def _database_answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.dsn, connect_timeout=2):
            return True
        return False

    def _port_answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _until(self, true: Callable[[], bool], patience_s: float = 120.0) -> None:
        end = time.monotonic() + patience_s
        while not true() and not self.stopped.is_set():
            if time.monotonic() > end:
                raise TimeoutError("a killed process did not come back")
            time.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
