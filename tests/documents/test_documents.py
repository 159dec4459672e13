"""What is printed says what it is given, and nothing that it is given is ever a command."""

from __future__ import annotations

import pytest

from ordna.documents import manifest, packing_slip
from ordna.documents.manifest import Manifest, ManifestParcel
from ordna.documents.packing_slip import Slip, SlipLine
from ordna.documents.typesetting import line
from tests.practice.pictures import barcodes

HOSTILE = '#read("/etc/passwd") $x^2$ *b* \\ [ ] <lab> @x #panic() \x00\u202e "quoted" //'


def slip(**changes: object) -> Slip:
    given: dict[str, object] = {
        "order": "#1001",
        "sender": ("Ordna & Sons", "Vestergade 1", "8000 Aarhus", "DK"),
        "receiver": ("Karen Holm", "Nygade 5", "5700 Svendborg", "DK"),
        "lines": [SlipLine(2, "Wool scarf", "SCARF-1")],
    }
    return Slip(**{**given, **changes})  # type: ignore[arg-type]


def test_the_slips_barcode_is_the_orders_number() -> None:
    [page] = packing_slip.png(slip())
    assert barcodes(page) == ["1001"]
    assert packing_slip.pdf(slip()).startswith(b"%PDF-")


@pytest.mark.parametrize("field", ["order", "sender", "receiver", "lines", "note"])
def test_hostile_text_is_printed_as_it_stands(field: str) -> None:
    value: object = HOSTILE
    if field in ("sender", "receiver"):
        value = (HOSTILE, HOSTILE)
    elif field == "lines":
        value = [SlipLine(1, HOSTILE, HOSTILE)]
    assert packing_slip.pdf(slip(**{field: value})).startswith(b"%PDF-")
    assert len(packing_slip.png(slip(**{field: value}))) == 1


def test_a_template_that_read_text_as_markup_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: the note is evaluated. The hostile note then breaks the page."""
    from ordna.documents import typesetting

    plain = typesetting._template("packing_slip")
    evaluated = plain.replace(b"text(size: 9pt, data.note)", b'eval(data.note, mode: "markup")')
    assert evaluated != plain
    monkeypatch.setattr(typesetting, "_template", lambda name: evaluated)
    with pytest.raises(Exception, match="not found"):
        packing_slip.pdf(slip(note=HOSTILE))


def test_many_lines_take_several_pages_and_all_are_there() -> None:
    pages = packing_slip.png(slip(lines=[SlipLine(n, f"Product {n}") for n in range(1, 120)]))
    assert len(pages) > 1


def test_a_manifest_sums_what_goes_along() -> None:
    parcels = [ManifestParcel(f"PP{n:09d}DK", f"#{n}", "Home delivery", 1505) for n in range(3)]
    data = manifest._data(Manifest("Practice Post", "morning", "Wednesday", "jane", parcels))
    assert data["facts"] == "morning · Wednesday · 3 parcels, 4.51 kg · jane"
    assert manifest.pdf(Manifest("Practice Post", "morning", "Wednesday", HOSTILE, parcels)).startswith(b"%PDF-")


def test_text_is_one_line_and_not_endless() -> None:
    assert line("a\nb\x00c") == "a b c"
    assert line("x" * 500, 10) == "x" * 9 + "…"
    assert line(None) == ""
