"""Personal data: what shops and people ask, what was erased, and the way to erase somebody."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from ordna.engine import clock, privacy
from ordna.engine.erase import Subject
from ordna.engine.held_about import held_about
from ordna.store.read import connections
from ordna.store.read import order as read_order
from ordna.store.read import privacy as read
from ordna.web import asking
from ordna.web.desk import database, desk, reading
from ordna.web.errors import bad_parameter
from ordna.web.views.order import DONE_KEY

SAID_KEY = "privacy_said"
TEXT_MAX = 200
KINDS = {
    "data_request": "A customer asks what is held about them",
    "redact": "A customer is to be erased",
    "erase": "Somebody is to be erased",
    "shop_redact": "Everything of a shop is to be deleted",
    "uninstalled": "The app was removed from a shop",
}


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """The page."""
    return _page(request, "", {}, 200)


@require_POST
def erase(request: HttpRequest) -> HttpResponse:
    """Somebody is to be erased: whom an order is for, in all their orders or in this one, or whoever is so known."""
    form = {name: request.POST.get(name, "").strip() for name in ("order_id", "scope", "email", "customer", "sure")}
    if any(len(value) > TEXT_MAX or "\x00" in value for value in form.values()):
        return bad_parameter(request, "email", "That is too long to be an address or a number.")
    subject = _of_order(request, form) if form["order_id"] else _typed(form)
    if subject.is_nobody:
        return _page(request, "Give an e-mail address or a customer number.", form, 422)
    if form["sure"] != "1":
        return _page(request, "Tick that you are sure: what is erased can't be brought back.", form, 422)
    seat = desk(request)
    privacy.ask_to_erase(database(), asking.ring(), seat.merchant_id, subject, seat.person)
    if form["order_id"]:
        request.session[DONE_KEY] = "The erasure is asked, and done within seconds"
        return redirect("order", form["order_id"])
    request.session[SAID_KEY] = "It is being erased; the entry below says what was found."
    return redirect("privacy")


@require_GET
def export(request: HttpRequest, request_id: int) -> HttpResponse:
    """What is held about the customer who asked, as a file."""
    found = _one(request, request_id)
    if found.kind != privacy.DATA_REQUEST or found.subject is None:
        raise Http404
    seat = desk(request)
    subject = privacy.opened(asking.ring(), seat.merchant_id, found.subject)
    body = held_about(database(), asking.ring(), seat.merchant_id, subject, clock.now())
    response = HttpResponse(body, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="personal-data-{request_id}.json"'
    return response


@require_POST
def done(request: HttpRequest, request_id: int) -> HttpResponse:
    """A request for data was answered, or a shop that asked to be deleted is really gone."""
    found, seat = _one(request, request_id), desk(request)
    if found.kind == privacy.DATA_REQUEST:
        ended = privacy.answered(database(), seat.merchant_id, request_id, seat.person)
        said = "The request is answered."
    else:
        ended = privacy.confirm(database(), asking.ring(), seat.merchant_id, request_id)
        said = "Everything of the shop is being deleted."
    request.session[SAID_KEY] = said if ended else "That had been done already."
    return redirect("privacy")


def _page(request: HttpRequest, refusal: str, form: dict[str, str], status: int) -> HttpResponse:
    with reading(request) as seen:
        shops = {link.connection_id: link.title for link in connections.connections(seen)}
        waiting, ended, erasures = read.requests(seen), read.done(seen), read.erasures(seen)
    merchant = desk(request).merchant_id
    context = {
        "at": "connections",
        "waiting": [_shown(each, shops, merchant) for each in waiting],
        "ended": [_shown(each, shops, merchant) for each in ended],
        "erasures": erasures,
        "said": request.session.pop(SAID_KEY, ""),
        "refusal": refusal,
        "form": form,
    }
    return render(request, "ordna/privacy.html", context, status=status)


def _shown(row: read.RequestRow, shops: dict[int, str], merchant: int) -> dict[str, Any]:
    subject = privacy.opened(asking.ring(), merchant, row.subject) if row.subject else Subject()
    who = [subject.email or "", f"customer {subject.customer}" if subject.customer else ""]
    if not any(who) and subject.orders:
        who = [f"{len(subject.orders)} order" + ("s" if len(subject.orders) > 1 else "")]
    return {
        "row": row,
        "what": KINDS[row.kind],
        "who": ", ".join(part for part in who if part),
        "shop": shops.get(row.connection_id or 0, "a shop that is deleted") if row.connection_id else "",
    }


def _one(request: HttpRequest, request_id: int) -> read.RequestRow:
    with reading(request) as seen:
        found = read.request(seen, request_id) if request_id < 2**63 else None
    if found is None:
        raise Http404
    return found


def _of_order(request: HttpRequest, form: dict[str, str]) -> Subject:
    with reading(request) as seen:
        head = read_order.order_head(seen, form["order_id"]) if form["order_id"].isprintable() else None
        if head is None:
            raise Http404
        person = read_order.person(seen, asking.ring(), head.person_id) if head.person_id else None
    if form["scope"] != "customer":
        return Subject(orders=(head.order_id,))
    email, phone = (person.email, person.phone) if person else (None, None)
    return Subject((head.order_id,), head.customer, email, phone)


def _typed(form: dict[str, str]) -> Subject:
    return Subject(customer=form["customer"] or None, email=form["email"] or None)
