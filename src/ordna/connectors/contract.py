"""The connector contract: translate what comes in, perform what goes out. No database, no Django, no clock of its own.

Inbound, a connector turns raw bytes into one of four values: a `Snapshot` (how things are), a `Hint` (something
changed, read
again), `Ignored` (not ours to care about) or `Unusable` (nobody can tell which order it is about). It never raises
on content.

Outbound, it performs one effect and returns an `Answer`. The kinds of answer are the whole error model: confirmed,
refused (the other side said no, for good), again (nothing happened, try later) and in_doubt (it may have happened:
look it up). A look-up has one more, nothing: it looked, and saw that the effect did not happen. Only that lets it be
sent again; a look-up that failed is *again* or *in_doubt*, and proves nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from ordna.core.effects import Effect
from ordna.core.messages import Snapshot
from ordna.core.shipping import LabelMade, Package, ParcelAddress
from ordna.core.values import Problem


class Hint(Struct, frozen=True):
    """Something about this order changed; the message does not tell it in full."""

    order_ref: str
    topic: str


class ObjectHint(Struct, frozen=True):
    """Something about an object changed and the message does not name its order: `object_ref` is a fulfillment
    order's id."""

    object_ref: str
    topic: str


class Ignored(Struct, frozen=True):
    """A message of a topic that changes no order; `why` in words."""

    why: str


class Unusable(Struct, frozen=True):
    """A message that can't be tied to any order: kept, shown, and repeated by one click."""

    problems: tuple[Problem, ...]


class Concern(Struct, frozen=True):
    """A message about personal data or about our right to hold it, not about one order.

    `kind`: data_request (what do you hold of this customer), redact (erase this customer), shop_redact (erase all of
    this shop) or uninstalled (the app was removed). Fields that the message does not name are empty.
    """

    kind: str
    customer: str | None = None
    email: str | None = None
    phone: str | None = None
    order_refs: tuple[str, ...] = ()


class ParcelNews(Struct, frozen=True):
    """A carrier's word on one parcel: `progress` is a state of the shipment machine, `at` the carrier's time."""

    tracking: str
    progress: str
    at: datetime


Translation = Snapshot | Hint | ObjectHint | Concern | ParcelNews | Ignored | Unusable


class Endpoint(Struct, frozen=True):
    """Where and as whom a connection calls: base URL ("https://shop.myshopify.com"), API version and the credentials
    in clear.

    `token` for a static token; `client_id` and `client_secret` for client credentials.
    """

    base_url: str
    shop: str
    api_version: str
    token: str | None = None
    client_id: str | None = None
    client_secret: str | None = None


class Budget(Struct, frozen=True):
    """What the other side said of its cost budget after a call: points left, the most there can be, points restored
    a second."""

    available: float
    maximum: float
    restore_per_s: float


class LabelBought(Struct, frozen=True):
    """A label as it was bought, with what is printed."""

    made: LabelMade
    pdf: bytes
    zpl: bytes


class Answer(Struct, frozen=True, omit_defaults=True):
    """What became of one effect. `result`: confirmed, refused, again or in_doubt; of a look-up also nothing.

    `code` and `sentence` explain anything but confirmed; `reference` is the outside id of what was made; `points` the
    cost in the other side's units; `retry_after_s` when it said so; `label` what a carrier made.
    """

    result: str
    code: str | None = None
    sentence: str | None = None
    reference: str | None = None
    points: float = 0.0
    budget: Budget | None = None
    retry_after_s: float | None = None
    label: LabelBought | None = None


class OrderRead(Struct, frozen=True):
    """One order read back: `body` is the JSON of the answer as it is to be stored, None when the order does not
    exist. Not `whole`: a page of it could not be had, and it is to be read again."""

    order_ref: str
    body: bytes | None
    whole: bool = True


class Reading(Struct, frozen=True, omit_defaults=True):
    """What a batch of re-reads brought, with its cost; `failure` carries an Answer of kind again when nothing came."""

    orders: tuple[OrderRead, ...]
    points: float = 0.0
    budget: Budget | None = None
    failure: Answer | None = None


class Inbound(Protocol):
    """Turn bytes into meaning."""

    def translate(self, topic: str, body: bytes, received_at: datetime, client_id: str | None) -> Translation:
        """One observation as meaning; never raises on content."""
        ...


class Outbound(Protocol):
    """Perform what was decided, and read back."""

    def cost_of(self, effect: Effect) -> float:
        """The points this effect will need, before it is sent."""
        ...

    def perform(self, effect: Effect, order_ref: str) -> Answer:
        """Send one effect; never raises on what the other side does."""
        ...

    def look_up(self, effect: Effect, order_ref: str) -> Answer:
        """For an effect in doubt: confirmed when it was seen to have happened, nothing when it was seen not to have.

        Whatever keeps it from seeing (no answer, no access, a page too many) is again or in_doubt: the effect stays
        in doubt and nothing is sent.
        """
        ...

    def read_orders(self, order_refs: tuple[str, ...], began_at: datetime) -> Reading:
        """Read orders back in full, as few calls as possible; bodies are stored and translated under the topic
        "ordna/read".

        A reference "fo:123" asks for the order that fulfillment order 123 belongs to; the answer repeats the reference.
        """
        ...


# --- carriers ------------------------------------------------------------------------------------------------


class Rate(Struct, frozen=True):
    """What one service of a carrier would cost for a parcel: `price` in minor units; `days` from hand-over, 0 when the
    carrier does not say."""

    service: str
    title: str
    price: int
    currency: str
    days: int = 0


class Service(Struct, frozen=True):
    """One service a carrier offers."""

    code: str
    title: str


class CarrierFacts(Struct, frozen=True, omit_defaults=True):
    """Who a carrier is. `cutoff` is the time of day until which it takes parcels along ("15:00"), in the sender's
    zone."""

    account: str
    name: str
    services: tuple[Service, ...]
    cutoff: str = ""


class Carrier(Protocol):
    """What a carrier offers. Errors are the same few answers everywhere; no method raises on what the other side does.

    A label costs money, so `perform` sends its key along, and whatever is not clearly an answer is in doubt: `look_up`
    then asks what was bought under our reference, and only *nothing* lets it be bought again.
    """

    def cost_of(self, effect: Effect) -> float:
        """0: carriers have no cost budget."""
        ...

    def perform(self, effect: Effect, order_ref: str) -> Answer:
        """Buy a label or give one back. Confirmed with the label itself."""
        ...

    def look_up(self, effect: Effect, order_ref: str) -> Answer:
        """Whether a label was bought, or given back."""
        ...

    def account(self) -> CarrierFacts | Answer:
        """Who the carrier is; also the proof that the credentials work."""
        ...

    def rates(self, sender: ParcelAddress, receiver: ParcelAddress, package: Package) -> tuple[Rate, ...] | Answer:
        """What each service would cost, the cheapest first."""
        ...

    def track(self, numbers: tuple[str, ...]) -> tuple[ParcelNews, ...] | Answer:
        """All that is known of these parcels, oldest first; what the carrier does not know is left out."""
        ...

    def subscribe(self, callback_url: str) -> str | Answer:
        """Have tracking told there; the secret that signs it."""
        ...

    def hand_over(self, shipments: tuple[str, ...]) -> tuple[str, ...] | Answer:
        """The carrier takes these with it; which of them it took. Again is no harm."""
        ...
