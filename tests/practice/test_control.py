"""The practice shop's own admin: what a person or a script may ask of it, and what it answers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from ordna.practice import derive
from ordna.practice.catalogue import is_complete
from ordna.practice.control import handle
from ordna.practice.runtime import PracticeShop
from ordna.practice.server import Request, Response
from ordna.practice.trade import KINDS
from tests.practice.shop_world import NOW, basket_of, quiet_shop


class Admin:
    """A shop without orders whose clock the test moves, and the requests one sends to its admin."""

    def __init__(self) -> None:
        world, life = quiet_shop()
        self.now = NOW
        self.shop = PracticeShop(world, life, clock=lambda: self.now)

    def get(self, path: str, query: str = "") -> Response:
        return handle(self.shop, Request("GET", path, query, {}, b""))

    def post(self, path: str, body: Any = None, **headers: str) -> Response:
        raw = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        return handle(self.shop, Request("POST", path, "", {"host": "shop", **headers}, raw))

    def order(self, **wish: Any) -> Any:
        """Place an order by hand and have it routed."""
        brief = json.loads(self.post("/_practice/orders", wish).body)
        self.later(seconds=10)
        return self.shop.world.orders[brief["id"]]

    def later(self, **much: float) -> None:
        self.now += timedelta(**much)
        self.shop.advance()


@pytest.fixture
def admin() -> Admin:
    return Admin()


def said(response: Response) -> tuple[int, str]:
    return response.status, json.loads(response.body)["error"]


@pytest.mark.parametrize(
    ("payment", "status"),
    [
        ("captured", "PAID"),
        ("authorized", "AUTHORIZED"),
        ("pending", "PENDING"),
        ("gift card", "PAID"),
        ("free", "PAID"),
    ],
)
def test_an_order_is_placed_with_the_payment_asked_for(admin: Admin, payment: str, status: str) -> None:
    assert derive.financial_status(admin.order(payment=payment)) == status


def test_an_order_may_be_incomplete_dear_and_a_test(admin: Admin) -> None:
    order = admin.order(incomplete_address=True, high_value=True, test=True)
    assert not is_complete(order.shipping_address)
    assert sum(line.price.shop * line.quantity for line in order.lines) > 10_000
    assert order.test


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_the_rarer_trade_is_placed_on_request(admin: Admin, kind: str) -> None:
    order = admin.order(trade=kind)
    admin.later(seconds=30)
    assert order.lines and order.fulfillment_orders
    assert admin.get("/").status == 200 and admin.get(f"/orders/{order.id}").status == 200


def test_every_deed_of_an_orders_life(admin: Admin) -> None:
    order = admin.order(payment="authorized")
    for deed in ("note", "tag", "pay", "edit", "ship", "deliver", "refund_part", "close"):
        assert admin.post(f"/_practice/orders/{order.id}/{deed}").status == 200, deed
        admin.later(seconds=5)
    assert order.note and order.tags and order.refunds and order.closed_at
    assert order.fulfillments[0].events[-1].status == "DELIVERED"


def test_a_cancellation_is_a_job_that_ends_a_moment_later(admin: Admin) -> None:
    order = admin.order()
    admin.post(f"/_practice/orders/{order.id}/cancel")
    assert order.cancelled_at is None
    admin.later(seconds=5)
    assert order.cancelled_at
    assert derive.financial_status(order) == "REFUNDED"


def test_a_deed_that_is_not_open_is_refused(admin: Admin) -> None:
    order = admin.order()
    assert said(admin.post(f"/_practice/orders/{order.id}/deliver")) == (409, "#1001 cannot take this now: deliver.")


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("/_practice/orders", b"{", 400, "The body is not JSON"),
        ("/_practice/orders", b"[]", 400, "The body is a JSON object."),
        ("/_practice/orders", b'{"payment": "shells"}', 400, "payment is one of: captured"),
        ("/_practice/orders", b'{"trade": "barter"}', 400, "trade is one of: tip, bundle"),
        ("/_practice/orders/9/ship", b"", 404, "There is no order 9."),
        ("/_practice/orders/nine/ship", b"", 404, "'nine' is no number."),
        ("/_practice/pace", b'{"orders_per_hour": "fast"}', 400, "orders_per_hour is a number."),
        ("/_practice/pace", b'{"orders_per_hour": -1}', 400, "orders_per_hour is between 0 and 20000."),
        ("/_practice/pace", b'{"orders_per_hour": NaN}', 400, "orders_per_hour is between 0 and 20000."),
        ("/_practice/nothing", b"", 404, "There is nothing at this address."),
    ],
)
def test_what_cannot_be_served_is_said_in_a_sentence(
    admin: Admin, path: str, body: bytes, status: int, sentence: str
) -> None:
    got, words = said(admin.post(path, body))
    assert got == status
    assert words.startswith(sentence)


def test_a_page_of_another_website_may_not_post(admin: Admin) -> None:
    assert said(admin.post("/_practice/pause", origin="https://elsewhere.example"))[0] == 403
    assert not admin.shop.is_paused
    assert admin.post("/_practice/pause", origin="http://shop").status == 200
    assert admin.shop.is_paused


def test_a_form_comes_back_to_its_page_with_a_sentence(admin: Admin) -> None:
    order = admin.order()
    path = f"/orders/{order.id}"
    form = {"content-type": "application/x-www-form-urlencoded", "referer": f"http://shop{path}"}
    response = handle(admin.shop, Request("POST", f"/_practice{path}/ship", "", form, b""))
    assert response.status == 303
    assert response.headers == (("location", f"{path}?said=%231001%3A%20ship%2C%20done."),)


def test_pages_show_orders_and_escape_what_buyers_wrote(admin: Admin) -> None:
    basket = basket_of(admin.shop.world, 1)
    basket.note = "<script>alert(1)</script>"
    order = admin.shop.life.buy(basket)
    admin.later(seconds=10)
    page = admin.get(f"/orders/{order.id}").body.decode()
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "#1001" in admin.get("/").body.decode()
    assert admin.get("/", "page=99").status == 200
    assert "Nobody listens yet" in admin.get("/deliveries").body.decode()
    assert "<h1>There is no order 77.</h1>" in admin.get("/orders/77").body.decode()


def test_an_order_is_found_by_its_number_too(admin: Admin) -> None:
    order = admin.order()
    assert json.loads(admin.get("/_practice/orders/1001").body)["id"] == order.id


def test_a_removed_app_loses_its_token_and_keeps_its_secret(admin: Admin) -> None:
    before = json.loads(admin.get("/_practice/credentials").body)
    admin.post("/_practice/uninstall")
    after = json.loads(admin.get("/_practice/credentials").body)
    assert before["access_token"] != after["access_token"]
    assert before["client_secret"] == after["client_secret"]
