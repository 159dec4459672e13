"""What the documentation tells somebody to type, to open or to copy exists and works."""

import importlib
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from ordna.connectors.contract import Hint, Ignored, Unusable

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
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


def links(text: str) -> set[str]:
    """What a page links to or shows, outside its code, without the place on the page."""
    prose = re.sub(r"`[^`]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    found = re.findall(r"\]\(([^)#\s]+)", prose)
    return {target for target in found if not re.match(r"[a-z]+:", target)}


def files(text: str) -> set[str]:
    """Paths of files in code spans."""
    return set(re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|sql|js|html|yaml|toml|graphql|txt))`", text))


def test_every_link_leads_somewhere() -> None:
    dead = {
        (page.name, target)
        for page in PAGES
        for target in links(page.read_text())
        if not (page.parent / target).exists()
    }
    assert dead == set()


def test_every_file_that_is_named_exists() -> None:
    named = {(page.name, file) for page in PAGES for file in files(page.read_text())}
    assert len(named) > 50
    assert {
        (page, file) for page, file in named if not any((ROOT / at / file).exists() for at in ("", "src/ordna"))
    } == set()


def test_links_and_files_are_found() -> None:
    text = "[a](b.md#c), ![p](i/p.png), [w](https://x.org), `[no](no.md)`, `core/x.py`, `x.py`.\n```\n[n](n.md)\n```\n"
    assert links(text) == {"b.md", "i/p.png"}
    assert files(text) == {"core/x.py"}


def test_the_connector_that_is_shown_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs/contributing/connector.md").read_text()
    inbound, outbound, _ = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "kiosk_inbound.py").write_text(inbound)
    (tmp_path / "kiosk_outbound.py").write_text(outbound)
    monkeypatch.syspath_prepend(tmp_path)
    translate = importlib.import_module("kiosk_inbound").translate
    at = datetime(2026, 11, 23, tzinfo=UTC)
    body = b'{"id":"K-1","changed_at":"2026-11-23T11:00:00Z","placed_at":"2026-11-23T11:00:00Z",'
    body += b'"currency":"DKK","total":"12.50","paid":true}'
    order, read, stock = (translate(topic, body, at, None) for topic in ("order", "ordna/read", "stock"))
    assert (order.order.total, order.order.payment, order.by_read) == (1250, "paid", False)
    assert read == replace(order, by_read=True)
    assert isinstance(stock, Ignored)
    odd = translate("order", body.replace(b"12.50", b"much"), at, None)
    assert odd.order.total is None and odd.problems[0].path == "total"
    assert isinstance(translate("order", b"\xff", at, None), Unusable)
    assert translate("order.touched", b"K1", at, None) == Hint("K1", "order.touched")
    door = importlib.import_module("kiosk_outbound").KioskOutbound(None)
    assert door.look_up(None, "K-1").result == "nothing"
    assert [each.order_ref for each in door.read_orders(("K-1",), at).orders] == ["K-1"]
