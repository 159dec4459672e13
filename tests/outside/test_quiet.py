"""An order that the shop deleted without a word is in no list of what changed: open orders that nothing is heard of are
asked after."""

from __future__ import annotations

from datetime import timedelta

from ordna.engine import clock
from ordna.engine.lanes import lane_of
from ordna.store import outbox
from ordna.store.outbox import RereadRow
from tests.engine.conftest import order_body
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import House
from tests.outside.test_rereads import node


def placed_days_ago(house: House, days: int, number: int = 5001) -> None:
    """An order came in so many days ago, and nothing was heard of it since."""
    at = (clock.now() - timedelta(days=days)).isoformat()
    house.send("orders/create", order_body(number, created_at=at, processed_at=at, updated_at=at))
    house.work()
    house.rows_changed("delete from reread")
    house.rows_changed(f"update inbox set received_at = received_at - interval '{days} days'")


def an_hour_later(house: House) -> None:
    """The shop is asked what it is, and the orders that are to be read are read."""
    house.watch()
    house.rows_changed("delete from reread")
    house.rows_changed("update watch set due_at = now() where duty = 'shop'")
    house.watch()
    house.read_again()
    house.work()


def test_an_order_that_was_deleted_without_a_word_is_found(house: House, outside: CannedShop) -> None:
    placed_days_ago(house, 4)
    assert house.rows("select open from orders") == [(True,)]
    an_hour_later(house)
    assert outside.sent("ReadOrders") == [{"ids": ["gid://shopify/Order/5001"]}]
    assert house.rows("select headline, open from orders") == [("deleted", False)]
    assert house.rows("select count(*) from task where closed_at is null") == [(0,)]
    an_hour_later(house)
    assert len(outside.sent("ReadOrders")) == 1, "what is over is not asked after"


def test_one_that_is_there_goes_on_and_is_not_asked_after_again(house: House, outside: CannedShop) -> None:
    placed_days_ago(house, 4)
    outside.orders["5001"] = node(5001)
    an_hour_later(house)
    an_hour_later(house)
    assert len(outside.sent("ReadOrders")) == 1
    assert house.rows("select open from orders") == [(True,)]


def test_one_of_which_something_was_heard_is_not_asked_after(house: House, outside: CannedShop) -> None:
    placed_days_ago(house, 2)
    an_hour_later(house)
    assert outside.sent("ReadOrders") == []


def test_that_a_shop_does_not_show_an_order_proves_nothing_of_a_new_one_or_an_old_one(
    house: House, outside: CannedShop
) -> None:
    house.place(5001)
    placed_days_ago(house, 70, 5002)
    rows = [RereadRow(1, 7, ref, lane_of(ref), 3, clock.now(), "a hint") for ref in ("5001", "5002", "5003")]
    with house.database.engine([1]) as conn:
        outbox.want_rereads(conn, rows)
    house.read_again()
    house.work()
    assert house.rows("select count(*) from orders where headline = 'deleted'") == [(0,)]
    assert house.rows("select outcome, count(*) from inbox where topic = 'ordna/read' group by 1") == [("unusable", 3)]


def test_nothing_is_left_to_ask_of_an_order_that_was_deleted(house: House, outside: CannedShop) -> None:
    placed_days_ago(house, 4)
    house.want_tag("vip")
    outside.faults["AddTags"].append("refused")
    house.send_effects()
    house.work()
    an_hour_later(house)
    house.rows_changed("update inbox set received_at = received_at - interval '4 days'")
    an_hour_later(house)
    assert house.rows("select headline from orders") == [("deleted",)]
    assert house.rows("select count(*) from task where closed_at is null") == [(0,)]
