"""A parcel's label as a printer takes it: PDF for a desk, ZPL for a label printer at 203 dpi."""

from __future__ import annotations

import json
from pathlib import Path

from ordna.practice.carrier.model import Address, Parcel
from ordna.practice.carrier.tariff import SERVICES

_TEMPLATE = (Path(__file__).parent / "label.typ").read_bytes()
_LINE_MAX = 38


def pdf(parcel: Parcel) -> bytes:
    """The label as a PDF of one page, 10 by 15 cm."""
    import typst  # 20 MB that only whoever prints needs

    return typst.compile(_TEMPLATE, sys_inputs=_inputs(parcel))


def png(parcel: Parcel) -> bytes:
    """The label as a picture, 200 dots an inch."""
    import typst

    return typst.compile(_TEMPLATE, format="png", ppi=200.0, sys_inputs=_inputs(parcel))


def zpl(parcel: Parcel) -> str:
    """The label in Zebra's language, 812 by 1218 dots. Text stands hexadecimal where it could be a command."""
    rows = [
        "^XA^CI28^PW812^LL1218",
        _field(40, 40, 44, "Practice Post"),
        _field(480, 40, 36, _title(parcel.service)),
        "^FO40,110^GB732,3,3^FS",
    ]
    rows += [_field(40, 125 + 28 * n, 24, text) for n, text in enumerate(_lines(parcel.sender)[:5])]
    rows.append("^FO40,280^GB732,3,3^FS")
    receiver = (parcel.receiver.name, *parcel.receiver.lines)
    rows += [_field(40, 300 + 46 * n, 40, text) for n, text in enumerate(receiver[:6])]
    rows.append(_field(40, 600, 56, _place(parcel.receiver)))
    rows.append(_field(40, 670, 40, parcel.receiver.country))
    rows.append("^FO40,740^GB732,3,3^FS")
    rows.append(f"^FO110,780^BY3^BCN,200,Y,N,N^FD{parcel.tracking}^FS")
    rows.append(_field(40, 1160, 24, f"Reference {parcel.mark or parcel.reference}"))
    return "\n".join([*rows, "^XZ"])


def zpl_text(text: str) -> str:
    """Text as ^FH reads it: what commands are made of, and what is no ASCII, stands as _xx of its UTF-8 bytes."""
    out = []
    for letter in text:
        plain = letter.isascii() and letter.isprintable() and letter not in "^~_\\"
        out.append(letter if plain else "".join(f"_{byte:02X}" for byte in letter.encode("utf-8", "replace")))
    return "".join(out)


def _inputs(parcel: Parcel) -> dict[str, str]:
    import zxingcpp

    code = zxingcpp.create_barcode(parcel.tracking, zxingcpp.BarcodeFormat.Code128)
    data = {
        "tracking": parcel.tracking,
        "mark": _cut(parcel.mark or parcel.reference),
        "service": _title(parcel.service),
        "weight": f"{parcel.size.weight_g / 1000:.2f} kg",
        "sender": _lines(parcel.sender),
        "receiver": [_cut(text) for text in (parcel.receiver.name, *parcel.receiver.lines)][:5],
        "place": _cut(_place(parcel.receiver)),
        "country": parcel.receiver.country,
        "barcode": str(code.to_svg(add_hrt=False)),
    }
    return {"data": json.dumps(data)}


def _field(x: int, y: int, height: int, text: str) -> str:
    return f"^FO{x},{y}^A0N,{height},{height}^FH^FD{zpl_text(_cut(text))}^FS"


def _title(service: str) -> str:
    return next((each.title for each in SERVICES if each.code == service), service)


def _lines(address: Address) -> list[str]:
    return [_cut(text) for text in (address.name, *address.lines, _place(address), address.country) if text]


def _place(address: Address) -> str:
    return f"{address.zip} {address.city}"


def _cut(text: str) -> str:
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    return clean if len(clean) <= _LINE_MAX else clean[: _LINE_MAX - 1] + "…"
