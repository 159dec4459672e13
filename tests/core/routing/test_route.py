"""Which location sends what: the limits of the trade, one by one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ordna.core.routing import Barred, Wanted
from tests.core.routing.trade import clock, explained, order, place, policy, routed, said, sent, waits

AARHUS, ODENSE = place("aarhus", 40), place("odense", 52)


def test_the_cheapest_place_that_has_all_of_it_sends_it() -> None:
    routing = routed(order(mug=2), {"aarhus": {"mug": 2}, "odense": {"mug": 9}}, policy(AARHUS, ODENSE))
    assert sent(routing) == {"aarhus": {"mug line": 2}}
    assert (routing.plan.total, routing.plan.bound, routing.plan.exact) == (4000, 4000, True)


def test_one_parcel_from_a_dearer_place_beats_two() -> None:
    stock = {"aarhus": {"mug": 2}, "odense": {"mug": 2, "cup": 1}}
    routing = routed(order(mug=2, cup=1), stock, policy(AARHUS, ODENSE))
    assert sent(routing) == {"odense": {"cup line": 1, "mug line": 2}}
    assert said(routing) == {"aarhus": "dearer", "odense": "chosen"}


def test_two_parcels_where_nobody_has_all_of_it_and_the_second_costs_extra() -> None:
    routing = routed(
        order(mug=1, cup=1), {"aarhus": {"mug": 1}, "odense": {"cup": 1}}, policy(AARHUS, ODENSE, split_cost=25)
    )
    assert sent(routing) == {"aarhus": {"mug line": 1}, "odense": {"cup line": 1}}
    assert (routing.plan.cost, routing.plan.splitting, routing.plan.total) == (9200, 2500, 11700)


def test_what_a_further_parcel_costs_decides_between_one_and_two() -> None:
    """Handling in Odense is dear: two parcels pay off until a further one costs more than that."""
    stock = {"aarhus": {"mug": 4}, "odense": {"mug": 4, "cup": 1}}
    places = place("aarhus", 10), place("odense", 10, unit=6)
    assert set(sent(routed(order(mug=4, cup=1), stock, policy(*places, split_cost=13)))) == {"aarhus", "odense"}
    assert set(sent(routed(order(mug=4, cup=1), stock, policy(*places, split_cost=15)))) == {"odense"}


def test_a_line_stays_whole_unless_the_policy_lets_its_units_part() -> None:
    stock = {"aarhus": {"mug": 2}, "odense": {"mug": 1}}
    whole = routed(order(mug=3), stock, policy(AARHUS, ODENSE))
    assert (sent(whole), waits(whole)) == ({}, {"mug line": 3})
    spread = routed(order(mug=3), stock, policy(AARHUS, ODENSE, split_lines=True))
    assert sent(spread) == {"aarhus": {"mug line": 2}, "odense": {"mug line": 1}}


def test_two_lines_of_one_item_never_draw_the_same_unit_twice() -> None:
    stock = {"aarhus": {"mug": 3}, "odense": {"mug": 2}}
    twice = order(mug=2, also=(Wanted("engraved", "mug", 2),))
    routing = routed(twice, stock, policy(AARHUS, ODENSE))
    assert sorted(sum(units.values()) for units in sent(routing).values()) == [2, 2]
    short = routed(twice, {"aarhus": {"mug": 3}}, policy(AARHUS, ODENSE))
    assert (sent(short), sum(waits(short).values())) == ({"aarhus": {"engraved": 2}}, 2)


def test_what_belongs_together_leaves_together_or_not_at_all() -> None:
    stock = {"aarhus": {"mug": 1}, "odense": {"saucer": 1, "spoon": 1}}
    how = policy(AARHUS, ODENSE, together=(("mug", "saucer"),))
    routing = routed(order(mug=1, saucer=1, spoon=1), stock, how)
    assert sent(routing) == {"odense": {"spoon line": 1}}
    assert waits(routing) == {"mug line": 1, "saucer line": 1}


def test_lists_that_share_an_item_are_one() -> None:
    how = policy(AARHUS, ODENSE, together=(("mug", "saucer"), ("saucer", "spoon")))
    stock = {"aarhus": {"mug": 1, "saucer": 1}, "odense": {"mug": 1, "saucer": 1, "spoon": 1}}
    assert set(sent(routed(order(mug=1, saucer=1, spoon=1), stock, how))) == {"odense"}


@pytest.mark.parametrize("wish", [{"one_parcel": True}, {}])
def test_the_customer_may_wish_for_one_parcel_and_the_policy_for_all(wish: dict[str, bool]) -> None:
    stock = {"aarhus": {"mug": 1}, "odense": {"cup": 1}}
    routing = routed(order(mug=1, cup=1, **wish), stock, policy(AARHUS, ODENSE, order_together=not wish))
    assert sent(routing) == {} and waits(routing) == {"cup line": 1, "mug line": 1}


def test_what_is_fetched_leaves_from_there_and_costs_no_postage() -> None:
    stock = {"aarhus": {"mug": 1}, "odense": {"mug": 1}}
    routing = routed(order("", mug=1, place="odense"), stock, policy(AARHUS, ODENSE))
    assert (sent(routing), routing.plan.total) == ({"odense": {"mug line": 1}}, 0)
    assert said(routing)["aarhus"] == "other_place_wished"


def test_a_marketplace_says_which_places_may_send_its_orders() -> None:
    stock = {"aarhus": {"mug": 1}, "odense": {"mug": 1}}
    how = policy(AARHUS, ODENSE, channels={"amazon": ("odense",)})
    assert set(sent(routed(order(mug=1, channel="amazon"), stock, how))) == {"odense"}
    assert set(sent(routed(order(mug=1, channel="web"), stock, how))) == {"aarhus"}


def test_a_place_without_a_price_to_the_zone_does_not_ship_there() -> None:
    stock = {"aarhus": {"mug": 1}, "oslo": {"mug": 1}}
    how = policy(AARHUS, place("oslo", parcel_costs={"home": 9900, "nordic": 3000}))
    assert set(sent(routed(order("NO", mug=1), stock, how))) == {"oslo"}
    assert said(routed(order("NO", mug=1), stock, how))["aarhus"] == "does_not_ship_there"
    nowhere = routed(order("US", mug=1), stock, how)
    assert set(said(nowhere).values()) == {"does_not_ship_there"} and waits(nowhere) == {"mug line": 1}


def test_every_other_country_lies_in_the_zone_that_says_so() -> None:
    how = policy(
        place("aarhus", parcel_costs={"home": 4000, "far": 19900}), zones={"home": ("DK",), "far": ("others",)}
    )
    assert routed(order("US", mug=1), {"aarhus": {"mug": 1}}, how).plan.total == 19900


def test_a_full_place_takes_no_more_parcels_that_day() -> None:
    stock = {"aarhus": {"mug": 1}, "odense": {"mug": 1}}
    how = policy(place("aarhus", 40, capacity=200), ODENSE)
    assert set(sent(routed(order(mug=1), stock, how, parcels={"aarhus": 199}))) == {"aarhus"}
    full = routed(order(mug=1), stock, how, parcels={"aarhus": 200})
    assert set(sent(full)) == {"odense"} and said(full)["aarhus"] == "full"


def test_after_the_cut_off_a_day_counts_what_the_policy_says() -> None:
    stock = {"aarhus": {"mug": 1}, "odense": {"mug": 1}}
    how = policy(place("aarhus", 40, cutoff=clock("11:00")), place("odense", 52, cutoff=clock("15:00")), wait_cost=15)
    before = datetime(2026, 3, 4, 9, 59, tzinfo=UTC)
    after = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
    assert set(sent(routed(order(mug=1), stock, how, before))) == {"aarhus"}
    late = routed(order(mug=1), stock, how, after)
    assert set(sent(late)) == {"odense"} and late.plan.total == 5200


def test_a_friday_evening_waits_until_monday() -> None:
    how = policy(place("aarhus", 40, cutoff=clock("11:00")), wait_cost=15)
    routing = routed(order(mug=1), {"aarhus": {"mug": 1}}, how, datetime(2026, 3, 6, 18, 0, tzinfo=UTC))
    assert (routing.plan.parcels[0].days, routing.plan.cost, routing.plan.delay) == (3, 4000, 4500)


def test_who_said_no_is_not_asked_again_about_that() -> None:
    stock = {"aarhus": {"mug": 1, "cup": 1}, "odense": {"mug": 1, "cup": 1}}
    how = policy(AARHUS, ODENSE)
    whole = routed(order(mug=1, cup=1, barred=(Barred("aarhus", "flooded"),)), stock, how)
    assert set(sent(whole)) == {"odense"} and said(whole)["aarhus"] == "said_no"
    part = routed(order(mug=1, barred=(Barred("aarhus", "broken", "cup"),)), stock, how)
    assert set(sent(part)) == {"aarhus"}
    other = routed(order(cup=1, barred=(Barred("aarhus", "broken", "cup"),)), stock, how)
    assert set(sent(other)) == {"odense"}


def test_nothing_to_send_is_an_empty_plan() -> None:
    routing = routed(order(), {"aarhus": {"mug": 1}}, policy(AARHUS))
    assert (sent(routing), waits(routing), routing.plan.total) == ({}, {}, 0)


def test_a_stock_below_nothing_sends_nothing() -> None:
    routing = routed(order(mug=1), {"aarhus": {"mug": -3}}, policy(AARHUS, split_lines=True))
    assert (sent(routing), said(routing)) == ({}, {"aarhus": "has_none"})


def test_equal_plans_are_decided_by_handling_then_the_sooner_departure_then_the_name() -> None:
    stock = {name: {"mug": 1} for name in ("aarhus", "kolding", "odense")}
    assert set(sent(routed(order(mug=1), stock, policy(place("odense"), place("aarhus"), place("kolding"))))) == {
        "aarhus"
    }
    sooner = policy(place("aarhus", cutoff=clock("07:00")), place("kolding"), place("odense"))
    assert set(sent(routed(order(mug=1), stock, sooner))) == {"kolding"}


def test_the_words_of_a_warehouse_lead() -> None:
    stock = {"aarhus": {"mug": 2}, "odense": {"mug": 2, "cup": 1}, "kolding": {"mug": 5, "cup": 5}, "ribe": {}}
    how = policy(
        AARHUS, ODENSE, place("kolding", 64), place("ribe"), place("oslo", parcel_costs={"nordic": 1}), split_cost=25
    )
    words = explained(order(mug=2, cup=1), stock, how)
    assert words.sentence == "Odense: one parcel, 52.00 DKK."
    assert [one.sentence for one in words.locations] == [
        "Odense: has 3 of 3; sends all for 52.00 DKK, leaves today",
        "Kolding: has 3 of 3; one parcel, +12.00 DKK",
        "Aarhus: has 2 of 3; 2 parcels, +65.00 DKK",
        "Oslo: does not ship to DK",
        "Ribe: has none of it",
    ]


def test_the_words_when_units_wait_and_places_are_closed_to_the_order() -> None:
    stock = {"aarhus": {"mug": 2}, "odense": {"mug": 1}, "kolding": {"mug": 9}, "ribe": {"mug": 9}}
    places = AARHUS, ODENSE, place("kolding", capacity=3), place("ribe")
    how = policy(*places, split_lines=True, channels={"amazon": ("aarhus", "odense", "kolding")})
    words = explained(order(mug=4, channel="amazon"), stock, how, parcels={"kolding": 3})
    assert words.sentence == "Aarhus and Odense: 2 parcels, 92.00 DKK; 1 unit waits for stock."
    assert [one.sentence for one in words.locations] == [
        "Aarhus: has 2 of 4; sends 2 of 4 for 40.00 DKK, leaves today",
        "Odense: has 1 of 4; sends 1 of 4 for 52.00 DKK, leaves today",
        "Kolding: full, 3 of 3 parcels",
        "Ribe: orders from amazon do not leave from here",
    ]


def test_an_explanation_says_what_was_refused_and_where() -> None:
    stock = {"aarhus": {"mug": 1, "cup": 1}, "odense": {"mug": 1, "cup": 1}}
    barred = (Barred("aarhus", "box broken", "cup"), Barred("kolding", "flooded"))
    words = explained(order(mug=1, cup=1, barred=barred), stock, policy(AARHUS, ODENSE, place("kolding")))
    assert [one.sentence for one in words.locations] == [
        "Odense: has 2 of 2; sends all for 52.00 DKK, leaves today",
        "Aarhus: has 1 of 2, said no to some: box broken; 2 parcels, +40.00 DKK",
        "Kolding: said no: flooded",
    ]
