"""The door to connections, policies and addresses, as a batch and the intake read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from ordna.store.arrays import Bigints, Times, columns
from ordna.store.database import Connection
from ordna.store.sealing import Keyring
from ordna.store.sql import blocks

SQL = blocks("connections.sql")

Key = tuple[int, int]


class ConnectionNow(NamedTuple):
    """A connection as a batch finds it: `policy_version` is the newest; None where no flow was activated."""

    merchant_id: int
    connection_id: int
    kind: str
    mode: str
    credentials: bytes
    currency: str
    policy_version: int | None


class Hooks(NamedTuple):
    """What the intake must know to believe a webhook."""

    merchant_id: int
    connection_id: int
    kind: str
    domain: str
    secrets: tuple[str, ...]
    mode: str


def for_batch(conn: Connection, keys: Iterable[Key]) -> dict[Key, ConnectionNow]:
    """The connections of a batch, by (merchant, connection)."""
    rows = conn.execute(SQL["for_batch"], columns((Bigints, Bigints), sorted(keys)), prepare=True, binary=True)
    return {(row[0], row[1]): ConnectionNow(*row) for row in rows}


def flows(conn: Connection, keys: Iterable[Key]) -> list[tuple[int, int, str, str]]:
    """(merchant, version, text of the flow file, currency) by (merchant, version)."""
    rows = conn.execute(SQL["flows"], columns((Bigints, Bigints), sorted(keys)), prepare=True)
    return rows.fetchall()


def heard(conn: Connection, rows: Sequence[tuple[int, int, datetime]]) -> None:
    """Each connection was heard of at that moment."""
    conn.execute(SQL["heard"], columns((Bigints, Bigints, Times), rows), prepare=True)


def address(conn: Connection, token: str) -> Key | None:
    """The (merchant, connection) of a webhook address; needs no merchant."""
    return conn.execute(SQL["address"], (token,), prepare=True).fetchone()


def hooks_of(conn: Connection, ring: Keyring, key: Key) -> Hooks | None:
    """What verifies the webhooks of a connection."""
    row = conn.execute(SQL["hooks_of"], key, prepare=True).fetchone()
    if row is None:
        return None
    kind, domain, sealed, mode = row
    return Hooks(*key, kind, domain, tuple(open_secrets(ring, sealed, key)), mode)


def of_domain(conn: Connection, merchants: Sequence[int], domain: str) -> list[Key]:
    """The connections of that shop; `domain` in lower case."""
    rows = conn.execute(SQL["of_domain"], (Bigints(list(merchants)), domain))
    return [(row[0], row[1]) for row in rows]


def ensure_lanes(conn: Connection, merchants: Sequence[int]) -> None:
    """Make the lease rows of these merchants."""
    conn.execute(SQL["ensure_lanes"], (Bigints(list(merchants)),))


def seal_secrets(ring: Keyring, secrets: Sequence[str], key: Key) -> bytes:
    """Webhook secrets as stored, several while they are being changed."""
    return ring.seal(msgspec.json.encode(list(secrets)), f"secrets of {key[0]}/{key[1]}")


def open_secrets(ring: Keyring, sealed: bytes, key: Key) -> list[str]:
    """Webhook secrets in clear; `NotOpened`."""
    return msgspec.json.decode(ring.open(sealed, f"secrets of {key[0]}/{key[1]}"), type=list[str])


def seal_credentials(ring: Keyring, credentials: dict[str, str], key: Key) -> bytes:
    """Credentials as stored: token, or client_id and client_secret."""
    return ring.seal(msgspec.json.encode(credentials), f"credentials of {key[0]}/{key[1]}")


def open_credentials(ring: Keyring, sealed: bytes, key: Key) -> dict[str, str]:
    """Credentials in clear; `NotOpened`."""
    return msgspec.json.decode(ring.open(sealed, f"credentials of {key[0]}/{key[1]}"), type=dict[str, str])
