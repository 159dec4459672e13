"""What must hold on every address: nobody sees a neighbour, markup stays text, bad input is answered."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.conftest import THEIRS, House, signed_in

MARKUP = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>'


def addresses() -> Iterator[tuple[str, dict[str, str]]]:
    """Every page's address as Django knows it: (name, the kinds of its parts)."""
    from ordna.web.urls import urlpatterns

    for pattern in urlpatterns:
        yield pattern.name, {name: type(converter).__name__ for name, converter in pattern.pattern.converters.items()}


def fill(kinds: dict[str, str], house: House, order: str) -> dict[str, Any]:
    values = {"order_id": order, "connection_id": house.connection_id, "token": "a-token-nobody-made", "request_id": 1}
    values |= {"part": "404", "label": "404-1", "form": "pdf", "handover": "2026-01-01 00:00:00 1"}
    return {name: values[name] for name in kinds}


OPEN = {"sign_in", "sign_in_by_link"}
POSTED = {
    "ask": {"kind": "hold", "reason": "x", "owner": "service"},
    "connection_mode": {"mode": "paused"},
    "retry_message": {"message": "1"},
    "retry": {"order_id": "1", "effect_key": "x"},
}


def test_a_neighbours_order_and_connection_do_not_exist_on_any_address(house: House, neighbour: House) -> None:
    from django.urls import reverse

    theirs = neighbour.place(2001, note="their secret word")
    signed_in("eve", THEIRS)
    client = signed_in("ida", 1)
    before = neighbour.rows("select count(*) from journal"), neighbour.rows("select mode from connection order by 1")
    tried = 0
    for name, kinds in addresses():
        if name in OPEN or not kinds:
            continue
        for foreign in (theirs, "14-999", "nonsense"):
            address = reverse(name, kwargs=fill(kinds, neighbour, foreign))
            for answer in (client.get(address), client.post(address, POSTED.get(name, {}))):
                assert answer.status_code in (404, 405), (name, answer.status_code)
                assert b"2001" not in answer.content and b"secret word" not in answer.content
                tried += 1
    assert tried >= 18
    after = neighbour.rows("select count(*) from journal"), neighbour.rows("select mode from connection order by 1")
    assert after == before


def test_an_error_nobody_handled_is_written_down_without_what_it_held(
    browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ordna.engine.logs import formatter
    from ordna.store.read import work

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("+".join(["Jane", "Doe"]))

    ours = (one for one in logging.getLogger("django.request").handlers if type(one.formatter) is type(formatter()))
    handler = next(ours)
    written = io.StringIO()
    monkeypatch.setattr(handler, "stream", written)
    monkeypatch.setattr(work, "tasks", broken)
    browser.raise_request_exception = False
    answer = browser.get("/work?team=")
    assert answer.status_code == 500 and b"Something went wrong" in answer.content
    said = written.getvalue()
    assert "/work" in said and "RuntimeError" in said and " broken" in said
    assert "Jane+Doe" not in said


def test_lists_show_ones_own_alone(house: House, neighbour: House) -> None:
    theirs = neighbour.place_routed(2001)
    house.place_routed(1077)
    client = signed_in("ida", 1)
    for address in ("/", "/orders?show=all", "/work", "/connections"):
        page = client.get(address).content.decode()
        assert "2001" not in page and theirs not in page, address
    assert "No order is named" in client.get("/orders", {"q": "2001"}).content.decode()


def test_nobody_gets_past_the_door_unsigned(house: House) -> None:
    from django.test import Client
    from django.urls import reverse

    order = house.place(1001)
    for name, kinds in addresses():
        if name in OPEN:
            continue
        answer = Client(HTTP_HOST="127.0.0.1").get(reverse(name, kwargs=fill(kinds, house, order)))
        assert (answer.status_code, answer.headers.get("Location")) == (302, "/sign-in/"), name


def test_a_person_who_left_the_merchant_is_out_at_once(house: House, browser: Any) -> None:
    from ordna.store.models import Membership

    assert browser.get("/").status_code == 200
    Membership.objects.all().delete()
    assert browser.get("/").status_code == 302


def test_every_address_says_what_a_browser_may_load(house: House, browser: Any) -> None:
    from django.urls import reverse

    order = house.place_routed()
    for name, kinds in addresses():
        answer = browser.get(reverse(name, kwargs=fill(kinds, house, order)))
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy, name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        assert answer.headers["X-Frame-Options"] == "DENY", name
        page = answer.content.decode()
        assert not re.search(r"<script(?![^>]* src=)", page), name
        assert not re.search(r"<[^>]+ (style|on\w+)=", page), name


def test_a_form_from_elsewhere_changes_nothing(house: House) -> None:
    from django.urls import reverse

    order = house.place_routed()
    client = signed_in("ida", 1, enforce_csrf_checks=True)
    before = house.rows("select count(*) from journal")
    for name, kinds in addresses():
        answer = client.post(reverse(name, kwargs=fill(kinds, house, order)), POSTED.get(name, {}))
        assert answer.status_code in (403, 405), (name, answer.status_code)
    assert house.rows("select count(*) from journal") == before


def test_markup_in_names_is_text_everywhere(house: House, browser: Any) -> None:
    order = house.place(
        1001,
        name=MARKUP,
        tags=MARKUP,
        note=MARKUP,
        shipping_lines=[{"title": MARKUP}],
        customer={"id": 5, "first_name": MARKUP, "last_name": "Holm", "email": "k@example.com"},
        shipping_address={"name": MARKUP, "address1": MARKUP, "zip": "8000", "city": "Aarhus", "country_code": "DK"},
        line_items=[{"id": 1, "title": MARKUP, "quantity": 1, "current_quantity": 1, "sku": MARKUP, "price": "1.00"}],
    )
    form = {"kind": "hold", "reason": MARKUP[:100], "owner": "service", "saw_version": house.seq(order)}
    assert browser.post(f"/orders/{order}/requests", form).status_code == 302
    shown = 0
    for address in ("/", "/orders?show=all", f"/orders/{order}", "/work", "/connections"):
        page = browser.get(address).content.decode()
        assert "<img src=x" not in page and "<script>alert" not in page, address
        shown += "&lt;img src=x" in page
    assert shown >= 3


BAD = [
    "/orders?limit=1000000000",
    "/orders?limit=-1",
    "/orders?limit=1.5",
    "/orders?limit=%D9%A1",
    "/orders?after=forged",
    "/orders?after=WyJub3cgISIsICJ4Il0",
    "/orders?after=%00",
    "/orders?after=WyIyMDI2LTExLTIzVDEyOjAwOjAwIiwgIjctMSJd",
    "/orders?show=nothing",
    "/orders?step=nothing",
    "/orders?owner='%3B--",
    "/orders?payment=gold",
    "/orders?country=Denmark",
    "/orders?q=%00",
    "/orders?q=" + "9" * 300,
    "/orders?test=maybe",
    "/work?team=nobody",
    "/orders/7-1001?before=0",
    "/orders/7-1001?before=x",
]


@pytest.mark.parametrize("address", BAD)
def test_a_parameter_that_means_nothing_is_named(house: House, browser: Any, address: str) -> None:
    house.place(1001)
    answer = browser.get(address)
    assert answer.status_code == 422
    assert "That is not something to ask for" in answer.content.decode()


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"kind": "fly"},
        {"kind": "pick"},
        {"kind": "hold", "reason": "x", "owner": "service", "hours": "9999"},
        {"kind": "claim"},
        {"kind": "hold", "reason": "x", "owner": "service", "saw_version": "-1"},
    ],
)
def test_a_form_that_means_nothing_is_refused_with_a_sentence(house: House, browser: Any, form: dict[str, str]) -> None:
    order = house.place_routed()
    before = house.seq(order)
    assert browser.post(f"/orders/{order}/requests", form).status_code == 422
    assert house.seq(order) == before


@pytest.mark.parametrize(
    "address", ["/nothing", "/orders/7-404", "/orders/%00", "/orders/" + "9" * 400, "/connections/404/go-live"]
)
def test_what_is_not_there_is_a_page_without_a_traceback(house: House, browser: Any, address: str) -> None:
    answer = browser.get(address)
    assert answer.status_code == 404
    page = answer.content.decode()
    assert "There is nothing here" in page and "Traceback" not in page


def test_a_database_that_is_away_is_a_page_that_says_so(
    house: House, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ordna.store.database import DatabaseDown
    from ordna.web.views import flow_map

    def away(seen: Any) -> Any:
        raise DatabaseDown("gone")

    monkeypatch.setattr(flow_map.flow_map, "figures", away)
    answer = browser.get("/")
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    assert "Try again in a few seconds" in answer.content.decode()
