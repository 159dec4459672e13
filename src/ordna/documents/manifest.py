"""The manifest of a hand-over: which parcels a carrier took together, to be signed by both."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ordna.documents import typesetting
from ordna.documents.typesetting import line

TEMPLATE = "manifest"


class ManifestParcel(Struct, frozen=True):
    """One parcel of a hand-over; its weight in grams."""

    tracking: str
    order: str
    service: str
    weight_g: int


class Manifest(Struct, frozen=True):
    """What a manifest says; `at` in the merchant's own time, in words."""

    carrier: str
    name: str
    at: str
    by: str
    parcels: Sequence[ManifestParcel]


def pdf(manifest: Manifest) -> bytes:
    """The manifest as it is printed, on A4."""
    return typesetting.pdf(TEMPLATE, _data(manifest))


def png(manifest: Manifest) -> list[bytes]:
    """The same as pictures, one a page."""
    return typesetting.png(TEMPLATE, _data(manifest))


def _data(manifest: Manifest) -> dict[str, object]:
    total_g = sum(parcel.weight_g for parcel in manifest.parcels)
    count = len(manifest.parcels)
    parcels = f"{count} parcel{'' if count == 1 else 's'}"
    return {
        "title": line(f"Hand-over {manifest.name}"),
        "carrier": line(manifest.carrier, 60),
        "facts": line(f"{manifest.name} · {manifest.at} · {parcels}, {_kg(total_g)} · {manifest.by}"),
        "parcels": [
            {
                "tracking": line(parcel.tracking, 40),
                "order": line(parcel.order, 40),
                "service": line(parcel.service, 40),
                "weight": _kg(parcel.weight_g),
            }
            for parcel in manifest.parcels
        ],
    }


def _kg(grams: int) -> str:
    return f"{grams // 1000}.{grams % 1000 // 10:02d} kg"
