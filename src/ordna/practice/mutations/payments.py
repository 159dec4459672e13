"""Moving money on an order: capture, mark as paid, void, refund. Every movement is a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ordna.practice import derive
from ordna.practice.model import NOTHING, Line, Location, MoneyBag, Order, Refund, RefundLine, Transaction
from ordna.practice.mutations.placing import adjust_stock, drop_units, touch
from ordna.practice.mutations.refusal import refuse
from ordna.practice.totals import (
    capturable_of,
    is_zero,
    line_net,
    part,
    refundable_of,
    rounded,
    tax_of,
    totals,
)
from ordna.practice.world import World


@dataclass(frozen=True, slots=True)
class RefundUnits:
    """Units of one line to refund. `restock_type`: CANCEL takes unshipped units off, RETURN shipped ones."""

    line: Line
    quantity: int
    restock_type: str = "NO_RESTOCK"
    location: Location | None = None


def record_transaction(
    world: World,
    order: Order,
    kind: str,
    amount: MoneyBag,
    gateway: str,
    *,
    status: str = "SUCCESS",
    parent: Transaction | None = None,
) -> Transaction:
    """Append a transaction to the order and tell `order_transactions/create`."""
    now = world.now()
    made = Transaction(
        id=world.next_id("OrderTransaction"),
        kind=kind,
        status=status,
        gateway=gateway,
        amount=amount,
        created_at=now,
        processed_at=now,
        parent_id=parent.id if parent else None,
        test=order.test,
        manual=gateway == "manual",
        formatted_gateway=parent.formatted_gateway if parent else None,
    )
    order.transactions.append(made)
    if status in ("SUCCESS", "FAILURE", "ERROR"):
        world.changed("order_transactions/create", made, order=order)
    return made


def capture(world: World, order: Order, authorization: Transaction, amount: MoneyBag | None = None) -> Transaction:
    """Capture an open authorization, in full unless an amount is given."""
    left = capturable_of(order, authorization)
    amount = amount or left
    if amount.shop <= 0:
        raise refuse("Amount must be greater than zero for capture transactions")
    if is_zero(left):
        raise refuse("Can only capture successful authorizations")
    if amount.presentment > left.presentment:
        most = f"{left.presentment:.2f}"
        raise refuse(f"Cannot capture more than the authorized {most} for this payment.")
    made = record_transaction(world, order, "CAPTURE", amount, authorization.gateway, parent=authorization)
    _paid(world, order)
    return made


def mark_as_paid(world: World, order: Order) -> Order:
    """Settle what is outstanding: capture what is authorized, else record a payment by hand."""
    if not may_mark_as_paid(order):
        raise refuse("Order cannot be marked as paid.", "id")
    open_ones = [one for one in order.transactions if not is_zero(capturable_of(order, one))]
    for one in open_ones:
        record_transaction(world, order, "CAPTURE", capturable_of(order, one), one.gateway, parent=one)
    outstanding = totals(order).outstanding
    if outstanding.shop > 0:
        pending = next((one for one in order.transactions if one.status == "PENDING"), None)
        gateway = pending.gateway if pending else "manual"
        record_transaction(world, order, "SALE", outstanding, gateway, parent=pending)
    _paid(world, order)
    return order


def may_mark_as_paid(order: Order) -> bool:
    """Whether there is anything outstanding on a live order."""
    if order.cancelled_at:
        return False
    return derive.financial_status(order) in ("PENDING", "AUTHORIZED", "PARTIALLY_PAID")


def void(world: World, order: Order, authorization: Transaction) -> Transaction:
    """Give an authorization back without capturing it."""
    if is_zero(capturable_of(order, authorization)):
        sentence = "Parent transaction require a parent_id referring to a voidable transaction"
        raise refuse(sentence, "parentTransactionId", code="AUTH_NOT_VOIDABLE")
    made = record_transaction(world, order, "VOID", NOTHING, authorization.gateway, parent=authorization)
    touch(world, order)
    return made


def void_authorizations(world: World, order: Order) -> None:
    for one in list(order.transactions):
        if not is_zero(capturable_of(order, one)):
            record_transaction(world, order, "VOID", NOTHING, one.gateway, parent=one)


def refund(
    world: World,
    order: Order,
    units: Sequence[RefundUnits],
    *,
    shipping: MoneyBag = NOTHING,
    payments: Sequence[tuple[Transaction, MoneyBag]] = (),
    note: str | None = None,
) -> Refund:
    """Refund units and shipping. `payments` are the sales or captures to pay back from, with amounts; none
    given means that no money moves."""
    made = Refund(world.next_id("Refund"), order, world.now(), note)
    for unit in units:
        made.lines.append(_refund_line(world, order, unit))
    made.shipping = shipping
    made.shipping_tax = _shipping_tax(order, shipping)
    for payment, amount in payments:
        paid_back = record_transaction(world, order, "REFUND", amount, payment.gateway, parent=payment)
        made.transactions.append(paid_back)
    order.refunds.append(made)
    world.refunds[made.id] = made
    world.changed("refunds/create", made)
    touch(world, order)
    return made


def refund_order(world: World, order: Order, *, restock: bool) -> Refund | None:
    """Refund everything that is left on the order to where it came from; None when nothing was paid."""
    payments = [(one, refundable_of(order, one)) for one in order.transactions]
    payments = [(one, left) for one, left in payments if not is_zero(left)]
    if not payments:
        return None
    kind = "CANCEL" if restock else "NO_RESTOCK"
    units = [RefundUnits(line, line.current_quantity, kind) for line in order.lines if line.current_quantity > 0]
    return refund(world, order, units, shipping=totals(order).current_shipping, payments=payments)


def _refund_line(world: World, order: Order, unit: RefundUnits) -> RefundLine:
    line = unit.line
    subtotal = part(order, line_net(line), unit.quantity, line.quantity)
    tax = part(order, tax_of(line.tax_lines), unit.quantity, line.quantity)
    unshipped = min(unit.quantity, line.unfulfilled_quantity) if unit.restock_type != "RETURN" else 0
    line.removed += unshipped
    line.returned += unit.quantity - unshipped
    if unshipped:
        drop_units(world, order, line, unshipped)
    location = unit.location
    if unit.restock_type in ("CANCEL", "RETURN"):
        location = location or next((one.location for one in order.fulfillment_orders), None)
        if location:
            adjust_stock(world, line, location, unit.quantity)
    number = world.next_id("RefundLineItem")
    return RefundLine(number, line, unit.quantity, unit.restock_type, location, subtotal, tax)


def _shipping_tax(order: Order, refunded: MoneyBag) -> MoneyBag:
    price = sum((one.price.shop for one in order.shipping_lines), Decimal(0))
    if not price or order.taxes_included:
        return NOTHING
    tax = sum((tax_of(one.tax_lines).shop for one in order.shipping_lines), Decimal(0))
    share = rounded(tax * refunded.shop / price, order.currency)
    rate = refunded.presentment / refunded.shop if refunded.shop else Decimal(1)
    return MoneyBag(share, rounded(share * rate, order.presentment_currency))


def _paid(world: World, order: Order) -> None:
    touch(world, order)
    if derive.financial_status(order) == "PAID":
        world.changed("orders/paid", order)
