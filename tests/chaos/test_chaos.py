"""Twenty kills under load, in every run of the tests; `make chaos` deals two hundred.

What it shows is told by `bench.chaos`; that it can turn red is shown by `tests/mutants`.
"""

from __future__ import annotations

from bench.chaos import Chaos

KILLS = 20


def test_twenty_kills_lose_nothing_and_do_nothing_twice() -> None:
    """Intake, workers, PostgreSQL and its backends, killed at random while orders come in (P1, P2)."""
    told = Chaos(kills=KILLS, gap_s=1.3, rate=15.0, seed=20).figures()
    assert told["broken"] == [], told
    assert told["kills"] == KILLS
    assert told["acked"] == told["orders"] * 10 >= 3000
    assert told["deeds"] >= told["orders"], "every order was shipped"
