"""The same shop lives twice, with good days and with every bad day: both end in the same settled picture.

`make bad-days` is the long form, with ten thousand orders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from bench.bad_days import Life, compared, live
from ordna.engine.sweeps import Sweeper
from ordna.store.sealing import Keyring
from ordna.store.watch import Claimed, Ended
from tests.conftest import Databases

TICK = timedelta(minutes=30)
Lived = Callable[[int, bool], Life]


@pytest.fixture
def lived(databases: Databases) -> Iterator[Lived]:
    """One life of so many orders, in a database of its own."""
    names: list[str] = []

    def life(orders: int, bad: bool) -> Life:
        names.append(databases.create())
        return live(databases.dsn(names[-1]), Keyring({1: b"k" * 32}), 11, orders, bad, TICK)

    yield life
    for name in names:
        databases.drop(name)


def test_every_bad_day_ends_in_the_picture_of_the_good_ones(lived: Lived) -> None:
    good, bad = lived(150, False), lived(150, True)
    told = compared(good, bad)
    assert told["first_mismatches"] == {}
    assert told["orders"] == 150
    assert told["faults_that_never_happened"] == []
    assert (told["news_of_last_read"], told["replay_mismatches"]) == (0, 0)
    assert not any(good.faults.values())
    happened = ("changes left in doubt", "subscriptions deleted", "signed with the old secret", "calls in a blackout")
    assert all(bad.faults.get(name) for name in happened), bad.faults
    assert told["headlines"]["closed"] > 100
    assert told["valid"]


def test_without_sweeps_the_pictures_differ(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: what no webhook told of is never asked for. The comparison must see it."""
    good = lived(40, False)

    def run(self: Sweeper, duty: Claimed) -> Ended | None:
        """Sees nothing, but says that all was well, so that timers fire."""
        return Ended(300.0, good_at=duty.now)

    monkeypatch.setattr(Sweeper, "run", run)
    assert compared(good, lived(40, True))["mismatches"] > 0
