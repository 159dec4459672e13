"""A database with a million orders in it, two years of a living shop: the history that pages and workers carry around.

    python -m bench.million FOLDER [--orders 1000000] [--check-all]

Some hundred orders are lived through for real (bench.histories), then their rows are multiplied by COPY with ids, names
and times of their own (bench.stencils). The orders of the last fortnight are copies of the fortnight that was lived, as
open and as late as it is; older ones are copies of lives that ended. Raw messages stand for a fortnight, as they would,
a partition a day; the journal has a partition for each month, as the clock would have made them.
At the end a sample of the journals (or all) is folded and compared with the stored orders.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
from psycopg import sql

from bench.histories import CONNECTION, MERCHANT, Shop
from bench.shop import open_merchants
from bench.stencils import FIRST_COPY_ID, HEAD, IDS_MAX, RAW, TABLES, TAIL, Stencil, columns_of
from ordna.engine.replay import Report, replay, replay_after
from ordna.store import embedded, partitions, schema
from ordna.store.database import Database

ORDERS = 1_000_000
BIG, SMALL = 1, 2
SMALL_SHARE = 0.03
LIVED_DAYS, LIVED_PER_DAY = 14, 30
HISTORY_DAYS = 728
ORDERS_A_CUSTOMER = 3
RAW_DAYS = 14
CHUNK = 500
SAMPLE, SAMPLE_RUN = 2000, 20
PATIENCE_S = 60.0
SOURCE = "ordna_lived"
HASTY = {
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off", "max_wal_size": "1GB",
    "checkpoint_timeout": "1h", "wal_compression": "off", "maintenance_work_mem": "1GB",
}  # fmt: skip
"""Settings for filling alone; the server is set back and everything written out before anybody uses it."""


class WrongFolder(Exception):
    """The folder holds another history, or half of one."""


class NotEmpty(Exception):
    """The database holds orders already."""


@dataclass(frozen=True)
class Plan:
    """What the loaders share: where, how many, from when to when."""

    dsn: str
    orders: int
    stencils: list[Stencil]
    now: datetime

    def places(self, chunk: int) -> Iterator[tuple[int, Stencil, int, int, int]]:
        """(number, stencil, merchant, customer, seconds to shift) of a chunk's orders; numbers grow with time."""
        chance = Random(chunk)
        recent = self.orders * LIVED_DAYS // HISTORY_DAYS
        older = self.orders - recent
        ended = [each for each in self.stencils if not each.is_open]
        for number in range(chunk * CHUNK, min(self.orders, (chunk + 1) * CHUNK)):
            merchant = SMALL if chance.random() < SMALL_SHARE else BIG
            customer = chance.randrange(max(1, self.orders // ORDERS_A_CUSTOMER))
            if number < older:
                stencil = ended[chance.randrange(len(ended))]
                aim = self.now - timedelta(days=HISTORY_DAYS - (HISTORY_DAYS - LIVED_DAYS) * number / older)
                weeks = min(0, round((aim - stencil.placed_at) / timedelta(days=7)))
                shift = weeks * 7 * 86_400 - chance.randrange(7200)
            else:
                at = (number - older) * len(self.stencils) // recent
                stencil, shift = self.stencils[at], -chance.randrange(1200)
            yield number, stencil, merchant, customer, shift


def main() -> int:
    """Fill a folder, or take it as it is; prove it."""
    parser = argparse.ArgumentParser(description="A database with a history of orders.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--check-all", action="store_true", help="fold every journal, not only a sample")
    options = parser.parse_args()
    with opened(options.folder, options.orders) as server:
        say("folding journals")
        report = check(server, options.orders, options.check_all)
    print(f"{report.orders} orders, {report.events} events, {len(report.mismatches)} do not fold to what is stored")
    return 0 if report.sound else 1


@contextmanager
def opened(folder: Path, orders: int) -> Iterator[embedded.Server]:
    """The server of a folder that holds so many orders of history, filled first where the folder is new. Its keys lie
    in the folder too. `WrongFolder` where it was filled otherwise, or not to the end."""
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "README"
    server = embedded.start(folder / "postgres")
    try:
        if not note.exists():
            schema.install(server.dsn())
            at = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
            note.write_text(README.format(orders=orders, at=at, state="being filled"))
            server = fill(server, folder, orders)
            note.write_text(README.format(orders=orders, at=at, state="filled"))
        elif f"\n{orders} orders, filled" not in note.read_text():
            raise WrongFolder(f"{folder} does not hold {orders} orders; see its README.")
        schema.install(server.dsn())
        yield server
    finally:
        embedded.stop(folder / "postgres")


README = """A history of orders, made for measuring by `python -m bench.million`. Begin anew by removing this folder.

{orders} orders, {state}, {at} UTC
postgres     the data folder of an embedded PostgreSQL
ordna.key    the key that opens its persons
"""


def fill(server: embedded.Server, home: Path, orders: int) -> embedded.Server:
    """Fill an installed database with so many orders of two merchants, most of them of the first; makes the merchants
    where there are none. The server as it runs afterwards, for it is started anew. `NotEmpty`."""
    begun = time.time()
    dsn, now = server.dsn(), datetime.now(UTC).replace(microsecond=0)
    with psycopg.connect(dsn) as conn:
        if conn.execute("select exists (select from orders)").fetchone() != (False,):
            raise NotEmpty(str(NotEmpty.__doc__))
    stencils = lived(server, home, now)
    say(f"{len(stencils)} orders lived through after {time.time() - begun:.0f} s; multiplying them")
    server = _restart(server, HASTY)
    with psycopg.connect(dsn) as conn:
        if conn.execute("select exists (select from merchant)").fetchone() == (False,):
            conn.rollback()
            open_merchants(dsn, home, SMALL, "http://127.0.0.1:1")
        _part_by_time(conn, now)
        rebuild = _take_down_indexes(conn)
    plan = Plan(dsn, orders, stencils, now.replace(tzinfo=None))
    _load(plan)
    say(f"rows loaded after {time.time() - begun:.0f} s; indexes")
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for done in pool.imap_unordered(_run, [(dsn, statements) for statements in rebuild]):
            say(f"    {done}")
    say(f"indexes built after {time.time() - begun:.0f} s")
    server = _restart(server, {})
    say(f"ready after {time.time() - begun:.0f} s")
    return server


def lived(server: embedded.Server, home: Path, now: datetime) -> list[Stencil]:
    """Stencils of orders that were lived through in a database of their own, the oldest first."""
    say(f"living through {LIVED_DAYS} days of a shop")
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        conn.execute(f"drop database if exists {SOURCE} with (force)")
        conn.execute(f"create database {SOURCE}")
    dsn = server.dsn(SOURCE)
    schema.install(dsn)
    shop = Shop(dsn, home, now - timedelta(days=LIVED_DAYS))
    try:
        shop.live(now, LIVED_PER_DAY, lambda at: None)
        ids = shop.look.execute("select order_id from orders order by placed_at, order_id").fetchall()
        stencils = [Stencil(shop.look, shop.ring, MERCHANT, order_id) for (order_id,) in ids]
    finally:
        shop.close()
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        conn.execute(f"drop database {SOURCE} with (force)")
    return stencils


def check(server: embedded.Server, orders: int, every: bool) -> Report:
    """Fold the journals of a random sample of orders, or of all, and compare with what is stored."""
    database, chance = Database(server.dsn()), Random()
    try:
        if every:
            return replay(database, progress=lambda done: say(f"    {done} folded") if done % 50_000 == 0 else None)
        starts = [FIRST_COPY_ID + chance.randrange(orders) * IDS_MAX for _ in range(SAMPLE // SAMPLE_RUN)]
        parts = [replay_after(database, BIG, f"{CONNECTION}-{start}", SAMPLE_RUN) for start in starts]
        parts.append(replay_after(database, SMALL, "", SAMPLE_RUN))
    finally:
        database.close()
    counts = (sum(part.orders for part in parts), sum(part.events for part in parts), sum(part.links for part in parts))
    return Report(*counts, tuple(one for part in parts for one in part.mismatches))


def _load(plan: Plan) -> None:
    global _plan
    _plan = plan
    chunks = (plan.orders + CHUNK - 1) // CHUNK
    begun = time.time()
    with multiprocessing.get_context("fork").Pool(3, _connect) as pool:
        for done, _ in enumerate(pool.imap_unordered(_load_chunk, range(chunks)), 1):
            if done % max(1, chunks // 10) == 0:
                say(f"    {done * CHUNK} orders, {done * CHUNK / (time.time() - begun):.0f} a second")


_plan: Plan
_conn: psycopg.Connection[Any]


def _connect() -> None:
    global _conn
    _conn = psycopg.connect(_plan.dsn)


def _load_chunk(chunk: int) -> None:
    out: dict[str, list[bytes]] = {table: [] for table in (*TABLES, *RAW)}
    fresh = _plan.now - timedelta(days=RAW_DAYS)
    for number, stencil, merchant, customer, shift in _plan.places(chunk):
        rows = stencil.copy(number, merchant, customer, shift)
        if stencil.placed_at + timedelta(seconds=shift) < fresh:
            for table in RAW:
                rows.pop(table, None)
        for table, copied in rows.items():
            out[table].append(copied)
    for table, lines in out.items():
        if lines:
            names = sql.SQL(", ").join(map(sql.Identifier, columns_of(_conn, table)))
            statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(sql.Identifier(table), names)
            with _conn.cursor() as cursor, cursor.copy(statement) as copy:
                copy.write(b"".join([HEAD, *lines, TAIL]))
    _conn.commit()


def _part_by_time(conn: psycopg.Connection[Any], now: datetime) -> None:
    """The partitions of a database as old as its history: those the clock would have made, day by day."""
    conn.commit()
    conn.autocommit = True
    for timed in partitions.TIMED:
        conn.execute(sql.SQL("drop table {}").format(sql.Identifier(f"{timed.table}_begin")))
        kept = timedelta(days=RAW_DAYS if timed is partitions.INBOX else HISTORY_DAYS)
        for days in range(kept.days, -1, -1):
            partitions.make_ahead(conn, timed, now - timedelta(days=days), PATIENCE_S)
        partitions.drop_empty(conn, timed, now - kept, PATIENCE_S)
    conn.autocommit = False


def _take_down_indexes(conn: psycopg.Connection[Any]) -> list[list[str]]:
    """Drop every index of the tables to fill; the statements that build a table's anew, the largest tables first."""
    rebuild = []
    order = ("journal_object", "journal", "orders", "decision", "step", "timer", "task", *TABLES, *RAW)
    for table in dict.fromkeys(order):
        keys = conn.execute(
            """select conname, pg_get_constraintdef(oid), conindid from pg_constraint
               where conrelid = %s::regclass and contype in ('p', 'u')""",
            (table,),
        ).fetchall()
        known = [key[2] for key in keys]
        indexes = conn.execute(
            """select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index
               where indrelid = %s::regclass and not indexrelid = any(%s::oid[])""",
            (table, known),
        ).fetchall()
        for name, _, _ in keys:
            conn.execute(f'alter table "{table}" drop constraint "{name}"')
        for name, _ in indexes:
            conn.execute(f"drop index {name}")
        statements = [f'alter table "{table}" add constraint "{name}" {made}' for name, made, _ in keys]
        of_parts = [made.replace(" ON ONLY ", " ON ") for _, made in indexes]
        rebuild.append([*statements, *of_parts, f'vacuum (analyze) "{table}"'])
    conn.commit()
    return rebuild


def _run(task: tuple[str, list[str]]) -> str:
    dsn, statements = task
    begun = time.time()
    with psycopg.connect(dsn, autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement)
    return f"{statements[-1].rpartition(' ')[2]} {time.time() - begun:.0f} s"


def _restart(server: embedded.Server, settings: dict[str, str]) -> embedded.Server:
    """Start the server anew with these settings over its own, or with its own alone."""
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        for name in HASTY:
            conn.execute(f"alter system reset {name}")
        for name, value in settings.items():
            conn.execute(f"alter system set {name} = '{value}'")
        conn.execute("checkpoint")
    server.stop()
    return embedded.start(server.data_dir)


def say(words: str) -> None:
    """Progress, for whoever waits."""
    print(f"  {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
