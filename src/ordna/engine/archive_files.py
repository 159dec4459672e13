"""The archive's files: a folder a merchant, a compressed file some hundred orders, and a manifest that lists them.

    archive/1/manifest.jsonl       one line a file: its name, SHA-256, orders, events, first and last order, when
    archive/1/20270104T021500-7.jsonl.gz     one line an order: its events, links and decisions, and the state's hash

A file is written beside its place, forced to disk, and then named; the manifest's line comes after it. Nothing in them
names or locates a customer: they hold what the journal held.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from ordna.core import events
from ordna.core.evolve import fold
from ordna.core.order import decode_state, encode_state
from ordna.store.checkpoints import DecisionRow, EventRow, hash_of
from ordna.store.journal import Link

MANIFEST = "manifest.jsonl"


class Archived(Struct, frozen=True):
    """What was archived of one order at one time: its events after `after` up to `seq`. `start` is the state they go on
    from, as stored, empty for an order's first; `hash` that of the state they lead to."""

    order_id: str
    after: int
    seq: int
    start: str
    hash: str
    events: tuple[EventRow, ...]
    links: tuple[Link, ...]
    decisions: tuple[DecisionRow, ...]


class Listed(Struct, frozen=True):
    """A manifest's line."""

    file: str
    sha256: str
    orders: int
    events: int
    first: str
    last: str
    written_at: datetime


def hex_of(state: bytes) -> str:
    """The hash of a state as the files and people write it."""
    return hash_of(state).hex()


def write(folder: Path, merchant_id: int, archived: Sequence[Archived], at: datetime) -> str:
    """Write a file and its line in the manifest, both forced to disk; its name."""
    place = folder / str(merchant_id)
    place.mkdir(parents=True, exist_ok=True)
    name = f"{at:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}.jsonl.gz"
    text = gzip.compress(b"".join(msgspec.json.encode(one) + b"\n" for one in archived), 6, mtime=0)
    draft = place / f"{name}.draft"
    _force(draft, text, "wb")
    draft.rename(place / name)
    line = Listed(
        name,
        hashlib.sha256(text).hexdigest(),
        len(archived),
        sum(len(one.events) for one in archived),
        archived[0].order_id,
        archived[-1].order_id,
        at,
    )
    _force(place / MANIFEST, msgspec.json.encode(line) + b"\n", "ab")
    _force_names(place)
    return name


def manifest(folder: Path, merchant_id: int) -> list[Listed]:
    """The files there are, oldest first."""
    path = folder / str(merchant_id) / MANIFEST
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [msgspec.json.decode(line, type=Listed) for line in lines]


def read(folder: Path, merchant_id: int, file: str) -> Iterator[Archived]:
    """The orders of a file."""
    for line in gzip.decompress((folder / str(merchant_id) / file).read_bytes()).splitlines():
        yield msgspec.json.decode(line, type=Archived)


def story(folder: Path, merchant_id: int, files: Sequence[str], order_id: str) -> list[Archived]:
    """What the files hold of one order, in the order it happened; each stretch once."""
    found = {
        (one.after, one.seq): one
        for file in files
        for one in read(folder, merchant_id, file)
        if one.order_id == order_id
    }
    return [found[stretch] for stretch in sorted(found)]


def check(folder: Path, merchant_id: int) -> Iterator[str]:
    """What is wrong with the files, in sentences: missing, changed, or not folding to the states they were archived
    with."""
    for listed in manifest(folder, merchant_id):
        path = folder / str(merchant_id) / listed.file
        if not path.exists():
            yield f"{listed.file} is missing."
        elif hashlib.sha256(path.read_bytes()).hexdigest() != listed.sha256:
            yield f"{listed.file} is not the file that was written."
        else:
            for one in read(folder, merchant_id, listed.file):
                if hex_of(_state_after(one)) != one.hash:
                    yield f"{one.order_id} in {listed.file} does not fold to the state it was archived with."


def _state_after(one: Archived) -> bytes:
    start = decode_state(one.start.encode()) if one.start else None
    rows = ((events.decode(row.kind, row.version, row.data.encode()), row.occurred_at) for row in one.events)
    return encode_state(fold(rows, start))


def _force(path: Path, content: bytes, mode: str) -> None:
    with open(path, mode) as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def _force_names(folder: Path) -> None:
    names = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(names)
    finally:
        os.close(names)
