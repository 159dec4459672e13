"""Practice Post as a carrier: labels bought once under their keys, given back, looked up; rates and tracking."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from ordna.connectors.contract import (
    Answer,
    CarrierFacts,
    Endpoint,
    LabelBought,
    ParcelNews,
    Rate,
    Service,
)
from ordna.connectors.practice_post.calls import Caller
from ordna.connectors.practice_post.words import PROGRESS
from ordna.core.effects import Effect, PurchaseLabel, ReturnLabel
from ordna.core.shipping import LabelMade, Package, ParcelAddress

TOTAL_S = 15.0
TRACKED_MAX = 500


class PracticePost:
    """The door to one account. Money is minor units all the way, as the carrier tells it."""

    def __init__(self, endpoint: Endpoint, total_s: float = TOTAL_S) -> None:
        self._caller = Caller(endpoint, total_s)

    def cost_of(self, effect: Effect) -> float:
        """Carriers have no cost budget."""
        return 0.0

    def perform(self, effect: Effect, order_ref: str) -> Answer:
        """Buy a label or give one back."""
        match effect.body:
            case PurchaseLabel():
                return self._buy(effect.body)
            case ReturnLabel():
                return self._give_back(effect.body)
        return Answer("refused", "not_for_a_carrier", "A carrier can't do that.")

    def look_up(self, effect: Effect, order_ref: str) -> Answer:
        """What became of it, seen from the carrier's side."""
        match effect.body:
            case PurchaseLabel():
                return self._bought_already(effect.body)
            case ReturnLabel():
                return self._give_back(effect.body)  # giving back twice does no harm
        return Answer("refused", "not_for_a_carrier", "A carrier can't do that.")

    def account(self) -> CarrierFacts | Answer:
        """Who the carrier is."""
        told = self._caller.call("GET", "/v1/account", _Account)
        if isinstance(told, Answer):
            return told
        services = tuple(Service(each.code, each.title) for each in told.services)
        return CarrierFacts(told.account, told.name, services, told.cutoff)

    def rates(self, sender: ParcelAddress, receiver: ParcelAddress, package: Package) -> tuple[Rate, ...] | Answer:
        """What each service would cost, the cheapest first."""
        asked = {"from": sender, "to": receiver, "parcel": package}
        told = self._caller.call("POST", "/v1/rates", _Rates, asked)
        return told if isinstance(told, Answer) else tuple(sorted(told.rates, key=lambda r: (r.price, r.service)))

    def track(self, numbers: tuple[str, ...]) -> tuple[ParcelNews, ...] | Answer:
        """All that is known of these parcels, oldest first."""
        told = self._caller.call("POST", "/v1/tracking", _Tracked, {"numbers": numbers[:TRACKED_MAX]})
        if isinstance(told, Answer):
            return told
        news = [
            ParcelNews(parcel.tracking, PROGRESS[event.status], event.at)
            for parcel in told.parcels
            for event in parcel.events
            if PROGRESS.get(event.status)
        ]
        return tuple(sorted(news, key=lambda each: each.at))

    def subscribe(self, callback_url: str) -> str | Answer:
        """Have tracking told there; the secret that signs it."""
        told = self._caller.call("PUT", "/v1/webhook", _Webhook, {"url": callback_url})
        return told if isinstance(told, Answer) else told.secret

    def hand_over(self, shipments: tuple[str, ...]) -> tuple[str, ...] | Answer:
        """The carrier takes these with it."""
        told = self._caller.call("POST", "/v1/handovers", _HandedOver, {"shipments": shipments})
        return told if isinstance(told, Answer) else tuple(told.shipments)

    def _buy(self, body: PurchaseLabel) -> Answer:
        if body.sender is None or body.receiver is None or not body.reference:
            return Answer("refused", "no_address", "The label was asked for without an address.")
        asked: dict[str, Any] = {
            "reference": body.reference,
            "mark": body.mark,
            "service": body.service,
            "from": body.sender,
            "to": body.receiver,
            "parcel": body.package,
        }
        told = self._caller.call("POST", "/v1/shipments", _Shipment, asked, key=body.reference, deed=True)
        return told if isinstance(told, Answer) else _confirmed(told)

    def _bought_already(self, body: PurchaseLabel) -> Answer:
        path = f"/v1/shipments?reference={quote(body.reference, safe='')}"
        told = self._caller.call("GET", path, _Shipments)
        if isinstance(told, Answer):
            # Whatever kept us from seeing proves nothing.
            return Answer("again", told.code, told.sentence, retry_after_s=told.retry_after_s)
        standing = [each for each in told.shipments if each.reference == body.reference and each.status != "voided"]
        return _confirmed(standing[0]) if standing else Answer("nothing", "not_bought", "No label was bought.")

    def _give_back(self, body: ReturnLabel) -> Answer:
        path = f"/v1/shipments/{quote(body.shipment, safe='')}/void"
        told = self._caller.call("POST", path, _Voided, deed=True)
        return told if isinstance(told, Answer) else Answer("confirmed", reference=told.id)


class _Account(Struct):
    account: str
    name: str
    services: list[Service]
    cutoff: str = ""


class _Rates(Struct):
    rates: list[Rate]


class _Printed(Struct):
    pdf: str
    zpl: str


class _Shipment(Struct):
    id: str
    tracking: str
    reference: str
    carrier: str
    service_title: str
    price: int
    currency: str
    status: str
    label: _Printed
    tracking_url: str = ""


class _Shipments(Struct):
    shipments: list[_Shipment]


class _Voided(Struct):
    id: str


class _Event(Struct):
    status: str
    at: datetime


class _Parcel(Struct):
    tracking: str
    events: list[_Event]


class _Tracked(Struct):
    parcels: list[_Parcel]


class _Webhook(Struct):
    secret: str


class _HandedOver(Struct):
    shipments: list[str]


def _confirmed(told: _Shipment) -> Answer:
    try:
        pdf = base64.b64decode(told.label.pdf, validate=True)
    except binascii.Error:
        return Answer("in_doubt", "unreadable_answer", "The label could not be read; it is looked up.")
    made = LabelMade(
        told.id, told.tracking, told.carrier, told.service_title, told.price, told.currency, told.tracking_url
    )
    return Answer("confirmed", reference=told.id, label=LabelBought(made, pdf, told.label.zpl.encode()))
