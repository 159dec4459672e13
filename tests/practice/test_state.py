"""A practice shop that is stopped and started again is the same shop; and a state file is data, never code."""

from __future__ import annotations

import http.client
import json
import pickle
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ordna.practice import derive
from ordna.practice.deeds import DEEDS
from ordna.practice.deliveries import Delivery
from ordna.practice.model import Order, WebhookSubscription
from ordna.practice.mutations.edits import begin
from ordna.practice.mutations.fulfillments import ship
from ordna.practice.mutations.orders import cancel_order
from ordna.practice.runtime import PracticeShop, opened
from ordna.practice.state import Unreadable, load, save
from tests.practice.shop_world import APP_ID, NOW, basket_of, digest, quiet_shop


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at

    def later(self, **delta: float) -> None:
        self.at += timedelta(**delta)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "home" / "practice.state"


@pytest.fixture
def shop(clock: Clock) -> PracticeShop:
    """A live shop without a past in which nobody comes by himself."""
    world, life = quiet_shop()
    return PracticeShop(world, life, clock)


def again(shop: PracticeShop, file: Path, clock: Clock, **closed_for: float) -> PracticeShop:
    """The shop after it was closed and opened again."""
    save(shop, file, closing=True)
    clock.later(**closed_for)
    return load(file, clock)


def routed(shop: PracticeShop, clock: Clock) -> Order:
    order = shop.life.buy(basket_of(shop.world, 2))
    clock.later(seconds=10)
    shop.advance()
    return order


def test_a_whole_month_comes_back_as_it_was(file: Path, clock: Clock) -> None:
    shop = opened(3, history_days=30, orders_per_day=20, orders_per_hour=60, clock=clock)
    begin(shop.world, next(order for order in shop.world.orders.values() if DEEDS["edit"].is_open(order)))
    shop.mutations_served["fulfillmentCreate"] = 3
    back = again(shop, file, clock)
    assert digest(back.world) == digest(shop.world)
    assert back.credentials() == shop.credentials()
    assert back.mutations_served == {"fulfillmentCreate": 3}
    assert back.stories() == shop.stories()
    assert back.life.orders_per_hour == 60


def test_the_file_is_its_owners_alone_and_nothing_lies_beside_it(file: Path, shop: PracticeShop) -> None:
    save(shop, file)
    save(shop, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_numbers_go_on_after_a_clean_stop_and_leave_a_gap_after_a_crash(
    file: Path, shop: PracticeShop, clock: Clock
) -> None:
    first = routed(shop, clock)
    back = again(shop, file, clock)
    second = routed(back, clock)
    assert (second.id, second.number) == (first.id + 1, first.number + 1)
    save(back, file)
    forgotten = routed(back, clock)
    third = routed(load(file, clock), clock)
    assert third.id > forgotten.id and third.number > forgotten.number
    assert third.fulfillment_orders[0].id > forgotten.fulfillment_orders[0].id


def test_what_an_app_shipped_stays_shipped_and_the_parcel_travels_on(
    file: Path, shop: PracticeShop, clock: Clock
) -> None:
    order = routed(shop, clock)
    ship(shop.world, [(order.fulfillment_orders[0], None)], company="PostNord")
    shop.advance()
    clock.later(seconds=90)
    shop.advance()
    before = [event.status for event in order.fulfillments[0].events]
    assert before == ["CONFIRMED", "IN_TRANSIT"]
    back = again(shop, file, clock, hours=3)
    kept = back.world.orders[order.id]
    assert derive.fulfillment_status(kept) == "FULFILLED"
    clock.later(minutes=20)
    back.advance()
    after = [event.status for event in kept.fulfillments[0].events]
    assert after[:2] == before and after.count("CONFIRMED") == 1 and after[-1] == "DELIVERED"
    assert kept.closed_at


def test_routing_and_cancelling_under_way_are_finished(file: Path, shop: PracticeShop, clock: Clock) -> None:
    cancelled = routed(shop, clock)
    job = cancel_order(shop.world, cancelled, "CUSTOMER", restock=True, refund=True, staff_note="asked by phone")
    unrouted = shop.life.buy(basket_of(shop.world, 1))
    back = again(shop, file, clock)
    back.advance()
    assert back.world.orders[unrouted.id].fulfillment_orders
    kept = back.world.orders[cancelled.id]
    assert kept.cancelled_at and kept.cancel_reason == "CUSTOMER" and kept.staff_note == "asked by phone"
    assert kept.refunds and back.world.jobs[job.id].done


def test_people_still_do_what_they_intended(file: Path, shop: PracticeShop, clock: Clock) -> None:
    orders = [shop.life.buy(basket_of(shop.world, 1, payment="authorized")).id for _ in range(20)]
    back = again(shop, file, clock, days=2)
    back.advance()
    paid = {derive.financial_status(back.world.orders[number]) for number in orders}
    assert "PAID" in paid


def test_buyers_keep_coming_at_the_pace_they_had_and_stay_away_from_a_paused_shop(
    file: Path, shop: PracticeShop, clock: Clock
) -> None:
    shop.life.set_pace(600)
    shop.life.pause()
    back = again(shop, file, clock)
    clock.later(minutes=10)
    back.advance()
    assert back.is_paused and not back.world.orders
    back.life.resume()
    clock.later(hours=1)
    back.advance()
    assert 500 < len(back.world.orders) < 700


def test_webhooks_not_delivered_yet_are_sent_by_the_next_start(file: Path, shop: PracticeShop, clock: Clock) -> None:
    shop.world.subscriptions[9] = WebhookSubscription(
        9, APP_ID, "orders/create", "http://127.0.0.1:1/hook", created_at=NOW, updated_at=NOW
    )
    for _ in range(2):
        shop.life.buy(basket_of(shop.world, 1))
    shop.advance()
    on_the_way = shop.sender.desk.take_due(clock(), limit=1)
    back = again(shop, file, clock)
    assert list(back.world.subscriptions) == [9]
    due = back.sender.desk.take_due(clock(), limit=9)
    assert _sent(due) == _sent([*on_the_way, *shop.sender.desk.take_due(clock(), limit=9)])
    assert len(due) == 2


@pytest.mark.parametrize("global_name", ["os system", "builtins eval", "ordna.practice.state load"])
def test_a_file_that_names_code_is_refused_and_runs_nothing(
    file: Path, shop: PracticeShop, tmp_path: Path, global_name: str
) -> None:
    save(shop, file)
    first_line = file.read_bytes().partition(b"\n")[0]
    trace = tmp_path / "trace"
    module, _, name = global_name.partition(" ")
    hostile = f"c{module}\n{name}\n(S'touch {trace}'\ntR.".encode()
    file.write_bytes(first_line + b"\n" + hostile)
    with pytest.raises(Unreadable, match=f"names {module}.{name}"):
        load(file)
    assert not trace.exists()


def test_a_method_cannot_be_reached_through_a_listed_class(file: Path, shop: PracticeShop) -> None:
    save(shop, file)
    first_line = file.read_bytes().partition(b"\n")[0]
    dotted = b"\x80\x04\x8c\x14ordna.practice.model\x8c\x17Order.__init__.__code__\x93."
    file.write_bytes(first_line + b"\n" + dotted)
    with pytest.raises(Unreadable, match="names"):
        load(file)


@pytest.mark.parametrize("damage", ["empty", "cut", "other version", "no state"])
def test_a_broken_file_is_told_from_a_good_one(file: Path, shop: PracticeShop, damage: str) -> None:
    save(shop, file)
    content = file.read_bytes()
    first_line = content.partition(b"\n")[0] + b"\n"
    broken = {
        "empty": b"",
        "cut": content[: len(content) // 2],
        "other version": content.replace(b"shop 1", b"shop 0", 1),
        "no state": first_line + pickle.dumps([1, 2]),
    }
    file.write_bytes(broken[damage])
    with pytest.raises(Unreadable):
        load(file)


def test_stopped_and_started_the_process_goes_on_and_a_broken_file_opens_a_fresh_shop(file: Path) -> None:
    first = _Process(file)
    placed = first.ask("POST", "/_practice/orders")["name"]
    assert "a fresh one opens" in first.stop()
    second = _Process(file)
    assert placed in {order["name"] for order in second.ask("GET", "/_practice/orders")["orders"]}
    assert "fresh" not in second.stop()
    file.write_bytes(b"not a shop")
    third = _Process(file)
    assert third.ask("GET", "/_practice/orders")["orders"] == []
    said = third.stop()
    assert f"The practice shop in {file} cannot be taken up" in said
    assert load(file)


def _sent(deliveries: list[Delivery]) -> list[tuple[str, bytes]]:
    return sorted((delivery.webhook_id, delivery.event.body) for delivery in deliveries)


class _Process:
    """`ordna practice` without a past and without buyers, kept in a file."""

    def __init__(self, file: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        asked = ["--port", str(self.port), "--history-days", "0", "--orders-per-hour", "0", "--state", str(file)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ordna.cli", "practice", *asked],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ask(self, method: str, path: str) -> Any:
        until = time.monotonic() + 30
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                connection.request(method, path, "{}", {"Content-Type": "application/json"})
                return json.loads(connection.getresponse().read())
            except ConnectionRefusedError:
                assert time.monotonic() < until and self.process.poll() is None
                time.sleep(0.1)

    def stop(self) -> str:
        """Everything it said until it ended."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=20)[0]
