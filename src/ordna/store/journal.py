"""The door to the journal: facts are appended, never changed; what they touch is linked; decisions are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from ordna.store.arrays import Bigints, Floats, Texts, Times, columns
from ordna.store.database import Connection
from ordna.store.sql import blocks

SQL = blocks("journal.sql")

_ENTRY = (Bigints, Texts, Bigints, Texts, Bigints, Times, Texts, Texts, Texts, Bigints, Texts)
_LINK = (Bigints, Texts, Bigints, Texts, Texts, Texts, Texts, Times, Texts, Floats)
_RELINK = (Bigints, Texts, Bigints, Texts, Texts, Texts, Floats)
_DECISION = (Bigints, Texts, Bigints, Bigints, Times, Texts, Bigints, Texts)


class Entry(NamedTuple):
    """One event to be appended; `data` is its JSON."""

    merchant_id: int
    order_id: str
    seq: int
    kind: str
    version: int
    occurred_at: datetime
    actor_kind: str
    actor: str
    cause: str
    policy_version: int
    data: bytes


class Link(NamedTuple):
    """One object that one event touches, with what happened to the object before and the seconds since."""

    merchant_id: int
    order_id: str
    seq: int
    object_kind: str
    object_id: str
    kind: str
    actor_kind: str
    occurred_at: datetime
    previous: str | None
    seconds_since: float | None


class Decided(NamedTuple):
    """One decision; `changes` is JSON."""

    merchant_id: int
    order_id: str
    seq_after: int
    seq_before: int
    at: datetime
    cause: str
    policy_version: int
    changes: bytes


def append(conn: Connection, entries: Sequence[Entry], recorded_at: datetime) -> None:
    """Append events."""
    conn.execute(SQL["append"], (recorded_at, *columns(_ENTRY, entries)), prepare=True)


def link(conn: Connection, links: Sequence[Link]) -> None:
    """Add what the events touch."""
    conn.execute(SQL["link"], columns(_LINK, links), prepare=True)


def links_of(conn: Connection, orders: Iterable[tuple[int, str]]) -> list[Link]:
    """Every link of some orders, in the order things happened."""
    found = conn.execute(SQL["links_of"], columns((Bigints, Texts), sorted(orders)), prepare=True)
    return [Link(*row) for row in found]


def relink(conn: Connection, links: Sequence[Link]) -> None:
    """Rewrite the neighbours of a late fact."""
    rows = [(x.merchant_id, x.order_id, x.seq, x.object_kind, x.object_id, x.previous, x.seconds_since) for x in links]
    conn.execute(SQL["relink"], columns(_RELINK, rows), prepare=True)


def decide(conn: Connection, decisions: Sequence[Decided]) -> None:
    """Keep decisions."""
    conn.execute(SQL["decide"], columns(_DECISION, decisions), prepare=True)


def kinds_since(conn: Connection, merchant_id: int, order_id: str, seq: int) -> set[str]:
    """The kinds of events after a version."""
    return {row[0] for row in conn.execute(SQL["kinds_since"], (merchant_id, order_id, seq))}


class StoredOrder(NamedTuple):
    """An order as stored, for the proof that its journal explains it."""

    order_id: str
    seq: int
    state: bytes
    trail: bytes


class JournalRow(NamedTuple):
    """One event as stored."""

    seq: int
    kind: str
    version: int
    occurred_at: datetime
    actor_kind: str
    data: bytes


def page_of_orders(conn: Connection, merchant_id: int, after: str, most: int) -> list[StoredOrder]:
    """The next orders by id."""
    found = conn.execute(SQL["page_of_orders"], (merchant_id, after, most), prepare=True, binary=True)
    return [StoredOrder(*row) for row in found]


def journal_of(conn: Connection, merchant_id: int, order_ids: Sequence[str]) -> dict[str, list[JournalRow]]:
    """The journals of some orders, by order."""
    out: dict[str, list[JournalRow]] = {}
    found = conn.execute(SQL["journal_of"], (merchant_id, Texts(order_ids)), prepare=True)
    for order_id, seq, kind, version, occurred_at, actor_kind, data in found:
        row = JournalRow(seq, kind, version, occurred_at, actor_kind, data.encode())
        out.setdefault(order_id, []).append(row)
    return out


def links_stored(conn: Connection, merchant_id: int, order_ids: Sequence[str]) -> dict[str, list[Link]]:
    """The links of some orders, by order."""
    out: dict[str, list[Link]] = {}
    for row in conn.execute(SQL["links_stored"], (merchant_id, Texts(order_ids)), prepare=True):
        out.setdefault(row[0], []).append(Link(merchant_id, *row))
    return out


def orphans(conn: Connection, merchant_id: int) -> list[str]:
    """Orders that have a journal and no row."""
    return [row[0] for row in conn.execute(SQL["orphans"], (merchant_id,))]


def all_merchants(conn: Connection) -> list[int]:
    """Every merchant there is."""
    return [row[0] for row in conn.execute(SQL["all_merchants"])]
