"""Taking units back and sending others instead: a return with an exchange, as its order shows it."""

from __future__ import annotations

from dataclasses import replace

from ordna.practice.business import ExchangeLine, Return, ReturnLine
from ordna.practice.model import FulfillmentLine, Line, Order, Variant
from ordna.practice.mutations.payments import RefundUnits, refund
from ordna.practice.mutations.placing import add_units, touch
from ordna.practice.mutations.refusal import refuse
from ordna.practice.world import World


def exchange(world: World, order: Order, shipped: FulfillmentLine, variant: Variant) -> Return:
    """One unit of a shipped line comes back and one of another variant goes out, at the same price: no money moves.

    The unit sent instead is a new line of the order, routed like any other.
    """
    line = shipped.line
    if line.current_quantity - max(line.unfulfilled_quantity, 0) < 1:
        raise refuse("Only fulfilled items can be returned.", "returnLineItems")
    sent = _line_instead(world, line, variant)
    order.lines.append(sent)
    made = Return(world.next_id("Return"), f"{order.name}-R{len(order.returns) + 1}", world.now())
    made.lines.append(ReturnLine(world.next_id("ReturnLineItem"), line.id, shipped.id, 1))
    made.exchanges.append(ExchangeLine(world.next_id("ExchangeLineItem"), sent.id, 1))
    order.returns.append(made)
    paid_back = refund(world, order, [RefundUnits(line, 1, "RETURN")], note="Exchanged")
    made.refund_id = paid_back.id
    order.closed_at = None
    before = {one.id for one in order.fulfillment_orders}
    add_units(world, order, sent, 1)
    touch(world, order)
    for one in order.fulfillment_orders:
        if one.id not in before:
            world.changed("fulfillment_orders/order_routing_complete", one)
    return made


def close_return(world: World, order: Order, made: Return) -> None:
    """The goods are back and nothing more is expected."""
    made.status, made.closed_at = "CLOSED", world.now()
    touch(world, order)


def _line_instead(world: World, line: Line, variant: Variant) -> Line:
    """A line of one unit like `line`, which has one unit too: same price, discount and tax."""
    return replace(
        line,
        id=world.next_id("LineItem"),
        variant=variant,
        variant_title=None if variant.title == "Default Title" else variant.title,
        sku=variant.sku,
        allocations=list(line.allocations),
        tax_lines=list(line.tax_lines),
        removed=0,
        fulfilled=0,
        returned=0,
        group_id=None,
    )
