"""What people ask for: each request is accepted as facts and effects, or refused with a code and a sentence.

The guard of a request and the button of a page are one function: `offers` asks the same `refusal` that `accept` obeys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct

from ordna.core import events as e
from ordna.core import labels
from ordna.core import messages as m
from ordna.core.effects import CancelOrder, Effect, NoteOrder, ShipPart
from ordna.core.order import (
    OrderState,
    covers,
    is_being_shipped,
    label_of,
    labels_of,
    live_parts,
    part_of,
    shipped_units,
)
from ordna.core.outcome import Fact, Order, Refusal
from ordna.core.planning import HOLDABLE, effect_of, under_way
from ordna.core.policy import Policy
from ordna.core.ready import done_before, held, not_yet, step_ready, work_on
from ordna.core.rules import fingerprint, handle_of, rule_of
from ordna.core.shipping import BuyLabel, HandOver, VoidLabel
from ordna.core.values import BadValue, one_line, utc
from ordna.core.vocabulary import order_values

CANCEL_REASONS = ("customer", "declined", "fraud", "inventory", "staff", "other")
TEXT_LENGTH_MAX = 5000


class Accepted(Struct, frozen=True):
    """The choice as facts, and the one-time effects it asks for."""

    facts: tuple[Fact, ...]
    effects: tuple[Effect, ...] = ()


class Offer(Struct, frozen=True):
    """One thing a person could ask for now. When it is not `allowed`, `code` and `sentence` say why not."""

    kind: str
    part: str
    allowed: bool
    code: str = ""
    sentence: str = ""


def accept(order: Order, asked: m.Asked, policy: Policy) -> Accepted | Refusal:
    """Guard one request and turn it into facts and effects. A stale version is refused as `stale`."""
    if asked.saw_version is not None and asked.saw_version != order.state.seq:
        return Refusal(
            "stale", "saw_version", f"The order moved on from version {asked.saw_version} to {order.state.seq}."
        )
    if order.state.order is None:
        return Refusal("unknown_order", "order", "There is no such order.")
    no = refusal(order, asked.request, policy)
    if no is not None:
        return no
    events, effects = _MAKE[type(asked.request)](order, asked.request, asked, policy)
    return Accepted(tuple(Fact(event, asked.at, "person", asked.by) for event in events), effects)


def offers(order: Order, policy: Policy, now: datetime) -> tuple[Offer, ...]:
    """Every kind of request the page could show, with its answer if it were asked now."""
    return tuple(_offer(order, request, policy) for request in _thinkable(order.state))


def refusal(order: Order, request: m.Request, policy: Policy) -> Refusal | None:
    """Why this request can't be accepted now; None when it can."""
    return _GUARD[type(request)](order, request, policy)


def _offer(order: Order, request: m.Request, policy: Policy) -> Offer:
    no = refusal(order, request, policy)
    kind = str(type(request).__struct_config__.tag)
    part = getattr(request, "part", "") or getattr(request, "handle", "") or getattr(request, "label", "")
    return Offer(kind, part, no is None, no.code if no else "", no.sentence if no else "")


def _thinkable(state: OrderState) -> Iterator[m.Request]:
    for part in live_parts(state):
        yield m.Pick(part.id)
        yield m.Pack(part.id)
        yield m.Ship(part.id)
        if any(item.part == part.id for item in state.picked):
            yield m.Unpick(part.id)
    for label in state.labels:
        yield VoidLabel(label.id)
    for hold in state.holds:
        yield m.ReleaseHold(hold.handle)
    yield m.PlaceHold("A reason", "")
    if state.address_complete is not True:
        yield m.AcceptAddress()
    yield m.Cancel("customer")


# --- guards -------------------------------------------------------------------------------------------------


def _may_pick(order: Order, request: Any, policy: Policy) -> Refusal | None:
    return (
        work_on(order, request.part, policy)
        or held(order)
        or step_ready(order, "pick", request.part, policy)
        or done_before(order, request.part, order.state.picked, "already_picked", "It is picked already.")
    )


def _may_pack(order: Order, request: Any, policy: Policy) -> Refusal | None:
    return (
        work_on(order, request.part, policy)
        or held(order)
        or not_yet(order, request.part, order.state.picked, "not_picked", "It has to be picked first.")
        or done_before(order, request.part, order.state.packed, "already_packed", "It is packed already.")
    )


def _may_ship(order: Order, request: Any, policy: Policy) -> Refusal | None:
    no = work_on(order, request.part, policy) or held(order) or step_ready(order, "ship", request.part, policy)
    if no is not None:
        return no
    if not policy.acting:
        return Refusal("observing", "order", "The connection only observes: go live first, then Ordna may ship.")
    ask = order.state.asks.get(f"ship:{request.part}")
    if under_way(ask):
        return Refusal("already_asked", "part", "The shop has been asked to fulfil it and has not answered yet.")
    if labels.being_bought(order.state, request.part):
        return Refusal("label_under_way", "part", "A label is being bought for it: ship it when its number is known.")
    if is_being_shipped(order.state, request.part):
        return Refusal("already_asked", "part", "The shop confirmed the fulfillment; its own message is on the way.")
    seen = part_of(order.state, request.part)
    if seen is not None and (seen.status == "on_hold" or any(not hold.ours for hold in seen.holds)):
        return Refusal("held_outside", "part", "A hold stands on it in the shop; it has to be released there first.")
    return None


def _may_buy_label(order: Order, request: Any, policy: Policy) -> Refusal | None:
    ready = work_on(order, request.part, policy) or held(order) or step_ready(order, "pick", request.part, policy)
    return ready or labels.may_buy(order.state, request, policy)


def _may_unpick(order: Order, request: Any, policy: Policy) -> Refusal | None:
    if all(item.part != request.part for item in order.state.picked):
        return Refusal("not_picked", "part", "Nothing of it was picked.")
    seen = part_of(order.state, request.part)
    if seen is not None and covers(shipped_units(order.state).get(request.part, {}), seen.lines):
        return Refusal("already_shipped", "part", "It has left the house.")
    return None


def _may_hold(order: Order, request: Any, policy: Policy) -> Refusal | None:
    if order.state.cancelled or order.state.closed:
        return Refusal("order_over", "order", "The order is cancelled or closed: there is nothing left to stop.")
    if not request.reason.strip() or len(request.reason) > 200:
        return Refusal("bad_reason", "reason", "Say in a few words why the order must not move.")
    if request.owner and request.owner not in policy.flow.teams:
        return Refusal("unknown_team", "owner", f"There is no team “{request.owner}” in the flow.")
    if request.expires_at is not None:
        try:
            utc(request.expires_at)
        except BadValue as wrong:
            return Refusal(wrong.code, "expires_at", str(wrong))
    live = live_parts(order.state)
    if live and not any(part.status in HOLDABLE for part in live):
        return Refusal("too_late", "order", "Everything has left or is being shipped: it is too late to hold it.")
    return None


def _may_release(order: Order, request: Any, policy: Policy) -> Refusal | None:
    if all(hold.handle != request.handle for hold in order.state.holds):
        return Refusal("not_held", "handle", "That hold no longer stands.")
    return None


def _may_accept_address(order: Order, request: Any, policy: Policy) -> Refusal | None:
    if order.state.address_complete is True:
        return Refusal("address_complete", "order", "The address is complete as it stands.")
    return None


def _may_cancel(order: Order, request: Any, policy: Policy) -> Refusal | None:
    state = order.state
    if state.cancelled:
        return Refusal("already_cancelled", "order", "The order is cancelled already.")
    if request.reason not in CANCEL_REASONS:
        return Refusal("bad_reason", "reason", f"The reason is one of {', '.join(CANCEL_REASONS)}.")
    if any(parcel.progress != "cancelled" for parcel in state.parcels):
        return Refusal(
            "already_shipped", "order", "Part of the order has left: cancel its fulfillment first, or start a return."
        )
    if not policy.acting:
        return Refusal("observing", "order", "The connection only observes: go live first, then Ordna may cancel.")
    if any(under_way(ask) for slot, ask in state.asks.items() if slot.startswith("ship:")):
        return Refusal("being_shipped", "order", "The shop is being asked to fulfil it: wait for the answer.")
    ask = state.asks.get("cancel")
    if ask is not None and ask.status in ("asked", "in_doubt", "confirmed"):
        return Refusal("already_asked", "order", "The shop has been asked to cancel it and works on it.")
    return None


def _may_tag(order: Order, request: Any, policy: Policy) -> Refusal | None:
    bad = [tag for tag in request.tags if not tag.strip() or "," in tag or len(tag) > 40]
    if bad or not request.tags or len(request.tags) > 50:
        return Refusal("bad_tag", "tags", "Give one to fifty tags of at most 40 characters without a comma.")
    return None


def _may_note(order: Order, request: Any, policy: Policy) -> Refusal | None:
    if len(request.text) > TEXT_LENGTH_MAX:
        return Refusal("field_too_long", "text", f"A note has at most {TEXT_LENGTH_MAX} characters.")
    if not policy.acting:
        return Refusal("observing", "order", "The connection only observes: go live first, then Ordna may write notes.")
    return None


def _may_claim(order: Order, request: Any, policy: Policy) -> Refusal | None:
    task = next((task for task in order.verdict.tasks if task.key == request.task), None)
    if task is None:
        return Refusal("task_gone", "task", "That task is done or no longer needed.")
    if task.claimed_by is not None:
        return Refusal("claimed", "task", f"{task.claimed_by} has it already.")
    return None


def _may_unclaim(order: Order, request: Any, policy: Policy) -> Refusal | None:
    return None if request.task in order.state.claims else Refusal("not_claimed", "task", "Nobody has that task.")


def _may_settle(order: Order, request: Any, policy: Policy) -> Refusal | None:
    task = next((task for task in order.verdict.tasks if task.key == request.task), None)
    if task is None:
        return Refusal("task_gone", "task", "That task is done or no longer needed.")
    if "settle" not in task.asks:
        return Refusal("not_by_word", "task", "This task closes itself when the work is done.")
    return None


# --- what an accepted request comes to ----------------------------------------------------------------------

Made = tuple[tuple[e.Event, ...], tuple[Effect, ...]]


def _pick(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    return (e.Picked(request.part, _lines(order.state, request.part), _place(order.state, request.part)),), ()


def _pack(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    return (e.Packed(request.part, _lines(order.state, request.part), _place(order.state, request.part)),), ()


def _unpick(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    return (e.PutBack(request.part),), ()


def _ship(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    carrier, tracking = one_line(request.carrier or "") or None, one_line(request.tracking or "") or None
    if tracking is None and (bought := labels_of(order.state, request.part)):
        carrier, tracking = carrier or bought[0].made.carrier, bought[0].made.tracking
    part = part_of(order.state, request.part)
    lines, refs = (part.lines, part.refs) if part is not None else ((), ())
    body = ShipPart(request.part, lines, carrier, tracking, request.notify, refs)
    return (), (effect_of(order.state, f"ship:{request.part}", body),)


def _buy_label(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    return (), (labels.purchase(order.state, request),)


def _void_label(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    label = label_of(order.state, request.label)
    assert label is not None, "its guard has seen it"
    return (), (labels.give_back(order.state, label),)


def _hold(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    handle = handle_of(f"{request.reason[:30]}-{order.state.holds_placed + 1}")
    owner = request.owner or next(iter(policy.flow.teams))
    return (e.HoldPlaced(handle, one_line(request.reason), owner, asked.at, None, request.expires_at),), ()


def _release(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    hold = next(hold for hold in order.state.holds if hold.handle == request.handle)
    rule = rule_of(policy.flow, hold)
    values = fingerprint(rule, order_values(order.state, policy.flow.currency)) if rule is not None else None
    return (e.HoldReleased(request.handle, values),), ()


def _accept_address(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    return (e.AddressAccepted(),), ()


def _cancel(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    body = CancelOrder(request.reason, request.refund, request.restock, request.notify)
    return (), (effect_of(order.state, "cancel", body),)


def _add_tags(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    return tuple(e.TagWanted(one_line(tag)) for tag in request.tags), ()


def _remove_tags(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    return tuple(e.TagUnwanted(one_line(tag)) for tag in request.tags), ()


def _note(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    return (), (effect_of(order.state, "note", NoteOrder(request.text)),)


def _claim(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    return (e.TaskClaimed(request.task, asked.by),), ()


def _unclaim(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    return (e.TaskUnclaimed(request.task),), ()


def _settle(order: Order, request: Any, asked: m.Asked, policy: Policy) -> Made:
    return (e.TaskSettled(request.task),), ()


def _lines(state: OrderState, part_id: str) -> tuple[m.Quantity, ...]:
    part = part_of(state, part_id)
    return part.lines if part is not None else ()


def _place(state: OrderState, part_id: str) -> str | None:
    part = part_of(state, part_id)
    return part.location if part is not None else None


_GUARD: dict[type, Callable[[Order, Any, Policy], Refusal | None]] = {
    m.Pick: _may_pick,
    m.Pack: _may_pack,
    m.Unpick: _may_unpick,
    m.Ship: _may_ship,
    m.PlaceHold: _may_hold,
    m.ReleaseHold: _may_release,
    m.AcceptAddress: _may_accept_address,
    m.Cancel: _may_cancel,
    m.AddTags: _may_tag,
    m.RemoveTags: _may_tag,
    m.WriteNote: _may_note,
    m.Claim: _may_claim,
    m.Unclaim: _may_unclaim,
    m.Settle: _may_settle,
    BuyLabel: _may_buy_label,
    VoidLabel: lambda order, request, policy: labels.may_void(order.state, request, policy),
    HandOver: lambda order, request, policy: labels.may_hand_over(order.state, request, policy),
}
_MAKE: dict[type, Callable[[Order, Any, m.Asked, Policy], Made]] = {
    m.Pick: _pick,
    m.Pack: _pack,
    m.Unpick: _unpick,
    m.Ship: _ship,
    m.PlaceHold: _hold,
    m.ReleaseHold: _release,
    m.AcceptAddress: _accept_address,
    m.Cancel: _cancel,
    m.AddTags: _add_tags,
    m.RemoveTags: _remove_tags,
    m.WriteNote: _note,
    m.Claim: _claim,
    m.Unclaim: _unclaim,
    m.Settle: _settle,
    BuyLabel: _buy_label,
    VoidLabel: _void_label,
    HandOver: lambda order, request, asked, policy: ((e.LabelHandedOver(request.label, request.handover),), ()),
}
