"""The worker: one process that takes messages in, sends effects, reads orders again and watches the clock.

Four threads share one set of leases. *Step* turns waiting messages into facts and decisions and tends the leases;
*send* performs due effects; *read* makes re-reads, fires timers and erases whom it is asked to; *keep* renews the
leases whatever the others are doing, so no live worker is taken for a dead one. It also ends a process whose step has
hung in one batch for minutes: its lanes go to others, who try what it held alone. A slow shop therefore never keeps a
message from being taken in.

Three need no leases: *watch* sweeps shops and looks after their subscriptions, *tables* makes and drops partitions when
it is this worker's turn, *oldest* finds where the step's looks begin while an old snapshot makes them slow. All of them
work in bounded rounds, wait longer the longer nothing comes, and are woken by the step when it wrote something. Any
number of workers, on any number of machines, share the work.

On a stop no call outside is begun any more, each thread ends the round it is in, and the leases are given back, so
others go on at once. What does not end in time is left as it is: a killed worker loses nothing either.
"""

from __future__ import annotations

import gc
import logging
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ordna.engine import clock
from ordna.engine.leases import Leases
from ordna.engine.live import Notifier
from ordna.engine.maintenance import KEEP_RAW_DAYS, Maintenance
from ordna.engine.outbounds import Outbounds
from ordna.engine.perform import PATIENCE_S, Performer
from ordna.engine.policies import Policies
from ordna.engine.presence import BATCH_MESSAGES, BATCH_SECONDS, Presence, Rounds, Tally
from ordna.engine.privacy import Privacy
from ordna.engine.rereads import Rereader
from ordna.engine.step import Stepper
from ordna.engine.timers import Timers
from ordna.engine.trouble import is_passing
from ordna.engine.watch import Watcher
from ordna.store.database import Database
from ordna.store.sealing import keyring

IDLE_MIN_S = 0.01
IDLE_MAX_S = 0.25
OUTSIDE_IDLE_MAX_S = 1.0
OUTSIDE_PACE_S = 0.15
TROUBLE_S = 2.0
STOP_WITHIN_S = 25.0  # the longest call outside takes 15
KEEP_EVERY_S = 0.5
HUNG_EXIT = 70
HUNG_S = 120.0  # the server has cut its transaction off long before
LOOK_AT_TIMERS_S = 1.0
SWITCH_S = 0.0005  # the step comes back from the database often, and then waits that long for a thread that computes
TABLES_IDLE_S = 30.0
OLDEST_EVERY_S = 3.0

_log = logging.getLogger(__name__)


class Worker:
    """One worker process. `run` returns after `stop` was called, from any thread or signal handler."""

    def __init__(
        self, dsn: str, home: Path, *, patience_s: float = PATIENCE_S, keep_raw_days: int = KEEP_RAW_DAYS
    ) -> None:
        ring = keyring(home)
        self._database = Database(dsn, connections_max=10)
        name = _name()
        self._leases = Leases(self._database, name)
        self._stepper = Stepper(self._database, self._leases, Policies(ring))
        outbounds = Outbounds(ring)
        self._performer = Performer(self._database, outbounds, ring, patience_s=patience_s)
        self._rereader = Rereader(self._database, outbounds)
        self._timers = Timers(self._database)
        self._watcher = Watcher(self._database, outbounds, name)
        self._maintenance = Maintenance(self._database, name, home, keep_raw_days)
        self._privacy = Privacy(self._database, ring, home)
        self._notifier = Notifier(dsn)
        self._tally = Tally()
        self._ended = Rounds()
        self._presence = Presence(self._database, "worker", self._tally, self._ended.ages)
        self._stopping = threading.Event()
        self._drained = threading.Event()
        self._wake_send = threading.Event()
        self._wake_read = threading.Event()
        self._timers_looked = float("-inf")

    def stop(self) -> None:
        """End the rounds under way and return from `run`."""
        self._stopping.set()
        self._stepper.stop()
        self._performer.stop()
        self._wake_send.set()
        self._wake_read.set()

    def run(self) -> None:
        """Work until stopped."""
        threads = [
            threading.Thread(target=self._rounds, args=loop, name=f"ordna-{loop[0]}", daemon=True)
            for loop in (
                ("step", self._step, self._stopping, IDLE_MAX_S, 0.0),
                ("send", self._send, self._wake_send, OUTSIDE_IDLE_MAX_S, OUTSIDE_PACE_S),
                ("read", self._read, self._wake_read, OUTSIDE_IDLE_MAX_S, OUTSIDE_PACE_S),
                ("watch", self._watcher.round, self._stopping, OUTSIDE_IDLE_MAX_S, OUTSIDE_PACE_S),
                ("tables", self._look_after_tables, self._stopping, TABLES_IDLE_S, 0.0),
                ("oldest", self._leases.look_for_the_oldest, self._stopping, OLDEST_EVERY_S, OUTSIDE_PACE_S),
            )
        ]
        # A batch makes thousands of small values that live until its commit: looking for cycles in them is in vain.
        gc.freeze()
        gc.set_threshold(100_000, 20, 20)
        sys.setswitchinterval(SWITCH_S)
        for thread in (*threads, threading.Thread(target=self._keep, name="ordna-keep", daemon=True)):
            thread.start()
        self._presence.start()
        self._stopping.wait()
        until = time.monotonic() + STOP_WITHIN_S
        self._watcher.stop()
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._drained.set()
        self._give_back()

    def _rounds(
        self, name: str, work: Callable[[], int], wake: threading.Event, idle_max_s: float, pace_s: float
    ) -> None:
        """Round after round, `pace_s` apart at the least: a commit for each handful would cost more. The longer nothing
        comes, the longer the pause. Trouble is logged and waited out."""
        pause_s = IDLE_MIN_S
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                pause_s = IDLE_MIN_S if work() else min(idle_max_s, pause_s * 2)
            except Exception as error:
                if is_passing(error):
                    _log.warning("%s: %s; trying again", name, error)
                else:
                    _log.exception("%s: a round failed; trying again", name)
                pause_s = TROUBLE_S
            self._ended.end(name)
            if wake.wait(pause_s) and wake is not self._stopping:
                wake.clear()
                pause_s = IDLE_MIN_S
            self._stopping.wait(max(0.0, began + pace_s - time.monotonic()))

    def _keep(self) -> None:
        while not self._drained.wait(KEEP_EVERY_S):
            try:
                self._leases.keep()
            except Exception as error:
                _log.warning("keep: %s; trying again", error)
            if self._stepper.busy_s > HUNG_S:
                _log.critical("one batch has been under way for %d s: this worker ends", self._stepper.busy_s)
                os._exit(HUNG_EXIT)

    def _step(self) -> int:
        taken = self._stepper.round()
        if taken:
            self._tally.observe("step_batch_seconds", self._stepper.locked_ms / 1000, BATCH_SECONDS)
            self._tally.observe("step_batch_messages", taken, BATCH_MESSAGES)
            self._notifier.touched({lease.merchant_id for lease in self._leases.held})
            self._wake_send.set()
            self._wake_read.set()
        return taken

    def _send(self) -> int:
        held = self._leases.held
        return self._performer.round(held) if held else 0

    def _read(self) -> int:
        held = self._leases.held
        now = time.monotonic()
        looking = now - self._timers_looked >= LOOK_AT_TIMERS_S
        done = self._erase() if looking else 0
        if not held:
            return done
        done += self._rereader.round(held)
        if looking:
            self._timers_looked = now
            done += self._timers.round(held)
        return done

    def _erase(self) -> int:
        """Whom somebody asked to be erased, whichever lanes are held: it is asked seldom."""
        touched = self._privacy.round()
        if touched:
            self._notifier.touched(touched)
        return len(touched)

    def _look_after_tables(self) -> int:
        self._maintenance.round(clock.now())
        return 0

    def _give_back(self) -> None:
        self._presence.close()
        try:
            self._leases.close()
        except Exception as error:
            _log.warning("the leases could not be given back, they end by themselves: %s", error)
        self._notifier.close()
        self._database.close()


def _name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
