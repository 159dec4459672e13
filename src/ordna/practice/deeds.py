"""What people do to an order outside the API: the buttons of the shop's own admin, and the deeds of a plot.

A deed looks whether it is open for an order, then does it with sensible choices of its own (which parcel
service, which line) drawn from the order's id, so that a world stays reproducible. It may raise `Refused`,
the shop's own refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from ordna.practice import derive
from ordna.practice.catalogue import is_complete
from ordna.practice.model import (
    App,
    Fulfillment,
    FulfillmentOrder,
    FulfillmentOrderLine,
    Line,
    MoneyBag,
    Order,
    RiskAssessment,
    Tracking,
    Transaction,
)
from ordna.practice.mutations import edits, fulfillment_orders, fulfillments, orders, payments, returns
from ordna.practice.mutations.assessing import assess
from ordna.practice.mutations.payments import RefundUnits
from ordna.practice.openings import at_till, exchangeable, files, has_open_return, shippable, to_fetch
from ordna.practice.totals import capturable_of, is_zero, line_net, part, refundable_of, totals
from ordna.practice.world import World


@dataclass(frozen=True)
class Deed:
    """`label` is the words on the button; empty for what only life does."""

    label: str
    is_open: Callable[[Order], bool]
    do: Callable[[World, Order], None]


#: (company, prefix of its numbers, address of its tracking page)
_CARRIERS = (
    ("PostNord", "0057", "https://tracking.postnord.com/en/?id="),
    ("GLS", "4021", "https://gls-group.com/track/"),
    ("DAO", "0079", "https://www.dao.as/privat/find-din-pakke?stregkode="),
)
_OTHER_APP = 1
_FOREIGN_HANDLE = "fraud-review"


def ship(world: World, order: Order, location_id: int | None = None) -> None:
    """Ship everything that may leave, one parcel a location and way (or from one location only)."""
    by_location: dict[tuple[int, str], list[FulfillmentOrder]] = {}
    for one in shippable(order):
        by_location.setdefault((one.location.id, one.method_type), []).append(one)
    for (location, _), ones in by_location.items():
        if location_id in (None, location):
            company, tracking = _tracking(order, len(order.fulfillments))
            fulfillments.ship(world, [(one, None) for one in ones], company=company, tracking=[tracking])


def ship_part(world: World, order: Order) -> None:
    """Ship about half of the first fulfillment order; the rest follows another day."""
    one = shippable(order)[0]
    units = _half(one)
    company, tracking = _tracking(order, len(order.fulfillments))
    fulfillments.ship(world, [(one, units)], company=company, tracking=[tracking])


def ship_one_location(world: World, order: Order) -> None:
    """Ship what lies at the first location; an order from two of them stays half shipped for a while."""
    ship(world, order, shippable(order)[0].location.id)


def deliver(world: World, order: Order) -> None:
    """Let every parcel on its way arrive now."""
    for parcel in _travelling(order):
        fulfillments.add_event(world, parcel, "DELIVERED", message="Delivered")


def send_files(world: World, order: Order) -> None:
    """Send gift cards and files by mail, as Shopify does by itself once they are paid."""
    fulfillments.ship(world, [(one, None) for one in files(order)])


def prepare_pickup(world: World, order: Order) -> None:
    """Put aside what the buyer comes for, and let him know."""
    for one in to_fetch(order, "OPEN"):
        fulfillment_orders.prepare_for_pickup(world, one)


def hand_over(world: World, order: Order) -> None:
    """The buyer has come to the store and taken it."""
    fulfillments.ship(world, [(one, None) for one in to_fetch(order)])


def hand_over_at_till(world: World, order: Order) -> None:
    fulfillments.ship(world, [(one, None) for one in at_till(order)])


def exchange(world: World, order: Order) -> None:
    """The buyer sends one unit back and gets another colour or size of it."""
    shipped, instead = exchangeable(order)[0]
    returns.exchange(world, order, shipped, instead)


def close_return(world: World, order: Order) -> None:
    returns.close_return(world, order, next(one for one in order.returns if one.status == "OPEN"))


def pay(world: World, order: Order) -> None:
    """Capture what is authorized, or note that the transfer has come in."""
    authorization = _authorization(order)
    if authorization is not None:
        payments.capture(world, order, authorization)
    else:
        payments.mark_as_paid(world, order)


def void(world: World, order: Order) -> None:
    authorization = _authorization(order)
    if authorization is not None:
        payments.void(world, order, authorization)


def cancel(world: World, order: Order, reason: str = "CUSTOMER") -> None:
    """Cancel with refund and restock; Shopify does it a moment later, in a job."""
    orders.cancel_order(world, order, reason, restock=True, refund=True)


def cancel_as_fraud(world: World, order: Order) -> None:
    cancel(world, order, "FRAUD")


def edit(world: World, order: Order) -> None:
    """Change the order: one unit less of its largest line, or one unit more of something."""
    session = edits.begin(world, order)
    random = _random(order, "edit")
    staged = max(session.lines, key=lambda one: one.quantity)
    if staged.quantity > 1 and random.random() < 0.5:
        edits.set_quantity(session, staged.line.id, staged.quantity - 1, restock=True)
    else:
        taken = {one.line.variant.id for one in session.lines if one.line.variant}
        variants = [v for v in world.variants.values() if v.id not in taken and not v.gift_card]
        edits.add_variant(world, session, random.choice(variants), 1)
    edits.commit(world, session, staff_note="The customer wrote")


def refund(world: World, order: Order) -> None:
    """Give everything back that was paid; what was shipped is taken as returned, the rest will not be."""
    units = [unit for line in _kept_lines(order) for unit in _returned_and_cancelled(line)]
    shipping = totals(order).current_shipping
    payments.refund(world, order, units, shipping=shipping, payments=_paybacks(order), note="Returned")


def refund_part(world: World, order: Order) -> None:
    """Give one unit of one line back, returned by the customer."""
    line = _random(order, "refund").choice(_kept_lines(order))
    amount = part(order, line_net(line), 1, line.quantity)
    paybacks = _paybacks(order, limit=amount)
    kind = _returned_and_cancelled(line)[0].restock_type
    payments.refund(world, order, [RefundUnits(line, 1, kind)], payments=paybacks, note="Did not fit")


def close(world: World, order: Order) -> None:
    orders.close_order(world, order)


def note(world: World, order: Order) -> None:
    orders.update_order(world, order, note="Customer called: please deliver after five o'clock.")


def tag(world: World, order: Order) -> None:
    orders.add_tags(world, order, ["called"])


def complete_address(world: World, order: Order) -> None:
    """Customer service asked, and fills in what the address lacked."""
    address = order.shipping_address
    if address is None:
        return
    fixed = replace(
        address,
        address1=address.address1 or f"Vestergade {order.number % 90 + 1}",
        city=address.city or "Aarhus C",
        zip=address.zip or "8000",
    )
    orders.update_order(world, order, shipping_address=fixed)


def move(world: World, order: Order) -> None:
    """Let the other location ship it."""
    one = _movable(order)[0]
    other = next(place for place in world.locations.values() if place is not one.location)
    fulfillment_orders.move(world, one, other)


def split(world: World, order: Order) -> None:
    """Part the first fulfillment order in two, to be shipped one by one."""
    one = _splittable(order)[0]
    fulfillment_orders.split(world, one, _half(one))


def merge(world: World, order: Order) -> None:
    """Bring fulfillment orders at one location together again."""
    one = _mergeable(order)[0]
    fulfillment_orders.merge(world, [(one, None), *((other, None) for other in derive.mergeable_with(one))])


def delete(world: World, order: Order) -> None:
    orders.delete_order(world, order)


def hold_by_other_app(world: World, order: Order) -> None:
    one = shippable(order)[0]
    notes = "A check of this order is under way."
    fulfillment_orders.hold(world, _other_app(world), one, "HIGH_RISK_OF_FRAUD", notes=notes, handle=_FOREIGN_HANDLE)


def release_by_other_app(world: World, order: Order) -> None:
    app = _other_app(world)
    for one in order.fulfillment_orders:
        mine = [held.id for held in one.holds if held.app_id == app.id]
        if mine:
            fulfillment_orders.release(world, one, mine)


def _assess(level: str, sentiment: str, sentence: str) -> Callable[[World, Order], None]:
    def deed(world: World, order: Order) -> None:
        assess(world, order, RiskAssessment(level, "Shopify", [(sentiment, sentence)]))

    return deed


DEEDS: dict[str, Deed] = {
    "ship": Deed("Ship", lambda order: bool(shippable(order)), ship),
    "ship_part": Deed("Ship a part", lambda order: _units(order) > 1, ship_part),
    "ship_one_location": Deed("", lambda order: bool(shippable(order)), ship_one_location),
    "deliver": Deed("Let it arrive", lambda order: bool(_travelling(order)), deliver),
    "pay": Deed("Mark as paid", lambda order: payments.may_mark_as_paid(order), pay),
    "void": Deed("Void the authorization", lambda order: _authorization(order) is not None, void),
    "edit": Deed("Edit", lambda order: _is_editable(order), edit),
    "refund_part": Deed("Refund one unit", lambda order: _is_refundable(order), refund_part),
    "refund": Deed("Refund all", lambda order: _is_refundable(order), refund),
    "prepare_pickup": Deed("Put aside for pickup", lambda order: bool(to_fetch(order, "OPEN")), prepare_pickup),
    "hand_over": Deed("Hand over to the buyer", lambda order: bool(to_fetch(order)), hand_over),
    "exchange": Deed("Exchange one unit", lambda order: bool(exchangeable(order)), exchange),
    "close_return": Deed("Close the return", lambda order: has_open_return(order), close_return),
    "move": Deed("Move to the other location", lambda order: bool(_movable(order)), move),
    "split": Deed("Split", lambda order: bool(_splittable(order)), split),
    "merge": Deed("Merge", lambda order: bool(_mergeable(order)), merge),
    "complete_address": Deed("Complete the address", lambda order: _lacks_address(order), complete_address),
    "note": Deed("Add a note", lambda order: order.note is None, note),
    "tag": Deed("Add a tag", lambda order: "called" not in order.tags, tag),
    "hold_by_other_app": Deed("Hold, as another app would", lambda order: bool(shippable(order)), hold_by_other_app),
    "release_by_other_app": Deed(
        "Release the other app's hold", lambda order: _has_foreign_hold(order), release_by_other_app
    ),
    "cancel": Deed("Cancel", lambda order: _is_cancellable(order), cancel),
    "close": Deed("Close", lambda order: order.closed_at is None, close),
    "delete": Deed("Delete for good", lambda order: order.test or order.cancelled_at is not None, delete),
    "cancel_as_fraud": Deed("", lambda order: _is_cancellable(order), cancel_as_fraud),
    "send_files": Deed("", lambda order: bool(files(order)), send_files),
    "hand_over_at_till": Deed("", lambda order: bool(at_till(order)), hand_over_at_till),
    "assess_low": Deed("", lambda order: True, _assess("LOW", "POSITIVE", "The card's checks passed.")),
    "assess_medium": Deed(
        "", lambda order: True, _assess("MEDIUM", "NEUTRAL", "The order came from far away of its address.")
    ),
    "assess_high": Deed("", lambda order: True, _assess("HIGH", "NEGATIVE", "Many cards were tried for this order.")),
}


def _units(order: Order) -> int:
    ones = shippable(order)
    return derive.units(ones[0]) if ones else 0


def _half(one: FulfillmentOrder) -> list[tuple[FulfillmentOrderLine, int]]:
    wanted = derive.units(one) // 2
    chosen: list[tuple[FulfillmentOrderLine, int]] = []
    for line in one.lines:
        taken = min(wanted, line.remaining_quantity)
        if taken:
            chosen.append((line, taken))
            wanted -= taken
    return chosen


def _travelling(order: Order) -> list[Fulfillment]:
    ended = ("DELIVERED", "FAILURE")
    sent = [parcel for parcel in order.fulfillments if parcel.status == "SUCCESS" and parcel.tracking]
    return [parcel for parcel in sent if not parcel.events or parcel.events[-1].status not in ended]


def _movable(order: Order) -> list[FulfillmentOrder]:
    return [one for one in shippable(order) if one.status == "OPEN" and not one.progress_reported]


def _splittable(order: Order) -> list[FulfillmentOrder]:
    return [one for one in _movable(order) if derive.units(one) > 1]


def _mergeable(order: Order) -> list[FulfillmentOrder]:
    return [one for one in _movable(order) if derive.mergeable_with(one)]


def _authorization(order: Order) -> Transaction | None:
    return next((one for one in order.transactions if not is_zero(capturable_of(order, one))), None)


def _is_editable(order: Order) -> bool:
    ended = derive.financial_status(order) in ("REFUNDED", "VOIDED")
    return not order.cancelled_at and not order.fulfillments and not ended and bool(_kept_lines(order))


def _is_refundable(order: Order) -> bool:
    return not order.cancelled_at and bool(_paybacks(order)) and bool(_kept_lines(order))


def _is_cancellable(order: Order) -> bool:
    return not order.cancelled_at and not any(parcel.status == "SUCCESS" for parcel in order.fulfillments)


def _lacks_address(order: Order) -> bool:
    address = order.shipping_address
    return address is not None and not order.cancelled_at and not is_complete(address)


def _has_foreign_hold(order: Order) -> bool:
    return any(held.handle == _FOREIGN_HANDLE for one in order.fulfillment_orders for held in one.holds)


def _kept_lines(order: Order) -> list[Line]:
    return [line for line in order.lines if line.current_quantity > 0]


def _returned_and_cancelled(line: Line) -> list[RefundUnits]:
    """The units still on a line: first those the buyer has, then those not shipped."""
    shipped = line.current_quantity - line.unfulfilled_quantity
    units = [RefundUnits(line, shipped, "RETURN"), RefundUnits(line, line.unfulfilled_quantity, "CANCEL")]
    return [unit for unit in units if unit.quantity > 0]


def _paybacks(order: Order, limit: MoneyBag | None = None) -> list[tuple[Transaction, MoneyBag]]:
    """The payments to give back from, newest first, up to the limit (all that is left without one)."""
    paybacks: list[tuple[Transaction, MoneyBag]] = []
    for payment in reversed(order.transactions):
        left = refundable_of(order, payment)
        if limit is not None and limit.shop < left.shop:
            left = limit
        if left.shop > 0:
            paybacks.append((payment, left))
            limit = limit - left if limit is not None else None
    return paybacks


def _tracking(order: Order, position: int) -> tuple[str, Tracking]:
    company, prefix, page = _CARRIERS[order.id % len(_CARRIERS)]
    number = f"{prefix}{order.id % 10**9:09d}{position}"
    return company, Tracking(number, page + number)


def _other_app(world: World) -> App:
    return world.apps[_OTHER_APP]


def _random(order: Order, what: str) -> Random:
    # Of what is in the order, never of when or by whom it was touched: the same order meets the same choices.
    return Random(f"{what} {order.id} {[line.current_quantity for line in order.lines]}")
