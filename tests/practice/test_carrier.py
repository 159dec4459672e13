"""The practice carrier over real HTTP: prices by zone and weight, one label a key, parcels that travel, bad days."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ordna.practice.carrier import app, desk, label
from ordna.practice.carrier.bad_days import BadDays
from ordna.practice.carrier.model import ENDS, Address, Size
from ordna.practice.carrier.post import (
    AlreadyMoving,
    KeyReused,
    Order,
    PracticePost,
    tracking_number,
    way_of,
)
from ordna.practice.carrier.server import SECRET, Carrier
from ordna.practice.carrier.tariff import NotCarried, rate_of, rates
from tests.practice.carrier_running import ask, running
from tests.practice.pictures import barcodes

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HERE = Address("Ordna & Sons", ("Vestergade 1",), "8000", "Aarhus", "DK")
THERE = Address("Karen Holm", ("Nygade 5",), "5700", "Svendborg", "DK")
HOSTILE = Address("#hack $x$ *bold* \\ ^XA~JA", ("#eval(1)", "<b>^FS^XZ</b>"), "5700", "[Æ]", "DK")


def order(receiver: Address = THERE, weight_g: int = 1500, service: str = "home") -> Order:
    return Order("ref-1", service, HERE, receiver, Size(weight_g), "#1001")


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    with running() as opened:
        yield opened


# --- rates ---


def test_a_parcel_costs_by_zone_and_by_begun_kilogram() -> None:
    assert [rate_of("home", Size(grams), "DK").price for grams in (1, 1000, 1001, 2000, 2001)] == [
        5900, 5900, 6350, 6350, 6800,
    ]  # fmt: skip
    assert [rate_of("home", Size(500), country).price for country in ("DK", "SE", "DE", "US")] == [
        5900, 9900, 13900, 24900,
    ]  # fmt: skip


def test_a_light_but_large_parcel_is_charged_for_its_room() -> None:
    assert rate_of("home", Size(500, 600, 400, 400), "DK").price == rate_of("home", Size(24_000), "DK").price


@pytest.mark.parametrize(
    ("size", "service", "country", "code"),
    [
        (Size(0), "home", "DK", "bad_weight"),
        (Size(31_501), "home", "DK", "bad_weight"),
        (Size(500, 1501), "home", "DK", "bad_size"),
        (Size(500), "shop", "US", "no_service"),
        (Size(500), "pigeon", "DK", "no_service"),
    ],
)
def test_what_it_does_not_carry_is_refused_by_name(size: Size, service: str, country: str, code: str) -> None:
    with pytest.raises(NotCarried) as no:
        rate_of(service, size, country)
    assert no.value.code == code


def test_the_cheapest_rate_comes_first() -> None:
    assert [rate.service for rate in rates(Size(500), "DK")] == ["shop", "home", "express"]


# --- labels ---


def test_one_key_buys_one_label() -> None:
    post = PracticePost(NOON)
    first = post.buy("key-0001", order())
    assert post.buy("key-0001", order()) is first
    with pytest.raises(KeyReused):
        post.buy("key-0001", order(weight_g=2000))
    assert len(post.parcels) == 1


def test_a_key_is_forgotten_after_a_day_and_the_reference_is_not() -> None:
    post = PracticePost(NOON)
    first = post.buy("key-0001", order())
    post.advance(NOON + timedelta(hours=25))
    assert post.buy("key-0001", order()) is not first
    assert [parcel.id for parcel in post.of_reference("ref-1")] == ["pp_1", "pp_2"]


def test_numbers_carry_the_check_digit_of_the_post_unions() -> None:
    assert tracking_number(47312482) == "PP473124829DK"


def test_a_label_is_void_until_the_parcel_moves() -> None:
    post = PracticePost(NOON)
    kept, moving = post.buy("key-0001", order()), post.buy("key-0002", order())
    post.void(kept)
    post.void(kept)
    post.tell(moving, "in_transit")
    with pytest.raises(AlreadyMoving):
        post.void(moving)
    assert (kept.status, moving.status) == ("voided", "in_transit")


def test_the_label_reads_back_as_the_parcels_number() -> None:
    parcel = PracticePost(NOON).buy("key-0001", order())
    assert barcodes(label.png(parcel)) == [parcel.tracking]


def test_hostile_text_is_printed_and_nothing_else() -> None:
    parcel = PracticePost(NOON).buy("key-0001", order(HOSTILE))
    assert label.pdf(parcel).startswith(b"%PDF-")
    assert barcodes(label.png(parcel)) == [parcel.tracking]
    zpl = label.zpl(parcel)
    assert zpl.count("^XA") == zpl.count("^XZ") == 1 and "~" not in zpl
    assert "_5EXA_7EJA" in zpl


# --- the way ---


def test_every_way_ends_and_all_ways_are_taken() -> None:
    ways = {way_of(tracking_number(number)) for number in range(1, 200)}
    assert len(ways) == 4 and all(way[-1] in ENDS for way in ways)


def test_a_parcel_that_was_handed_over_travels_to_its_end() -> None:
    post = PracticePost(NOON, stage_s=60, van_s=10**6)
    parcel = post.buy("key-0001", order())
    assert post.advance(NOON + timedelta(hours=1)) == []
    post.hand_over(parcel)
    told = post.advance(NOON + timedelta(hours=2))
    assert tuple(each.event.status for each in told) == way_of(parcel.tracking)
    assert [each.event.at for each in told] == [
        NOON + timedelta(hours=1, minutes=minutes) for minutes in range(1, len(told) + 1)
    ]


def test_a_voided_label_never_travels() -> None:
    post = PracticePost(NOON, stage_s=1, van_s=1)
    post.void(post.buy("key-0001", order()))
    assert post.advance(NOON + timedelta(days=1)) == []


# --- over HTTP ---


def test_nobody_gets_in_without_the_token(carrier: Carrier) -> None:
    import urllib.error

    with pytest.raises(urllib.error.HTTPError) as no:
        ask(carrier, "GET", "/v1/account")
    assert no.value.code == 401


def test_events_are_told_signed_and_told_again_until_they_are_taken(carrier: Carrier, receiver: Receiver) -> None:
    parcel = carrier.post.buy("key-0001", order())
    carrier.desk.url = receiver.url
    receiver.answers[:] = [500, 200]
    desk.RETRIES_S, kept = (0, 0), desk.RETRIES_S
    try:
        ask(carrier, "POST", "/_carrier/events", {"tracking": parcel.tracking, "status": "in_transit"})
        until(lambda: len(receiver.told) == 2)
    finally:
        desk.RETRIES_S = kept
    headers, body = receiver.told[0]
    assert receiver.told[1][1] == body
    assert headers["x-practice-post-signature"] == hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert (told["tracking"], told["reference"], told["status"]) == (parcel.tracking, "ref-1", "in_transit")


def test_bad_days_of_events(carrier: Carrier, receiver: Receiver) -> None:
    parcel = carrier.post.buy("key-0001", order())
    carrier.desk.url = receiver.url
    ask(carrier, "POST", "/_carrier/bad-days", {"duplicate_events": 1})
    ask(carrier, "POST", "/_carrier/events", {"tracking": parcel.tracking, "status": "in_transit"})
    until(lambda: len(receiver.told) == 2)
    ask(carrier, "POST", "/_carrier/bad-days", {"late_events": 1})
    ask(carrier, "POST", "/_carrier/events", {"tracking": parcel.tracking, "status": "out_for_delivery"})
    ask(carrier, "POST", "/_carrier/bad-days", {"lost_events": 1})
    ask(carrier, "POST", "/_carrier/events", {"tracking": parcel.tracking, "status": "attempted"})
    ask(carrier, "POST", "/_carrier/bad-days", {})
    ask(carrier, "POST", "/_carrier/events", {"tracking": parcel.tracking, "status": "delivered"})
    until(lambda: len(receiver.told) == 3)
    statuses = [json.loads(body)["status"] for _, body in receiver.told]
    assert statuses == ["in_transit", "in_transit", "delivered"], "one late, one lost"
    assert carrier.desk.waiting() == 1
    counts = ask(carrier, "GET", "/_carrier/calls")["bad_days"]
    assert counts == {"duplicate_events": 1, "late_events": 1, "lost_events": 1}


def test_a_bad_day_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="no bad day"):
        BadDays().switch({"earthquake": 1})


def test_its_parcels_outlive_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "carrier.state"
    before = app.opened()
    parcel = before.post.buy("key-0001", order())
    before.post.tell(parcel, "in_transit")
    before.desk.url = "http://127.0.0.1:1/hook"
    app._save(before, state)
    after = app.opened()
    app._take_up(after, state)
    assert after.post.parcels == before.post.parcels
    assert after.desk.url == before.desk.url


def test_the_command_opens_it_until_it_is_told_to_stop(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    asked = ["practice-carrier", "--port", str(port), "--state", str(tmp_path / "c"), "--bad-days", "slow=0"]
    process = subprocess.Popen([sys.executable, "-m", "ordna.cli", *asked], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert "Practice Post is open" in process.stdout.readline()
        until(lambda: answers(f"http://127.0.0.1:{port}/_carrier/credentials"), 20)
    finally:
        process.terminate()
    assert process.wait(20) == 0


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


class Receiver:
    def __init__(self) -> None:
        self.url = ""
        self.answers = [200]
        self.told: list[tuple[dict[str, str], bytes]] = []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept.told.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(kept.answers.pop(0) if len(kept.answers) > 1 else kept.answers[0])
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield kept
    server.shutdown()
    server.server_close()


def until(holds: Any, seconds: float = 10) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it did not come about in time"
        time.sleep(0.05)
