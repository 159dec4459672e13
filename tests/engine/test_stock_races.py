"""No unit is promised twice: small forms of the races of `make bench-stock`, and the faults that must turn them red."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench import stock_door, stock_faults, stock_races
from ordna.core import events as e
from ordna.core import stock as core_stock
from ordna.engine.invariants import check_invariants
from ordna.engine.replay import check_fold
from ordna.store import stock
from ordna.store.database import Connection, Database
from ordna.store.stock import LevelKey


@pytest.fixture
def home(database: str, tmp_path: Path) -> Path:
    stock_door.open_house(database, tmp_path)
    return tmp_path


@contextmanager
def proved(dsn: str) -> Iterator[None]:
    """Afterwards the journal explains the orders, and the ledger the levels."""
    yield
    database = Database(dsn)
    check_fold(database)
    check_invariants(database)
    database.close()


def last_unit(dsn: str, home: Path) -> None:
    count = stock_races.last_unit(dsn, home, races=6, racers=8, at_once=2)
    found = stock_door.look(dsn)
    assert (count.failures, count.deadlocks, found.oversold, found.lost_updates) == ([], 0, 0, 0)
    assert found.promised == 6


def any_order(dsn: str, home: Path) -> None:
    count = stock_races.any_order(dsn, home, workers=8, batches=6, batch=4, units=150)
    found = stock_door.look(dsn)
    assert (count.failures, count.deadlocks, found.oversold, found.lost_updates) == ([], 0, 0, 0)
    assert found.promised > 0


def comings_and_goings(dsn: str, home: Path) -> None:
    count = stock_races.comings_and_goings(dsn, home, workers=6, rounds=8, units=20)
    found = stock_door.look(dsn)
    assert (count.failures, count.deadlocks, found.oversold, found.lost_updates) == ([], 0, 0, 0)
    assert 0 < found.promised <= 60


@pytest.mark.parametrize("promise", [last_unit, any_order, comings_and_goings], ids=lambda each: str(each.__name__))
def test_no_unit_is_promised_twice(database: str, home: Path, promise: Any) -> None:
    with proved(database):
        promise(database, home)


# --- planted faults -------------------------------------------------------------------------------------------


def read_then_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Levels are read without a lock, and what was computed from them is written back."""
    stock_faults.read_then_write(monkeypatch.setattr, 0.02)


def unsorted_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each level is locked as its turn comes, in whatever order the batch has them."""
    real = stock.lock

    def one_by_one(conn: Connection, levels: Iterable[LevelKey], opening: Iterable[LevelKey] = ()) -> Any:
        wanted = list({*levels, *opening})
        random.shuffle(wanted)
        found: dict[LevelKey, int] = {}
        for level in wanted:
            found |= real(conn, [level])
            time.sleep(0.001)
        return found

    monkeypatch.setattr("ordna.engine.stock.stock.lock", one_by_one)


def not_released(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a cancelled or expired order had stays set aside in the levels."""
    real = core_stock.moves

    def kept(*args: Any) -> tuple[e.Event, ...]:
        return tuple(event for event in real(*args) if not isinstance(event, e.StockReleased))

    monkeypatch.setattr("ordna.core.decide.stock.moves", kept)


@pytest.mark.parametrize(
    ("fault", "promise"),
    [(read_then_write, last_unit), (unsorted_locks, any_order), (not_released, comings_and_goings)],
    ids=lambda each: str(each.__name__),
)
def test_a_planted_fault_turns_it_red(
    database: str, home: Path, monkeypatch: pytest.MonkeyPatch, fault: Any, promise: Any
) -> None:
    plant_when_shelved(monkeypatch, fault)
    with pytest.raises(AssertionError), proved(database):
        promise(database, home)


def plant_when_shelved(monkeypatch: pytest.MonkeyPatch, fault: Any) -> None:
    """The shelves are filled soundly before the fault is planted."""
    shelving = stock_door.shelve

    def filled(*args: Any) -> None:
        shelving(*args)
        fault(monkeypatch)

    monkeypatch.setattr("bench.stock_races.shelve", filled)
