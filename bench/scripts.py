"""What people will do about each order, fixed the moment it is placed: at the shop, and at Ordna.

A script depends on the order and its step alone, never on when a message arrived. Its parts are turns. Between two
turns more time passes than anything may be late, so that what one turn does never races with what another one does:

    A  the first six hours      the shop: risk, payment, edits, notes, another app's hold, moves and splits
    B  from the 30th hour on    the shop: cancellations, voids, deletions, addresses completed
    C  on the third day         the warehouse picks, packs and ships, in Ordna or past it; on the tenth where a hold of
                                ours may have to lapse first
    D  eight days after C       the shop: refunds

A desk releases holds between A and B where B brings nothing, and before C where it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from ordna.practice.catalogue import is_complete
from ordna.practice.model import Order
from ordna.practice.plots import Step
from ordna.practice.totals import totals
from ordna.practice.world import World

MAY_LAPSE_FROM = Decimal(3000)
"""The flow holds first orders from 5,000 on for two working days; an edit may bring an order there."""


@dataclass(frozen=True)
class Script:
    """The deeds in the shop's own admin, and when people at Ordna do what about the order; None: they never do."""

    shop: tuple[Step, ...]
    release_at: datetime | None
    accept_at: datetime | None
    pick_at: datetime | None

    def due_at(self, asks: str) -> datetime | None:
        """When a person does what a task asks for."""
        match asks:
            case "release":
                return self.release_at
            case "accept_address":
                return self.accept_at
            case "pick":
                return self.pick_at
            case "pack":
                return self.pick_at and self.pick_at + timedelta(hours=2)
            case "ship":
                return self.pick_at and self.pick_at + timedelta(hours=4)
        return None

    @property
    def ends_at(self) -> datetime:
        """When the last deed is done."""
        own = (self.release_at, self.accept_at, self.due_at("ship"))
        return max((*(step.at for step in self.shop), *(at for at in own if at is not None)))


def script_of(world: World, order: Order, payment: str, seed: int) -> Script:
    """The script of an order that was placed just now."""
    random = Random(f"script {seed} {order.number}")
    at = order.created_at
    first = _first_turn(world, order, payment, random)
    second = _second_turn(order, payment, first, random)
    may_lapse = totals(order).current_total.shop >= MAY_LAPSE_FROM
    warehouse_at = at + _hours(random, 9 * 24, 10 * 24) if may_lapse else at + _hours(random, 60, 80)
    past_ordna = _shipped_past_ordna(warehouse_at, random)
    refund = random.choices(("refund_part", "refund"), weights=(7, 3))[0]
    refunds = [Step(warehouse_at + _hours(random, 192, 240), refund)] if random.random() < 0.08 else []
    early = random.random() < 0.6 and not second
    release_at = at + _hours(random, 24, 29) if early else warehouse_at - timedelta(hours=10)
    return Script(
        shop=(*first, *second, *past_ordna, *refunds),
        release_at=None if order.test and random.random() < 0.5 else release_at,
        accept_at=warehouse_at - timedelta(hours=12),
        pick_at=None if past_ordna and random.random() < 0.6 else warehouse_at + timedelta(hours=30 * bool(past_ordna)),
    )


def _first_turn(world: World, order: Order, payment: str, random: Random) -> list[Step]:
    at = order.created_at
    failed_first = bool(order.transactions) and order.transactions[0].status == "FAILURE"
    level = random.choices(("high", "medium", "low"), weights=(10 if failed_first else 2, 4, 90))[0]
    steps = [Step(at + _hours(random, 0.01, 0.05), f"assess_{level}")]
    if payment in ("authorized", "pending") and random.random() < 0.85:
        steps.append(Step(at + _hours(random, 0.5, 5), "pay"))
    routed_at = at + world.routing_delay
    if random.random() < 0.06:
        # A shop gives added units a part of their own where the part that is there is held: only before anybody could
        # have heard of the order is it certain that no hold of ours stands.
        may_be_held = totals(order).current_total.shop >= MAY_LAPSE_FROM or order.test or level == "high"
        edited_at = routed_at if may_be_held else at + _hours(random, 0.2, 4)
        steps.append(Step(edited_at, "edit"))
        if random.random() < 0.85:
            steps.append(Step(edited_at + _hours(random, 0.5, 1.5), "pay"))
    if random.random() < 0.08:
        steps.append(Step(at + _hours(random, 0.3, 5), random.choice(("note", "tag"))))
    # Automations of the shop act on the routing itself, before anybody could have heard of it.
    if random.random() < 0.04:
        steps.append(Step(routed_at, random.choice(("move", "split"))))
    elif random.random() < 0.04:
        steps.append(Step(routed_at, "hold_by_other_app"))
        if random.random() < 0.9:
            steps.append(Step(at + _hours(random, 0.5, 6), "release_by_other_app"))
    return steps


def _second_turn(order: Order, payment: str, first: list[Step], random: Random) -> list[Step]:
    at = order.created_at + _hours(random, 30, 36)
    deeds = {step.deed for step in first}
    if "assess_high" in deeds and random.random() < 0.5:
        return [Step(at, "cancel_as_fraud")]
    if random.random() < 0.04:
        return [Step(at, "cancel")]
    if payment in ("authorized", "pending") and "pay" not in deeds and random.random() < 0.7:
        return [Step(at, "void" if payment == "authorized" else "cancel")]
    if order.test and random.random() < 0.4:
        return [Step(at, "delete")]
    if order.shipping_address is not None and not is_complete(order.shipping_address) and random.random() < 0.7:
        return [Step(at, "complete_address")]
    return []


def _shipped_past_ordna(at: datetime, random: Random) -> list[Step]:
    """Some orders leave in the shop's own admin, whole or in part; the rest of a part often leaves through Ordna."""
    if random.random() > 0.12:
        return []
    deed = random.choices(("ship", "ship_part", "ship_one_location"), weights=(60, 25, 15))[0]
    return [Step(at, deed, by_hand=True), Step(at + timedelta(hours=80), "ship", by_hand=True)]


def _hours(random: Random, low: float, high: float) -> timedelta:
    return timedelta(hours=random.uniform(low, high))
