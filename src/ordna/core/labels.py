"""Labels of an order: when one may be bought or given back, what becomes of them, and what the carrier's word means.

A label costs money, so a fulfillment order gets a second one only when that was said, and none while another is being
bought. A cancelled order gives its unused labels back by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from ordna.core import events as e
from ordna.core import lifecycle
from ordna.core.effects import Effect, PurchaseLabel, ReturnLabel
from ordna.core.evolve import evolve
from ordna.core.messages import Observed, Snapshot, TrackingSeen
from ordna.core.observe import observe
from ordna.core.order import OrderState, label_of, label_under, labels_of, parcel_under
from ordna.core.outcome import Fact, Refusal
from ordna.core.planning import effect_of, under_way
from ordna.core.policy import Policy
from ordna.core.shipping import BuyLabel, HandOver, Label, ParcelTracked, VoidLabel

WEIGHT_MAX_G = 1_000_000
SIDE_MAX_MM = 10_000
ASTRAY = {"failed": "could not be delivered", "returned": "came back to its sender"}


def may_buy(state: OrderState, request: BuyLabel, policy: Policy) -> Refusal | None:
    """Why no label can be bought, of a fulfillment order that is ready to be worked on; None when one can."""
    if not policy.acting:
        return Refusal("observing", "order", "The connection only observes: go live first, then Ordna may buy labels.")
    if not 0 < request.package.weight_g <= WEIGHT_MAX_G:
        return Refusal("bad_weight", "package.weight_g", "Say what the parcel weighs, from 1 g to 1,000 kg.")
    sides = (request.package.length_mm, request.package.width_mm, request.package.height_mm)
    if any(not 0 <= side <= SIDE_MAX_MM for side in sides):
        return Refusal("bad_size", "package", "The sides of a parcel are from 0 to 10,000 mm.")
    if being_bought(state, request.part):
        return Refusal("already_asked", "part", "A label is being bought; its answer is on the way.")
    if labels_of(state, request.part) and not request.another:
        return Refusal("has_label", "part", "It has a label. For a further parcel, say that you want another.")
    return None


def may_void(state: OrderState, request: VoidLabel, policy: Policy) -> Refusal | None:
    """Why a label can't be given back; None when it can."""
    label = label_of(state, request.label)
    if label is None or not label.usable:
        return Refusal("no_label", "label", "There is no such label (any more).")
    if not policy.acting:
        return Refusal("observing", "order", "The connection only observes: go live first.")
    if label.handed_over_at is not None:
        return Refusal("handed_over", "label", "The parcel was handed over: its label can't be given back.")
    if label.progress:
        return Refusal("already_moving", "label", "The parcel is on its way: its label can't be given back.")
    if parcel_under(state, label.made.tracking) is not None or under_way(state.asks.get(f"ship:{label.part}")):
        return Refusal("already_shipped", "label", "The shop was told that the parcel has left under this label.")
    if under_way(state.asks.get(_return_slot(label))):
        return Refusal("already_asked", "label", "It is being given back; the carrier’s answer is on the way.")
    return None


def may_hand_over(state: OrderState, request: HandOver, policy: Policy) -> Refusal | None:
    """Why a parcel can't be handed over; None when it can."""
    label = label_of(state, request.label)
    if label is None or not label.usable:
        return Refusal("no_label", "label", "There is no such label (any more).")
    if not request.handover.strip() or len(request.handover) > 100:
        return Refusal("bad_name", "handover", "Name the hand-over, in at most 100 characters.")
    if label.handed_over_at is not None:
        return Refusal("handed_over", "label", "The parcel was handed over already.")
    if state.cancelled or under_way(state.asks.get(_return_slot(label))):
        return Refusal("order_cancelled", "order", "The order was cancelled, or the label is being given back.")
    return None


def being_bought(state: OrderState, part: str) -> bool:
    """Whether a label of the fulfillment order was asked for and nobody knows yet what became of it."""
    return any(ask.effect == "PurchaseLabel" and ask.part == part and under_way(ask) for ask in state.asks.values())


def purchase(state: OrderState, request: BuyLabel) -> Effect:
    """The effect that buys a label: in the first slot whose label is not there."""
    number = 1
    while (known := label_of(state, f"{request.part}-{number}")) is not None and known.usable:
        number += 1
    label = f"{request.part}-{number}"
    body = PurchaseLabel(label, request.part, request.connection, request.service, request.package)
    return effect_of(state, f"label:{label}", body)


def give_back(state: OrderState, label: Label) -> Effect:
    """The effect that gives a label back."""
    return effect_of(state, _return_slot(label), ReturnLabel(label.id, label.connection, label.made.reference))


def to_give_back(state: OrderState) -> tuple[Effect, ...]:
    """The labels of a cancelled order that no parcel travels under, as effects, each once."""
    if not state.labels or not state.cancelled:
        return ()
    return tuple(
        give_back(state, label)
        for label in state.labels
        if label.usable
        and not label.progress
        and label.handed_over_at is None
        and parcel_under(state, label.made.tracking) is None
        and ((ask := state.asks.get(_return_slot(label))) is None or ask.status == "withdrawn")
    )


def tracked(state: OrderState, message: ParcelTracked) -> tuple[Fact, ...]:
    """What the carrier's word comes to: the label knows it, and so does the shipment, once the shop knows that one.
    Older words, and the same again, come to nothing."""
    label = label_under(state, message.tracking)
    if label is None or not _is_news(label, message):
        return ()
    facts: list[Fact] = []
    at = min(message.at, message.received_at)

    def tell(event: e.Event) -> None:
        nonlocal state
        facts.append(Fact(event, at, "outside", message.source))
        state = evolve(state, event, at)

    if not label.usable:
        tell(e.OddMoveSeen(lifecycle.SHIPMENT, f"label {label.id}", "given back", message.progress))
    tell(e.LabelTracked(label.id, message.progress, message.version))
    parcel = parcel_under(state, message.tracking)
    if parcel is not None:
        seen = TrackingSeen(parcel.seen.id, message.version, message.progress, message.at)
        facts += observe(state, Observed(Snapshot("", tracking=(seen,)), message.received_at, message.source)).facts
    return tuple(facts)


def bought(label: Label) -> e.LabelBought:
    """What a confirmed purchase comes to."""
    return e.LabelBought(replace(label, progress="", progress_version=None, progress_at=None))


def astray(state: OrderState) -> Iterator[tuple[str, str, str]]:
    """What somebody should look at: parcels that did not reach their receiver."""
    for label in state.labels:
        if label.progress in ASTRAY:
            words = f"{label.made.carrier} says that the parcel {label.made.tracking} {ASTRAY[label.progress]}."
            yield f"parcel:{label.id}:{label.progress}", "A parcel went astray", words


def _is_news(label: Label, message: ParcelTracked) -> bool:
    if label.progress_version is None:
        return True
    known = (label.progress_version, _rank(label.progress))
    return message.progress != label.progress and (message.version, _rank(message.progress)) > known


def _rank(progress: str) -> int:
    return tuple(lifecycle.MACHINES[lifecycle.SHIPMENT]).index(progress)


def _return_slot(label: Label) -> str:
    return f"return:{label.id}"
