"""Install what requirements/NAME.txt locks, and Ordna itself, into the environment that runs this file.

    .venv/bin/python tools/install.py run     # what Ordna needs to run
    .venv/bin/python tools/install.py dev     # and what its tests need

pip installs the build tools (uv and hatchling), uv installs the rest in a tenth of pip's time. Every file
is checked against its locked hash. uv does not read pip's configuration, so it is told where pip looks:
whoever has set up pip for a company index or a certificate need not do it twice.
"""

import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


def main(name: str) -> int:
    """Install and return the exit status."""
    steps = (
        [*PIP, "install", "--quiet", "--require-hashes", "-r", REQUIREMENTS / "build.txt"],
        [*_uv(), "--require-hashes", "-r", REQUIREMENTS / f"{name}.txt"],
        [*_uv(), "--no-deps", "--no-build-isolation", "-e", REQUIREMENTS.parent],
    )
    for step in steps:
        print("+ " + " ".join(str(word) for word in step), flush=True)
        done = subprocess.run([str(word) for word in step], env=_environment(), check=False)
        if done.returncode != 0:
            print(f"Installing {name} failed; what went wrong stands above.", file=sys.stderr)
            return done.returncode
    return 0


def uv_settings(pip_config: dict[str, str]) -> dict[str, str]:
    """uv's environment variables for what pip's configuration says (`index-url`, `cert`, ...).

    With more than one index uv, like pip, takes the best version of any; the hash says which file is right.
    """
    names = {
        "index-url": "UV_DEFAULT_INDEX",
        "extra-index-url": "UV_INDEX",
        "find-links": "UV_FIND_LINKS",
        "cert": "SSL_CERT_FILE",
    }
    settings = {names[key]: value for key, value in pip_config.items() if key in names}
    if "UV_FIND_LINKS" in settings:
        settings["UV_FIND_LINKS"] = ",".join(settings["UV_FIND_LINKS"].split())
    return settings | {"UV_INDEX_STRATEGY": "unsafe-best-match"}


def parse_pip_config(listing: str) -> dict[str, str]:
    """`pip config list` as a dictionary; what the environment says wins over what the files say."""
    from_files: dict[str, str] = {}
    from_environment: dict[str, str] = {}
    for line in listing.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        target = from_environment if section == ":env:" else from_files
        if section in (":env:", "global") or (section == "install" and key not in target):
            target[key] = value.strip().strip("'\"").replace("\\n", " ").strip()
    return from_files | from_environment


def _uv() -> list[str]:
    return [str(Path(sys.executable).with_name("uv")), "pip", "install", "--python", sys.executable]


def _environment() -> dict[str, str]:
    listing = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False).stdout
    return uv_settings(parse_pip_config(listing)) | dict(os.environ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
