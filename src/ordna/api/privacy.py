"""Personal data over the API: erase somebody, what was asked, what is held."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from msgspec import Struct

from ordna.api import wire
from ordna.api.access import reader, writer
from ordna.api.answers import as_file, as_json
from ordna.api.engines import database, policies
from ordna.api.errors import Conflict, Missing, Unusable
from ordna.api.params import refuse_unknown
from ordna.engine import clock, privacy
from ordna.engine.erase import Subject
from ordna.engine.held_about import held_about
from ordna.store.read import order as read_order
from ordna.store.read import privacy as read
from ordna.store.read.door import view


class Erase(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to erase: the person of one order, or whoever has this e-mail address or this number at the shop."""

    order: str | None = None
    email: str | None = None
    customer: str | None = None


class Asked(Struct, frozen=True):
    """The request that was filed; a worker carries it out within seconds."""

    request: int


def erase(request: HttpRequest) -> HttpResponse:
    """Have a person erased: it can't be undone."""
    caller = writer(request)
    body = wire.read_body(request.body, Erase)
    subject = Subject((body.order,) if body.order else (), body.customer or None, body.email or None)
    if subject.is_nobody:
        raise Unusable("nobody", "", "Give an order, an email or a customer.")
    if body.order:
        with view(database(), caller.merchant_id) as seen:
            if not body.order.isprintable() or read_order.order_head(seen, body.order) is None:
                raise Missing("unknown_order", "order", "There is no such order.")
    number = privacy.ask_to_erase(database(), policies().ring, caller.merchant_id, subject, caller.user)
    return as_json(Asked(number), 202)


def list_erasures(request: HttpRequest) -> HttpResponse:
    """The newest erasures: when, by whom, because of what, how many orders. They name nobody."""
    refuse_unknown(request.GET)
    with view(database(), reader(request).merchant_id) as seen:
        return as_json({"items": read.erasures(seen)})


def list_requests(request: HttpRequest) -> HttpResponse:
    """What is asked about personal data and not done yet, the most urgent first. It does not say about whom."""
    refuse_unknown(request.GET)
    with view(database(), reader(request).merchant_id) as seen:
        rows = read.requests(seen)
    return as_json({"items": [replace(row, subject=None) for row in rows]})


def export(request: HttpRequest, request_id: int) -> HttpResponse:
    """What is held about the customer who asked."""
    caller = reader(request)
    with view(database(), caller.merchant_id) as seen:
        found = read.request(seen, request_id) if request_id < 2**63 else None
    if found is None or found.subject is None or found.kind != privacy.DATA_REQUEST:
        raise Missing("unknown_request", "request_id", "No such request for data waits.")
    ring = policies().ring
    subject = privacy.opened(ring, caller.merchant_id, found.subject)
    body = held_about(database(), ring, caller.merchant_id, subject, clock.now())
    return as_file(body, "application/json")


def done(request: HttpRequest, request_id: int) -> HttpResponse:
    """A request for data was answered, or a shop that asked to be deleted is really gone."""
    caller = writer(request)
    with view(database(), caller.merchant_id) as seen:
        found = read.request(seen, request_id) if request_id < 2**63 else None
    if found is None:
        raise Missing("unknown_request", "request_id", "There is no such request.")
    if found.kind == privacy.DATA_REQUEST:
        ended = privacy.answered(database(), caller.merchant_id, request_id, caller.user)
    else:
        ended = privacy.confirm(database(), policies().ring, caller.merchant_id, request_id)
    if not ended:
        raise Conflict("not_waiting", "request_id", "The request does not wait for anybody.")
    return as_json(Asked(request_id))
