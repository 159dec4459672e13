"""YAML's traps: what was written stays text, and a hostile file is refused at the first thing out of bounds."""

import pytest

from ordna.core.flow import FlowError, parse_flow
from ordna.core.flow.problems import Problem
from ordna.core.flow.yaml_tree import Mapping, Text, read_yaml
from tests.core.vocabulary_for_tests import VOCABULARY

MINIMAL = """\
flow: shop
teams: {service: }
steps:
  pay: {owner: service, system: shopify, ends: payment.secured, within: 1h}
"""


def refusal(text: str) -> Problem:
    with pytest.raises(FlowError) as caught:
        read_yaml(text)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


@pytest.mark.parametrize("written", ["NO", "on", "off", "yes", "14:00", "007", "1e3", "0x10", "2026-01-01", "1_000"])
def test_what_is_written_is_the_text_that_is_read(written: str) -> None:
    tree = read_yaml(f"country: {written}")
    assert isinstance(tree, Mapping)
    value = tree.entries["country"][1]
    assert isinstance(value, Text) and value.value == written and not value.empty


@pytest.mark.parametrize("key", ["NO", "on", "yes", "14:00", '"1"', "2026-01-01"])
def test_a_key_of_yaml_1_1_fame_is_text(key: str) -> None:
    tree = read_yaml(f"{key}: x")
    assert isinstance(tree, Mapping) and list(tree.entries) == [key.strip('"')]


@pytest.mark.parametrize("key", ["1", "-1", "1.5", "true", "null", "~", "0x1f", ".inf", "[a]", "{a: b}", ""])
def test_a_key_that_is_not_text_is_refused(key: str) -> None:
    assert refusal(f"flow: shop\n{key} : x").code in ("key_not_text", "yaml")
    assert refusal(f"? {key}\n: x").code in ("key_not_text", "yaml")


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: &x 1\nb: *x", "anchor", 1, 4),
        ("a: 1\nb: *x", "anchor", 2, 4),
        ("a: &x [1]", "anchor", 1, 4),
        ("a: !!int 1", "tag", 1, 4),
        ("a: !!python/object/apply:os.system [ls]", "tag", 1, 4),
        ("flow: a\ntitle: b\nflow: c", "duplicate_key", 3, 1),
        ("steps: {pay: 1, pay: 2}", "duplicate_key", 1, 17),
        ("a: 1\n---\nb: 2", "yaml", 2, 1),
        ("", "yaml", 1, 1),
        ("# nothing\n", "yaml", 1, 1),
        ("a: [1", "yaml", 1, 6),
        ("a: b: c", "yaml", 1, 5),
        ("a: 'b", "yaml", 1, 6),
        ("a:\n\t- b", "yaml", 2, 1),
        ("a: \x00", "yaml", 1, 1),
        ("a: \ud800", "yaml", 1, 1),
        ("a: " + "x" * 262_144, "too_large", 1, 1),
        ("a: [" + "x," * 30_000 + "]", "too_large", 1, 39_999),
        ("[" * 100_000, "too_deep", 1, 14),
        ("{a: " * 5_000, "too_deep", 1, 50),
        ("- " * 5_000, "too_deep", 1, 27),
    ],
)
def test_what_a_flow_file_does_not_need_is_refused(text: str, code: str, line: int, column: int) -> None:
    problem = refusal(text)
    assert (problem.code, problem.line) == (code, line)
    assert problem.column == column


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{name}: &{name} [*{before}, *{before}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert (refusal(bomb).code, refusal(bomb).line) == ("anchor", 1)


def test_norway_and_a_cutoff_survive_a_whole_flow_file() -> None:
    text = MINIMAL.replace("{service: }", "{service: {title: NO, cutoff: 14:00, outside: true}}") + (
        "rules:\n  - rule: on\n    when: \"order.country in ['NO']\"\n    do: [{tag: off}, {tag: [007, NO]}]\n"
    )
    flow = parse_flow(text, VOCABULARY, currency_default="NOK")
    team = flow.teams["service"]
    assert (team.title, str(team.cutoff), team.outside) == ("NO", "14:00:00", True)
    assert (flow.rules[0].name, flow.rules[0].tags) == ("on", ("off", "007", "NO"))
    assert flow.rules[0].when.evaluate({"order.country": "NO"}) is True


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        "{}",
        "flow: [a]",
        "flow: {a: b}",
        "steps: []",
        "flow: x\nsteps: x",
        "flow: x\nteams: x\nsteps: {a: }",
        MINIMAL + "rules: {a: b}",
        MINIMAL + "rules: [x]",
        MINIMAL + "rules: [{rule: [x], when: [y], do: z}]",
        MINIMAL + "rules: [{rule: x, when: held, do: [x]}]",
        MINIMAL + "rules: [{rule: x, when: held, do: [{hold: x}]}]",
        MINIMAL + "rules: [{rule: x, when: order.test, do: [{tag: {a: b}}]}]",
        MINIMAL + "currency: XYZ",
        MINIMAL.replace("1h", "[1h]"),
        MINIMAL.replace("payment.secured", "{a: b}"),
        MINIMAL + "hours: x",
        MINIMAL + "hours: {zone: x}",
        MINIMAL.replace("service, ", "[service], "),
        MINIMAL.replace("shopify", "x" * 300),
        MINIMAL + "rules: [{rule: x, when: order.test, do: [{tag: 'a,b'}]}]",
    ],
)
def test_a_wrong_shape_is_a_problem_with_a_place_never_a_crash(text: str) -> None:
    with pytest.raises(FlowError) as caught:
        parse_flow(text, VOCABULARY, currency_default="DKK")
    assert caught.value.problems
    assert all(one.line >= 1 and one.column >= 1 and one.message for one in caught.value.problems)
