"""The practice shop's bad days over real HTTP and at its desk: each fault happens, is counted, and ends when told."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ordna.practice.bad_days import BLACKOUT, FAULTS, BadDays, CallFault, shares_of
from ordna.practice.deliveries import Delivery, DeliveryDesk, Event, Target, signature
from tests.practice.test_webhooks_http import Receiver, RunningShop, receiver, running, until

__all__ = ["receiver", "running"]

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
TARGET = Target(7, "https://receiver.example/hook")
TAG = 'mutation($id: ID!) { tagsAdd(id: $id, tags: ["seen"]) { node { id } } }'
SHOP_NAME = "query { shop { name } }"
DELIVERY_FAULTS = ("dropped", "duplicated", "reordered", "delayed")
CALL_FAULTS = ("throttled", "throttled_429", "server_error", "slow", "half_closed", "cut", "lost")


def event(number: int) -> Event:
    return Event(f"event-{number}", "orders/updated", b"{}", NOON + timedelta(seconds=number), order_id=1001)


def planned(days: BadDays, count: int = 400) -> list[Delivery]:
    desk = DeliveryDesk(delete_subscription=lambda _: None, stages=[days.stage])
    return [delivery for number in range(count) for delivery in desk.announce(event(number), TARGET)]


def test_deliveries_are_dropped_doubled_overtaken_and_a_day_late() -> None:
    days = BadDays(3, {"dropped": 0.1, "duplicated": 0.1, "reordered": 0.3, "delayed": 0.1})
    came = planned(days)
    assert all(days.counts[name] > 10 for name in DELIVERY_FAULTS), days.counts
    assert len(came) == 400 - days.counts["dropped"] + days.counts["duplicated"]
    twice = [count for count in Counter(one.webhook_id for one in came).values() if count == 2]
    assert len(twice) == days.counts["duplicated"]
    late = [one.due_at - one.event.triggered_at for one in came]
    assert timedelta(hours=12) < max(late) <= timedelta(days=1, minutes=2)
    in_time = sorted(came, key=lambda one: one.due_at)
    assert in_time != came


def test_the_same_seed_spoils_the_same_deliveries_whatever_else_is_switched_on() -> None:
    alone = BadDays(3, {"dropped": 0.1})
    mixed = BadDays(3, {"dropped": 0.1, "duplicated": 0.5, "wrong_secret": 0.5, "throttled": 0.9})
    assert {one.webhook_id for one in planned(alone)} == {one.webhook_id for one in planned(mixed)}
    assert {one.webhook_id for one in planned(BadDays(4, {"dropped": 0.1}))} != {
        one.webhook_id for one in planned(alone)
    }


def test_a_good_day_spoils_nothing_and_counts_nothing() -> None:
    days = BadDays(3)
    assert len(planned(days)) == 400
    assert [days.of_call(NOON) for _ in range(100)] == [None] * 100
    assert not any(days.counts.values())


def test_faults_are_switched_one_by_one_and_off_again() -> None:
    days = BadDays(3)
    days.switch_all(True)
    assert set(days.shares) == set(FAULTS)
    days.switch({"dropped": 0, "cut": 1})
    assert "dropped" not in days.shares
    assert next(fault for fault in iter(lambda: days.of_call(NOON), None)).name in CALL_FAULTS
    days.black_out(NOON, 5)
    assert days.of_call(NOON + timedelta(hours=4)) == CallFault(BLACKOUT)
    days.switch_all(False)
    assert days.of_call(NOON + timedelta(hours=4)) is None


@pytest.mark.parametrize(
    ("text", "shares"),
    [("dropped,slow=0.2", {"dropped": 0.03, "slow": 0.2}), ("", {}), ("all", {n: s for n, (s, _) in FAULTS.items()})],
)
def test_a_command_line_names_faults_with_or_without_their_share(text: str, shares: dict[str, float]) -> None:
    assert shares_of(text) == shares


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("droped", "There is no bad day called 'droped'"),
        ("slow=2", "The share of slow is between 0 and 1."),
        ("slow=much", "The share of slow is a number."),
    ],
)
def test_a_fault_there_is_not_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        shares_of(text)


# --- over HTTP ------------------------------------------------------------------------------------------------


@pytest.fixture
def spoiled(running: RunningShop) -> Iterator[RunningShop]:
    yield running
    running.post("/_practice/bad-days", {"all": "off"})


def called(shop: RunningShop) -> tuple[int, bytes]:
    """One call of the Admin API as a plain client sees it. Raises what http.client raises."""
    token = shop.get("/_practice/credentials")["access_token"]
    connection = http.client.HTTPConnection(shop.url.removeprefix("http://"), timeout=30)
    headers = {"Content-Type": "application/json", "X-Shopify-Access-Token": token}
    connection.request("POST", "/admin/api/2026-10/graphql.json", json.dumps({"query": SHOP_NAME}), headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def happened(shop: RunningShop, name: str) -> int:
    return int(shop.get("/_practice/bad-days")["happened"].get(name, 0))


@pytest.mark.parametrize(
    ("fault", "status", "part_of_body"),
    [
        ("throttled", 200, b'"code":"THROTTLED"'),
        ("throttled_429", 429, b"Exceeded"),
        ("server_error", None, b"Something went wrong"),
        ("lost", 502, b"Something went wrong"),
    ],
)
def test_a_call_is_turned_away_or_its_answer_lost(
    spoiled: RunningShop, fault: str, status: int | None, part_of_body: bytes
) -> None:
    spoiled.post("/_practice/bad-days", {fault: 1})
    got, body = called(spoiled)
    assert got == status or (status is None and got >= 500)
    assert part_of_body in body
    assert happened(spoiled, fault) == 1
    spoiled.post("/_practice/bad-days", {fault: 0})
    assert called(spoiled)[0] == 200


@pytest.mark.parametrize(("fault", "some"), [("half_closed", False), ("cut", True)])
def test_an_answer_ends_too_early(spoiled: RunningShop, fault: str, some: bool) -> None:
    spoiled.post("/_practice/bad-days", {fault: 1})
    with pytest.raises(http.client.IncompleteRead) as broken:
        called(spoiled)
    assert bool(broken.value.partial) == some
    assert happened(spoiled, fault) == 1


def test_what_was_asked_is_done_though_its_answer_is_lost(spoiled: RunningShop) -> None:
    order = spoiled.post("/_practice/orders", {})
    spoiled.post("/_practice/bad-days", {"lost": 1})
    with pytest.raises(Exception, match="502"):
        spoiled.graphql(TAG, {"id": f"gid://shopify/Order/{order['id']}"})
    assert "seen" in spoiled.get(f"/_practice/orders/{order['id']}")["tags"]
    assert happened(spoiled, "changes left in doubt") == 1


def test_nothing_gets_through_a_blackout(spoiled: RunningShop, receiver: Receiver) -> None:
    spoiled.subscribe("ORDERS_CREATE", receiver)
    spoiled.post("/_practice/bad-days", {"blackout_hours": 5})
    spoiled.post("/_practice/orders", {})
    until(lambda: happened(spoiled, "tries in a blackout") > 0)
    assert receiver.deliveries == []
    with pytest.raises((http.client.HTTPException, OSError)):
        called(spoiled)
    assert spoiled.get("/_practice/bad-days")["dark_until"]
    spoiled.post("/_practice/bad-days", {"all": "off"})
    assert called(spoiled)[0] == 200


def test_a_wrong_secret_and_a_new_one_show_in_the_signature(spoiled: RunningShop, receiver: Receiver) -> None:
    spoiled.subscribe("ORDERS_CREATE", receiver)
    old = spoiled.get("/_practice/credentials")["client_secret"]
    spoiled.post("/_practice/bad-days", {"wrong_secret": 1})
    spoiled.post("/_practice/orders", {})
    until(lambda: len(receiver.deliveries) == 1)
    spoiled.post("/_practice/bad-days", {"all": "off"})
    spoiled.post("/_practice/bad-days", {"rotate_secret": True})
    new = spoiled.get("/_practice/credentials")["client_secret"]
    for number in range(12):
        spoiled.post("/_practice/orders", {})
        until(lambda number=number: len(receiver.deliveries) == number + 2)  # type: ignore[misc]
    secrets = [_secret_of(*delivery, (old, new)) for delivery in receiver.deliveries]
    assert secrets[0] is None
    assert set(secrets[1:]) == {old, new}
    assert happened(spoiled, "signed with the old secret") == secrets.count(old)


def test_a_storm_changes_one_order_500_times_and_leaves_it_as_it_was(running: RunningShop) -> None:
    order = running.post("/_practice/orders", {})
    running.post("/_practice/bad-days", {"storm_order": order["id"]})
    world = running.shop.world
    running.shop.clock = lambda: world.now() + timedelta(seconds=2)  # a minute passes in thirty beats
    until(lambda: happened(running, "changes of a storm") == 500)
    assert running.get(f"/_practice/orders/{order['id']}")["tags"] == order["tags"]


def test_what_is_no_share_is_refused(running: RunningShop) -> None:
    with pytest.raises(Exception, match="400"):
        running.post("/_practice/bad-days", {"dropped": 7})
    with pytest.raises(Exception, match="400"):
        running.post("/_practice/bad-days", {"blackout_hours": "long"})
    assert not any(running.get("/_practice/bad-days")["shares"].values())


def _secret_of(headers: dict[str, str], body: bytes, secrets: tuple[str, ...]) -> str | None:
    signed = headers["x-shopify-hmac-sha256"]
    return next((secret for secret in secrets if signature(body, secret) == signed), None)
