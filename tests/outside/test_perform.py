"""Effects leave once, in order, and only while they are wanted; what got lost on the way is looked up, not repeated."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ordna.engine.perform import NotLive
from ordna.engine.retry import TRIES_MAX
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import House

KEY = "tag:vip#1"


def test_an_effect_is_sent_once_and_its_answer_is_told_to_the_order(house: House, outside: CannedShop) -> None:
    house.place()
    house.want_tag("vip")
    assert house.send_effects() == 1
    assert house.send_effects() == 0
    assert outside.sent("AddTags") == [{"id": "gid://shopify/Order/5001", "tags": ["vip"]}]
    assert house.effects() == [(KEY, "confirmed", 1)]
    house.work()
    assert house.told() == [(KEY, "confirmed")]
    assert house.rows("select count(*) from journal where kind = 'EffectConfirmed'") == [(1,)]


def test_a_lost_answer_is_looked_up_and_not_done_twice(house: House, outside: CannedShop) -> None:
    house.place()
    house.want_tag("vip")
    outside.faults["AddTags"].append("lost")
    house.send_effects()
    assert house.effects() == [(KEY, "in_doubt", 1)]
    house.make_due()
    house.send_effects()
    assert house.effects() == [(KEY, "confirmed", 2)]
    assert outside.mutations() == ["AddTags"]
    assert house.told() == [(KEY, "in_doubt"), (KEY, "confirmed")]


def test_what_provably_did_not_happen_is_sent_again_under_the_same_key(house: House, outside: CannedShop) -> None:
    house.place()
    house.want_tag("vip")
    outside.faults["AddTags"].append("lost")
    house.send_effects()
    outside.tags.clear()
    for _ in range(2):
        house.make_due()
        house.send_effects()
    assert house.effects() == [(KEY, "confirmed", 3)]
    assert [name for name, _ in outside.calls] == ["AddTags", "LookUpOrder", "AddTags"]


def test_a_look_up_that_fails_proves_nothing(house: House, outside: CannedShop) -> None:
    house.place()
    house.want_tag("vip")
    outside.faults["AddTags"].append("lost")
    outside.faults["LookUpOrder"].extend(["down", "down"])
    for _ in range(3):
        house.send_effects()
        house.make_due()
    assert house.effects() == [(KEY, "in_doubt", 3)]
    assert outside.mutations() == ["AddTags"]
    house.send_effects()
    assert house.effects()[0][1] == "confirmed"


def test_a_worker_that_died_between_sending_and_answer_leaves_doubt(house: House, outside: CannedShop) -> None:
    house.place()
    house.want_tag("vip")
    house.performer._record = lambda *_: None  # type: ignore[method-assign]
    house.send_effects()
    assert house.effects() == [(KEY, "sending", 1)]
    del house.performer._record  # type: ignore[method-assign]
    assert house.send_effects() == 0, "its call may still be on its way"
    house.make_due()
    house.send_effects()
    assert house.effects() == [(KEY, "confirmed", 2)]
    assert outside.mutations() == ["AddTags"]


def test_an_answer_that_comes_after_its_try_was_taken_over_counts_for_nothing(house: House) -> None:
    house.place()
    house.want_tag("vip")
    record, held = house.performer._record, []
    house.performer._record = lambda *late: held.append(late)  # type: ignore[method-assign,assignment]
    house.send_effects()
    house.rows_changed("update effect set status = 'in_doubt', attempts = attempts + 1")
    record(*held[0])
    assert house.effects() == [(KEY, "in_doubt", 2)]
    assert house.told() == []


def test_a_worker_that_slept_past_its_patience_makes_no_call(
    house: House, outside: CannedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was stopped between claiming and calling; by now another may have looked, and sent it anew."""
    house.place()
    house.want_tag("vip")
    claim = house.performer._claim

    def sleeps(*leases: Any) -> Any:
        claimed = claim(*leases)
        waking = time.monotonic() + house.performer._patience_s
        monkeypatch.setattr("ordna.engine.perform.time.monotonic", lambda: waking)
        return claimed

    monkeypatch.setattr(house.performer, "_claim", sleeps)
    house.send_effects()
    assert outside.calls == []
    assert house.effects() == [(KEY, "due", 0)]
    assert house.told() == []
    monkeypatch.undo()
    house.send_effects()
    assert outside.mutations() == ["AddTags"]


def test_a_stop_begins_no_call_and_keeps_none_waiting(house: House, outside: CannedShop) -> None:
    house.place()
    house.want_tag("vip")
    house.performer.stop()
    house.send_effects()
    assert outside.calls == []
    assert house.effects() == [(KEY, "due", 0)]


def test_what_was_in_doubt_for_days_is_looked_up_and_never_just_sent(house: House, outside: CannedShop) -> None:
    """However long ago it was, and however often nobody could look: without proof nothing is sent again."""
    house.place()
    house.want_tag("vip")
    outside.faults["AddTags"].append("lost")
    house.send_effects()
    house.rows_changed(
        "update effect set asked_at = asked_at - interval '9 days', sent_at = sent_at - interval '9 days'"
    )
    outside.faults["LookUpOrder"].extend(["down"] * 5)
    for _ in range(5):
        house.make_due()
        house.send_effects()
    assert outside.mutations() == ["AddTags"]
    assert house.effects() == [(KEY, "in_doubt", 6)]
    house.make_due()
    house.send_effects()
    assert house.effects()[0][1] == "confirmed"
    assert outside.mutations() == ["AddTags"]


def test_nothing_leaves_while_outgoing_or_the_connection_is_paused(house: House, outside: CannedShop) -> None:
    house.place()
    house.want_tag("vip")
    house.rows_changed("insert into switch (merchant_id, name, value) values (1, 'outgoing', 'paused')")
    assert house.send_effects() == 0
    house.rows_changed("delete from switch")
    house.rows_changed("update connection set mode = 'paused'")
    assert house.send_effects() == 0
    assert outside.calls == []
    assert house.effects() == [(KEY, "due", 0)]
    house.rows_changed("update connection set mode = 'live'")
    house.send_effects()
    assert house.effects() == [(KEY, "confirmed", 1)]


def test_a_connection_that_observes_sends_nothing(house: House, outside: CannedShop) -> None:
    house.place()
    house.want_tag("vip")
    house.rows_changed("update connection set mode = 'observe'")
    assert house.send_effects() == 0
    assert outside.calls == []


def test_an_effect_that_slips_through_while_observing_stops_the_round(house: House, outside: CannedShop) -> None:
    house.place()
    house.want_tag("vip")
    load = house.performer._outbounds.load
    house.performer._outbounds.load = lambda *a: {k: t._replace(mode="observe") for k, t in load(*a).items()}  # type: ignore[method-assign]
    with pytest.raises(NotLive):
        house.send_effects()
    assert outside.calls == []


def test_over_budget_outside_is_no_try_and_waits(house: House, outside: CannedShop) -> None:
    house.place()
    house.want_tag("vip")
    outside.faults["AddTags"].append("throttled")
    house.send_effects()
    assert house.effects() == [(KEY, "due", 0)]
    assert house.rows("select due_at > now() from effect") == [(True,)]
    house.make_due()
    house.send_effects()
    assert house.effects() == [(KEY, "confirmed", 1)]


def test_effects_of_an_order_leave_in_the_order_they_were_asked(house: House, outside: CannedShop) -> None:
    house.place()
    house.want_note("first")
    house.want_tag("vip")
    outside.faults["WriteNote"].append("throttled")
    house.send_effects()
    assert outside.mutations() == ["WriteNote"]
    house.make_due()
    house.send_effects()
    house.send_effects()
    assert outside.mutations() == ["WriteNote", "WriteNote", "AddTags"]


def test_another_order_does_not_wait_for_it(house: House, outside: CannedShop) -> None:
    house.place(5001)
    house.place(5002)
    house.want_note("first", "7-5001")
    house.want_tag("vip", "7-5001")
    house.want_tag("vip", "7-5002")
    outside.faults["WriteNote"].append("throttled")
    house.send_effects()
    assert sorted(outside.mutations()) == ["AddTags", "WriteNote"]
    assert outside.sent("AddTags")[0]["id"].endswith("5002")


def test_what_is_no_longer_wanted_is_withdrawn_and_said(house: House, outside: CannedShop) -> None:
    house.place()
    house.want_tag("vip")
    house.place(tags="vip")
    house.send_effects()
    assert outside.mutations() == []
    assert house.effects() == [(KEY, "withdrawn", 0)]
    assert house.told() == [(KEY, "withdrawn")]


def test_after_eight_tries_it_is_dead_with_its_cause_and_its_followers_go(house: House, outside: CannedShop) -> None:
    house.place()
    house.want_tag("vip")
    house.want_tag("gift")
    outside.faults["AddTags"].extend(["lost"])
    outside.faults["LookUpOrder"].extend(["down"] * TRIES_MAX)
    for _ in range(TRIES_MAX):
        house.send_effects()
        house.make_due()
    assert house.effects()[0] == (KEY, "dead", TRIES_MAX)
    assert house.rows("select code from effect order by effect_no limit 1") == [("http_503",)]
    house.send_effects()
    assert house.effects()[1] == ("tag:gift#1", "confirmed", 1)
    assert (KEY, "dead") in house.told()
