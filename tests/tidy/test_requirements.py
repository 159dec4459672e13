"""What is locked is what is asked for, by version and hash, from wherever pip is told to look."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.install import parse_pip_config, uv_settings

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("build", "run", "dev")


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def asked_for(lock: str) -> list[str]:
    runtime: list[str] = project()["project"]["dependencies"]
    groups: dict[str, list[str]] = project()["dependency-groups"]
    return {"build": groups["build"], "run": runtime, "dev": runtime + groups["dev"]}[lock]


def locked(text: str) -> dict[str, list[str]]:
    """The versions by name; a universal lock may hold one version a platform."""
    versions: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE):
        versions.setdefault(canonicalize_name(name), []).append(version)
    return versions


def lock_text(lock: str) -> str:
    return (ROOT / f"requirements/{lock}.txt").read_text()


def unmet(asked: list[str], text: str) -> list[str]:
    """The requirements that the lock does not meet."""
    have = locked(text)
    return [
        line
        for line in asked
        if not any(
            Requirement(line).specifier.contains(version, prereleases=True)
            for version in have.get(canonicalize_name(Requirement(line).name), [])
        )
    ]


def unsafe_lines(text: str) -> list[str]:
    """Lines that name an address or an option, and packages that carry no hash."""
    entries = re.split(r"\n(?=\S)", text.strip())
    return [
        entry.splitlines()[0]
        for entry in entries
        if "://" in entry or entry.startswith("-") or "--hash=sha256:" not in entry
    ]


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_meets_what_is_asked_for(lock: str) -> None:
    assert unmet(asked_for(lock), lock_text(lock)) == [], "run: make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes_and_no_address(lock: str) -> None:
    assert unsafe_lines(lock_text(lock)) == []


def test_tests_run_with_what_runs() -> None:
    dev = locked(lock_text("dev"))
    for lock in ("run", "build"):
        differing = {
            name: (versions, dev[name])
            for name, versions in locked(lock_text(lock)).items()
            if name in dev and dev[name] != versions
        }
        assert differing == {}
    assert set(locked(lock_text("run"))) <= set(dev)


def test_the_build_backend_is_the_locked_one() -> None:
    assert set(project()["build-system"]["requires"]) <= set(asked_for("build"))


def test_a_lock_that_lags_is_seen() -> None:
    assert unmet(["django>=5.2"], "django==5.1.4 \\\n    --hash=sha256:00") == ["django>=5.2"]
    assert unmet(["new-thing"], "django==5.1.4") == ["new-thing"]
    assert unmet(["Django[argon2]>=5.2"], "django==5.2.19") == []


def test_an_address_and_a_missing_hash_are_seen() -> None:
    good = "a==1 \\\n    --hash=sha256:00"
    assert unsafe_lines(f"{good}\nb==2 \\\n    --hash=sha256:01") == []
    assert unsafe_lines(f"{good}\nb==2") == ["b==2"]
    assert unsafe_lines(f"--index-url https://example.org\n{good}") == ["--index-url https://example.org"]
    assert unsafe_lines("b @ https://example.org/b.whl \\\n    --hash=sha256:00") != []


def test_uv_looks_where_pip_is_told_to_look() -> None:
    listing = (
        "global.index-url='https://packages.example.org/simple'\n"
        "global.extra-index-url='file:///a file:///b'\n"
        "install.find-links='/wheels'\n"
        ":env:.cert='/etc/company.pem'\n"
        "global.cert='/etc/old.pem'\n"
        "global.timeout='60'\n"
    )
    assert uv_settings(parse_pip_config(listing)) == {
        "UV_DEFAULT_INDEX": "https://packages.example.org/simple",
        "UV_INDEX": "file:///a file:///b",
        "UV_FIND_LINKS": "/wheels",
        "SSL_CERT_FILE": "/etc/company.pem",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
