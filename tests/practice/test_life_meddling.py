"""Merchants, buyers, carriers and other apps meddle with the same orders in any order, and the shop stays whole."""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from ordna.practice import derive
from ordna.practice.deeds import DEEDS
from ordna.practice.model import Order
from ordna.practice.mutations.refusal import Refused
from ordna.practice.plots import draw_basket
from ordna.practice.totals import totals
from tests.practice.shop_world import quiet_shop


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_done_in_whatever_order_no_unit_and_no_money_is_lost(seed: int) -> None:
    world, life = quiet_shop(seed)
    random = Random(seed)
    for _ in range(30):
        life.buy(draw_basket(world, random))
    done: Counter[str] = Counter()
    for _ in range(800):
        life.advance(world.now() + timedelta(seconds=random.choice((1, 5, 30, 90))))
        order = random.choice(list(world.orders.values()))
        name = random.choice([name for name, deed in DEEDS.items() if deed.is_open(order)])
        if name != "delete":
            # A second cancellation while the first is under way is refused, and nothing else.
            with contextlib.suppress(Refused):
                DEEDS[name].do(world, order)
                done[name] += 1
        assert _faults(order) == [], f"{order.name} after {name}"
    assert len(done) > 15


def _faults(order: Order) -> list[str]:
    faults = []
    for line in order.lines:
        if not 0 <= line.fulfilled <= line.quantity - line.removed or line.current_quantity < 0:
            faults.append(f"{line.title}: {line.quantity=} {line.removed=} {line.fulfilled=} {line.returned=}")
        if order.routed and not order.cancelled_at and _to_ship(order)[line.id] != line.unfulfilled_quantity:
            faults.append(f"{line.title}: {_to_ship(order)[line.id]} to ship, {line.unfulfilled_quantity} unshipped")
    sums = totals(order)
    if sums.refunded.shop > sums.received.shop or sums.current_total.shop < 0:
        faults.append(f"{sums.received=} {sums.refunded=} {sums.current_total=}")
    return faults


def _to_ship(order: Order) -> Counter[int]:
    """Units by line that live fulfillment orders still have to ship."""
    units: Counter[int] = Counter()
    for one in order.fulfillment_orders:
        if one.status in derive.LIVE:
            for part in one.lines:
                units[part.line.id] += part.remaining_quantity
    return units
