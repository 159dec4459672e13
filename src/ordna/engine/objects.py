"""What an event touches: the objects whose histories it is a step of, and how those histories are chained.

Each object (order, line, fulfillment order, shipment, payment, refund) has a history of its own in the order things
*occurred*. A link says what happened to the object before and how long ago; so the graph of what really happens is a
plain GROUP BY. What is no step of anybody's way touches nothing: repetition without news, and our own book-keeping,
whose times are ours and not the trade's.

`trail` is the last link of every object of an order, kept beside the order so that a fact in time needs no look back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from ordna.core import events as e
from ordna.store.journal import Link

Trail = dict[str, tuple[str, datetime]]
Touched = tuple[tuple[str, str], ...]

NOISE = (e.NoChangeSeen, e.RoutingConfirmed)
BOOK_KEEPING = (
    e.ProblemsSeen,
    e.EarlierOrdersFound,
    e.WorkBegan,
    e.PolicyMigrated,
    e.EffectAsked,
    e.EffectConfirmed,
    e.EffectRefused,
    e.EffectWithdrawn,
    e.EffectFellInDoubt,
)
_UNTOUCHING = NOISE + BOOK_KEEPING

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Trail)


def touched(event: e.Event, order_id: str) -> Touched:
    """(kind, id) of every object the event is a step of, each once."""
    if isinstance(event, _UNTOUCHING):
        return ()
    order = ("order", order_id)
    match event:
        case e.OrderPlaced():
            return (order, *(("line", line.id) for line in event.order.lines or ()))
        case (
            e.PaymentPended()
            | e.PaymentAuthorized()
            | e.PaymentPartlyPaid()
            | e.PaymentCaptured()
            | e.PaymentPartlyRefunded()
            | e.PaymentRefunded()
            | e.PaymentVoided()
            | e.PaymentExpired()
            | e.PaymentUnknown()
        ):
            return (order, ("payment", order_id))
        case e.TransactionRecorded():
            return (("payment", order_id),)
        case e.RefundRecorded():
            return (order, ("refund", event.refund.id), *_lines(event.refund.lines))
        case e.OrderRouted():
            return (order, *_unique(("fulfillment_order", part.id) for part in event.parts))
        case e.PartMoved():
            return (("fulfillment_order", event.part.id),)
        case e.FulfillmentRejected():
            return (order, ("fulfillment_order", event.part), *_lines(event.lines))
        case e.FulfillmentOrderGone():
            return (("fulfillment_order", event.part),)
        case e.Shipped():
            seen = event.shipment
            parts = _unique(("fulfillment_order", part) for part in seen.parts)
            return (order, ("shipment", seen.id), *parts, *_lines(seen.lines))
        case e.ShipmentChanged():
            return (("shipment", event.shipment.id),)
        case e.ShipmentMoved():
            return (order, ("shipment", event.shipment))
        case e.LabelBought():
            return (order, ("fulfillment_order", event.label.part), ("label", event.label.id))
        case e.LabelVoided() | e.LabelHandedOver():
            return (order, ("label", event.label))
        case e.LabelTracked():
            return (("label", event.label),)
        case e.Picked() | e.Packed():
            return (order, ("fulfillment_order", event.part), *_lines(event.lines))
        case e.PutBack():
            return (order, ("fulfillment_order", event.part))
        case e.StepRanLate() if event.part:
            return (order, ("fulfillment_order", event.part))
    return (order,)


def encode_trail(trail: Trail) -> bytes:
    """The trail as stored; equal trails give equal bytes."""
    return _encoder.encode(dict(sorted(trail.items())))


def decode_trail(data: bytes) -> Trail:
    """The trail of a stored row."""
    return _decoder.decode(data)


def follow(trail: Trail, links: Iterable[Link]) -> bool:
    """Is each of these new links, in order, no earlier than the last of its object? Then the trail needs no
    look back."""
    last: dict[str, datetime] = {}
    for link in links:
        key = f"{link.object_kind}|{link.object_id}"
        known = last.get(key) or (trail[key][1] if key in trail else None)
        if known is not None and link.occurred_at < known:
            return False
        last[key] = link.occurred_at
    return True


def chain(links: Iterable[Link], trail: Trail) -> list[Link]:
    """Links, given in the order things occurred, each with what was before; `trail` moves on. What occurred before the
    order's checkpoint and was heard of after it comes behind it, with no time between."""
    out = []
    for link in links:
        key = f"{link.object_kind}|{link.object_id}"
        known = trail.get(key)
        trail[key] = (link.kind, link.occurred_at)
        if known is None:
            out.append(link._replace(previous=None, seconds_since=None))
        else:
            seconds = max(0.0, (link.occurred_at - known[1]).total_seconds())
            out.append(link._replace(previous=known[0], seconds_since=seconds))
    return out


def rechain(links: Iterable[Link], base: Trail | None = None) -> tuple[list[Link], Trail]:
    """All links of one order chained from nothing, or from the trail of its checkpoint: how a late fact, and a full
    rebuild, put them in order."""
    trail: Trail = dict(base or {})
    return chain(sorted(links, key=lambda link: (link.occurred_at, link.seq)), trail), trail


def _lines(lines: Iterable[object]) -> Touched:
    return _unique(("line", quantity.line) for quantity in lines)  # type: ignore[attr-defined]


def _unique(pairs: Iterable[tuple[str, str]]) -> Touched:
    return tuple(dict.fromkeys(pairs))
