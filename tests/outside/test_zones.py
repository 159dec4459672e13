"""The shop changes its time zone: cut-offs are counted anew where the flow followed the shop, and people are told."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ordna.engine import clock
from ordna.engine.connections import Connections
from ordna.store.read import connections as read
from ordna.store.read.door import View
from ordna.web.watching import zone_sentence
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import House

BEFORE, AFTER = "Europe/Copenhagen", "Asia/Tokyo"


def a_check_is_due_at_a_cut_off(house: House) -> None:
    """The check of an order ends at a cut-off, 14:00 in the flow's zone; one order waits for it."""
    house.rows_changed(
        "update policy set flow = replace(replace(flow, 'within: 2 working hours', 'within: same day before cutoff'),"
        " 'cost_per_hour: 280 DKK', 'cost_per_hour: 280 DKK, cutoff: \"14:00\"')"
    )
    house.rows_changed(f'update connection set facts = \'{{"zone": "{BEFORE}"}}\'')
    house.place(shipping_address={"country_code": "DK"})


def due_at(house: House) -> datetime:
    """When the check is due, by the timer that stands."""
    [(due,)] = house.rows("select due_at from timer where timer_key like 'step|check|%%' and fired_at is null")
    assert isinstance(due, datetime)
    return due


def ask_the_shop(house: House) -> None:
    """The hour is over."""
    house.watch()
    house.rows_changed("update watch set due_at = now() where duty = 'shop'")
    house.watch()
    house.work()


def told(house: House) -> str:
    """What the connection's page says of the zone."""
    with house.database.reader(1) as conn:
        [link] = read.connections(View(conn, 1, clock.now()))
    return zone_sentence(link, clock.now(), "UTC")


def test_t11_the_shop_changes_its_zone_and_cut_offs_are_counted_anew_and_told(
    house: House, outside: CannedShop
) -> None:
    a_check_is_due_at_a_cut_off(house)
    before = due_at(house)
    assert before.astimezone(ZoneInfo(BEFORE)).strftime("%H:%M") == "14:00"
    outside.zone = AFTER
    ask_the_shop(house)
    after = due_at(house)
    assert after.astimezone(ZoneInfo(AFTER)).strftime("%H:%M") == "14:00"
    assert house.rows("select version, activated_by from policy order by 1")[1:] == [(2, "the shop's time zone")]
    assert house.rows("select policy_version from orders") == [(2,)]
    assert house.rows("select zone from merchant") == [(AFTER,)]
    assert f"The shop’s time zone is {AFTER} since" in told(house)
    assert "Working hours and cut-offs follow it: 1 open order was counted anew." in told(house)
    ask_the_shop(house)
    assert house.rows("select count(*) from policy") == [(2,)], "it changed once"
    assert "1 open order was counted anew" in told(house)


def test_a_flow_that_names_another_zone_keeps_it_and_that_is_told(house: House, outside: CannedShop) -> None:
    a_check_is_due_at_a_cut_off(house)
    house.rows_changed('update connection set facts = \'{"zone": "America/Toronto"}\'')
    before = due_at(house)
    outside.zone = AFTER
    ask_the_shop(house)
    assert due_at(house) == before
    assert house.rows("select count(*) from policy") == [(1,)]
    assert told(house).endswith(f"The flow keeps the hours of {BEFORE}: change its zone if they are to follow.")


def test_a_shop_that_is_connected_again_after_it_moved_is_followed_too(
    house: House, outside: CannedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_check_is_due_at_a_cut_off(house)
    house.rows_changed("update connection set domain = 'canned.myshopify.com'")
    outside.zone = AFTER
    made = Connections(house.database, house.ring)
    made.connect_shopify(1, outside.url, {"token": "t"}, "http://127.0.0.1:1", webhook_secret="s")
    house.work()
    assert house.rows("select policy_version from orders") == [(2,)]


def test_nothing_is_told_of_a_shop_that_stays_where_it_is(house: House) -> None:
    a_check_is_due_at_a_cut_off(house)
    ask_the_shop(house)
    assert told(house) == ""
    assert house.rows("select count(*) from policy") == [(1,)]
    [(good, wait)] = house.rows("select good_at is not null, due_at - now() from watch where duty = 'shop'")
    assert good and wait > timedelta(minutes=59)
