"""A house with a stock room, and many hands that pull orders through the engine's door at once.

An order goes the whole way of a batch but for its webhook: locked, decided, its claim settled, everything written, one
commit. What a worker retries by itself (somebody was faster) is retried here; a deadlock is counted.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from bench.shop import open_merchants
from ordna.core.messages import LineSeen, Message, Observed, OrderSeen, Snapshot, TimerFell
from ordna.engine import stock
from ordna.engine.batch import Item, decide_all, lock_orders
from ordna.engine.ledger import Ledger
from ordna.engine.policies import Policies
from ordna.engine.trouble import is_passing
from ordna.store import stock as levels
from ordna.store.database import Database, sending
from ordna.store.sealing import keyring
from ordna.store.stock import Movement, changes

FLOW = "\nstock: {when: order.placed, expires: 2 days, keeps: payment.secured}\n"
MERCHANT, CONNECTION = 1, 1
PLACE = "aarhus"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

Told = tuple[str, Message]
"""(order ref, message)"""


@dataclass
class Count:
    """What one worker met."""

    commits: int = 0
    deadlocks: int = 0
    overtaken: int = 0
    failures: list[str] = field(default_factory=list)
    finished: list[float] = field(default_factory=list)

    def plus(self, other: Count) -> None:
        """Both together."""
        self.commits += other.commits
        self.deadlocks += other.deadlocks
        self.overtaken += other.overtaken
        self.failures.extend(other.failures)
        self.finished.extend(other.finished)


class Door:
    """The engine's door, as one worker uses it. `together` waits for all who race."""

    def __init__(self, dsn: str, home: Path, connections: int = 1) -> None:
        self.database = Database(dsn, connections_max=connections, patience_s=60)
        self.count = Count()
        self.together: Callable[[], object] = lambda: None
        self._policies = Policies(keyring(home))

    def through(self, told: Sequence[Told], at: datetime) -> None:
        """One batch, tried again where somebody was faster; a deadlock is told, and ends it."""
        while True:
            try:
                self._once(told, at)
            except Exception as error:
                if isinstance(error, psycopg.errors.DeadlockDetected):
                    self.count.deadlocks += 1
                    return
                if not is_passing(error):
                    self.count.failures.append(repr(error))
                    return
                self.count.overtaken += 1
            else:
                self.count.commits += 1
                self.count.finished.append(time.monotonic())
                return

    def _once(self, told: Sequence[Told], at: datetime) -> None:
        with self.database.engine([MERCHANT]) as conn:
            known = self._policies.connections(conn, {(MERCHANT, CONNECTION)})
            connection = known[MERCHANT, CONNECTION]
            items = [Item(connection, ref, message, "bench") for ref, message in told]
            pages = lock_orders(conn, items)
            ledger = Ledger(self._policies.ring, at)
            decide_all(conn, pages, items, self._policies, ledger, at)
            stock.settle(conn, pages.values(), ledger, at)
            ledger.close(conn, pages.values())
            with sending(conn) as sent:
                ledger.write(conn, sent)


def open_house(dsn: str, home: Path) -> None:
    """One merchant whose flow asks for stock, with one location."""
    open_merchants(dsn, home, 1, "http://127.0.0.1:1", FLOW)
    with psycopg.connect(dsn) as conn:
        conn.execute(
            "insert into location (merchant_id, location, title) values (%s, %s, 'Aarhus') on conflict do nothing",
            (MERCHANT, PLACE),
        )


def shelve(dsn: str, units: dict[str, int]) -> None:
    """So many units of each SKU, received."""
    database = Database(dsn)
    with database.engine([MERCHANT]) as conn:
        for sku in units:
            conn.execute(
                b"insert into stock_item (merchant_id, item, sku) values (%s, %s, %s) on conflict do nothing",
                (MERCHANT, sku, sku),
            )
        entries = [Movement(MERCHANT, sku, PLACE, changes(available=n), "received") for sku, n in units.items()]
        levels.lock(conn, (), {one.level for one in entries})
        with sending(conn) as sent:
            levels.move(conn, entries, NOON, sent)
    database.close()


def bundle(dsn: str, sku: str, parts: dict[str, int]) -> None:
    """A SKU that is a bundle of others."""
    with psycopg.connect(dsn) as conn:
        conn.execute(
            "insert into stock_item (merchant_id, item, sku, bundle) values (%s, %s, %s, true)", (MERCHANT, sku, sku)
        )
        for part, units in parts.items():
            conn.execute("insert into stock_component values (%s, %s, %s, %s)", (MERCHANT, sku, part, units))


def placed(ref: str, lines: Iterable[tuple[str, int]], at: datetime = NOON, payment: str = "paid") -> Told:
    """An order of (sku, units) lines."""
    seen = tuple(LineSeen(f"{ref}-{number}", sku, units, units, sku=sku) for number, (sku, units) in enumerate(lines))
    order = OrderSeen(
        at, f"#{ref}", at, currency="DKK", total=10000, payment=payment, country="DK", address_complete=True, lines=seen
    )
    return ref, Observed(Snapshot(ref, order), at, "bench")


def cancelled(told: Told, at: datetime) -> Told:
    """The same order, cancelled."""
    ref, message = told
    assert isinstance(message, Observed) and message.snapshot.order is not None
    order = message.snapshot.order
    gone = OrderSeen(
        at, order.name, order.placed_at, currency="DKK", total=10000, payment=order.payment, country="DK",
        address_complete=True, lines=order.lines, cancelled_at=at, cancel_reason="customer",
    )  # fmt: skip
    return ref, Observed(Snapshot(ref, gone), at, "bench")


def expired(told: Told, at: datetime) -> Told:
    """What is reserved for the order is kept no longer, if nobody paid."""
    return told[0], TimerFell("stock", "stock|reserved", at + timedelta(days=30))


def race(dsn: str, home: Path, hands: int, work: Callable[[Door, int, random.Random], None], seed: int) -> Count:
    """So many threads at once, each with a door of its own."""
    start = threading.Barrier(hands)
    counts: list[Count] = []

    def run(number: int) -> None:
        door = Door(dsn, home)
        door.together = start.wait
        try:
            start.wait()
            work(door, number, random.Random(seed * 1000 + number))
        except Exception as error:
            door.count.failures.append(repr(error))
        finally:
            door.database.close()
            counts.append(door.count)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = Count()
    for count in counts:
        total.plus(count)
    return total


@dataclass(frozen=True)
class Found:
    """What stands in the tables afterwards, by independent sums."""

    promised: int
    oversold: int
    lost_updates: int


def look(dsn: str) -> Found:
    """Units promised, units promised that were never there, and levels that are not what was booked or reserved."""
    with psycopg.connect(dsn) as conn:
        promised = _number(conn, "select coalesce(sum(units), 0) from reservation where kind = 'reserved'")
        oversold = _number(
            conn,
            """select coalesce(sum(greatest(r.units - m.units, 0)), 0) from
               (select item, sum(units) as units from reservation where kind = 'reserved' group by 1) r
               join (select item, sum(available) as units from stock_movement where cause = 'received' group by 1) m
               using (item)""",
        )
        lost = _number(
            conn,
            """select count(*) from stock_level l
               left join (select item, sum(units) as units from reservation where kind = 'reserved' group by 1) r
               using (item)
               left join (select item, sum(available) as units from stock_movement where cause = 'received'
                          group by 1) m using (item)
               where l.committed <> coalesce(r.units, 0) or l.available <> m.units - coalesce(r.units, 0)""",
        )
    return Found(promised, oversold, lost)


def _number(conn: psycopg.Connection, statement: str) -> int:
    row = conn.execute(statement.encode()).fetchone()
    return int(row[0]) if row else 0
