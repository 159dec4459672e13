"""The order: its state (the fold of its journal) and what follows from the state alone.

`OrderState` holds what is known, never what was concluded by hand: there is no status field. Headline, live parts,
shipped units and holds in force are functions of it.

Work is keyed by order line and quantity. Fulfillment-order ids change whenever units are moved, split or held outside,
so what was picked for a part that is gone counts for the parts that took its units over at the same location.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from ordna.core import lifecycle
from ordna.core.claims import Allotted, Lacking, Loose
from ordna.core.messages import OrderSeen, PartSeen, Quantity, RefundSeen, ShipmentSeen, TransactionSeen
from ordna.core.shipping import Label
from ordna.core.values import Problem

Units = dict[str, int]


class Parcel(Struct, frozen=True):
    """A shipment as known: its newest picture, and its progress with the version and time of who said so."""

    seen: ShipmentSeen
    progress: str
    progress_version: datetime
    progress_at: datetime


class Hold(Struct, frozen=True, omit_defaults=True):
    """A named reason why the order must not move."""

    handle: str
    reason: str
    owner: str
    placed_at: datetime
    rule: str | None = None
    expires_at: datetime | None = None
    by: str | None = None


class Handled(Struct, frozen=True):
    """Units of a part that people picked or packed, when and at which location."""

    part: str
    lines: tuple[Quantity, ...]
    at: datetime
    location: str | None = None


class Rejection(Struct, frozen=True):
    """Lines of a fulfillment order that a location said no to."""

    part: str
    location: str
    lines: tuple[str, ...]


class Ask(Struct, frozen=True, omit_defaults=True):
    """An effect we asked for: asked, confirmed, refused, withdrawn or in_doubt."""

    key: str
    generation: int
    effect: str
    status: str
    at: datetime
    part: str | None = None
    code: str | None = None
    sentence: str | None = None
    reference: str | None = None


class OddMove(Struct, frozen=True):
    """A move of a machine that no path explains; open until a person looked."""

    machine: str
    object: str
    before: str
    after: str


class OrderState(Struct, frozen=True, omit_defaults=True):
    """All that is known of one order. `seq` counts the events folded: the order's version."""

    seq: int = 0
    order: OrderSeen | None = None
    orders_before: int | None = None
    live: bool = False
    deleted: bool = False
    routed_at: datetime | None = None
    paid_at: datetime | None = None
    risk: str | None = None
    risk_version: datetime | None = None
    parts: tuple[PartSeen, ...] = ()
    parcels: tuple[Parcel, ...] = ()
    transactions: tuple[TransactionSeen, ...] = ()
    refunds: tuple[RefundSeen, ...] = ()
    picked: tuple[Handled, ...] = ()
    packed: tuple[Handled, ...] = ()
    holds: tuple[Hold, ...] = ()
    holds_placed: int = 0
    releases: dict[str, str] = {}
    tags_wanted: dict[str, str | None] = {}
    tags_unwanted: tuple[str, ...] = ()
    address_accepted: str | None = None
    claims: dict[str, str] = {}
    settled: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    asks: dict[str, Ask] = {}
    problems: dict[str, tuple[Problem, ...]] = {}
    odd_moves: tuple[OddMove, ...] = ()
    stock_asked: bool = False
    reserved: tuple[Allotted, ...] = ()
    reserved_at: datetime | None = None
    short: tuple[Lacking, ...] = ()
    left: tuple[Allotted, ...] = ()
    loose: tuple[Loose, ...] = ()
    stock_lapsed: bool = False
    rejections: tuple[Rejection, ...] = ()
    labels: tuple[Label, ...] = ()

    @property
    def cancelled(self) -> bool:
        """True once the shop cancelled or deleted the order."""
        return self.deleted or (self.order is not None and self.order.cancelled_at is not None)

    @property
    def closed(self) -> bool:
        """True while the order is in the shop's archive."""
        return self.order is not None and self.order.closed_at is not None

    @property
    def address_complete(self) -> bool | None:
        """Whether a parcel could be addressed; a person's word counts for the address it was given on.

        Without any address it is unknown until the order is routed: what is fetched at a counter needs none.
        """
        if self.order is None:
            return None
        if self.address_accepted is not None and self.address_accepted == address_mark(self.order):
            return True
        if self.order.address_absent:
            return _needs_no_address(self)
        return self.order.address_complete


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(OrderState)


def encode_state(state: OrderState) -> bytes:
    """The state as stored: JSON in field order, equal bytes for equal states."""
    return _encoder.encode(state)


def decode_state(data: bytes) -> OrderState:
    """The state of a stored row."""
    return _decoder.decode(data)


def address_mark(order: OrderSeen) -> str:
    """What a person's word on an address binds to: it lapses when the address's picture changes."""
    return f"{order.country}|{order.address_complete}"


#: Ways of delivery that end at a counter of the shop: the buyer takes the goods, no parcel travels.
AT_THE_COUNTER = frozenset(("pick_up", "retail"))


def at_the_counter(part: PartSeen) -> bool:
    """True when the buyer takes the part's units at a counter of the shop."""
    return part.delivery_method in AT_THE_COUNTER


def ships_anything(state: OrderState) -> bool | None:
    """Whether any unit of the order is to be shipped; None when the lines are unknown."""
    if state.order is None or state.order.lines is None:
        return None
    return any(line.ships and not line.gift_card and line.current_quantity > 0 for line in state.order.lines)


def live_parts(state: OrderState) -> tuple[PartSeen, ...]:
    """The fulfillment orders that are or were work: not cancelled, and not closed in favour of others."""
    if state.cancelled and not state.parcels:
        return ()
    shipped = shipped_units(state)
    return tuple(part for part in state.parts if _is_work(part) and not _replaced(part, shipped.get(part.id, {})))


def part_status(part: PartSeen, shipped: Units) -> str:
    """The status of a fulfillment order: as seen, moved on by what left the house."""
    return lifecycle.coupled(part.status, covers(shipped, part.lines))


def shipped_units(state: OrderState) -> dict[str, Units]:
    """Units that left, by part and line. A parcel that names no part counts for the parts that hold its lines:
    its own location's first, then in the order of their ids."""
    moving = [parcel for parcel in state.parcels if parcel.progress != "cancelled"]
    return _attribute(state.parts, [(p.seen.parts, p.seen.location, p.seen.lines) for p in moving])


def delivered_units(state: OrderState) -> dict[str, Units]:
    """Units that reached their receiver, by part and line. What left over a counter has reached its receiver."""
    there = [parcel for parcel in state.parcels if parcel.progress == "delivered"]
    out = _attribute(state.parts, [(p.seen.parts, p.seen.location, p.seen.lines) for p in there])
    counters = [part.id for part in state.parts if at_the_counter(part)]
    if counters:
        shipped = shipped_units(state)
        out.update({part: shipped[part] for part in counters if part in shipped})
    return out


def handled_units(state: OrderState, handled: tuple[Handled, ...]) -> dict[str, Units]:
    """Picked or packed units by part and line; those of a part that is gone count for the parts that took over where
    the units lie: what was picked in one house is not picked in another."""
    out: dict[str, Units] = {}
    for location in dict.fromkeys(item.location for item in handled):
        here = tuple(part for part in state.parts if location is None or part.location == location)
        lots = [((item.part,), None, item.lines) for item in handled if item.location == location]
        for part, units in _attribute(here, lots).items():
            taken = out.setdefault(part, {})
            for line, count in units.items():
                taken[line] = taken.get(line, 0) + count
    return out


def covers(units: Units, lines: Iterable[Quantity]) -> bool:
    """True when every line's quantity is reached; with no units at all to reach it does not hold."""
    any_units = False
    for line in lines:
        if line.units > 0:
            any_units = True
            if units.get(line.line, 0) < line.units:
                return False
    return any_units


def part_of(state: OrderState, part_id: str) -> PartSeen | None:
    """One fulfillment order by its id."""
    return next((part for part in state.parts if part.id == part_id), None)


def part_names(state: OrderState) -> dict[str, str]:
    """What people call each fulfillment order: its place, numbered where a place has several."""
    live = live_parts(state)
    out: dict[str, str] = {}
    for part in state.parts:
        place = part.location_name or "To be shipped"
        same = [other.id for other in live if (other.location_name or "To be shipped") == place]
        number = f" ({same.index(part.id) + 1} of {len(same)})" if len(same) > 1 and part.id in same else ""
        out[part.id] = place + number
    return out


def slot_of(key: str) -> str:
    """The slot of an effect's key: what it is about, without its generation."""
    return key.rpartition("#")[0] or key


def is_being_shipped(state: OrderState, part_id: str) -> bool:
    """True when the shop was asked to fulfil the part and did not say no: the next word is the shop's."""
    ask = state.asks.get(f"ship:{part_id}")
    if ask is None or ask.status not in ("asked", "in_doubt", "confirmed"):
        return False
    taken_back = any(p.seen.id == ask.reference and p.progress == "cancelled" for p in state.parcels)
    return not taken_back


def label_of(state: OrderState, label_id: str) -> Label | None:
    """One label by its id, also one that was given back."""
    return next((label for label in state.labels if label.id == label_id), None)


def label_under(state: OrderState, tracking: str) -> Label | None:
    """The label of a parcel's number."""
    return next((label for label in state.labels if label.made.tracking == tracking), None)


def labels_of(state: OrderState, part_id: str) -> tuple[Label, ...]:
    """The labels of a fulfillment order that were not given back."""
    return tuple(label for label in state.labels if label.part == part_id and label.usable)


def parcel_under(state: OrderState, tracking: str) -> Parcel | None:
    """The shipment that the shop knows by that number."""
    return next((p for p in state.parcels if p.seen.tracking == tracking and p.progress != "cancelled"), None)


def headline(state: OrderState) -> str:
    """The order in one word, derived: deleted, cancelled, closed, delivered, shipped, partly shipped, held, open or
    new."""
    if state.deleted:
        return "deleted"
    if state.cancelled:
        return "cancelled"
    if state.closed:
        return "closed"
    live = live_parts(state)
    if live and state.parcels:
        delivered, shipped = delivered_units(state), shipped_units(state)
        if all(covers(delivered.get(part.id, {}), part.lines) for part in live):
            return "delivered"
        if all(covers(shipped.get(part.id, {}), part.lines) for part in live):
            return "shipped"
        return "partly shipped"
    return "held" if state.holds else "open"


def routing_tells(state: OrderState) -> bool:
    """True while an order without an address waits for its routing, which tells whether it needs one."""
    return state.order is not None and state.order.address_absent and state.routed_at is None


def _needs_no_address(state: OrderState) -> bool | None:
    if state.routed_at is None:
        return None
    return not any(_is_work(part) and not at_the_counter(part) for part in state.parts)


def _is_work(part: PartSeen) -> bool:
    units = any(line.units > 0 for line in part.lines)
    return units and part.status != "cancelled" and part.delivery_method != "none"


def _replaced(part: PartSeen, shipped: Units) -> bool:
    """Closed with units that never left: another part took them over."""
    if part.status != "closed":
        return False
    return not covers(shipped, part.lines) and not any(shipped.values())


def _attribute(
    parts: tuple[PartSeen, ...], lots: Sequence[tuple[tuple[str, ...], str | None, tuple[Quantity, ...]]]
) -> dict[str, Units]:
    """Hand lots of units out to parts: named parts first, then the location's own, then any, never above a part's
    quantity."""
    out: dict[str, Units] = {}
    if not lots or not parts:
        return out
    for named, location, lines in lots:
        for lot in lines:
            left = lot.units
            for part in _takers(parts, named, location):
                if left <= 0:
                    break
                room = next((q.units for q in part.lines if q.line == lot.line), 0)
                taken = out.setdefault(part.id, {})
                take = min(left, room - taken.get(lot.line, 0))
                if take > 0:
                    taken[lot.line] = taken.get(lot.line, 0) + take
                    left -= take
    return out


def _takers(parts: tuple[PartSeen, ...], named: tuple[str, ...], location: str | None) -> list[PartSeen]:
    if len(parts) == 1:
        return list(parts)
    return sorted(
        (part for part in parts if part.status != "cancelled"),
        key=lambda part: (part.id not in named, part.location != location, len(part.id), part.id),
    )
