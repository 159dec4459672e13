"""From a snapshot to facts: what does this picture say that the state does not say yet?

Every facet, and every item with a version of its own, is compared by version:

* older than what is known: nothing (except what can never change and was not known yet);
* equal version, equal content: nothing;
* equal version, other content: a read settles it, a webhook asks for a read;
* newer: what differs *in meaning* becomes facts; when nothing differs, that is noted as noise.

So a duplicate yields nothing, arrival order does not matter, and a webhook, a sweep page and a re-read converge.
A source's time that lies in the future is held back to the time of receipt and flagged.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ordna.core import events as e
from ordna.core import lifecycle
from ordna.core.evolve import PAYMENT_STATES, PROGRESS_STATES, evolve
from ordna.core.messages import (
    Observed,
    OrderSeen,
    PartSeen,
    PartsSeen,
    RefundSeen,
    RiskSeen,
    ShipmentSeen,
    Snapshot,
    TrackingSeen,
    TransactionSeen,
)
from ordna.core.order import OrderState, Parcel, parcel_under
from ordna.core.outcome import Fact
from ordna.core.values import Problem, clamp

PAYMENT_EVENTS: dict[str | None, type[e.BodyMoved]] = {
    state: event for event, state in PAYMENT_STATES.items() if issubclass(event, e.BodyMoved)
}
PROGRESS_EVENTS: dict[str, type[e.ShipmentMoved]] = {
    state: event for event, state in PROGRESS_STATES.items() if issubclass(event, e.ShipmentMoved)
}
TOLD_BY_EVENTS = frozenset({"version", "payment", "cancelled_at", "cancel_reason", "closed_at"})
SETTLED_TRANSACTION = frozenset({"success", "failure", "error"})

_Item = TypeVar("_Item", TransactionSeen, RefundSeen)


class Seen(Struct, frozen=True):
    """What a snapshot came to: the state with its facts folded in, the facts, and why to read again (or "")."""

    state: OrderState
    facts: tuple[Fact, ...]
    reread: str = ""


def observe(state: OrderState, message: Observed) -> Seen:
    """The facts of one snapshot. Without an order's body nothing can begin: then it asks for a read."""
    return _Observer(state, message).run()


class _Observer:
    """One walk through one snapshot; the state moves on with every fact."""

    def __init__(self, state: OrderState, message: Observed) -> None:
        self.state = state
        self.message = message
        self.facts: list[Fact] = []
        self.reread = ""
        self.future: list[Problem] = []

    def run(self) -> Seen:
        snapshot = self.message.snapshot
        if snapshot.deleted:
            return self.deleted()
        if snapshot.order is not None:
            self.body(replace(snapshot.order, version=self.held_back(snapshot.order.version, "updated_at")), snapshot)
        if self.state.order is None:
            return Seen(self.state, (), "the order itself was not seen yet")
        self.parcels(snapshot)
        if self.state.labels:
            self.labels()
        self.money(snapshot)
        if snapshot.risk is not None:
            self.risk(snapshot.risk)
        if snapshot.parts is not None:
            self.parts(snapshot.parts)
        return Seen(self.state, tuple(self.facts), self.reread)

    def tell(self, event: e.Event, at: datetime) -> None:
        """One fact more; a moment later than its receipt counts as its receipt."""
        at = min(at, self.message.received_at)
        self.facts.append(Fact(event, at, "outside", self.message.source))
        self.state = evolve(self.state, event, at)

    @property
    def now(self) -> datetime:
        return self.message.received_at

    def dated(self, read_at: datetime) -> datetime:
        """When what only a read shows came about: at the read, or for an order first seen by this very message, which
        may be weeks old, by the last thing that is dated."""
        first_seen = any(isinstance(fact.event, e.OrderPlaced) for fact in self.facts)
        return max(fact.at for fact in self.facts) if first_seen else read_at

    def held_back(self, version: datetime, path: str) -> datetime:
        kept = clamp(version, self.message.received_at)
        if kept != version:
            sentence = f"The source's time {version.isoformat()} lies in the future; the time of receipt counts."
            self.future.append(Problem("in_the_future", path, sentence))
        return kept

    def deleted(self) -> Seen:
        if self.state.order is not None and not self.state.deleted:
            self.tell(e.OrderDeleted(), self.message.received_at)
        return Seen(self.state, tuple(self.facts))

    # --- the order's body ---

    def body(self, seen: OrderSeen, snapshot: Snapshot) -> None:
        known = self.state.order
        if known is None:
            self.tell(e.OrderPlaced(seen, self.message.orders_before), seen.placed_at)
            if seen.cancelled_at is not None:
                self.tell(e.OrderCancelled(seen.version, seen.cancelled_at, seen.cancel_reason), seen.cancelled_at)
            if seen.closed_at is not None:
                self.tell(e.OrderClosed(seen.version, seen.closed_at), seen.closed_at)
            self.problems(snapshot)
        elif seen.version > known.version:
            self.changes(known, seen)
            self.problems(snapshot)
            if seen.lines is not None and _more_units(known, seen) and self.state.routed_at and not snapshot.by_read:
                self.reread = "the order has more units than when it was routed"
        elif seen.version == known.version:
            if snapshot.by_read:
                self.changes(known, seen)
                self.problems(snapshot)
            elif seen != known:
                self.reread = "two pictures of the order carry the same time and differ"
        self.earlier_orders()

    def earlier_orders(self) -> None:
        """An order that was late to come in may have been placed before this one: then this one was not the first."""
        counted, known = self.message.orders_before, self.state.orders_before
        if counted is not None and (known is None or counted > known):
            self.tell(e.EarlierOrdersFound(counted), self.now)

    def changes(self, known: OrderSeen, seen: OrderSeen) -> None:
        before = len(self.facts)
        fields = _changed_fields(known, seen)
        if fields:
            self.tell(e.OrderChanged(seen.version, fields), seen.version)
        if seen.payment != known.payment:
            self.machine(lifecycle.PAYMENT, "payment", known.payment, seen.payment, seen.version)
            self.tell(PAYMENT_EVENTS[seen.payment](seen.version), seen.version)
        if seen.cancelled_at is not None and known.cancelled_at is None:
            self.tell(e.OrderCancelled(seen.version, seen.cancelled_at, seen.cancel_reason), seen.cancelled_at)
        elif seen.cancelled_at is None and known.cancelled_at is not None:
            self.tell(e.OrderReopened(seen.version), seen.version)
        if seen.closed_at is not None and (self.state.order is None or self.state.order.closed_at != seen.closed_at):
            self.tell(e.OrderClosed(seen.version, seen.closed_at), seen.closed_at)
        elif seen.closed_at is None and self.state.closed:
            self.tell(e.OrderReopened(seen.version), seen.version)
        if len(self.facts) == before and seen.version > known.version:
            self.tell(e.NoChangeSeen(seen.version), seen.version)

    def machine(self, machine: str, what: str, before: str | None, after: str | None, at: datetime) -> None:
        """A move that no path of the table explains is told as odd beside the fact itself."""
        if before is None or after is None:
            return
        if lifecycle.move(machine, before, after) == "odd":
            self.tell(e.OddMoveSeen(machine, what, before, after), at)

    def problems(self, snapshot: Snapshot) -> None:
        found = (*snapshot.problems, *self.future)
        if found != self.state.problems.get("order", ()):
            self.tell(e.ProblemsSeen("order", found), snapshot.order.version if snapshot.order else self.now)

    # --- parcels ---

    def parcels(self, snapshot: Snapshot) -> None:
        for seen in sorted(snapshot.shipments, key=lambda item: item.id):
            self.parcel(
                replace(seen, version=self.held_back(seen.version, "fulfillments.updated_at")), snapshot.by_read
            )
        for tracked in sorted(snapshot.tracking, key=lambda item: item.version):
            self.tracked(tracked)

    def parcel(self, seen: ShipmentSeen, by_read: bool) -> None:
        known = next((parcel for parcel in self.state.parcels if parcel.seen.id == seen.id), None)
        if known is None:
            self.tell(e.Shipped(seen), seen.created_at)
            return
        if not seen.parts and known.seen.parts:
            seen = replace(seen, parts=known.seen.parts)
        elif seen.parts and not known.seen.parts:
            enriched = replace(known.seen, parts=seen.parts)
            self.tell(e.ShipmentChanged(enriched), seen.version)
            known = replace(known, seen=enriched)
        if seen.version > known.seen.version:
            if _without_progress(seen) != _without_progress(replace(known.seen, version=seen.version)):
                self.tell(e.ShipmentChanged(seen), seen.version)
            self.progress(known, seen.progress, seen.version, seen.version)
        elif seen.version == known.seen.version and seen != known.seen:
            if by_read:
                self.tell(e.ShipmentChanged(seen), seen.version)
                self.progress(known, seen.progress, seen.version, seen.version)
            else:
                self.reread = "two pictures of a parcel carry the same time and differ"

    def tracked(self, seen: TrackingSeen) -> None:
        known = next((parcel for parcel in self.state.parcels if parcel.seen.id == seen.shipment), None)
        if known is None:
            self.reread = "tracking came for a parcel that was not seen yet"
        else:
            self.progress(known, seen.progress, self.held_back(seen.version, "fulfillment_event.updated_at"), seen.at)

    def labels(self) -> None:
        """What a carrier told before the shop knew of the parcel."""
        for label in self.state.labels:
            known = parcel_under(self.state, label.made.tracking)
            if known is not None and label.progress_version is not None and label.progress_at is not None:
                self.progress(known, label.progress, label.progress_version, label.progress_at)

    def progress(self, known: Parcel, progress: str, version: datetime, at: datetime) -> None:
        """The newest word on a parcel's way counts; at the same moment, the one further on."""
        if (version, _rank(progress)) <= (known.progress_version, _rank(known.progress)):
            return
        if progress == known.progress:
            return
        self.machine(lifecycle.SHIPMENT, known.seen.id, known.progress, progress, at)
        self.tell(PROGRESS_EVENTS[progress](known.seen.id, version), at)

    # --- money ---

    def money(self, snapshot: Snapshot) -> None:
        for transaction in sorted(snapshot.transactions, key=lambda item: item.id):
            known = next((item for item in self.state.transactions if item.id == transaction.id), None)
            if known is None:
                now = transaction
            elif known.status not in SETTLED_TRANSACTION and transaction.status in SETTLED_TRANSACTION:
                now = _completed(transaction, known)
            else:
                now = _completed(known, transaction)
            if now != known:
                self.tell(e.TransactionRecorded(now), transaction.at)
        for refund in sorted(snapshot.refunds, key=lambda item: item.id):
            told = next((item for item in self.state.refunds if item.id == refund.id), None)
            if told is None or _completed(told, refund) != told:
                self.tell(e.RefundRecorded(_completed(told or refund, refund)), refund.at)

    def risk(self, seen: RiskSeen) -> None:
        """Risk comes with the fulfillment orders in one read: what is older than that read, or than its own last
        word, is old."""
        known = max(filter(None, (self.state.risk_version, self.state.routed_at)), default=None)
        if seen.level != self.state.risk and (known is None or seen.version > known):
            self.tell(e.RiskAssessed(seen.level, seen.version), self.dated(seen.version))

    # --- fulfillment orders ---

    def parts(self, seen: PartsSeen) -> None:
        version = self.held_back(seen.version, "fulfillment_orders")
        routed_at = self.state.routed_at
        if not seen.complete or (routed_at is not None and version <= routed_at):
            if not seen.complete:
                self.reread = "not all fulfillment orders were read"
            return
        if routed_at is None:
            if seen.items:
                parts = tuple(sorted(seen.items, key=lambda part: part.id))
                self.tell(e.OrderRouted(version, parts), self.dated(version))
                for part in parts:
                    self.rejected(part, version)
            return
        before = len(self.facts)
        for part in sorted(seen.items, key=lambda item: item.id):
            self.part(part, version)
        present = {part.id for part in seen.items}
        for known in self.state.parts:
            if known.id not in present:
                self.tell(e.FulfillmentOrderGone(version, known.id), version)
        if len(self.facts) == before:
            self.tell(e.RoutingConfirmed(version), version)

    def part(self, seen: PartSeen, version: datetime) -> None:
        known = next((part for part in self.state.parts if part.id == seen.id), None)
        if known is None:
            self.tell(e.FulfillmentOrderAdded(version, seen), version)
        elif seen.status != known.status:
            self.machine(lifecycle.FULFILLMENT_ORDER, seen.id, known.status, seen.status, version)
            self.tell(_part_event(seen.status)(version, seen), version)
        elif seen != known:
            self.tell(e.FulfillmentOrderChanged(version, seen), version)
        if known is None or (known.request_status, known.location) != (seen.request_status, seen.location):
            self.rejected(seen, version)

    def rejected(self, seen: PartSeen, version: datetime) -> None:
        if seen.request_status == "rejected" and seen.location is not None:
            self.tell(e.FulfillmentRejected(version, seen.id, seen.location, seen.lines), version)


def _changed_fields(known: OrderSeen, seen: OrderSeen) -> dict[str, Any]:
    """The fields that differ and that no event of their own tells, as JSON values."""
    changed = {
        name: getattr(seen, name)
        for name in OrderSeen.__struct_fields__
        if name not in TOLD_BY_EVENTS and getattr(seen, name) != getattr(known, name)
    }
    plain: dict[str, Any] = msgspec.to_builtins(changed)
    return plain


def _more_units(known: OrderSeen, seen: OrderSeen) -> bool:
    """Whether a line came or grew: an edit, or what is sent in exchange. Some fulfillment order ships it."""
    before = {line.id: line.current_quantity for line in known.lines or ()}
    return any(line.ships and line.current_quantity > before.get(line.id, 0) for line in seen.lines or ())


def _completed(told: _Item, other: _Item) -> _Item:
    """What one source told, and what only another one knows: a webhook's transaction lacks what a read's has."""
    missing = {
        name: getattr(other, name)
        for name in told.__struct_fields__
        if getattr(told, name) is None and getattr(other, name) is not None
    }
    return replace(told, **missing) if missing else told


def _without_progress(seen: ShipmentSeen) -> ShipmentSeen:
    return replace(seen, progress="")


def _part_event(status: str) -> type[e.PartMoved]:
    event = e.BY_KIND[lifecycle.event_into(lifecycle.FULFILLMENT_ORDER, status)]
    assert issubclass(event, e.PartMoved)
    return event


_ORDER_OF_PROGRESS = tuple(lifecycle.MACHINES[lifecycle.SHIPMENT])


def _rank(progress: str) -> int:
    return _ORDER_OF_PROGRESS.index(progress)
