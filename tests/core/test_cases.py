"""Golden scenarios: each file of `cases/` tells stories and what every line of them came to.

Rewrite them with `ORDNA_REWRITE=1 pytest tests/core/test_cases.py`, and commit only what you understand.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.core.trade import Scenario

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_story(path: Path) -> None:
    told = retold(path.read_text(encoding="utf-8"))
    if os.environ.get("ORDNA_REWRITE"):
        path.write_text(told, encoding="utf-8")
    assert told == path.read_text(encoding="utf-8")


def test_there_are_stories() -> None:
    assert len(CASES) >= 10


def retold(text: str) -> str:
    """The file as the core tells it now: `> line` is said, what follows it is the answer."""
    out, scenario = [], Scenario()
    for line in text.splitlines():
        if line.startswith("#"):
            out.append(line)
        elif line.startswith("> "):
            out.append(line)
            answer = scenario.stands() if line == "> stands" else scenario.say(line[2:])
            out.extend(f"    {row}" for row in answer.splitlines())
    return "\n".join(out) + "\n"
