"""Every command of the operator's page is run by a test or by the drill, and every figure it names exists."""

import re
from pathlib import Path

from ordna.engine.figures import Figures
from ordna.site.metrics import rendered

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/operate.md").read_text()
RUNNERS = [*sorted((ROOT / "tests").rglob("*.py")), ROOT / "tools/drill.py"]


def commands(page: str) -> set[tuple[str, ...]]:
    """The command and its options, of everything on the page that begins with "ordna"."""
    spans = re.findall(r"`ordna ([a-z][^`]*)`", page)
    lines = re.findall(r"^ordna (.*)$", page, re.MULTILINE)
    found = set()
    for text in (*spans, *lines):
        words = text.split()
        found.add((words[0], *(word for word in words[1:] if word.startswith("--"))))
    return found


def is_run(command: tuple[str, ...], sources: list[str]) -> bool:
    """Whether one file hands all of these words to a command line."""
    return any(all(f'"{word}"' in source for word in command) for source in sources)


def test_every_command_is_run_by_a_test_or_by_the_drill() -> None:
    sources = [path.read_text() for path in RUNNERS if path != Path(__file__)]
    asked = commands(PAGE)
    assert {("backup",), ("backup", "--check"), ("restore", "--sweep-again"), ("pause", "--resume")} <= asked
    assert {command for command in asked if not is_run(command, sources)} == set()
    assert not is_run(("backup", "--no-such-option"), sources)


def test_every_figure_that_is_named_is_told_and_the_other_way_round() -> None:
    empty = Figures((), (), (), (), {}, {}, *[0] * 8)
    told = set(re.findall(r"^# TYPE (ordna_\w+) ", rendered(empty).decode(), re.MULTILINE))
    named = set(re.findall(r"`(ordna_\w+)", PAGE))
    assert named == told
