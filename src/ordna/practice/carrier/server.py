"""The carrier over HTTP: a bare ASGI application.

    GET  /v1/account                          who this is, and which services there are
    POST /v1/rates                            {from, to, parcel}: what each service would cost
    POST /v1/shipments                        with Idempotency-Key: buy a label
    GET  /v1/shipments?reference=R            what was bought under the customer's reference
    POST /v1/shipments/{id}/void              the label will not be used
    POST /v1/handovers                        {shipments: [id]}: the van takes them
    POST /v1/tracking                         {numbers: [...]}: the events of each
    PUT  /v1/webhook                          {url}: where events are told; answers the secret that signs them

All of these want `Authorization: Bearer TOKEN`. Under /_carrier/ lie the controls of the practice: credentials,
bad-days, events. `/` is a page of all parcels for people.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import parse_qs

from ordna.practice.carrier import label, wire
from ordna.practice.carrier.bad_days import BadDays
from ordna.practice.carrier.desk import Desk
from ordna.practice.carrier.model import STATUSES, Parcel
from ordna.practice.carrier.post import AlreadyMoving, KeyReused, PracticePost, Told
from ordna.practice.carrier.tariff import SERVICES, NotCarried, rates
from ordna.practice.server import Receive, Request, Response, Scope, Send, as_json

ACCOUNT = "practice-post"
NAME = "Practice Post"
TOKEN = "practice_carrier_token"
SECRET = "practice_carrier_secret"
CUTOFF = "15:00"
SILENCE_S = 60.0
SLOW_S = 3.0
BODY_MAX = 1_000_000


class Carrier:
    """One account of the practice carrier as an application. `silence_s`: how long an answer that never comes takes."""

    def __init__(
        self, post: PracticePost, clock: Callable[[], datetime], bad_days: BadDays, *, silence_s: float = SILENCE_S
    ) -> None:
        self.post = post
        self.desk = Desk(ACCOUNT, SECRET, clock, bad_days)
        self.bad_days = bad_days
        self.base_url = ""
        self.calls: list[str] = []
        self.changed = False
        self._clock = clock
        self._silence_s = silence_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.advance()
            await self._exchange(await wire.read(scope, receive, BODY_MAX), send)

    def advance(self) -> None:
        """Let happen what is due by now, and have it told."""
        self.announce(self.post.advance(max(self._clock(), self.post.now)))

    def announce(self, told: Iterable[Told]) -> None:
        """Have events told."""
        for each in told:
            self.changed = True
            self.desk.announce(each)

    def credentials(self) -> dict[str, str]:
        """What a connection needs. They open this practice carrier and nothing else."""
        return {"base_url": self.base_url, "account": ACCOUNT, "token": TOKEN, "secret": SECRET}

    async def _exchange(self, request: Request, send: Send) -> None:
        ours = request.path.startswith("/v1/")
        if ours:
            self.calls.append(f"{request.method} {request.path}")
            if self.bad_days.strikes("slow"):
                await asyncio.sleep(SLOW_S)
            if self.bad_days.strikes("server_error"):
                await wire.write(as_json(503, {"error": {"code": "busy", "message": "Try again."}}), send)
                return
        response = self.respond(request)
        bought = request.method == "POST" and request.path == "/v1/shipments" and response.status in (200, 201)
        if bought and self.bad_days.strikes("timeout_after_buying"):
            await asyncio.sleep(self._silence_s)
        elif bought and self.bad_days.strikes("error_after_buying"):
            response = Response(502, b"<html>Bad gateway</html>", "text/html")
        await wire.write(response, send)

    def respond(self, request: Request) -> Response:
        """The response to a request, whatever its path."""
        if request.path.startswith("/_carrier/"):
            return self._control(request)
        if request.path == "/":
            return Response(200, self._page().encode(), "text/html; charset=utf-8")
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _no(401, "unauthorized", "", "The token is not one of ours.")
        try:
            return self._api(request)
        except wire.BadBody as bad:
            return _no(422, "bad_request", bad.field, str(bad))
        except NotCarried as no:
            return _no(422, no.code, no.field, str(no))

    def _api(self, request: Request) -> Response:
        match request.method, request.path.strip("/").split("/")[1:]:
            case "GET", ["account"]:
                return as_json(200, self._account())
            case "POST", ["rates"]:
                body = wire.body_of(request)
                to, size = wire.address(body, "to"), wire.size(body)
                found = rates(size, to.country)
                return as_json(200, {"rates": [wire.rate(each) for each in found]})
            case "POST", ["shipments"]:
                return self._buy(request)
            case "GET", ["shipments"]:
                reference = parse_qs(request.query).get("reference", [""])[0]
                return as_json(200, {"shipments": [wire.shipment(p) for p in self.post.of_reference(reference)]})
            case "POST", ["shipments", parcel_id, "void"]:
                return self._void(parcel_id)
            case "POST", ["handovers"]:
                return self._hand_over(wire.names(wire.body_of(request), "shipments"))
            case "POST", ["tracking"]:
                wanted = [self.post.of_tracking(n) for n in wire.names(wire.body_of(request), "numbers")]
                return as_json(200, {"parcels": [wire.tracking(parcel) for parcel in wanted if parcel]})
            case "PUT", ["webhook"]:
                self.desk.url = str(wire.body_of(request).get("url") or "")
                self.changed = True
                return as_json(200, {"url": self.desk.url, "secret": SECRET})
        return _no(404, "not_found", "", "There is nothing at this address.")

    def _buy(self, request: Request) -> Response:
        key = request.headers.get("idempotency-key", "")
        if not 8 <= len(key) <= 200:
            return _no(422, "no_key", "Idempotency-Key", "A label is bought under a key of 8 to 200 characters.")
        before = len(self.post.parcels)
        try:
            parcel = self.post.buy(key, wire.order(wire.body_of(request)))
        except KeyReused as no:
            return _no(409, "key_reused", "Idempotency-Key", str(no))
        self.changed = True
        return as_json(201 if len(self.post.parcels) > before else 200, wire.shipment(parcel))

    def _void(self, parcel_id: str) -> Response:
        parcel = self.post.parcels.get(parcel_id)
        if parcel is None:
            return _no(404, "not_found", "id", "There is no such shipment.")
        try:
            self.post.void(parcel)
        except AlreadyMoving as no:
            return _no(409, "already_moving", "id", str(no))
        self.changed = True
        return as_json(200, {"id": parcel.id, "status": parcel.status})

    def _hand_over(self, ids: list[str]) -> Response:
        taken = [parcel for parcel in map(self.post.parcels.get, ids) if parcel and parcel.voided_at is None]
        for parcel in taken:
            self.post.hand_over(parcel)
        self.changed = True
        return as_json(200, {"shipments": [parcel.id for parcel in taken]})

    def _account(self) -> dict[str, Any]:
        services = [{"code": each.code, "title": each.title} for each in SERVICES]
        return {"account": ACCOUNT, "name": NAME, "cutoff": CUTOFF, "services": services}

    # --- the practice's own controls ---

    def _control(self, request: Request) -> Response:
        match request.method, request.path.removeprefix("/_carrier/"):
            case "GET", "credentials":
                return as_json(200, self.credentials())
            case "GET", "calls":
                return as_json(200, {"calls": self.calls, "bad_days": dict(self.bad_days.counts)})
            case "POST", "bad-days":
                try:
                    self.bad_days.switch(wire.body_of(request))
                except (ValueError, wire.BadBody) as error:
                    return _no(422, "bad_day", "", str(error))
                return as_json(200, self.bad_days.shares)
            case "POST", "events":
                return self._move(wire.body_of(request))
        if request.path.endswith("/label.png") and (found := self.post.parcels.get(request.path.split("/")[2])):
            return Response(200, label.png(found), "image/png")
        return _no(404, "not_found", "", "There is nothing at this address.")

    def _move(self, body: dict[str, Any]) -> Response:
        parcel = self.post.of_tracking(str(body.get("tracking")))
        status = str(body.get("status"))
        if parcel is None or status not in STATUSES:
            return _no(422, "bad_request", "tracking", f"A number of ours, and one of: {', '.join(STATUSES)}.")
        self.announce([self.post.tell(parcel, status)])
        return as_json(200, wire.tracking(parcel))

    def _page(self) -> str:
        rows = "".join(_row(parcel) for parcel in reversed(self.post.parcels.values()))
        return (
            f"<!doctype html><meta charset=utf-8><title>{NAME}</title><style>body{{font:15px sans-serif;margin:2em}}"
            "td,th{padding:.3em 1em .3em 0;text-align:left}</style>"
            f"<h1>{NAME}</h1><p>A carrier to practise with. Events are told to {escape(self.desk.url) or 'nobody yet'}."
            f"</p><table><tr><th>Number<th>To<th>Service<th>Stands<th>Label</tr>{rows}</table>"
        )


def _row(parcel: Parcel) -> str:
    to = f"{parcel.receiver.zip} {parcel.receiver.city}, {parcel.receiver.country}"
    picture = f"<a href='/_carrier/{parcel.id}/label.png'>label</a>"
    cells = (escape(parcel.tracking), escape(to), escape(parcel.service), escape(parcel.status), picture)
    return "<tr>" + "".join(f"<td>{cell}" for cell in cells) + "</tr>"


def _no(status: int, code: str, field: str, message: str) -> Response:
    return as_json(status, {"error": {"code": code, "field": field, "message": message}})
