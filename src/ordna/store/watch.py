"""The door to what is done for connections again and again (`watch`) and to the gaps that were found (`gap`).

Every function runs inside the caller's transaction. Times come from the database's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from ordna.store.database import Connection
from ordna.store.sql import blocks

SQL = blocks("watch.sql")

Key = tuple[int, int]
SWEEP, SUBSCRIPTIONS, HISTORY, SHOP, PARCELS = "sweep", "subscriptions", "history", "shop", "parcels"
RUN_S = 90.0
"""A run that says nothing for so long is broken off, and another worker goes on with it."""


class Claimed(NamedTuple):
    """One duty this worker does now: nobody else does while its token is the row's. `progress` is JSON."""

    merchant_id: int
    connection_id: int
    duty: str
    token: int
    now: datetime
    good_at: datetime | None
    failures: int
    progress: str

    @property
    def key(self) -> Key:
        """(merchant, connection)"""
        return self.merchant_id, self.connection_id


class Ended(Struct, frozen=True):
    """How a run ended: `good_at` when it reached its end (the moment it began), `error` when it failed; neither when it
    goes on in `wait_s` seconds. `found` and `missed` as in the table; None leaves them."""

    wait_s: float
    good_at: datetime | None = None
    error: str | None = None
    found: int | None = None
    missed: int | None = None
    progress: str = "{}"


class Listed(NamedTuple):
    """An order that changed and was not read since: whether it is open, or new; whether no webhook told of it; whether
    it waits to be read because of a gap."""

    order_ref: str
    open: bool
    untold: bool
    waits: bool


class OpenGap(NamedTuple):
    """The gap a connection has; `ended` once all that was missed is known by name, `listening` once subscriptions that
    were lost are made again."""

    began_at: datetime
    cause: str
    ended: bool
    listening: bool


def ensure(conn: Connection, merchants: Sequence[int]) -> None:
    """Give every connection its duties."""
    conn.execute(SQL["ensure"], {"merchants": list(merchants)})


class Swept(Struct, frozen=True):
    """How the sweeps of some merchants stand: orders found by the last run of each, and how many did not end."""

    connections: int
    found: int
    failed: int


def look_back(conn: Connection, merchants: Sequence[int], at: datetime) -> None:
    """Have the next sweeps begin now, and look back to `at` at least."""
    conn.execute(SQL["look_back"], {"merchants": list(merchants), "at": at})


def swept(conn: Connection, merchants: Sequence[int], at: datetime) -> Swept:
    """How the sweeps of these merchants stand that were to look back to `at`."""
    row = conn.execute(SQL["swept"], {"merchants": list(merchants), "at": at}).fetchone()
    assert row is not None
    return Swept(*row)


def claim(conn: Connection, merchants: Sequence[int], owner: str, most: int) -> list[Claimed]:
    """Take duties that are due and nobody does."""
    values = {"merchants": list(merchants), "owner": owner, "most": most, "seconds": RUN_S}
    return [Claimed(*row) for row in conn.execute(SQL["claim"], values)]


def keep(conn: Connection, duty: Claimed, progress: str) -> bool:
    """Note where the run stands and go on; False when it is no longer ours: write nothing then."""
    return conn.execute(SQL["keep"], {**_duty(duty), "progress": progress, "seconds": RUN_S}).rowcount == 1


def finish(conn: Connection, duty: Claimed, ended: Ended) -> bool:
    """End a run; False when it was no longer ours."""
    return conn.execute(SQL["finish"], {**_duty(duty), **msgspec.structs.asdict(ended)}).rowcount == 1


def begin(conn: Connection, key: Key, duty: str, progress: str = "{}") -> None:
    """Have a duty done from its start, at once."""
    conn.execute(SQL["begin"], {**_key(key), "duty": duty, "progress": progress})


def hurry(conn: Connection, keys: Sequence[Key], duty: str, spared_s: float) -> None:
    """Have a duty done now, unless it was done less than `spared_s` seconds ago."""
    if keys:
        values = {"merchants": [key[0] for key in keys], "connections": [key[1] for key in keys]}
        conn.execute(SQL["hurry"], {**values, "duty": duty, "spared_s": spared_s})


def unread(conn: Connection, key: Key, changed: Sequence[tuple[str, datetime]]) -> list[Listed]:
    """Of orders listed as changed, (ref, when), those that were not read since."""
    values = {**_key(key), "refs": [ref for ref, _ in changed], "changed": [at for _, at in changed]}
    return [Listed(*row) for row in conn.execute(SQL["unread"], values)]


def notice_gap(conn: Connection, key: Key, began_at: datetime, cause: str) -> bool:
    """Open a gap; False when one is open."""
    return conn.execute(SQL["notice"], {**_key(key), "began_at": began_at, "cause": cause}).rowcount == 1


def open_gap(conn: Connection, key: Key) -> OpenGap | None:
    """The gap the connection has now."""
    row = conn.execute(SQL["gap_of"], _key(key)).fetchone()
    return None if row is None else OpenGap(*row)


def note_lost(conn: Connection, key: Key, topics: Sequence[str]) -> None:
    """These subscriptions are gone; they belong to the open gap."""
    conn.execute(SQL["lost"], {**_key(key), "topics": msgspec.json.encode(sorted(topics)).decode()})


def note_subscribed(conn: Connection, key: Key) -> None:
    """What was lost is made again."""
    conn.execute(SQL["subscribed_again"], _key(key))


def note_found(conn: Connection, key: Key, orders: int) -> None:
    """So many more orders changed in the gap."""
    if orders:
        conn.execute(SQL["found_in_gap"], {**_key(key), "orders": orders})


def end_gap(conn: Connection, key: Key, begun_at: datetime) -> None:
    """A sweep that began then reached its end."""
    conn.execute(SQL["end_gap"], {**_key(key), "begun_at": begun_at})


def close_gaps(conn: Connection, merchants: Sequence[int]) -> None:
    """Close the gaps whose orders are all read and taken in."""
    conn.execute(SQL["read_gaps"], {"merchants": list(merchants)})
    conn.execute(SQL["close_gaps"], {"merchants": list(merchants)})


def _duty(duty: Claimed) -> dict[str, Any]:
    return {**_key(duty.key), "duty": duty.duty, "token": duty.token}


def _key(key: Key) -> dict[str, Any]:
    return {"merchant": key[0], "connection": key[1]}
