"""The database a command works on: the one DATABASE_URL names, or the embedded server of ORDNA_HOME."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

import ordna
from ordna.engine.keys import has_keys, keyring
from ordna.engine.untokened import give_tokens
from ordna.site import place
from ordna.store import embedded, schema
from ordna.store.database import Database

FOLDER = "postgres"


@contextmanager
def opened() -> Iterator[str]:
    """The connection string; a server that this command had to start is stopped again at the end."""
    given = os.environ.get("DATABASE_URL")
    if given:
        _check(given)
        yield given
        return
    with embedded.start(place.home() / FOLDER) as server:
        dsn = server.dsn()
        _check(dsn)
        os.environ["DATABASE_URL"] = dsn
        yield dsn


@contextmanager
def door() -> Iterator[Database]:
    """The database as the engine's functions want it, with a connection or two."""
    with opened() as dsn:
        database = Database(dsn, connections_max=2)
        try:
            yield database
        finally:
            database.close()


def keep_running(tell: Callable[[str], None]) -> Callable[[], None]:
    """A look that starts the embedded server again when it died; with a database of yours it does nothing."""
    folder = place.home() / FOLDER
    ours = embedded.runs(folder)

    def look() -> None:
        if ours and not embedded.runs(folder):
            tell("PostgreSQL ended; starting it again.")
            try:
                embedded.start(folder)
            except embedded.EmbeddedError as error:
                tell(f"PostgreSQL could not be started: {error}")

    return look


def prepare(dsn: str, *, contract: bool = False, tell: Callable[[str], None] = lambda _: None) -> list[str]:
    """Bring all tables to the newest, while others may work on them; the names of the migrations that ran. `contract`:
    also take away what older processes may still use. What an older Ordna stored without, or stores beside this one, is
    given its search tokens, where the keys are at hand."""
    from ordna.site import tables

    ran = schema.install(dsn, contract=contract, tell=tell)
    tables.install(dsn)
    if has_keys(place.home()):
        database = Database(dsn)
        try:
            give_tokens(database, keyring(place.home()), tell)
        finally:
            database.close()
    return ran


def default_flow() -> str:
    """The flow a new merchant begins with."""
    here = Path(ordna.__file__).parent
    for folder in (here / "flows", here.parents[1] / "flows"):
        if (folder / "webshop.yaml").exists():
            return (folder / "webshop.yaml").read_text(encoding="utf-8")
    raise FileNotFoundError("flows/webshop.yaml is missing from this installation.")


def _check(dsn: str) -> None:
    with psycopg.connect(dsn, connect_timeout=5) as conn:
        embedded.check_durability(conn)
