"""A missing browser is told in one sentence and fails; it is never skipped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import browser

ROOT = Path(__file__).resolve().parents[2]


def make_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_browser_that_answers_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "chromium"
    make_program(program, "echo Chromium 1.0")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv(browser.OVERRIDE, raising=False)
    assert browser.find_browser() == program


def test_one_that_only_points_to_a_shop_of_programs_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "chromium"
    make_program(program, "echo 'install it from the store' >&2; exit 1")
    monkeypatch.setenv(browser.OVERRIDE, str(program))
    assert browser.find_browser() != program


def test_a_missing_browser_is_installed_as_a_system_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a package manager of our own that knows one package, as root or by a sudo that asks nothing."""
    make_program(tmp_path / "sudo", 'shift; exec "$@"')
    make_program(tmp_path / "true", "exit 0")
    chromium = tmp_path / "chromium"
    make_program(
        tmp_path / "apt-get",
        f'case "$*" in *install*chromium) echo "#!/bin/sh" > {chromium}; /bin/chmod +x {chromium};; esac',
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(browser.OVERRIDE, raising=False)
    assert browser.find_browser() is None
    assert browser.install_browser() == chromium


def test_without_a_browser_a_browser_test_is_red_and_says_what_to_do(tmp_path: Path) -> None:
    test = tmp_path / "test_page.py"
    test.write_text("def test_page(chromium_path): ...\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.conftest",
        "-c",
        str(ROOT / "pyproject.toml"),
        str(test),
    ]
    hidden = {
        **os.environ,
        "PATH": str(tmp_path),
        "HOME": str(tmp_path),
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
    }
    hidden.pop(browser.OVERRIDE, None)
    done = subprocess.run(command, cwd=ROOT, env=hidden, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 error" in done.stdout and "skipped" not in done.stdout
    assert "Install Chromium" in done.stdout
