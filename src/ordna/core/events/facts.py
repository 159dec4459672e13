"""Facts: what happened outside, as the shop and the carrier told it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ordna.core.events.base import Event
from ordna.core.messages import OrderSeen, PartSeen, Quantity, RefundSeen, ShipmentSeen, TransactionSeen
from ordna.core.values import Problem

# --- facts about the order's body: each moves the body's version on -----------------------------------------


class OrderPlaced(Event, frozen=True, tag=True):
    """The order was seen for the first time, as it stood then. `orders_before`: the customer's earlier orders."""

    order: OrderSeen
    orders_before: int | None = None


class EarlierOrdersFound(Event, frozen=True, tag=True):
    """Orders that the customer placed before this one came to be known after it: how many there are, as known now."""

    orders_before: int


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


class FulfillmentRejected(Event, frozen=True, tag=True):
    """Whoever ships a fulfillment order said no to it. Its location is not asked again for these lines."""

    version: datetime
    part: str
    location: str
    lines: tuple[Quantity, ...]


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


class ShipmentReturned(ShipmentMoved, frozen=True, tag=True):
    """It came back to its sender."""


class ShipmentCancelled(ShipmentMoved, frozen=True, tag=True):
    """The fulfillment was taken back."""
