"""What the clock asks of the tables, done by one worker of all, some minutes apart: partitions are made ahead and
dropped when they are empty or old, and what closed orders went through long ago goes to the archive, a piece at a time.

It runs on a connection of the tables' owner. Where a worker's user is not the owner, it says so and everything else
goes on: rows then lie in the tables' rests, and `ordna doctor` tells.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import psycopg

from ordna.engine import archive
from ordna.engine.leases import take_turn
from ordna.store import partitions
from ordna.store.database import Database
from ordna.store.migrating import TableBusy

EVERY_S = 300.0
PATIENCE_S = 60.0
ARCHIVE_PAGES = 10
KEEP_RAW_DAYS = 14
EMPTY_AFTER = timedelta(days=31)
FOLDER = "archive"

_log = logging.getLogger(__name__)


class Maintenance:
    """The upkeep of one database, as one worker would do it if it is its turn."""

    def __init__(self, database: Database, owner: str, home: Path, keep_raw_days: int = KEEP_RAW_DAYS) -> None:
        """`keep_raw_days`: how long a raw message is kept once it is dealt with."""
        self._database = database
        self._keep_raw = timedelta(days=keep_raw_days)
        self._owner = owner
        self._folder = home / FOLDER

    def round(self, now: datetime) -> bool:
        """Do what is due, unless another worker did it some minutes ago; whether it was ours to do."""
        with self._database.engine(()) as conn:
            if not take_turn(conn, self._owner, EVERY_S):
                return False
        self.tend(now)
        return True

    def tend(self, now: datetime) -> None:
        """Do what is due, now."""
        try:
            with psycopg.connect(self._database.dsn, autocommit=True) as conn:
                for timed in partitions.TIMED:
                    self._tell(timed.table, "made", partitions.make_ahead(conn, timed, now, PATIENCE_S))
                for timed in partitions.JOURNAL:
                    empty = partitions.drop_empty(conn, timed, now - EMPTY_AFTER, PATIENCE_S)
                    self._tell(timed.table, "dropped", empty)
                old = now - self._keep_raw
                dropped = partitions.drop_old_messages(conn, old, PATIENCE_S)
                self._tell("inbox", "dropped", dropped)
                if dropped:  # once a day, then: it reads a table from end to end
                    partitions.forget(conn, old)
        except psycopg.errors.InsufficientPrivilege as error:
            _log.warning("partitions can't be made by this user, only by the tables' owner: %s", error)
        except TableBusy as error:
            _log.warning("%s", error)
        for merchant_id, done in islice(archive.archive_all(self._database, self._folder, now), ARCHIVE_PAGES):
            _log.info("merchant %d: %d orders and %d events archived", merchant_id, done.orders, done.events)

    @staticmethod
    def _tell(table: str, did: str, names: list[str]) -> None:
        if names:
            _log.info("%s: %s %s", table, did, ", ".join(names))
