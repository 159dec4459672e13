"""The door to what is wanted of the world outside: effects asked, orders to be read again,
parts' owners."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from ordna.core.effects import Effect
from ordna.store.arrays import Bigints, Booleans, Byteas, Texts, Times, columns
from ordna.store.database import Connection, Sent
from ordna.store.persons import unseal_key
from ordna.store.sealing import Keyring, PersonKey
from ordna.store.sql import blocks

SQL = blocks("work.sql")

_EFFECT = (Bigints, Texts, Texts, Bigints, Bigints, Bigints, Texts, Booleans, Byteas, Times, Times)
_REREAD = (Bigints, Bigints, Texts, Bigints, Bigints, Times, Texts)
_OWNED = (Bigints, Bigints, Texts, Texts)


class EffectRow(NamedTuple):
    """One effect as asked; `body` is sealed."""

    merchant_id: int
    order_id: str
    effect_key: str
    generation: int
    connection_id: int
    lane: int
    kind: str
    once: bool
    body: bytes
    asked_at: datetime
    due_at: datetime


class RereadRow(NamedTuple):
    """An order to be read again."""

    merchant_id: int
    connection_id: int
    order_ref: str
    lane: int
    urgency: int
    not_before: datetime
    why: str


def ask_effects(conn: Connection, rows: Sequence[EffectRow], sent: Sent) -> None:
    """Keep effects to be performed; `Overtaken`, when all is sent, where a key was asked before."""
    sent.expect(conn.execute(SQL["ask_effects"], columns(_EFFECT, rows), prepare=True), len(rows))


def want_rereads(conn: Connection, rows: Sequence[RereadRow]) -> None:
    """Ask for orders to be read again; one row an order, the most urgent and the earliest wins."""
    merged: dict[tuple[int, int, str], RereadRow] = {}
    for row in rows:
        known = merged.setdefault(row[:3], row)
        if known is not row:
            urgent = min(known, row, key=lambda each: each.urgency)
            merged[row[:3]] = urgent._replace(not_before=min(known.not_before, row.not_before))
    ordered = [merged[key] for key in sorted(merged)]
    conn.execute(SQL["want_rereads"], columns(_REREAD, ordered), prepare=True)


def own_parts(conn: Connection, rows: Sequence[tuple[int, int, str, str]]) -> None:
    """Remember (merchant, connection, part, order ref)."""
    conn.execute(SQL["own_parts"], columns(_OWNED, sorted(rows)), prepare=True)


def owners_of(conn: Connection, parts: Sequence[tuple[int, int, str]]) -> dict[tuple[int, int, str], str]:
    """(merchant, connection, part) to order ref, where known."""
    found = conn.execute(SQL["owners_of"], columns((Bigints, Bigints, Texts), parts), prepare=True, binary=True)
    return {(row[0], row[1], row[2]): row[3] for row in found}


def seal_effect(key: PersonKey, effect: Effect, place: tuple[int, str]) -> bytes:
    """An effect as stored, sealed with the key of the order's person; `place` is (merchant, order id)."""
    return key.seal(msgspec.json.encode(effect), f"effect {place[0]}/{place[1]}/{effect.key}")


def open_effect(ring: Keyring, person_key: bytes, sealed: bytes, place: tuple[int, str], effect_key: str) -> Effect:
    """The effect of a stored row; `person_key` as stored with the order's person. `NotOpened`."""
    key = unseal_key(ring, person_key, place)
    return msgspec.json.decode(key.open(sealed, f"effect {place[0]}/{place[1]}/{effect_key}"), type=Effect)
