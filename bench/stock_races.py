"""The races of the stock room: the last unit, many SKUs in any order, comings and goings. Each in any size."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

from bench.stock_door import (
    NOON,
    Count,
    Door,
    Told,
    bundle,
    cancelled,
    expired,
    placed,
    race,
    shelve,
)

SKUS = 8
LINES = 4


def last_unit(dsn: str, home: Path, races: int, racers: int, at_once: int = 10, seed: int = 1) -> Count:
    """So many races for the last unit of a SKU, each racer with an order of one. All begin together, and run some
    races in one transaction, in an order of their own."""
    shelve(dsn, {f"last-{number:04d}": 1 for number in range(races)})

    def work(door: Door, number: int, rng: random.Random) -> None:
        for first in range(0, races, at_once):
            told = [
                placed(f"{seed}{each:04d}{number:03d}", [(f"last-{each:04d}", 1)])
                for each in range(first, min(races, first + at_once))
            ]
            rng.shuffle(told)
            door.together()
            door.through(told, NOON)

    return race(dsn, home, racers, work, seed)


def any_order(dsn: str, home: Path, workers: int, batches: int, batch: int, units: int, seed: int = 2) -> Count:
    """Orders of four lines of eight SKUs, one of them a bundle and one on two lines, in random order, in batches."""
    names = [f"sku-{number}" for number in range(SKUS)]
    shelve(dsn, dict.fromkeys(names, units))
    bundle(dsn, "set", {names[0]: 2, names[SKUS - 1]: 1})

    def work(door: Door, number: int, rng: random.Random) -> None:
        for each in range(batches):
            told = []
            for place in range(batch):
                picked = rng.sample([*names, "set"], LINES)
                picked[0] = picked[1] if rng.random() < 0.3 else picked[0]
                ref = f"{seed}{number:02d}{each:04d}{place:03d}"
                told.append(placed(ref, [(sku, rng.randint(1, 2)) for sku in picked]))
            door.through(told, NOON)

    return race(dsn, home, workers, work, seed)


def comings_and_goings(dsn: str, home: Path, workers: int, rounds: int, units: int, seed: int = 3) -> Count:
    """Orders are placed, cancelled and given up for want of money, all at once, with too little for all."""
    names = [f"go-{number}" for number in range(3)]
    shelve(dsn, dict.fromkeys(names, units))

    def work(door: Door, number: int, rng: random.Random) -> None:
        mine: list[Told] = []
        for each in range(rounds):
            at = NOON + timedelta(minutes=each)
            told = []
            for place in range(rng.randint(1, 4)):
                ref = f"{seed}{number:02d}{each:04d}{place}"
                lines = [(sku, rng.randint(1, 2)) for sku in rng.sample(names, 2)]
                told.append(placed(ref, lines, at, rng.choice(["paid", "pending"])))
            door.through(told, at)
            mine.extend(told)
            gone = [mine.pop(rng.randrange(len(mine))) for _ in range(min(len(mine), rng.randint(0, 3)))]
            if gone:
                turn = cancelled if rng.random() < 0.6 else expired
                door.through([turn(one, at + timedelta(seconds=30)) for one in gone], at + timedelta(seconds=30))

    return race(dsn, home, workers, work, seed)
