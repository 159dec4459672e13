"""The archive: what closed orders went through long ago leaves the tables, and a checkpoint takes its place.

An order is archived when it is closed and nothing has happened to it for so many days. Under its lock its journal is
proved once more, its state is written down as a checkpoint, its events, links and decisions go to a file, and only when
that file is safely on disk do the rows go, in the transaction that writes the checkpoint. So the archive may hold what
the tables still hold, never the other way round. A late fact goes on from the checkpoint.

Off unless a merchant has it on: the switch `archive` holds "400 days" (to files), or "400 days, dropped".
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct

from ordna.engine import archive_files
from ordna.engine.archive_files import Archived
from ordna.engine.project import name_key
from ordna.engine.replay import prove_orders
from ordna.store import checkpoints, journal, linking, orders
from ordna.store.checkpoints import Checkpoint, EventRow
from ordna.store.database import Connection, Database

SWITCH = "archive"
OFF = "off"
TOGETHER = 200
DAYS_MIN = 30

EventsByOrder = dict[str, list[EventRow]]

_SETTING = re.compile(r"(\d+) days(, dropped)?")
_log = logging.getLogger(__name__)


class Keeping(Struct, frozen=True):
    """How a merchant keeps closed orders: their rows for so many days, then in files or not at all."""

    days: int
    dropped: bool = False

    def __str__(self) -> str:
        return f"{self.days} days" + (", dropped" if self.dropped else "")


class Done(Struct, frozen=True):
    """What a run came to. `left`: closed orders whose journal does not explain them; they stay as they are."""

    orders: int = 0
    events: int = 0
    left: tuple[str, ...] = ()


def keeping(database: Database, merchant_id: int) -> Keeping | None:
    """The merchant's setting; None while the archive is off."""
    with database.engine([merchant_id]) as conn:
        said = checkpoints.setting(conn, merchant_id)
    found = _SETTING.fullmatch(said or OFF)
    return Keeping(int(found[1]), bool(found[2])) if found else None


def keep(database: Database, merchant_id: int, wanted: Keeping | None) -> None:
    """Turn the archive on or off for a merchant. `ValueError` for less than 30 days."""
    if wanted is not None and wanted.days < DAYS_MIN:
        raise ValueError(f"An order is archived after {DAYS_MIN} days at the earliest.")
    with database.engine([merchant_id]) as conn:
        linking.set_switch(conn, merchant_id, SWITCH, OFF if wanted is None else str(wanted))


def archive(database: Database, folder: Path, merchant_id: int, wanted: Keeping, now: datetime) -> Iterator[Done]:
    """Archive whatever is ready, some hundred orders a transaction; what each came to."""
    before, after = now - timedelta(days=wanted.days), ""
    while True:
        with database.engine([merchant_id]) as conn:
            found = checkpoints.candidates(conn, merchant_id, before, after, TOGETHER)
        if not found:
            return
        after = found[-1][0]
        ready = [order_id for order_id, is_ready in found if is_ready]
        if ready:
            with database.engine([merchant_id]) as conn:
                done = _archive_page(conn, folder, merchant_id, ready, wanted, now)
            for order_id in done.left:
                _log.warning("order %s of merchant %d is not archived: replay finds it unsound", order_id, merchant_id)
            yield done


def archive_all(database: Database, folder: Path, now: datetime) -> Iterator[tuple[int, Done]]:
    """Archive what is ready of every merchant that has it on: (merchant, what it came to), page by page."""
    with database.engine(()) as conn:
        merchants = linking.merchants(conn)
    for merchant_id in merchants:
        wanted = keeping(database, merchant_id)
        if wanted is not None:
            for done in archive(database, folder, merchant_id, wanted, now):
                yield merchant_id, done


def read_back(database: Database, folder: Path, name: str) -> list[tuple[str, list[Archived]]]:
    """What the archive holds of the orders of that name or id, by order id. `FileNotFoundError` when a file is not in
    this machine's folder."""
    out = []
    with database.engine(()) as conn:
        merchants = linking.merchants(conn)
    with database.engine(merchants) as conn:
        for row in linking.named_orders(conn, merchants, name_key(name), name):
            found = checkpoints.of_orders(conn, row.merchant_id, [row.order_id])
            for order_id, one in found.items():
                out.append((order_id, archive_files.story(folder, row.merchant_id, one.files, order_id)))
    return out


def examine(database: Database, folder: Path) -> Iterator[tuple[int, int, list[str]]]:
    """(merchant, archived orders, what is wrong with its files) of every merchant."""
    with database.engine(()) as conn:
        merchants = linking.merchants(conn)
    for merchant_id in merchants:
        with database.engine([merchant_id]) as conn:
            archived, _ = checkpoints.count(conn, merchant_id)
        yield merchant_id, archived, list(archive_files.check(folder, merchant_id))


def _archive_page(
    conn: Connection, folder: Path, merchant_id: int, ready: list[str], wanted: Keeping, now: datetime
) -> Done:
    locked = orders.lock(conn, [(merchant_id, order_id) for order_id in ready])
    stored = [journal.StoredOrder(one.order_id, one.seq, one.state, one.trail) for one in locked.values()]
    unsound = {wrong.order_id for wrong in prove_orders(conn, merchant_id, stored)}
    rows = checkpoints.events_of(conn, merchant_id, ready)
    going = [one for one in stored if one.order_id not in unsound and _is_old(rows.get(one.order_id), wanted, now)]
    if not going:
        return Done(left=tuple(sorted(unsound)))
    made = [Checkpoint(one.order_id, one.seq, one.state, checkpoints.hash_of(one.state), one.trail) for one in going]
    file = None if wanted.dropped else _write_file(conn, folder, merchant_id, made, rows, now)
    checkpoints.write(conn, merchant_id, made, file, now)
    events = checkpoints.drop(conn, merchant_id, [(one.order_id, one.seq) for one in going])
    return Done(len(going), events, tuple(sorted(unsound)))


def _write_file(
    conn: Connection, folder: Path, merchant_id: int, made: list[Checkpoint], rows: EventsByOrder, now: datetime
) -> str:
    ids = [one.order_id for one in made]
    before = checkpoints.of_orders(conn, merchant_id, ids)
    links = journal.links_stored(conn, merchant_id, ids)
    decisions = checkpoints.decisions_of(conn, merchant_id, ids)
    archived = [
        Archived(
            one.order_id,
            before[one.order_id].seq if one.order_id in before else 0,
            one.seq,
            before[one.order_id].state.decode() if one.order_id in before else "",
            one.hash.hex(),
            tuple(rows[one.order_id]),
            tuple(links.get(one.order_id, ())),
            tuple(decisions.get(one.order_id, ())),
        )
        for one in made
    ]
    return archive_files.write(folder, merchant_id, archived, now)


def _is_old(rows: list[EventRow] | None, wanted: Keeping, now: datetime) -> bool:
    """Nothing was recorded of it since: looked at again under the lock."""
    return bool(rows) and max(row.recorded_at for row in rows or ()) < now - timedelta(days=wanted.days)
