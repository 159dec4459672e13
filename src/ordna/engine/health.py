"""How an Ordna fares, in counts: what is stuck, waits, was given up or is in doubt, over all merchants."""

from __future__ import annotations

from ordna.store import linking
from ordna.store.database import Database
from ordna.store.sql import blocks

SQL = blocks("doctor.sql")

COUNTED = (
    "stuck_leases",
    "old_messages",
    "quarantined",
    "in_doubt",
    "dead",
    "paused",
    "unreadable_connections",
    "waiting_timers",
    "unswept",
    "lost_subscriptions",
    "gaps",
)


def counts(database: Database) -> dict[str, int]:
    """Every count of `COUNTED`, now."""
    with database.engine(()) as conn:
        merchants = linking.merchants(conn)
    found = {}
    with database.engine(merchants) as conn:
        for name in COUNTED:
            row = conn.execute(SQL[name]).fetchone()
            found[name] = int(row[0]) if row else 0
    return found
