"""Settled pictures of two lives laid side by side."""

from __future__ import annotations

import re
from typing import Any

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_ID = re.compile(r"\d{12,}")


def alike(picture: Any) -> Any:
    """The picture without what the shop chose because of when we acted: each id is its place among those of its kind,
    each time only that there is one."""
    if picture is None:
        return None
    facts = dict(picture["facts"])
    if facts.get("order", {}).get("note_digest"):  # hashed with a key that each life has drawn for itself
        facts["order"] = {**facts["order"], "note_digest": "a note"}
    parcels = sorted(facts["parcels"], key=lambda parcel: repr(parcel[1:]))
    facts["parcels"] = [[f"parcel {place}", *parcel[1:]] for place, parcel in enumerate(parcels)]
    for kind in ("transactions", "refunds"):
        places = _places(facts.get(kind, ()), kind)
        facts[kind] = _renamed(facts.get(kind, ()), places)
    places = _places(facts.get("parts", ()), "parts")
    facts["parts"] = [
        {**part, "holds": sorted(({**hold, "id": "a hold"} for hold in part.get("holds", ())), key=repr)}
        for part in facts.get("parts", ())
    ]
    return _renamed({**picture, "facts": facts}, places)


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two pictures differ: "path: this | that"."""
    if one == other:
        return []
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            found
            for key in sorted({*one, *other})
            for found in differences(one.get(key), other.get(key), f"{path}.{key}".strip("."))
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            found
            for place, (left, right) in enumerate(zip(one, other, strict=True))
            for found in differences(left, right, f"{path}[{place}]")
        ]
    return [f"{path}: {one!r} | {other!r}"[:600]]


def _places(items: Any, kind: str) -> dict[str, str]:
    ids = sorted((item["id"] for item in items), key=int)
    return {known: f"{kind} {place}" for place, known in enumerate(ids)}


def _renamed(value: Any, places: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {_renamed(key, places): _renamed(item, places) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_renamed(item, places) for item in value]
    if isinstance(value, str):
        if _TIME.fullmatch(value):
            return "some time"
        return _ID.sub(lambda found: places.get(found[0], found[0]), value)
    return value
