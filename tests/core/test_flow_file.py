"""The flow file: what it means when it is sound, and the exact words when it is not."""

from datetime import time
from pathlib import Path

import pytest

from ordna.core.flow import FlowError, check, check_text, parse_flow, to_words
from ordna.core.flow.model import HoldAction
from ordna.core.flow.vocabulary import Nature
from ordna.core.hours import ALWAYS_OPEN, read_within
from ordna.core.values import Money
from ordna.core.vocabulary import VOCABULARY as REAL_VOCABULARY
from tests.core.vocabulary_for_tests import VOCABULARY

WEBSHOP = Path(__file__).parents[2] / "flows" / "webshop.yaml"

BASE = """\
flow: shop
hours: {zone: Europe/Copenhagen, open: "mon-fri 08:00-16:00", holidays: DK}
teams:
  service: {title: Customer service, cost_per_hour: 280 DKK}
  warehouse: {cutoff: "14:00"}
steps:
  pay:
    {owner: service, system: shopify, ends: payment.secured, moot: never, within: 1h}
  check:
    {owner: service, system: ordna, starts: done(pay), ends: not held, moot: never, within: 2 working hours}
  pick:
    owner: warehouse
    system: ordna
    per: fulfillment_order
    asks: pick
    starts: done(check)
    ends: fulfillment_order.picked
    moot: fulfillment_order.shipped
    within: same day before cutoff
  close:
    {owner: service, system: shopify, starts: done(pick), ends: order.closed, within: 1 day}
rules:
  - rule: big
    when: order.total >= 5000
    do: [{hold: {reason: big, owner: service}}]
  - rule: express
    when: order.shipping_method == "Express"
    do: [{tag: express}]
"""


def read_cases() -> list[tuple[str, str, list[str]]]:
    """(what to replace, by what, the answers) from the golden table beside this file."""
    table = Path(__file__).with_name("test_flow_file_problems.txt").read_text(encoding="utf-8")
    cases = []
    for block in table.split("\n\n")[1:]:
        edit, answers = block.strip("\n").split("\n----\n")
        old, new = (line[7:].replace("\\n", "\n") for line in edit.split("\n"))
        cases.append((old, new, answers.split("\n")))
    return cases


def problems(text: str) -> list[str]:
    return [str(one) for one in check_text(text, VOCABULARY, currency_default="DKK")]


def edited(old: str, new: str) -> str:
    assert BASE.count(old) >= 1, old
    return BASE.replace(old, new, 1)


def test_the_shipped_flow_is_sound_under_the_real_vocabulary() -> None:
    text = WEBSHOP.read_text(encoding="utf-8")
    flow = parse_flow(text, REAL_VOCABULARY, currency_default="DKK")
    assert check(flow, REAL_VOCABULARY) == ()
    assert [step.name for step in flow.steps] == ["pay", "check", "pick", "pack", "ship", "deliver", "close"]
    assert [step.asks for step in flow.steps] == ["", "", "pick", "pack", "ship", "", ""]
    assert [step.upstream for step in flow.steps[1:]] == [(step.name,) for step in flow.steps[:-1]]
    assert len(flow.rules) == 5
    assert parse_flow(text, VOCABULARY, currency_default="DKK").source_hash == flow.source_hash


def test_a_sound_file_becomes_teams_steps_and_rules() -> None:
    flow = parse_flow(BASE, VOCABULARY, currency_default="EUR")
    assert check(flow, VOCABULARY) == ()
    assert (flow.name, flow.title, flow.currency, flow.hours.zone) == ("shop", "Shop", "EUR", "Europe/Copenhagen")
    assert flow.teams["service"].cost_per_hour == Money(28_000, "DKK")
    assert flow.teams["warehouse"].cutoff == time(14)
    pay, look, pick, close = flow.steps
    assert (pay.starts, pay.ends.text, pay.ends_by, pay.per, pay.never_moot) == (
        None,
        "payment.secured",
        Nature.DEED,
        "",
        True,
    )
    assert (look.ends_by, look.upstream, look.within) == (
        Nature.CIRCUMSTANCE,
        ("pay",),
        read_within("2 working hours"),
    )
    assert (pick.per, pick.asks, pick.at.line, pick.at.column) == ("fulfillment_order", "pick", 11, 3)
    assert pick.moot is not None and pick.moot.text == "fulfillment_order.shipped"
    assert close.title == "Close"
    assert flow.rules[0].holds == (HoldAction("big", "service"),) and flow.rules[1].tags == ("express",)
    assert flow.rules[0].when.evaluate({"order.total": 500_000}) is True
    assert (flow.step("pick"), flow.step("nope")) == (pick, None)


def test_a_step_and_a_rule_read_as_sentences() -> None:
    flow = parse_flow(BASE, VOCABULARY, currency_default="DKK")
    assert to_words(flow.steps[2]) == (
        "Pick for each fulfillment order belongs to warehouse, in ordna. It starts when step check is done and "
        "ends when fulfillment order is picked, within same day before cutoff. "
        "It is skipped when fulfillment order is shipped."
    )
    assert to_words(flow.rules[0]) == (
        "While order total is at least 5000.00 DKK: the order is held for service as 'big'."
    )


@pytest.mark.parametrize(("old", "new", "expected"), read_cases())
def test_the_checker_says_where_what_and_what_was_meant(old: str, new: str, expected: list[str]) -> None:
    assert problems(edited(old, new)) == expected


@pytest.mark.parametrize("opposite", ["order.total < 5000", "not order.total >= 5000", "not (order.total >= 5000)"])
def test_a_rule_and_its_opposite_may_not_place_the_same_hold(opposite: str) -> None:
    text = edited('order.shipping_method == "Express"', opposite)
    text = text.replace("[{tag: express}]", "[{hold: {reason: big, owner: service}}]")
    assert problems(text) == [
        "26:11 error contradicting_rules rules[1]: the rule 'big' on line 23 does 'big' exactly when this one "
        "does not, so it would always stand"
    ]


def test_rules_may_not_change_each_other_in_a_circle() -> None:
    text = edited("order.total >= 5000", '''"'express' in order.tags"''')
    text = text.replace('order.shipping_method == "Express"', "not held")
    assert problems(text) == [
        "26:11 error rules_in_a_circle rules[1]: this rule and the rule 'big' change what each other read"
    ]
    assert problems(edited("order.total >= 5000", '''"'express' in order.tags"''')) == []


def test_what_follows_from_a_step_that_never_ends_is_told_too() -> None:
    text = edited("ends: fulfillment_order.picked", "ends: invoice.issued").replace("    asks: pick\n", "")
    text = text.replace("    moot: fulfillment_order.shipped\n", "    moot: never\n")
    assert [one.split(" ", 3)[2:4][0] for one in problems(text)] == ["nothing_produces", "unreachable"]


def test_a_step_asks_about_earlier_steps_only() -> None:
    audit = "  audit: {owner: service, system: ordna, ends: order.cancelled, moot: never, within: 1 day}\n"
    text = edited("rules:\n", audit + "rules:\n").replace("starts: done(pay)", "starts: open(audit)")
    assert problems(text) == [
        "10:50 error out_of_order steps.check.starts: check asks about audit, which comes later; write audit first"
    ]


def test_every_problem_is_told_at_once_and_in_the_order_of_the_file() -> None:
    text = edited("owner: warehouse", "owner: warehous").replace("1 day", "1 fortnight").replace("5000", "'x'")
    with pytest.raises(FlowError) as caught:
        parse_flow(text, VOCABULARY, currency_default="DKK")
    found = [(one.line, one.code, one.nearest) for one in caught.value.problems]
    assert found == [(12, "unknown_team", "warehouse"), (21, "bad_within", None), (24, "type_mismatch", None)]


def test_without_hours_only_plain_limits_can_be_counted() -> None:
    text = edited('hours: {zone: Europe/Copenhagen, open: "mon-fri 08:00-16:00", holidays: DK}\n', "")
    assert [one.split(": ")[0] for one in problems(text)] == [
        "8:3 error missing_hours steps.check.within",
        "10:3 error missing_hours steps.pick.within",
    ]
    plain = text.replace("2 working hours", "2h").replace("same day before cutoff", "1 day")
    assert parse_flow(plain, VOCABULARY, currency_default="DKK").hours == ALWAYS_OPEN


def test_an_older_flow_is_judged_by_todays_vocabulary() -> None:
    flow = parse_flow(BASE, VOCABULARY, currency_default="DKK")
    today = type(VOCABULARY)({name: one for name, one in VOCABULARY.fields.items() if name != "order.total"})
    assert [str(one)[:30] for one in check(flow, today)] == ["24:11 error unknown_field rule"]
