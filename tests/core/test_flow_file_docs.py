"""docs/flow-file.md is true: its file is sound, its examples parse, no key and no problem is left out."""

import ast
import re
from pathlib import Path

import pytest

from ordna.core import conditions, flow
from ordna.core.conditions import parse
from ordna.core.flow import check_text
from ordna.core.flow import parse as flow_parse
from ordna.core.flow import routing as flow_routing
from ordna.core.flow import rules as flow_rules
from ordna.core.flow import stock as flow_stock
from ordna.core.hours import read_within
from ordna.core.vocabulary import VOCABULARY

PAGE = (Path(__file__).parents[2] / "docs" / "flow-file.md").read_text(encoding="utf-8")

#: For each way a problem is raised, which argument is its code.
CODE_ARGUMENT = {
    "refuse": 0, "refuse_at": 1, "problem": 2, "_refuse": 0, "_refuse_at": 1, "Problem": 0, "ConditionError": 0,
}  # fmt: skip


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_column(title: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", section(title), re.MULTILINE)


def codes_in_the_source() -> set[str]:
    codes = set()
    for package in (conditions, flow):
        for file in Path(str(package.__file__)).parent.glob("*.py"):
            for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(call, ast.Call):
                    continue
                name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
                place = CODE_ARGUMENT.get(name)
                if name == "_problem":
                    place = 2 if file.name == "check_rules.py" else 0
                if place is not None and place < len(call.args):
                    argument = call.args[place]
                    if isinstance(argument, ast.Constant):
                        codes.add(str(argument.value))
    return codes


def test_the_file_on_the_page_is_sound() -> None:
    text = PAGE.split("```yaml\n")[1].split("```")[0]
    assert check_text(text, VOCABULARY, currency_default="DKK") == ()


def test_the_routing_on_the_page_is_sound_beside_the_file() -> None:
    whole, *sections = (block.split("```")[0] for block in PAGE.split("```yaml\n")[1:])
    [routing] = [section for section in sections if section.startswith("routing:")]
    assert check_text(f"{whole}\n{routing}", VOCABULARY, currency_default="DKK") == ()


@pytest.mark.parametrize("written", first_column("Conditions"))
def test_every_condition_on_the_page_is_one(written: str) -> None:
    assert parse(written, VOCABULARY, steps=("pay",), currency="DKK").reads


@pytest.mark.parametrize("written", first_column("Limits"))
def test_every_limit_on_the_page_is_one(written: str) -> None:
    assert read_within(written).text == written


def test_the_page_names_every_key_and_no_other() -> None:
    rows = set(re.findall(r"^\| (\w+) \| `(\w+)` \|", section("Keys"), re.MULTILINE))
    keys = {
        "file": flow_parse.FLOW_KEYS,
        "hours": flow_parse.HOURS_KEYS,
        "team": flow_parse.TEAM_KEYS,
        "step": flow_parse.STEP_KEYS,
        "rule": flow_rules.RULE_KEYS,
        "hold": flow_rules.HOLD_KEYS,
        "stock": flow_stock.STOCK_KEYS,
        "routing": flow_routing.ROUTING_KEYS,
        "location": flow_routing.LOCATION_KEYS,
    }
    assert rows == {(where, key) for where, known in keys.items() for key in known}


def test_the_page_names_every_problem() -> None:
    told = set(first_column("Problems"))
    raised = {code for code in codes_in_the_source() if not code.startswith("unknown_")}
    assert len(raised) > 30
    assert {code for code in raised - told if not code.startswith("missing_")} == set()
    computed = {"missing_…", "unknown_…", "bad_within", "bad_expires", "bad_amount", "out_of_range", "too_precise"}
    assert told - raised == computed - raised
