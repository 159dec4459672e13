"""Editing the lines of an order: begin a session, stage changes, commit them at once.

Staged lines live on the session only, until `commit` writes them to the order. A line taken off stays on the
order with its `quantity`; its `current_quantity` becomes 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from ordna.practice import derive
from ordna.practice.model import Line, MoneyBag, Order, Variant
from ordna.practice.mutations.placing import add_units, adjust_stock, drop_units, touch
from ordna.practice.mutations.refusal import Refused, UserError, refuse
from ordna.practice.world import World

MAX_TITLE = 255


@dataclass(slots=True)
class StagedLine:
    """A line in an edit session: an order's line with the quantity it shall have, or a new one."""

    line: Line
    quantity: int
    added: bool = False
    restock: bool = False


@dataclass(slots=True)
class EditSession:
    id: int
    order: Order
    lines: list[StagedLine] = field(default_factory=list)
    committed: bool = False


def begin(world: World, order: Order) -> EditSession:
    """Open an edit session; the order's earlier one, if any, is dropped."""
    if order.cancelled_at or derive.financial_status(order) in ("REFUNDED", "VOIDED"):
        raise refuse("The order cannot be edited.")
    made = EditSession(world.next_id("CalculatedOrder"), order)
    made.lines = [StagedLine(line, line.current_quantity) for line in order.lines if line.current_quantity > 0]
    order.edit_session = made
    world.edit_sessions[made.id] = made
    return made


def set_quantity(session: EditSession, line_id: int, quantity: int, *, restock: bool = False) -> StagedLine:
    if quantity < 0:
        raise refuse("must be greater than or equal to 0", "quantity")
    staged = next((one for one in session.lines if one.line.id == line_id), None)
    if staged is None:
        raise refuse("The line item does not exist on the order.", "lineItemId")
    staged.quantity = quantity
    staged.restock = restock
    return staged


def add_variant(
    world: World, session: EditSession, variant: Variant, quantity: int, *, allow_duplicates: bool = False
) -> StagedLine:
    if quantity <= 0:
        raise _too_few(quantity)
    if not allow_duplicates and any(one.line.variant is variant for one in session.lines):
        sentence = f"The {variant.product.title} was not added because it's already on the order."
        raise refuse(sentence, "id")
    order = session.order
    return _stage(
        session,
        Line(
            id=world.next_id("LineItem"),
            title=variant.product.title,
            quantity=0,
            price=MoneyBag(variant.price, variant.price * _rate(order)),
            variant=variant,
            variant_title=None if variant.title == "Default Title" else variant.title,
            sku=variant.sku,
            vendor=variant.product.vendor,
            grams=variant.grams,
            requires_shipping=variant.requires_shipping,
            taxable=variant.taxable,
        ),
        quantity,
    )


def add_custom_item(
    world: World,
    session: EditSession,
    title: str,
    price: Decimal,
    currency: str,
    quantity: int,
    *,
    requires_shipping: bool = False,
    taxable: bool = False,
) -> StagedLine:
    order = session.order
    if not title.strip():
        raise refuse("can't be blank", "title")
    if len(title) > MAX_TITLE:
        raise refuse(f"is too long (maximum is {MAX_TITLE} characters)", "title")
    if quantity <= 0:
        raise refuse("must be greater than 0", "quantity")
    if price < 0:
        raise refuse("must be greater than or equal to 0", "price", "amount")
    if currency != order.presentment_currency:
        raise refuse(f"Currency must be {order.presentment_currency}.", "price", "amount")
    made = Line(
        id=world.next_id("LineItem"),
        title=title,
        quantity=0,
        price=MoneyBag(price / _rate(order), price),
        requires_shipping=requires_shipping,
        taxable=taxable,
    )
    return _stage(session, made, quantity)


def commit(world: World, session: EditSession, staff_note: str | None = None) -> Order:
    """Write the staged lines to the order and tell `orders/edited` with what was added and removed."""
    order = session.order
    additions: list[tuple[Line, int]] = []
    removals: list[tuple[Line, int]] = []
    for staged in session.lines:
        line, delta = staged.line, staged.quantity - staged.line.current_quantity
        if staged.added and staged.quantity:
            line.quantity = staged.quantity
            order.lines.append(line)
            add_units(world, order, line, staged.quantity)
            additions.append((line, staged.quantity))
        elif delta > 0:
            line.quantity += delta
            add_units(world, order, line, delta)
            additions.append((line, delta))
        elif delta < 0:
            line.removed -= delta
            drop_units(world, order, line, -delta)
            if staged.restock and order.fulfillment_orders:
                adjust_stock(world, line, order.fulfillment_orders[0].location, -delta)
            removals.append((line, -delta))
    session.committed = True
    order.edit_session = None
    order.edited = True
    order.closed_at = None
    touch(world, order)
    edit = world.next_id("OrderEdit")
    world.changed("orders/edited", order, additions=additions, removals=removals, staff_note=staff_note, edit_id=edit)
    return order


def _too_few(quantity: int) -> Refused:
    errors = [UserError("must be greater than 0", ("quantity",))]
    if quantity < 0:
        errors.append(UserError("must be greater than or equal to 0", ("quantity",)))
    return Refused(*errors)


def _stage(session: EditSession, line: Line, quantity: int) -> StagedLine:
    staged = StagedLine(line, quantity, added=True)
    session.lines.append(staged)
    return staged


def _rate(order: Order) -> Decimal:
    for line in order.lines:
        if line.price.shop:
            return line.price.presentment / line.price.shop
    return Decimal(1)
