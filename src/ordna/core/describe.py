"""Events in words, for the timeline: one sentence each, and whose voice it is (people, rules, systems, outside or
noise)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ordna.core import events as e
from ordna.core.claims import Allotted, Lacking, shown_sku
from ordna.core.effects import OF_CARRIERS
from ordna.core.messages import Quantity

NOISE = frozenset({"NoChangeSeen", "RoutingConfirmed", "WorkBegan", "TaskUnclaimed"})

_FIELD_WORDS = {
    "lines": "lines", "total": "total", "country": "country", "address_complete": "address", "tags": "tags",
    "note_digest": "note", "shipping_method": "shipping method", "customer": "customer", "name": "name",
    "paid_total": "total paid", "source": "source", "test": "test flag", "currency": "currency",
    "paid_currency": "customer's currency", "placed_at": "date",
    "terms": "payment terms", "terms_due": "day of payment", "company": "company", "address_absent": "address",
}  # fmt: skip

_EFFECT_WORDS = {
    "HoldPart": "place a hold", "ReleasePart": "release our hold", "TagOrder": "add a tag",
    "UntagOrder": "remove a tag",
    "NoteOrder": "write the note", "ShipPart": "fulfil the parcel", "CancelOrder": "cancel the order",
    "PurchaseLabel": "buy a label", "ReturnLabel": "take a label back",
}  # fmt: skip


def describe(event: e.Event) -> str:
    """One sentence in the past tense that needs no other to be understood."""
    known = _SENTENCES.get(type(event))
    return known(event) if known is not None else _plain(event)


def group(kind: str, actor_kind: str) -> str:
    """Which voice of the timeline an event speaks with: person, rule, system, outside or noise."""
    return "noise" if kind in NOISE else actor_kind


def effect_words(effect: str) -> str:
    """What an effect does, as the end of "The shop was asked to ..."."""
    return _EFFECT_WORDS.get(effect, effect)


def _plain(event: e.Event) -> str:
    text = (type(event).__doc__ or type(event).__name__).strip().split("\n")[0]
    return text


def _units(lines: tuple[Quantity, ...]) -> str:
    count = sum(line.units for line in lines)
    return f"{count} unit" + ("" if count == 1 else "s")


def _changed(event: Any) -> str:
    words = [_FIELD_WORDS.get(name, name) for name in event.fields]
    return "Changed: " + ", ".join(words) + "."


def _placed(event: Any) -> str:
    order = event.order
    paid = {"paid": ", paid", "authorized": ", payment authorized"}.get(order.payment or "", "")
    return f"Order {order.name} was placed{paid}."


def _shipped(event: Any) -> str:
    seen = event.shipment
    by = f" with {seen.carrier}" if seen.carrier else ""
    number = f", tracking {seen.tracking}" if seen.tracking else ""
    return f"A parcel with {_units(seen.lines)} left{by}{number}."


def _routed(event: Any) -> str:
    places = sorted({part.location_name or "a location" for part in event.parts})
    return (
        f"Routed to {' and '.join(places)}: {len(event.parts)} fulfillment order{'s' if len(event.parts) != 1 else ''}."
    )


def _held(event: Any) -> str:
    """Who stops the work outside: others by their reasons, and only when there are none, we ourselves."""
    others = ", ".join(hold.reason.replace("_", " ") for hold in event.part.holds if not hold.ours)
    if others:
        return f"Put on hold in the shop: {others}."
    return "Our hold stands in the shop." if event.part.holds else "Put on hold in the shop."


def _problems(event: Any) -> str:
    if not event.problems:
        return "Everything can be read again."
    return "Could not be read: " + " ".join(f"{p.path}: {p.sentence}" for p in event.problems[:3])


def _asked(event: Any) -> str:
    who = "carrier" if event.effect in OF_CARRIERS else "shop"
    return f"The {who} was asked to {effect_words(event.effect)}."


_LACKING_WORDS = {
    "short": "there is none left to promise",
    "limit": "the channel's share of it is used up",
    "unknown_sku": "no stock item has this SKU",
    "no_sku": "the line has no SKU",
    "unknown_location": "its location is not known here, or is closed",
    "empty_bundle": "the bundle has nothing in it",
}
_RELEASED_WORDS = {
    "cancelled": "the order was cancelled",
    "closed": "the order was closed",
    "edited": "the order needs them no longer",
    "moved": "another location ships them",
    "expired": "their time ran out",
    "unwanted": "the flow asks for them no longer",
}


def lacking_words(one: Lacking) -> str:
    """What is lacking and why, without the full stop."""
    what = f"{one.units} × {shown_sku(one.sku) or 'a line'}"
    if one.cause == "backorder":
        return f"{what} promised {f'for {one.until}' if one.until else 'for later'}"
    return f"{what} could not be reserved: {_LACKING_WORDS.get(one.cause, one.cause)}"


def _stock_units(lines: tuple[Allotted, ...]) -> str:
    count = sum(line.units for line in lines)
    return f"{count} unit" + ("" if count == 1 else "s")


def _left_unreserved(event: Any) -> str:
    loose = sum(one.units for one in event.loose)
    words = [f"{_stock_units(event.lines)} that were reserved"] if event.lines else []
    words += [f"{loose} that were not"] if loose else []
    return " and ".join(words)


_SENTENCES: dict[type[e.Event], Callable[[Any], str]] = {
    e.OrderPlaced: _placed,
    e.EarlierOrdersFound: lambda x: f"The customer's earlier orders were counted anew: {x.orders_before}.",
    e.OrderChanged: _changed,
    e.OrderCancelled: lambda x: f"The shop cancelled the order{f' ({x.reason})' if x.reason else ''}.",
    e.OrderClosed: lambda x: "The order was closed (archived in the shop).",
    e.OrderReopened: lambda x: "The order was reopened in the shop.",
    e.NoChangeSeen: lambda x: "The shop sent the order again; nothing had changed.",
    e.OrderRouted: _routed,
    e.RoutingConfirmed: lambda x: "Read again; nothing had changed.",
    e.Shipped: _shipped,
    e.ShipmentChanged: lambda x: f"Tracking changed to {x.shipment.tracking or 'none'}.",
    e.ShipmentDelivered: lambda x: "Delivered: the receiver has it.",
    e.ShipmentReturned: lambda x: "The parcel came back to its sender.",
    e.LabelBought: lambda x: (
        f"A label was bought: {x.label.made.carrier}, {x.label.made.service}, {x.label.made.tracking}."
    ),
    e.LabelVoided: lambda x: "A label was given back unused.",
    e.LabelHandedOver: lambda x: "The parcel was handed over to the carrier.",
    e.LabelTracked: lambda x: f"The carrier scanned the parcel: {x.progress.replace('_', ' ')}.",
    e.ProblemsSeen: _problems,
    e.OddMoveSeen: lambda x: (
        f"The {x.machine.replace('_', ' ')} went from {x.before} to {x.after}, where no path leads."
    ),
    e.RiskAssessed: lambda x: f"The shop assessed the risk of fraud as {x.level}.",
    e.TransactionRecorded: lambda x: f"A transaction was recorded: {x.transaction.kind}, {x.transaction.status}.",
    e.Picked: lambda x: f"Picked {_units(x.lines)}.",
    e.Packed: lambda x: f"Packed {_units(x.lines)}.",
    e.HoldPlaced: lambda x: f"Held: {x.reason}.",
    e.HoldReleased: lambda x: "A hold was released.",
    e.HoldExpired: lambda x: "A hold's time ran out.",
    e.HoldLapsed: lambda x: "A hold lapsed: its reason is gone.",
    e.TagWanted: lambda x: f"The tag “{x.tag}” is wanted.",
    e.TagUnwanted: lambda x: f"The tag “{x.tag}” is no longer wanted.",
    e.StepRanLate: lambda x: f"The step “{x.step}” ran late.",
    e.StockReserved: lambda x: f"Reserved {_stock_units(x.lines)} of stock.",
    e.StockShort: lambda x: "Stock is lacking: " + "; ".join(map(lacking_words, x.lines)) + ".",
    e.StockReleased: lambda x: f"Gave back {_stock_units(x.lines)} of stock: {_RELEASED_WORDS.get(x.cause, x.cause)}.",
    e.StockConsumed: lambda x: f"Left the stock: {_left_unreserved(x)}.",
    e.StockTakenBack: lambda x: f"Back in stock: {_left_unreserved(x)}.",
    e.TaskClaimed: lambda x: f"{x.by} took the task.",
    e.TaskSettled: lambda x: "Looked at and dealt with.",
    e.FulfillmentOrderChanged: lambda x: (
        f"Changed at {x.part.location_name or 'its location'}: {_units(x.part.lines)}."
    ),
    e.FulfillmentOrderAdded: lambda x: f"New at {x.part.location_name or 'a location'}: {_units(x.part.lines)}.",
    e.FulfillmentOrderClosed: lambda x: f"Closed at {x.part.location_name or 'its location'}.",
    e.FulfillmentRejected: lambda x: f"Whoever ships it said no to {_units(x.lines)}.",
    e.FulfillmentOrderHeld: _held,
    e.FulfillmentOrderOpened: lambda x: "Free for work again in the shop.",
    e.EffectAsked: _asked,
    e.EffectConfirmed: lambda x: "The shop confirmed it.",
    e.EffectRefused: lambda x: f"The shop refused: {x.sentence}",
    e.EffectWithdrawn: lambda x: "It was withdrawn before it was sent: no longer wanted.",
}
