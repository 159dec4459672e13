"""The packing slip of one fulfillment order: what lies in the parcel, for whom, from whom."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ordna.documents import typesetting
from ordna.documents.typesetting import code128, line

TEMPLATE = "packing_slip"
LINES_MAX = 500


class SlipLine(Struct, frozen=True):
    """So many units of a product."""

    units: int
    title: str
    sku: str = ""


class Slip(Struct, frozen=True):
    """What a packing slip says. Addresses are lines; `details` are facts such as the delivery's name."""

    order: str
    sender: tuple[str, ...]
    receiver: tuple[str, ...]
    lines: Sequence[SlipLine]
    details: tuple[str, ...] = ()
    note: str = ""


def pdf(slip: Slip) -> bytes:
    """The slip as it is printed, on A4."""
    return typesetting.pdf(TEMPLATE, _data(slip))


def png(slip: Slip) -> list[bytes]:
    """The same as pictures, one a page."""
    return typesetting.png(TEMPLATE, _data(slip))


def _data(slip: Slip) -> dict[str, object]:
    return {
        "title": line(f"Packing slip {slip.order}"),
        "order": line(slip.order, 60),
        "barcode": code128(slip.order.lstrip("#")[:40]),
        "sender": [line(text, 80) for text in slip.sender],
        "receiver": [line(text, 80) for text in slip.receiver],
        "details": [line(text, 80) for text in slip.details],
        "lines": [
            {"units": str(each.units), "title": line(each.title), "sku": line(each.sku, 40)}
            for each in slip.lines[:LINES_MAX]
        ],
        "note": line(slip.note, 1000),
    }
