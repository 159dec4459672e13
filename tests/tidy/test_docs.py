"""What the documentation tells somebody to type exists."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ORDNA = Path(sys.executable).with_name("ordna")


def typed(program: str, text: str) -> set[str]:
    """The first words after the program: in code spans and at the start of lines of code blocks."""
    spans = re.findall(rf"`{program} ([a-z][a-z-]*)", text)
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = re.findall(rf"^\s*(?:\$ )?(?:\.venv/bin/)?{program} ([a-z][a-z-]*)", "\n".join(blocks), re.MULTILINE)
    return {*spans, *lines}


def everywhere(program: str) -> set[str]:
    return set().union(*(typed(program, page.read_text()) for page in PAGES))


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text()
    return set(re.findall(r"^([a-z-]+):(?!=)", makefile, re.MULTILINE))


def is_command(word: str) -> bool:
    done = subprocess.run([str(ORDNA), word, "--help"], capture_output=True, check=False)
    return done.returncode == 0


def test_every_make_target_that_is_named_exists() -> None:
    assert everywhere("make") - make_targets() == set()


def test_every_command_that_is_named_exists() -> None:
    assert {command for command in everywhere("ordna") if not is_command(command)} == set()


def test_the_readme_tells_the_two_commands() -> None:
    assert {"run", "test"} <= typed("make", (ROOT / "README.md").read_text())


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    assert re.search(r"^exec make test$", (ROOT / ".ci/run").read_text(), re.MULTILINE)


def test_every_make_target_is_phony_or_a_file() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony and set(phony[1].split()) == make_targets()


def test_what_is_typed_is_found() -> None:
    text = "Type `make run`.\n\n```sh\n$ make test\n.venv/bin/ordna up --now\n```\nWe make orders; ordna waits.\n"
    assert typed("make", text) == {"run", "test"}
    assert typed("ordna", text) == {"up"}
