"""What is written: the closed union of events, each past tense, each with a version.

An event is a *fact* (it happened outside, or a system answered) or a *choice* (a person's accepted request, a rule's
verdict, a timer). Both are appended to the order's journal and never changed; `evolve` folds them to the order's state.
An event says everything `evolve` needs and nothing that names or locates a person.

A new shape of an event gets a new number in `VERSIONS` and an upcaster in `upcasters.py`: a function from the old row's
data to the new.
"""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from ordna.core.events.base import Event
from ordna.core.events.choices import (
    AddressAccepted,
    EffectAsked,
    EffectConfirmed,
    EffectFellInDoubt,
    EffectRefused,
    EffectWithdrawn,
    HoldExpired,
    HoldLapsed,
    HoldPlaced,
    HoldReleased,
    Packed,
    Picked,
    PolicyMigrated,
    PutBack,
    StepRanLate,
    TagUnwanted,
    TagWanted,
    TaskClaimed,
    TaskSettled,
    TaskUnclaimed,
    WorkBegan,
)
from ordna.core.events.facts import (
    BodyMoved,
    EarlierOrdersFound,
    FulfillmentOrderAdded,
    FulfillmentOrderCancelled,
    FulfillmentOrderChanged,
    FulfillmentOrderClosed,
    FulfillmentOrderFellShort,
    FulfillmentOrderGone,
    FulfillmentOrderHeld,
    FulfillmentOrderOpened,
    FulfillmentOrderScheduled,
    FulfillmentOrderStarted,
    FulfillmentRejected,
    NoChangeSeen,
    OddMoveSeen,
    OrderCancelled,
    OrderChanged,
    OrderClosed,
    OrderDeleted,
    OrderPlaced,
    OrderReopened,
    OrderRouted,
    PartMoved,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentExpired,
    PaymentPartlyPaid,
    PaymentPartlyRefunded,
    PaymentPended,
    PaymentRefunded,
    PaymentUnknown,
    PaymentVoided,
    ProblemsSeen,
    RefundRecorded,
    RiskAssessed,
    RoutingConfirmed,
    ShipmentCancelled,
    ShipmentChanged,
    ShipmentDelayed,
    ShipmentDelivered,
    ShipmentDeliveryAttempted,
    ShipmentFailed,
    ShipmentInTransit,
    ShipmentMoved,
    ShipmentOutForDelivery,
    ShipmentReadyForPickup,
    ShipmentRelabelled,
    ShipmentReturned,
    Shipped,
    TransactionRecorded,
)
from ordna.core.events.labels import LabelBought, LabelHandedOver, LabelTracked, LabelVoided
from ordna.core.events.stock import (
    StockConsumed,
    StockNoLongerShort,
    StockReleased,
    StockReserved,
    StockShort,
    StockTakenBack,
)
from ordna.core.events.upcasters import UPCASTERS

__all__ = [
    "ALL",
    "BY_KIND",
    "UPCASTERS",
    "VERSIONS",
    "AddressAccepted",
    "AnyEvent",
    "BodyMoved",
    "EarlierOrdersFound",
    "EffectAsked",
    "EffectConfirmed",
    "EffectFellInDoubt",
    "EffectRefused",
    "EffectWithdrawn",
    "Event",
    "FulfillmentOrderAdded",
    "FulfillmentOrderCancelled",
    "FulfillmentOrderChanged",
    "FulfillmentOrderClosed",
    "FulfillmentOrderFellShort",
    "FulfillmentOrderGone",
    "FulfillmentOrderHeld",
    "FulfillmentOrderOpened",
    "FulfillmentOrderScheduled",
    "FulfillmentOrderStarted",
    "FulfillmentRejected",
    "HoldExpired",
    "HoldLapsed",
    "HoldPlaced",
    "HoldReleased",
    "LabelBought",
    "LabelHandedOver",
    "LabelTracked",
    "LabelVoided",
    "NoChangeSeen",
    "OddMoveSeen",
    "OrderCancelled",
    "OrderChanged",
    "OrderClosed",
    "OrderDeleted",
    "OrderPlaced",
    "OrderReopened",
    "OrderRouted",
    "Packed",
    "PartMoved",
    "PaymentAuthorized",
    "PaymentCaptured",
    "PaymentExpired",
    "PaymentPartlyPaid",
    "PaymentPartlyRefunded",
    "PaymentPended",
    "PaymentRefunded",
    "PaymentUnknown",
    "PaymentVoided",
    "Picked",
    "PolicyMigrated",
    "ProblemsSeen",
    "PutBack",
    "RefundRecorded",
    "RiskAssessed",
    "RoutingConfirmed",
    "ShipmentCancelled",
    "ShipmentChanged",
    "ShipmentDelayed",
    "ShipmentDelivered",
    "ShipmentDeliveryAttempted",
    "ShipmentFailed",
    "ShipmentInTransit",
    "ShipmentMoved",
    "ShipmentOutForDelivery",
    "ShipmentReadyForPickup",
    "ShipmentRelabelled",
    "ShipmentReturned",
    "Shipped",
    "StepRanLate",
    "StockConsumed",
    "StockNoLongerShort",
    "StockReleased",
    "StockReserved",
    "StockShort",
    "StockTakenBack",
    "TagUnwanted",
    "TagWanted",
    "TaskClaimed",
    "TaskSettled",
    "TaskUnclaimed",
    "TransactionRecorded",
    "WorkBegan",
    "decode",
    "encode",
]

AnyEvent = (
    OrderPlaced
    | EarlierOrdersFound
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
    | FulfillmentRejected
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
    | ShipmentReturned
    | ShipmentCancelled
    | LabelBought
    | LabelVoided
    | LabelHandedOver
    | LabelTracked
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
    | StockReserved
    | StockShort
    | StockNoLongerShort
    | StockReleased
    | StockConsumed
    | StockTakenBack
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
