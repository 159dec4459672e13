"""Incidents of messages that were acknowledged and never kept."""

from __future__ import annotations

import asyncio
import time

import pytest

from ordna.engine.receive import Storing
from ordna.store.database import Database
from tests.incidents.test_messages import raw
from tests.outside.conftest import House


def test_frappe_pr_425(house: House) -> None:
    """The shop was told 200 although the database had failed, so it never sent the order again. Here nobody is told
    anything but "later" before the commit, and told so within a second."""
    away = Database("host=/nowhere/at/all dbname=x", patience_s=0.5)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(Storing(away).store(raw(house, 5001)))
    assert time.monotonic() - begun < 1.0
    asyncio.run(Storing(house.database).store(raw(house, 5001)))
    assert house.rows("select topic from inbox") == [("orders/create",)]


def test_jepsen_nats_2_12_1(house: House) -> None:
    """A queue acknowledged before it had flushed to the disk, and lost what it had confirmed. Here every connection
    that commits waits for the flush."""
    opened = Database(house.dsn)
    with opened.engine([1]) as conn:
        [(flushed,)] = conn.execute("show synchronous_commit").fetchall()
    opened.close()
    assert flushed == "on"
