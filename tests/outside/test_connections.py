"""A connection observes until it is told to go live; before that, the shop is read and listened to and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ordna.engine import clock
from ordna.engine.connections import Connections, NotConnected, WrongMode
from ordna.store.database import Database
from ordna.store.sealing import Keyring
from tests.engine.conftest import FLOW
from tests.outside.canned_shop import CannedShop, _send
from tests.outside.conftest import House
from tests.outside.test_rereads import node


@pytest.fixture
def connections(db: Database, ring: Keyring) -> Iterator[Connections]:
    made = Connections(db, ring)
    made.create_merchant(3, "Third", FLOW, "test")
    yield made


def test_connecting_writes_no_more_than_subscriptions_at_the_shop(
    connections: Connections, outside: CannedShop, db: Database
) -> None:
    outside.changed = [("1", clock.now().isoformat()), ("2", clock.now().isoformat())]
    made = connections.connect_shopify(3, outside.url, {"token": "t"}, "http://127.0.0.1:1", webhook_secret="s")
    assert (made.merchant, made.connection, made.title, made.orders, made.unlisted) == (3, 1, "Canned", 2, None)
    assert outside.mutations() == []
    addresses = {call["uri"] for call in outside.sent("Subscribe")}
    assert len(outside.sent("Subscribe")) == made.subscriptions > 20
    assert len(addresses) == 1
    assert addresses.pop().startswith("http://127.0.0.1:1/webhooks/")
    assert connections.waiting(3, made.connection) == (0, 0), "the workers list and read them"


def test_connecting_the_same_shop_again_renews_it(connections: Connections, outside: CannedShop) -> None:
    first = connections.connect_shopify(3, outside.url, {"token": "t"}, "http://127.0.0.1:1", webhook_secret="s")
    again = connections.connect_shopify(3, outside.url, {"token": "new"}, "http://127.0.0.1:1", webhook_secret="s")
    assert again.connection == first.connection


def test_a_shop_that_does_not_let_us_in_is_refused_in_words(connections: Connections, outside: CannedShop) -> None:
    outside.faults["Shop"].append("down")
    with pytest.raises(NotConnected, match="HTTP 503"):
        connections.connect_shopify(3, outside.url, {"token": "t"}, "http://127.0.0.1:1", webhook_secret="s")


def test_what_the_shop_says_then_is_shown_without_what_looks_like_a_person_or_a_secret(
    connections: Connections, outside: CannedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "Access denied for karen@example.com with shpat_0123456789abcdef,\nsee \x1b[31mthe log"
    denied = {"errors": [{"message": said, "extensions": {"code": "ACCESS_DENIED"}}]}
    monkeypatch.setattr(outside, "answer", lambda handler, _: _send(handler, 200, denied))
    with pytest.raises(NotConnected) as refused:
        connections.connect_shopify(3, outside.url, {"token": "t"}, "http://127.0.0.1:1", webhook_secret="s")
    assert str(refused.value) == "Access denied for … with …,\\x0asee \\x1b[31mthe log"


def test_the_preview_says_what_would_happen_and_changes_nothing(
    house: House, connections: Connections, outside: CannedShop
) -> None:
    house.rows_changed("update connection set mode = 'observe'")
    for number in (5001, 5002):
        house.place(number, shipping_address={"country_code": "DK"})
    before = house.rows("select order_id, seq, verdict from orders order by order_id")
    preview = connections.preview_go_live(1, 7)
    assert (preview.open_orders, preview.changed) == (2, 2)
    assert preview.tasks == {"step": 2}
    assert [would.name for would in preview.first] == ["#5001", "#5002"]
    assert all(would.changes for would in preview.first)
    assert house.rows("select order_id, seq, verdict from orders order by order_id") == before
    assert house.rows("select count(*) from task") == [(0,)]
    assert outside.calls == []


def test_going_live_settles_every_open_order_and_closed_history_stays_closed(
    house: House, connections: Connections
) -> None:
    house.rows_changed("update connection set mode = 'observe'")
    house.place(5001, shipping_address={"country_code": "DK"})
    house.place(5002, shipping_address={"country_code": "DK"}, closed_at=clock.now().isoformat())
    assert house.rows("select count(*) from task") == [(0,)]
    assert connections.go_live(1, 7) == 1
    house.work()
    assert house.rows("select distinct order_id from task") == [("7-5001",)]
    assert house.rows("select order_id from journal where kind = 'WorkBegan'") == [("7-5001",)]
    with pytest.raises(WrongMode):
        connections.go_live(1, 7)


def test_pausing_keeps_the_tasks_and_resuming_sends_what_waited(
    house: House, connections: Connections, outside: CannedShop
) -> None:
    house.place(shipping_address={"country_code": "DK"})
    house.want_tag("vip")
    connections.pause(1, 7)
    tasks = house.rows("select task_key from task where closed_at is null")
    assert tasks
    house.place(5001, shipping_address={"country_code": "DK"}, financial_status="partially_refunded")
    assert house.send_effects() == 0
    assert house.rows("select task_key from task where closed_at is null and order_id = '7-5001'") == tasks
    connections.resume(1, 7)
    house.send_effects()
    assert outside.mutations() == ["AddTags"]


def test_a_connection_that_observes_cannot_be_paused_into_being_live(house: House, connections: Connections) -> None:
    house.rows_changed("update connection set mode = 'observe'")
    with pytest.raises(WrongMode):
        connections.pause(1, 7)
    with pytest.raises(WrongMode):
        connections.resume(1, 7)


def test_outgoing_is_paused_for_all_with_one_call(house: House, connections: Connections, outside: CannedShop) -> None:
    house.place()
    house.want_tag("vip")
    assert connections.pause_outgoing(None) == 2
    assert house.send_effects() == 0
    connections.pause_outgoing(None, paused=False)
    assert house.send_effects() == 1


def test_an_effect_that_was_given_up_is_looked_up_when_it_is_tried_again(
    house: House, connections: Connections, outside: CannedShop
) -> None:
    house.place()
    house.want_tag("vip")
    house.rows_changed("update effect set status = 'dead', attempts = 8")
    outside.tags["5001"] = {"vip"}
    assert connections.try_again(1, "7-5001", "tag:vip#1")
    house.send_effects()
    assert house.effects() == [("tag:vip#1", "confirmed", 1)]
    assert outside.mutations() == []
    assert not connections.try_again(1, "7-5001", "tag:vip#1")


def test_history_comes_in_as_messages_and_changes_nothing_at_the_shop(
    house: House, connections: Connections, outside: CannedShop
) -> None:
    house.rows_changed("update connection set mode = 'observe'")
    for number in range(1, 31):
        outside.orders[str(number)] = node(number)
    outside.changed = [(ref, clock.now().isoformat()) for ref in outside.orders]
    assert connections.import_history(1, 7) == 30
    house.watch()
    while house.read_again():
        house.work()
    assert house.rows("select count(*) from orders") == [(30,)]
    assert house.rows("select count(*) from effect") == [(0,)]
    assert outside.mutations() == []
