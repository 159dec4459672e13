"""Some hundred orders lived through for real: what a living shop's database is multiplied from.

The practice shop lives its own life on a virtual clock: buyers, carriers, edits, refunds, cancellations. Every change
it tells goes through the engine, which decides on the same clock; what Ordna asks for (re-reads, holds, tags, parcels)
is done in the shop and answered; people pick, pack and ship in office hours, a few of them late or never. The clock
ends now, so the orders of the last days are as open, as late and as odd as they would be in a shop at this moment.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from bench.lives import read_node
from bench.people import request_of
from bench.shop import open_merchants
from ordna.connectors.shopify.client import API_VERSION
from ordna.core import effects as e
from ordna.core import messages as m
from ordna.engine.lanes import lane_of
from ordna.engine.leases import Leases
from ordna.engine.policies import Policies
from ordna.engine.requests import Wish, ask_many
from ordna.engine.step import Stepper
from ordna.practice.bodies import tell
from ordna.practice.catalogue import open_shop
from ordna.practice.life import Life
from ordna.practice.model import FulfillmentOrder, Order, Tracking
from ordna.practice.mutations import fulfillment_orders, fulfillments, orders
from ordna.practice.mutations.refusal import Refused
from ordna.practice.plots import draw_basket, spoil_address
from ordna.practice.world import Change
from ordna.store import inbox
from ordna.store.database import Database
from ordna.store.inbox import Raw
from ordna.store.outbox import open_effect
from ordna.store.sealing import keyring

MERCHANT, CONNECTION = 1, 1
UPDATED = "orders/updated"
FIRST_ID = 7_000_000_000_001
FIRST_NUMBER = 1_000_000
TICK = timedelta(minutes=20)
ZONE = ZoneInfo("Europe/Copenhagen")

_DUE_TIMERS = """
    select t.order_id, t.timer_key, t.due_at, o.order_ref from timer t join orders o using (merchant_id, order_id)
    where t.fired_at is null and t.due_at <= %s
"""
_FIRED = "update timer set fired_at = %s, outcome = 'fired' where order_id = %s and timer_key = %s"
_DUE_EFFECTS = """
    select e.order_id, e.effect_key, e.body, p.person_key, o.order_ref
    from effect e join orders o using (merchant_id, order_id) join person p using (merchant_id, person_id)
    where e.status = 'due' order by e.effect_no
"""
_ANSWERED = """
    update effect
    set status = %s, attempts = 1, sent_at = %s, answered_at = %s, code = %s, sentence = %s, reference = %s
    where order_id = %s and effect_key = %s
"""
_OPEN_TASKS = """
    select order_id, task_key, part, coalesce(asks ->> 0, ''), kind, opened_at from task where closed_at is null
"""


class Shop:
    """A practice shop with Ordna behind it, both on one virtual clock."""

    def __init__(self, dsn: str, home: Path, began: datetime, seed: int = 7) -> None:
        open_merchants(dsn, home, 1, "http://127.0.0.1:1")
        self.now = began
        self.chance = Random(seed)
        self.world = open_shop(seed, began)
        self.world.count_ids_from(FIRST_ID)
        self.world.next_order_number()
        self.world.leave_numbers_out(FIRST_NUMBER)
        self.life = Life(self.world, seed)
        self.ring = keyring(home)
        self.database = Database(dsn)
        self.policies = Policies(self.ring)
        self.stepper = Stepper(self.database, Leases(self.database, "histories"), self.policies, lambda: self.now)
        self.look = psycopg.connect(dsn, autocommit=True)
        self.told = 0
        self.read: set[str] = set()
        self.never: set[tuple[str, str]] = set()
        self.when: dict[tuple[str, str], datetime] = {}

    def close(self) -> None:
        """Leave the database."""
        self.look.close()
        self.database.close()

    def live(self, until: datetime, orders_per_day: float, progress: Callable[[datetime], None]) -> None:
        """Let buyers come at this pace until that moment; the last ticks bring everything up to it."""
        while self.now < until:
            at = min(until, self.now + TICK)
            expected = orders_per_day * (at - self.now) / timedelta(days=1)
            buyers = int(expected) + (self.chance.random() < expected % 1)
            for _ in range(buyers):
                self._tell(self.life.advance(self.now + (at - self.now) * self.chance.random()))
                self._buy()
            self._tell(self.life.advance(at))
            self.now = at
            self.read.clear()
            self._settle()
            self._work()
            self._settle()
            progress(at)
        row = "update connection set last_webhook_at = %s, last_read_at = %s, created_at = %s"
        self.look.execute(row, (until, until, until - timedelta(days=731)))

    def _buy(self) -> None:
        basket = draw_basket(self.world, self.chance)
        if self.chance.random() < 0.02:
            spoil_address(basket, self.chance)
        self.life.buy(basket)

    def _settle(self) -> None:
        """Until nothing waits: messages, what they asked for, and the answers."""
        while True:
            handled = sum(iter(self.stepper.round, 0))
            handled += self._read() + self._perform() + self._ring()
            self._tell(self.life.advance(self.now))
            if not handled:
                return

    def _tell(self, changes: list[Change]) -> None:
        """File what the shop tells; of an order's updates of one moment the last, as shops do."""
        rows = []
        last = {id(change.subject): change for change in changes if change.topic == UPDATED}
        for change in changes:
            if change.topic == UPDATED and last[id(change.subject)] is not change:
                continue
            telling = tell(self.world, change, self.world.apps[0].id)
            if telling is None or not telling.order_id:
                continue
            self.told += 1
            body = json.dumps(telling.body, ensure_ascii=False, separators=(",", ":")).encode()
            rows.append(self._raw(change.at, change.topic, str(telling.order_id), body, f"{self.told}"))
        self._file(rows)

    def _raw(self, at: datetime, topic: str, ref: str, body: bytes, number: str) -> Raw:
        headers = {"x-shopify-topic": topic, "x-shopify-api-version": API_VERSION}
        told = (f"{ref}-{number}", ref, json.dumps(headers).encode(), body)
        return Raw(MERCHANT, at, lane_of(ref), CONNECTION, topic, *told)

    def _file(self, rows: list[Raw]) -> None:
        if rows:
            with self.database.engine([MERCHANT]) as conn:
                inbox.store(conn, rows)

    def _read(self) -> int:
        """Read the orders that hints asked for, each once in a tick: asked for anew, it is read at a later time."""
        asked = "delete from reread where not_before <= %s and not order_ref = any(%s) returning order_ref"
        wanted = self.look.execute(asked, (self.now, list(self.read))).fetchall()
        self.read.update(ref for (ref,) in wanted)
        rows = []
        for (ref,) in wanted:
            order = self._order(ref)
            if order is not None:
                began = json.dumps(self.now.isoformat()).encode()
                body = b'{"began_at":' + began + b',"order":' + read_node(self.world, order) + b"}"
                self.told += 1
                rows.append(self._raw(self.now, "ordna/read", str(order.id), body, f"read-{self.told}"))
        self._file(rows)
        return len(rows)

    def _order(self, ref: str) -> Order | None:
        if ref.startswith("fo:"):
            part = self.world.fulfillment_orders.get(int(ref[3:]))
            return part.order if part else None
        order = self.world.orders.get(int(ref))
        return None if order is None or order.deleted else order

    def _ring(self) -> int:
        """Timers that fell due."""
        due = self.look.execute(_DUE_TIMERS, (self.now,)).fetchall()
        rows = []
        for order_id, key, due_at, ref in due:
            kind = key.partition("|")[0]
            self.look.execute(_FIRED, (self.now, order_id, key))
            if kind != "read":
                body = msgspec.json.encode(m.TimerFell(kind=kind, key=key, due_at=due_at))
                rows.append(self._raw(self.now, "ordna/timer", ref, body, f"timer-{key}"))
        self._file(rows)
        return len(rows)

    def _perform(self) -> int:
        """What Ordna asks the shop for is done there, and answered."""
        due = self.look.execute(_DUE_EFFECTS).fetchall()
        rows = []
        for order_id, key, sealed, person_key, ref in due:
            effect = open_effect(self.ring, person_key, sealed, (MERCHANT, order_id), key)
            status, reference, sentence = "confirmed", None, None
            try:
                reference = self._do(self.world.orders[int(ref)], effect.body)
            except Refused as refusal:
                status, sentence = "refused", str(refusal)
            code = "refused" if sentence else None
            answer = m.EffectAnswered(key, status, self.now, code, sentence, reference)
            self.look.execute(_ANSWERED, (status, self.now, self.now, code, sentence, reference, order_id, key))
            rows.append(self._raw(self.now, "ordna/answer", ref, msgspec.json.encode(answer), f"answer-{key}"))
        self._file(rows)
        return len(rows)

    def _do(self, order: Order, body: e.EffectBody) -> str | None:
        world = self.world
        match body:
            case e.ShipPart():
                number = Tracking(body.tracking or "", None)
                parcel = fulfillments.ship(
                    world, [(self._part(body.part), None)], company=body.carrier, tracking=[number]
                )
                return str(parcel.id)
            case e.TagOrder():
                orders.add_tags(world, order, list(body.tags))
            case e.UntagOrder():
                orders.remove_tags(world, order, list(body.tags))
            case e.HoldPart():
                part = self._part(body.part)
                held, _ = fulfillment_orders.hold(world, world.apps[0], part, "OTHER", handle=body.handle)
                return str(held.id)
            case e.ReleasePart():
                fulfillment_orders.release(world, self._part(body.part), [int(body.hold)])
        return None

    def _part(self, part: str) -> FulfillmentOrder:
        return self.world.fulfillment_orders[int(part)]

    def _work(self) -> None:
        """People do what is open, in office hours, some time after it was opened; some of it never."""
        local = self.now.astimezone(ZONE)
        at_work = local.weekday() < 5 and 8 <= local.hour < 16
        wishes = []
        for order_id, key, part, asks, kind, opened_at in self.look.execute(_OPEN_TASKS).fetchall():
            if (order_id, key) not in self.when:
                slow = self.chance.random()
                hours = self.chance.uniform(0.2, 2.5) if slow < 0.9 else self.chance.uniform(5, 60)
                if kind == "attention":
                    hours *= 8
                self.when[order_id, key] = opened_at + timedelta(hours=hours)
                if slow > 0.98:
                    self.never.add((order_id, key))
            if not at_work or self.now < self.when[order_id, key] or (order_id, key) in self.never:
                continue
            self.when[order_id, key] = self.now + timedelta(hours=20)
            if asks in ("pick", "pack", "ship", "release", "accept_address"):
                wishes.append(Wish(MERCHANT, order_id, request_of(key, part, asks), self.chance.choice(PEOPLE)))
            elif asks == "settle" and kind == "attention":
                wishes.append(Wish(MERCHANT, order_id, m.Settle(key), self.chance.choice(PEOPLE)))
        for start in range(0, len(wishes), 100):
            ask_many(self.database, self.policies, wishes[start : start + 100], self.now)


PEOPLE = ("ida", "bo", "eva")
