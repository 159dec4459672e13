"""What the carrier reads and writes: requests in, JSON out, each wrong field named."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

from ordna.practice.carrier import label
from ordna.practice.carrier.model import Address, Event, Parcel, Size
from ordna.practice.carrier.post import Order
from ordna.practice.carrier.tariff import SERVICES, Rate
from ordna.practice.server import Receive, Request, Response, Scope, Send

TEXT_MAX = 200
NAMES_MAX = 500


class BadBody(ValueError):
    """A field that is not what it should be."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


async def read(scope: Scope, receive: Receive, most: int) -> Request:
    """A request to its end; what is too long is cut, and so no JSON."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body = (body + message.get("body", b""))[:most]
        more = message.get("more_body", False)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope.get("query_string", b"").decode("latin-1")
    return Request(scope["method"], scope["path"], query, headers, body)


async def write(response: Response, send: Send) -> None:
    """A response in full."""
    headers = [
        (b"content-type", response.content_type.encode("latin-1")),
        (b"content-length", str(len(response.body)).encode()),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request. `BadBody`."""
    try:
        found = json.loads(request.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadBody("", "The body is a JSON object.")
    return found


def order(body: dict[str, Any]) -> Order:
    """What a label is asked for. `BadBody`."""
    reference = _text(body, "reference", "reference")
    mark = _text(body, "mark", "mark") if body.get("mark") else ""
    service = _text(body, "service", "service")
    return Order(reference, service, address(body, "from"), address(body, "to"), size(body), mark)


def address(body: dict[str, Any], field: str) -> Address:
    """A sender or receiver. `BadBody`."""
    told = body.get(field)
    if not isinstance(told, dict):
        raise BadBody(field, "An address is an object.")
    lines = told.get("lines")
    if not isinstance(lines, list) or len(lines) > 4 or not all(isinstance(each, str) for each in lines):
        raise BadBody(f"{field}.lines", "At most four lines of text.")
    texts = (_text(told, name, f"{field}.{name}") for name in ("name", "zip", "city", "country"))
    name, zip_code, city, country = texts
    phone = _text(told, "phone", f"{field}.phone") if told.get("phone") else ""
    return Address(name, tuple(str(each)[:TEXT_MAX] for each in lines), zip_code, city, country, phone)


def size(body: dict[str, Any]) -> Size:
    """A parcel's weight and sides. `BadBody`."""
    told = body.get("parcel")
    if not isinstance(told, dict):
        raise BadBody("parcel", "A parcel is an object.")
    numbers = [told.get(name, 0) for name in ("weight_g", "length_mm", "width_mm", "height_mm")]
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in numbers):
        raise BadBody("parcel", "Weights and sides are whole numbers.")
    return Size(*numbers)


def names(body: dict[str, Any], field: str) -> list[str]:
    """A list of ids or numbers. `BadBody`."""
    found = body.get(field)
    if not isinstance(found, list) or len(found) > NAMES_MAX or not all(isinstance(each, str) for each in found):
        raise BadBody(field, f"A list of at most {NAMES_MAX}.")
    return found


def shipment(parcel: Parcel) -> dict[str, Any]:
    """A label that was bought, to print."""
    return {
        "id": parcel.id,
        "tracking": parcel.tracking,
        "tracking_url": f"https://practice-post.example/{parcel.tracking}",
        "reference": parcel.reference,
        "carrier": "Practice Post",
        "service": parcel.service,
        "service_title": next((each.title for each in SERVICES if each.code == parcel.service), parcel.service),
        "price": parcel.price,
        "currency": parcel.currency,
        "status": parcel.status,
        "label": {"pdf": base64.b64encode(label.pdf(parcel)).decode(), "zpl": label.zpl(parcel)},
    }


def rate(found: Rate) -> dict[str, Any]:
    """What one service would cost."""
    return {
        "service": found.service,
        "title": found.title,
        "price": found.price,
        "currency": found.currency,
        "days": found.days,
    }


def tracking(parcel: Parcel) -> dict[str, Any]:
    """A parcel's way, oldest first."""
    return {
        "tracking": parcel.tracking,
        "reference": parcel.reference,
        "status": parcel.status,
        "events": [_event(each) for each in parcel.events],
    }


def to_keep(parcel: Parcel) -> dict[str, Any]:
    """A parcel as the state file keeps it."""
    return {
        "id": parcel.id, "tracking": parcel.tracking, "reference": parcel.reference, "service": parcel.service,
        "from": _address(parcel.sender), "to": _address(parcel.receiver),
        "parcel": {
            "weight_g": parcel.size.weight_g, "length_mm": parcel.size.length_mm,
            "width_mm": parcel.size.width_mm, "height_mm": parcel.size.height_mm,
        },
        "mark": parcel.mark, "price": parcel.price, "currency": parcel.currency,
        "bought_at": parcel.bought_at.isoformat(),
        "events": [_event(each) for each in parcel.events],
        "voided_at": parcel.voided_at and parcel.voided_at.isoformat(),
        "handed_over_at": parcel.handed_over_at and parcel.handed_over_at.isoformat(),
    }  # fmt: skip


def kept(told: dict[str, Any]) -> Parcel:
    """A parcel of the state file. ValueError, KeyError."""
    events = [Event(e["event"], e["status"], datetime.fromisoformat(e["at"]), e["place"]) for e in told["events"]]
    return Parcel(
        told["id"], told["tracking"], told["reference"], told["service"], address(told, "from"), address(told, "to"),
        size(told), told["price"], told["currency"], datetime.fromisoformat(told["bought_at"]), events,
        _moment(told["voided_at"]), _moment(told["handed_over_at"]), told["mark"],
    )  # fmt: skip


def _event(each: Event) -> dict[str, str]:
    return {"event": each.id, "status": each.status, "at": each.at.isoformat(), "place": each.place}


def _address(told: Address) -> dict[str, Any]:
    lines = list(told.lines)
    return {"name": told.name, "lines": lines, "zip": told.zip, "city": told.city, "country": told.country,
            "phone": told.phone}  # fmt: skip


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(body: dict[str, Any], name: str, field: str) -> str:
    found = body.get(name)
    if not isinstance(found, str) or len(found) > TEXT_MAX:
        raise BadBody(field, f"A text of at most {TEXT_MAX} characters.")
    return found
