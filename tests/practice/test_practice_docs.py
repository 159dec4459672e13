"""docs/practice.md names every topic, button, deed and address there is, and none that is not."""

from __future__ import annotations

import re
from pathlib import Path

from ordna.practice.bodies import TOPICS
from ordna.practice.deeds import DEEDS

DOCS = (Path(__file__).parents[2] / "docs" / "practice.md").read_text(encoding="utf-8")
CONTROL = (Path(__file__).parents[2] / "src" / "ordna" / "practice" / "control.py").read_text(encoding="utf-8")


def test_every_topic_that_is_sent_is_told() -> None:
    listed = DOCS.split("Topics that are sent:")[1].split("##")[0]
    assert set(re.findall(r"`(\w+/\w+)`", listed)) == set(TOPICS)


def test_every_button_and_its_deed_is_told() -> None:
    buttons = DOCS.split("| button |")[1].split("\n\n")[0]
    assert re.findall(r"^\| ([^|]+?) \|", buttons, re.MULTILINE) == [d.label for d in DEEDS.values() if d.label]
    row = next(line for line in DOCS.splitlines() if "/{deed}`" in line)
    assert re.findall(r"`(\w+)`", row) == [name for name, deed in DEEDS.items() if deed.label]


def test_every_address_is_told() -> None:
    served = set(re.findall(r'case \["_practice", "([\w-]+)"', CONTROL))
    assert set(re.findall(r"/_practice/([\w-]+)", DOCS)) == served
