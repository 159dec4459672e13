"""The carrier's connector against the carrier over HTTP: nothing is bought twice, and doubt is looked up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ordna.connectors.contract import Answer, Endpoint, Ignored, ParcelNews, Unusable
from ordna.connectors.practice_post import webhooks
from ordna.connectors.practice_post.carrier import PracticePost
from ordna.core.effects import Effect, PurchaseLabel, ReturnLabel
from ordna.core.shipping import Package, ParcelAddress
from ordna.practice.carrier.desk import signature
from ordna.practice.carrier.server import Carrier
from tests.practice.carrier_running import ask, running

HERE = ParcelAddress("Ordna & Sons", ("Vestergade 1",), "8000", "Aarhus", "DK")
THERE = ParcelAddress("Karen Holm", ("Nygade 5",), "5700", "Svendborg", "DK")
BUY = PurchaseLabel("51-1", "51", 2, "home", Package(1500), "a-reference-of-ours", "#1001", HERE, THERE)
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    with running(silence_s=4.0) as opened:
        yield opened


@pytest.fixture
def door(carrier: Carrier) -> PracticePost:
    return PracticePost(Endpoint(carrier.base_url, "practice-post", "1", "practice_carrier_token"), total_s=1.0)


def buy(door: PracticePost, body: PurchaseLabel = BUY) -> Answer:
    return door.perform(Effect("label:51-1#1", 1, body), "5001")


def look(door: PracticePost) -> Answer:
    return door.look_up(Effect("label:51-1#1", 1, BUY), "5001")


def test_rates_are_minor_units_the_cheapest_first(door: PracticePost) -> None:
    found = door.rates(HERE, THERE, Package(1500))
    assert not isinstance(found, Answer)
    assert [(rate.service, rate.price, rate.currency) for rate in found] == [
        ("shop", 4200, "DKK"), ("home", 6350, "DKK"), ("express", 13800, "DKK"),
    ]  # fmt: skip


def test_a_label_is_bought_with_what_is_printed(door: PracticePost, carrier: Carrier) -> None:
    answer = buy(door)
    assert answer.result == "confirmed" and answer.label is not None
    assert answer.label.made.price == 6350 and answer.label.made.tracking == "PP000000014DK"
    assert answer.label.pdf.startswith(b"%PDF-") and answer.label.zpl.startswith(b"^XA")
    assert [parcel.mark for parcel in carrier.post.parcels.values()] == ["#1001"]


def test_bought_again_under_its_key_it_is_the_same_label(door: PracticePost, carrier: Carrier) -> None:
    assert buy(door).reference == buy(door).reference
    assert len(carrier.post.parcels) == 1


@pytest.mark.parametrize("bad_day", ["timeout_after_buying", "error_after_buying"])
def test_an_answer_lost_after_buying_is_in_doubt_and_found(door: PracticePost, carrier: Carrier, bad_day: str) -> None:
    ask(carrier, "POST", "/_carrier/bad-days", {bad_day: 1})
    assert buy(door).result == "in_doubt"
    found = look(door)
    assert found.result == "confirmed" and found.label is not None
    assert len(carrier.post.parcels) == 1


def test_an_error_before_buying_is_in_doubt_and_seen_to_be_nothing(door: PracticePost, carrier: Carrier) -> None:
    ask(carrier, "POST", "/_carrier/bad-days", {"server_error": 1})
    assert buy(door).result == "in_doubt"
    assert look(door).result == "again", "a look-up that failed proves nothing"
    ask(carrier, "POST", "/_carrier/bad-days", {})
    assert look(door).result == "nothing"


def test_a_voided_label_is_no_label(door: PracticePost) -> None:
    bought = buy(door)
    back = Effect("void:51-1#1", 1, ReturnLabel("51-1", 2, bought.reference or ""))
    assert door.perform(back, "5001").result == door.look_up(back, "5001").result == "confirmed"
    assert look(door).result == "nothing"


def test_what_moves_is_not_taken_back(door: PracticePost, carrier: Carrier) -> None:
    bought = buy(door)
    carrier.post.tell(carrier.post.parcels["pp_1"], "in_transit")
    answer = door.perform(Effect("void:51-1#1", 1, ReturnLabel("51-1", 2, bought.reference or "")), "5001")
    assert (answer.result, answer.code) == ("refused", "already_moving")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"service": "pigeon"}, "no_service"),
        ({"package": Package(0)}, "bad_weight"),
        ({"receiver": None}, "no_address"),
    ],
)
def test_what_the_carrier_refuses_is_refused(door: PracticePost, changed: dict[str, object], code: str) -> None:
    from msgspec.structs import replace

    answer = buy(door, replace(BUY, **changed))
    assert (answer.result, answer.code) == ("refused", code)


def test_nothing_there_is_no_doubt() -> None:
    away = PracticePost(Endpoint("http://127.0.0.1:9", "practice-post", "1", "t"), total_s=1.0)
    assert buy(away).result == "again"
    assert isinstance(away.account(), Answer)


def test_a_wrong_token_is_tried_again_later(carrier: Carrier) -> None:
    stranger = PracticePost(Endpoint(carrier.base_url, "practice-post", "1", "wrong"), total_s=1.0)
    assert (buy(stranger).result, buy(stranger).code) == ("again", "unauthorized")


def test_where_parcels_are(door: PracticePost, carrier: Carrier) -> None:
    bought = buy(door)
    assert bought.label is not None
    number = bought.label.made.tracking
    assert door.track((number, "PP999999999DK")) == ()
    for status in ("in_transit", "delayed"):
        carrier.post.tell(carrier.post.parcels["pp_1"], status)
    told = door.track((number,))
    assert not isinstance(told, Answer)
    assert [(each.tracking, each.progress) for each in told] == [(number, "in_transit"), (number, "delayed")]


# --- webhooks ---


def body(**changes: object) -> bytes:
    told = {"event": "pp_1-2", "tracking": "PP000000014DK", "status": "delivered", "at": "2026-11-25T11:00:00+00:00"}
    return json.dumps(told | changes).encode()


def test_a_word_on_a_parcel_is_understood() -> None:
    news = webhooks.translate("tracking", body(), NOW, None)
    assert news == ParcelNews("PP000000014DK", "delivered", datetime(2026, 11, 25, 11, 0, tzinfo=UTC))
    assert webhooks.routing_key("tracking", body()) == "parcel:PP000000014DK"


def test_only_who_knows_the_secret_is_believed() -> None:
    assert webhooks.verify(body(), signature(body(), "s"), ["old", "s"]) == 1
    assert webhooks.verify(body(), signature(body(), "other"), ["s"]) is None
    assert webhooks.verify(body(place="x"), signature(body(), "s"), ["s"]) is None
    assert webhooks.verify(body(), None, ["s"]) is None


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"\xff", b'{"tracking": 5}', b"[" * 100_000,
     body(status="teleported"), body(at="noon"), body(at="2026-11-25T11:00:00")],
)  # fmt: skip
def test_what_nobody_can_read_is_set_aside_and_never_raises(raw: bytes) -> None:
    assert isinstance(webhooks.translate("tracking", raw, NOW, None), Unusable)


def test_what_is_no_news_is_ignored() -> None:
    assert isinstance(webhooks.translate("tracking", body(status="created"), NOW, None), Ignored)
    assert isinstance(webhooks.translate("invoice", body(), NOW, None), Ignored)
