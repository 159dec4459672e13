"""Stock over the API: levels, one item, receipts and counts, and what does not add up."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from msgspec import Struct

from ordna.api import wire
from ordna.api.access import reader, writer
from ordna.api.answers import as_json
from ordna.api.engines import database
from ordna.api.errors import Missing, Unusable
from ordna.api.params import refuse_unknown
from ordna.core.claims import item_of
from ordna.engine import clock, stock_booking, stock_items, stock_mending
from ordna.engine.stock_booking import Booked, Entry
from ordna.engine.stock_items import Item, Place
from ordna.store.read import stock as read
from ordna.store.read.door import view

TEXT_MAX = 200
PROBLEMS_MAX = 20


class Mend(Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of what is to be put right, as the list of what does not add up names them."""

    keys: list[str]


class Kept(Struct, frozen=True):
    """How many are kept so from now on."""

    rows: int


class Mended(Struct, frozen=True):
    """How many entries were booked; what was put right before is not among them."""

    entries: int


def list_stock(request: HttpRequest) -> HttpResponse:
    """A page of stock levels by item and location; `after` is where it begins."""
    refuse_unknown(request.GET, "after")
    item, _, location = _text(request.GET.get("after", ""), "after").partition("\t")
    with view(database(), reader(request).merchant_id) as seen:
        rows, more = read.levels(seen, (item, location))
    return as_json({"items": rows, "after": "\t".join(more) if more else None})


def get_stock_item(request: HttpRequest) -> HttpResponse:
    """One item by its `sku`: its levels, who has units of it and who waits."""
    refuse_unknown(request.GET, "sku")
    sku = _text(request.GET.get("sku", ""), "sku")
    with view(database(), reader(request).merchant_id) as seen:
        found = read.item(seen, item_of(sku))
        if found is None:
            raise Missing("unknown_sku", "sku", "No stock item has this SKU.")
        levels, held = read.levels_of(seen, found.item), read.reservations(seen, found.item)
        parts = read.components(seen, found.item)
    return as_json({"item": found, "levels": levels, "components": parts, "reservations": held})


def receive_stock(request: HttpRequest) -> HttpResponse:
    """Book what came in: each row adds units. All of them, or nothing."""
    return _book(request, stock_booking.RECEIVE)


def count_stock(request: HttpRequest) -> HttpResponse:
    """Book what was counted: each row says how many are there. All of them, or nothing."""
    return _book(request, stock_booking.COUNT)


def keep_stock_items(request: HttpRequest) -> HttpResponse:
    """Make or change items: title, barcode, what a bundle has in it, promises for later, a channel's share."""
    caller = writer(request)
    items = wire.read_body(request.body, list[Item])
    wrong = stock_items.keep_items(database(), caller.merchant_id, items, clock.now())
    if wrong:
        first = wrong[0]
        field = f"[{first.row - 1}].{first.field}" if first.row else ""
        raise Unusable(first.code, field, "; ".join(one.sentence for one in wrong[:PROBLEMS_MAX]))
    return as_json(Kept(len(items)))


def keep_location(request: HttpRequest) -> HttpResponse:
    """Make or change a location."""
    caller = writer(request)
    wrong = stock_items.keep_place(database(), caller.merchant_id, wire.read_body(request.body, Place))
    if wrong is not None:
        raise Unusable(wrong.code, wrong.field, wrong.sentence)
    return as_json(Kept(1))


def list_locations(request: HttpRequest) -> HttpResponse:
    """The places that ship, the preferred first."""
    refuse_unknown(request.GET)
    with view(database(), reader(request).merchant_id) as seen:
        return as_json({"items": read.locations(seen)})


def check_stock(request: HttpRequest) -> HttpResponse:
    """What does not add up, each with the entry that puts it right and its key."""
    refuse_unknown(request.GET)
    found = stock_mending.proposals(database(), reader(request).merchant_id)
    items = [{"key": one.key, "kind": one.kind, "wrong": one.wrong, "entry": one.entry} for one in found]
    return as_json({"items": items})


def mend_stock(request: HttpRequest) -> HttpResponse:
    """Book the entries that put these right."""
    caller = writer(request)
    body = wire.read_body(request.body, Mend)
    done = stock_mending.mend(database(), caller.merchant_id, body.keys, caller.user, clock.now())
    return as_json(Mended(len(done)))


def _book(request: HttpRequest, kind: str) -> HttpResponse:
    caller = writer(request)
    entries = wire.read_body(request.body, list[Entry])
    done = stock_booking.book(database(), caller.merchant_id, kind, entries, caller.user, clock.now())
    if isinstance(done, Booked):
        return as_json(done)
    first = done[0]
    words = "; ".join(f"row {one.row}: {one.sentence}" if one.row else one.sentence for one in done[:PROBLEMS_MAX])
    raise Unusable(first.code, f"[{first.row - 1}].{first.column}" if first.row else "", words)


def _text(text: str, field: str) -> str:
    if len(text) > TEXT_MAX or "\x00" in text:
        raise Unusable("field_too_long", field, f"At most {TEXT_MAX} characters.")
    return text
