"""A shop that can't be asked anything is dark: what is to be sent to it waits with the tries it has left, and goes out
when the shop is back."""

from __future__ import annotations

import pytest

from ordna.engine.retry import TRIES_MAX
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import House

OPERATIONS = ("AddTags", "LookUpOrder", "Sweep", "Subscriptions", "ReadOrders")


def darken(outside: CannedShop) -> None:
    """From now on nothing is answered."""
    for operation in OPERATIONS:
        outside.faults[operation].extend(["down"] * 500)


def lighten(outside: CannedShop) -> None:
    """It answers again."""
    outside.faults.clear()


def hours_pass(house: House, looks: int = 20) -> None:
    """So many times the sweep is due again, and every effect's wait is over."""
    for _ in range(looks):
        house.rows_changed("update watch set due_at = now() where duty = 'sweep'")
        house.watch()
        house.make_due()
        house.send_effects()


def test_five_dark_hours_use_up_no_effect(house: House, outside: CannedShop) -> None:
    house.watch()
    house.place()
    house.want_tag("vip")
    darken(outside)
    hours_pass(house)
    [(key, status, tries)] = house.effects()
    assert (key, status) == ("tag:vip#1", "in_doubt")
    assert tries <= TRIES_MAX // 2
    assert house.rows("select dark_since is not null from connection") == [(True,)]
    lighten(outside)
    hours_pass(house, 2)
    assert house.effects() == [("tag:vip#1", "confirmed", tries + 2)], "looked up, and sent"
    assert outside.tags["5001"] == {"vip"}
    assert house.rows("select dark_since from connection") == [(None,)]


def test_what_is_asked_in_the_dark_is_not_tried_before_the_light(house: House, outside: CannedShop) -> None:
    house.watch()
    house.place()
    darken(outside)
    hours_pass(house, 2)
    house.want_tag("vip")
    hours_pass(house)
    assert house.effects() == [("tag:vip#1", "due", 0)]
    assert outside.mutations() == []
    lighten(outside)
    hours_pass(house, 2)
    assert house.effects() == [("tag:vip#1", "confirmed", 1)]


def test_one_call_without_an_answer_has_the_shop_asked_at_once(house: House, outside: CannedShop) -> None:
    house.watch()
    house.rows_changed("update watch set begun_at = now() - interval '1 minute' where duty = 'sweep'")
    house.place()
    house.want_tag("vip")
    outside.faults["AddTags"].append("down")
    house.send_effects()
    assert house.rows("select due_at <= now() from watch where duty = 'sweep'") == [(True,)]


@pytest.mark.parametrize("answer", ["", "throttled"])
def test_one_that_answers_has_not(house: House, outside: CannedShop, answer: str) -> None:
    house.watch()
    house.rows_changed("update watch set begun_at = now() - interval '1 minute' where duty = 'sweep'")
    house.place()
    house.want_tag("vip")
    outside.faults["AddTags"].append(answer)
    house.send_effects()
    assert house.rows("select due_at > now() from watch where duty = 'sweep'") == [(True,)]


def test_one_sweep_that_fails_makes_no_darkness(house: House, outside: CannedShop) -> None:
    house.watch()
    house.place()
    house.want_tag("vip")
    outside.faults["Sweep"].append("down")
    hours_pass(house, 1)
    assert house.rows("select dark_since from connection") == [(None,)]
    assert house.effects() == [("tag:vip#1", "confirmed", 1)]
