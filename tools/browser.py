"""Find the browser that the tests drive, or install it.

    .venv/bin/python tools/browser.py         # prints where it is; installs it if there is none

Any Chromium or Chrome will do. Where none is found it is installed as a system package (as root, or with a
sudo that asks no password), else as playwright's own. Where that is impossible the browser tests fail with
the sentence of MISSING; they are never skipped.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/snap/bin/chromium")
OVERRIDE = "ORDNA_CHROMIUM"
INSTALL_TIMEOUT_S = 600

MISSING = (
    "There is no browser to test the pages with, and installing one did not work. Install Chromium"
    " (Debian: apt-get install chromium; otherwise: .venv/bin/python -m playwright install chromium),"
    f" or set {OVERRIDE} to the path of a Chromium or Chrome, and run make test again."
)


def find_browser() -> Path | None:
    """The path of a browser that answers, or None."""
    named = [os.environ.get(OVERRIDE), *(shutil.which(name) for name in NAMES), *PLACES]
    for candidate in named:
        if candidate and _answers(candidate):
            return Path(candidate)
    own = _of_playwright()
    return Path(own) if own and _answers(own) else None


def install_browser() -> Path | None:
    """Try each way of installing one until a browser answers."""
    for commands in _ways():
        for command in commands:
            print("+ " + " ".join(command), flush=True)
            if not _succeeds(command):
                break
        found = find_browser()
        if found is not None:
            return found
    return None


def _ways() -> list[list[list[str]]]:
    ways = []
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") and (not root or _succeeds([*root, "true"])):
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"]
        ways.append([[*root, "apt-get", "update", "-q"], [*root, *install]])
    ways.append([[sys.executable, "-m", "playwright", "install", "chromium"]])
    return ways


def _succeeds(command: list[str]) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=INSTALL_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _answers(path: str) -> bool:
    """Whether the program runs: on some systems `chromium` is only a pointer to something not installed."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _of_playwright() -> str | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


if __name__ == "__main__":
    browser = find_browser() or install_browser()
    print(browser or MISSING)
    sys.exit(browser is None)
