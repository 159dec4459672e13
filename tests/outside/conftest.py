"""A merchant whose shop stands outside, over real HTTP, and a worker's hands to do one thing at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from ordna.core.messages import AddTags, Request, WriteNote
from ordna.engine import clock
from ordna.engine.budget import open_budget
from ordna.engine.invariants import check_invariants
from ordna.engine.leases import Lease
from ordna.engine.outbounds import Outbounds
from ordna.engine.perform import Performer
from ordna.engine.policies import Policies
from ordna.engine.replay import check_fold
from ordna.engine.requests import Accepted, ask
from ordna.engine.rereads import Rereader
from ordna.engine.timers import Timers
from ordna.engine.watch import Watcher
from ordna.store.database import Database
from ordna.store.packing import unpack
from ordna.store.sealing import Keyring
from tests.engine.conftest import Shop, order_body
from tests.outside.canned_shop import CannedShop

ORDER = "7-5001"


class House(Shop):
    """One merchant with a shop outside. `send_effects`, `read_again` and `fire_timers` do one round each."""

    outside: CannedShop

    def set_up(self, outside: CannedShop, mode: str = "live", patience_s: float = 60.0) -> None:
        """Make the merchant with its connection to the shop outside."""
        self.outside = outside
        self.now = clock.now()
        self.open(mode)
        with self.database.engine([self.merchant_id]) as conn:
            conn.execute(b"update connection set base_url = %s", (outside.url,))
            open_budget(conn, self.merchant_id, self.connection_id)
        outbounds = Outbounds(self.ring)
        self.performer = Performer(self.database, outbounds, self.ring, patience_s=patience_s)
        self.rereader = Rereader(self.database, outbounds)
        self.timers = Timers(self.database, ask_again_s=0.0)
        self.watcher = Watcher(self.database, outbounds, "the house")

    def place(self, number: int = 5001, **changes: Any) -> None:
        """An order comes in by webhook and is taken in."""
        at = clock.now().isoformat()
        self.now = clock.now()
        self.send("orders/create", order_body(number, created_at=at, processed_at=at, updated_at=at, **changes))
        self.work()

    def want(self, request: Request, order_id: str = ORDER) -> None:
        """A person asks for something, and it is accepted."""
        answer = ask(self.database, Policies(self.ring), self.merchant_id, order_id, request, "jane", at=clock.now())
        assert isinstance(answer, Accepted), answer

    def want_tag(self, tag: str, order_id: str = ORDER) -> None:
        """A tag is wanted on the order outside."""
        self.want(AddTags((tag,)), order_id)

    def want_note(self, text: str, order_id: str = ORDER) -> None:
        """A note is wanted on the order outside."""
        self.want(WriteNote(text), order_id)

    def work(self) -> int:
        """Take in all that waits."""
        self.now = clock.now()
        return self.step()

    def lanes(self) -> tuple[Lease, ...]:
        """The lanes this worker holds, with all that is due by now."""
        self.leases._looked = float("-inf")
        self.leases.tend()
        return self.leases.held

    def send_effects(self) -> int:
        """One round of effects."""
        return self.performer.round(self.lanes())

    def read_again(self) -> int:
        """One round of re-reads."""
        return self.rereader.round(self.lanes())

    def fire_timers(self) -> int:
        """One look at the timers, and whatever is due for the connection because of them."""
        fired = self.timers.round(self.lanes())
        self.watch()
        return fired

    def watch(self) -> int:
        """All that is due to be looked after; how many runs."""
        return self.watcher.run_due()

    def effects(self) -> list[tuple[Any, ...]]:
        """(key, status, attempts) of every effect, as asked."""
        return self.rows("select effect_key, status, attempts from effect order by effect_no")

    def make_due(self) -> None:
        """Whatever waits for its time is due now."""
        self.rows_changed("update effect set due_at = now() where status in ('due', 'sending', 'in_doubt')")

    def rows_changed(self, statement: str, *params: Any) -> None:
        """Change the tables behind everybody's back."""
        with self.database.engine([self.merchant_id]) as conn:
            conn.execute(statement.encode(), params or None)

    def deadlocks(self) -> int:
        """How many the server has had to break in this database."""
        with psycopg.connect(self.dsn) as conn:
            conn.execute("select pg_stat_force_next_flush()")
            row = conn.execute("select deadlocks from pg_stat_database where datname = current_database()").fetchone()
        assert row is not None
        return int(row[0])

    def told(self) -> list[tuple[str, str]]:
        """(key, result) of every answer that came back to the orders."""
        bodies = self.rows("select body, raw_bytes from inbox where topic = 'ordna/answer' order by inbox_id")
        return [(told["key"], told["result"]) for told in (json.loads(unpack(*body)) for body in bodies)]


@pytest.fixture
def ring() -> Keyring:
    return Keyring({1: b"k" * 32})


@pytest.fixture
def outside() -> Iterator[CannedShop]:
    shop = CannedShop()
    yield shop
    shop.close()


@pytest.fixture
def db(database: str) -> Iterator[Database]:
    opened = Database(database, connections_max=12)
    yield opened
    check_fold(opened)
    check_invariants(opened)
    opened.close()


@pytest.fixture
def house(db: Database, database: str, ring: Keyring, outside: CannedShop) -> Iterator[House]:
    made = House(db, database, ring)
    made.set_up(outside)
    yield made
    made.performer.close()
    made.rereader.close()
    made.watcher.close()
