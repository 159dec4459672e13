"""The practice shop over real HTTP: an app subscribes through the API, an order is placed, signed webhooks come."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ordna.practice import webhooks
from ordna.practice.app import serve
from ordna.practice.runtime import PracticeShop, opened

SUBSCRIBE = """mutation($topic: WebhookSubscriptionTopic!, $to: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $to) {
    webhookSubscription { id } userErrors { field message } } }"""


@dataclass
class Receiver:
    """A listening app that keeps every delivery; `answers` are the statuses it gives, the last one for good."""

    url: str = ""
    thinks_s: float = 0
    answers: list[int] = field(default_factory=lambda: [200])
    deliveries: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def of(self, topic: str) -> list[tuple[dict[str, str], bytes]]:
        return [(headers, body) for headers, body in self.deliveries if headers["x-shopify-topic"] == topic]


@dataclass
class RunningShop:
    shop: PracticeShop
    url: str

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return json.load(answer)

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), method="POST")
        request.add_header("content-type", "application/json")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def graphql(self, query: str, variables: dict[str, Any]) -> Any:
        token = self.get("/_practice/credentials")["access_token"]
        body = {"query": query, "variables": variables}
        return self.post("/admin/api/2026-10/graphql.json", body, X_Shopify_Access_Token=token)["data"]

    def subscribe(self, topic: str, receiver: Receiver) -> None:
        answer = self.graphql(SUBSCRIBE, {"topic": topic, "to": {"uri": receiver.url}})
        assert answer["webhookSubscriptionCreate"]["userErrors"] == []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept.deliveries.append(({name.lower(): value for name, value in self.headers.items()}, body))
            time.sleep(kept.thinks_s)
            status = kept.answers.pop(0) if len(kept.answers) > 1 else kept.answers[0]
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()


@pytest.fixture
def running() -> Iterator[RunningShop]:
    """A practice shop with one day of history and no new buyers, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shop = opened(seed=1, history_days=1, orders_per_day=10, orders_per_hour=0)
    shop.base_url = f"http://127.0.0.1:{port}"
    loop, stopping = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(shop, "127.0.0.1", port, stopping)))
    thread.start()
    running = RunningShop(shop, shop.base_url)
    until(lambda: _answers(port))
    yield running
    loop.call_soon_threadsafe(stopping.set)
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_a_placed_order_is_told_signed_and_complete(running: RunningShop, receiver: Receiver) -> None:
    for topic in ("ORDERS_CREATE", "ORDERS_PAID", "FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE"):
        running.subscribe(topic, receiver)
    placed = running.post("/_practice/orders", {"payment": "captured"})
    until(lambda: bool(receiver.of("fulfillment_orders/order_routing_complete")))
    ((headers, body),) = receiver.of("orders/create")
    secret = running.get("/_practice/credentials")["client_secret"]
    expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    assert headers["x-shopify-hmac-sha256"] == expected
    assert headers["x-shopify-shop-domain"] == "practice-shop.myshopify.com"
    assert headers["x-shopify-order-id"] == str(placed["id"])
    assert json.loads(body)["id"] == placed["id"]
    assert len({headers["x-shopify-webhook-id"] for headers, _ in receiver.deliveries}) == len(receiver.deliveries)


def test_a_delivery_that_failed_comes_again_under_the_same_id(running: RunningShop, receiver: Receiver) -> None:
    running.shop.sender.desk.retry_delays_s = (0,) * 8
    receiver.answers = [500, 503, 200]
    running.subscribe("ORDERS_CREATE", receiver)
    running.post("/_practice/orders", {})
    until(lambda: len(receiver.deliveries) == 3)
    assert len({headers["x-shopify-webhook-id"] for headers, _ in receiver.deliveries}) == 1
    assert len({body for _, body in receiver.deliveries}) == 1
    until(lambda: running.get("/_practice/deliveries")["counts"].get("delivered") == 1)


def test_after_eight_failed_retries_the_subscription_is_gone(running: RunningShop, receiver: Receiver) -> None:
    running.shop.sender.desk.retry_delays_s = (0,) * 8
    receiver.answers = [500]
    running.subscribe("ORDERS_CREATE", receiver)
    running.post("/_practice/orders", {})
    until(lambda: not running.shop.world.subscriptions)
    assert len(receiver.deliveries) == 9


def test_an_answer_that_comes_too_late_is_none(
    running: RunningShop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "ANSWER_TIMEOUT_S", 0.2)
    receiver.thinks_s = 0.5
    running.subscribe("ORDERS_CREATE", receiver)
    running.post("/_practice/orders", {})
    until(lambda: running.shop.sender.desk.counts.get("failed tries") == 1)
    assert running.shop.sender.desk.log[-1].answer == "no answer within 0.2 s"


def test_where_nobody_listens_the_try_fails_and_the_shop_goes_on(running: RunningShop) -> None:
    running.subscribe("ORDERS_CREATE", Receiver(url="http://127.0.0.1:9/hook"))
    running.post("/_practice/orders", {})
    until(lambda: running.shop.sender.desk.counts.get("failed tries") == 1)
    assert running.shop.sender.desk.log[-1].answer == "ConnectError"
    assert running.get("/_practice/deliveries")["waiting"] == 1


def test_an_app_that_only_reads_makes_no_mutation(running: RunningShop) -> None:
    running.graphql("{ orders(first: 5) { nodes { name } } }", {})
    assert running.get("/_practice/mutations") == {"total": 0, "changes": 0, "by_name": {}}


def test_mutations_are_counted_by_name_and_listening_changes_nothing(running: RunningShop, receiver: Receiver) -> None:
    running.subscribe("ORDERS_CREATE", receiver)
    running.subscribe("ORDERS_PAID", receiver)
    placed = running.post("/_practice/orders", {})
    tags = 'mutation($id: ID!) { tagsAdd(id: $id, tags: ["seen"]) { userErrors { message } } }'
    running.graphql(tags, {"id": f"gid://shopify/Order/{placed['id']}"})
    assert running.get("/_practice/mutations") == {
        "total": 3,
        "changes": 1,
        "by_name": {"tagsAdd": 1, "webhookSubscriptionCreate": 2},
    }


def test_the_merchant_ships_in_the_admin_and_everybody_hears_of_it(running: RunningShop, receiver: Receiver) -> None:
    running.subscribe("FULFILLMENTS_CREATE", receiver)
    placed = running.post("/_practice/orders", {"high_value": True})
    path = f"/_practice/orders/{placed['id']}"
    until(lambda: "ship" in running.get(path)["open_deeds"])
    running.post(f"{path}/ship", {})
    until(lambda: bool(receiver.of("fulfillments/create")))
    story = running.get(path)["story"]
    assert ("Parcel handed over", "admin") in [(told["what"], told["by"]) for told in story]


def test_a_removed_app_is_told_a_last_time_and_then_locked_out(running: RunningShop, receiver: Receiver) -> None:
    running.subscribe("APP_UNINSTALLED", receiver)
    token = running.get("/_practice/credentials")["access_token"]
    running.post("/_practice/uninstall", {})
    until(lambda: bool(receiver.of("app/uninstalled")))
    with pytest.raises(urllib.error.HTTPError, match="401"):
        running.post("/admin/api/2026-10/graphql.json", {"query": "{ shop { name } }"}, X_Shopify_Access_Token=token)
    assert not running.shop.world.subscriptions


def until(happened: Callable[[], bool], within_s: float = 12) -> None:
    """Wait for something to happen; fails when it does not."""
    deadline = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
