"""The lifecycle tables. Everything that says which state may follow which lives in this file.

Three small machines, never one big order status: the **payment** of an order, each **fulfillment order** and each
**shipment**. A table reads `{machine: {state: {event: state}}}`; a final state is written `{}`.

Facts from outside are never refused. When one arrives:

1. the table has an edge for it: the machine moves;
2. there is no edge but the new state can be *reached*: what lay between was not observed (a late webhook), the
   machine moves;
3. the new state can't be reached: the machine moves all the same, because it has already happened, and the move is
   *odd*: somebody should look.

The machines are coupled: what is shipped moves a fulfillment order on although its own facet was read earlier.
`COUPLED`
says so, and it is the only place that does. Five readers use these tables: the core, the buttons a page offers, the
diagram in `docs/lifecycle.md`, the conformance check and the simulator.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

PAYMENT = "payment"
FULFILLMENT_ORDER = "fulfillment_order"
SHIPMENT = "shipment"

Table = dict[str, dict[str, str]]
Move = Literal["same", "step", "jump", "odd"]

MACHINES: dict[str, Table] = {
    PAYMENT: {
        "pending": {
            "PaymentAuthorized": "authorized",
            "PaymentPartlyPaid": "partially_paid",
            "PaymentCaptured": "paid",
            "PaymentVoided": "voided",
            "PaymentExpired": "expired",
        },
        "authorized": {
            "PaymentPartlyPaid": "partially_paid",
            "PaymentCaptured": "paid",
            "PaymentVoided": "voided",
            "PaymentExpired": "expired",
        },
        "partially_paid": {
            "PaymentCaptured": "paid",
            "PaymentPartlyRefunded": "partially_refunded",
            "PaymentRefunded": "refunded",
        },
        "paid": {
            "PaymentPartlyPaid": "partially_paid",
            "PaymentPartlyRefunded": "partially_refunded",
            "PaymentRefunded": "refunded",
        },
        "partially_refunded": {"PaymentRefunded": "refunded", "PaymentPartlyPaid": "partially_paid"},
        "expired": {
            "PaymentAuthorized": "authorized",
            "PaymentPartlyPaid": "partially_paid",
            "PaymentCaptured": "paid",
            "PaymentVoided": "voided",
        },
        "refunded": {},
        "voided": {},
    },
    FULFILLMENT_ORDER: {
        "scheduled": {
            "FulfillmentOrderOpened": "open",
            "FulfillmentOrderHeld": "on_hold",
            "FulfillmentOrderStarted": "in_progress",
            "FulfillmentOrderClosed": "closed",
            "FulfillmentOrderCancelled": "cancelled",
        },
        "open": {
            "FulfillmentOrderScheduled": "scheduled",
            "FulfillmentOrderHeld": "on_hold",
            "FulfillmentOrderStarted": "in_progress",
            "FulfillmentOrderFellShort": "incomplete",
            "FulfillmentOrderClosed": "closed",
            "FulfillmentOrderCancelled": "cancelled",
        },
        "on_hold": {
            "FulfillmentOrderOpened": "open",
            "FulfillmentOrderScheduled": "scheduled",
            "FulfillmentOrderClosed": "closed",
            "FulfillmentOrderCancelled": "cancelled",
        },
        "in_progress": {
            "FulfillmentOrderOpened": "open",
            "FulfillmentOrderHeld": "on_hold",
            "FulfillmentOrderFellShort": "incomplete",
            "FulfillmentOrderClosed": "closed",
            "FulfillmentOrderCancelled": "cancelled",
        },
        "incomplete": {
            "FulfillmentOrderOpened": "open",
            "FulfillmentOrderClosed": "closed",
            "FulfillmentOrderCancelled": "cancelled",
        },
        "closed": {"FulfillmentOrderOpened": "open"},
        "cancelled": {},
    },
    SHIPMENT: {
        "shipped": {
            "ShipmentInTransit": "in_transit",
            "ShipmentReadyForPickup": "ready_for_pickup",
            "ShipmentOutForDelivery": "out_for_delivery",
            "ShipmentDelivered": "delivered",
            "ShipmentDelayed": "delayed",
            "ShipmentFailed": "failed",
            "ShipmentCancelled": "cancelled",
        },
        "in_transit": {
            "ShipmentOutForDelivery": "out_for_delivery",
            "ShipmentReadyForPickup": "ready_for_pickup",
            "ShipmentDeliveryAttempted": "attempted",
            "ShipmentDelayed": "delayed",
            "ShipmentDelivered": "delivered",
            "ShipmentFailed": "failed",
            "ShipmentReturned": "returned",
            "ShipmentCancelled": "cancelled",
        },
        "out_for_delivery": {
            "ShipmentInTransit": "in_transit",
            "ShipmentDeliveryAttempted": "attempted",
            "ShipmentReadyForPickup": "ready_for_pickup",
            "ShipmentDelayed": "delayed",
            "ShipmentDelivered": "delivered",
            "ShipmentFailed": "failed",
            "ShipmentReturned": "returned",
            "ShipmentCancelled": "cancelled",
        },
        "attempted": {
            "ShipmentInTransit": "in_transit",
            "ShipmentOutForDelivery": "out_for_delivery",
            "ShipmentReadyForPickup": "ready_for_pickup",
            "ShipmentDelayed": "delayed",
            "ShipmentDelivered": "delivered",
            "ShipmentFailed": "failed",
            "ShipmentReturned": "returned",
            "ShipmentCancelled": "cancelled",
        },
        "delayed": {
            "ShipmentInTransit": "in_transit",
            "ShipmentOutForDelivery": "out_for_delivery",
            "ShipmentReadyForPickup": "ready_for_pickup",
            "ShipmentDeliveryAttempted": "attempted",
            "ShipmentDelivered": "delivered",
            "ShipmentFailed": "failed",
            "ShipmentReturned": "returned",
            "ShipmentCancelled": "cancelled",
        },
        "ready_for_pickup": {
            "ShipmentDelivered": "delivered",
            "ShipmentFailed": "failed",
            "ShipmentReturned": "returned",
            "ShipmentCancelled": "cancelled",
        },
        "failed": {
            "ShipmentInTransit": "in_transit",
            "ShipmentReturned": "returned",
            "ShipmentDelivered": "delivered",
            "ShipmentCancelled": "cancelled",
        },
        "delivered": {"ShipmentCancelled": "cancelled"},
        "returned": {"ShipmentCancelled": "cancelled"},
        "cancelled": {},
    },
}

# A fulfillment order's own status is read now and then; what left the house is seen at once. (status seen, all
# units shipped) -> the status that holds. A row that is missing keeps the status as seen.
COUPLED: dict[tuple[str, bool], str] = {
    ("open", True): "closed",
    ("in_progress", True): "closed",
    ("scheduled", True): "closed",
    ("on_hold", True): "closed",
    ("incomplete", True): "closed",
}

SECURED = frozenset({"authorized", "paid", "partially_refunded", "refunded"})
"""Payment states in which the money for the order is or was in hand."""


def move(machine: str, state: str, target: str) -> Move:
    """How a machine that stands in `state` gets to `target`: by an edge, by a jump, or oddly."""
    if state == target:
        return "same"
    if target in MACHINES[machine][state].values():
        return "step"
    return "jump" if target in reachable(machine, state) else "odd"


def event_into(machine: str, target: str) -> str:
    """The event whose edges lead into `target`: each state is entered by one event."""
    return _entrances(machine)[target]


@lru_cache(maxsize=256)
def reachable(machine: str, state: str) -> frozenset[str]:
    """The states that can follow `state`, at any distance."""
    seen: set[str] = set()
    front = [state]
    while front:
        for target in MACHINES[machine][front.pop()].values():
            if target not in seen:
                seen.add(target)
                front.append(target)
    return frozenset(seen)


def final(machine: str, state: str) -> bool:
    """True when nothing follows."""
    return not MACHINES[machine][state]


def coupled(status: str, all_shipped: bool) -> str:
    """The status of a fulfillment order, given what was seen of it and of its shipments."""
    return COUPLED.get((status, all_shipped), status)


def edges(machine: str) -> Iterator[tuple[str, str, str]]:
    """Every (state, event, state) of a machine, in table order."""
    for state, row in MACHINES[machine].items():
        for event, target in row.items():
            yield state, event, target


@lru_cache(maxsize=8)
def _entrances(machine: str) -> dict[str, str]:
    return {target: event for _, event, target in edges(machine)}
