"""How stock is often taken, and why it is not taken so here: planted where a race should show it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from ordna.store import stock
from ordna.store.database import Connection, Sent
from ordna.store.stock import LevelKey, Movement

Put = Callable[[Any, str, Any], None]
"""As `setattr`, or as monkeypatch does it."""


def read_then_write(put: Put, wait_s: float = 0.0) -> None:
    """Look what there is, compute what is left, write that: without a lock or a guard. `wait_s` in between."""
    read = threading.local()

    def looked_at(conn: Connection, levels: Iterable[LevelKey], opening: Iterable[LevelKey] = ()) -> Any:
        read.rows = {}
        for level in sorted({*levels, *opening}):
            row = conn.execute(
                b"select available, committed from stock_level where merchant_id = %s and item = %s and location = %s",
                level,
            ).fetchone()
            if row is not None:
                read.rows[level] = row
        time.sleep(wait_s)
        return {level: row[0] for level, row in read.rows.items()}

    def written_back(conn: Connection, movements: list[Movement], at: datetime, sent: Sent) -> None:
        for one in movements:
            had = read.rows[one.level]
            read.rows[one.level] = (had[0] + one.changes[0], had[1] + one.changes[1])
        for level, (available, committed) in read.rows.items():
            conn.execute(
                b"update stock_level set available = %s, committed = %s"
                b" where merchant_id = %s and item = %s and location = %s",
                (available, committed, *level),
            )

    put(stock, "lock", looked_at)
    put(stock, "move", written_back)
