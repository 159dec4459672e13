"""Who is present and what was counted: every process tells the database some times a minute.

A process keeps its counts in a `Tally` and adds what is new to the sums in the database with each beat; so a killed one
takes some seconds' worth with it at most, and sums only grow. `rounds` says of each thread of a worker how long ago it
ended a round: a process whose heart beats while its work stands still is seen too.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.metadata import version

import msgspec
import psycopg

import ordna
from ordna.store.database import Database, DatabaseError
from ordna.store.sql import blocks

SQL = blocks("figures.sql")

BEAT_S = 10.0
BATCH_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
BATCH_MESSAGES = (1.0, 5.0, 20.0, 50.0, 100.0, 250.0, 500.0)
SUM = "sum"
OVER = "+Inf"

_log = logging.getLogger(__name__)


class Tally:
    """Counts of one process, by (name, label). May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._new: Counter[tuple[str, str]] = Counter()

    def count(self, name: str, label: str, by: float = 1.0) -> None:
        """So many more."""
        with self._lock:
            self._new[name, label] += by  # type: ignore[assignment]

    def observe(self, name: str, value: float, bounds: Sequence[float]) -> None:
        """One value: into the first bucket that holds it, and into the sum."""
        place = bisect_left(bounds, value)
        self.count(name, f"{bounds[place]:g}" if place < len(bounds) else OVER)
        self.count(name, SUM, value)

    def take(self) -> list[tuple[str, str, float]]:
        """What is new since it was last taken."""
        with self._lock:
            new, self._new = self._new, Counter()
        return [(*key, float(total)) for key, total in new.items()]

    def give_back(self, taken: Sequence[tuple[str, str, float]]) -> None:
        """What could not be told is told next time."""
        for name, label, total in taken:
            self.count(name, label, total)


class Presence:
    """Beats until closed. `rounds`: seconds since each thread ended a round, asked at every beat."""

    def __init__(
        self,
        database: Database,
        kind: str,
        tally: Tally,
        rounds: Callable[[], dict[str, float]] = dict,
        *,
        every_s: float = BEAT_S,
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._database = database
        self._kind = kind
        self._tally = tally
        self._rounds = rounds
        self._every_s = every_s
        self._version = version(ordna.__name__)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ordna-presence", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def beat(self) -> None:
        """Tell the database, now. A failure is logged: it is not what the process is for."""
        taken = self._tally.take()
        try:
            with self._database.engine(()) as conn:
                rounds = msgspec.json.encode({name: round(age, 1) for name, age in self._rounds().items()}).decode()
                told = {"process": self.name, "kind": self._kind, "version": self._version, "rounds": rounds}
                conn.execute(SQL["beat"], told)
                if taken:
                    names, labels, totals = zip(*taken, strict=True)
                    conn.execute(SQL["count"], {"names": [*names], "labels": [*labels], "totals": [*totals]})
                conn.execute(SQL["forget"])
        except (psycopg.Error, DatabaseError) as error:
            self._tally.give_back(taken)
            _log.warning("this process could not say that it is present: %s", error)

    def close(self) -> None:
        """Say what is left and leave."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=3.0)
        try:
            self.beat()
            with self._database.engine(()) as conn:
                conn.execute(SQL["leave"], {"process": self.name})
        except (psycopg.Error, DatabaseError) as error:
            _log.warning("this process could not say that it leaves: %s", error)

    def _run(self) -> None:
        while not self._ended.is_set():
            self.beat()
            self._ended.wait(self._every_s)


class Rounds:
    """When each thread last ended a round."""

    def __init__(self) -> None:
        self._ended: dict[str, float] = {}

    def end(self, name: str) -> None:
        """This thread ended a round, just now."""
        self._ended[name] = time.monotonic()

    def ages(self) -> dict[str, float]:
        """Seconds since, by thread."""
        now = time.monotonic()
        return {name: now - ended for name, ended in dict(self._ended).items()}
