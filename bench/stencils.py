"""Stencils: all rows of one lived order as bytes of binary COPY, with holes where a copy differs.

A copy of an order has ids, a number, a customer, a merchant and times of its own; its person is sealed anew with a key
of its own. The holes are found by what fills them: ids and the number have a shape nothing else has, times are read as
such in columns and in JSON alike, and all are moved by the same whole number of seconds. What fills a hole is as long
as what was there, so a copy is the same text with other digits, and its journal folds to its state as the original's
does.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

import psycopg
from psycopg import sql

from bench.histories import FIRST_ID, FIRST_NUMBER
from ordna.engine.lanes import lane_of
from ordna.store import persons
from ordna.store.outbox import open_effect
from ordna.store.sealing import Keyring, PersonKey

TABLES = (
    "orders", "journal", "journal_object", "decision", "step", "task", "timer", "effect", "person", "person_token",
    "part_owner",
)  # fmt: skip
RAW = ("seen", "inbox")
"""What a shop keeps for some days only."""

HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TAIL = b"\xff\xff"
IDS_MAX = 128
FIRST_COPY_ID = 8_000_000_000_000
FIRST_CUSTOMER = 4_200_000_000_000

_SHAPES = re.compile(
    rb"(?P<id>%s\d{6})"
    rb'|(?P<head>"customer": ?")(?P<customer>\d{13})(?=")'
    rb"|(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)"
    rb"|(?<!\d)(?P<number>%s\d{4})(?!\d)" % (str(FIRST_ID)[:7].encode(), str(FIRST_NUMBER)[:3].encode())
)
_OF_ORDER = {
    "orders": "t.order_id = {0}", "person": "t.person_id = {0}",
    "part_owner": "t.order_ref = {1}", "inbox": "t.order_hint = {1} and t.handled_at is not null",
    "seen": "exists (select from inbox i where i.webhook_id = t.webhook_id and i.order_hint = {1})",
}  # fmt: skip
_INT8, _INT2, _TIMESTAMPTZ, _VARYING = 20, 21, 1184, (25, 17, 3802)
_NULL = b"\xff\xff\xff\xff"

Hole = tuple[str, Any]
Row = list[tuple[str, int, bytes | None]]


@dataclass(frozen=True)
class Piece:
    """Some rows of one table: `form % pick(values)` are their bytes."""

    form: bytes
    pick: Callable[[list[bytes]], tuple[bytes, ...]]

    def filled(self, values: list[bytes]) -> bytes:
        """The rows with these values."""
        return self.form % self.pick(values)


@dataclass(frozen=True)
class _Few:
    """What itemgetter is for none or one: it gives a tuple all the same."""

    holes: tuple[int, ...]

    def __call__(self, values: list[bytes]) -> tuple[bytes, ...]:
        return tuple(values[hole] for hole in self.holes)


class Stencil:
    """One order's rows. `placed_at` is the original's; `is_open` says whether it is still under way."""

    def __init__(self, conn: psycopg.Connection[Any], ring: Keyring, merchant: int, order_id: str) -> None:
        self._ring = ring
        self._known: dict[Hole, int] = {}
        self.order_ref = order_id.partition("-")[2]
        rows = {table: _rows(conn, table, order_id, self.order_ref) for table in (*TABLES, *RAW)}
        found: dict[str, bytes | None] = {name: value for name, _, value in rows["orders"][0]}
        self.is_open = found["open"] == b"\x01"
        self.placed_at = _moment(found["placed_at"] or b"")
        self._customer = found["customer"]
        self._number = (found["name"] or b"").lstrip(b"#")
        self._seals(conn, merchant, order_id, rows)
        self._drafts = {
            table: [self._row(table, number, row) for number, row in enumerate(rows[table])] for table in rows
        }
        self._settle()

    def copy(self, number: int, merchant: int, customer: int, shift_s: int) -> dict[str, bytes]:
        """The rows of the `number`th copy by table; `shift_s` is added to every time."""
        base = FIRST_COPY_ID + number * IDS_MAX
        shift, shift_us = timedelta(seconds=shift_s), shift_s * 1_000_000
        values = [b"%d" % (base + rank) for rank in range(len(self._ids))]
        ref = values[self._own_rank].decode()
        values += [
            struct.pack(">q", merchant),
            struct.pack(">h", lane_of(ref)),
            b"%d" % (FIRST_CUSTOMER + customer),
            b"%d" % (FIRST_NUMBER + 1 + number),
        ]
        values += [(moment + shift).isoformat().encode() for moment in self._texts]
        values += [struct.pack(">q", at + shift_us) for at in self._moments]
        values += self._found_by(merchant)
        values += self._sealed((merchant, f"{self._connection}-{ref}"), values)
        return {table: piece.filled(values) for table, piece in self._pieces.items()}

    # --- finding the holes ---

    def _seals(self, conn: psycopg.Connection[Any], merchant: int, order_id: str, rows: dict[str, list[Row]]) -> None:
        """What is sealed, opened: the person, and the bodies of effects with their keys."""
        self._connection = order_id.partition("-")[0]
        person = {name: value for name, _, value in rows["person"][0]}
        key, place = person["person_key"] or b"", (merchant, order_id)
        self._person = persons.open_person(self._ring, key, person["sealed"] or b"", place)
        opened = persons.unseal_key(self._ring, key, place)
        self._tokens = sorted(persons.tokens_of(self._ring, merchant, self._person))
        self._tokens_of: dict[int, list[bytes]] = {}
        self._effects: list[tuple[bytes, bytes]] = []
        for row in rows["effect"]:
            cells = {name: value for name, _, value in row}
            effect_key = (cells["effect_key"] or b"").decode()
            open_effect(self._ring, key, cells["body"] or b"", place, effect_key)
            plain = opened.open(cells["body"] or b"", f"effect {merchant}/{order_id}/{effect_key}")
            self._effects.append((effect_key.encode(), plain))

    def _row(self, table: str, number: int, row: Row) -> list[bytes | Hole]:
        out: list[bytes | Hole] = [struct.pack(">h", len(row))]
        for name, kind, value in row:
            if value is None:
                out.append(_NULL)
            elif (table, name) in (("person", "person_key"), ("person", "sealed")):
                out.append(("seal", name))
            elif (table, name) == ("effect", "body"):
                out.append(("seal", number))
            elif (table, name) == ("person", "tokens"):
                out.append(("tokens", None))
            elif (table, name) == ("person_token", "token"):
                out.append(("token", self._tokens.index(value)))
            elif (table, name) == ("inbox", "body"):
                out += [_size(value), value]  # packed as it came; nobody reads what has been handled
            elif name == "customer":
                out += [_size(value), ("customer", None)]
            else:
                out += [_size(value), *self._cut(kind, name, value)]
        return out

    def _cut(self, kind: int, name: str, value: bytes) -> Iterable[bytes | Hole]:
        if name == "merchant_id":
            return [("merchant", None)]
        if name == "lane":
            return [("lane", None)]
        if kind == _TIMESTAMPTZ:
            return [("moment", struct.unpack(">q", value)[0])]
        return self._cut_text(value) if kind in _VARYING else [value]

    def _cut_text(self, text: bytes) -> list[bytes | Hole]:
        out: list[bytes | Hole] = []
        end = 0
        for found in _SHAPES.finditer(text):
            out.append(text[end : found.start()])
            end = found.end()
            if found["id"]:
                out.append(("id", int(found["id"])))
            elif found["customer"]:
                hole = ("customer", None) if found["customer"] == self._customer else None
                out += [found["head"], hole or found["customer"]]
            elif found["time"]:
                out.append(("text", datetime.fromisoformat(found["time"].decode())))
            else:
                out.append(("number", None) if found["number"] == self._number else found["number"])
        return [*out, text[end:]]

    def _settle(self) -> None:
        """Number the holes, and turn drafts to pieces."""
        bodies = [(self._cut_text(key), self._cut_text(plain)) for key, plain in self._effects]
        drafts = [part for rows in self._drafts.values() for row in rows for part in row]
        drafts += [part for pair in bodies for draft in pair for part in draft]
        holes = {part for part in drafts if isinstance(part, tuple)}
        self._ids = sorted(what for kind, what in holes if kind == "id")
        self._texts = sorted(what for kind, what in holes if kind == "text")
        self._moments = sorted(what for kind, what in holes if kind == "moment")
        if len(self._ids) > IDS_MAX:
            raise ValueError(f"Order {self.order_ref} has {len(self._ids)} ids; a copy has room for {IDS_MAX}.")
        self._own_rank = self._ids.index(int(self.order_ref))
        places: list[Hole] = [("id", each) for each in self._ids]
        places += [("merchant", None), ("lane", None), ("customer", None), ("number", None)]
        places += [("text", each) for each in self._texts]
        places += [("moment", each) for each in self._moments]
        places += [("tokens", None), *(("token", rank) for rank in range(len(self._tokens)))]
        places += [("seal", "person_key"), ("seal", "sealed"), *(("seal", each) for each in range(len(bodies)))]
        self._known = {hole: index for index, hole in enumerate(places)}
        self._bodies = [(self._piece(key), self._piece(plain)) for key, plain in bodies]
        self._pieces = {
            table: self._piece([part for row in rows for part in row]) for table, rows in self._drafts.items() if rows
        }
        del self._drafts, self._effects

    def _piece(self, draft: list[bytes | Hole]) -> Piece:
        form = b"".join(b"%b" if isinstance(part, tuple) else part.replace(b"%", b"%%") for part in draft)
        holes = [self._known[part] for part in draft if isinstance(part, tuple)]
        return Piece(form, itemgetter(*holes) if len(holes) > 1 else _Few(tuple(holes)))

    # --- finding and sealing a copy ---

    def _found_by(self, merchant: int) -> list[bytes]:
        """The tokens a copy is found by, all of them together and each alone; every merchant has its own."""
        if merchant not in self._tokens_of:
            tokens = sorted(persons.tokens_of(self._ring, merchant, self._person))
            self._tokens_of[merchant] = [_size(each) + each for each in (persons.joined(tokens), *tokens)]
        return self._tokens_of[merchant]

    def _sealed(self, place: tuple[int, str], values: list[bytes]) -> list[bytes]:
        key, stored = persons.make_key(self._ring, place)
        out = [stored, persons.seal_person(key, self._person, place)]
        out += [self._body(key, place, values, *pair) for pair in self._bodies]
        return [_size(each) + each for each in out]

    def _body(self, key: PersonKey, place: tuple[int, str], values: list[bytes], name: Piece, plain: Piece) -> bytes:
        about = f"effect {place[0]}/{place[1]}/{name.filled(values).decode()}"
        return key.seal(plain.filled(values), about)


def columns_of(conn: psycopg.Connection[Any], table: str) -> list[str]:
    """The columns a copy brings along: all that the database does not number itself."""
    rows = conn.execute(
        """select column_name from information_schema.columns
           where table_schema = 'public' and table_name = %s and is_identity = 'NO' and is_generated = 'NEVER'
           order by ordinal_position""",
        (table,),
    )
    return [row[0] for row in rows]


def _rows(conn: psycopg.Connection[Any], table: str, order_id: str, order_ref: str) -> list[Row]:
    """Every row of the order in binary form: (column, type, bytes)."""
    names = columns_of(conn, table)
    where = _OF_ORDER.get(table, "t.order_id = {0}")
    with conn.cursor(binary=True) as cursor:
        cursor.execute(_query(table, names, where, order_id, order_ref))
        result = cursor.pgresult
        assert result is not None
        kinds = [result.ftype(column) for column in range(result.nfields)]
        return [
            [(names[at], kinds[at], result.get_value(row, at)) for at in range(result.nfields)]
            for row in range(result.ntuples)
        ]


def _query(table: str, names: list[str], where: str, order_id: str, order_ref: str) -> sql.Composed:
    start = sql.SQL("select {} from {} t where ").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(table)
    )
    end = sql.SQL(where).format(sql.Literal(order_id), sql.Literal(order_ref))
    return start + end + sql.SQL(" order by t.ctid")


def _size(value: bytes) -> bytes:
    return struct.pack(">i", len(value))


def _moment(value: bytes) -> datetime:
    """A timestamp of the binary format: microseconds since 2000, UTC, told without a zone."""
    return datetime(2000, 1, 1) + timedelta(microseconds=struct.unpack(">q", value)[0])
