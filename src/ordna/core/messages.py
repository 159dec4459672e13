"""What comes in: observations turned to snapshots, requests of people, answers to effects, timers that fell due.

A **snapshot** is our typed picture of what an outside system showed, made of facets that each have their own
version. It says how things *are*, never what changed; `observe` finds out what changed. `None` means
*unknown*, which is a third truth value: nothing is ever decided on it.

A **request** is something a person or the API asks for; it may be refused. All other messages are facts and
are never refused.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from ordna.core.claims import Allotted, Lacking, Need
from ordna.core.shipping import BuyLabel, HandOver, Label, ParcelTracked, VoidLabel
from ordna.core.values import Problem


class LineSeen(Struct, frozen=True, omit_defaults=True):
    """One order line. `quantity` counts removed units too, `current_quantity` does not; `price` is kept as the
    source wrote it."""

    id: str
    title: str
    quantity: int
    current_quantity: int
    sku: str | None = None
    variant: str | None = None
    price: str | None = None
    ships: bool = True
    gift_card: bool = False


class OrderSeen(Struct, frozen=True, omit_defaults=True):
    """The body of an order. Amounts are minor units: `total` in `currency` (the shop's), `paid_total` in
    `paid_currency`.

    `payment` is one of the states of the payment machine. `terms` names an agreement to be paid later ("Net 30") and
    `terms_due` its day; `company` is the id of the business that buys. `address_absent`: the order has no address at
    all, because it is fetched or because one is missing; the ways of its fulfillment orders tell which. `note_digest`:
    equal for equal notes of this order; the engine keys it with the person's key. Nothing here names or locates a
    person.
    """

    version: datetime
    name: str
    placed_at: datetime
    currency: str | None = None
    total: int | None = None
    paid_currency: str | None = None
    paid_total: int | None = None
    payment: str | None = None
    test: bool = False
    source: str | None = None
    country: str | None = None
    address_complete: bool | None = None
    customer: str | None = None
    shipping_method: str | None = None
    tags: tuple[str, ...] = ()
    note_digest: str | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    closed_at: datetime | None = None
    lines: tuple[LineSeen, ...] | None = None
    terms: str | None = None
    terms_due: datetime | None = None
    company: str | None = None
    address_absent: bool = False


class TransactionSeen(Struct, frozen=True, omit_defaults=True):
    """One movement of money. `kind`: authorization, capture, sale, refund, void; `status`: success, pending,
    failure, error."""

    id: str
    kind: str
    status: str
    amount: int
    currency: str
    at: datetime
    gateway: str | None = None
    parent: str | None = None
    expires_at: datetime | None = None


class Quantity(Struct, frozen=True, array_like=True):
    """So many units of one order line."""

    line: str
    units: int


class OutsideHold(Struct, frozen=True, omit_defaults=True):
    """A hold standing on a fulfillment order outside; `handle` is ours when we placed it."""

    id: str
    reason: str
    handle: str | None = None
    ours: bool = False


class PartSeen(Struct, frozen=True, omit_defaults=True):
    """A fulfillment order: the units one location is to ship. `status` is a state of the fulfillment order machine;
    `refs` are the outside ids of its lines, in the order of `lines`, empty where they are not known."""

    id: str
    status: str
    lines: tuple[Quantity, ...]
    remaining: tuple[Quantity, ...] = ()
    location: str | None = None
    location_name: str | None = None
    request_status: str | None = None
    delivery_method: str | None = None
    holds: tuple[OutsideHold, ...] = ()
    refs: tuple[str, ...] = ()


class ShipmentSeen(Struct, frozen=True, omit_defaults=True):
    """A fulfillment: a parcel on its way. `progress` is a state of the shipment machine; `parts` is empty when
    unknown."""

    id: str
    version: datetime
    progress: str
    lines: tuple[Quantity, ...]
    created_at: datetime
    carrier: str | None = None
    tracking: str | None = None
    location: str | None = None
    parts: tuple[str, ...] = ()


class TrackingSeen(Struct, frozen=True):
    """One tracking event of a shipment, on its own."""

    shipment: str
    version: datetime
    progress: str
    at: datetime


class RefundSeen(Struct, frozen=True, omit_defaults=True):
    """A refund. `amount` in minor units of the shop's currency, None when the source did not say."""

    id: str
    at: datetime
    lines: tuple[Quantity, ...] = ()
    amount: int | None = None


class PartsSeen(Struct, frozen=True):
    """All fulfillment orders of an order; `version` is when our read began. Absence means something only if
    `complete`."""

    version: datetime
    items: tuple[PartSeen, ...]
    complete: bool = True


class RiskSeen(Struct, frozen=True):
    """The shop's risk verdict: level none, low, medium, high or pending. `version` is when our read began."""

    version: datetime
    level: str


class PersonSeen(Struct, frozen=True, omit_defaults=True):
    """Whom the order is for. Kept apart, sealed with the person's own key; never in state, journal or decisions.
    `reference` is the buyer's own number for the order (a purchase order's); `zip` and `city` stand in `address`
    too."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: tuple[str, ...] = ()
    note: str | None = None
    reference: str | None = None
    zip: str | None = None
    city: str | None = None


class Snapshot(Struct, frozen=True):
    """What one observation showed of one order. `order_ref` is the outside id ("5012345678901")."""

    order_ref: str
    order: OrderSeen | None = None
    transactions: tuple[TransactionSeen, ...] = ()
    parts: PartsSeen | None = None
    shipments: tuple[ShipmentSeen, ...] = ()
    tracking: tuple[TrackingSeen, ...] = ()
    refunds: tuple[RefundSeen, ...] = ()
    risk: RiskSeen | None = None
    deleted: bool = False
    person: PersonSeen | None = None
    problems: tuple[Problem, ...] = ()
    by_read: bool = False


class Observed(Struct, frozen=True, tag=True):
    """A snapshot came in. `orders_before`: the customer's earlier orders by our own records, counted when it came;
    None where nobody counted."""

    snapshot: Snapshot
    received_at: datetime
    source: str
    orders_before: int | None = None


class Hinted(Struct, frozen=True, tag=True):
    """Something about the order changed that the message does not tell in full: read it again."""

    order_ref: str
    topic: str
    received_at: datetime


class EffectAnswered(Struct, frozen=True, tag=True, omit_defaults=True):
    """What became of an effect: confirmed, refused, withdrawn, in_doubt or dead. `code` and `sentence` say why not;
    `label` is what a carrier made."""

    key: str
    result: str
    at: datetime
    code: str | None = None
    sentence: str | None = None
    reference: str | None = None
    label: Label | None = None


class TimerFell(Struct, frozen=True, tag=True):
    """A timer fell due. `kind`: step (a step's limit), hold (a hold's expiry), read (time to read again) or stock
    (what is reserved is kept no longer)."""

    kind: str
    key: str
    due_at: datetime


class WentLive(Struct, frozen=True, tag=True):
    """The order's connection acts from now on: settle what stands open."""

    at: datetime


class Migrated(Struct, frozen=True, tag=True):
    """The order is to follow the policy version it is decided under now."""

    at: datetime


class StockSettled(Struct, frozen=True, tag=True):
    """What became of a claim: what was set aside for the order, and what could not be had."""

    claimed: tuple[Need, ...]
    again: bool
    reserved: tuple[Allotted, ...]
    short: tuple[Lacking, ...]
    at: datetime


class StockArrived(Struct, frozen=True, tag=True):
    """Units of something the order lacks came free: it may ask again."""

    at: datetime


class Asked(Struct, frozen=True, tag=True):
    """A request by a person or the API, with the version of the order its author saw (None: whatever stands)."""

    request: Request
    by: str
    at: datetime
    saw_version: int | None = None


# --- requests: imperatives, each may be refused -------------------------------------------------------------


class Pick(Struct, frozen=True, tag="pick", forbid_unknown_fields=True):
    """Everything of one fulfillment order has been picked."""

    part: str


class Pack(Struct, frozen=True, tag="pack", forbid_unknown_fields=True):
    """Everything of one fulfillment order has been packed."""

    part: str


class Unpick(Struct, frozen=True, tag="unpick", forbid_unknown_fields=True):
    """What was picked and packed of one fulfillment order has been put back."""

    part: str


class Ship(Struct, frozen=True, tag="ship", forbid_unknown_fields=True):
    """Hand one fulfillment order over: create the fulfillment outside, with tracking when there is some."""

    part: str
    carrier: str | None = None
    tracking: str | None = None
    notify: bool = False


class PlaceHold(Struct, frozen=True, tag="hold", forbid_unknown_fields=True):
    """Stop the order for a named reason. `expires_at` None: until released."""

    reason: str
    owner: str
    expires_at: datetime | None = None


class ReleaseHold(Struct, frozen=True, tag="release", forbid_unknown_fields=True):
    """Let one hold go, by its handle."""

    handle: str


class AcceptAddress(Struct, frozen=True, tag="accept_address", forbid_unknown_fields=True):
    """A person vouches for the address as it stands."""


class Cancel(Struct, frozen=True, tag="cancel", forbid_unknown_fields=True):
    """Ask the shop to cancel the order. `reason`: customer, declined, fraud, inventory, staff or other."""

    reason: str
    refund: bool = True
    restock: bool = True
    notify: bool = False


class AddTags(Struct, frozen=True, tag="add_tags", forbid_unknown_fields=True):
    """Put tags on the order outside."""

    tags: tuple[str, ...]


class RemoveTags(Struct, frozen=True, tag="remove_tags", forbid_unknown_fields=True):
    """Take tags off the order outside."""

    tags: tuple[str, ...]


class WriteNote(Struct, frozen=True, tag="note", forbid_unknown_fields=True):
    """Replace the order's note outside."""

    text: str


class Claim(Struct, frozen=True, tag="claim", forbid_unknown_fields=True):
    """Take a task."""

    task: str


class Unclaim(Struct, frozen=True, tag="unclaim", forbid_unknown_fields=True):
    """Give a task back."""

    task: str


class Settle(Struct, frozen=True, tag="settle", forbid_unknown_fields=True):
    """Say that what a task pointed at has been looked at and dealt with."""

    task: str


Request = (
    Pick
    | Pack
    | Unpick
    | Ship
    | PlaceHold
    | ReleaseHold
    | AcceptAddress
    | Cancel
    | AddTags
    | RemoveTags
    | WriteNote
    | Claim
    | Unclaim
    | Settle
    | BuyLabel
    | VoidLabel
    | HandOver
)
Told = Observed | Hinted | ParcelTracked | EffectAnswered | StockSettled | StockArrived
Message = Told | TimerFell | WentLive | Migrated | Asked
