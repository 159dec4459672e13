"""One order with everything known about it: the folded state, the verdict, and the trail that led there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from ordna.core.events import Event, decode
from ordna.core.messages import PersonSeen
from ordna.core.order import OrderState, decode_state
from ordna.core.outcome import Verdict, decode_verdict
from ordna.store.persons import open_person
from ordna.store.read.door import View
from ordna.store.read.work import TaskRow, order_tasks
from ordna.store.sealing import Keyring, NotOpened
from ordna.store.sql import blocks

SQL = blocks("read_order.sql")
JOURNAL_PAGE = 200
NEWEST = 2**31 - 1


@dataclass(frozen=True)
class Head:
    """The order's row: its projection, its state and verdict as stored, and the connection it came by."""

    order_id: str
    order_ref: str
    connection_id: int
    seq: int
    name: str
    placed_at: datetime
    headline: str
    turn_step: str
    turn_owner: str
    turn_since: datetime | None
    turn_due: datetime | None
    attention: bool
    open: bool
    test: bool
    currency: str | None
    total: int | None
    country: str | None
    payment: str | None
    policy_version: int
    person_id: str | None
    customer: str | None
    erased_at: datetime | None
    updated_at: datetime
    state: bytes
    verdict: bytes
    connection_title: str
    connection_kind: str
    mode: str
    domain: str


@dataclass(frozen=True)
class JournalRow:
    """One event of the journal as stored."""

    seq: int
    kind: str
    version: int
    occurred_at: datetime
    recorded_at: datetime
    actor_kind: str
    actor: str
    cause: str
    policy_version: int
    data: str

    def event(self) -> Event:
        """The event itself, brought up to the newest version."""
        return decode(self.kind, self.version, self.data.encode())


@dataclass(frozen=True)
class DecisionRow:
    """One change of verdict by its inputs; `rows()` are its short changes."""

    seq_before: int
    seq_after: int
    at: datetime
    cause: str
    policy_version: int
    changes: str

    def rows(self) -> list[list[str]]:
        """("step", step, part, before, after), ("hold", handle, what), ("effect", key, what), ..."""
        return msgspec.json.decode(self.changes, type=list[list[str]])


@dataclass(frozen=True)
class EffectRow:
    """One effect and what became of it."""

    order_id: str
    effect_key: str
    generation: int
    kind: str
    status: str
    asked_at: datetime
    due_at: datetime
    sent_at: datetime | None
    attempts: int
    answered_at: datetime | None
    code: str | None
    sentence: str | None
    reference: str | None


@dataclass(frozen=True)
class OrderDetail:
    """All of it. `older` is the sequence number that earlier journal rows come before, 0 when these are all; `archived`
    counts the events before those, which are in the archive."""

    head: Head
    state: OrderState
    verdict: Verdict
    journal: tuple[JournalRow, ...]
    decisions: tuple[DecisionRow, ...]
    tasks: tuple[TaskRow, ...]
    effects: tuple[EffectRow, ...]
    older: int
    archived: int


def order_detail(view: View, order_id: str, before: int = NEWEST) -> OrderDetail | None:
    """The order, or None where the merchant has none of that id. The journal comes newest first."""
    head = view.row(SQL["order"], Head, order_id=order_id)
    if head is None:
        return None
    journal = view.rows(SQL["journal"], JournalRow, order_id=order_id, before=before, limit=JOURNAL_PAGE + 1)
    older = journal[JOURNAL_PAGE - 1].seq if len(journal) > JOURNAL_PAGE else 0
    journal = journal[:JOURNAL_PAGE]
    first = journal[-1].seq if journal else 0
    return OrderDetail(
        head,
        decode_state(head.state),
        decode_verdict(head.verdict),
        tuple(journal),
        tuple(view.rows(SQL["decisions"], DecisionRow, order_id=order_id, from_seq=first)),
        order_tasks(view, order_id),
        tuple(view.rows(SQL["effects"], EffectRow, order_id=order_id)),
        older,
        view.number(SQL["archived"], order_id=order_id),
    )


def order_head(view: View, order_id: str) -> Head | None:
    """Only the order's row."""
    return view.row(SQL["order"], Head, order_id=order_id)


@dataclass(frozen=True)
class _Sealed:
    person_id: str
    person_key: bytes
    sealed: bytes


def person(view: View, ring: Keyring, person_id: str) -> PersonSeen | None:
    """Whom an order is for; None where they were erased, or where no key of ours opens the seal."""
    row = view.row(SQL["person"], _Sealed, person_id=person_id)
    if row is None:
        return None
    try:
        return open_person(ring, row.person_key, row.sealed, (view.merchant_id, row.person_id))
    except NotOpened:
        return None
