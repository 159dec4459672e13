"""`evolve(state, event) -> state`: the fold. It decides nothing, checks nothing and loses nothing.

Everything in the state follows from the journal by this function alone, so a stored state can be proved by folding
again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import reduce
from typing import Any

import msgspec
from msgspec.structs import replace

from ordna.core import events as e
from ordna.core import evolve_stock
from ordna.core.effects import HoldPart, PurchaseLabel, ReleasePart, ShipPart
from ordna.core.messages import OrderSeen, PartSeen, ShipmentSeen
from ordna.core.order import Ask, Handled, Hold, OddMove, OrderState, Parcel, Rejection, address_mark, slot_of

Apply = Callable[[OrderState, Any, datetime], OrderState]

PAYMENT_STATES: dict[type[e.Event], str | None] = {
    e.PaymentPended: "pending",
    e.PaymentAuthorized: "authorized",
    e.PaymentPartlyPaid: "partially_paid",
    e.PaymentCaptured: "paid",
    e.PaymentPartlyRefunded: "partially_refunded",
    e.PaymentRefunded: "refunded",
    e.PaymentVoided: "voided",
    e.PaymentExpired: "expired",
    e.PaymentUnknown: None,
}
PROGRESS_STATES: dict[type[e.Event], str] = {
    e.ShipmentRelabelled: "shipped",
    e.ShipmentInTransit: "in_transit",
    e.ShipmentOutForDelivery: "out_for_delivery",
    e.ShipmentDeliveryAttempted: "attempted",
    e.ShipmentDelayed: "delayed",
    e.ShipmentReadyForPickup: "ready_for_pickup",
    e.ShipmentDelivered: "delivered",
    e.ShipmentFailed: "failed",
    e.ShipmentReturned: "returned",
    e.ShipmentCancelled: "cancelled",
}


def evolve(state: OrderState, event: e.Event, at: datetime) -> OrderState:
    """The state after one event that occurred `at`."""
    after = _APPLY[type(event)](state, event, at)
    return replace(after, seq=state.seq + 1)


def fold(journal: Iterable[tuple[e.Event, datetime]], start: OrderState | None = None) -> OrderState:
    """The state after a whole journal of (event, occurred_at), in the order it was written."""
    return reduce(lambda state, row: evolve(state, row[0], row[1]), journal, start or OrderState())


# --- the order's body ---------------------------------------------------------------------------------------


def _placed(state: OrderState, event: e.OrderPlaced, at: datetime) -> OrderState:
    paid_at = event.order.version if event.order.payment in ("authorized", "paid") else None
    return replace(state, order=event.order, orders_before=event.orders_before, paid_at=paid_at)


def _earlier_orders(state: OrderState, event: e.EarlierOrdersFound, at: datetime) -> OrderState:
    return replace(state, orders_before=event.orders_before)


def _changed(state: OrderState, event: e.OrderChanged, at: datetime) -> OrderState:
    known = msgspec.to_builtins(_body(state))
    known.update(event.fields)
    order = msgspec.convert(known, OrderSeen)
    return replace(state, order=replace(order, version=event.version))


def _unchanged(state: OrderState, event: e.NoChangeSeen, at: datetime) -> OrderState:
    return replace(state, order=replace(_body(state), version=event.version))


def _cancelled(state: OrderState, event: e.OrderCancelled, at: datetime) -> OrderState:
    body = replace(_body(state), version=event.version, cancelled_at=event.at, cancel_reason=event.reason)
    return replace(state, order=body)


def _closed(state: OrderState, event: e.OrderClosed, at: datetime) -> OrderState:
    return replace(state, order=replace(_body(state), version=event.version, closed_at=event.at))


def _reopened(state: OrderState, event: e.OrderReopened, at: datetime) -> OrderState:
    body = replace(_body(state), version=event.version, closed_at=None, cancelled_at=None, cancel_reason=None)
    return replace(state, order=body)


def _payment_moved(state: OrderState, event: e.BodyMoved, at: datetime) -> OrderState:
    payment = PAYMENT_STATES[type(event)]
    paid_at = at if payment in ("authorized", "paid") else state.paid_at
    return replace(state, order=replace(_body(state), version=event.version, payment=payment), paid_at=paid_at)


def _deleted(state: OrderState, event: e.OrderDeleted, at: datetime) -> OrderState:
    return replace(state, deleted=True)


def _problems(state: OrderState, event: e.ProblemsSeen, at: datetime) -> OrderState:
    rest = {facet: seen for facet, seen in state.problems.items() if facet != event.facet}
    return replace(state, problems=_sorted(rest | ({event.facet: event.problems} if event.problems else {})))


def _odd(state: OrderState, event: e.OddMoveSeen, at: datetime) -> OrderState:
    return replace(state, odd_moves=(*state.odd_moves, OddMove(event.machine, event.object, event.before, event.after)))


def _transaction(state: OrderState, event: e.TransactionRecorded, at: datetime) -> OrderState:
    return replace(state, transactions=_with(state.transactions, event.transaction))


def _refund(state: OrderState, event: e.RefundRecorded, at: datetime) -> OrderState:
    return replace(state, refunds=_with(state.refunds, event.refund))


def _risk(state: OrderState, event: e.RiskAssessed, at: datetime) -> OrderState:
    return replace(state, risk=event.level, risk_version=event.version)


# --- fulfillment orders and shipments -----------------------------------------------------------------------


def _routed(state: OrderState, event: e.OrderRouted, at: datetime) -> OrderState:
    parts: tuple[PartSeen, ...] = ()
    for part in event.parts:
        parts = _with(parts, part)
    return replace(state, routed_at=event.version, parts=parts)


def _routing_confirmed(state: OrderState, event: e.RoutingConfirmed, at: datetime) -> OrderState:
    return replace(state, routed_at=event.version)


def _part_moved(state: OrderState, event: e.PartMoved, at: datetime) -> OrderState:
    return replace(state, routed_at=event.version, parts=_with(state.parts, event.part))


def _rejected(state: OrderState, event: e.FulfillmentRejected, at: datetime) -> OrderState:
    said = Rejection(event.part, event.location, tuple(sorted(line.line for line in event.lines)))
    rejections = state.rejections if said in state.rejections else (*state.rejections, said)
    return replace(state, routed_at=event.version, rejections=rejections)


def _part_gone(state: OrderState, event: e.FulfillmentOrderGone, at: datetime) -> OrderState:
    left = tuple(part for part in state.parts if part.id != event.part)
    return replace(state, routed_at=event.version, parts=left)


def _shipped(state: OrderState, event: e.Shipped, at: datetime) -> OrderState:
    seen = event.shipment
    return _with_parcel(state, seen, Parcel(seen, seen.progress, seen.version, at))


def _shipment_changed(state: OrderState, event: e.ShipmentChanged, at: datetime) -> OrderState:
    known = _parcel(state, event.shipment.id)
    return _with_parcel(state, event.shipment, replace(known, seen=event.shipment))


def _shipment_moved(state: OrderState, event: e.ShipmentMoved, at: datetime) -> OrderState:
    known = _parcel(state, event.shipment)
    moved = Parcel(known.seen, PROGRESS_STATES[type(event)], event.version, at)
    return _with_parcel(state, known.seen, moved)


def _label_bought(state: OrderState, event: e.LabelBought, at: datetime) -> OrderState:
    return replace(state, labels=_with(state.labels, event.label))


def _label_voided(state: OrderState, event: e.LabelVoided, at: datetime) -> OrderState:
    return _with_label(state, event.label, voided=True, voided_at=at)


def _label_handed_over(state: OrderState, event: e.LabelHandedOver, at: datetime) -> OrderState:
    return _with_label(state, event.label, handed_over_at=at, handover=event.handover)


def _label_tracked(state: OrderState, event: e.LabelTracked, at: datetime) -> OrderState:
    return _with_label(state, event.label, progress=event.progress, progress_version=event.version, progress_at=at)


# --- choices ------------------------------------------------------------------------------------------------


def _picked(state: OrderState, event: e.Picked, at: datetime) -> OrderState:
    return replace(state, picked=(*state.picked, Handled(event.part, event.lines, at, event.location)))


def _packed(state: OrderState, event: e.Packed, at: datetime) -> OrderState:
    return replace(state, packed=(*state.packed, Handled(event.part, event.lines, at, event.location)))


def _put_back(state: OrderState, event: e.PutBack, at: datetime) -> OrderState:
    return replace(
        state,
        picked=tuple(item for item in state.picked if item.part != event.part),
        packed=tuple(item for item in state.packed if item.part != event.part),
    )


def _held(state: OrderState, event: e.HoldPlaced, at: datetime) -> OrderState:
    hold = Hold(event.handle, event.reason, event.owner, event.placed_at, event.rule, event.expires_at)
    others = tuple(known for known in state.holds if known.handle != event.handle)
    holds = tuple(sorted((*others, hold), key=lambda known: known.handle))
    return replace(state, holds=holds, holds_placed=state.holds_placed + (event.rule is None))


def _let_go(state: OrderState, event: e.HoldReleased | e.HoldExpired, at: datetime) -> OrderState:
    memory = {event.handle: event.values} if event.values is not None else {}
    return replace(_without_hold(state, event.handle), releases=_sorted(state.releases | memory))


def _lapsed(state: OrderState, event: e.HoldLapsed, at: datetime) -> OrderState:
    return _without_hold(state, event.handle)


def _tag_wanted(state: OrderState, event: e.TagWanted, at: datetime) -> OrderState:
    unwanted = tuple(tag for tag in state.tags_unwanted if tag != event.tag)
    return replace(state, tags_wanted=_sorted(state.tags_wanted | {event.tag: event.rule}), tags_unwanted=unwanted)


def _tag_unwanted(state: OrderState, event: e.TagUnwanted, at: datetime) -> OrderState:
    wanted = {tag: rule for tag, rule in state.tags_wanted.items() if tag != event.tag}
    return replace(state, tags_wanted=wanted, tags_unwanted=tuple(sorted({*state.tags_unwanted, event.tag})))


def _address_accepted(state: OrderState, event: e.AddressAccepted, at: datetime) -> OrderState:
    return replace(state, address_accepted=address_mark(_body(state)))


def _claimed(state: OrderState, event: e.TaskClaimed, at: datetime) -> OrderState:
    return replace(state, claims=_sorted(state.claims | {event.task: event.by}))


def _unclaimed(state: OrderState, event: e.TaskUnclaimed, at: datetime) -> OrderState:
    return replace(state, claims={task: by for task, by in state.claims.items() if task != event.task})


def _settled(state: OrderState, event: e.TaskSettled, at: datetime) -> OrderState:
    return replace(state, settled=tuple(sorted({*state.settled, event.task})))


def _ran_late(state: OrderState, event: e.StepRanLate, at: datetime) -> OrderState:
    return replace(state, late=tuple(sorted({*state.late, f"{event.step}|{event.part}|{event.run}"})))


def _began(state: OrderState, event: e.WorkBegan, at: datetime) -> OrderState:
    return replace(state, live=True)


def _migrated(state: OrderState, event: e.PolicyMigrated, at: datetime) -> OrderState:
    return state


# --- effects ------------------------------------------------------------------------------------------------


def _asked(state: OrderState, event: e.EffectAsked, at: datetime) -> OrderState:
    part = event.body.part if isinstance(event.body, HoldPart | ReleasePart | ShipPart | PurchaseLabel) else None
    ask = Ask(event.key, event.generation, event.effect, "asked", at, part)
    return replace(state, asks=_sorted(state.asks | {slot_of(event.key): ask}))


def _confirmed(state: OrderState, event: e.EffectConfirmed, at: datetime) -> OrderState:
    return _answer(state, event.key, status="confirmed", at=at, reference=event.reference)


def _refused(state: OrderState, event: e.EffectRefused, at: datetime) -> OrderState:
    return _answer(state, event.key, status="refused", at=at, code=event.code, sentence=event.sentence)


def _withdrawn(state: OrderState, event: e.EffectWithdrawn, at: datetime) -> OrderState:
    return _answer(state, event.key, status="withdrawn", at=at, code=event.code)


def _in_doubt(state: OrderState, event: e.EffectFellInDoubt, at: datetime) -> OrderState:
    return _answer(state, event.key, status="in_doubt", at=at)


# --- the small parts ----------------------------------------------------------------------------------------


def _body(state: OrderState) -> OrderSeen:
    assert state.order is not None, "an order's journal begins with OrderPlaced"
    return state.order


def _parcel(state: OrderState, shipment: str) -> Parcel:
    return next(parcel for parcel in state.parcels if parcel.seen.id == shipment)


def _with_parcel(state: OrderState, seen: ShipmentSeen, parcel: Parcel) -> OrderState:
    others = [known for known in state.parcels if known.seen.id != seen.id]
    return replace(state, parcels=tuple(sorted((*others, parcel), key=lambda p: (len(p.seen.id), p.seen.id))))


def _with_label(state: OrderState, label_id: str, **changes: Any) -> OrderState:
    known = next(label for label in state.labels if label.id == label_id)
    return replace(state, labels=_with(state.labels, replace(known, **changes)))


def _without_hold(state: OrderState, handle: str) -> OrderState:
    return replace(state, holds=tuple(hold for hold in state.holds if hold.handle != handle))


def _answer(state: OrderState, key: str, **changes: Any) -> OrderState:
    """An answer counts for the effect that asked; one to an earlier generation has nothing left to say."""
    ask = state.asks.get(slot_of(key))
    if ask is None or ask.key != key:
        return state
    return replace(state, asks=state.asks | {slot_of(key): replace(ask, **changes)})


def _with(items: tuple[Any, ...], item: Any) -> tuple[Any, ...]:
    others = [known for known in items if known.id != item.id]
    return tuple(sorted((*others, item), key=lambda known: (len(known.id), known.id)))


def _sorted(mapping: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(mapping.items()))


_APPLY: dict[type[e.Event], Apply] = {
    e.OrderPlaced: _placed,
    e.EarlierOrdersFound: _earlier_orders,
    e.OrderChanged: _changed,
    e.NoChangeSeen: _unchanged,
    e.OrderCancelled: _cancelled,
    e.OrderClosed: _closed,
    e.OrderReopened: _reopened,
    **dict.fromkeys(PAYMENT_STATES, _payment_moved),
    e.OrderDeleted: _deleted,
    e.ProblemsSeen: _problems,
    e.OddMoveSeen: _odd,
    e.TransactionRecorded: _transaction,
    e.RefundRecorded: _refund,
    e.RiskAssessed: _risk,
    e.OrderRouted: _routed,
    e.RoutingConfirmed: _routing_confirmed,
    e.FulfillmentOrderAdded: _part_moved,
    e.FulfillmentOrderChanged: _part_moved,
    e.FulfillmentOrderOpened: _part_moved,
    e.FulfillmentOrderStarted: _part_moved,
    e.FulfillmentOrderScheduled: _part_moved,
    e.FulfillmentOrderHeld: _part_moved,
    e.FulfillmentOrderFellShort: _part_moved,
    e.FulfillmentOrderClosed: _part_moved,
    e.FulfillmentOrderCancelled: _part_moved,
    e.FulfillmentRejected: _rejected,
    e.FulfillmentOrderGone: _part_gone,
    e.Shipped: _shipped,
    e.ShipmentChanged: _shipment_changed,
    **dict.fromkeys(PROGRESS_STATES, _shipment_moved),
    e.LabelBought: _label_bought,
    e.LabelVoided: _label_voided,
    e.LabelHandedOver: _label_handed_over,
    e.LabelTracked: _label_tracked,
    e.Picked: _picked,
    e.Packed: _packed,
    e.PutBack: _put_back,
    e.HoldPlaced: _held,
    e.HoldReleased: _let_go,
    e.HoldExpired: _let_go,
    e.HoldLapsed: _lapsed,
    e.TagWanted: _tag_wanted,
    e.TagUnwanted: _tag_unwanted,
    e.AddressAccepted: _address_accepted,
    e.TaskClaimed: _claimed,
    e.TaskUnclaimed: _unclaimed,
    e.TaskSettled: _settled,
    e.StepRanLate: _ran_late,
    **evolve_stock.APPLY,
    e.WorkBegan: _began,
    e.PolicyMigrated: _migrated,
    e.EffectAsked: _asked,
    e.EffectConfirmed: _confirmed,
    e.EffectRefused: _refused,
    e.EffectWithdrawn: _withdrawn,
    e.EffectFellInDoubt: _in_doubt,
}
