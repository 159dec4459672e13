"""Columns for set-based statements: each is one binary PostgreSQL array, encoded here because it is our hottest loop.

`insert .. select from unnest(%s, %s)` with one column a parameter writes any number of rows with one statement whose
types never vary, so it is prepared once. A column may hold None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from struct import Struct as Layout
from typing import Any, ClassVar

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEAD = Layout(">iiiii")
_SIZE = Layout(">i").pack
_WHOLE = Layout(">iq").pack
_REAL = Layout(">id").pack
_NULL = b"\xff\xff\xff\xff"
_TRUE, _FALSE = b"\x00\x00\x00\x01\x01", b"\x00\x00\x00\x01\x00"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Column:
    """Values of one type, in row order."""

    __slots__ = ("values",)
    oid: ClassVar[int]
    element_oid: ClassVar[int]

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values

    def packed(self) -> list[bytes]:
        """Each value with its length before it."""
        raise NotImplementedError


class Bigints(Column):
    """bigint[]"""

    oid, element_oid = 1016, 20

    def packed(self) -> list[bytes]:
        return [_NULL if value is None else _WHOLE(8, value) for value in self.values]


class Floats(Column):
    """double precision[]"""

    oid, element_oid = 1022, 701

    def packed(self) -> list[bytes]:
        return [_NULL if value is None else _REAL(8, value) for value in self.values]


class Booleans(Column):
    """boolean[]"""

    oid, element_oid = 1000, 16

    def packed(self) -> list[bytes]:
        return [_NULL if value is None else (_TRUE if value else _FALSE) for value in self.values]


class Texts(Column):
    """text[], of str or of UTF-8 bytes; a NUL, which PostgreSQL can't hold, becomes U+FFFD."""

    oid, element_oid = 1009, 25

    def packed(self) -> list[bytes]:
        out = []
        for value in self.values:
            if value is None:
                out.append(_NULL)
                continue
            raw = value if type(value) is bytes else value.encode("utf-8", "replace")
            if b"\x00" in raw:
                raw = raw.replace(b"\x00", "\ufffd".encode())
            out.append(_SIZE(len(raw)) + raw)
        return out


class Byteas(Column):
    """bytea[]"""

    oid, element_oid = 1001, 17

    def packed(self) -> list[bytes]:
        return [_NULL if value is None else _SIZE(len(value)) + value for value in self.values]


class Times(Column):
    """timestamptz[]"""

    oid, element_oid = 1185, 1184

    def packed(self) -> list[bytes]:
        return [_NULL if value is None else _WHOLE(8, _microseconds(value)) for value in self.values]


def columns(types: Sequence[type[Column]], rows: Iterable[Sequence[Any]]) -> list[Column]:
    """Rows turned to columns."""
    turned = list(zip(*rows, strict=True)) or [()] * len(types)
    return [kind(values) for kind, values in zip(types, turned, strict=True)]


def _microseconds(moment: datetime) -> int:
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


class _ColumnDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Column) -> bytes:
        packed = obj.packed()
        return _HEAD.pack(1, 1, obj.element_oid, len(packed), 1) + b"".join(packed)


def _register() -> None:
    for column in (Bigints, Floats, Booleans, Texts, Byteas, Times):
        dumper = type(f"{column.__name__}Dumper", (_ColumnDumper,), {"oid": column.oid})
        psycopg.adapters.register_dumper(column, dumper)


_register()
