"""The cost budget of a connection, shared by all workers of all machines: one row in PostgreSQL.

Before calls their points are reserved by one guarded statement, however many connections they go to; after them, what
was not used goes back and what the other side said of its budget is believed when it is less than we thought. So an
estimate that is too low mends itself by time, and one that is too high by the next answer. Work that can wait leaves a
share for work that cannot: a shop's re-reads never keep a person's hold from being placed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import psycopg

from ordna.connectors.contract import Budget
from ordna.store.outside import SQL

Connection = psycopg.Connection[Any]
Key = tuple[int, int]
"""(merchant, connection)."""

MAXIMUM = 2000.0
RESTORE_PER_S = 100.0

KEPT_FOR_PEOPLE = 0.0
KEPT_FOR_RULES = 0.1
KEPT_FOR_THE_REST = 0.4


class Ask(NamedTuple):
    """Points wanted of one connection."""

    key: Key
    points: float
    urgency: int


class Spent(NamedTuple):
    """What a call cost: points reserved and used, and what the other side said of its budget."""

    key: Key
    reserved: float
    used: float
    said: Budget | None


def kept(urgency: int) -> float:
    """The share of the budget that work of this urgency (0 a person waits, 9 whenever) leaves untouched."""
    if urgency <= 1:
        return KEPT_FOR_PEOPLE
    return KEPT_FOR_RULES if urgency <= 4 else KEPT_FOR_THE_REST


def open_budget(conn: Connection, merchant: int, connection: int) -> None:
    """Begin with the standard plan's budget; the first answer corrects it."""
    values = {"merchant": merchant, "connection": connection, "maximum": MAXIMUM, "restore_per_s": RESTORE_PER_S}
    conn.execute(SQL["open_budget"], values)


def reserve_each(conn: Connection, asked: Sequence[Ask]) -> set[Key]:
    """Take points for several connections, for each all or nothing; the connections that got theirs. Safe under
    any race."""
    if not asked:
        return set()
    values = {
        **_keys([ask.key for ask in asked]),
        "points": [ask.points for ask in asked],
        "kept": [kept(ask.urgency) for ask in asked],
    }
    return set(conn.execute(SQL["reserve_points"], values).fetchall())


def reserve(conn: Connection, merchant: int, connection: int, points: float, urgency: int) -> bool:
    """Take `points` if they are there beside the share this urgency leaves; all or nothing."""
    return bool(reserve_each(conn, [Ask((merchant, connection), points, urgency)]))


def points_of_each(conn: Connection, keys: Mapping[Key, int]) -> dict[Key, float]:
    """How many points work of each connection's urgency could take now; none for a connection without a budget."""
    if not keys:
        return {}
    found = conn.execute(SQL["points_there"], _keys(list(keys)))
    return {(row[0], row[1]): max(0.0, row[2] - row[3] * kept(keys[row[0], row[1]])) for row in found}


def levels(conn: Connection, keys: Sequence[Key]) -> dict[Key, tuple[float, float]]:
    """(points there now, the most there can be) of each connection that has a budget."""
    if not keys:
        return {}
    return {(row[0], row[1]): (row[2], row[3]) for row in conn.execute(SQL["points_there"], _keys(keys))}


def points_there(conn: Connection, merchant: int, connection: int, urgency: int) -> float:
    """How many points work of this urgency could take now; 0 for a connection without a budget row."""
    return points_of_each(conn, {(merchant, connection): urgency}).get((merchant, connection), 0.0)


def settle_each(conn: Connection, calls: Iterable[Spent]) -> None:
    """Give back what calls did not use, and take the other side's word where it is less than our count: one
    correction a connection, by what was used in all and the least of what was said to be left."""
    by_key: dict[Key, list[Spent]] = {}
    for call in calls:
        by_key.setdefault(call.key, []).append(call)
    if not by_key:
        return
    said = [min((c.said for c in of if c.said is not None), key=_available, default=None) for of in by_key.values()]
    values = {
        **_keys(list(by_key)),
        "returned": [max(0.0, sum(call.reserved - call.used for call in of)) for of in by_key.values()],
        "said": [None if each is None else each.available for each in said],
        "maximum": [None if each is None else each.maximum for each in said],
        "restore_per_s": [None if each is None else each.restore_per_s for each in said],
    }
    conn.execute(SQL["settle_points"], values)


def rest(conn: Connection, merchant: int, connection: int, seconds: float) -> None:
    """The other side is over its budget whatever we counted: ask for nothing until so many seconds have refilled it."""
    conn.execute(SQL["rest"], {"merchant": merchant, "connection": connection, "seconds": seconds})


def settle(conn: Connection, merchant: int, connection: int, reserved: float, used: float, said: Budget | None) -> None:
    """Give back what one call did not use."""
    settle_each(conn, [Spent((merchant, connection), reserved, used, said)])


def _keys(keys: Sequence[Key]) -> dict[str, Any]:
    return {"merchants": [key[0] for key in keys], "connections": [key[1] for key in keys]}


def _available(said: Budget) -> float:
    return said.available
