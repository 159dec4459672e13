"""Worlds for the tests of the practice shop: small histories, and the digest of everything in one."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

from ordna.practice.bodies import tell
from ordna.practice.catalogue import open_shop
from ordna.practice.checkout import Basket
from ordna.practice.life import Life
from ordna.practice.model import Order
from ordna.practice.world import Change, World

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
APP_ID = 1


def lived(seed: int, days: int, orders_per_day: float) -> tuple[World, Life, list[Change]]:
    """A world that has lived until NOW, its life, and everything that changed on the way."""
    world = open_shop(seed, NOW - timedelta(days=days))
    life = Life(world, seed)
    changes = [change for day in life.history(days, orders_per_day) for change in day]
    return world, life, changes


def quiet_shop(seed: int = 1) -> tuple[World, Life]:
    """A live shop without orders in which no new buyers come."""
    world = open_shop(seed, NOW)
    life = Life(world, seed)
    life.go_live(orders_per_hour=0)
    return world, life


def basket_of(world: World, *units: int, payment: str = "captured") -> Basket:
    """A Danish customer with a whole address buys the first articles, that many units of each."""
    customer = next(c for c in world.customers.values() if c.default_address and c.default_address.country_code == "DK")
    variants = list(world.variants.values())
    return Basket(customer, [(variants[i], count) for i, count in enumerate(units)], payment=payment)


def digest(world: World) -> str:
    """One value for all orders, with their lines, money, parcels, refunds and times; and for the stock."""
    hasher = hashlib.sha256()
    for order in world.orders.values():
        hasher.update(json.dumps(body_of(world, order), sort_keys=True).encode())
        hasher.update(repr([(one.id, one.status, len(one.holds)) for one in order.fulfillment_orders]).encode())
    hasher.update(repr(sorted(world.stock.items())).encode())
    return hasher.hexdigest()


def body_of(world: World, order: Order) -> dict[str, object]:
    telling = tell(world, Change("orders/updated", order, world.now()), APP_ID)
    assert telling is not None
    return telling.body
