"""Whole lives of orders as signed bytes: what a shop would send, made once and copied with other ids.

A handful of lives is lived in the practice shop: placed, paid, routed, shipped, in transit, delivered, closed. Ten
messages an order: eight order bodies of 8 to 14 KB (two of them noise), the transaction, and the word that it was
routed, which asks for a re-read; its answer is made here too. A copy differs in its ids and its number,
so each order of a run is an order of its own, and its bytes are signed before the clock starts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from ordna.connectors.shopify.documents import text_of
from ordna.practice.bodies import tell
from ordna.practice.catalogue import open_shop
from ordna.practice.checkout import checked_out
from ordna.practice.graphql import Endpoint
from ordna.practice.model import Order, Tracking, gid
from ordna.practice.mutations import fulfillments, payments, placing
from ordna.practice.mutations.orders import close_order
from ordna.practice.plots import draw_basket
from ordna.practice.world import Change, World

ROUTED = "fulfillment_orders/order_routing_complete"
SHIPPED_AFTER_S = 200  # later than any read of the run, as shipping is; well within the slack of a source's clock
ID_STEP = 1000


@dataclass(frozen=True)
class Life:
    """One lived order: (topic, body) by phase, the answer to a re-read before and after it was shipped, and the ids to
    exchange in a copy."""

    phases: dict[str, list[tuple[str, bytes]]]
    read: bytes
    read_shipped: bytes
    ids: tuple[int, ...]
    order_id: int
    part_id: int
    shipment_id: int
    name: str


@dataclass(frozen=True)
class Copy:
    """One order of a run: its own ids, and its bytes by phase."""

    order_id: int
    part_id: int
    shipment_id: int
    phases: dict[str, list[tuple[str, bytes]]]
    read: bytes


def live(count: int, now: datetime, seed: int = 7, *, own_customers: bool = False) -> list[Life]:
    """`count` lives, placed in the minute before `now`, shipped as if minutes later. `own_customers`: each copy has one
    of its own; or else the lives' customers order again and again."""
    lives: list[Life] = []
    chance = Random(seed)
    world = open_shop(seed, now - timedelta(minutes=1))
    while len(lives) < count:
        world.tick(now - timedelta(minutes=1))
        lived = _lived(world, chance, now, own_customers)
        if lived is not None:
            lives.append(lived)
        world = open_shop(seed + len(lives) + chance.randrange(10**6), now - timedelta(minutes=1))
    return lives


def copies(lives: list[Life], number: int, merchant: int) -> Copy:
    """The `number`th order of a run: a life with ids of its own."""
    life, offset, pairs = _other_ids(lives, number)
    phases = {phase: [(topic, _exchanged(body, pairs)) for topic, body in told] for phase, told in life.phases.items()}
    own = (life.order_id + offset, life.part_id + offset, life.shipment_id + offset)
    return Copy(*own, phases, _exchanged(life.read, pairs))


def read_copy(lives: list[Life], number: int, shipped: bool = False) -> bytes:
    """The answer to a re-read of the `number`th order."""
    life, _, pairs = _other_ids(lives, number)
    return _exchanged(life.read_shipped if shipped else life.read, pairs)


def _other_ids(lives: list[Life], number: int) -> tuple[Life, int, list[tuple[bytes, bytes]]]:
    life = lives[number % len(lives)]
    offset = (number + 1) * ID_STEP
    pairs = [(str(old).encode(), str(old + offset).encode()) for old in life.ids]
    pairs.append((life.name.encode(), f"#{100_000 + number}".encode()))
    return life, offset, pairs


def request(copy: Copy, topic: str, body: bytes, path: str, domain: str, secret: bytes, webhook: int) -> bytes:
    """One signed delivery as the bytes of an HTTP request."""
    signature = base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: ordna\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"X-Shopify-Topic: {topic}\r\nX-Shopify-Hmac-Sha256: {signature}\r\nX-Shopify-Shop-Domain: {domain}\r\n"
        f"X-Shopify-Api-Version: 2026-10\r\nX-Shopify-Webhook-Id: {webhook:032x}\r\n"
        f"X-Shopify-Event-Id: {webhook:032x}\r\nX-Shopify-Triggered-At: {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\r\n\r\n"
    )
    return head.encode() + body


def _lived(world: World, chance: Random, now: datetime, own_customer: bool) -> Life | None:
    """One order's life, or None where it is not the plain kind this bench is about."""
    basket = draw_basket(world, chance)
    basket.payment, basket.test = "pending", False
    order = placing.place_order(world, checked_out(world, basket))
    phases = {"before": [_told(world, "orders/create", order), _told(world, "orders/updated", order)]}
    _wait(world, 10)
    if not payments.may_mark_as_paid(order):
        return None
    payments.mark_as_paid(world, order)
    phases["before"] += [_told(world, "order_transactions/create", order.transactions[-1], order=order)]
    phases["before"] += [_told(world, "orders/paid", order)]
    _wait(world, 10)
    if len(order.fulfillment_orders) != 1 or not all(line.requires_shipping for line in order.lines):
        return None
    part = order.fulfillment_orders[0]
    phases["before"] += [_told(world, ROUTED, part), _told(world, "orders/updated", order)]
    read = read_node(world, order)
    _wait(world, SHIPPED_AFTER_S)
    parcel = fulfillments.ship(world, [(part, None)], company="GLS", tracking=[Tracking("T0000001", None)])
    phases["after"] = [_told(world, "orders/fulfilled", order)]
    read_shipped = read_node(world, order)
    for status in ("IN_TRANSIT", "DELIVERED"):
        _wait(world, 20)
        fulfillments.add_event(world, parcel, status)
        placing.touch(world, order)
        phases["after"] += [_told(world, "orders/updated", order)]
    _wait(world, 20)
    close_order(world, order)
    phases["after"] += [_told(world, "orders/updated", order)]
    known = {order.id, part.id, parcel.id, *(line.id for line in order.lines), *(t.id for t in order.transactions)}
    if own_customer and order.customer is not None:
        known.add(order.customer.id)
    life = Life(phases, read, read_shipped, tuple(sorted(known)), order.id, part.id, parcel.id, order.name)
    return life if 8_000 <= len(phases["after"][-1][1]) <= 14_000 else None


def _wait(world: World, seconds: int) -> None:
    world.tick(world.now() + timedelta(seconds=seconds))


def _told(world: World, topic: str, subject: Any, **details: Any) -> tuple[str, bytes]:
    """What the shop would send of this topic now."""
    telling = tell(world, Change(topic, subject, world.now(), details), world.apps[0].id)
    assert telling is not None, topic
    return topic, json.dumps(telling.body, ensure_ascii=False, separators=(",", ":")).encode()


def read_node(world: World, order: Order) -> bytes:
    """The order's node as the Admin API answers the connector's own document."""
    answer = Endpoint(world).answer(world.apps[0], text_of("read_orders"), {"ids": [gid("Order", order.id)]})
    return json.dumps(answer["data"]["nodes"][0], separators=(",", ":")).encode()


def _exchanged(body: bytes, pairs: list[tuple[bytes, bytes]]) -> bytes:
    for old, new in pairs:
        body = body.replace(old, new)
    return body
