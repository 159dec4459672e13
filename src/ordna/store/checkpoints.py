"""The door to checkpoints, and to what the archive takes out of the tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ordna.store.arrays import Bigints, Byteas, Texts, columns
from ordna.store.database import Connection
from ordna.store.sql import blocks

SQL = blocks("checkpoints.sql")


class Checkpoint(NamedTuple):
    """Where folding an order begins: the state after event `seq`, its hash, the trail as of then, and the archive's
    files that hold the events before."""

    order_id: str
    seq: int
    state: bytes
    hash: bytes
    trail: bytes
    files: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """True when the state is the one that was written."""
        return self.hash == hash_of(self.state)


class EventRow(NamedTuple):
    """One event as it goes to the archive; `data` is its JSON."""

    order_id: str
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


class DecisionRow(NamedTuple):
    """One decision as it goes to the archive; `changes` is its JSON."""

    order_id: str
    seq_after: int
    seq_before: int
    at: datetime
    cause: str
    policy_version: int
    changes: str


def hash_of(state: bytes) -> bytes:
    """The hash that a checkpoint keeps of its state."""
    return hashlib.sha256(state).digest()


def of_orders(conn: Connection, merchant_id: int, order_ids: Sequence[str]) -> dict[str, Checkpoint]:
    """The checkpoints of some orders, by order; most have none."""
    found = conn.execute(SQL["of_orders"], (merchant_id, Texts(order_ids)), prepare=True)
    return {row[0]: Checkpoint(row[0], row[1], row[2], row[3], row[4], tuple(row[5])) for row in found}


def trails_of(conn: Connection, orders: Iterable[tuple[int, str]]) -> dict[tuple[int, str], bytes]:
    """The trails that chaining begins with, of those orders that have a checkpoint."""
    found = conn.execute(SQL["trails_of"], columns((Bigints, Texts), sorted(orders)), prepare=True)
    return {(merchant, order_id): trail for merchant, order_id, trail in found}


def write(conn: Connection, merchant_id: int, made: Sequence[Checkpoint], file: str | None, at: datetime) -> None:
    """Write checkpoints; `file` joins the files of each."""
    conn.execute(
        SQL["write"],
        {
            "merchants": Bigints([merchant_id] * len(made)),
            "orders": Texts([one.order_id for one in made]),
            "seqs": Bigints([one.seq for one in made]),
            "states": Byteas([one.state for one in made]),
            "hashes": Byteas([one.hash for one in made]),
            "trails": Byteas([one.trail for one in made]),
            "files": [file] if file else [],
            "at": at,
        },
    )


def candidates(conn: Connection, merchant_id: int, before: datetime, after: str, most: int) -> list[tuple[str, bool]]:
    """The next orders with events from before that time, by id, and whether each is ready to be archived."""
    asked = {"merchant": merchant_id, "before": before, "after": after, "most": most}
    return [(row[0], row[1]) for row in conn.execute(SQL["candidates"], asked, prepare=True)]


def events_of(conn: Connection, merchant_id: int, order_ids: Sequence[str]) -> dict[str, list[EventRow]]:
    """The journals of some orders in full, by order."""
    out: dict[str, list[EventRow]] = {}
    for row in conn.execute(SQL["journal_to_archive"], (merchant_id, Texts(order_ids)), prepare=True):
        out.setdefault(row[0], []).append(EventRow(*row))
    return out


def decisions_of(conn: Connection, merchant_id: int, order_ids: Sequence[str]) -> dict[str, list[DecisionRow]]:
    """The decisions of some orders, by order."""
    out: dict[str, list[DecisionRow]] = {}
    for row in conn.execute(SQL["decisions_to_archive"], (merchant_id, Texts(order_ids)), prepare=True):
        out.setdefault(row[0], []).append(DecisionRow(*row))
    return out


def drop(conn: Connection, merchant_id: int, until: Sequence[tuple[str, int]]) -> int:
    """Take out of the tables what came up to (order, seq); how many events."""
    orders, seqs = columns((Texts, Bigints), until)
    asked: tuple[Any, ...] = (orders, seqs, merchant_id)
    dropped = conn.execute(SQL["drop_journal"], asked).rowcount
    conn.execute(SQL["drop_links"], asked)
    conn.execute(SQL["drop_decisions"], asked)
    return dropped


def setting(conn: Connection, merchant_id: int) -> str | None:
    """What the merchant said about the archive, None where nothing was."""
    row = conn.execute(SQL["setting"], (merchant_id,)).fetchone()
    return None if row is None else str(row[0])


def count(conn: Connection, merchant_id: int) -> tuple[int, int]:
    """How many orders have a checkpoint, and how many events those stand for."""
    row = conn.execute(SQL["count"], (merchant_id,)).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
