"""The list of erasures, kept apart from what it erased.

It stands in the database and, line by line, in a file of the data folder, for a backup of the database that is older
than an erasure brings the person back. `reapply_erasures` then does all of them again. A line holds no personal data:
numbers of orders, and keyed hashes of customers and e-mail addresses that nobody reads without the key.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ordna.engine import persons
from ordna.engine.erase import Subject, carry_out, merchants_of
from ordna.engine.wipe import wipe
from ordna.store import erasing
from ordna.store.database import Database
from ordna.store.erasing import Erasure
from ordna.store.sealing import Keyring

FILE = "erasures.jsonl"


class BadList(ValueError):
    """The list of erasures holds a line that is no erasure."""


def write_down(database: Database, home: Path, merchants: Sequence[int]) -> int:
    """Add to the file what these merchants have erased since; how many lines. The file outlives the database."""
    with database.engine(merchants) as conn:
        done = [each for each in erasing.erasures(conn, merchants) if each.done_at is not None]
    known = {(each.merchant_id, each.erasure_id) for each in read(home)}
    fresh = [each for each in done if (each.merchant_id, each.erasure_id) not in known]
    if fresh:
        _append(home / FILE, b"".join(msgspec.json.encode(each) + b"\n" for each in fresh))
    return len(fresh)


def listed(database: Database) -> list[Erasure]:
    """What the database lists, of all merchants, oldest first."""
    merchants = merchants_of(database)
    with database.engine(merchants) as conn:
        return erasing.erasures(conn, merchants)


def read(home: Path) -> list[Erasure]:
    """The erasures of the file, oldest first. `BadList`."""
    path = home / FILE
    if not path.exists():
        return []
    try:
        return [msgspec.json.decode(line, type=Erasure) for line in path.read_bytes().splitlines() if line.strip()]
    except msgspec.MsgspecError as error:
        raise BadList(f"{path}: {error}") from error


def reapply_erasures(database: Database, ring: Keyring, home: Path) -> int:
    """Do every erasure of the file and of the database again; how many orders lost their person anew. After a restore,
    before anything else works on the database. Nothing happens where all of it is done."""
    merchants = merchants_of(database)
    known = {(each.merchant_id, each.erasure_id): each for each in listed(database)}
    known |= {(each.merchant_id, each.erasure_id): each for each in read(home) if each.merchant_id in set(merchants)}
    redone = 0
    for erasure in sorted(known.values(), key=lambda each: (each.at, each.erasure_id)):
        redone += carry_out(database, ring, erasure, _subject(erasure))
        for shop in _named(erasure, persons.SHOP):
            redone += wipe(database, erasure.merchant_id, int(shop))
    write_down(database, home, merchants)
    return redone


def _subject(erasure: Erasure) -> Subject:
    """What the entry itself tells of whom it was about: the orders."""
    return Subject(orders=tuple(_named(erasure, persons.ORDER)))


def _named(erasure: Erasure, kind: str) -> list[str]:
    return [value for found, _, value in (mark.partition(":") for mark in erasure.marks) if found == kind]


def _append(path: Path, lines: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "ab") as file:
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())
