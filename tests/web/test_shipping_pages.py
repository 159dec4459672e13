"""Labels, shipments and hand-overs by the pages and by the API, with a carrier that answers over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from ordna.core.shipping import ParcelAddress
from ordna.engine import clock
from ordna.engine.budget import open_budget
from ordna.engine.carriers import Carriers
from ordna.engine.outbounds import Outbounds
from ordna.engine.perform import Performer
from ordna.practice.carrier.server import ACCOUNT, TOKEN, Carrier
from tests.practice.carrier_running import running
from tests.web.conftest import House, signed_in

SENDER = {"name": "Ordna & Sons", "street": "Vestergade 1", "zip": "8000", "city": "Aarhus", "country": "DK"}


@pytest.fixture
def post() -> Iterator[Carrier]:
    with running() as carrier:
        yield carrier


@pytest.fixture
def order(house: House, post: Carrier) -> str:
    """A routed order of a merchant whose carrier is connected."""
    carriers = Carriers(house.database, house.ring)
    sender = ParcelAddress("Ordna & Sons", ("Vestergade 1",), "8000", "Aarhus", "DK")
    carriers.connect(house.merchant_id, "practice_post", post.base_url, ACCOUNT, TOKEN, sender, "http://127.0.0.1:9")
    with house.database.engine([house.merchant_id]) as conn:
        open_budget(conn, house.merchant_id, house.connection_id)
    return house.place_routed(1001)


def settle(house: House) -> None:
    performer = Performer(house.database, Outbounds(house.ring), house.ring)
    try:
        house.leases.tend(idle=True)
        while performer.round(house.leases.held) or house.step():
            house.now = clock.now()
    finally:
        performer.close()


def part_of(house: House, order: str) -> str:
    return str(house.rows("select part from step where order_id = %s and part <> '' limit 1", order)[0][0])


def buy(house: House, browser: Any, order: str) -> Any:
    part = part_of(house, order)
    number = house.rows("select connection_id from connection where role = 'carrier'")[0][0]
    form = {"kind": "buy_label", "part": part, "connection": number, "service": "home", "weight_g": "1500"}
    return browser.post(f"/orders/{order}/requests", {**form, "saw_version": house.seq(order)})


def token(scopes: tuple[str, ...] = ("read", "write")) -> dict[str, str]:
    from ordna.store import accounts

    ida = accounts.ensure_person("ida", 1)
    made = accounts.new_token(ida, 1, "test", clock.now(), timedelta(days=1), scopes)
    return {"HTTP_AUTHORIZATION": f"Bearer {made}"}


def test_without_a_carrier_the_order_page_says_nothing_of_labels(house: House, browser: Any) -> None:
    page = browser.get(f"/orders/{house.place_routed(1001)}").content.decode()
    assert 'id="labels"' not in page
    assert "No carrier is connected" in browser.get("/shipments").content.decode()


def test_a_label_is_bought_printed_and_handed_over(house: House, browser: Any, order: str, post: Carrier) -> None:
    part = part_of(house, order)
    rates = browser.get(f"/orders/{order}/parts/{part}/rates?weight_g=1500").content.decode()
    assert rates.index("Parcel shop") < rates.index("Home delivery") and "153.00 DKK" in rates
    assert buy(house, browser, order).status_code == 302
    settle(house)
    page = browser.get(f"/orders/{order}").content.decode()
    assert "PP000000014DK" in page and "To hand over" in page and "A label was bought" in page
    pdf = browser.get(f"/orders/{order}/labels/{part}-1.pdf")
    assert pdf.content.startswith(b"%PDF-") and pdf["Cache-Control"] == "private, no-store"
    assert browser.get(f"/orders/{order}/labels/{part}-1.zpl").content.startswith(b"^XA")
    assert browser.get(f"/orders/{order}/parts/{part}/packing-slip.pdf").content.startswith(b"%PDF-")
    assert "PP000000014DK" in browser.get("/shipments").content.decode()
    assert browser.post("/shipments/hand-over", {"label": f"{order}/{part}-1"}).status_code == 302
    assert post.post.parcels["pp_1"].handed_over_at is not None
    assert "PP000000014DK" in browser.get("/shipments?show=under way").content.decode()
    name = house.rows("select handover from parcel_batch")[0][0]
    assert browser.get(f"/shipments/hand-overs/{name}/manifest.pdf").content.startswith(b"%PDF-")


def test_a_press_that_comes_twice_buys_one_label(house: House, browser: Any, order: str, post: Carrier) -> None:
    part, seen = part_of(house, order), house.seq(order)
    number = house.rows("select connection_id from connection where role = 'carrier'")[0][0]
    form = {"kind": "buy_label", "part": part, "connection": number, "service": "home", "weight_g": "1500"}
    for _ in range(2):
        assert browser.post(f"/orders/{order}/requests", {**form, "saw_version": seen}).status_code == 302
    settle(house)
    assert len(post.post.parcels) == 1


def test_a_neighbour_prints_nothing(house: House, neighbour: House, browser: Any, order: str) -> None:
    buy(house, browser, order)
    settle(house)
    part = part_of(house, order)
    eve = signed_in("eve", 2)
    for path in (f"labels/{part}-1.pdf", f"parts/{part}/packing-slip.pdf", f"parts/{part}/rates"):
        assert eve.get(f"/orders/{order}/{path}").status_code == 404
    assert "PP000000014DK" not in eve.get("/shipments").content.decode()


def test_bad_input_is_answered(browser: Any, order: str) -> None:
    assert browser.get("/shipments?show=elsewhere").status_code == 422
    assert browser.post("/shipments/hand-over", {}).status_code == 422
    assert browser.get(f"/orders/{order}/parts/404/rates").status_code == 422
    assert browser.get(f"/orders/{order}/parts/404/rates?weight_g=heavy").status_code == 422
    assert browser.get(f"/orders/{order}/parts/404/packing-slip.pdf").status_code == 404
    assert browser.get(f"/orders/{order}/labels/404-1.exe").status_code == 404
    assert browser.get("/shipments/hand-overs/never/manifest.pdf").status_code == 404
    asked = {"kind": "buy_label", "part": "404", "connection": "x", "service": "home"}
    assert browser.post(f"/orders/{order}/requests", asked).status_code == 422


def test_the_practice_carrier_is_connected_on_the_page(house: House, browser: Any, post: Carrier) -> None:
    from django.test import override_settings

    with override_settings(ORDNA_PRACTICE_CARRIER=post.credentials(), ORDNA_URL="http://127.0.0.1:9"):
        assert "Connect the practice carrier" in browser.get("/connections").content.decode()
        bad = browser.post("/connections/carrier", {**SENDER, "country": "Denmark"}, follow=True)
        assert "could not be connected" in bad.content.decode()
        said = browser.post("/connections/carrier", SENDER, follow=True).content.decode()
    assert "Practice Post is connected" in said and "Vestergade 1, 8000 Aarhus, DK" in said
    assert post.desk.url.startswith("http://127.0.0.1:9/webhooks/")
    assert house.rows("select role, mode from connection order by connection_id") == [
        ("shop", "live"), ("carrier", "live"),
    ]  # fmt: skip


def test_the_same_over_the_api(house: House, browser: Any, order: str, post: Carrier) -> None:
    from django.test import Client

    api, part = Client(HTTP_HOST="127.0.0.1", **token()), part_of(house, order)
    number = house.rows("select connection_id from connection where role = 'carrier'")[0][0]
    found = api.get(f"/api/orders/{order}/rates?connection={number}&weight_g=1500").json()["items"]
    assert {rate["service"]: rate["price"] for rate in found} == {"shop": 11000, "home": 15300, "express": 32800}
    wish = {"type": "buy_label", "part": part, "connection": number, "service": "shop", "package": {"weight_g": 1500}}
    body = [{"order": order, "request": wish, "saw_version": house.seq(order)}]
    answer = api.post("/api/requests", body, content_type="application/json").json()
    assert answer["items"][0]["outcome"] == "accepted", answer
    settle(house)
    [label] = api.get(f"/api/orders/{order}/labels").json()["items"]
    assert (label["tracking"], label["price"], label["stands"]) == ("PP000000014DK", 11000, "bought")
    assert api.get(f"/api/orders/{order}/labels/{part}-1/pdf").content.startswith(b"%PDF-")
    assert api.get(f"/api/orders/{order}/parts/{part}/packing-slip").content.startswith(b"%PDF-")
    handed = {"connection": number, "name": "morning", "labels": [[order, f"{part}-1"]]}
    assert api.post("/api/hand-overs", handed, content_type="application/json").status_code == 201
    assert api.get("/api/hand-overs/morning/manifest").content.startswith(b"%PDF-")
    for path in (f"orders/{order}/labels/x/pdf", "orders/7-404/labels", "hand-overs/never/manifest"):
        answer = api.get(f"/api/{path}")
        assert answer.status_code == 404 and answer.json()["sentence"]
