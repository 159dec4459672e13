"""The mutations on orders: their input, how they are refused, their payloads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from graphql import DirectiveNode, GraphQLError, GraphQLResolveInfo
from graphql.execution.values import get_argument_values

from ordna.practice.model import NOTHING, Address, MoneyBag, Order, Transaction, gid
from ordna.practice.mutations import orders, payments
from ordna.practice.mutations.payments import RefundUnits
from ordna.practice.mutations.placing import place_order
from ordna.practice.mutations.refusal import Refused, UserError, refuse
from ordna.practice.resolvers.base import (
    Of,
    Resolver,
    Table,
    call,
    decimal,
    errors,
    job_gid,
    number,
    payload,
    world,
)
from ordna.practice.resolvers.order_input import address_from, metafields_from, order_from
from ordna.practice.totals import totals

Info = GraphQLResolveInfo
KEYS_KEPT = timedelta(hours=24)
_NO_ORDER = "Order does not exist"
US_STATES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK"
    " OR PA PR RI SC SD TN TX UT VT VA WA WV WI WY"
)


def table() -> Table:
    """The resolvers of this file."""
    return {
        "Mutation": {
            "orderCreate": _create,
            "orderUpdate": _update,
            "orderClose": _close,
            "orderOpen": _open,
            "orderCancel": _cancel,
            "orderDelete": _delete,
            "orderCapture": _capture,
            "orderMarkAsPaid": _mark_as_paid,
            "transactionVoid": _void,
            "refundCreate": _refund,
            "tagsAdd": _tags(orders.add_tags),
            "tagsRemove": _tags(orders.remove_tags),
        }
    }


def find_order(info: Info, value: str, *path: str, sentence: str = _NO_ORDER, code: str | None = None) -> Order:
    """The order of an id, or a refusal about the input field at `path`."""
    found = world(info).orders.get(number(value, "Order"))
    if found is None:
        raise refuse(sentence, *path, code=code)
    return found


def find_transaction(info: Info, value: str) -> tuple[Order, Transaction] | None:
    key = number(value, "OrderTransaction")
    for order in world(info).orders.values():
        for one in order.transactions:
            if one.id == key:
                return order, one
    return None


def _create(_root: Any, info: Info, order: dict[str, Any], options: Any = None) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        made = order_from(world(info), call(info).app, order)
        return {"order": place_order(world(info), made)}

    return payload(work)


def _update(_root: Any, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        order = find_order(info, input["id"], "id")
        if len(input) == 1:
            raise refuse("No valid update parameters have been provided")
        return {"order": orders.update_order(world(info), order, **_changes(info, order, input))}

    return payload(work, order=world(info).orders.get(number(input["id"], "Order")))


def _changes(info: Info, order: Order, given: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name, attribute in (("note", "note"), ("email", "email"), ("phone", "phone"), ("poNumber", "po_number")):
        if name in given:
            changes[attribute] = given[name] or None if name != "note" else given[name]
    if given.get("email") and "@" not in given["email"]:
        raise refuse("Email is invalid", "email")
    if given.get("phone") and sum(letter.isdigit() for letter in given["phone"]) < 7:
        raise refuse("Phone is invalid", "phone")
    if "tags" in given:
        changes["tags"] = sorted(dict.fromkeys(given["tags"] or []), key=str.lower)
    if "customAttributes" in given:
        changes["attributes"] = [(one["key"], one["value"]) for one in given["customAttributes"] or []]
    if given.get("shippingAddress"):
        shipping = address_from(world(info), given["shippingAddress"], order.shipping_address)
        _check_address(shipping)
        changes["shipping_address"] = shipping
    if given.get("metafields"):
        changes["metafields"] = {**order.metafields, **metafields_from(given["metafields"])}
    return changes


def _check_address(address: Address | None) -> None:
    """What Shopify asks of a shipping address that is set on an order."""
    wanted = (("last_name", "lastName", "Enter a last name"), ("zip", "zip", "Enter a ZIP code"))
    missing = [
        UserError(sentence, ("shippingAddress", name))
        for attribute, name, sentence in wanted
        if address and not getattr(address, attribute)
    ]
    if address and address.country_code == "US" and (address.province_code or "NY") not in US_STATES.split(" "):
        sentence = "State is not a valid state in United States"
        missing.append(UserError(sentence, ("shippingAddress", "province")))
    if missing:
        raise Refused(*missing)


def _close(_root: Any, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    return payload(lambda: {"order": orders.close_order(world(info), find_order(info, input["id"], "id"))})


def _open(_root: Any, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    return payload(lambda: {"order": orders.open_order(world(info), find_order(info, input["id"], "id"))})


def _cancel(_root: Any, info: Info, **args: Any) -> dict[str, Any]:
    method = args.get("refundMethod") or {}
    try:
        if args.get("refund") is not None and args.get("refundMethod") is not None:
            sentence = "Only one of the arguments `refund` or `refund_method` is allowed."
            raise refuse(sentence, "refund", code="INVALID")
        order = find_order(info, args["orderId"], "orderId", code="NOT_FOUND")
        job = orders.cancel_order(
            world(info),
            order,
            args["reason"],
            restock=args["restock"],
            refund=bool(args.get("refund") or method.get("originalPaymentMethodsRefund")),
            staff_note=args.get("staffNote"),
        )
    except Refused as refused:
        return {"userErrors": errors(refused), "orderCancelUserErrors": errors(refused)}
    result = {
        "id": job_gid(job.id, "OrderCancelJobResult"),
        "done": job.done,
        "errors": [{"field": None, "message": text, "code": code} for code, text in job.errors],
        "order": order,
        "status": "SUCCEEDED" if job.done and not job.errors else "FAILED" if job.done else "STARTED",
    }
    shown = {"__typename": "Job", "id": job_gid(job.id), "done": job.done}
    return {"job": shown, "jobResult": result, "userErrors": [], "orderCancelUserErrors": []}


def _delete(_root: Any, info: Info, orderId: str) -> dict[str, Any]:  # noqa: N803
    def work() -> dict[str, Any]:
        order = find_order(info, orderId, "orderId", code="NOT_FOUND")
        orders.delete_order(world(info), order)
        return {"deletedId": gid("Order", order.id)}

    return payload(work)


def _capture(_root: Any, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        order = find_order(info, input["id"], "id")
        key = number(input["parentTransactionId"], "OrderTransaction")
        parent = next((one for one in order.transactions if one.id == key), None)
        if parent is None:
            raise refuse("Unable to find parent transaction")
        currency = input.get("currency")
        if currency not in (None, order.presentment_currency) or (
            currency is None and order.currency != order.presentment_currency
        ):
            sentence = f"Currency Currency must match parent transaction {order.presentment_currency}"
            raise refuse(sentence, "currency")
        if parent.kind != "AUTHORIZATION" or parent.status != "SUCCESS":
            raise refuse("Parent transaction should be a successful authorization")
        if input.get("finalCapture") is not None and parent.gateway == "manual":
            sentence = "Setting final capture is not supported for this transaction's payment gateway."
            raise refuse(f"{sentence} Please remove the parameter or set it to null, then try again.")
        wanted = decimal(input["amount"])
        rate = parent.amount.shop / parent.amount.presentment if parent.amount.presentment else 1
        made = payments.capture(world(info), order, parent, MoneyBag(wanted * rate, wanted))
        return {"transaction": Of(order, made)}

    return payload(work)


def _mark_as_paid(_root: Any, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    known = world(info).orders.get(number(input["id"], "Order"))
    return payload(
        lambda: {"order": payments.mark_as_paid(world(info), find_order(info, input["id"], "id"))}, order=known
    )


def _void(_root: Any, info: Info, parentTransactionId: str) -> dict[str, Any]:  # noqa: N803
    def work() -> dict[str, Any]:
        path = "parentTransactionId"
        found = find_transaction(info, parentTransactionId)
        if found is None:
            raise refuse("Transaction does not exist", path, code="TRANSACTION_NOT_FOUND")
        order, parent = found
        if parent.kind != "AUTHORIZATION" or parent.status != "SUCCESS":
            sentence = "Parent transaction must be a successful authorization"
            raise refuse(sentence, path, code="AUTH_NOT_SUCCESSFUL")
        return {"transaction": Of(order, payments.void(world(info), order, parent))}

    return payload(work)


def _refund(_root: Any, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    key = idempotency_key(info)
    if key is None:
        sentence = "The @idempotent directive is required for this mutation but was not provided."
        raise GraphQLError(sentence, extensions={"code": "BAD_REQUEST"})

    def work() -> dict[str, Any]:
        done = world(info).idempotent.get((call(info).app.id, key))
        if done is not None and world(info).now() - done[0] < KEYS_KEPT:
            if done[1] != input:
                raise refuse("The same idempotency key cannot be used with different parameters.")
            return {"order": done[2].order, "refund": done[2]}
        order = find_order(info, input["orderId"], "orderId")
        made = payments.refund(
            world(info),
            order,
            _units(info, order, input),
            shipping=_shipping(order, input.get("shipping") or {}),
            payments=_payments(order, input),
            note=input.get("note"),
        )
        world(info).idempotent[call(info).app.id, key] = (world(info).now(), input, made)
        return {"order": order, "refund": made}

    return payload(work, order=world(info).orders.get(number(input["orderId"], "Order")))


def idempotency_key(info: Info) -> str | None:
    """The key of the field's `@idempotent` directive; None where there is no directive."""
    directive = info.schema.get_directive("idempotent")
    for found in info.field_nodes[0].directives or ():
        node: DirectiveNode = found
        if directive and node.name.value == "idempotent":
            return str(get_argument_values(directive, node, info.variable_values)["key"])
    return None


def _units(info: Info, order: Order, given: dict[str, Any]) -> list[RefundUnits]:
    units = []
    for index, one in enumerate(given.get("refundLineItems") or []):
        path = ("refundLineItems", str(index))
        key = number(one["lineItemId"], "LineItem")
        line = next((line for line in order.lines if line.id == key), None)
        if line is None:
            raise refuse("Line item does not exist", *path, "lineItemId")
        if one["quantity"] > line.current_quantity:
            raise refuse("Quantity cannot refund more items than were purchased", *path, "quantity")
        location = world(info).locations.get(number(one["locationId"], "Location")) if one.get("locationId") else None
        units.append(RefundUnits(line, one["quantity"], one.get("restockType") or "NO_RESTOCK", location))
    return units


def _shipping(order: Order, given: dict[str, Any]) -> MoneyBag:
    left = totals(order).current_shipping
    if given.get("fullRefund"):
        return left
    if given.get("amount") is None:
        return NOTHING
    amount = decimal(given["amount"])
    rate = left.shop / left.presentment if left.presentment else 1
    return MoneyBag(amount * rate, amount)


def _payments(order: Order, given: dict[str, Any]) -> list[tuple[Transaction, MoneyBag]]:
    found = []
    sums = totals(order)
    left = sums.received.presentment - sums.refunded.presentment
    for one in given.get("transactions") or []:
        if one["kind"] != "REFUND":
            raise refuse(f"Kind {one['kind'].lower()} is not a valid transaction")
        key = number(one["parentId"], "OrderTransaction") if one.get("parentId") else None
        parent = next((each for each in order.transactions if each.id == key), None)
        if parent is None:
            raise refuse("Transactions require a parent_id associated with the order", "transactions")
        amount = decimal(one["amount"])
        left -= amount
        if left < 0 and not given.get("allowOverRefunding"):
            currency = order.presentment_currency
            sentence = f"Refund amount {amount:.2f} {currency} is greater than net payment received"
            raise refuse(f"{sentence} {left + amount:.2f} {currency}")
        rate = parent.amount.shop / parent.amount.presentment if parent.amount.presentment else 1
        found.append((parent, MoneyBag(amount * rate, amount)))
    return found


def _tags(verb: Any) -> Resolver:
    def resolve(_root: Any, info: Info, id: str, tags: list[str]) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            order = find_order(info, id, "id")
            verb(world(info), order, [part for tag in tags for part in tag.split(",")])
            return {"node": order}

        return payload(work)

    return resolve
