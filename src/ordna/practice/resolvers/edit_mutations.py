"""The order edit mutations and the CalculatedOrder they answer with: the order as it would be after a commit."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLResolveInfo

from ordna.practice.model import NOTHING, Line, MoneyBag, gid
from ordna.practice.mutations import edits
from ordna.practice.mutations.edits import EditSession, StagedLine
from ordna.practice.mutations.refusal import refuse
from ordna.practice.resolvers.base import (
    Resolver,
    Table,
    attributes,
    connection,
    decimal,
    money,
    number,
    payload,
    split_gid,
    world,
)
from ordna.practice.resolvers.order_mutations import find_order
from ordna.practice.totals import line_net, part, shipping_net, tax_of, total, totals

Info = GraphQLResolveInfo


def table() -> Table:
    """The resolvers of this file."""
    return {
        "Mutation": {
            "orderEditBegin": _begin,
            "orderEditSetQuantity": _set_quantity,
            "orderEditAddVariant": _add_variant,
            "orderEditAddCustomItem": _add_custom_item,
            "orderEditCommit": _commit,
        },
        "CalculatedOrder": _calculated_order(),
    }


def _begin(_root: Any, info: Info, id: str) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        order = find_order(info, id, "id", sentence="The order does not exist.")
        return _shown(edits.begin(world(info), order))

    return payload(work)


def _set_quantity(_root: Any, info: Info, **args: Any) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        session = _session(info, args["id"])
        kind, tail = split_gid(args["lineItemId"])
        key = int(tail) if kind in ("CalculatedLineItem", "LineItem") and tail.isdigit() else 0
        restock = bool(args.get("restock"))
        return _shown(session, edits.set_quantity(session, key, args["quantity"], restock=restock))

    return payload(work)


def _add_variant(_root: Any, info: Info, **args: Any) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        session = _session(info, args["id"])
        key = number(args["variantId"], "ProductVariant")
        if key == 0:
            sentence = "can't convert Integer[0] to a positive Integer to use as an untrusted id"
            raise refuse(sentence, "variantId")
        variant = world(info).variants.get(key)
        if variant is None:
            raise refuse("The variant does not exist in the shop.", "variantId")
        twice = bool(args.get("allowDuplicates"))
        made = edits.add_variant(world(info), session, variant, args["quantity"], allow_duplicates=twice)
        return _shown(session, made)

    return payload(work)


def _add_custom_item(_root: Any, info: Info, **args: Any) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        session = _session(info, args["id"])
        made = edits.add_custom_item(
            world(info),
            session,
            args["title"],
            decimal(args["price"]["amount"]),
            args["price"]["currencyCode"],
            args["quantity"],
            requires_shipping=bool(args.get("requiresShipping")),
            taxable=bool(args.get("taxable")),
        )
        return _shown(session, made)

    return payload(work)


def _commit(_root: Any, info: Info, id: str, **args: Any) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        session = _session(info, id)
        was_closed = session.order.closed_at is not None
        order = edits.commit(world(info), session, args.get("staffNote"))
        messages = ["Order updated", *(["Order unarchived"] if was_closed else [])]
        if args.get("notifyCustomer"):
            messages.append("Invoice sent" if totals(order).outstanding.shop > 0 else "Notification sent")
        return {"order": order, "successMessages": messages}

    return payload(work)


def _session(info: Info, value: str) -> EditSession:
    kind, tail = split_gid(value)
    known = world(info).edit_sessions
    found = known.get(int(tail)) if kind in ("CalculatedOrder", "OrderEditSession") and tail.isdigit() else None
    if found is None or found.committed:
        raise refuse("The calculated order does not exist.", "id")
    session: EditSession = found
    return session


def _shown(session: EditSession, staged: StagedLine | None = None) -> dict[str, Any]:
    return {
        "calculatedOrder": session,
        "orderEditSession": {"id": gid("OrderEditSession", session.id)},
        "calculatedLineItem": _line(session, staged) if staged else None,
    }


def _calculated_order() -> dict[str, Resolver]:
    def lines(session: EditSession, _info: Info, **args: Any) -> dict[str, Any]:
        return connection([_line(session, one) for one in session.lines if not one.added], args)

    def added(session: EditSession, _info: Info, **args: Any) -> dict[str, Any]:
        return connection([_line(session, one) for one in session.lines if one.added], args)

    return {
        "id": lambda session, _info: gid("CalculatedOrder", session.id),
        "originalOrder": lambda session, _info: session.order,
        "lineItems": lines,
        "addedLineItems": added,
        "shippingLines": _shipping_lines,
        "subtotalLineItemsQuantity": lambda session, _info: sum(one.quantity for one in session.lines),
        "subtotalPriceSet": lambda session, _info: money(session.order, _subtotal(session)),
        "totalPriceSet": lambda session, _info: money(session.order, _total(session)),
        "totalOutstandingSet": lambda session, _info: money(session.order, _outstanding(session)),
        "cartDiscountAmountSet": lambda session, _info: money(session.order, NOTHING),
        "taxLines": lambda _session, _info: [],
    }


def _line(session: EditSession, staged: StagedLine) -> dict[str, Any]:
    line, order = staged.line, session.order
    before = 0 if staged.added else line.current_quantity
    unit = line.price if staged.added else part(order, line_net(line), 1, line.quantity)
    return {
        "id": gid("CalculatedLineItem", line.id),
        "title": line.title,
        "variantTitle": line.variant_title,
        "sku": line.sku,
        "variant": line.variant,
        "quantity": staged.quantity,
        "editableQuantity": staged.quantity - line.fulfilled,
        "editableQuantityBeforeChanges": before - line.fulfilled,
        "restockable": line.variant is not None,
        "restocking": staged.restock,
        "originalUnitPriceSet": money(order, line.price),
        "discountedUnitPriceSet": money(order, unit),
        "customAttributes": attributes(line.attributes),
    }


def _shipping_lines(session: EditSession, _info: Info) -> list[dict[str, Any]]:
    return [
        {
            "id": gid("CalculatedShippingLine", one.id),
            "title": one.title,
            "price": money(session.order, shipping_net(one)),
            "stagedStatus": "NONE",
        }
        for one in session.order.shipping_lines
        if not one.removed
    ]


def _subtotal(session: EditSession) -> MoneyBag:
    return total(_net(session, one) for one in session.lines)


def _net(session: EditSession, staged: StagedLine) -> MoneyBag:
    line: Line = staged.line
    if staged.added or staged.quantity > line.quantity:
        return line.price.times(staged.quantity)
    return part(session.order, line_net(line), staged.quantity, line.quantity)


def _total(session: EditSession) -> MoneyBag:
    order = session.order
    shipping = total(shipping_net(one) for one in order.shipping_lines if not one.removed)
    whole = _subtotal(session) + shipping
    if order.taxes_included:
        return whole
    taxes = [part(order, tax_of(x.line.tax_lines), x.quantity, x.line.quantity) for x in session.lines if not x.added]
    return whole + total(taxes) + total(tax_of(one.tax_lines) for one in order.shipping_lines)


def _outstanding(session: EditSession) -> MoneyBag:
    sums = totals(session.order)
    return _total(session) - (sums.received - sums.refunded)
