"""Where this Ordna lives: everything it takes from its environment, in one place.

DATABASE_URL    a PostgreSQL 15 or newer; unset: an embedded server with its data in ORDNA_HOME
ORDNA_HOME      the folder of the embedded server's data and of the secret; default .ordna in the current folder
ORDNA_SECRET    the secret that signs sessions; unset: made once, kept in ORDNA_HOME
ORDNA_URL       the address people and webhooks reach it at; default http://127.0.0.1:<port>
ORDNA_KEEP_RAW_DAYS  how long raw messages are kept once they are dealt with; default 14
ORDNA_HOSTS     further host names it answers to, separated by commas
ORDNA_METRICS_TOKEN  what readers of /metrics must bring; unset: only this machine may read it
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT_PORT = 8000


class BadSetting(Exception):
    """A variable of the environment holds what nobody can use."""


class NoDatabase(Exception):
    """DATABASE_URL is not set, and no embedded server was started: begin with `ordna up`."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def home() -> Path:
    """The folder that holds what is not in the database."""
    return Path(os.environ.get("ORDNA_HOME") or ".ordna").absolute()


def dsn() -> str:
    """The database to use. `NoDatabase` when nothing names one."""
    given = os.environ.get("DATABASE_URL")
    if not given:
        raise NoDatabase
    return given


def secret() -> str:
    """At least 256 random bits as text, the same at every start."""
    given = os.environ.get("ORDNA_SECRET")
    if given:
        return given
    kept = home() / "secret"
    try:
        return kept.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        home().mkdir(parents=True, exist_ok=True)
        return _made_once(kept)


def public_url() -> str:
    """The address people and webhooks reach this Ordna at, without a slash at the end."""
    return os.environ.get("ORDNA_URL", f"http://127.0.0.1:{DEFAULT_PORT}").rstrip("/")


def metrics_token() -> str | None:
    """What a reader of the figures must bring; None: only this machine reads them."""
    return os.environ.get("ORDNA_METRICS_TOKEN") or None


def practice() -> dict[str, str] | None:
    """How the practice shop beside us is reached: base_url, domain, token, secret; None when there is none."""
    told = os.environ.get("ORDNA_PRACTICE")
    return None if not told else json.loads(told)


def practice_carrier() -> dict[str, str] | None:
    """How the practice carrier beside us is reached: base_url, account, token, secret; None when there is none."""
    told = os.environ.get("ORDNA_PRACTICE_CARRIER")
    return None if not told else json.loads(told)


def keep_raw_days() -> int:
    """How many days a raw message is kept once it is dealt with; at least one. `BadSetting`."""
    given = os.environ.get("ORDNA_KEEP_RAW_DAYS") or "14"
    if not given.isdecimal() or not given.isascii() or not 1 <= int(given) <= 3650:
        raise BadSetting(f"ORDNA_KEEP_RAW_DAYS is a number of days from 1 to 3650, not “{given[:40]}”.")
    return int(given)


def hosts() -> list[str]:
    """The host names it answers to."""
    told = urlsplit(public_url()).hostname or "127.0.0.1"
    more = os.environ.get("ORDNA_HOSTS", "").split(",")
    return sorted({told, "127.0.0.1", "localhost", *(name.strip() for name in more if name.strip())})


def _made_once(kept: Path) -> str:
    """Of several processes that start at once, one writes and all read the same."""
    text = secrets.token_urlsafe(48)
    draft = kept.with_name(f"secret.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="ascii")
    try:
        os.link(draft, kept)
    except FileExistsError:
        text = kept.read_text(encoding="ascii").strip()
    finally:
        draft.unlink()
    return text
