"""The step on a real database: what waits in the inbox becomes facts, decisions and rows."""

from __future__ import annotations

from tests.engine.conftest import Shop, order_body


def test_a_webhook_becomes_an_order(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001))

    assert shop.step() == 1

    assert shop.outcomes() == ["facts"]
    kinds = [row[0] for row in shop.rows("select kind from journal order by seq")]
    assert kinds[:2] == ["OrderPlaced", "WorkBegan"]
    [row] = shop.rows("select order_id, name, name_key, payment, total, currency, country, seq, open from orders")
    assert row == ("7-5001", "#5001", "5001", "paid", 25000, "DKK", "DK", len(kinds), True)
