"""The door to connections as they are made, switched and called; always inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from ordna.store.database import Connection
from ordna.store.sql import blocks

SQL = blocks("linking.sql")

Key = tuple[int, int]


class EndpointRow(NamedTuple):
    """Where and as whom a connection calls; `credentials` are sealed."""

    merchant_id: int
    connection_id: int
    kind: str
    mode: str
    base_url: str
    domain: str
    api_version: str
    credentials: bytes


class Standing(NamedTuple):
    """How a connection stands; `now` is the database's clock."""

    mode: str
    last_webhook_at: datetime | None
    last_read_at: datetime | None
    title: str
    now: datetime
    created_at: datetime

    @property
    def heard_at(self) -> datetime | None:
        """When it was last heard of, by webhook or read."""
        return max((at for at in (self.last_webhook_at, self.last_read_at) if at is not None), default=None)


class OpenOrder(NamedTuple):
    """An order that is not over, with state and verdict as stored."""

    order_id: str
    order_ref: str
    name: str
    state: bytes
    verdict: bytes


class NamedOrder(NamedTuple):
    """An order found by its name, with state and verdict as stored, and its merchant's zone."""

    merchant_id: int
    connection_id: int
    order_id: str
    name: str
    state: bytes
    verdict: bytes
    zone: str


class NewConnection(msgspec.Struct, frozen=True):
    """A connection to be written; credentials and secrets are sealed, `facts` is JSON."""

    merchant: int
    connection: int
    kind: str
    title: str
    domain: str
    base_url: str
    api_version: str
    credentials: bytes
    webhook_secrets: bytes
    facts: str


def endpoints(conn: Connection, keys: Iterable[Key]) -> list[EndpointRow]:
    """Where and as whom these connections call."""
    ordered = sorted(keys)
    values = {"merchants": [key[0] for key in ordered], "connections": [key[1] for key in ordered]}
    return [EndpointRow(*row) for row in conn.execute(SQL["endpoints"], values)]


def all_connections(conn: Connection, merchants: Sequence[int]) -> list[Key]:
    """Every connection of these merchants."""
    return [(row[0], row[1]) for row in conn.execute(SQL["all_connections"], {"merchants": list(merchants)})]


def merchants(conn: Connection) -> list[int]:
    """Every merchant; needs no merchant set."""
    return [row[0] for row in conn.execute(SQL["merchants"])]


def create_merchant(conn: Connection, merchant: int, name: str, zone: str, currency: str) -> bool:
    """Write a merchant; False when it is there already."""
    values = {"merchant": merchant, "name": name, "zone": zone, "currency": currency}
    return conn.execute(SQL["create_merchant"], values).rowcount == 1


def describe_merchant(conn: Connection, key: Key, zone: str, currency: str) -> None:
    """Take zone and currency over from the merchant's only shop."""
    values = {"merchant": key[0], "connection": key[1], "zone": zone, "currency": currency}
    conn.execute(SQL["describe_merchant"], values)


def facts(conn: Connection, key: Key) -> dict[str, Any]:
    """What is kept of the shop: its facts, and notes on them."""
    row = conn.execute(SQL["facts"], _key(key)).fetchone()
    return {} if row is None else dict(msgspec.json.decode(row[0]))


def keep_facts(conn: Connection, key: Key, told: dict[str, Any]) -> None:
    """Keep what the shop is."""
    conn.execute(SQL["keep_facts"], {**_key(key), "facts": msgspec.json.encode(told).decode()})


def newest_flow(conn: Connection, key: Key) -> tuple[int, str] | None:
    """(version, text) of the flow in force, where this is the merchant's only shop."""
    return conn.execute(SQL["newest_flow"], _key(key)).fetchone()


def open_under(conn: Connection, key: Key, version: int) -> list[str]:
    """The outside ids of the connection's open orders that follow this version."""
    return [row[0] for row in conn.execute(SQL["open_under"], {**_key(key), "version": version})]


def activate_policy(conn: Connection, merchant: int, flow: str, by: str) -> int:
    """Write a new version of the merchant's flow; its number. The caller has checked the text."""
    row = conn.execute(SQL["activate_policy"], {"merchant": merchant, "flow": flow, "by": by}).fetchone()
    assert row is not None
    return int(row[0])


def newest_policy(conn: Connection, merchant: int) -> int | None:
    """The number of the merchant's newest flow, None when it has none."""
    row = conn.execute(SQL["newest_policy"], {"merchant": merchant}).fetchone()
    return None if row is None else row[0]


def same_shop(conn: Connection, merchant: int, kind: str, domain: str) -> int | None:
    """The connection to that very shop, if the merchant has one."""
    row = conn.execute(SQL["same_shop"], {"merchant": merchant, "kind": kind, "domain": domain}).fetchone()
    return None if row is None else int(row[0])


def next_connection(conn: Connection, merchant: int) -> int:
    """The number of the merchant's next connection."""
    return _number(conn, "next_connection", (merchant, 0))


def create_connection(conn: Connection, new: NewConnection) -> None:
    """Write a new connection; it observes."""
    conn.execute(SQL["create_connection"], msgspec.structs.asdict(new))


def renew_connection(conn: Connection, new: NewConnection) -> None:
    """Write new credentials and facts of a connection that exists."""
    conn.execute(SQL["renew_connection"], msgspec.structs.asdict(new))


def address_of(conn: Connection, key: Key) -> str | None:
    """The token in the connection's webhook address."""
    row = conn.execute(SQL["address_of"], _key(key)).fetchone()
    return None if row is None else str(row[0])


def create_address(conn: Connection, key: Key, token: str) -> None:
    """Give a connection its webhook address."""
    conn.execute(SQL["create_address"], {**_key(key), "token": token})


def set_subscribed(conn: Connection, key: Key, subscribed: Sequence[dict[str, str]]) -> None:
    """Keep what the shop sends us."""
    conn.execute(SQL["set_subscribed"], {**_key(key), "subscribed": msgspec.json.encode(subscribed).decode()})


def standing(conn: Connection, key: Key) -> Standing | None:
    """How a connection stands."""
    row = conn.execute(SQL["standing"], _key(key)).fetchone()
    return None if row is None else Standing(*row)


def switch_mode(conn: Connection, key: Key, mode: str, start: Sequence[str]) -> bool:
    """Move a connection to a mode from one of the modes in `start`; False when it stands elsewhere."""
    return conn.execute(SQL["switch_mode"], {**_key(key), "mode": mode, "from": list(start)}).rowcount == 1


def open_orders(conn: Connection, key: Key) -> Iterable[OpenOrder]:
    """The connection's orders that are not over, oldest first, fetched a thousand at a time."""
    with conn.cursor(name="open_orders") as cursor:
        cursor.itersize = 1000
        cursor.execute(SQL["open_orders"], _key(key))
        for row in cursor:
            yield OpenOrder(*row)


def open_refs(conn: Connection, key: Key) -> list[str]:
    """The outside ids of the connection's orders that are not over."""
    return [row[0] for row in conn.execute(SQL["open_refs"], _key(key))]


def named_orders(conn: Connection, merchants: Sequence[int], name_key: str, text: str) -> list[NamedOrder]:
    """Orders of that name or id, newest first, at most twenty."""
    values = {"merchants": list(merchants), "name_key": name_key, "text": text}
    return [NamedOrder(*row) for row in conn.execute(SQL["named_orders"], values)]


def set_switch(conn: Connection, merchant: int, name: str, value: str) -> None:
    """Set a switch that survives restarts."""
    conn.execute(SQL["set_switch"], {"merchant": merchant, "name": name, "value": value})


def waiting_reads(conn: Connection, key: Key) -> int:
    """How many of its orders are still to be read."""
    return _number(conn, "waiting_reads", key)


def waiting_messages(conn: Connection, key: Key) -> int:
    """How many of its messages wait to be handled."""
    return _number(conn, "waiting_messages", key)


def _key(key: Key) -> dict[str, Any]:
    return {"merchant": key[0], "connection": key[1]}


def _number(conn: Connection, name: str, key: Key) -> int:
    row = conn.execute(SQL[name], _key(key)).fetchone()
    assert row is not None
    return int(row[0])
