"""The step on a real database: what waits in the inbox becomes facts, decisions and rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ordna.engine import reading
from ordna.engine.leases import Leases
from ordna.engine.policies import Policies
from ordna.engine.step import Stepper
from ordna.store import inbox, persons
from ordna.store.inbox import Waiting
from tests.engine.conftest import NOON, Shop, later, order_body


def test_a_webhook_becomes_an_order(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001))

    assert shop.step() == 1

    assert shop.outcomes() == ["facts"]
    kinds = [row[0] for row in shop.rows("select kind from journal order by seq")]
    assert kinds[:2] == ["OrderPlaced", "WorkBegan"]
    [row] = shop.rows("select order_id, name, name_key, payment, total, currency, country, seq, open from orders")
    assert row == ("7-5001", "#5001", "5001", "paid", 25000, "DKK", "DK", len(kinds), True)


def test_the_journal_row_says_who_when_and_from_what(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001))
    shop.step()
    row = shop.rows(
        "select version, occurred_at, recorded_at, actor_kind, actor, cause, policy_version, data->>'kind'"
        " from journal where seq = 1"
    )[0]
    assert row[0] == 1
    assert row[1] == datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
    assert row[2] == NOON
    assert row[3:] == ("outside", "shopify orders/create", "inbox:1", 1, "OrderPlaced")


def test_a_delivery_seen_before_comes_to_nothing_in_the_same_batch_and_later(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001), "hook-a")
    shop.send("orders/create", order_body(5001), "hook-a")
    shop.step()
    shop.send("orders/create", order_body(5001), "hook-a")
    shop.step()
    assert shop.outcomes() == ["facts", "duplicate", "duplicate"]
    assert shop.rows("select count(*) from journal where kind = 'OrderPlaced'") == [(1,)]


def test_the_same_picture_under_another_delivery_is_nothing_new(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001))
    shop.send("orders/updated", order_body(5001))
    shop.step()
    assert shop.outcomes() == ["facts", "nothing"]


def test_many_orders_cost_no_more_statements_than_one(shop: Shop) -> None:
    shop.send("orders/create", order_body(5000))
    shop.step()
    counts = []
    for batch in (1, 60):
        shop.now += timedelta(seconds=2)
        for number in range(batch):
            shop.send("orders/create", order_body(6000 * batch + number))
        shop.leases.tend(idle=True)
        with shop.database.engine([1]) as conn:
            rows = inbox.take_waiting(
                conn, [(*lane, 0) for lane in shop.leases.lanes], rows_max=500, lane_rows_max=500, bytes_max=10_000_000
            )
            before = shop.database.statements
            shop.stepper._handle(conn, rows)
        assert len(rows) == batch
        counts.append(shop.database.statements - before)
    assert counts[0] == counts[1] <= 17


def test_one_bad_message_stops_only_itself(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    real = reading.read

    def poisoned(row: Waiting, connection: Any, policies: Policies) -> Any:
        if b'"#5003"' in row.body:
            raise ZeroDivisionError("poison")
        return real(row, connection, policies)

    monkeypatch.setattr("ordna.engine.reading.read", poisoned)
    for number in range(5001, 5007):
        shop.send("orders/create", order_body(number))
    shop.step()
    assert shop.outcomes() == ["facts", "facts", "quarantined", "facts", "facts", "facts"]
    [(tries, error)] = shop.rows("select tries, error from inbox where outcome = 'quarantined'")
    assert tries == 3 and error.startswith("ZeroDivisionError in engine/")
    assert shop.rows("select count(*) from orders") == [(5,)]


def test_one_poison_order_in_a_batch_of_500_delays_its_neighbours_by_a_handful_of_commits(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make poison` measures what that comes to in time."""
    real = reading.read

    def poisoned(row: Waiting, *rest: Any) -> Any:
        if b'"#5250"' in row.body:
            raise ZeroDivisionError("poison")
        return real(row, *rest)

    monkeypatch.setattr("ordna.engine.reading.read", poisoned)
    for number in range(5000, 5500):
        shop.send("orders/create", order_body(number))
    shop.leases.tend()
    before = shop.database.commits
    assert shop.stepper.round() == 500
    assert shop.rows("select outcome, tries, count(*) from inbox group by 1, 2 order by 3") == [
        (None, 1, 1),
        ("facts", 0, 499),
    ]
    assert shop.database.commits - before <= 6
    shop.step()
    assert shop.rows("select tries, outcome from inbox where tries > 0") == [(3, "quarantined")]


def test_what_a_dead_worker_left_is_tried_alone(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001))
    shop.leases.tend()
    with shop.database.engine([1]) as conn:
        conn.execute(b"update lease set until = now() - interval '1 s' where merchant_id = 1 and owner <> ''")
    heir = Leases(shop.database, "the heir")
    heir.tend()
    assert [lease.unfinished for lease in heir.held] == [True]
    assert Stepper(shop.database, heir, Policies(shop.ring), lambda: NOON).round() == 1
    assert [lease.unfinished for lease in heir.held] == [False]
    assert shop.rows("select tries, outcome from inbox") == [(1, "facts")]


def test_a_worker_thought_dead_writes_nothing(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001))
    shop.leases.tend()
    with shop.database.engine([1]) as conn:
        conn.execute(b"update lease set until = now() - interval '1 s' where merchant_id = 1 and owner <> ''")
    heir = Leases(shop.database, "the heir")
    heir.tend()
    assert shop.stepper.round() == 0
    assert shop.outcomes() == [None]
    assert shop.rows("select count(*) from journal") == [(0,)]
    assert Stepper(shop.database, heir, Policies(shop.ring), lambda: NOON).round() == 1


def test_workers_share_the_lanes_of_one_shop(shop: Shop) -> None:
    second = Leases(shop.database, "the second")
    second.tend()
    for number in range(5001, 5101):
        shop.send("orders/create", order_body(number))
    shop.leases.tend()
    second.tend()
    lanes = len(shop.rows("select distinct lane from inbox"))
    assert abs(len(shop.leases.held) - len(second.held)) <= 2
    assert len(shop.leases.held) + len(second.held) == lanes
    assert not set(shop.leases.lanes) & set(second.lanes)


def test_the_customers_earlier_orders_are_counted_from_our_own_records(shop: Shop) -> None:
    karen = {"customer": {"id": 77}}
    shop.send("orders/create", order_body(5001, **karen))
    shop.step()
    shop.send("orders/create", order_body(5002, processed_at=later(5), created_at=later(5), **karen))
    shop.send("orders/create", order_body(5003, processed_at=later(9), created_at=later(9), **karen))
    shop.send("orders/create", order_body(5004, processed_at=later(7), created_at=later(7), customer={"id": 78}))
    shop.step()
    counted = shop.rows(
        "select order_id, (data->>'orders_before')::int from journal where kind = 'OrderPlaced' order by 1"
    )
    assert counted == [("7-5001", 0), ("7-5002", 1), ("7-5003", 2), ("7-5004", 0)]


def test_a_parcel_before_its_order_is_early_and_asks_for_a_read(shop: Shop) -> None:
    shop.send("fulfillments/create", fulfillment(5001, 71))
    shop.step()
    assert shop.outcomes() == ["early"]
    assert shop.rows("select count(*) from orders") == [(0,)]
    assert shop.rows("select order_ref, urgency from reread") == [("5001", 1)]


def test_hints_ask_for_one_read_however_many_come(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001))
    for number in range(3):
        edited = {"order_edit": {"id": 900 + number, "order_id": 5001}}
        shop.send("orders/edited", json.dumps(edited).encode())
    shop.send("fulfillment_orders/moved", json.dumps(part_named(66)).encode())
    shop.step()
    assert shop.outcomes() == ["facts", "hint", "hint", "hint", "hint"]
    assert sorted(shop.rows("select order_ref from reread")) == [("5001",), ("fo:66",)]


def test_persons_are_sealed_and_nowhere_else(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001))
    shop.step()
    [(person_id, key, sealed, updated)] = shop.rows("select person_id, person_key, sealed, updated_at from person")
    person = persons.open_person(shop.ring, key, sealed, (1, person_id))
    assert (person.name, person.email) == ("Karen Holm", "karen@example.com")
    for table in ("journal", "orders", "decision", "task", "journal_object", "step"):
        text = str(shop.rows(f"select * from {table}"))
        assert "Holm" not in text and "karen@" not in text and "Nygade" not in text, table
    shop.now += timedelta(minutes=1)
    shop.send("orders/updated", order_body(5001, updated_at=later(2), tags="vip"))
    shop.step()
    assert shop.rows("select sealed, updated_at from person") == [(sealed, updated)], "repetition is not sealed anew"
    shop.send("orders/updated", order_body(5001, updated_at=later(3), email="new@example.com"))
    shop.step()
    [(key_after, sealed)] = shop.rows("select person_key, sealed from person")
    assert key_after == key
    assert persons.open_person(shop.ring, key, sealed, (1, person_id)).email == "new@example.com"


def test_a_late_fact_rewrites_its_neighbours(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001))
    shop.step()
    shop.now += timedelta(hours=3)
    shop.send("fulfillments/create", fulfillment(5001, 71, created_at=later(90), updated_at=later(90)))
    shop.step()
    shop.send("orders/updated", order_body(5001, updated_at=later(30), tags="seen late"))
    shop.step()
    chained = shop.rows(
        "select kind, previous, seconds_since::int from journal_object"
        " where object_kind = 'order' and kind in ('OrderPlaced', 'OrderChanged', 'Shipped') order by occurred_at, seq"
    )
    assert chained == [
        ("OrderPlaced", None, None),
        ("OrderChanged", "OrderPlaced", 1800),
        ("Shipped", "OrderChanged", 3600),
    ]


def fulfillment(order: int, number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "order_id": order,
        "status": "success",
        "created_at": later(30),
        "updated_at": later(30),
        "tracking_company": "PostNord",
        "tracking_number": "00370",
        "location_id": 3,
        "line_items": [{"id": order * 10 + 1, "quantity": 2}],
        **changes,
    }


def part_named(number: int) -> dict[str, Any]:
    return {"fulfillment_order": {"id": f"gid://shopify/FulfillmentOrder/{number}", "status": "open"}}
