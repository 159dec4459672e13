"""Labels of an order: rates to choose from, what is printed, packing slips."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from ordna.connectors.contract import Answer
from ordna.core.order import part_names
from ordna.core.outcome import Order
from ordna.core.requests import refusal
from ordna.core.shipping import BuyLabel, Package
from ordna.documents import packing_slip as packing_slip_document
from ordna.engine.carriers import Carriers
from ordna.engine.connections import LinkError
from ordna.engine.printing import packing_slip_of
from ordna.store.read import labels as read
from ordna.store.read import order as read_order
from ordna.web import asked_for, asking
from ordna.web.desk import database, desk, reading
from ordna.web.errors import bad_parameter
from ordna.web.flows import policy_of

FORMS = {"pdf": "application/pdf", "zpl": "application/zpl"}
WEIGHT_USUAL_G = 1000
SIZES = ("length_mm", "width_mm", "height_mm")


@require_GET
def choose(request: HttpRequest, order_id: str, part: str) -> HttpResponse:
    """What each service of each carrier would cost for a parcel of a fulfillment order, each with its button."""
    try:
        weight_g = asked_for.whole(request.GET, "weight_g", WEIGHT_USUAL_G, 1, 1_000_000)
        sides = [asked_for.whole(request.GET, name, 0, 0, 10_000) for name in SIZES]
    except asked_for.BadParameter as error:
        return bad_parameter(request, error.field, str(error))
    package = Package(weight_g, *sides)
    with reading(request) as seen:
        detail = read_order.order_detail(seen, order_id)
        if detail is None:
            raise Http404
        carriers = read.carriers(seen)
        policy = policy_of(seen, detail.head.policy_version or None, acting=detail.head.mode == "live")
    another = request.GET.get("another") == "1"
    wish = BuyLabel(part, carriers[0].connection_id if carriers else 0, "", package, another)
    no = refusal(Order(detail.state, detail.verdict), wish, policy)
    offers = [] if no else [_offer(request, carrier, order_id, package) for carrier in carriers]
    context = {
        "at": "orders",
        "head": detail.head,
        "part": part,
        "part_name": part_names(detail.state).get(part, ""),
        "package": package,
        "another": another,
        "no": no.sentence if no else "" if carriers else "No carrier is connected.",
        "offers": offers,
    }
    return render(request, "ordna/rates.html", context, status=422 if no else 200)


@require_GET
def printed(request: HttpRequest, order_id: str, label: str, form: str) -> HttpResponse:
    """A label to be printed, as its carrier made it."""
    if form not in FORMS:
        raise Http404
    with reading(request) as seen:
        found = read.file(seen, asking.ring(), order_id, label, form)
    if found is None:
        raise Http404
    return file(found, f"label-{order_id}-{label}.{form}", FORMS[form])


@require_GET
def packing_slip(request: HttpRequest, order_id: str, part: str) -> HttpResponse:
    """The packing slip of a fulfillment order."""
    with reading(request) as seen:
        slip = packing_slip_of(seen, asking.ring(), order_id, part)
    if slip is None:
        raise Http404
    return file(packing_slip_document.pdf(slip), f"packing-slip-{order_id}-{part}.pdf", FORMS["pdf"])


def file(body: bytes, name: str, kind: str) -> HttpResponse:
    """A file to be shown or kept; never by anybody in between."""
    response = HttpResponse(body, content_type=kind)
    safe = "".join(letter for letter in name if letter.isalnum() or letter in "-._")
    response["Content-Disposition"] = f'inline; filename="{safe}"'
    return response


def carriers() -> Carriers:
    """This process's way to carriers."""
    return _carriers(settings.ORDNA_DATABASE, str(settings.ORDNA_HOME))


def _offer(request: HttpRequest, carrier: read.CarrierRow, order_id: str, package: Package) -> dict[str, Any]:
    try:
        found = carriers().rates(desk(request).merchant_id, carrier.connection_id, order_id, package)
    except LinkError as error:
        return {"carrier": carrier, "sentence": str(error), "rates": ()}
    if isinstance(found, Answer):
        return {"carrier": carrier, "sentence": found.sentence, "rates": ()}
    return {"carrier": carrier, "sentence": "", "rates": found}


@lru_cache(maxsize=4)
def _carriers(dsn: str, home: str) -> Carriers:
    return Carriers(database(), asking.ring())
