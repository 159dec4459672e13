"""The worker as a process: it does everything by itself, a stop ends it cleanly, and one that slept is refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ordna.store.sealing import keyring
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import House

STOP_WITHIN_S = 10.0


@pytest.fixture
def ring(tmp_path: Path):  # type: ignore[no-untyped-def]
    """The keys a worker finds in its home."""
    return keyring(tmp_path)


def worker(house: House, home: Path) -> subprocess.Popen[bytes]:
    """A worker process on the house's database."""
    environment = {**os.environ, "DATABASE_URL": house.dsn, "ORDNA_HOME": str(home)}
    environment.pop("ORDNA_SUPERVISOR", None)
    return subprocess.Popen([sys.executable, "-m", "ordna.cli", "worker"], env=environment)


def until(true: Callable[[], bool], patience_s: float = 30.0) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_it_does_the_work_and_a_stop_gives_its_lanes_back(house: House, outside: CannedShop, tmp_path: Path) -> None:
    house.place()
    house.want_tag("vip")
    house.leases.close()
    working = worker(house, tmp_path)
    try:
        until(lambda: house.rows("select count(*) from journal where kind = 'EffectConfirmed'") == [(1,)])
        began = time.monotonic()
        working.send_signal(signal.SIGTERM)
        assert working.wait(STOP_WITHIN_S) == 0
        assert time.monotonic() - began < STOP_WITHIN_S
    finally:
        working.kill()
        working.wait()
    assert house.rows("select count(*) from lease where merchant_id >= 0 and owner <> ''") == [(0,)]
    assert outside.mutations() == ["AddTags"]


def test_a_stop_lets_the_call_under_way_end_and_its_answer_be_kept(
    house: House, outside: CannedShop, tmp_path: Path
) -> None:
    house.place()
    house.want_tag("vip")
    house.leases.close()
    outside.slow.clear()
    working = worker(house, tmp_path)
    try:
        until(lambda: house.effects() == [("tag:vip#1", "sending", 1)])
        working.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        outside.slow.set()
        assert working.wait(STOP_WITHIN_S) == 0
    finally:
        working.kill()
        working.wait()
    assert house.effects() == [("tag:vip#1", "confirmed", 1)]


def test_a_killed_worker_leaves_doubt_that_the_next_one_settles(
    house: House, outside: CannedShop, tmp_path: Path
) -> None:
    house.place()
    house.want_tag("vip")
    house.leases.close()
    outside.slow.clear()
    first = worker(house, tmp_path)
    until(lambda: house.effects() == [("tag:vip#1", "sending", 1)])
    first.kill()
    first.wait()
    outside.slow.set()
    house.rows_changed("update lease set until = now()")
    house.make_due()
    second = worker(house, tmp_path)
    try:
        until(lambda: house.effects()[0][1] == "confirmed")
    finally:
        second.send_signal(signal.SIGTERM)
        assert second.wait(STOP_WITHIN_S) == 0
    assert outside.mutations() == ["AddTags"]


def test_a_worker_stopped_past_its_lease_writes_nothing_when_it_wakes(
    house: House, outside: CannedShop, tmp_path: Path
) -> None:
    """SIGSTOP in the middle of a call, another takes over, SIGCONT: the call is looked up and not made twice, and what
    the sleeper still has to say counts for nothing."""
    house.place()
    house.want_tag("vip")
    house.leases.close()
    outside.slow.clear()
    sleeper = worker(house, tmp_path)
    heir = None
    try:
        until(lambda: house.effects() == [("tag:vip#1", "sending", 1)])
        until(lambda: outside.waiting == 1)
        sleeper.send_signal(signal.SIGSTOP)
        outside.slow.set()
        house.rows_changed("update lease set until = now() - interval '1 s'")
        house.make_due()
        heir = worker(house, tmp_path)
        until(lambda: house.rows("select count(*) from journal where kind = 'EffectConfirmed'") == [(1,)])
        before = house.rows("select attempts, answered_at from effect"), house.rows("select count(*) from inbox")
        sleeper.send_signal(signal.SIGCONT)
        time.sleep(2.0)
        assert (
            house.rows("select attempts, answered_at from effect"),
            house.rows("select count(*) from inbox"),
        ) == before
        assert outside.mutations() == ["AddTags"]
        assert [name for name, _ in outside.calls if name in ("AddTags", "LookUpOrder")] == ["AddTags", "LookUpOrder"]
        house.want_tag("gift")
        until(lambda: house.effects()[1][1] == "confirmed")
        assert outside.mutations() == ["AddTags", "AddTags"]
    finally:
        for each in filter(None, (sleeper, heir)):
            each.kill()
            each.wait()
