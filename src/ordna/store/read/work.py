"""Open tasks: what people are to do, the most urgent first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from ordna.store.read.door import View
from ordna.store.sql import blocks

SQL = blocks("read_work.sql")
PAGE = 100


@dataclass(frozen=True)
class TaskRow:
    """A task of one order, open or closed."""

    order_id: str
    task_key: str
    kind: str
    owner: str
    title: str
    reason: str
    step: str
    part: str
    asks: str
    opened_at: datetime
    due_at: datetime | None
    claimed_by: str | None
    closed_at: datetime | None

    def ask_kinds(self) -> tuple[str, ...]:
        """The requests that settle it."""
        return msgspec.json.decode(self.asks, type=tuple[str, ...])


@dataclass(frozen=True)
class WorkRow:
    """An open task with what one needs to know of its order."""

    order_id: str
    task_key: str
    kind: str
    owner: str
    title: str
    reason: str
    step: str
    part: str
    asks: str
    opened_at: datetime
    due_at: datetime | None
    claimed_by: str | None
    order_name: str
    seq: int
    currency: str | None
    total: int | None
    country: str | None
    placed_at: datetime

    def ask_kinds(self) -> tuple[str, ...]:
        """The requests that settle it."""
        return msgspec.json.decode(self.asks, type=tuple[str, ...])


@dataclass(frozen=True)
class TeamLoad:
    """How much a team has open: how much of it is late, how much the person asking has claimed."""

    owner: str
    open: int
    late: int
    mine: int


def tasks(view: View, person: str, owner: str = "", mine: bool = False, limit: int = PAGE) -> tuple[WorkRow, ...]:
    """Open tasks: the person's own first, then by due time; of one team, or only what the person claimed."""
    parts = [SQL["tasks"]]
    if owner:
        parts.append(SQL["where_owner"])
    if mine:
        parts.append(SQL["where_claimed_by"])
    statement = b"\n".join([*parts, SQL["page"], SQL["with_orders"]])
    return tuple(view.rows(statement, WorkRow, person=person, owner=owner, limit=limit))


def loads(view: View, person: str) -> tuple[TeamLoad, ...]:
    """What each team has open."""
    return tuple(view.rows(SQL["counts"], TeamLoad, person=person))


def order_tasks(view: View, order_id: str) -> tuple[TaskRow, ...]:
    """One order's tasks, the open ones first."""
    return tuple(view.rows(SQL["order_tasks"], TaskRow, order_id=order_id))
