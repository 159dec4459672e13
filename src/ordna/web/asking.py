"""From a form to a request, and through the one door: nothing on a page writes by any other way.

A press that comes twice is answered once. The second finds the order moved on; if what moved it is this very request by
this very person, the answer is the same as the first time, and not a conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import msgspec
from django.conf import settings
from django.http import HttpRequest

from ordna.core.messages import Request
from ordna.engine import requests
from ordna.engine.keys import Keyring, keyring
from ordna.engine.policies import Policies
from ordna.store.read.order import JournalRow
from ordna.web.asked_for import BadParameter, whole
from ordna.web.desk import database, desk

TICKS = ("notify", "refund", "restock", "another")
PACKAGE = ("weight_g", "length_mm", "width_mm", "height_mm")
FIELDS = {
    "pick": ("part",),
    "pack": ("part",),
    "unpick": ("part",),
    "ship": ("part", "carrier", "tracking", "notify"),
    "hold": ("reason", "owner"),
    "release": ("handle",),
    "accept_address": (),
    "cancel": ("reason", "refund", "restock", "notify"),
    "note": ("text",),
    "claim": ("task",),
    "unclaim": ("task",),
    "settle": ("task",),
    "buy_label": ("part", "connection", "service", "another"),
    "void_label": ("label",),
}
"""The fields each request's form carries."""
HOLD_HOURS = ("", "4", "24", "72", "168")
_TRACES = {
    "pick": "Picked",
    "pack": "Packed",
    "unpick": "PutBack",
    "hold": "HoldPlaced",
    "release": "HoldReleased",
    "accept_address": "AddressAccepted",
    "claim": "TaskClaimed",
    "unclaim": "TaskUnclaimed",
    "settle": "TaskSettled",
}
_SLOTS = {
    "ship": "ship:{part}#",
    "cancel": "cancel#",
    "note": "note#",
    "buy_label": "label:{part}-",
    "void_label": "return:{label}#",
}


def read_request(form: Mapping[str, str], now: datetime) -> Request:
    """The request a form asks for. `BadParameter` for a kind or a value that is not one."""
    kind = form.get("kind", "")
    if kind not in FIELDS:
        raise BadParameter("kind", "That is not something that can be asked of an order.")
    raw: dict[str, Any] = {"type": kind}
    for name in FIELDS[kind]:
        raw[name] = form.get(name) == "1" if name in TICKS else (form.get(name, "").strip() or None)
    if kind == "hold":
        hours = form.get("hours", "")
        if hours not in HOLD_HOURS:
            raise BadParameter("hours", "That is not one of the times to choose from.")
        raw["expires_at"] = (now + timedelta(hours=int(hours))).isoformat() if hours else None
    if kind == "buy_label":
        raw["connection"] = whole(form, "connection", 0, 0, 2**31)
        raw["package"] = {name: whole(form, name, 0, 0, 10**9) for name in PACKAGE}
    raw = {name: value for name, value in raw.items() if value is not None}
    try:
        return cast(Request, msgspec.convert(raw, Request))
    except msgspec.ValidationError as error:
        raise BadParameter(kind, f"Something is missing or wrong: {error}.") from error


def ask(request: HttpRequest, order_id: str, wanted: Request, saw_version: int | None) -> requests.Answered:
    """Ask the engine, in the name of the person at the desk."""
    seat = desk(request)
    return requests.ask(database(), policies(), seat.merchant_id, order_id, wanted, seat.person, saw_version)


def is_echo(wanted: Request, person: str, since_seen: tuple[JournalRow, ...]) -> bool:
    """Whether what happened since is this very request, by this very person."""
    raw = msgspec.to_builtins(wanted)
    kind = raw.pop("type")
    return any(row.cause.startswith(f"request:{person}:") and _traces(kind, raw, row) for row in since_seen)


def policies() -> Policies:
    """This process's flows, parsed once."""
    return _policies(str(settings.ORDNA_HOME))


def ring() -> Keyring:
    """The keys that open what is sealed."""
    return policies().ring


def _traces(kind: str, raw: dict[str, Any], row: JournalRow) -> bool:
    data = msgspec.json.decode(row.data)
    if kind in _SLOTS:
        return row.kind == "EffectAsked" and str(data.get("key", "")).startswith(_SLOTS[kind].format(**raw))
    if row.kind != _TRACES.get(kind):
        return False
    return all(data.get(name) == raw[name] for name in ("part", "handle", "task", "reason") if name in raw)


@lru_cache(maxsize=4)
def _policies(home: str) -> Policies:
    return Policies(keyring(Path(home)))
