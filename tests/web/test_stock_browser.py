"""The stock pages in a real browser, large and small, light and dark; and a receipt booked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from ordna.engine import clock
from ordna.engine.stock_items import Item, Place, keep_items, keep_place
from tests.engine.conftest import FLOW
from tests.engine.stock_room import STOCK, shelve
from tests.web.conftest import House
from tests.web.test_browser import SIZES, chromium, served, sign_in

__all__ = ["chromium", "served"]

PAGES = ("/stock", "/stock/item?sku=scarf", "/stock/item?sku=set", "/stock/book", "/stock/locations", "/stock/check")


@pytest.fixture
def house(house: House) -> House:
    """A stock room with a bundle, an order that has its units and one that waits, and a level that is off."""
    with house.database.engine([1]) as conn:
        conn.execute(b"update policy set flow = %s where merchant_id = 1", (FLOW + STOCK,))
    keep_place(house.database, 1, Place("901", "Aarhus", 1))
    keep_place(house.database, 1, Place("902", "Odense", 2, active=False))
    shelve(house.database, 1, {("SCARF", "901"): 3, ("HAT", "901"): 40, ("HAT", "902"): 7}, clock.now())
    scarf = Item("SCARF", "Wool scarf, grey", "5701234567890")
    keep_items(house.database, 1, [scarf, Item("SET", "Winter set", parts={"SCARF": 1, "HAT": 1})], clock.now())
    house.place(1001)
    house.place(1002)
    with house.database.engine([1]) as conn:
        conn.execute(b"update stock_level set available = 39 where item = 'hat' and location = '901'")
    return house


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_page_of_stock_is_whole(house: House, served: str, chromium: Any, size: str, scheme: str) -> None:
    page = chromium.new_page(viewport=SIZES[size], color_scheme=scheme)
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.route("**/live", lambda route: route.fulfill(status=200, content_type="text/event-stream", body=": hello\n\n"))
    sign_in(page, served)
    for address in PAGES:
        page.goto(served + address)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"], address
    assert errors == []
    page.close()


def test_a_receipt_is_booked_and_a_leak_put_right_by_hand(house: House, served: str, chromium: Any) -> None:
    page = chromium.new_page(viewport=SIZES["phone"])
    page.route("**/live", lambda route: route.fulfill(status=204))
    sign_in(page, served)
    page.goto(f"{served}/stock?sku=5701234567890")
    page.get_by_role("heading", name="SCARF").wait_for()
    page.get_by_label("Units").fill("5")
    page.get_by_role("button", name="Book").click()
    page.get_by_text("1 level changed").wait_for()
    page.goto(f"{served}/stock/check")
    page.get_by_role("button", name="Book it").click()
    page.get_by_text("Everything adds up").wait_for()
    assert house.rows("select available from stock_level where item = 'hat' and location = '901'") == [(40,)]
    page.close()
