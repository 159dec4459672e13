"""What a server must promise before it may hold orders.

An acknowledged webhook is never lost: that stands and falls with the server's confirmed commits being on
the disk. So Ordna refuses a server that may forget a confirmed commit or tear a page.
"""

from typing import Any

import psycopg
from psycopg.rows import tuple_row

from ordna.store.embedded.errors import NotDurable

OLDEST_VERSION = 150000

# What goes wrong with the setting off; each is on in a PostgreSQL nobody has tuned.
REQUIRED = {
    "fsync": "a power cut can destroy the database",
    "full_page_writes": "a power cut can leave half-written pages",
    "synchronous_commit": "a crash forgets orders that were already confirmed",
}


def check_durability(conn: psycopg.Connection[Any]) -> None:
    """Raise NotDurable, naming every reason, if the server of this connection must not hold orders."""
    complaints: list[str] = []
    if conn.info.server_version < OLDEST_VERSION:
        complaints.append(f"its version is {conn.info.server_version // 10000}, 15 or newer is needed")
    with conn.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(
            "select name from pg_settings where name = any(%s) and setting = 'off' order by name",
            [list(REQUIRED)],
        )
        complaints += [f"{name} is off: {REQUIRED[name]}" for (name,) in cursor]
    if complaints:
        raise NotDurable(f"{'; '.join(complaints)}.")
