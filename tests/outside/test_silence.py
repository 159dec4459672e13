"""Promise P9 in small: five silent hours with deleted subscriptions, and everything is found, told and in time. Each
part of the way back is then taken away, and the figures must turn red."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.silence import PAID, UNPAID, Plan, Return

SMALL = Plan("small", 200, 3600.0, 40)


def come_back(database: str, home: Path, patience_s: float, **options: Any) -> dict[str, Any]:
    """The figures of one return, with a shop that answers quickly."""
    return Return(database, home, SMALL, patience_s=patience_s, latency_s=0.02, **options).figures()


def test_after_five_silent_hours_everything_is_found_and_nothing_is_falsely_late(database: str, tmp_path: Path) -> None:
    """The webhooks of new orders come at once; for some seconds the shop can't be asked what else changed."""
    figures = come_back(database, tmp_path, 90, down_s=4.0)
    assert figures["red"] == []
    assert (figures["missing"], figures["falsely_late"], figures["rightly_late"]) == (0, 0, UNPAID)
    assert figures["gap"]["topics"] > 20
    assert figures["gap"]["orders"] >= SMALL.dark + PAID
    assert figures["webhooks_after"] > 0


@pytest.mark.parametrize(
    ("planted", "turned_red", "options"),
    [
        (
            "from ordna.engine import sweeps\nfrom ordna.store.watch import Ended\n"
            "sweeps.Sweeper.run = lambda self, duty: Ended(300.0)",
            "present",
            {},
        ),
        (
            "from ordna.engine import subscriptions\nfrom ordna.store.watch import Ended\n"
            "subscriptions.Watchdog.run = lambda self, duty: Ended(300.0)",
            "subscribed",
            {},
        ),
        (
            "from ordna.store import outside\nwhole = outside.SQL['due_timers']\n"
            "blind = whole.replace(b'coalesce(w.good_at >= t.due_at, false)', b'c.last_webhook_at >= t.due_at')\n"
            "assert blind != whole\noutside.SQL['due_timers'] = blind",
            "nothing falsely late",
            {"down_s": 6.0},
        ),
    ],
    ids=["no sweep", "no watchdog", "freshness ignored"],
)
def test_without_it_the_figures_turn_red(
    database: str, tmp_path: Path, planted: str, turned_red: str, options: dict[str, Any]
) -> None:
    assert turned_red in come_back(database, tmp_path, 20, planted=planted, **options)["red"]
