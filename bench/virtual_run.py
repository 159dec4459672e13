"""One run of a practice shop with Ordna beside it, on virtual time: everything real but the clock and the sockets.

PostgreSQL, intake, step, effects, re-reads, timers and sweeps are the ones that serve a merchant. The clock stands
while work is done and is moved on when nothing is left to do at that moment, so a month passes in minutes.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from bench.in_process import Line, Postman, ScriptedLife
from bench.people import request_of
from bench.virtual_time import VirtualClock
from ordna.connectors import registry
from ordna.connectors.contract import Endpoint
from ordna.connectors.shopify.outbound import ShopifyOutbound
from ordna.engine.connections import Connections, NotConnected
from ordna.engine.lanes import lane_of
from ordna.engine.leases import Leases
from ordna.engine.outbounds import Outbounds
from ordna.engine.perform import Performer
from ordna.engine.policies import Policies
from ordna.engine.receive import Intake
from ordna.engine.requests import AT_ONCE_MAX, Accepted, Wish, ask_many
from ordna.engine.rereads import Rereader
from ordna.engine.step import Stepper
from ordna.engine.timers import Timers
from ordna.engine.watch import Watcher
from ordna.engine.zones import QUIET_AT_ONCE, QUIET_DAYS
from ordna.practice.catalogue import open_shop
from ordna.practice.runtime import PracticeShop
from ordna.practice.server import PracticeServer
from ordna.store import outbox, watch
from ordna.store.database import Database
from ordna.store.outbox import RereadRow
from ordna.store.sealing import Keyring

BEGIN = datetime(2026, 9, 7, 6, 0, tzinfo=UTC)  # a Monday, and no holiday of Denmark until Christmas
TICK = timedelta(minutes=5)
BUSY_TICK = timedelta(seconds=15)
TRIES_MAX, ASK_AGAIN = 3, timedelta(days=1)
"""A person to whom the shop said no tries again another day, and then lets it be."""
ROUND_TAKES = timedelta(milliseconds=20)
ROUNDS_MAX = 60
ORDERS_PER_DAY = 4000.0
PLUS_POINTS_PER_S = 1000
MERCHANT = 1
PLENTY = 10**6
FLOW = Path(__file__).parent.parent / "flows" / "webshop.yaml"
CALLBACK = "http://127.0.0.1:8700"
OPEN_TASKS = """
    select order_id, order_name, task_key, part, asks ->> 0 from task
    where closed_at is null and asks ->> 0 in ('pick', 'pack', 'ship', 'release', 'accept_address')
    order by order_id, task_key
"""
NEXT_MOMENTS = """
    select least((select min(case when c.dark_since is null then e.due_at else w.due_at end)
                  from effect e join connection c using (merchant_id, connection_id)
                  join watch w using (merchant_id, connection_id)
                  where w.duty = 'sweep' and e.status in ('due', 'sending', 'in_doubt')),
                 (select min(not_before) from reread)),
           (select min(due_at) from timer where fired_at is null),
           (select min(due_at) from watch where duty = 'sweep')
"""
_log = logging.getLogger(__name__)


@dataclass
class Told:
    """What a run did, counted."""

    counts: Counter[str] = field(default_factory=Counter)
    ends_at: datetime = BEGIN


class VirtualRun:
    """One merchant, one shop, one worker. `live` lets them trade until all that will ever happen has happened."""

    def __init__(self, dsn: str, ring: Keyring, seed: int, orders: int, tick: timedelta = TICK) -> None:
        """`tick`: how long nothing of Ordna's is done at most, and so how late it is on a good day."""
        self.dsn = dsn
        self.told = Told()
        self.hours = max(6.0, 24 * orders / ORDERS_PER_DAY)
        self._tick = tick
        self.clock = VirtualClock(BEGIN)
        self.clock.take_over(dsn)
        world = open_shop(seed, BEGIN)
        world.shop.restore_rate, world.shop.plan_name = PLUS_POINTS_PER_S, "Shopify Plus"
        world.stock = dict.fromkeys(world.stock, PLENTY)  # no order takes another one's goods
        self.life = ScriptedLife(world, seed)
        self.life.go_live(0)
        self.life.expect_buyers(orders, self.hours)
        self.shop = PracticeShop(world, self.life, self.clock.now)
        self._line = Line(self.shop, PracticeServer(world, self.clock.now, bad_days=self.shop.bad_days))
        self._ring = ring
        self._database = Database(dsn, connections_max=6)
        self._leases = Leases(self._database, "the worker of the run", seconds=10.0**9)
        self._policies = Policies(ring)
        self._stepper = Stepper(self._database, self._leases, self._policies, self.clock.now)
        outbounds = Outbounds(ring)
        self._performer = Performer(self._database, outbounds, ring, calls_at_once=1)
        self._rereader = Rereader(self._database, outbounds, calls_at_once=1)
        self._watcher = Watcher(self._database, outbounds, "the worker of the run")
        self._timers = Timers(self._database, ask_again_s=0)
        self._postman = Postman(self.shop, Intake(Database(dsn, patience_s=5.0), ring, self.clock.now))
        self._connections = Connections(self._database, ring)
        self._look = psycopg.connect(dsn, autocommit=True)
        self._connection = 0
        self._tried: dict[tuple[str, str], tuple[int, datetime]] = {}
        self._secret_due: datetime | None = None
        random.seed(seed)

    # --- the story of a run ---

    def open(self) -> None:
        """Connect the shop and go live, on a good day."""
        self._connections.create_merchant(MERCHANT, "Nordlys & Ler", FLOW.read_text(encoding="utf-8"), "bench")
        self._connect()
        self._connections.go_live(MERCHANT, self._connection)
        self._leases.tend()

    def live(self) -> None:
        """Until all deeds are done, all messages handled, all effects answered and all timers fired."""
        while (moment := self._next_moment()) is not None:
            self._until(moment)
            self._work()
        self.told.ends_at = self.clock.now()

    def sweep_everything(self) -> int:
        """One sweep over all the shop ever had, and what comes of it; how many orders it listed. What people were
        refused before, they try once more on what is known now."""
        self._tried.clear()
        began = self.clock.now()
        with self._database.engine([MERCHANT]) as conn:
            watch.look_back(conn, [MERCHANT], BEGIN)
        while not self.rows(f"select 1 from watch where duty = 'sweep' and good_at >= '{began.isoformat()}'"):
            self._until(self.clock.now() + BUSY_TICK)
            self._watcher.run_due()
        with self._database.engine([MERCHANT]) as conn:
            found = watch.swept(conn, [MERCHANT], BEGIN).found
        self.live()
        return found

    def ask_after_the_quiet(self) -> None:
        """Some days on, the shop has been asked after all open orders it told nothing of: what was deleted is in no
        sweep."""
        for _ in range(1 + self.told.counts["requests"] // QUIET_AT_ONCE):
            self._until(self.clock.now() + timedelta(days=QUIET_DAYS + 1))
            self._look.execute("update watch set due_at = now() where duty = 'shop'")
            self._watcher.run_due()
            if not self.rows("select 1 from reread limit 1"):
                return
            self.live()

    def spoil(self, dark_hours: float) -> None:
        """From now on every bad day: all faults at their usual share, the network dark twice, a storm for certain, and
        a new secret, of which the operator tells Ordna an hour and a half later."""
        bad_days, later = self.shop.bad_days, self.shop.world.later
        bad_days.switch_all(True)
        for after_h in (self.hours / 2, 62.0):
            later(timedelta(hours=after_h), lambda: bad_days.black_out(self.clock.now(), dark_hours))
        later(timedelta(hours=self.hours * 0.4), self._rotate_secret)
        later(timedelta(hours=self.hours / 3), lambda: self.shop.storm(next(reversed(self.shop.world.orders.values()))))

    def _rotate_secret(self) -> None:
        self.shop.rotate_secret()
        self._secret_due = self.clock.now() + timedelta(minutes=90)

    def try_again_what_was_given_up(self) -> None:
        """The operator's click on everything that was given up while nothing got through."""
        for order_id, key in self.rows("select order_id, effect_key from effect where status = 'dead'"):
            self.told.counts["effects tried again by hand"] += 1
            self._connections.try_again(MERCHANT, order_id, key)
        self.live()

    def news_of_another_read(self) -> int:
        """Read every order the shop has once more; how many of the reads said anything that was not known."""
        before, now = self.rows("select coalesce(max(inbox_id), 0) from inbox")[0][0], self.clock.now()
        refs = [str(number) for number in self.shop.world.orders]
        wanted = [RereadRow(MERCHANT, self._connection, ref, lane_of(ref), 5, now, "once more") for ref in refs]
        with self._database.engine([MERCHANT]) as conn:
            outbox.want_rereads(conn, wanted)
        self.live()
        told = self.rows(f"select count(*) from inbox where inbox_id > {before} and outcome <> 'nothing'")
        return int(told[0][0])

    def close(self) -> None:
        self._postman.close()
        self._look.close()
        self._performer.close()
        self._rereader.close()
        self._watcher.close()
        self._database.close()
        self.clock.close()

    # --- time ---

    def _next_moment(self) -> datetime | None:
        """When to look again; None when nothing will ever happen any more."""
        now = self.clock.now()
        busy_at: datetime | None
        timer_at: datetime | None
        [(busy_at, timer_at, sweep_at)] = self.rows(NEXT_MOMENTS)
        if timer_at is not None and timer_at <= now:  # it waits for a sweep that began after it fell due
            timer_at = max(sweep_at, now + BUSY_TICK)
        world, desk, life = self.shop.world, self.shop.sender.desk, self.life
        last = max((script.ends_at for script in life.scripts.values()), default=now)
        moments = [busy_at, timer_at, world.next_due(), desk.next_due_at(), last if last > now else None]
        known = [moment for moment in moments if moment is not None]
        if not known:
            return None
        if min(known) <= now:
            return now + BUSY_TICK
        return max(now + self._tick, min(known))

    def _until(self, moment: datetime) -> None:
        """Let the shop live on to this moment, each thing at its own time."""
        world = self.shop.world
        while (due := world.next_due()) is not None and due <= moment:
            self.clock.move(due)
            self.shop.advance()
        self.clock.move(moment)
        self.shop.advance()
        self.clock.tell_the_database()

    # --- what is done at one moment ---

    def _work(self) -> None:
        """Everything there is to do now, in rounds, until a round finds nothing."""
        self._look_after()
        for _ in range(ROUNDS_MAX):
            moved = self._postman.deliver()
            while taken := self._stepper.round():
                moved += taken
            held = self._leases.held
            if held:
                moved += self._performer.round(held)
                moved += self._rereader.round(held)
                moved += self._timers.round(held)
            moved += self._people()
            if not moved:
                return
            self._until(self.clock.now() + ROUND_TAKES)
        _log.warning("%d rounds until %s, and still something to do", ROUNDS_MAX, self.clock.now())

    def _people(self) -> int:
        """People do what their tasks ask for, when the order's script says so."""
        now = self.clock.now()
        wishes = []
        for order_id, name, key, part, asks in self._look.execute(OPEN_TASKS.encode()):
            due = self.life.scripts[name].due_at(asks)
            tries, last_at = self._tried.get((order_id, key), (0, BEGIN))
            if due is not None and due <= now and tries < TRIES_MAX and now - last_at >= ASK_AGAIN:
                self._tried[order_id, key] = (tries + 1, now)
                wishes.append(Wish(MERCHANT, order_id, request_of(key, part, asks), "a person"))
        accepted = 0
        for start in range(0, len(wishes), AT_ONCE_MAX):
            answers = ask_many(self._database, self._policies, wishes[start : start + AT_ONCE_MAX], at=now)
            accepted += sum(isinstance(answer, Accepted) for answer in answers)
        self.told.counts["requests"] += len(wishes)
        self.told.counts["requests accepted"] += accepted
        return accepted

    def _look_after(self) -> None:
        """What a worker does beside its rounds: sweeps and subscriptions; and an operator by hand: a new secret."""
        now = self.clock.now()
        if self._secret_due is not None and now >= self._secret_due:
            self._connect()
            self._secret_due = None if self._is_connected else now
        self.told.counts["duties"] += self._watcher.run_due()
        self._rereader.resting.clear()  # a rest is measured in our own seconds, of which none pass here

    def _connect(self) -> None:
        app = self.shop.world.apps[0]
        credentials = {"token": app.static_token or "", "client_id": app.client_id}
        self._is_connected = False
        try:
            connected = self._connections.connect_shopify(
                MERCHANT, CALLBACK, credentials, CALLBACK, webhook_secret=app.client_secret
            )
        except NotConnected:
            self.told.counts["connecting failed"] += 1
            return
        self._connection = connected.connection
        # What the shop had before is no part of this: it had nothing.
        self._look.execute("delete from watch where duty = 'history'")
        self._is_connected = True

    @contextmanager
    def reached(self) -> Iterator[None]:
        """Within this block Ordna's connector reaches this shop, and no other."""
        known = registry.CONNECTORS["shopify"]
        outbounds: dict[Endpoint, ShopifyOutbound] = {}

        def outbound(endpoint: Endpoint) -> ShopifyOutbound:
            return outbounds.setdefault(endpoint, ShopifyOutbound(endpoint, wire=self._line))

        registry.CONNECTORS["shopify"] = replace(known, outbound=outbound)
        try:
            yield
        finally:
            registry.CONNECTORS["shopify"] = known

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What stands in the tables."""
        return self._look.execute(statement.encode()).fetchall()
