"""What people book of stock: receipts and counts.

Everything is an entry of the ledger with its cause and who booked it. A list is booked whole or not at all: each row
that can't be is told with its number and column. What comes free goes to the orders that wait longest.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from ordna.core.claims import item_of, shown_sku
from ordna.core.values import one_line
from ordna.engine import stock as claims
from ordna.store import stock
from ordna.store.database import Connection, Database, sending
from ordna.store.sql import blocks
from ordna.store.stock import LevelKey, Movement, changes

SQL = blocks("stock_booking.sql")

RECEIVE, COUNT = "receive", "count"
KINDS = (RECEIVE, COUNT)
ROWS_MAX = 5000
CSV_BYTES_MAX = 2_000_000
UNITS_MAX = 1_000_000_000
SKU_MAX, TEXT_MAX = 100, 200
_COLUMNS = ("sku", "location", "units", "note")


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """One row: so many units of a SKU came to a location (receive), or were found there (count)."""

    sku: str
    location: str
    units: int
    note: str = ""


class Problem(Struct, frozen=True):
    """Why a row can't be booked. `row` counts from 1 without the head, 0 is the list itself."""

    row: int
    column: str
    code: str
    sentence: str


class Booked(Struct, frozen=True):
    """What was booked: entries that changed something, and items that were seen for the first time."""

    entries: int
    new_items: int


def book(
    database: Database, merchant_id: int, kind: str, entries: Sequence[Entry], by: str, at: datetime
) -> Booked | list[Problem]:
    """Book a list, or say what is wrong with it. SKU and location twice: receipts add up, a count is refused."""
    assert kind in KINDS
    problems = [problem for row, one in enumerate(entries, 1) for problem in _wrong(row, one)]
    if len(entries) > ROWS_MAX:
        problems = [Problem(0, "", "too_many_rows", f"At most {ROWS_MAX} rows go together; these are {len(entries)}.")]
    if problems:
        return problems
    with database.engine([merchant_id]) as conn:
        problems = _unknown(conn, merchant_id, kind, entries)
        if problems:
            return problems
        new = conn.execute(
            SQL["make_items"],
            {
                "merchant": merchant_id,
                "items": [item_of(one.sku) for one in entries],
                "skus": [one.sku.strip() for one in entries],
            },
        ).rowcount
        movements = _movements(conn, merchant_id, kind, entries, by)
        if movements:
            with sending(conn) as sent:
                stock.move(conn, movements, at, sent)
        freed: dict[str, int] = {}
        for one in movements:
            freed[one.item] = freed.get(one.item, 0) + one.changes[0]
        claims.wake(conn, [(merchant_id, item, units) for item, units in sorted(freed.items()) if units > 0], at)
    return Booked(len(movements), new)


def from_csv(body: bytes) -> list[Entry] | list[Problem]:
    """The rows of a file with the columns sku, location, units and, if you like, note; by comma, semicolon or tab."""
    if len(body) > CSV_BYTES_MAX:
        return [Problem(0, "", "too_large", f"A file has at most {CSV_BYTES_MAX} bytes.")]
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [Problem(0, "", "bad_encoding", "The file is not UTF-8: save it as “CSV UTF-8”.")]
    head = text.split("\n", 1)[0]
    mark = max(",;\t", key=head.count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    names = [name.strip().casefold() for name in rows[0]] if rows else []
    missing = [name for name in _COLUMNS[:3] if name not in names]
    if missing:
        return [
            Problem(0, missing[0], "missing_column", f"The first row names the columns; “{missing[0]}” is missing.")
        ]
    entries: list[Entry] = []
    problems: list[Problem] = []
    for number, row in enumerate(rows[1:], 1):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(names):
            sentence = f"The row has {len(row)} cells, the head {len(names)}."
            problems.append(Problem(number, "", "ragged_row", sentence))
            continue
        cells = dict(zip(names, (cell.strip() for cell in row), strict=True))
        units = _whole(cells["units"])
        if units is None:
            problems.append(Problem(number, "units", "not_whole", f"“{cells['units'][:30]}” is no whole number."))
            continue
        entries.append(Entry(cells["sku"], cells["location"], units, cells.get("note", "")))
    return problems or entries


def _whole(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 12 else None


def _wrong(row: int, one: Entry) -> list[Problem]:
    out = []
    if not one.sku.strip() or len(one.sku) > SKU_MAX:
        out.append(Problem(row, "sku", "bad_sku", f"A SKU has 1 to {SKU_MAX} characters."))
    elif shown_sku(one.sku.strip()) != one.sku.strip():
        sentence = f"{shown_sku(one.sku.strip())} holds a character nobody sees."
        out.append(Problem(row, "sku", "unknown_sku", sentence))
    if one.units < 0:
        out.append(Problem(row, "units", "negative_quantity", f"{one.units} units can't be."))
    if one.units > UNITS_MAX:
        out.append(Problem(row, "units", "out_of_range", f"At most {UNITS_MAX} units."))
    if len(one.note) > TEXT_MAX:
        out.append(Problem(row, "note", "field_too_long", f"A note has at most {TEXT_MAX} characters."))
    return out


def _unknown(conn: Connection, merchant: int, kind: str, entries: Sequence[Entry]) -> list[Problem]:
    """What only the tables can tell: places that are not there, bundles, and a thing counted twice."""
    known = {row[0] for row in conn.execute(SQL["places"], {"merchant": merchant})}
    items = [item_of(one.sku) for one in entries]
    bundles = {row[0] for row in conn.execute(SQL["bundles"], {"merchant": merchant, "items": items})}
    out: list[Problem] = []
    seen: dict[tuple[str, str], int] = {}
    for row, (one, item) in enumerate(zip(entries, items, strict=True), 1):
        if one.location not in known:
            sentence = f"There is no location “{one.location[:60]}”, or it is closed."
            out.append(Problem(row, "location", "unknown_location", sentence))
        if item in bundles:
            out.append(Problem(row, "sku", "bundle", f"{one.sku} is a bundle: book what is in it."))
        first = seen.setdefault((item, one.location), row)
        if kind == COUNT and first != row:
            out.append(Problem(row, "sku", "counted_twice", f"{one.sku} was counted there in row {first} already."))
    return out


def _movements(conn: Connection, merchant: int, kind: str, entries: Sequence[Entry], by: str) -> list[Movement]:
    levels: list[LevelKey] = [(merchant, item_of(one.sku), one.location) for one in entries]
    stock.lock(conn, (), levels)
    stands: dict[LevelKey, tuple[int, int]] = {
        (merchant, row[0], row[1]): (row[2], row[3])
        for row in conn.execute(SQL["stands"], {"merchant": merchant, "items": [level[1] for level in levels]})
    }
    out: list[Movement] = []
    for one, level in zip(entries, levels, strict=True):
        on_hand, incoming = stands[level]
        if kind == RECEIVE:
            arrived = min(one.units, max(0, incoming))
            stands[level] = (on_hand + one.units, incoming - arrived)
            change, cause = changes(available=one.units, incoming=-arrived), "received"
        else:
            change, cause = changes(available=one.units - on_hand), "counted"
        if any(change):
            out.append(Movement(*level, change, cause, None, None, by, one_line(one.note)))
    return out
