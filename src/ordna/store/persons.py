"""The door to persons: what names or locates somebody, sealed with that person's own key; deleting the row
erases it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from ordna.core.messages import PersonSeen
from ordna.store.arrays import Bigints, Byteas, Texts, columns
from ordna.store.database import Connection
from ordna.store.sealing import Keyring, PersonKey
from ordna.store.sql import blocks

SQL = blocks("work.sql")

Key = tuple[int, str]


def keys_of(conn: Connection, persons: Iterable[Key]) -> dict[Key, bytes]:
    """The sealed keys of persons, by (merchant, person)."""
    found = conn.execute(SQL["keys_of_persons"], columns((Bigints, Texts), sorted(persons)), prepare=True, binary=True)
    return {(row[0], row[1]): row[2] for row in found}


def write(conn: Connection, rows: Sequence[tuple[int, str, bytes, bytes]], at: object) -> None:
    """Write (merchant, person, sealed key, sealed picture); a person's key never changes."""
    conn.execute(SQL["write_persons"], (at, *columns((Bigints, Texts, Byteas, Byteas), sorted(rows))), prepare=True)


def seal_person(key: PersonKey, person: PersonSeen | None, place: Key) -> bytes:
    """The picture of a person as stored; of nobody, an empty picture."""
    return key.seal(msgspec.json.encode(person or PersonSeen()), f"person {place[0]}/{place[1]}")


def open_person(ring: Keyring, person_key: bytes, sealed: bytes, place: Key) -> PersonSeen:
    """The picture of a stored row; `NotOpened`."""
    plain = unseal_key(ring, person_key, place).open(sealed, f"person {place[0]}/{place[1]}")
    return msgspec.json.decode(plain, type=PersonSeen)


def make_key(ring: Keyring, place: Key) -> tuple[PersonKey, bytes]:
    """A new key for (merchant, person), and the same as stored."""
    return PersonKey.make(ring, f"person key {place[0]}/{place[1]}")


def unseal_key(ring: Keyring, sealed: bytes, place: Key) -> PersonKey:
    """The key of a stored row; `NotOpened`."""
    return PersonKey.unseal(ring, sealed, f"person key {place[0]}/{place[1]}")


def of_orders(conn: Connection, ring: Keyring, orders: Iterable[Key]) -> dict[Key, PersonSeen]:
    """Whom these orders are for, by (merchant, order); those erased are missing."""
    found = conn.execute(SQL["persons_of_orders"], columns((Bigints, Texts), sorted(orders))).fetchall()
    return {(row[0], row[1]): open_person(ring, bytes(row[3]), bytes(row[4]), (row[0], row[2])) for row in found}
