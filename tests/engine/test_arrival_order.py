"""Arrival order through every layer: the same seven deliveries in forty orders, one merchant each, end in one picture.

All merchants' messages travel together, so this also shows that a batch over many merchants keeps them apart.
"""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

from ordna.core.order import decode_state
from ordna.core.outcome import Order, decode_verdict
from ordna.core.settled import settled
from tests.engine.conftest import NOON, Shop, later, order_body

ORDERS = 40


def test_forty_orders_of_arrival_end_in_one_picture(shop: Shop) -> None:
    chance = random.Random(3)
    shops = [shop]
    for number in range(2, ORDERS + 1):
        other = Shop(shop.database, shop.dsn, shop.ring, number, 7, token=f"hook-token-of-merchant-{number:03}")
        other.open()
        shops.append(other)
    for number, one in enumerate(shops):
        history = list(enumerate(deliveries()))
        if number:
            chance.shuffle(history)
        one.now = NOON + timedelta(hours=2)
        for place, (topic, body) in history:
            one.send(topic, body, f"hook-{place}")
        shop.now = one.now
        if number % 10 == 9:
            shop.step()
    shop.step()
    for one in shops:  # what was asked to be read again is read, as the shop stands by then
        assert shop.rows("select count(*) from reread where merchant_id = %s", one.merchant_id) == [(1,)]
        topic, body = deliveries()[4]
        one.send(topic, body, "read again: order")
        topic, body = deliveries()[5]
        one.send(topic, body, "read again: parcel")
    shop.step()

    rows = shop.rows("select merchant_id, state, verdict from orders order by 1")
    assert len(rows) == ORDERS
    pictures = {repr(settled(Order(decode_state(state), decode_verdict(verdict)))) for _, state, verdict in rows}
    assert len(pictures) == 1
    asked = shop.rows("select merchant_id, kind from effect")
    assert sorted(asked) == [(number, "TagOrder") for number in range(1, ORDERS + 1)], "effects did occur, once each"


def deliveries() -> list[tuple[str, dict[str, Any] | bytes]]:
    """Placed, paid, changed, a duplicate, changed again, a parcel, a hint."""
    lines = order_body()["line_items"]
    many = {"line_items": [{**lines[0], "quantity": 12, "current_quantity": 12}]}
    parcel = {
        "id": 71,
        "order_id": 5001,
        "status": "success",
        "created_at": later(40),
        "updated_at": later(40),
        "tracking_company": "PostNord",
        "tracking_number": "00370",
        "location_id": 3,
        "line_items": [{"id": 50011, "quantity": 12}],
    }
    paid = order_body(updated_at=later(5), financial_status="paid", **many)
    return [
        ("orders/create", order_body(financial_status="pending", **many)),
        ("orders/paid", paid),
        ("orders/updated", order_body(updated_at=later(9), tags="vip", **many)),
        ("orders/updated", paid),
        ("orders/updated", order_body(updated_at=later(30), tags="vip, big", **many)),
        ("fulfillments/create", parcel),
        ("orders/edited", json.dumps({"order_edit": {"id": 9, "order_id": 5001}}).encode()),
    ]
