"""This process's doors for the API: the database, the flows, the connections."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from ordna.engine.carriers import Carriers
from ordna.engine.connections import Connections
from ordna.engine.keys import keyring
from ordna.engine.policies import Policies
from ordna.store.database import Database


def database() -> Database:
    """Connections to the database of the settings."""
    return _database(settings.ORDNA_DATABASE)


def policies() -> Policies:
    """Flows, parsed once."""
    return _policies(str(settings.ORDNA_HOME))


def connections_engine() -> Connections:
    """Makes and switches connections."""
    return _connections(settings.ORDNA_DATABASE, str(settings.ORDNA_HOME))


def carriers_engine() -> Carriers:
    """Connects carriers and asks them."""
    return _carriers(settings.ORDNA_DATABASE, str(settings.ORDNA_HOME))


@lru_cache(maxsize=4)
def _database(dsn: str) -> Database:
    return Database(dsn, connections_max=8, patience_s=2.0)


@lru_cache(maxsize=4)
def _policies(home: str) -> Policies:
    return Policies(keyring(Path(home)))


@lru_cache(maxsize=4)
def _connections(dsn: str, home: str) -> Connections:
    return Connections(_database(dsn), _policies(home).ring)


@lru_cache(maxsize=4)
def _carriers(dsn: str, home: str) -> Carriers:
    return Carriers(_database(dsn), _policies(home).ring)
