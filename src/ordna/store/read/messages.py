"""Messages that could not be handled, as people see them: which, why, and which order they name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ordna.store.read.door import View
from ordna.store.sql import blocks

SQL = blocks("read_messages.sql")
PAGE = 50
NEWEST = 2**62


@dataclass(frozen=True)
class SetAside:
    """A message that was set aside. `outcome`: quarantined (it failed three times alone) or unusable (nobody can tell
    which order it is about). `order_id` is None where it names no order that we know."""

    inbox_id: int
    connection_id: int
    connection_title: str
    topic: str
    received_at: datetime
    handled_at: datetime
    outcome: str
    tries: int
    error: str
    order_ref: str | None
    order_id: str | None
    order_name: str | None


def set_aside(view: View, before: int = NEWEST, limit: int = PAGE) -> tuple[SetAside, ...]:
    """The merchant's, newest first."""
    return tuple(view.rows(SQL["set_aside"], SetAside, before=before, limit=limit))


def set_aside_of_order(view: View, order_id: str) -> tuple[SetAside, ...]:
    """Those that name this order."""
    return tuple(view.rows(SQL["set_aside_of_order"], SetAside, order_id=order_id, limit=PAGE))
