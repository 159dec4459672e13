"""Stock on pages and over the API: found, booked, explained, put right; and never a neighbour's."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from ordna.engine import clock
from tests.api.test_api import caller
from tests.engine.conftest import FLOW
from tests.engine.stock_room import STOCK, shelve
from tests.web.conftest import House, signed_in

RECEIPT = {"kind": "receive", "sku": "scarf", "location": "Aarhus", "units": "3", "note": "PO 7"}


@pytest.fixture
def house(house: House) -> House:
    """A merchant whose flow asks for stock, with one scarf on the shelf."""
    with house.database.engine([1]) as conn:
        conn.execute(b"update policy set flow = %s where merchant_id = 1", (FLOW + STOCK,))
    shelve(house.database, 1, {("SCARF", "Aarhus"): 1}, clock.now())
    return house


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def test_an_item_says_who_has_it_who_waits_and_why(house: House, browser: Any) -> None:
    order = house.place(1001)
    page = text(browser.get("/stock/item", {"sku": "SCARF"}))
    assert "None left to promise" in page and f"/orders/{order}" in page and "available -1, committed +1" in page
    listed = text(browser.get("/stock"))
    assert "SCARF" in listed and "Aarhus" in listed
    assert browser.get("/stock", {"sku": " scarf"}).headers["Location"] == "/stock/item?sku=scarf"
    assert "No item has the SKU" in text(browser.get("/stock", {"sku": "mitten"}))
    assert browser.get("/stock/item", {"sku": "mitten"}).status_code == 404
    assert "could not be reserved" in text(browser.get(f"/orders/{order}"))


def test_a_receipt_is_booked_and_the_order_that_waits_gets_it(house: House, browser: Any) -> None:
    order = house.place(1001)
    assert browser.post("/stock/book", RECEIPT | {"back": "1"}).headers["Location"] == "/stock/item?sku=scarf"
    house.step()
    page = text(browser.get("/stock/item", {"sku": "scarf"}))
    assert "PO 7" in page and "None left" not in page and "ida" in page
    assert "could not be reserved" not in text(browser.get(f"/orders/{order}")).split("timeline")[0]


def test_a_file_is_booked_whole_or_told_row_by_row(house: House, browser: Any) -> None:
    bad = BytesIO(b"sku;location;units\r\nSCARF;Aarhus;4\r\nHAT;Nowhere;1\r\n")
    bad.name = "count.csv"
    answer = browser.post("/stock/book", {"kind": "count", "file": bad})
    assert answer.status_code == 422 and "There is no location “Nowhere”" in answer.content.decode()
    assert house.rows("select on_hand from stock_level") == [(1,)]
    rows = "sku,location,units\nSCARF,Aarhus,4\nHAT,Aarhus,2\n"
    assert browser.post("/stock/book", {"kind": "count", "rows": rows}).status_code == 302
    assert "2 levels changed" in text(browser.get("/stock"))
    assert house.rows("select item, on_hand from stock_level order by 1") == [("hat", 2), ("scarf", 4)]


@pytest.mark.parametrize(
    "form", [{}, {"kind": "x"}, {"kind": "count"}, RECEIPT | {"units": "1.5"}, {"kind": "count", "rows": "\x00"}]
)
def test_nonsense_is_answered(house: House, browser: Any, form: dict[str, str]) -> None:
    assert browser.post("/stock/book", form).status_code in (400, 422)
    assert house.rows("select on_hand from stock_level") == [(1,)]


def test_what_does_not_add_up_is_put_right_by_one_click(house: House, browser: Any) -> None:
    assert "Everything adds up" in text(browser.get("/stock/check"))
    with house.database.engine([1]) as conn:
        conn.execute(b"update stock_level set available = 7")
    page = text(browser.get("/stock/check"))
    assert "available is 7, its ledger says 1" in page
    assert browser.post("/stock/mend", {"key": "level|scarf|Aarhus||"}).status_code == 302
    assert "Everything adds up" in text(browser.get("/stock/check"))
    assert house.rows("select moved_by from stock_movement where cause = 'mended'") == [("ida",)]


def test_the_api_has_the_same(house: House) -> None:
    call = caller(1)
    assert call("POST", "/stock/receipts", [{"sku": "SCARF", "location": "Aarhus", "units": 2}]).json() == {
        "entries": 1,
        "new_items": 0,
    }
    no = call("POST", "/stock/counts", [{"sku": "SCARF", "location": "Mars", "units": 2}])
    assert (no.status_code, no.json()["code"], no.json()["field"]) == (422, "unknown_location", "[0].location")
    assert call("GET", "/stock").json()["items"][0]["on_hand"] == 3
    assert call("GET", "/stock/item?sku=scarf").json()["levels"][0]["available"] == 3
    assert call("GET", "/stock/item?sku=x").status_code == 404
    with house.database.engine([1]) as conn:
        conn.execute(b"update stock_level set available = 7")
    [wrong] = call("GET", "/stock/check").json()["items"]
    assert call("POST", "/stock/mend", {"keys": [wrong["key"]]}).json() == {"entries": 1}
    assert call("GET", "/stock/check").json() == {"items": []}
    assert caller(1, ("read",))("POST", "/stock/mend", {"keys": []}).status_code == 403


def test_a_neighbour_sees_nothing_of_it(house: House, neighbour: House) -> None:
    client = signed_in("eve", 2)
    assert "SCARF" not in text(client.get("/stock"))
    assert client.get("/stock/item", {"sku": "scarf"}).status_code == 404
    assert client.post("/stock/book", RECEIPT).status_code == 422
    assert caller(2)("GET", "/stock").json()["items"] == []


def test_places_and_items_are_kept_by_page_and_api(house: House, browser: Any) -> None:
    assert browser.post("/stock/locations", {"location": "902", "title": "Odense", "active": "1"}).status_code == 302
    assert "Odense" in text(browser.get("/stock/locations"))
    assert browser.post("/stock/locations", {"location": "", "active": "1"}).status_code == 422
    kept = {"sku": "SCARF", "title": "Wool scarf", "barcode": "5701", "backorder": "any", "expected_on": "2026-12-01"}
    assert browser.post("/stock/keep", kept).status_code == 302
    page = text(browser.get("/stock/item", {"sku": "scarf"}))
    assert "Wool scarf" in page and 'value="2026-12-01"' in page
    assert browser.get("/stock", {"sku": "5701"}).headers["Location"] == "/stock/item?sku=scarf"
    for bad in ({"expected_on": "soon"}, {"parts": "two SCARF"}, {"backorder": "maybe"}):
        assert browser.post("/stock/keep", kept | bad).status_code == 422
    call = caller(1)
    assert call("POST", "/stock/items", [{"sku": "SET", "parts": {"SCARF": 2}}]).json() == {"rows": 1}
    assert call("POST", "/stock/items", [{"sku": "SET", "parts": {"SET": 2}}]).json()["code"] == "bundle_in_bundle"
    assert call("POST", "/stock/locations", {"location": "903"}).json() == {"rows": 1}
    assert [row["location"] for row in call("GET", "/stock/locations").json()["items"]] == ["Aarhus", "902", "903"]
    assert "2 of each" in text(browser.get("/stock/item", {"sku": "set"}))
