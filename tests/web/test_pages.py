"""What people see and do: the map, the list, one order, their work, connections."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.web.conftest import House, signed_in


def text(response: Any) -> str:
    return response.content.decode()


def part_of(house: House, order_id: str) -> str:
    return str(
        house.rows("select part from step where order_id = %s and step = 'pick' and status = 'open'", order_id)[0][0]
    )


def test_the_map_counts_what_stands_at_each_step(house: House, browser: Any) -> None:
    house.place_routed(1001)
    house.place_routed(1002)
    page = text(browser.get("/"))
    assert "Pick: 2 open, 0 late, 0 paused; Warehouse in ordna" in page
    assert 'href="/orders?show=open&amp;step=pick"' in page


def test_an_order_says_whose_turn_it_is_and_why(house: House, browser: Any) -> None:
    page = text(browser.get(f"/orders/{house.place_routed()}"))
    assert "Warehouse · Pick" in page
    assert re.search(r"because .*not picked", page)
    assert "Mark as picked" in page


def test_an_unpaid_order_is_nobodys_work_yet_and_says_who_tells(house: House, browser: Any) -> None:
    waits = "Nothing to do here yet: the shop tells us when it is paid."
    assert waits in text(browser.get(f"/orders/{house.place(1001, financial_status='pending')}"))
    assert waits not in text(browser.get(f"/orders/{house.place_routed(1002)}"))


def test_an_address_is_vouched_for_from_the_list(house: House, browser: Any) -> None:
    order = house.place(1001, shipping_address={"country_code": "DK"})
    page = text(browser.get("/work"))
    assert "Vouch for the address" in page and "Address is not complete." in page
    form = {"kind": "accept_address", "saw_version": house.seq(order), "next": "/work"}
    assert browser.post(f"/orders/{order}/requests", form)["Location"] == "/work"
    assert "Vouch for the address" not in text(browser.get("/work"))


def test_u4_what_turns_the_reading_direction_turns_its_own_field_alone(house: House, browser: Any) -> None:
    address = {"name": "Karen \u202eHolm", "address1": "Nygade 1", "country_code": "DK"}
    page = browser.get(f"/orders/{house.place(1001, shipping_address=address)}").content.decode()
    assert "<bdi>Karen \u202eHolm</bdi>" in page


@pytest.mark.parametrize(
    ("street", "told"),
    [
        ("東京 1", "can’t print 東, 京."),
        ("Ulica Łódź 3", "can’t print Ł, ź."),
        ("Nygade 1 👩‍🌾", "can’t print 👩, zero width joiner, 🌾."),
        ("Åhusvägen 7, café", ""),
    ],
)
def test_u13_letters_that_a_latin_carrier_can_t_print_are_said(
    house: House, browser: Any, street: str, told: str
) -> None:
    address = {"name": "Karen Holm", "address1": street, "country_code": "DK"}
    page = re.sub("</?bdi>", "", text(browser.get(f"/orders/{house.place(1001, shipping_address=address)}")))
    assert told in page if told else "can’t print" not in page


def test_what_may_not_be_done_says_why(house: House, browser: Any) -> None:
    page = text(browser.get(f"/orders/{house.place_routed()}"))
    assert "It has to be picked first." in page


def test_picked_and_packed_by_buttons_and_told_by_the_timeline(house: House, browser: Any) -> None:
    order = house.place_routed()
    part = part_of(house, order)
    for kind, said in (("pick", "Picked 3 units."), ("pack", "Packed 3 units.")):
        form = {"kind": kind, "part": part, "saw_version": house.seq(order)}
        answer = browser.post(f"/orders/{order}/requests", form, follow=True)
        assert answer.status_code == 200, text(answer)
        assert said in text(answer)
    assert house.rows("select actor from journal where kind = 'Packed'") == [("ida",)]


def test_a_button_pressed_twice_is_one_request(house: House, browser: Any) -> None:
    order = house.place_routed()
    form = {"kind": "hold", "reason": "customer asked", "owner": "service", "saw_version": house.seq(order)}
    answers = [browser.post(f"/orders/{order}/requests", form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert house.rows("select count(*) from journal where kind = 'HoldPlaced'") == [(1,)]


def test_a_stale_form_shows_both_versions_and_loses_nothing(house: House, browser: Any) -> None:
    order = house.place_routed()
    seen = house.seq(order)
    other = signed_in("bo", 1)
    other.post(
        f"/orders/{order}/requests", {"kind": "hold", "reason": "fraud?", "owner": "service", "saw_version": seen}
    )
    form = {"kind": "hold", "reason": "customer asked", "owner": "service", "saw_version": seen}
    answer = browser.post(f"/orders/{order}/requests", form)
    assert answer.status_code == 409
    page = text(answer)
    assert f"You saw version {seen}; the order now stands at version {house.seq(order)}" in page
    assert "Held: fraud?" in page
    assert 'name="reason" value="customer asked"' in page
    assert house.rows("select count(*) from journal where kind = 'HoldPlaced'") == [(1,)]


def test_a_refused_request_says_why(house: House, browser: Any) -> None:
    order = house.place_routed()
    form = {"kind": "pack", "part": part_of(house, order), "saw_version": house.seq(order)}
    answer = browser.post(f"/orders/{order}/requests", form)
    assert answer.status_code == 422
    assert "It has to be picked first." in text(answer)


def test_work_is_claimed_done_and_gone(house: House, browser: Any) -> None:
    order = house.place_routed()
    page = text(browser.get("/work"))
    assert "Pick" in page and "#1001" in page
    task = f"do:pick:{part_of(house, order)}"
    claim = {"kind": "claim", "task": task, "saw_version": house.seq(order), "next": "/work"}
    assert browser.post(f"/orders/{order}/requests", claim)["Location"] == "/work"
    assert "Mine" in text(browser.get("/work?team=mine"))
    do = {"kind": "pick", "part": part_of(house, order), "saw_version": house.seq(order), "next": "/work"}
    browser.post(f"/orders/{order}/requests", do)
    assert "do:pick" not in text(browser.get("/work"))
    assert "do:pack" in text(browser.get("/work"))


def test_an_order_is_found_by_its_exact_number_or_id(house: House, browser: Any) -> None:
    order = house.place_routed(1042)
    for asked in ("#1042", "1042", " 1042 ", order):
        assert browser.get("/orders", {"q": asked})["Location"] == f"/orders/{order}", asked
    assert "No order is named" in text(browser.get("/orders", {"q": "104"}))


@pytest.mark.parametrize("show", ["open", "late", "attention", "held", "shipped", "closed", "cancelled", "all"])
def test_every_tab_answers(house: House, browser: Any, show: str) -> None:
    house.place_routed(1077)
    page = text(browser.get("/orders", {"show": show}))
    assert ("#1077" in page) == (show in ("open", "all"))


def test_pages_follow_each_other_without_gap_or_repeat(house: House, browser: Any) -> None:
    for number in range(1001, 1008):
        house.place(number)
    seen: list[str] = []
    address = "/orders?show=all&limit=3"
    while address:
        page = text(browser.get(address))
        seen += re.findall(r'class="name" href="/orders/([^"]+)"', page)
        found = re.search(r'rel="next" data-next href="([^"]+)"', page)
        address = "/orders" + found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == 7


def test_a_paused_shop_is_resumed_and_outgoing_has_one_switch(house: House, browser: Any) -> None:
    link = f"/connections/{house.connection_id}/mode"
    assert "is paused" in text(browser.post(link, {"mode": "paused"}, follow=True))
    assert house.rows("select mode from connection") == [("paused",)]
    assert "is live again" in text(browser.post(link, {"mode": "live"}, follow=True))
    browser.post("/connections/outgoing", {"paused": "1"})
    assert "Outgoing paused" in text(browser.get("/"))
    assert house.rows("select value from switch where name = 'outgoing'") == [("paused",)]


def test_going_live_shows_what_would_happen_first(house: House, browser: Any) -> None:
    house.rows("update connection set mode = 'observe' returning 1")
    house.place_routed()
    page = text(browser.get(f"/connections/{house.connection_id}/go-live"))
    assert "Task: Pick" in page
    assert house.rows("select mode from connection") == [("observe",)]
    browser.post(f"/connections/{house.connection_id}/mode", {"mode": "live"})
    assert house.rows("select mode from connection") == [("live",)]


def test_the_customer_is_shown_on_the_page_of_the_order_alone(house: House, browser: Any) -> None:
    order = house.place(1001)
    assert "Karen Holm" in text(browser.get(f"/orders/{order}"))
    assert "Karen Holm" not in text(browser.get("/orders"))
    assert house.rows("select count(*) from journal where data::text like '%Karen%'") == [(0,)]
