"""What an order comes to, computed from its lines, shipping, taxes and transactions; nothing is stored.

"Total" counts every unit ever ordered, "current" only units still on the order (not removed, not refunded).
All sums are `MoneyBag`s; a share of a line's discount or tax is rounded half up to the currency's minor unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ordna.practice.model import NOTHING, ZERO, Line, MoneyBag, Order, ShippingLine, TaxLine, Transaction

NO_MINOR_UNIT = {
    "JPY",
    "KRW",
    "VND",
    "CLP",
    "ISK",
    "XAF",
    "XOF",
    "UGX",
    "PYG",
    "RWF",
    "KMF",
    "DJF",
    "GNF",
    "VUV",
}
CENT = Decimal("0.01")
UNIT = Decimal(1)


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of one order, each in both currencies."""

    lines: MoneyBag
    discounts: MoneyBag
    subtotal: MoneyBag
    shipping: MoneyBag
    tax: MoneyBag
    total: MoneyBag
    current_subtotal: MoneyBag
    current_discounts: MoneyBag
    current_shipping: MoneyBag
    current_tax: MoneyBag
    current_total: MoneyBag
    received: MoneyBag
    refunded: MoneyBag
    refunded_shipping: MoneyBag
    outstanding: MoneyBag
    capturable: MoneyBag
    tip: MoneyBag
    rounding: MoneyBag


def totals(order: Order) -> Totals:
    """All sums of the order at once."""
    lines = total(line.price.times(line.quantity) for line in order.lines)
    line_discounts = total(line_discount(line) for line in order.lines)
    current_net = total(current_line_total(order, line) for line in order.lines)
    shipping_gross = total(one.price for one in order.shipping_lines)
    shipping_discounts = total(one.amount for line in order.shipping_lines for one in line.allocations)
    shipping = shipping_gross - shipping_discounts
    current_shipping = total(shipping_net(one) for one in order.shipping_lines if not one.removed)
    refunded_shipping = total(refund.shipping for refund in order.refunds)
    tax = total(_tax(order))
    current_tax = total(_current_tax(order))
    received = paid_in(order)
    refunded = total(one.amount for one in _successful(order, {"REFUND"}))
    capturable = total(capturable_of(order, one) for one in order.transactions)
    subtotal = lines - line_discounts
    added_tax = NOTHING if order.taxes_included else tax
    current_added_tax = NOTHING if order.taxes_included else current_tax
    current_total = current_net + current_shipping - refunded_shipping + current_added_tax
    rounding = total(one.rounding for one in _successful(order, {"SALE", "CAPTURE"}))
    return Totals(
        lines=lines,
        discounts=line_discounts + shipping_discounts,
        subtotal=subtotal,
        shipping=shipping_gross,
        tax=tax,
        total=subtotal + shipping + added_tax,
        current_subtotal=current_net,
        current_discounts=total(_current_discount(order, line) for line in order.lines) + shipping_discounts,
        current_shipping=current_shipping - refunded_shipping,
        current_tax=current_tax,
        current_total=current_total,
        received=received,
        refunded=refunded,
        refunded_shipping=refunded_shipping,
        outstanding=current_total + rounding - (received - refunded) - capturable,
        capturable=capturable,
        tip=total(line.price.times(line.quantity) for line in order.lines if line.is_tip),
        rounding=rounding,
    )


def total(bags: Iterable[MoneyBag]) -> MoneyBag:
    result = NOTHING
    for bag in bags:
        result = result + bag
    return result


def line_discount(line: Line) -> MoneyBag:
    """All discounts of a line, over its whole ordered quantity."""
    return total(one.amount for one in line.allocations)


def line_net(line: Line) -> MoneyBag:
    return line.price.times(line.quantity) - line_discount(line)


def current_line_total(order: Order, line: Line) -> MoneyBag:
    """What the units still on the order come to after discounts, without added tax."""
    return line.price.times(line.current_quantity) - _current_discount(order, line)


def shipping_net(line: ShippingLine) -> MoneyBag:
    return line.price - total(one.amount for one in line.allocations)


def part(order: Order, whole: MoneyBag, count: int, of: int) -> MoneyBag:
    """The share of `whole` that falls on `count` of `of` units, rounded half up."""
    if count == of or of == 0:
        return whole if of else NOTHING
    return MoneyBag(
        rounded(whole.shop * count / of, order.currency),
        rounded(whole.presentment * count / of, order.presentment_currency),
    )


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(UNIT if currency in NO_MINOR_UNIT else CENT, ROUND_HALF_UP)


def paid_in(order: Order) -> MoneyBag:
    return total(one.amount for one in _successful(order, {"SALE", "CAPTURE"}))


def capturable_of(order: Order, authorization: Transaction) -> MoneyBag:
    """What can still be captured on a transaction; nothing unless it is a successful, open authorization."""
    if authorization.kind != "AUTHORIZATION" or authorization.status != "SUCCESS":
        return NOTHING
    children = [one for one in order.transactions if one.parent_id == authorization.id and one.status == "SUCCESS"]
    if any(one.kind == "VOID" for one in children):
        return NOTHING
    return authorization.amount - total(one.amount for one in children if one.kind == "CAPTURE")


def refundable_of(order: Order, payment: Transaction) -> MoneyBag:
    """What can still be refunded on a successful sale or capture."""
    if payment.kind not in ("SALE", "CAPTURE") or payment.status != "SUCCESS":
        return NOTHING
    refunds = (one for one in order.transactions if one.parent_id == payment.id and one.kind == "REFUND")
    return payment.amount - total(one.amount for one in refunds if one.status == "SUCCESS")


def tax_of(lines: list[TaxLine]) -> MoneyBag:
    return total(one.price for one in lines)


def _current_discount(order: Order, line: Line) -> MoneyBag:
    return part(order, line_discount(line), line.current_quantity, line.quantity)


def _tax(order: Order) -> Iterable[MoneyBag]:
    for line in order.lines:
        yield tax_of(line.tax_lines)
    for shipping in order.shipping_lines:
        yield tax_of(shipping.tax_lines)


def _current_tax(order: Order) -> Iterable[MoneyBag]:
    for line in order.lines:
        yield part(order, tax_of(line.tax_lines), line.current_quantity, line.quantity)
    for shipping in order.shipping_lines:
        if not shipping.removed:
            yield tax_of(shipping.tax_lines)
    for refund in order.refunds:
        yield NOTHING - refund.shipping_tax


def _successful(order: Order, kinds: set[str]) -> Iterable[Transaction]:
    return (one for one in order.transactions if one.kind in kinds and one.status == "SUCCESS")


def is_zero(bag: MoneyBag) -> bool:
    return bag.shop == ZERO
