"""A timer is decided on a fresh picture only: nothing is called late because nobody was listening."""

from __future__ import annotations

from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import House
from tests.outside.test_rereads import hint, node


def a_step_falls_due(house: House, heard: str = "null") -> str:
    """An open step's timer is due since a minute; the connection was last heard of at `heard`. Its key."""
    house.place(financial_status="pending")
    [(key,)] = house.rows("select timer_key from timer where timer_key like 'step|%'")
    house.rows_changed("delete from timer where timer_key <> %s", key)
    house.rows_changed("update timer set due_at = now() - interval '1 minute'")
    house.rows_changed("delete from reread")
    house.rows_changed(f"update connection set last_webhook_at = {heard}, last_read_at = null")
    return str(key)


def fired(house: House) -> list[tuple[str]]:
    """The keys of timers that came back as messages."""
    return house.rows("select timer_key from timer where fired_at is not null")


def test_it_falls_when_a_webhook_came_since(house: House) -> None:
    key = a_step_falls_due(house, heard="now()")
    assert house.fire_timers() == 1
    assert house.fire_timers() == 0
    assert fired(house) == [(key,)]
    assert house.rows("select count(*) from inbox where topic = 'ordna/timer'") == [(1,)]


def test_after_dark_hours_it_waits_until_the_shop_was_asked(house: House, outside: CannedShop) -> None:
    a_step_falls_due(house, heard="now() - interval '5 hours'")
    outside.faults["Sweep"].append("down")
    assert house.fire_timers() == 0
    assert house.fire_timers() == 0, "the shop was asked in vain; it is asked again"
    assert len(outside.sent("Sweep")) == 2
    assert house.fire_timers() == 1


def test_what_the_sweep_found_is_read_before_the_timer_falls(house: House, outside: CannedShop) -> None:
    a_step_falls_due(house, heard="now() - interval '5 hours'")
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
    a_step_falls_due(house, heard="now()")
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
    a_step_falls_due(house, heard="now()")
    hint(house, "5001")
    assert house.fire_timers() == 0
