"""The door to what follows from verdicts: steps, tasks and timers, written as the difference to what stood before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ordna.store.arrays import Bigints, Booleans, Texts, Times, columns
from ordna.store.database import Connection
from ordna.store.sql import blocks

SQL = blocks("work.sql")

_STEP = (Bigints, Texts, Texts, Texts, Bigints, Texts, Texts, Times, Times, Times, Booleans, Times)
_TASK = (Bigints, Texts, Texts, Texts, Texts, Texts, Texts, Texts, Texts, Texts, Times, Times, Texts, Texts)
_TIMER = (Bigints, Texts, Texts, Bigints, Times)
_PLACE = (Bigints, Texts, Texts, Texts)
_KEY = (Bigints, Texts, Texts)


class StepRow(NamedTuple):
    """Where one step of one part of an order stands."""

    merchant_id: int
    order_id: str
    step: str
    part: str
    run: int
    status: str
    owner: str
    opened_at: datetime | None
    due_at: datetime | None
    ended_at: datetime | None
    late: bool
    placed_at: datetime


class TaskRow(NamedTuple):
    """One open task; `asks` is JSON."""

    merchant_id: int
    order_id: str
    task_key: str
    kind: str
    owner: str
    title: str
    reason: str
    step: str
    part: str
    asks: bytes
    opened_at: datetime
    due_at: datetime | None
    claimed_by: str | None
    order_name: str


class TimerRow(NamedTuple):
    """One timer that is set."""

    merchant_id: int
    order_id: str
    timer_key: str
    lane: int
    due_at: datetime


def write_steps(conn: Connection, rows: Sequence[StepRow]) -> None:
    """Write steps as they stand; when a step opened is kept while its run lasts."""
    conn.execute(SQL["write_steps"], columns(_STEP, rows), prepare=True)


def drop_steps(conn: Connection, rows: Sequence[tuple[int, str, str, str]]) -> None:
    """Take away (merchant, order, step, part): waiting again, or gone with its part."""
    conn.execute(SQL["drop_steps"], columns(_PLACE, rows), prepare=True)


def write_tasks(conn: Connection, rows: Sequence[TaskRow]) -> None:
    """Open tasks, or change open ones."""
    conn.execute(SQL["write_tasks"], columns(_TASK, rows), prepare=True)


def close_tasks(conn: Connection, rows: Sequence[tuple[int, str, str]], at: datetime) -> None:
    """Close (merchant, order, task key)."""
    conn.execute(SQL["close_tasks"], (at, *columns(_KEY, rows)), prepare=True)


def write_timers(conn: Connection, rows: Sequence[TimerRow]) -> None:
    """Set timers, or move them."""
    conn.execute(SQL["write_timers"], columns(_TIMER, rows), prepare=True)


def drop_timers(conn: Connection, rows: Sequence[tuple[int, str, str]]) -> None:
    """Take away (merchant, order, timer key), unless it fired: that is remembered."""
    conn.execute(SQL["drop_timers"], columns(_KEY, rows), prepare=True)


def stale_timers(conn: Connection, rows: Sequence[tuple[int, str, str]]) -> None:
    """Note of (merchant, order, timer key) that it fired for nothing."""
    conn.execute(SQL["stale_timers"], columns(_KEY, rows), prepare=True)
