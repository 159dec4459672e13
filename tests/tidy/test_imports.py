"""The walls of the architecture hold, and each of them can fall.

A contract that names the wrong package stays green for years. So every contract in pyproject.toml has
violations here: planted one at a time into a copy of the source, each must turn that contract red.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

# contract, file to plant, its text
VIOLATIONS = [
    ("layers", "core/planted.py", "import ordna.engine"),
    ("layers", "core/planted.py", "import ordna.insight"),
    ("layers", "insight/planted.py", "import ordna.store"),
    ("layers", "connectors/planted.py", "import ordna.engine"),
    ("layers", "store/planted.py", "import ordna.connectors"),
    ("layers", "engine/planted.py", "import ordna.web"),
    ("layers", "web/planted.py", "import ordna.api"),
    ("layers", "api/planted.py", "import ordna.site"),
    ("layers", "documents/planted.py", "import ordna.store"),
    ("strangers", "connectors/practice_post/planted.py", "import ordna.connectors.shopify"),
    ("layers", "utils.py", "drawer = 'of everything'"),
    ("pure", "core/planted.py", "from django.db import models"),
    ("pure", "core/planted.py", "import os"),
    ("pure", "core/planted.py", "from time import monotonic"),
    ("pure", "core/planted.py", "import random"),
    ("pure", "insight/planted.py", "import psycopg"),
    ("pure", "insight/planted.py", "import logging"),
    ("translators", "connectors/shopify/planted.py", "import psycopg"),
    ("translators", "connectors/planted.py", "from django.conf import settings"),
    ("practice-alone", "practice/planted.py", "from ordna.core import values"),
    ("practice-alone", "practice/planted.py", "import ordna.connectors.shopify"),
    ("practice-apart", "web/planted.py", "import ordna.practice"),
    ("practice-apart", "engine/planted.py", "import ordna.practice.world"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source that may be damaged."""
    root = tmp_path_factory.mktemp("walls")
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return root


def test_the_walls_stand(copy: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", copy)
    report = lint(copy)
    assert "0 broken" in report, report


@pytest.mark.parametrize(("contract", "file", "text"), VIOLATIONS)
def test_a_planted_violation_is_seen(copy: Path, contract: str, file: str, text: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", copy)
    assert_red(copy, contract, {file: text})


def test_connectors_that_know_each_other_are_seen(copy: Path) -> None:
    """With one connector there is nothing to know yet, so a second is planted and named in the contract."""
    listed = '"ordna.connectors.shopify"'
    pyproject = (ROOT / "pyproject.toml").read_text()
    assert listed in pyproject
    (copy / "pyproject.toml").write_text(pyproject.replace(listed, f'{listed}, "ordna.connectors.planted"'))
    assert_red(copy, "strangers", {"connectors/planted.py": "import ordna.connectors.shopify"})


def test_every_connector_is_named_a_stranger() -> None:
    folders = {path.parent.name for path in (ROOT / "src/ordna/connectors").glob("*/__init__.py")}
    assert {f"ordna.connectors.{name}" for name in folders} == set(contracts()["strangers"]["modules"])


@pytest.mark.parametrize("intruder", ["web", "api", "site"])
def test_a_write_past_the_engine_is_seen(copy: Path, intruder: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", copy)
    door = {"store/write_planted.py": "def append() -> None: ..."}
    assert_red(copy, "one-door", door | {f"{intruder}/planted.py": "import ordna.store.write_planted"})


def test_a_cycle_is_seen(copy: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", copy)
    hen = {"core/planted_hen.py": "import ordna.core.planted_egg"}
    assert_red(copy, "no-cycles", hen | {"core/planted_egg.py": "import ordna.core.planted_hen"})


def test_every_contract_has_a_planted_violation() -> None:
    planted = {contract for contract, _, _ in VIOLATIONS} | {"strangers", "one-door", "no-cycles"}
    assert planted == set(contracts())


def contracts() -> dict[str, dict[str, list[str]]]:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return {contract["id"]: contract for contract in listed}


def assert_red(copy: Path, contract: str, planted: dict[str, str]) -> None:
    """Plant the files, expect this contract broken and by nothing but them, and take them out again."""
    files = [copy / "src/ordna" / name for name in planted]
    for file, text in zip(files, planted.values(), strict=True):
        file.write_text(f'"""Planted."""\n\n{text}\n')
    try:
        report = lint(copy, contract)
    finally:
        for file in files:
            file.unlink()
    assert "1 broken" in report, report
    assert any(name.split("/")[-1].removesuffix(".py") in report for name in planted), report


def lint(copy: Path, contract: str | None = None) -> str:
    only = ["--contract", contract] if contract else []
    done = subprocess.run(
        [str(LINT_IMPORTS), "--no-cache", "--no-logo", *only],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr
