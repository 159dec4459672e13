"""Personal data on pages and over the API: found by customer, erased behind a confirmation, asked and answered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ordna.engine.privacy import Privacy
from tests.api.test_api import caller
from tests.web.conftest import House

PHONE = "+45 21 22 23 24"


@pytest.fixture
def work(house: House, tmp_path: Path) -> Iterator[Any]:
    """The worker's hand for what is asked."""
    yield lambda: Privacy(house.database, house.ring, tmp_path).round()


def found(browser: Any, text: str) -> list[str]:
    """The orders a search leads to."""
    answer = browser.get("/orders", {"q": text})
    if answer.status_code == 302:
        return [answer.headers["Location"].rsplit("/", 1)[1]]
    return re.findall(r'class="name" href="/orders/([^"]+)"', answer.content.decode())


def test_an_order_is_found_by_its_customer(house: House, browser: Any) -> None:
    first, second = house.place(1001, phone=PHONE), house.place(1002)
    address = {"name": "José  Ånæs-Müller", "address1": "Nygade 1", "city": "Aarhus", "country_code": "DK"}
    third = house.place(1003, email="jose@example.com", shipping_address=address)
    assert found(browser, "Karen@Example.com ") == [second, first]
    assert found(browser, "holm karen") == [second, first] and found(browser, "KAREN") == [second, first]
    assert found(browser, "21 22 23 24") == found(browser, "004521222324") == [first]
    assert found(browser, "jose muller") == [third] and found(browser, "#1003") == [third]
    for nobody in ("karen muller", "kare", "peter@example.com", "22 23 24", "%", "''"):
        assert found(browser, nobody) == [], nobody


def test_a_neighbours_customer_is_not_found(house: House, neighbour: House, browser: Any) -> None:
    neighbour.place(2001)
    assert found(browser, "karen@example.com") == []


def test_a_person_is_erased_from_the_order_page_after_a_confirmation(house: House, browser: Any, work: Any) -> None:
    order, other = house.place(1001), house.place(1002)
    assert "Erase personal data" in browser.get(f"/orders/{order}").content.decode()
    form = {"order_id": order, "scope": "customer"}
    assert browser.post("/personal-data/erase", form).status_code == 422
    assert browser.post("/personal-data/erase", form | {"sure": "1"}).status_code == 302
    work()
    for each in (order, other):
        page = browser.get(f"/orders/{each}").content.decode()
        assert "Karen" not in page and "Nygade" not in page and "Erased" in page
    assert found(browser, "karen@example.com") == []
    listed = browser.get("/personal-data").content.decode()
    assert "asked here" in listed and "2 orders lost the person." in listed


def test_one_order_alone_may_be_erased(house: House, browser: Any, work: Any) -> None:
    order, other = house.place(1001), house.place(1002)
    browser.post("/personal-data/erase", {"order_id": order, "scope": "order", "sure": "1"})
    work()
    assert "Karen" not in browser.get(f"/orders/{order}").content.decode()
    assert "Karen" in browser.get(f"/orders/{other}").content.decode()


def test_a_request_of_the_shop_is_shown_downloaded_and_answered(house: House, browser: Any) -> None:
    house.place(1001)
    asked = {"customer": {"id": 1901, "email": "karen@example.com"}, "orders_requested": [1001]}
    house.send("customers/data_request", asked)
    house.step()
    assert "1 request about personal data waits" in browser.get("/work").content.decode()
    page = browser.get("/personal-data").content.decode()
    assert "A customer asks what is held" in page and "karen@example.com" in page
    [(number,)] = house.rows("select request_id from privacy_request")
    file = browser.get(f"/personal-data/{number}/export")
    assert "attachment" in file.headers["Content-Disposition"]
    assert json.loads(file.content)["orders"][0]["person"]["name"] == "Karen Holm"
    assert browser.post(f"/personal-data/{number}/done").status_code == 302
    assert browser.get(f"/personal-data/{number}/export").status_code == 404
    assert "Answered by ida." in browser.get("/personal-data").content.decode()


@pytest.mark.parametrize("form", [{}, {"email": ""}, {"email": "x" * 300}, {"email": "a\x00b"}, {"email": "a@b.dk"}])
def test_a_form_that_names_nobody_or_is_not_sure_erases_nobody(
    house: House, browser: Any, form: dict[str, str]
) -> None:
    assert browser.post("/personal-data/erase", form).status_code == 422
    assert house.rows("select count(*) from privacy_request") == [(0,)]


def test_the_api_does_the_same(house: House, work: Any) -> None:
    order = house.place(1001)
    call = caller(1)
    assert [each["id"] for each in call("GET", "/orders?customer=karen%40example.com").json()["items"]] == [order]
    assert call("POST", "/erasures", {}).status_code == 422
    assert call("POST", "/erasures", {"order": "7-1", "name": "x"}).status_code == 422
    assert call("POST", "/erasures", {"order": "7-9"}).status_code == 404
    assert caller(1, scopes=("read",))("POST", "/erasures", {"order": order}).status_code == 403
    answer = call("POST", "/erasures", {"email": "karen@example.com"})
    assert answer.status_code == 202
    [waiting] = call("GET", "/personal-data").json()["items"]
    assert waiting["kind"] == "erase" and waiting["subject"] is None
    work()
    [erased] = call("GET", "/erasures").json()["items"]
    assert erased["orders"] == 1 and erased["asked_by"] == "ida"
    assert call("GET", "/orders?customer=karen%40example.com").json()["items"] == []
    number = answer.json()["request"]
    assert call("GET", f"/personal-data/{number}/export").status_code == 404
    assert call("POST", f"/personal-data/{number}/done").status_code == 409
    assert caller(2)("POST", f"/personal-data/{number}/done").status_code == 404
