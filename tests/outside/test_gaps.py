"""A silence is a row: when it began, why, when it ended, how many orders changed in it, when it was closed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ordna.connectors.registry import CONNECTORS
from ordna.connectors.shopify.gids import topic_enum
from ordna.engine import clock
from ordna.engine.subscriptions import reached_at
from ordna.store import watch
from tests.engine.conftest import TOKEN
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import House
from tests.outside.test_rereads import node
from tests.outside.test_sweeps import sweep_again

BASE = "https://orders.example.com"
TOPICS = [topic_enum(topic) for topic in CONNECTORS["shopify"].topics]


def subscribed(house: House, outside: CannedShop) -> None:
    """Every topic is sent to us, and the watchdog has seen it."""
    outside.subscribed = [
        {"id": f"gid://shopify/WebhookSubscription/{at}", "topic": topic, "uri": f"{BASE}/webhooks/{TOKEN}"}
        for at, topic in enumerate(TOPICS)
    ]
    with house.database.engine([1]) as conn:
        watch.begin(conn, (1, 7), watch.SUBSCRIPTIONS, reached_at(BASE))
    house.watch()


def look_again(house: House) -> None:
    """The watchdog's five minutes are over."""
    house.rows_changed("update watch set due_at = now() where duty = 'subscriptions'")
    house.watch()


def five_hours_pass(house: House) -> None:
    """Nobody looked after anything, and nothing came."""
    house.rows_changed(
        "update watch set due_at = now(), good_at = good_at - interval '5 hours',"
        " begun_at = begun_at - interval '5 hours'"
    )
    house.rows_changed("update connection set last_webhook_at = last_webhook_at - interval '5 hours'")


def gap(house: House, *columns: str) -> tuple[Any, ...]:
    """Columns of the only gap."""
    [row] = house.rows(f"select {', '.join(columns)} from gap")
    return row


def close(house: House) -> None:
    """A look at what is open."""
    with house.database.engine([1]) as conn:
        watch.close_gaps(conn, [1])


def test_five_silent_hours_are_a_gap_until_all_that_changed_is_taken_in(house: House, outside: CannedShop) -> None:
    subscribed(house, outside)
    five_hours_pass(house)
    for number in (1, 2, 3):
        outside.orders[str(number)] = node(number)
    outside.changed = [(ref, (clock.now() - timedelta(hours=1)).isoformat()) for ref in outside.orders]
    house.watch()
    assert gap(house, "cause", "orders", "ended_at is not null", "closed_at") == ("silent", 3, True, None)
    began, ended = gap(house, "now() - began_at", "now() - ended_at")
    assert timedelta(hours=4.9) < began < timedelta(hours=5.1)
    assert ended < timedelta(minutes=1)
    close(house)
    assert gap(house, "read_at", "closed_at") == (None, None), "three orders wait to be read"
    house.read_again()
    close(house)
    assert gap(house, "read_at is not null", "closed_at") == (True, None), "what was read is not taken in"
    house.work()
    close(house)
    assert gap(house, "closed_at is not null", "orders") == (True, 3)


def test_a_failing_shop_is_a_gap_after_a_quarter_of_an_hour(house: House, outside: CannedShop) -> None:
    subscribed(house, outside)
    outside.faults["Sweep"].extend(["down"] * 2)
    sweep_again(house)
    assert house.rows("select count(*) from gap") == [(0,)]
    house.rows_changed("update watch set good_at = now() - interval '16 minutes' where duty = 'sweep'")
    sweep_again(house)
    assert gap(house, "cause", "ended_at") == ("unreadable", None)
    sweep_again(house)
    close(house)
    close(house)
    assert gap(house, "ended_at is not null", "closed_at is not null", "orders") == (True, True, 0)


def test_lost_subscriptions_are_made_again_told_and_followed_by_a_sweep(house: House, outside: CannedShop) -> None:
    subscribed(house, outside)
    assert house.rows("select found, missed, error from watch where duty = 'subscriptions'") == [(len(TOPICS), 0, None)]
    assert house.rows("select count(*) from gap") == [(0,)]
    lost = [each for each in outside.subscribed if each["topic"] in ("ORDERS_PAID", "ORDERS_CREATE")]
    outside.subscribed = [each for each in outside.subscribed if each not in lost]
    outside.calls.clear()
    look_again(house)
    assert {call["topic"] for call in outside.sent("Subscribe")} == {"ORDERS_PAID", "ORDERS_CREATE"}
    assert {call["uri"] for call in outside.sent("Subscribe")} == {f"{BASE}/webhooks/{TOKEN}"}
    assert gap(house, "cause", "topics", "subscribed_at is not null") == (
        "unsubscribed",
        ["ORDERS_CREATE", "ORDERS_PAID"],
        True,
    )
    assert len(outside.sent("Sweep")) == 1, "what went by meanwhile is looked for at once"
    assert gap(house, "ended_at = subscribed_at") == (True,)
    assert house.rows("select found, missed from watch where duty = 'subscriptions'") == [(len(TOPICS), 2)]
    look_again(house)
    assert len(outside.sent("Subscribe")) == 2


def test_a_sweep_that_began_before_they_were_made_again_does_not_end_the_gap(house: House, outside: CannedShop) -> None:
    subscribed(house, outside)
    outside.subscribed = []
    outside.faults["Subscribe"].append("down")
    look_again(house)
    assert gap(house, "subscribed_at", "ended_at") == (None, None)
    sweep_again(house)
    assert gap(house, "ended_at") == (None,), "the shop sends nothing: who knows what comes after the sweep"
    assert house.rows("select failures, error is not null from watch where duty = 'subscriptions'") == [(1, True)]
    look_again(house)
    assert gap(house, "subscribed_at is not null", "ended_at is not null") == (True, True)


def test_webhooks_of_another_version_are_told(house: House, outside: CannedShop) -> None:
    subscribed(house, outside)
    for each in outside.subscribed:
        each["apiVersion"] = {"handle": "2026-04"}
    look_again(house)
    [(error,)] = house.rows("select error from watch where duty = 'subscriptions'")
    assert "2026-04" in error


def test_a_connection_made_before_there_was_a_watchdog_is_known_by_its_address(
    house: House, outside: CannedShop
) -> None:
    subscribed(house, outside)
    house.rows_changed("delete from watch")
    outside.subscribed = outside.subscribed[:5]
    house.watcher._ensured = float("-inf")
    house.watch()
    assert len(outside.sent("Subscribe")) == len(TOPICS) - 5
    assert {call["uri"] for call in outside.sent("Subscribe")} == {f"{BASE}/webhooks/{TOKEN}"}
