"""P5: arrival order does not matter. All 5,040 orders of seven observations end in the same settled picture."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from msgspec.structs import replace

from ordna.core import messages as m
from ordna.core.decide import decide, new_order
from ordna.core.effects import HoldPart, ReleasePart, TagOrder
from ordna.core.outcome import Order, Outcome
from ordna.core.policy import Policy
from ordna.core.settled import settled, wanted_outside
from tests.core.trade import START, policy

LINES = (m.LineSeen("1", "Coat", 1, 1, "COAT"), m.LineSeen("2", "Cup", 10, 10, "CUP"))
UNITS = (m.Quantity("1", 1), m.Quantity("2", 10))
POLICY = policy()


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def body(minute: int, **changes: object) -> m.OrderSeen:
    order = m.OrderSeen(at(minute), "#1001", START, "DKK", 600_000, payment="pending", country="DK",
                        address_complete=True, customer="7", lines=LINES)  # fmt: skip
    return replace(order, **changes)


def part(**changes: object) -> m.PartSeen:
    return replace(m.PartSeen("55", "open", UNITS, location="9", location_name="Aarhus"), **changes)


def parcel(minute: int, progress: str) -> m.ShipmentSeen:
    return m.ShipmentSeen("77", at(minute), progress, UNITS, at(4), "GLS", "T1", "9")


PAID = {"payment": "paid"}
WHOLE_LIFE = (
    m.Snapshot("1", order=body(0)),
    m.Snapshot("1", order=body(1, **PAID)),
    m.Snapshot("1", parts=m.PartsSeen(at(2), (part(),)), by_read=True),
    m.Snapshot("1", shipments=(parcel(4, "shipped"),)),
    m.Snapshot("1", shipments=(parcel(6, "in_transit"),)),
    m.Snapshot("1", tracking=(m.TrackingSeen("77", at(8), "delivered", at(8)),)),
    m.Snapshot("1", order=body(9, **PAID, closed_at=at(9)), shipments=(parcel(8, "delivered"),)),
)
HELD_FOR_GOOD = (
    m.Snapshot("1", order=body(0, total=100_00)),
    m.Snapshot("1", order=body(1, total=100_00, payment="authorized")),
    m.Snapshot("1", order=body(3, **PAID)),
    m.Snapshot("1", parts=m.PartsSeen(at(2), (part(),)), by_read=True),
    m.Snapshot("1", parts=m.PartsSeen(at(4), (part(), part(id="56", lines=(m.Quantity("2", 0),)))), by_read=True),
    m.Snapshot("1", risk=m.RiskSeen(at(5), "high"), by_read=True),
    m.Snapshot("1", order=body(6, **PAID, country="SE", tags=("vip",))),
)


@pytest.mark.parametrize("history", [WHOLE_LIFE, HELD_FOR_GOOD], ids=["a whole life", "held for good"])
def test_all_orders_of_arrival_end_in_one_picture(history: tuple[m.Snapshot, ...]) -> None:
    pictures = {repr(told(order)) for order in permutations(history)}
    assert len(pictures) == 1


def test_duplicates_and_delays_change_nothing() -> None:
    straight = told(HELD_FOR_GOOD)
    chance = random.Random(7)
    for _ in range(300):
        storm = [snapshot for snapshot in HELD_FOR_GOOD for _ in range(chance.randint(1, 4))]
        chance.shuffle(storm)
        assert told(tuple(storm)) == straight


def test_effects_did_occur() -> None:
    """Otherwise the test above would prove nothing about what goes out."""
    world = World()
    world.tell(HELD_FOR_GOOD)
    assert world.asked >= {"HoldPart", "TagOrder"}
    assert world.held == {("55", "ordna-rule-high-value-first-order"), ("55", "ordna-rule-risky-order")}


def test_money_told_in_less_and_in_full_is_one_picture_whichever_came_first() -> None:
    full = m.TransactionSeen("81", "authorization", "success", 6000, "DKK", at(0), "visa", expires_at=at(9000))
    back = m.RefundSeen("91", at(3), (m.Quantity("1", 1),), amount=590)
    less = m.Snapshot("1", transactions=(replace(full, expires_at=None),), refunds=(replace(back, amount=None),))
    more = m.Snapshot("1", transactions=(full,), refunds=(back,), by_read=True)
    placed = m.Snapshot("1", order=body(0))
    for order in permutations((placed, less, more)):
        world = World()
        world.tell(order)
        assert world.order.state.transactions == (full,)
        assert world.order.state.refunds == (back,)


def told(history: tuple[m.Snapshot, ...]) -> tuple[object, ...]:
    """The settled picture, what is wanted outside, and what stands outside."""
    world = World()
    world.tell(history)
    return settled(world.order), wanted_outside(world.order.state), sorted(world.held), sorted(world.tags)


class World:
    """An order told to the core, and an outside that does at once what it is asked."""

    def __init__(self, under: Policy = POLICY) -> None:
        self.policy = under
        self.order: Order = new_order()
        self.now = at(60)
        self.held: set[tuple[str, str]] = set()
        self.tags: set[str] = set()
        self.asked: set[str] = set()

    def tell(self, history: tuple[m.Snapshot, ...]) -> None:
        early = [snapshot for snapshot in history if not self.message(snapshot)]
        for snapshot in early:  # what came before its order was seen is read again
            self.message(snapshot)
        while self.look_again():
            pass

    def message(self, snapshot: m.Snapshot) -> bool:
        """True when the core could place the message; otherwise it asked for a read."""
        outcome = self.decide(m.Observed(snapshot, self.now, "shopify", 0))
        return outcome.reread is None

    def look_again(self) -> bool:
        """A read of the fulfillment orders as they stand outside now; True while it moves anything."""
        self.now += timedelta(minutes=1)
        seen = [replace(known, holds=self.outside_holds(known.id)) for known in self.order.state.parts]
        if not seen:
            return False
        read = m.Snapshot("1", parts=m.PartsSeen(self.now, tuple(seen)), by_read=True)
        return bool(self.decide(m.Observed(read, self.now, "shopify")).effects)

    def outside_holds(self, part_id: str) -> tuple[m.OutsideHold, ...]:
        handles = [handle for part, handle in sorted(self.held) if part == part_id]
        return tuple(m.OutsideHold(f"h-{handle}", handle, handle, True) for handle in handles)

    def decide(self, message: m.Message) -> Outcome:
        outcome = decide(self.order, message, self.policy, self.now)
        self.order = outcome.order
        for effect in outcome.effects:
            self.asked.add(type(effect.body).__name__)
            match effect.body:
                case HoldPart(part=part_id, handle=handle):
                    self.held.add((part_id, handle))
                case ReleasePart(part=part_id, handle=handle):
                    self.held.discard((part_id, handle))
                case TagOrder(tags=tags):
                    self.tags.update(tags)
            self.decide(m.EffectAnswered(effect.key, "confirmed", self.now))
        return outcome
