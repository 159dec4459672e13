"""A house with a shop and a carrier outside, both over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ordna.practice.carrier.server import Carrier
from ordna.practice.runtime import PracticeShop
from ordna.store.database import Database
from ordna.store.sealing import Keyring
from tests.outside.shipping.house import ShippingHouse, house_of, practice_shop
from tests.practice.carrier_running import running


@pytest.fixture(scope="module")
def open_shop() -> Iterator[PracticeShop]:
    with practice_shop() as shop:
        yield shop


@pytest.fixture
def post() -> Iterator[Carrier]:
    with running(silence_s=20.0) as carrier:
        yield carrier


@pytest.fixture
def house(
    db: Database, database: str, ring: Keyring, open_shop: PracticeShop, post: Carrier, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ShippingHouse]:
    monkeypatch.setattr("ordna.connectors.practice_post.carrier.PracticePost.__init__.__defaults__", (1.0,))
    made = house_of(db, database, ring, open_shop, post)
    yield made
    made.performer.close()
    made.rereader.close()
    made.watcher.close()
