"""Pages on a real database: two merchants with a shop each, orders that came in, and a person who is signed in."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from ordna.engine import clock
from ordna.store.database import Database
from ordna.store.sealing import Keyring
from tests.conftest import Databases
from tests.connectors import shopify_nodes as nodes
from tests.engine.conftest import Shop, order_body

KEY = b"k" * 32
MINE, THEIRS = 1, 2


class House(Shop):
    """A merchant whose orders come in and are routed."""

    def place(self, number: int, **changes: Any) -> str:
        """An order is placed and its fulfillment orders are read; its id."""
        at = clock.now()
        stamps = {name: at.isoformat() for name in ("created_at", "processed_at", "updated_at")}
        self.now = at
        self.send("orders/create", order_body(number, **stamps, **changes))
        self.step()
        return f"{self.connection_id}-{number}"

    def place_routed(self, number: int = 1001, **changes: Any) -> str:
        """An order as a read shows it, with a fulfillment order that is open for work."""
        self.now = clock.now()
        stamps = dict.fromkeys(("createdAt", "processedAt", "updatedAt"), self.now.isoformat())
        node = nodes.order(id=nodes.gid("Order", number), name=f"#{number}", **{**stamps, **changes})
        began = (self.now - timedelta(seconds=1)).isoformat()
        self.tell("ordna/read", str(number), nodes.read_body(node, began))
        self.step()
        return f"{self.connection_id}-{number}"

    def seq(self, order_id: str) -> int:
        """The order's version."""
        return int(self.rows("select seq from orders where order_id = %s", order_id)[0][0])


@pytest.fixture(scope="session")
def pages_template(databases: Databases) -> Iterator[str]:
    """A database with order tables and Django's own, to clone from."""
    from ordna.site import tables

    name = databases.create()
    with _environment(databases.dsn(name)):
        import django

        os.environ["DJANGO_SETTINGS_MODULE"] = "ordna.site.settings"
        django.setup()
        point(databases.dsn(name))
        tables.install(databases.dsn(name))
        point(databases.dsn(name))
    yield name
    databases.drop(name)


@pytest.fixture
def pages(databases: Databases, pages_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The connection string of a fresh database that pages and API work on."""
    from django.test import override_settings

    from ordna.api import engines
    from ordna.web import asking, desk
    from ordna.web.views import connections, labels

    name = databases.create(pages_template)
    dsn = databases.dsn(name)
    monkeypatch.setenv("ORDNA_KEY", "1:" + base64.b64encode(KEY).decode())
    point(dsn)
    with override_settings(ORDNA_DATABASE=dsn, ORDNA_HOME=tmp_path, ORDNA_PRACTICE=None, ALLOWED_HOSTS=["*"]):
        yield dsn
        desk.database().close()
        engines.database().close()
    for cache in (desk._database, engines._database, asking._policies, engines._policies, connections._engine,
                  engines._connections, engines._carriers, labels._carriers):  # fmt: skip
        cache.cache_clear()
    point(dsn)
    databases.drop(name)


@pytest.fixture
def house(pages: str) -> Iterator[House]:
    """Our merchant, live."""
    yield from _house(pages, MINE)


@pytest.fixture
def neighbour(pages: str) -> Iterator[House]:
    """Another merchant in the same database."""
    yield from _house(pages, THEIRS)


@pytest.fixture
def browser(house: House) -> Any:
    """A browser in which ida of our merchant is signed in; forms need no token, as in Django's own tests."""
    return signed_in("ida", MINE)


def signed_in(name: str, merchant_id: int, **options: Any) -> Any:
    """A client with a session of that person."""
    from django.test import Client

    from ordna.store import accounts

    client = Client(HTTP_HOST="127.0.0.1", **options)
    client.force_login(accounts.ensure_person(name, merchant_id))
    return client


def point(dsn: str) -> None:
    """Have Django's own connection go to this database."""
    from django.db import connection

    parts = conninfo_to_dict(dsn)
    connection.close()
    connection.settings_dict.update(
        NAME=parts.get("dbname"),
        USER=parts.get("user"),
        PASSWORD=parts.get("password") or "",
        HOST=parts.get("host"),
        PORT=str(parts.get("port") or ""),
    )


def _house(dsn: str, merchant_id: int) -> Iterator[House]:
    database = Database(dsn)
    made = House(database, dsn, Keyring({1: KEY}), merchant_id, merchant_id * 7, token=f"token-of-{merchant_id}")
    made.open()
    yield made
    database.close()


@contextmanager
def _environment(dsn: str) -> Iterator[None]:
    """The settings are read from the environment once, at their first import."""
    before = {name: os.environ.get(name) for name in ("DATABASE_URL", "ORDNA_SECRET")}
    os.environ.update(DATABASE_URL=dsn, ORDNA_SECRET="only for tests")
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
