"""Shipments: what is to be handed over, what is under way, what went wrong; hand-overs with their manifests."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from ordna.connectors.contract import Answer
from ordna.core.shipping import ParcelAddress
from ordna.documents import manifest as manifest_document
from ordna.engine.connections import LinkError
from ordna.engine.printing import manifest_of
from ordna.store.read import connections
from ordna.store.read import labels as read
from ordna.web import asking
from ordna.web.desk import desk, reading
from ordna.web.errors import bad_parameter
from ordna.web.views.connections import SAID_KEY as CONNECTIONS_SAID
from ordna.web.views.connections import practice_carrier
from ordna.web.views.labels import FORMS, carriers, file

SAID_KEY = "shipments_said"
AT_ONCE_MAX = 200
TEXT_MAX = 120
SENDER = ("name", "street", "zip", "city", "country")


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """The labels of one list."""
    return _page(request, "", 200)


@require_POST
def hand_over(request: HttpRequest) -> HttpResponse:
    """Give the ticked parcels to their carrier."""
    chosen = request.POST.getlist("label")[:AT_ONCE_MAX]
    seat = desk(request)
    with reading(request) as seen:
        waiting = read.standing(seen, "to hand over", limit=AT_ONCE_MAX)
        merchant = connections.merchant(seen)
        name = f"{seen.now:%Y-%m-%d %H:%M:%S}"
    parcels = [row for row in waiting if f"{row.order_id}/{row.label_id}" in chosen]
    if not parcels or merchant is None:
        return _page(request, "Tick the parcels that are handed over.", 422)
    done = 0
    for number in sorted({row.connection_id for row in parcels}):
        mine = [(row.order_id, row.label_id, row.shipment) for row in parcels if row.connection_id == number]
        try:
            told = carriers().hand_over(
                asking.policies(), (seat.merchant_id, number), mine, seat.person, f"{name} {number}"
            )
        except LinkError as error:
            return _page(request, str(error), 409)
        if isinstance(told, Answer):
            return _page(request, told.sentence or "The carrier did not answer; nothing was handed over.", 502)
        done += len(told.labels)
    request.session[SAID_KEY] = f"{done} of {len(parcels)} parcels were handed over; the manifest is below."
    return redirect("shipments")


@require_GET
def manifest(request: HttpRequest, handover: str) -> HttpResponse:
    """The manifest of a hand-over, to be signed."""
    with reading(request) as seen:
        found = manifest_of(seen, handover)
    if found is None:
        raise Http404
    return file(manifest_document.pdf(found), f"manifest-{found.name}.pdf", FORMS["pdf"])


@require_POST
def connect(request: HttpRequest) -> HttpResponse:
    """Connect the practice carrier, with the sender its labels are to carry."""
    practice = practice_carrier()
    if practice is None:
        raise Http404
    told = {name: request.POST.get(name, "").strip() for name in SENDER}
    if any(len(text) > TEXT_MAX or not text.isprintable() for text in told.values()):
        return bad_parameter(request, "sender", "Each part of an address is at most 120 printable characters.")
    street = (told["street"],) if told["street"] else ()
    sender = ParcelAddress(told["name"], street, told["zip"], told["city"], told["country"].upper())
    reached = (practice["base_url"], practice["account"], practice["token"])
    try:
        _, facts = carriers().connect(desk(request).merchant_id, "practice_post", *reached, sender, settings.ORDNA_URL)
    except LinkError as error:
        request.session[CONNECTIONS_SAID] = f"The carrier could not be connected: {error}"
        return redirect("connections")
    request.session[CONNECTIONS_SAID] = f"{facts.name} is connected: labels can be bought on every order’s page."
    return redirect("connections")


def _page(request: HttpRequest, refusal: str, status: int) -> HttpResponse:
    tab = request.GET.get("show", "to hand over")
    if tab not in read.TABS:
        return bad_parameter(request, "show", f"It is one of: {', '.join(read.TABS)}.")
    with reading(request) as seen:
        rows = read.standing(seen, tab, limit=read.PAGE + 1)
        counts = read.counts(seen)
        context = {
            "at": "shipments",
            "tab": tab,
            "tabs": [(name, counts.get(name)) for name in read.TABS],
            "rows": rows[: read.PAGE],
            "more": len(rows) > read.PAGE,
            "handovers": read.handovers(seen),
            "carriers": read.carriers(seen),
            "said": request.session.pop(SAID_KEY, ""),
            "refusal": refusal,
        }
    return render(request, "ordna/shipments.html", context, status=status)
