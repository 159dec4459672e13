"""The API: the same requests as the pages, with a token; every refusal says code, field and sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ordna.engine import clock
from tests.web.conftest import House, browser, house, neighbour, pages, pages_template

__all__ = ["browser", "house", "neighbour", "pages", "pages_template"]

GOLDEN = Path(__file__).parent / "openapi.json"
Call = Callable[..., Any]


@pytest.fixture
def call(house: House) -> Call:
    """Call the API with ida's token, or with the headers given."""
    return caller(1)


def caller(merchant_id: int, scopes: tuple[str, ...] = ("read", "write"), life: timedelta = timedelta(days=1)) -> Call:
    from django.test import Client

    from ordna.store import accounts

    token = accounts.new_token(
        accounts.ensure_person("ida", merchant_id), merchant_id, "till", clock.now(), life, scopes
    )
    client = Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True)

    def _call(method: str, address: str, body: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {token}", **headers}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        return client.generic(method, f"/api{address}", raw, content_type="application/json", headers=sent)

    return _call


def problem(answer: Any) -> tuple[int, str, str]:
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content[:200]
    said = answer.json()
    assert said["sentence"].strip(), said
    return answer.status_code, said["code"], said["field"]


def test_many_requests_each_get_their_own_answer(house: House, call: Call) -> None:
    order = house.place_routed()
    seen = house.seq(order)
    hold = {"type": "hold", "reason": "call them", "owner": "service"}
    wishes = [
        {"order": order, "request": hold, "saw_version": seen},
        {"order": order, "request": hold, "saw_version": seen},
        {"order": order, "request": {"type": "release", "handle": "nobody's"}},
        {"order": "7-404", "request": hold},
    ]
    answer = call("POST", "/requests", wishes)
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [item["outcome"] for item in items] == ["accepted", "stale", "refused", "not_found"]
    assert items[1]["version"] > seen
    assert all(item["sentence"] for item in items[1:])
    assert house.rows("select count(*) from journal where kind = 'HoldPlaced'") == [(1,)]


def test_at_most_500_go_together(house: House, call: Call) -> None:
    wish = {"order": "7-1", "request": {"type": "claim", "task": "x"}}
    assert call("POST", "/requests", [wish] * 500).status_code == 200
    assert problem(call("POST", "/requests", [wish] * 501)) == (422, "too_many", "")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"[", "not_json", ""),
        (b"\xff", "bad_encoding", ""),
        ({}, "invalid", ""),
        ([{"order": 1, "request": {"type": "claim", "task": "x"}}], "invalid", "[0].order"),
        ([{"order": "7-1", "request": {"type": "fly"}}], "invalid", "[0].request.type"),
        ([{"order": "7-1", "request": {"type": "pick"}}], "invalid", "[0].request"),
        (
            [{"order": "7-1", "request": {"type": "pick", "part": "1", "merchant_id": 2}}],
            "unknown_field",
            "[0].request",
        ),
        ([{"order": "7-1", "request": {"type": "claim", "task": "x"}, "by": "root"}], "unknown_field", "[0]"),
    ],
)
def test_a_body_that_means_nothing_is_refused_with_its_field(
    house: House, call: Call, body: Any, code: str, field: str
) -> None:
    assert problem(call("POST", "/requests", body)) == (422, code, field)


@pytest.mark.parametrize(
    ("address", "code", "field"),
    [
        ("/orders?limit=1000000000", "out_of_range", "limit"),
        ("/orders?limit=0", "out_of_range", "limit"),
        ("/orders?page=-1", "unknown_field", "page"),
        ("/orders?after=forged", "bad_cursor", "after"),
        ("/orders?headline=gone", "unknown_value", "headline"),
        ("/orders?country=dk", "invalid", "country"),
        ("/orders?name=%00", "invalid", "name"),
        ("/tasks?limit=x", "out_of_range", "limit"),
        ("/tasks?sort=due", "unknown_field", "sort"),
        ("/connections?x=1", "unknown_field", "x"),
    ],
)
def test_a_parameter_that_means_nothing_is_named(house: House, call: Call, address: str, code: str, field: str) -> None:
    assert problem(call("GET", address)) == (422, code, field)


def test_an_order_and_why_it_stands_there(house: House, call: Call) -> None:
    order = house.place_routed()
    [brief] = call("GET", "/orders?open=true").json()["items"]
    assert (brief["id"], brief["turn_step"], brief["version"]) == (order, "pick", house.seq(order))
    whole = call("GET", f"/orders/{order}").json()
    assert whole["state"]["order"]["name"] == "#1001" and whole["tasks"][0]["asks"] == ["pick"]
    [turn] = call("GET", f"/orders/{order}/why").json()["turns"]
    assert (turn["owner"], turn["step"]) == ("Warehouse", "Pick") and "not picked" in turn["because"]


def test_the_list_is_walked_by_cursor(house: House, call: Call) -> None:
    placed = [house.place(number) for number in range(1001, 1006)]
    seen, after = [], ""
    while True:
        page = call("GET", f"/orders?limit=2&after={after}" if after else "/orders?limit=2").json()
        seen += [item["id"] for item in page["items"]]
        after = page["after"]
        if not after:
            break
    assert sorted(seen) == sorted(placed)


def test_a_connection_is_paused_and_live_again(house: House, call: Call) -> None:
    link = f"/connections/{house.connection_id}"
    assert call("POST", f"{link}/pause").json()["mode"] == "paused"
    assert call("POST", f"{link}/live").json()["mode"] == "live"
    assert problem(call("POST", "/connections/404/live")) == (404, "unknown_connection", "connection")
    assert problem(call("POST", "/connections/observe", {"base_url": "http://x"}))[1] == "no_credentials"


class _Named(dict[str, object]):
    """What an address may name; whatever else it names is some name."""

    def __missing__(self, key: str) -> str:
        return "1"


def test_a_neighbour_does_not_exist_on_any_address(house: House, neighbour: House, call: Call) -> None:
    from ordna.api.urls import api

    theirs = neighbour.place_routed(2001)
    tried = 0
    for path, item in api.get_openapi_schema(path_prefix="")["paths"].items():
        address = path.format_map(_Named(order_id=theirs, connection_id=neighbour.connection_id, request_id=1))
        for method in item:
            answer = call(method.upper(), address, [] if path == "/requests" else {} if method == "post" else None)
            assert b"2001" not in answer.content, address
            assert "{" not in path or answer.status_code == 404, (address, answer.status_code)
            tried += 1
    assert tried >= 9
    asked = [{"order": theirs, "request": {"type": "hold", "reason": "x", "owner": "service"}}]
    assert call("POST", "/requests", asked).json()["items"][0]["outcome"] == "not_found"
    assert neighbour.rows("select mode from connection where merchant_id = 2") == [("live",)]
    assert call("GET", "/orders/x%00").status_code == 404 and call("GET", "/nothing").status_code == 404


def test_a_token_is_needed_and_says_what_it_may(house: House, call: Call) -> None:
    for header in ("", "Bearer ", "Bearer ordna_forged", "Basic x"):
        assert problem(call("GET", "/orders", Authorization=header)) == (401, "unauthorized", "Authorization")
    old = caller(1, life=timedelta(seconds=-1))
    assert problem(old("GET", "/orders"))[0] == 401
    reader = caller(1, scopes=("read",))
    assert reader("GET", "/orders").status_code == 200
    assert problem(reader("POST", "/requests", []))[:2] == (403, "scope")


def test_a_session_of_the_pages_opens_nothing(house: House, browser: Any) -> None:
    assert browser.get("/api/orders").status_code == 401


def test_the_openapi_document_is_the_one_we_agreed_on(house: House) -> None:
    """After a change that is meant: write what is served to tests/api/openapi.json and read the difference."""
    from django.test import Client

    served = Client(HTTP_HOST="127.0.0.1").get("/api/openapi.json").json()
    assert served == json.loads(GOLDEN.read_text())
