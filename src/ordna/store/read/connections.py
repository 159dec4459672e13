"""Links to outside systems as people see them; merchants; the flow in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from ordna.store.read.door import View
from ordna.store.sql import blocks

SQL = blocks("read_connections.sql")
FLOW_WINDOW = timedelta(hours=24)
TROUBLE_LIMIT = 50
GAPS_WINDOW = timedelta(days=14)
GAPS_LIMIT = 30


@dataclass(frozen=True)
class ConnectionRow:
    """One connection; `budget` is what is left of the outside system's cost budget, refilled up to now."""

    connection_id: int
    kind: str
    role: str
    title: str
    domain: str
    mode: str
    live_since: datetime | None
    last_webhook_at: datetime | None
    last_read_at: datetime | None
    last_error: str | None
    dark_since: datetime | None
    created_at: datetime
    facts: str
    subscriptions: int
    budget: float | None
    budget_maximum: float | None
    restore_per_s: float | None

    @property
    def fresh_at(self) -> datetime | None:
        """When it last told us anything."""
        known = [at for at in (self.last_webhook_at, self.last_read_at) if at is not None]
        return max(known, default=None)

    def fact(self, name: str) -> str:
        """One thing the shop says of itself, or ""."""
        value = msgspec.json.decode(self.facts).get(name)
        return str(value) if isinstance(value, (str, int)) else ""


@dataclass(frozen=True)
class TopicFlow:
    """Messages of one topic by what came of them, over the last day."""

    connection_id: int
    topic: str
    outcome: str
    messages: int
    last_at: datetime


@dataclass(frozen=True)
class Backlog:
    """Work that waits to be sent or read, by connection."""

    connection_id: int
    waiting: int
    oldest_at: datetime


@dataclass(frozen=True)
class Trouble:
    """An effect that was refused, gave up, or may or may not have happened."""

    order_id: str
    order_name: str
    connection_id: int
    effect_key: str
    kind: str
    status: str
    asked_at: datetime
    attempts: int
    answered_at: datetime | None
    code: str | None
    sentence: str | None


@dataclass(frozen=True)
class Merchant:
    """A tenant as pages name it."""

    merchant_id: int
    name: str
    zone: str
    currency: str


@dataclass(frozen=True)
class PolicyRow:
    """A version of the flow as it was activated."""

    version: int
    flow: str
    activated_at: datetime


@dataclass(frozen=True)
class DutyRow:
    """How a duty of a connection goes: `duty` is sweep, subscriptions or history; `progress` is JSON."""

    connection_id: int
    duty: str
    due_at: datetime
    running: bool
    good_at: datetime | None
    found: int
    missed: int
    failures: int
    error: str | None
    progress: str


@dataclass(frozen=True)
class GapRow:
    """A time in which a connection was not heard of as it should be; `waiting` orders of it are still to be read."""

    connection_id: int
    began_at: datetime
    cause: str
    topics: str
    subscribed_at: datetime | None
    orders: int
    ended_at: datetime | None
    closed_at: datetime | None
    waiting: int

    @property
    def lost(self) -> int:
        """How many subscriptions were gone."""
        return len(msgspec.json.decode(self.topics, type=list[str]))


@dataclass(frozen=True)
class _Switch:
    name: str
    value: str
    at: datetime


def connections(view: View) -> tuple[ConnectionRow, ...]:
    """The merchant's connections."""
    return tuple(view.rows(SQL["connections"], ConnectionRow))


def flows(view: View) -> tuple[TopicFlow, ...]:
    """What came in over the last day."""
    since = view.now - FLOW_WINDOW
    last_before = view.number(SQL["last_before"], since=since)
    return tuple(view.rows(SQL["flows"], TopicFlow, since=since, last_before=last_before))


def duties(view: View) -> tuple[DutyRow, ...]:
    """How the duties of all connections go."""
    return tuple(view.rows(SQL["duties"], DutyRow))


def gaps(view: View) -> tuple[GapRow, ...]:
    """The gaps of the last days, newest first."""
    return tuple(view.rows(SQL["gaps"], GapRow, since=view.now - GAPS_WINDOW, limit=GAPS_LIMIT))


def rereads(view: View) -> dict[int, Backlog]:
    """Orders that wait to be read again."""
    return {row.connection_id: row for row in view.rows(SQL["rereads"], Backlog)}


def effects_waiting(view: View) -> dict[int, Backlog]:
    """Effects that wait to be sent."""
    return {row.connection_id: row for row in view.rows(SQL["effects_waiting"], Backlog)}


def trouble(view: View) -> tuple[Trouble, ...]:
    """Effects somebody should look at, newest first."""
    return tuple(view.rows(SQL["trouble"], Trouble, limit=TROUBLE_LIMIT))


def outgoing_paused_at(view: View) -> datetime | None:
    """Since when nothing leaves, or None when it does."""
    switches = view.rows(SQL["switches"], _Switch)
    return next((s.at for s in switches if s.name == "outgoing" and s.value == "paused"), None)


def merchant(view: View) -> Merchant | None:
    """The merchant whose view this is."""
    return view.row(SQL["merchant"], Merchant)


def policy(view: View, version: int | None = None) -> PolicyRow | None:
    """That version of the flow, or the newest."""
    return view.row(SQL["policy"], PolicyRow, version=version)
