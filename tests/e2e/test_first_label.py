"""The first label, in a browser: a carrier is connected, a label bought, printed and handed over, the parcel shipped in
the shop under its number, and delivered by the carrier's own word.

With ORDNA_PICTURES=FOLDER the pages are kept as pictures, for a desk and for a phone.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Practice, Running, awaited
from tests.e2e.test_first_day import connect, find, go_live, see_the_month_come_in, settled, sign_in

DESK, PHONE = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}


def test_a_first_label(newcomer: Running, page: Any) -> None:
    shop = newcomer.practice
    sign_in(page, newcomer)
    connect(page, newcomer)
    shop.post("/_practice/pause")
    see_the_month_come_in(page, newcomer)
    go_live(page, newcomer)
    settled(page, newcomer)
    connect_the_carrier(page, newcomer)
    order = shop.order(shop.place_plain())
    number = buy(page, newcomer, order)
    hand_over(page, newcomer, number)
    ship(page, newcomer, shop, order, number)
    arrive(page, newcomer, newcomer.carrier, number)
    newcomer.prove_journal()


def connect_the_carrier(page: Any, running: Running) -> None:
    page.goto(f"{running.url}/connections")
    picture(page, "connect-carrier")
    told = {"Sender’s name": "Ordna & Sons", "Street and number": "Vestergade 1", "Postcode": "8000", "Town": "Aarhus"}
    for field, text in told.items():
        page.get_by_label(field).fill(text)
    page.get_by_role("button", name="Connect the practice carrier").click()
    page.get_by_text("Practice Post is connected").wait_for()
    picture(page, "carrier")


def buy(page: Any, running: Running, order: dict[str, Any]) -> str:
    """From the order's page over the prices to a label that can be printed; the parcel's number."""
    find(page, order["name"])
    page.get_by_role("link", name="Buy a label").click()
    page.get_by_label("Weight in grams").fill("1500")
    page.get_by_role("button", name="Show prices").click()
    page.get_by_text("Home delivery").wait_for()
    picture(page, "rates")
    page.locator("tr", has_text="Home delivery").get_by_role("button", name="Buy").click()
    page.get_by_text("The label is being bought").wait_for()
    page.locator("#labels .num", has_text="PP0").first.wait_for(timeout=30_000)
    picture(page, "label-bought")
    for name, starts in (("PDF", b"%PDF-"), ("ZPL", b"^XA")):
        address = page.locator("#labels").get_by_role("link", name=name, exact=True).get_attribute("href")
        assert page.request.get(running.url + address).body().startswith(starts)
    slip = page.get_by_role("link", name="Packing slip").get_attribute("href")
    assert page.request.get(running.url + slip).body().startswith(b"%PDF-")
    return str(page.locator("#labels .num", has_text="PP0").first.inner_text()).strip()


def hand_over(page: Any, running: Running, number: str) -> None:
    page.goto(f"{running.url}/shipments")
    page.get_by_text(number).wait_for()
    picture(page, "shipments")
    page.get_by_role("button", name="Hand over what is ticked").click()
    page.get_by_text("1 of 1 parcels were handed over").wait_for()
    manifest = page.get_by_role("link", name="Manifest").get_attribute("href")
    assert page.request.get(running.url + manifest).body().startswith(b"%PDF-")
    picture(page, "handed-over")


def ship(page: Any, running: Running, shop: Practice, order: dict[str, Any], number: str) -> None:
    """Pick, pack, ship without typing a number: the shop is told the label's."""
    find(page, order["name"])
    for button, said in (("Mark as picked", "Picked."), ("Mark as packed", "Packed."), ("Ship and tell", "Shipped.")):
        page.get_by_role("button", name=button).click()
        page.get_by_text(said, exact=True).wait_for()
    parcels = awaited("the shop has the fulfilment", lambda: shop.order(order["id"])["fulfillments"], 30)
    assert (parcels[0]["company"], parcels[0]["tracking_numbers"]) == ("Practice Post", [number])
    page.get_by_label("Whose turn").get_by_text("Carrier · Deliver").wait_for(timeout=90_000)


def arrive(page: Any, running: Running, carrier: Practice, number: str) -> None:
    """What the carrier tells comes by its signed webhook, and the open page follows."""
    for status in ("in_transit", "out_for_delivery", "delivered"):
        carrier.post("/_carrier/events", tracking=number, status=status)
    page.locator("ol.way li.done", has_text="Deliver").wait_for(timeout=60_000)
    picture(page, "delivered")
    page.goto(f"{running.url}/shipments?show=delivered")
    page.get_by_text(number).wait_for()


def picture(page: Any, name: str) -> None:
    folder = os.environ.get("ORDNA_PICTURES")
    if not folder:
        return
    for size, suffix in ((PHONE, "-phone"), (DESK, "")):
        page.set_viewport_size(size)
        page.wait_for_timeout(400)
        page.screenshot(path=Path(folder) / f"{name}{suffix}.png", full_page=True)
