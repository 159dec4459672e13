"""What shops and people ask about personal data, and what was erased, as pages and the API show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ordna.store.read.door import View
from ordna.store.sql import blocks

SQL = blocks("read_privacy.sql")
LIMIT = 50


@dataclass(frozen=True)
class RequestRow:
    """Something that was asked; `subject` is sealed, None once it is done."""

    request_id: int
    connection_id: int | None
    kind: str
    subject: bytes | None
    asked_by: str
    received_at: datetime
    due_at: datetime
    done_at: datetime | None
    outcome: str | None


@dataclass(frozen=True)
class ErasureRow:
    """One entry of the list of erasures; `orders` counts those that lost their person."""

    erasure_id: str
    at: datetime
    asked_by: str
    cause: str
    orders: int
    done_at: datetime | None


def requests(view: View) -> list[RequestRow]:
    """What is not done yet, the most urgent first."""
    return view.rows(SQL["requests"], RequestRow, limit=LIMIT)


def done(view: View) -> list[RequestRow]:
    """What was done, the newest first."""
    return view.rows(SQL["done"], RequestRow, limit=LIMIT)


def request(view: View, request_id: int) -> RequestRow | None:
    """One of them."""
    return view.row(SQL["request"], RequestRow, request_id=request_id)


def waiting_for_people(view: View) -> int:
    """How many need somebody here."""
    return view.number(SQL["waiting_for_people"])


def erasures(view: View) -> list[ErasureRow]:
    """The list of erasures, the newest first."""
    return view.rows(SQL["erasures"], ErasureRow, limit=LIMIT)
