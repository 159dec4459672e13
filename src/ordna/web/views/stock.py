"""Stock: what there is, one item in full, receipts and counts, and what does not add up."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ordna.core.claims import item_of
from ordna.engine import clock, stock_booking, stock_items, stock_mending
from ordna.engine.stock_booking import Booked, Entry, Problem
from ordna.engine.stock_items import Item, Place
from ordna.store.read import stock as read
from ordna.web.desk import database, desk, reading
from ordna.web.errors import bad_parameter

SAID_KEY = "stock_said"
TEXT_MAX = 200
SHOWN_MAX = 50
KEPT_FIELDS = ("sku", "title", "barcode", "backorder", "expected_on")
QUANTITY_WORDS = {
    "available": "available",
    "committed": "committed",
    "incoming": "incoming",
    "reserved": "reserved",
    "damaged": "damaged",
    "safety_stock": "safety stock",
    "quality_control": "quality control",
}
CAUSE_WORDS = {
    "short": "None left to promise",
    "limit": "The channel’s share is used up",
    "backorder": "Promised for later",
    "unknown_location": "Its location is not known here, or is closed",
    "unknown_sku": "No item had this SKU",
}


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """The list of levels; a SKU or a barcode leads straight to its item."""
    wanted, after = request.GET.get("sku", "").strip(), request.GET.get("after", "")
    if any(len(text) > TEXT_MAX or "\x00" in text for text in (wanted, after)):
        return bad_parameter(request, "sku", "That is too long to be a SKU.")
    item, _, location = after.partition("\t")
    with reading(request) as seen:
        found = read.item(seen, item_of(wanted)) or read.by_barcode(seen, wanted) if wanted else None
        rows, more = read.levels(seen, (item, location))
        places = read.locations(seen)
    if found is not None:
        return redirect(_address(found.item))
    context = {
        "at": "stock",
        "rows": rows,
        "after": after,
        "more": "\t".join(more) if more else "",
        "places": places,
        "wanted": wanted,
        "said": request.session.pop(SAID_KEY, ""),
    }
    return render(request, "ordna/stock.html", context)


@require_GET
def item(request: HttpRequest) -> HttpResponse:
    """One item: its levels, who has units and who waits and why, its newest movements."""
    key = request.GET.get("sku", "")
    if len(key) > TEXT_MAX or "\x00" in key:
        raise Http404
    with reading(request) as seen:
        found = read.item(seen, item_of(key))
        if found is None:
            raise Http404
        levels = read.levels_of(seen, found.item)
        held = read.reservations(seen, found.item)
        moved = read.movements(seen, found.item, [level.location for level in levels])
        parts = read.components(seen, found.item) if found.bundle else []
        places = {place.location: place.title for place in read.locations(seen)}
    context = {
        "at": "stock",
        "item": found,
        "levels": levels,
        "parts": parts,
        "waiting": [_held(row, places) for row in held if row.kind != "reserved"],
        "held": [_held(row, places) for row in held if row.kind == "reserved"],
        "moved": [{"row": row, "place": places.get(row.location, row.location), "what": _what(row)} for row in moved],
        "places": list(places.items()),
        "said": request.session.pop(SAID_KEY, ""),
    }
    return render(request, "ordna/stock_item.html", context)


@require_http_methods(["GET", "POST"])
def book(request: HttpRequest) -> HttpResponse:
    """A receipt or a count: one row, or many from a file or pasted; all of it, or nothing and what is wrong."""
    if request.method == "GET":
        return _booking(request, [], 200)
    kind = request.POST.get("kind", "")
    if kind not in stock_booking.KINDS:
        return bad_parameter(request, "kind", "A booking is a receipt or a count.")
    entries, problems = _entries(request)
    if problems:
        return _booking(request, problems, 422)
    seat = desk(request)
    done = stock_booking.book(database(), seat.merchant_id, kind, entries, seat.person, clock.now())
    if not isinstance(done, Booked):
        return _booking(request, done, 422)
    said = f"Booked: {done.entries} level{'' if done.entries == 1 else 's'} changed."
    request.session[SAID_KEY] = said
    if request.POST.get("back"):
        return redirect(_address(entries[0].sku))
    return redirect("stock")


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """How an item is kept: title, barcode, promises for later, what a bundle has in it."""
    form = {name: request.POST.get(name, "").strip() for name in KEPT_FIELDS}
    wrong = _kept(request, form)
    if wrong:
        return bad_parameter(request, wrong[0], wrong[1])
    request.session[SAID_KEY] = "Kept."
    return redirect(_address(form["sku"]))


@require_http_methods(["GET", "POST"])
def places(request: HttpRequest) -> HttpResponse:
    """The places that ship, and a form for one more."""
    refusal = ""
    if request.method == "POST":
        form = request.POST
        priority = form.get("priority", "100").strip()
        number = int(priority) if priority.isascii() and priority.isdigit() and len(priority) < 8 else -1
        place = Place(form.get("location", ""), form.get("title", ""), number, form.get("active") == "1")
        wrong = stock_items.keep_place(database(), desk(request).merchant_id, place)
        if wrong is None:
            request.session[SAID_KEY] = "Kept."
            return redirect("stock_places")
        refusal = wrong.sentence
    with reading(request) as seen:
        rows = read.locations(seen)
    context = {"at": "stock", "places": rows, "refusal": refusal, "said": request.session.pop(SAID_KEY, "")}
    return render(request, "ordna/stock_places.html", context, status=422 if refusal else 200)


@require_GET
def check(request: HttpRequest) -> HttpResponse:
    """What does not add up, each with the entry that puts it right."""
    found = stock_mending.proposals(database(), desk(request).merchant_id)
    context = {"at": "stock", "found": found, "said": request.session.pop(SAID_KEY, "")}
    return render(request, "ordna/stock_check.html", context)


@require_POST
def mend(request: HttpRequest) -> HttpResponse:
    """Book one of these entries."""
    seat = desk(request)
    key = request.POST.get("key", "")
    done = stock_mending.mend(database(), seat.merchant_id, [key], seat.person, clock.now())
    request.session[SAID_KEY] = "Booked." if done else "That was put right already."
    return redirect("stock_check")


def _booking(request: HttpRequest, problems: list[Problem], status: int) -> HttpResponse:
    with reading(request) as seen:
        places = [place for place in read.locations(seen) if place.active]
    form = {name: request.POST.get(name, "") for name in ("kind", "rows")}
    context = {"at": "stock", "places": places, "problems": problems[:SHOWN_MAX], "form": form}
    return render(request, "ordna/stock_book.html", context, status=status)


def _kept(request: HttpRequest, form: dict[str, str]) -> tuple[str, str] | None:
    """Keep an item; the field and the sentence where it can't be. A channel's share stays as it is."""
    try:
        expected = date.fromisoformat(form["expected_on"]) if form["expected_on"] else None
    except ValueError:
        return "expected_on", "A day is written 2026-12-01."
    parts: dict[str, int] = {}
    for line in request.POST.get("parts", "").splitlines():
        units, _, sku = line.strip().partition(" ")
        if line.strip():
            if not (units.isascii() and units.isdigit() and len(units) < 8 and sku.strip()):
                return "parts", "Write a number and a SKU a line: 2 SCARF."
            parts[sku.strip()] = int(units)
    with reading(request) as seen:
        limits = read.limits(seen, item_of(form["sku"]))
    item = Item(form["sku"], form["title"], form["barcode"], form["backorder"] or "no", expected, parts, limits)
    wrong = stock_items.keep_items(database(), desk(request).merchant_id, [item], clock.now())
    return (wrong[0].field, wrong[0].sentence) if wrong else None


def _entries(request: HttpRequest) -> tuple[list[Entry], list[Problem]]:
    """One row of the form, a file, or pasted rows."""
    form = request.POST
    if "sku" in form:
        units = form.get("units", "").strip()
        if not units.isascii() or not units.isdigit() or len(units) > 12:
            return [], [Problem(1, "units", "not_whole", f"“{units[:30]}” is no whole number.")]
        return [Entry(form["sku"], form.get("location", ""), int(units), form.get("note", ""))], []
    file = request.FILES.get("file")
    read_ = stock_booking.from_csv(file.read() if file is not None else form.get("rows", "").encode())
    entries = [one for one in read_ if isinstance(one, Entry)]
    problems = [one for one in read_ if isinstance(one, Problem)]
    if not entries and not problems:
        problems = [Problem(0, "", "empty", "There is no row to book.")]
    return entries, problems


def _held(row: read.ReservationRow, places: dict[str, str]) -> dict[str, Any]:
    place = places.get(row.location, row.location) if row.location else "anywhere"
    return {"row": row, "place": place, "why": CAUSE_WORDS.get(row.cause, "")}


def _what(row: read.MovementRow) -> str:
    changed = [(word, getattr(row, name)) for name, word in QUANTITY_WORDS.items() if getattr(row, name)]
    return ", ".join(f"{word} {units:+d}" for word, units in changed)


def _address(sku: str) -> str:
    return f"{reverse('stock_item')}?{urlencode({'sku': sku})}"
