"""The cost budget of a connection, shared by all workers of all machines: one row in PostgreSQL.

Before a call its points are reserved by one guarded statement; after it, what was not used goes back and what
the other side said of its budget is believed when it is less than we thought. So an estimate that is too low
mends itself by time, and one that is too high by the next answer. Work that can wait leaves a share for work
that cannot: a shop's re-reads never keep a person's hold from being placed.
"""

from __future__ import annotations

from typing import Any

import psycopg

from ordna.connectors.contract import Budget
from ordna.store.outside import SQL

Connection = psycopg.Connection[Any]

MAXIMUM = 2000.0
RESTORE_PER_S = 100.0

KEPT_FOR_PEOPLE = 0.0
KEPT_FOR_RULES = 0.1
KEPT_FOR_THE_REST = 0.4


def kept(urgency: int) -> float:
    """The share of the budget that work of this urgency (0 a person waits, 9 whenever) leaves untouched."""
    if urgency <= 1:
        return KEPT_FOR_PEOPLE
    return KEPT_FOR_RULES if urgency <= 4 else KEPT_FOR_THE_REST


def open_budget(conn: Connection, merchant: int, connection: int) -> None:
    """Begin with the standard plan's budget; the first answer corrects it."""
    values = {"merchant": merchant, "connection": connection, "maximum": MAXIMUM, "restore_per_s": RESTORE_PER_S}
    conn.execute(SQL["open_budget"], values)


def reserve(conn: Connection, merchant: int, connection: int, points: float, urgency: int) -> bool:
    """Take `points` if they are there beside the share this urgency leaves; all or nothing, safe under any race."""
    values = {"merchant": merchant, "connection": connection, "points": points, "kept": kept(urgency)}
    return conn.execute(SQL["reserve_points"], values).fetchone() is not None


def points_there(conn: Connection, merchant: int, connection: int, urgency: int) -> float:
    """How many points work of this urgency could take now; 0 for a connection without a budget row."""
    row = conn.execute(SQL["points_there"], {"merchant": merchant, "connection": connection}).fetchone()
    return 0.0 if row is None else max(0.0, row[0] - row[1] * kept(urgency))


def settle(conn: Connection, merchant: int, connection: int, reserved: float, used: float, said: Budget | None) -> None:
    """Give back what a call did not use, and take the other side's word where it is less than our count."""
    values = {
        "merchant": merchant,
        "connection": connection,
        "returned": max(0.0, reserved - used),
        "said": None if said is None else said.available,
        "maximum": None if said is None else said.maximum,
        "restore_per_s": None if said is None else said.restore_per_s,
    }
    conn.execute(SQL["settle_points"], values)
