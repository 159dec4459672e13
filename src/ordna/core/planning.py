"""What is to be done outside: desired effects are wanted minus observed, computed anew on every picture.

A slot is what an effect is about ("hold:<part>:<handle>"). At most one effect of a slot is under way; the key of an
effect is its slot and
generation, and a new generation exists only after an answer which proves that the last one did nothing, or after what
it did was undone. `unwanted` is asked once more right before an effect is sent.
"""

from __future__ import annotations

from datetime import datetime

from ordna.core.effects import (
    CancelOrder,
    Effect,
    EffectBody,
    HoldPart,
    NoteOrder,
    PurchaseLabel,
    ReleasePart,
    ReturnLabel,
    ShipPart,
    TagOrder,
    UntagOrder,
)
from ordna.core.messages import PartSeen
from ordna.core.order import Ask, OrderState, covers, label_of, live_parts, part_of, shipped_units
from ordna.core.outcome import Refusal

HOLDABLE = frozenset({"open", "scheduled", "on_hold"})
UNDER_WAY = frozenset({"asked", "in_doubt"})


def desired(state: OrderState) -> tuple[Effect, ...]:
    """The reversible effects that are missing outside and not under way."""
    return (*_holds(state), *_tags(state))


def next_generation(state: OrderState, slot: str) -> int:
    """The number of the next effect of a slot."""
    last = state.asks.get(slot)
    return 1 if last is None else last.generation + 1


def effect_of(state: OrderState, slot: str, body: EffectBody) -> Effect:
    """An effect in a slot, under its next key."""
    generation = next_generation(state, slot)
    return Effect(f"{slot}#{generation}", generation, body)


def under_way(ask: Ask | None) -> bool:
    """True while an effect was asked for and has no answer that settles it."""
    return ask is not None and ask.status in UNDER_WAY


def unwanted(state: OrderState, effect: Effect) -> Refusal | None:
    """Why an effect that is about to be sent should not be; None when it still should."""
    match effect.body:
        case HoldPart(part=part, handle=handle):
            if not any(hold.handle == handle for hold in state.holds):
                return Refusal("hold_gone", "handle", "The hold was released before it was placed outside.")
            return _part_gone(state, part)
        case ReleasePart(part=part, handle=handle):
            if any(hold.handle == handle for hold in state.holds):
                return Refusal("held_again", "handle", "The order is held again for the same reason.")
            seen = part_of(state, part)
            if seen is None or all(hold.handle != handle for hold in seen.holds):
                return Refusal("not_held", "part", "The hold no longer stands outside.")
        case ShipPart(part=part):
            return _not_to_ship(state, part)
        case CancelOrder():
            if state.cancelled:
                return Refusal("order_cancelled", "order", "The order is cancelled already.")
        case TagOrder(tags=tags):
            if state.order is not None and set(tags) <= set(state.order.tags):
                return Refusal("tagged", "tags", "The tags are there already.")
        case UntagOrder(tags=tags):
            if state.order is not None and not set(tags) & set(state.order.tags):
                return Refusal("not_tagged", "tags", "The tags are gone already.")
        case PurchaseLabel(part=part):
            return _not_to_ship(state, part)
        case ReturnLabel(label=label_id):
            label = label_of(state, label_id)
            if label is None or not label.usable:
                return Refusal("no_label", "label", "The label was given back already.")
        case NoteOrder():
            return None
    return None


def _not_to_ship(state: OrderState, part: str) -> Refusal | None:
    if state.cancelled:
        return Refusal("order_cancelled", "order", "The order was cancelled.")
    seen = part_of(state, part)
    if seen is not None and covers(shipped_units(state).get(part, {}), seen.lines):
        return Refusal("already_shipped", "part", "All its units have left already.")
    return _part_gone(state, part)


def _part_gone(state: OrderState, part: str) -> Refusal | None:
    seen = part_of(state, part)
    if seen is None or seen.status in ("closed", "cancelled"):
        return Refusal("part_gone", "part", "The fulfillment order was replaced, closed or cancelled.")
    return None


def _holds(state: OrderState) -> list[Effect]:
    out: list[Effect] = []
    if not state.holds and not any(part.holds for part in state.parts):
        return out
    wanted = {hold.handle: hold for hold in state.holds}
    live = {part.id for part in live_parts(state)}
    for part in state.parts:
        observed = {hold.handle: hold for hold in part.holds if hold.ours and hold.handle}
        for handle, hold in wanted.items():
            if handle not in observed and part.id in live and part.status in HOLDABLE:
                slot = _hold_slot(part, handle)
                if _may_ask(state, slot, "HoldPart"):
                    out.append(effect_of(state, slot, HoldPart(part.id, handle, hold.reason)))
        for known, outside in observed.items():
            if known is not None and known not in wanted:
                slot = _hold_slot(part, known)
                if _may_ask(state, slot, "ReleasePart"):
                    out.append(effect_of(state, slot, ReleasePart(part.id, known, outside.id)))
    return out


def _hold_slot(part: PartSeen, handle: str) -> str:
    return f"hold:{part.id}:{handle}"


def _may_ask(state: OrderState, slot: str, effect: str) -> bool:
    """A slot is free when nothing is under way and, if the same was done before, a later look showed it undone."""
    last = state.asks.get(slot)
    if last is None:
        return True
    if last.status in UNDER_WAY:
        return False
    if last.effect != effect or last.status == "withdrawn":
        return True
    return last.status == "confirmed" and _looked_since(state, last.at)


def _looked_since(state: OrderState, at: datetime) -> bool:
    return state.routed_at is not None and state.routed_at > at


def _tags(state: OrderState) -> list[Effect]:
    """Each tag of ours once: what a person changed outside afterwards is that person's to decide."""
    if state.order is None or state.cancelled:
        return []
    out: list[Effect] = []
    present = set(state.order.tags)
    for tag in state.tags_wanted:
        if tag not in present and _toggles(state, tag, "TagOrder"):
            out.append(effect_of(state, f"tag:{tag}", TagOrder((tag,))))
    for tag in state.tags_unwanted:
        if tag in present and _toggles(state, tag, "UntagOrder"):
            out.append(effect_of(state, f"tag:{tag}", UntagOrder((tag,))))
    return out


def _toggles(state: OrderState, tag: str, effect: str) -> bool:
    last = state.asks.get(f"tag:{tag}")
    return last is None or (last.status not in UNDER_WAY and (last.effect != effect or last.status == "withdrawn"))
