"""A timer is decided on a fresh picture only: nothing is called late because nobody was listening."""

from __future__ import annotations

from ordna.engine.timers import Timers
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import House
from tests.outside.test_rereads import hint, node


def a_step_falls_due(house: House, swept: str = "now() - interval '2 minutes'", heard: str = "now()") -> str:
    """An open step's timer is due since a minute; the shop was last swept and heard of at these times. Its key."""
    house.watch()
    house.place(financial_status="pending")
    [(key,)] = house.rows("select timer_key from timer where timer_key like 'step|%'")
    house.rows_changed("delete from timer where timer_key <> %s", key)
    house.rows_changed("update timer set due_at = now() - interval '1 minute'")
    house.rows_changed("delete from reread")
    house.rows_changed(f"update connection set last_webhook_at = {heard}, last_read_at = now()")
    house.rows_changed(f"update watch set good_at = {swept}, begun_at = {swept} where duty = 'sweep'")
    return str(key)


def fired(house: House) -> list[tuple[str]]:
    """The keys of timers that came back as messages."""
    return house.rows("select timer_key from timer where fired_at is not null")


def test_it_falls_when_the_shop_was_swept_since(house: House) -> None:
    key = a_step_falls_due(house, swept="now()")
    assert house.fire_timers() == 1
    assert house.fire_timers() == 0
    assert fired(house) == [(key,)]
    assert house.rows("select count(*) from inbox where topic = 'ordna/timer'") == [(1,)]


def test_after_dark_hours_it_waits_until_the_shop_was_asked(house: House, outside: CannedShop) -> None:
    a_step_falls_due(house, swept="now() - interval '5 hours'", heard="now() - interval '5 hours'")
    outside.calls.clear()
    outside.faults["Sweep"].append("down")
    assert house.fire_timers() == 0
    assert house.fire_timers() == 0, "the shop was asked in vain; it is asked again"
    assert len(outside.sent("Sweep")) == 2
    assert house.fire_timers() == 1


def test_webhooks_and_reads_of_other_orders_prove_nothing_of_one_whose_webhook_was_lost(
    house: House, outside: CannedShop
) -> None:
    a_step_falls_due(house)
    paid = node(5001, displayFinancialStatus="PAID")
    outside.orders["5001"], outside.changed = paid, [("5001", paid["updatedAt"])]
    house.place(5002)
    house.rows_changed("update connection set last_webhook_at = now(), last_read_at = now()")
    assert house.timers.round(house.lanes()) == 0, "order 5002 was heard of; 5001 was paid, and nobody told"
    house.watch()
    assert house.timers.round(house.lanes()) == 0, "the sweep found it; it waits to be read"
    house.read_again()
    house.work()
    house.watch()
    house.timers.round(house.lanes())
    assert house.rows("select payment from orders where order_id = '7-5001'") == [("paid",)]
    assert house.rows("select count(*) from inbox where topic = 'ordna/timer'") == [(0,)], "nothing is late"


def test_a_connection_that_keeps_a_timer_waiting_is_not_swept_at_every_look(house: House, outside: CannedShop) -> None:
    a_step_falls_due(house)
    house.rows_changed(
        "update watch set begun_at = now() - interval '20 seconds', due_at = now() + interval '4 minutes'"
    )
    outside.calls.clear()
    house.timers = Timers(house.database)
    for _ in range(3):
        house.fire_timers()
    assert outside.sent("Sweep") == []
    house.rows_changed("update watch set begun_at = now() - interval '61 seconds'")
    house.fire_timers()
    assert len(outside.sent("Sweep")) == 1


def test_a_hold_expires_by_the_clock_when_webhooks_come_but_not_in_a_gap(house: House) -> None:
    a_step_falls_due(house)
    house.rows_changed("update timer set timer_key = 'hold|x'")
    house.rows_changed("insert into gap (merchant_id, connection_id, began_at, cause) values (1, 7, now(), 'silent')")
    house.rows_changed("update watch set begun_at = now()")
    assert house.timers.round(house.lanes()) == 0
    house.rows_changed("update gap set ended_at = now()")
    assert house.timers.round(house.lanes()) == 1


def test_what_the_sweep_found_is_read_before_the_timer_falls(house: House, outside: CannedShop) -> None:
    a_step_falls_due(house, swept="now() - interval '5 hours'")
    outside.orders["5001"] = node(5001)
    outside.changed = [("5001", "2026-11-23T00:00:00Z")]
    house.fire_timers()
    assert house.fire_timers() == 0, "a re-read waits"
    house.read_again()
    assert house.fire_timers() == 0, "what was read is not taken in yet"
    house.work()
    assert house.rows("select payment from orders") == [("paid",)]
    assert fired(house) == [], "the shop was paid meanwhile: nothing is late"


def test_it_waits_while_messages_of_its_order_wait(house: House) -> None:
    a_step_falls_due(house, swept="now()")
    house.now = house.now.replace(year=2025)
    house.send("orders/updated", {"id": 5001})
    assert house.fire_timers() == 0
    house.work()
    assert house.fire_timers() <= 1


def test_a_timer_to_read_asks_for_a_read_and_nothing_else(house: House) -> None:
    house.place()
    house.rows_changed("delete from reread")
    house.rows_changed("update timer set due_at = now() - interval '1 minute' where timer_key = 'read|routing'")
    house.rows_changed("delete from timer where timer_key <> 'read|routing'")
    house.rows_changed("update connection set last_webhook_at = null")
    assert house.fire_timers() == 1
    assert house.rows("select order_ref from reread") == [("5001",)]
    assert house.rows("select count(*) from inbox where topic = 'ordna/timer'") == [(0,)]


def test_a_hint_alone_keeps_its_orders_timers_back(house: House) -> None:
    a_step_falls_due(house, swept="now()")
    hint(house, "5001")
    assert house.fire_timers() == 0
