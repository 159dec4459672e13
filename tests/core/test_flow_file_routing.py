"""The section `routing` of a flow file: what it means when it is sound, and the exact words when it is not."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordna.core.flow import FlowError, check, check_text, parse_flow
from ordna.core.routing import Demand, Location, RoutingPolicy, Supply, Wanted, route
from tests.core.test_flow_file import BASE
from tests.core.test_flow_file_fuzz import SNIPPETS
from tests.core.vocabulary_for_tests import VOCABULARY

ROUTING = """\
routing:
  zones:
    home: [DK]
    nordic: [NO, SE]
    far: others
  locations:
    aarhus:
      title: Aarhus
      shop_id: "71"
      parcel: {home: 39 DKK, nordic: 89.50 DKK, far: 199}
      unit: 4 DKK
      capacity: 400
      cutoff: "15:00"
    odense:
      parcel: {home: 51}
  split_cost: 25 DKK
  split_lines: true
  wait_cost: 15 DKK
  keep_together:
    - [MUG, SAUCER]
  channels:
    amazon: [odense]
"""


def answers(text: str) -> list[str]:
    """The problems, their lines counted from the section's first."""
    at = BASE.count("\n")
    found = check_text(BASE + text, VOCABULARY, currency_default="DKK")
    return [f"{one.line - at}:{str(one).split(':', 1)[1]}" for one in found]


def test_a_flow_without_the_section_leaves_routing_to_the_shop() -> None:
    flow = parse_flow(BASE, VOCABULARY, currency_default="DKK")
    assert flow.routing is None and check(flow, VOCABULARY) == ()


def test_a_sound_section_becomes_a_policy_in_minor_units() -> None:
    flow = parse_flow(BASE + ROUTING, VOCABULARY, currency_default="DKK")
    assert check(flow, VOCABULARY) == ()
    assert flow.routing == RoutingPolicy(
        currency="DKK",
        locations={
            "aarhus": Location(
                "aarhus", "Aarhus", {"home": 3900, "nordic": 8950, "far": 19900}, 400, 400, time(15), "71"
            ),
            "odense": Location("odense", "Odense", {"home": 5100}),
        },
        zones={"home": ("DK",), "nordic": ("NO", "SE"), "far": ("others",)},
        split_cost=2500,
        wait_cost=1500,
        split_lines=True,
        together=(("MUG", "SAUCER"),),
        channels={"amazon": ("odense",)},
    )


def test_a_currency_without_minor_units_is_exact_too() -> None:
    text = (BASE + ROUTING.replace("DKK", "JPY").replace("89.50", "90")).replace(
        "flow: shop", "flow: shop\ncurrency: JPY"
    )
    flow = parse_flow(text, VOCABULARY, currency_default="DKK")
    assert flow.routing is not None and flow.routing.locations["aarhus"].parcel_costs["far"] == 199


def test_an_order_may_leave_as_a_whole_or_not_at_all() -> None:
    text = ROUTING.replace("keep_together:\n    - [MUG, SAUCER]", "keep_together: order")
    flow = parse_flow(BASE + text, VOCABULARY, currency_default="DKK")
    assert flow.routing is not None and flow.routing.order_together


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("split_cost", "splitcost",
         ["16:3 error unknown_key routing.splitcost: unknown key 'splitcost', did you mean 'split_cost'?"]),
        ("  zones:\n    home: [DK]\n    nordic: [NO, SE]\n    far: others\n", "", [
            "2:3 error missing_zones routing.zones: routing has no zones",
            "6:16 error unknown_zone routing.locations.aarhus.parcel.home: unknown zone 'home'",
            "6:30 error unknown_zone routing.locations.aarhus.parcel.nordic: unknown zone 'nordic'",
            "6:49 error unknown_zone routing.locations.aarhus.parcel.far: unknown zone 'far'",
            "11:16 error unknown_zone routing.locations.odense.parcel.home: unknown zone 'home'",
        ]),
        ("[NO, SE]", "[NO, Sweden]", [
            "4:18 error unknown_country routing.zones.nordic: 'Sweden' is not a country code such as DK, "
            "or others for all that no zone names"]),
        ("[NO, SE]", "[NO, DK]", ["4:18 error country_twice routing.zones.nordic: DK is already in the zone home"]),
        ("[NO, SE]", "[]", ["4:13 error empty_list routing.zones.nordic: routing.zones.nordic is empty"]),
        ("nordic: 89.50", "nordik: 89.50", [
            "10:30 error unknown_zone routing.locations.aarhus.parcel.nordik: unknown zone 'nordik', "
            "did you mean 'nordic'?"]),
        ("89.50 DKK", "89.505 DKK", [
            "10:38 error too_precise routing.locations.aarhus.parcel.nordic: write an amount such as 39 DKK. "
            "89.505 has more than 2 decimals, the most DKK has."]),
        ("89.50 DKK", "89 EUR", [
            "10:38 error wrong_currency routing.locations.aarhus.parcel.nordic: costs are compared, so all are in DKK, "
            "the flow's currency"]),
        ("unit: 4 DKK", "unit: -4 DKK",
         ["11:13 error bad_amount routing.locations.aarhus.unit: a cost can't be less than 0"]),
        ("capacity: 400", "capacity: many", [
            "12:17 error bad_capacity routing.locations.aarhus.capacity: a capacity is a number of parcels a day, "
            "0 to 1000000"]),
        ('cutoff: "15:00"', 'cutoff: "25:00"', [
            "13:15 error bad_cutoff routing.locations.aarhus.cutoff: '25:00' is not a time of day, write 14:00"]),
        ("      parcel: {home: 51}", "      shop_id: 71\n      parcel: {home: 51}", [
            "15:16 error duplicate_shop_id routing.locations.odense.shop_id: aarhus is already that location of the "
            "shop"]),
        ("      parcel: {home: 51}", "      title: Odense",
         ["15:7 error missing_parcel routing.locations.odense.parcel: routing.locations.odense has no parcel"]),
        ("split_lines: true", "split_lines: yes",
         ["17:16 error unknown_split_lines routing.split_lines: unknown value of split_lines 'yes'"]),
        ("keep_together:\n    - [MUG, SAUCER]", "keep_together: orders", [
            "19:18 error wrong_kind routing.keep_together: write order, or a list of lists of SKUs"]),
        ("    - [MUG, SAUCER]", "    - MUG", [
            "20:7 error wrong_kind routing.keep_together[0]: write a list of SKUs: [MUG-RED, SAUCER-RED]"]),
        ("amazon: [odense]", "amazon: [odnse]", [
            "22:14 error unknown_location routing.channels.amazon: unknown location 'odnse', did you mean 'odense'?"]),
        ("  wait_cost: 15 DKK\n", "", [
            "1:1 warning cutoff_costs_nothing routing.wait_cost: the cut-off of aarhus decides nothing while waiting "
            "costs nothing: give a wait_cost"]),
        (", far: 199", "", [
            "1:1 warning zone_not_reached routing.zones.far: no location has a price for a parcel to far, "
            "so orders from there wait"]),
    ],
)  # fmt: skip
def test_the_checker_says_where_what_and_what_was_meant(old: str, new: str, expected: list[str]) -> None:
    assert ROUTING.count(old) >= 1, old
    assert answers(ROUTING.replace(old, new, 1)) == expected


def test_a_cut_off_needs_the_hours_of_the_flow() -> None:
    text = "\n".join(line for line in BASE.split("\n") if not line.startswith("hours:"))
    text = text.replace("2 working hours", "2h").replace("same day before cutoff", "5h") + ROUTING
    codes = [(one.code, one.path) for one in check_text(text, VOCABULARY, currency_default="DKK")]
    assert codes == [("missing_hours", "routing.locations.aarhus.cutoff")]


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_any_change_of_a_sound_section_is_a_policy_or_problems_with_a_place(data: st.DataObject) -> None:
    text = ROUTING
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(SNIPPETS | st.sampled_from(ROUTING.split())) + text[end:]
    try:
        flow = parse_flow(BASE + text, VOCABULARY, currency_default="DKK")
    except FlowError as error:
        assert error.problems and all(one.line >= 1 and one.column >= 1 and one.message for one in error.problems)
        return
    if flow.routing is not None:
        now = datetime(2026, 3, 4, 9, tzinfo=UTC)
        stock = Supply({name: {"MUG": 1, "SAUCER": 1} for name in flow.routing.locations})
        demand = Demand((Wanted("1", "MUG", 2), Wanted("2", "SAUCER", 1)), "DK")
        plan = route(demand, stock, flow.routing, flow.hours, now).plan
        sent = sum(one.units for parcel in plan.parcels for one in parcel.lines)
        assert sent + sum(one.units for one in plan.waiting) == 3
