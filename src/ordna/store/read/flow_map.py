"""Where open orders stand: counts a step, and the few figures the day begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ordna.store.read.door import View
from ordna.store.sql import blocks

SQL = blocks("read_map.sql")


@dataclass(frozen=True)
class StepCount:
    """What stands at one step now: parts of orders, each counted once. Times are of the open ones."""

    step: str
    open: int
    paused: int
    late: int
    oldest_at: datetime | None
    next_due_at: datetime | None


@dataclass(frozen=True)
class OwnerCount:
    """Open orders by whose turn it is; owner "" is nobody's."""

    owner: str
    open: int
    late: int


@dataclass(frozen=True)
class MapFigures:
    """The flow map's figures as of one moment."""

    steps: dict[str, StepCount]
    owners: tuple[OwnerCount, ...]
    attention: int
    trouble: int


def figures(view: View) -> MapFigures:
    """The flow map of a merchant, now."""
    steps = view.rows(SQL["step_counts"], StepCount)
    return MapFigures(
        {count.step: count for count in steps},
        tuple(view.rows(SQL["open_by_owner"], OwnerCount)),
        view.number(SQL["attention"]),
        view.number(SQL["trouble"]),
    )
