"""Carriers and labels over the API: rates, what is printed, hand-overs. Labels are bought by `/requests`."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from msgspec import Struct

from ordna.api import wire
from ordna.api.access import reader, writer
from ordna.api.answers import as_file, as_json
from ordna.api.engines import carriers_engine, database, policies
from ordna.api.errors import Conflict, Missing
from ordna.api.params import refuse_unknown, whole
from ordna.connectors.contract import Answer, Rate
from ordna.core.shipping import Package, ParcelAddress
from ordna.documents import manifest as manifest_document
from ordna.documents import packing_slip as packing_slip_document
from ordna.engine.carriers import NoAddress, NoSuchCarrier
from ordna.engine.connections import LinkError
from ordna.engine.printing import manifest_of, packing_slip_of
from ordna.store.read import labels, order
from ordna.store.read.door import view

FORMS = {"pdf": "application/pdf", "zpl": "application/zpl"}
SIDE_MAX_MM = 10_000


class NewCarrier(Struct, frozen=True, forbid_unknown_fields=True):
    """A carrier to connect: its kind (practice_post), where it is reached, and the sender on its labels."""

    kind: str
    base_url: str
    account: str
    token: str
    sender: ParcelAddress


class ConnectedCarrier(Struct, frozen=True):
    """The carrier's connection."""

    connection: int
    name: str


class Rates(Struct, frozen=True):
    """What each service of a carrier would cost."""

    items: tuple[Rate, ...]


class NewHandover(Struct, frozen=True, forbid_unknown_fields=True):
    """Parcels to hand over, by order and label; the same `name` again goes on where it broke off."""

    connection: int
    name: str
    labels: list[tuple[str, str]]


def connect(request: HttpRequest) -> HttpResponse:
    """Connect a carrier; nothing is bought until somebody asks for a label."""
    caller = writer(request)
    body = wire.read_body(request.body, NewCarrier)
    if body.kind != "practice_post":
        raise Missing("unknown_kind", "kind", "There is no such kind of carrier.")
    reached = (body.base_url, body.account, body.token)
    try:
        number, facts = carriers_engine().connect(
            caller.merchant_id, body.kind, *reached, body.sender, settings.ORDNA_URL
        )
    except LinkError as error:
        raise Conflict("not_connected", "base_url", str(error)) from error
    return as_json(ConnectedCarrier(number, facts.name), 201)


def rates(request: HttpRequest, order_id: str) -> HttpResponse:
    """What each service of a carrier would cost for a parcel of this order."""
    refuse_unknown(request.GET, "connection", "weight_g", "length_mm", "width_mm", "height_mm")
    caller = reader(request)
    connection = whole(request.GET, "connection", 0, 0, 2**31)
    sides = [whole(request.GET, name, 0, 0, SIDE_MAX_MM) for name in ("length_mm", "width_mm", "height_mm")]
    package = Package(whole(request.GET, "weight_g", 1000, 1, 1_000_000), *sides)
    _head(request, order_id)
    try:
        found = carriers_engine().rates(caller.merchant_id, connection, order_id, package)
    except NoSuchCarrier as error:
        raise Missing("no_carrier", "connection", str(error)) from error
    except NoAddress as error:
        raise Conflict("no_address", "order", str(error)) from error
    if isinstance(found, Answer):
        raise Conflict(found.code or found.result, "connection", found.sentence or "The carrier did not answer.")
    return as_json(Rates(found))


def list_labels(request: HttpRequest, order_id: str) -> HttpResponse:
    """The labels of an order, given back ones too."""
    refuse_unknown(request.GET)
    _head(request, order_id)
    with view(database(), reader(request).merchant_id) as seen:
        return as_json({"items": labels.of_order(seen, order_id)})


def label_file(request: HttpRequest, order_id: str, label: str, form: str) -> HttpResponse:
    """A label to be printed: pdf or zpl."""
    refuse_unknown(request.GET)
    if form not in FORMS:
        raise Missing("unknown_form", "form", "A label is pdf or zpl.")
    _head(request, order_id)
    with view(database(), reader(request).merchant_id) as seen:
        found = labels.file(seen, policies().ring, order_id, label, form) if label.isprintable() else None
    if found is None:
        raise Missing("no_label", "label", "There is nothing to print of such a label (any more).")
    return as_file(found, FORMS[form])


def packing_slip(request: HttpRequest, order_id: str, part: str) -> HttpResponse:
    """The packing slip of a fulfillment order, as PDF."""
    refuse_unknown(request.GET)
    _head(request, order_id)
    with view(database(), reader(request).merchant_id) as seen:
        slip = packing_slip_of(seen, policies().ring, order_id, part)
    if slip is None:
        raise Missing("unknown_part", "part", "The order has no such fulfillment order (any more).")
    return as_file(packing_slip_document.pdf(slip), FORMS["pdf"])


def hand_over(request: HttpRequest) -> HttpResponse:
    """Give parcels to their carrier."""
    caller = writer(request)
    body = wire.read_body(request.body, NewHandover)
    with view(database(), caller.merchant_id) as seen:
        known = {(row.order_id, row.label_id): row for row in labels.standing(seen, "to hand over", limit=500)}
    wanted = [known[key] for each in body.labels if (key := (each[0], each[1])) in known]
    mine = [(row.order_id, row.label_id, row.shipment) for row in wanted if row.connection_id == body.connection]
    try:
        done = carriers_engine().hand_over(
            policies(), (caller.merchant_id, body.connection), mine, caller.user, body.name
        )
    except NoSuchCarrier as error:
        raise Missing("no_carrier", "connection", str(error)) from error
    if isinstance(done, Answer):
        raise Conflict(done.code or done.result, "connection", done.sentence or "The carrier did not answer.")
    return as_json(done, 201)


def manifest(request: HttpRequest, handover: str) -> HttpResponse:
    """The manifest of a hand-over, as PDF."""
    refuse_unknown(request.GET)
    with view(database(), reader(request).merchant_id) as seen:
        found = manifest_of(seen, handover) if handover.isprintable() else None
    if found is None:
        raise Missing("unknown_handover", "handover", "There is no such hand-over.")
    return as_file(manifest_document.pdf(found), FORMS["pdf"])


def _head(request: HttpRequest, order_id: str) -> order.Head:
    with view(database(), reader(request).merchant_id) as seen:
        head = order.order_head(seen, order_id) if order_id.isprintable() else None
    if head is None:
        raise Missing("unknown_order", "order", "There is no such order.")
    return head
