"""What is written: the closed union of events, each past tense, each with a version.

An event is a *fact* (it happened outside, or a system answered) or a *choice* (a person's accepted request, a rule's
verdict, a timer). Both are appended to the order's journal and never changed; `evolve` folds them to the order's state.
An event says everything `evolve` needs and nothing that names or locates a person.

A new shape of an event gets a new number in `VERSIONS` and an upcaster beside it in `UPCASTERS`: a function from the
old row's data to the new.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, get_args

import msgspec
from msgspec import Struct

from ordna.core.effects import EffectBody
from ordna.core.messages import OrderSeen, PartSeen, Quantity, RefundSeen, ShipmentSeen, TransactionSeen
from ordna.core.values import Problem


class Event(Struct, frozen=True, tag_field="kind", omit_defaults=True):
    """The base of all events; in a journal row `kind` is the class's own name."""


# --- facts about the order's body: each moves the body's version on -----------------------------------------


class OrderPlaced(Event, frozen=True, tag=True):
    """The order was seen for the first time, as it stood then. `orders_before`: the customer's earlier orders."""

    order: OrderSeen
    orders_before: int | None = None


class BodyMoved(Event, frozen=True, tag=True):
    """What all news from the order's body carry: the body's version."""

    version: datetime


class OrderChanged(BodyMoved, frozen=True, tag=True):
    """Fields of the order's body changed in meaning: their new values, as JSON values."""

    fields: dict[str, Any]


class NoChangeSeen(BodyMoved, frozen=True, tag=True):
    """The body was sent anew and means what it meant before: noise, and counted as such."""


class OrderCancelled(BodyMoved, frozen=True, tag=True):
    """The shop cancelled the order."""

    at: datetime
    reason: str | None = None


class OrderClosed(BodyMoved, frozen=True, tag=True):
    """The order was archived: nothing more is expected."""

    at: datetime


class OrderReopened(BodyMoved, frozen=True, tag=True):
    """The order was taken out of the archive, or its cancellation undone."""


class PaymentPended(BodyMoved, frozen=True, tag=True):
    """The payment is outstanding again."""


class PaymentAuthorized(BodyMoved, frozen=True, tag=True):
    """The money is reserved."""


class PaymentPartlyPaid(BodyMoved, frozen=True, tag=True):
    """Some of the money is in."""


class PaymentCaptured(BodyMoved, frozen=True, tag=True):
    """All of the money is in."""


class PaymentPartlyRefunded(BodyMoved, frozen=True, tag=True):
    """Some of the money went back."""


class PaymentRefunded(BodyMoved, frozen=True, tag=True):
    """All of the money went back."""


class PaymentVoided(BodyMoved, frozen=True, tag=True):
    """The authorization was given up."""


class PaymentExpired(BodyMoved, frozen=True, tag=True):
    """The authorization lapsed."""


class PaymentUnknown(BodyMoved, frozen=True, tag=True):
    """The payment's status could not be read."""


class OrderDeleted(Event, frozen=True, tag=True):
    """The shop deleted the order."""


class ProblemsSeen(Event, frozen=True, tag=True):
    """What could not be read of one facet, by its newest version; empty when all is well again."""

    facet: str
    problems: tuple[Problem, ...] = ()


class OddMoveSeen(Event, frozen=True, tag=True):
    """A machine moved where no path leads: it happened, and somebody should look."""

    machine: str
    object: str
    before: str
    after: str


class TransactionRecorded(Event, frozen=True, tag=True):
    """One movement of money, or its newer status."""

    transaction: TransactionSeen


class RefundRecorded(Event, frozen=True, tag=True):
    """One refund."""

    refund: RefundSeen


class RiskAssessed(Event, frozen=True, tag=True):
    """The shop's verdict on the risk of fraud."""

    level: str
    version: datetime


# --- facts about fulfillment orders -------------------------------------------------------------------------


class OrderRouted(Event, frozen=True, tag=True):
    """The shop has decided which location ships what: the order's fulfillment orders, read in full for the first
    time."""

    version: datetime
    parts: tuple[PartSeen, ...]


class RoutingConfirmed(Event, frozen=True, tag=True):
    """The fulfillment orders were read again and stand as they stood."""

    version: datetime


class PartMoved(Event, frozen=True, tag=True):
    """What all news of one fulfillment order carry: how it stands now, and when that was read."""

    version: datetime
    part: PartSeen


class FulfillmentOrderAdded(PartMoved, frozen=True, tag=True):
    """A fulfillment order came to be after routing: by a split, a move or an edit."""


class FulfillmentOrderChanged(PartMoved, frozen=True, tag=True):
    """Its units, its location or its holds changed, not its status."""


class FulfillmentOrderOpened(PartMoved, frozen=True, tag=True):
    """It is open for work."""


class FulfillmentOrderStarted(PartMoved, frozen=True, tag=True):
    """Its location works on it."""


class FulfillmentOrderScheduled(PartMoved, frozen=True, tag=True):
    """It is to be shipped later."""


class FulfillmentOrderHeld(PartMoved, frozen=True, tag=True):
    """A hold stands on it outside."""


class FulfillmentOrderFellShort(PartMoved, frozen=True, tag=True):
    """Its location can't ship all of it."""


class FulfillmentOrderClosed(PartMoved, frozen=True, tag=True):
    """All of it was shipped, or its units moved elsewhere."""


class FulfillmentOrderCancelled(PartMoved, frozen=True, tag=True):
    """It was cancelled."""


class FulfillmentOrderGone(Event, frozen=True, tag=True):
    """It is no longer among the order's fulfillment orders."""

    version: datetime
    part: str


# --- facts about shipments ----------------------------------------------------------------------------------


class Shipped(Event, frozen=True, tag=True):
    """A parcel left: its units, its tracking."""

    shipment: ShipmentSeen


class ShipmentChanged(Event, frozen=True, tag=True):
    """Units, carrier or tracking of a parcel changed, not its progress."""

    shipment: ShipmentSeen


class ShipmentMoved(Event, frozen=True, tag=True):
    """What all news of a parcel's progress carry. `version` puts what several sources said in order."""

    shipment: str
    version: datetime


class ShipmentRelabelled(ShipmentMoved, frozen=True, tag=True):
    """The parcel is back at its start: its tracking was replaced."""


class ShipmentInTransit(ShipmentMoved, frozen=True, tag=True):
    """The carrier has it."""


class ShipmentOutForDelivery(ShipmentMoved, frozen=True, tag=True):
    """It is on its last way."""


class ShipmentDeliveryAttempted(ShipmentMoved, frozen=True, tag=True):
    """Nobody was there to take it."""


class ShipmentDelayed(ShipmentMoved, frozen=True, tag=True):
    """The carrier says it will be late."""


class ShipmentReadyForPickup(ShipmentMoved, frozen=True, tag=True):
    """It waits for its receiver."""


class ShipmentDelivered(ShipmentMoved, frozen=True, tag=True):
    """The receiver has it."""


class ShipmentFailed(ShipmentMoved, frozen=True, tag=True):
    """It could not be delivered."""


class ShipmentCancelled(ShipmentMoved, frozen=True, tag=True):
    """The fulfillment was taken back."""


# --- choices of people, rules and the clock -----------------------------------------------------------------


class Picked(Event, frozen=True, tag=True):
    """A person picked these units of a fulfillment order, at its location."""

    part: str
    lines: tuple[Quantity, ...]
    location: str | None = None


class Packed(Event, frozen=True, tag=True):
    """A person packed these units of a fulfillment order, at its location."""

    part: str
    lines: tuple[Quantity, ...]
    location: str | None = None


class PutBack(Event, frozen=True, tag=True):
    """Picked and packed units of a fulfillment order went back on the shelf."""

    part: str


class HoldPlaced(Event, frozen=True, tag=True):
    """The order must not move, for this reason. `rule` names the rule that wants it, None for a person's hold."""

    handle: str
    reason: str
    owner: str
    placed_at: datetime
    rule: str | None = None
    expires_at: datetime | None = None


class HoldReleased(Event, frozen=True, tag=True):
    """A hold was let go. `values`: what its rule read at that moment; it holds again only when they change."""

    handle: str
    values: str | None = None


class HoldExpired(Event, frozen=True, tag=True):
    """A hold's time ran out. It binds like a release."""

    handle: str
    values: str | None = None


class HoldLapsed(Event, frozen=True, tag=True):
    """A rule's condition no longer holds, or there is nothing left to hold; leaves no memory."""

    handle: str


class TagWanted(Event, frozen=True, tag=True):
    """A rule or a person wants a tag on the order outside."""

    tag: str
    rule: str | None = None


class TagUnwanted(Event, frozen=True, tag=True):
    """A tag of ours is no longer wanted, or a person wants one gone."""

    tag: str


class AddressAccepted(Event, frozen=True, tag=True):
    """A person vouched for the address as it stands."""


class TaskClaimed(Event, frozen=True, tag=True):
    """A person took a task."""

    task: str
    by: str


class TaskUnclaimed(Event, frozen=True, tag=True):
    """A person gave a task back."""

    task: str


class TaskSettled(Event, frozen=True, tag=True):
    """A person dealt with what the task pointed at."""

    task: str


class StepRanLate(Event, frozen=True, tag=True):
    """A step's limit passed while it stood open. `run`: which time it was open."""

    step: str
    part: str
    run: int


class WorkBegan(Event, frozen=True, tag=True):
    """The order's connection went live: from here on Ordna acts on this order."""


class PolicyMigrated(Event, frozen=True, tag=True):
    """The order moved to another version of the flow and its rules."""

    policy: int


# --- effects ------------------------------------------------------------------------------------------------


class EffectAsked(Event, frozen=True, tag=True):
    """An effect was decided. `body` is None where it could name a person; it stands sealed with the effect."""

    key: str
    generation: int
    effect: str
    body: EffectBody | None = None


class EffectConfirmed(Event, frozen=True, tag=True):
    """The other side did it, or took it on. `reference`: what it made."""

    key: str
    reference: str | None = None


class EffectRefused(Event, frozen=True, tag=True):
    """The other side said no, for good."""

    key: str
    code: str
    sentence: str


class EffectWithdrawn(Event, frozen=True, tag=True):
    """It was no longer wanted before it was sent."""

    key: str
    code: str | None = None


class EffectFellInDoubt(Event, frozen=True, tag=True):
    """It may have happened: the answer was lost and looking it up did not settle it yet."""

    key: str


AnyEvent = (
    OrderPlaced
    | OrderChanged
    | NoChangeSeen
    | OrderCancelled
    | OrderClosed
    | OrderReopened
    | PaymentPended
    | PaymentAuthorized
    | PaymentPartlyPaid
    | PaymentCaptured
    | PaymentPartlyRefunded
    | PaymentRefunded
    | PaymentVoided
    | PaymentExpired
    | PaymentUnknown
    | OrderDeleted
    | ProblemsSeen
    | OddMoveSeen
    | TransactionRecorded
    | RefundRecorded
    | RiskAssessed
    | OrderRouted
    | RoutingConfirmed
    | FulfillmentOrderAdded
    | FulfillmentOrderChanged
    | FulfillmentOrderOpened
    | FulfillmentOrderStarted
    | FulfillmentOrderScheduled
    | FulfillmentOrderHeld
    | FulfillmentOrderFellShort
    | FulfillmentOrderClosed
    | FulfillmentOrderCancelled
    | FulfillmentOrderGone
    | Shipped
    | ShipmentChanged
    | ShipmentRelabelled
    | ShipmentInTransit
    | ShipmentOutForDelivery
    | ShipmentDeliveryAttempted
    | ShipmentDelayed
    | ShipmentReadyForPickup
    | ShipmentDelivered
    | ShipmentFailed
    | ShipmentCancelled
    | Picked
    | Packed
    | PutBack
    | HoldPlaced
    | HoldReleased
    | HoldExpired
    | HoldLapsed
    | TagWanted
    | TagUnwanted
    | AddressAccepted
    | TaskClaimed
    | TaskUnclaimed
    | TaskSettled
    | StepRanLate
    | WorkBegan
    | PolicyMigrated
    | EffectAsked
    | EffectConfirmed
    | EffectRefused
    | EffectWithdrawn
    | EffectFellInDoubt
)
ALL: tuple[type[Event], ...] = get_args(AnyEvent)
BY_KIND: dict[str, type[Event]] = {event.__name__: event for event in ALL}
VERSIONS: dict[str, int] = dict.fromkeys(BY_KIND, 1)
UPCASTERS: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(AnyEvent)


def encode(event: Event) -> bytes:
    """An event as the JSON of its journal row, its `kind` included."""
    return _encoder.encode(event)


def decode(kind: str, version: int, data: bytes) -> Event:
    """The event of a journal row, brought up to the newest version. `msgspec.ValidationError` for a row nobody
    wrote."""
    if version == VERSIONS.get(kind):
        event: Event = _decoder.decode(data)
        return event
    raw = msgspec.json.decode(data)
    while version != VERSIONS[kind]:
        raw, version = UPCASTERS[kind, version](raw), version + 1
    upcast: Event = msgspec.convert(raw, AnyEvent)
    return upcast
