"""An order that came in bulk is the very order that a read brings, and what bulk can't bring is read by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from ordna.connectors.contract import Answer
from ordna.connectors.shopify import bulk, reading
from ordna.connectors.shopify.bulk import BulkStarted, BulkState
from ordna.connectors.shopify.documents import text_of
from ordna.connectors.shopify.fetching import NotFetched, lines_of
from ordna.connectors.shopify.webhooks import translate
from ordna.core.messages import Snapshot
from ordna.practice.world import World
from tests.connectors.test_practice_converges import PracticeClient
from tests.practice.shop_world import NOW, lived

LATER = NOW + timedelta(hours=1)
MONTH = timedelta(days=40)


@pytest.fixture(scope="module")
def history() -> World:
    return lived(seed=7, days=4, orders_per_day=30)[0]


class Files:
    """Serves files at a path, whole or broken off."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        files = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = files.files.get(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"") + (9 if "broken" in self.path else 0)))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def files() -> Iterator[Files]:
    made = Files()
    yield made
    made.server.shutdown()
    made.server.server_close()


def gathered(world: World, files: Files, since: Any = NOW - MONTH, until: Any = LATER) -> dict[str, bytes | None]:
    """All orders, as bulk operations bring them."""
    client = PracticeClient(world)
    begun = bulk.start(client, since, until)
    assert isinstance(begun, BulkStarted), begun
    assert begun.points <= 2 * 11
    urls = []
    for operation in (begun.orders, begun.parcels):
        state = bulk.state(client, operation)
        for _ in range(100):
            assert isinstance(state, BulkState)
            if state.status == "COMPLETED":
                break
            world.tick(world.now() + timedelta(seconds=1))
            state = bulk.state(client, operation)
        assert isinstance(state, BulkState)
        assert state.status == "COMPLETED"
        if state.url is not None:
            path = state.url.removeprefix(world.base_url)
            one = next(one for one in world.bulk_operations.values() if one.token in path)
            files.files[path] = "".join(f"{line}\n" for line in one.lines).encode()
        urls.append(state.url and state.url.replace(world.base_url, files.url, 1))
    return {read.order_ref: read.body for read in bulk.fetch(urls[0], urls[1], files.url, NOW)}


def test_bulk_and_read_are_one_snapshot(history: World, files: Files) -> None:
    history.base_url = "http://127.0.0.1:1"
    in_bulk = gathered(history, files)
    assert set(in_bulk) == {str(order.id) for order in history.orders.values()}
    client = PracticeClient(history)
    compared = shipped = 0
    for order in history.orders.values():
        body = in_bulk[str(order.id)]
        if body is None:
            assert order.refunds or order.terms, "only one with refunds or terms can't be had in bulk"
            continue
        [read] = reading.read_orders(client, (str(order.id),), NOW).orders
        by_read, by_bulk = (translate("ordna/read", each or b"", LATER) for each in (read.body, body))
        assert isinstance(by_bulk, Snapshot), by_bulk
        assert by_bulk == by_read
        compared += 1
        shipped += bool(by_bulk.shipments)
    assert compared > 60
    assert shipped > 10
    assert any(body is None for body in in_bulk.values()), "the month has a refund"


def test_a_window_brings_what_changed_in_it(history: World, files: Files) -> None:
    history.base_url = "http://127.0.0.1:1"
    middle = NOW - timedelta(days=2)
    late = gathered(history, files, since=middle)
    early = gathered(history, files, until=middle)
    assert late
    assert early
    assert not set(late) & set(early)
    assert len(late) + len(early) == len(history.orders)


def test_the_order_of_lines_does_not_matter() -> None:
    lines = [
        {"id": "gid://shopify/FulfillmentOrderLineItem/5", "__parentId": "gid://shopify/FulfillmentOrder/3"},
        {"id": "gid://shopify/FulfillmentOrder/3", "__parentId": "gid://shopify/Order/1"},
        {"id": "gid://shopify/LineItem/2", "__parentId": "gid://shopify/Order/1"},
        {"id": "gid://shopify/Order/1", "refunds": [], "fulfillments": []},
    ]
    [read] = bulk.fold([dict(line) for line in lines], {}, NOW)
    order = json.loads(read.body or b"")["order"]
    assert [line["id"] for line in order["lineItems"]["nodes"]] == ["gid://shopify/LineItem/2"]
    [part] = order["fulfillmentOrders"]["nodes"]
    assert [line["id"] for line in part["lineItems"]["nodes"]] == ["gid://shopify/FulfillmentOrderLineItem/5"]
    assert order["lineItems"]["pageInfo"]["hasNextPage"] is False


def test_a_parcel_whose_lines_are_missing_is_read_by_itself() -> None:
    order = {"id": "gid://shopify/Order/1", "refunds": [], "fulfillments": [{"id": "gid://shopify/Fulfillment/9"}]}
    assert [read.body for read in bulk.fold([dict(order)], {}, NOW)] == [None]


def test_the_file_is_fetched_whole_or_not_at_all_and_only_from_where_it_may_lie(files: Files) -> None:
    files.files = {"/whole": b'{"a":1}\n\n{"b":2}', "/broken": b'{"a":1}\n'}
    assert list(lines_of(f"{files.url}/whole", files.url)) == [b'{"a":1}', b"", b'{"b":2}']
    for address in (f"{files.url}/broken", f"{files.url}/none"):
        with pytest.raises(NotFetched):
            list(lines_of(address, files.url))
    foreign = ("http://169.254.169.254/x", "https://evil.example/x", "https://evilshopify.com/x", "file:///etc/passwd")
    for address in (*foreign, f"{files.url}/whole".replace("127.0.0.1", "localhost")):
        with pytest.raises(NotFetched, match=r"not Shopify|broke off"):
            list(lines_of(address, "https://shop.myshopify.com"))


def test_what_shopify_would_refuse_the_practice_shop_refuses() -> None:
    world = lived(seed=3, days=1, orders_per_day=2)[0]
    client = PracticeClient(world)

    def refused(query: str) -> str:
        reply = client.call("bulk_run", {"query": query})
        assert not isinstance(reply, Answer)
        return str(reply.data["bulkOperationRunQuery"]["userErrors"][0]["message"])

    page = "edges { node { id %s } }"
    assert "at least one" in refused("{ shop { id } }")
    assert "top level" in refused("{ orders { edges { node { id } } } shop { id } }")
    assert "within a list" in refused(
        "{ orders { " + page % ("fulfillments { id fulfillmentLineItems { edges { node { id } } } }") + " } }"
    )
    deep = page % ("fulfillmentOrders { " + page % ("fulfillments { " + page % (
        "fulfillmentLineItems { edges { node { id } } }") + " }") + " }")  # fmt: skip
    assert "nested" in refused("{ orders { " + deep + " } }")
    assert "Invalid" in refused("{ orders { ")
    for _ in range(5):
        begun = client.call("bulk_run", {"query": text_of("bulk_parcels").replace("SINCE", "2026-01-01")})
        assert not isinstance(begun, Answer)
        assert begun.data["bulkOperationRunQuery"]["userErrors"] == []
    again = bulk.start(client, NOW, LATER)
    assert isinstance(again, Answer)
    assert (again.result, again.code) == ("again", "bulk_later")
