"""Typesetting: a template of ours and data of anybody's become a PDF or a picture.

The data go in as one JSON input, so whatever a text says is printed as it stands. Fonts are typst's own; where a script
has no glyph in them, the machine's fonts are looked through.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

TEXT_MAX = 200
_HERE = Path(__file__).parent


def pdf(template: str, data: Any) -> bytes:
    """The pages of a template with these data."""
    import typst  # 20 MB that only whoever prints needs

    return typst.compile(_template(template), sys_inputs=_inputs(data))


def png(template: str, data: Any, ppi: float = 150.0) -> list[bytes]:
    """The same as pictures, one a page."""
    import typst

    made: Any = typst.compile(_template(template), format="png", ppi=ppi, sys_inputs=_inputs(data))
    return [made] if isinstance(made, bytes) else list(made)


def code128(text: str) -> str:
    """A barcode as SVG: of letters and digits, for anything else could not be scanned everywhere."""
    import zxingcpp

    plain = "".join(letter for letter in text if letter.isascii() and letter.isprintable())
    return str(zxingcpp.create_barcode(plain or "-", zxingcpp.BarcodeFormat.Code128).to_svg(add_hrt=False))


def line(text: str | None, most: int = TEXT_MAX) -> str:
    """Text for one line: printable, not too long."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text or "").strip()
    return clean if len(clean) <= most else clean[: most - 1] + "…"


@lru_cache(maxsize=16)
def _template(name: str) -> bytes:
    return (_HERE / f"{name}.typ").read_bytes()


def _inputs(data: Any) -> dict[str, str]:
    return {"data": msgspec.json.encode(data).decode()}
