"""The rarer trade of an order: payment terms, the company that buys, bundles, returns with their exchanges."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLResolveInfo

from ordna.practice.business import ExchangeLine, LineGroup, Return, ReturnLine
from ordna.practice.model import Company, Line, Order, Refund, gid
from ordna.practice.resolvers.base import Of, Table, amount, call, connection, id_of, money, stamp, world

Info = GraphQLResolveInfo


def table() -> Table:
    """The resolvers of this file."""
    return {
        "Order": {
            "paymentTerms": payment_terms,
            "purchasingEntity": _purchasing_entity,
            "returns": lambda order, _info, **args: connection([Of(order, one) for one in order.returns], args),
        },
        "LineItem": {"lineItemGroup": _group},
        "Refund": {"return": _return_of},
        "OrderTransaction": {
            "amountRoundingSet": lambda of, _info: money(of.order, of.it.rounding) if of.it.rounding.shop else None,
        },
        "PaymentTerms": {
            "paymentSchedules": lambda terms, _info, **args: connection(terms["schedules"], args),
        },
        "Return": {
            "id": id_of("Return"),
            "createdAt": lambda of, _info: stamp(of.it.created_at),
            "closedAt": lambda of, _info: stamp(of.it.closed_at),
            "totalQuantity": lambda of, _info: sum(line.quantity for line in of.it.lines),
            "returnLineItems": _return_lines,
            "exchangeLineItems": _exchange_lines,
        },
    }


def payment_terms(order: Order, info: Info) -> dict[str, Any] | None:
    """The order's terms with their one schedule, or None where it is paid at once."""
    terms = order.terms
    if terms is None:
        return None
    sums = call(info).totals(order)
    open_ = sums.outstanding.presentment
    late = bool(open_) and world(info).now() > terms.due_at
    currency = order.presentment_currency
    schedule = {
        "__typename": "PaymentSchedule",
        "id": gid("PaymentSchedule", terms.schedule_id),
        "amount": amount(sums.total.presentment, currency),
        "balanceDue": amount(open_, currency),
        "totalBalance": amount(open_, currency),
        "issuedAt": stamp(terms.issued_at),
        "dueAt": stamp(terms.due_at),
        "completedAt": None if open_ else stamp(order.updated_at),
        "due": late,
    }
    return {
        "__typename": "PaymentTerms",
        "id": gid("PaymentTerms", terms.id),
        "due": late,
        "overdue": late,
        "dueInDays": terms.due_in_days,
        "order": order,
        "paymentTermsName": terms.name,
        "translatedName": terms.name,
        "paymentTermsType": "NET",
        "schedules": [schedule],
    }


def _purchasing_entity(order: Order, _info: Info) -> Any:
    company = order.company
    return _buyer(company) if company else order.customer


def _buyer(company: Company) -> dict[str, Any]:
    return {
        "__typename": "PurchasingCompany",
        "company": {"id": gid("Company", company.id), "name": company.name, "externalId": company.external_id},
        "location": {
            "id": gid("CompanyLocation", company.location_id),
            "name": company.location_name,
            "externalId": None,
        },
        "contact": {"id": gid("CompanyContact", company.contact_id), "isMainContact": True, "title": None},
    }


def _group(of: Of, _info: Info) -> dict[str, Any] | None:
    found: LineGroup | None = next((group for group in of.order.groups if group.id == of.it.group_id), None)
    if found is None:
        return None
    return {"id": gid("LineItemGroup", found.id), "title": found.title, "quantity": found.quantity}


def _return_of(refund: Refund, _info: Info) -> Of | None:
    found = next((one for one in refund.order.returns if one.refund_id == refund.id), None)
    return Of(refund.order, found) if found else None


def _return_lines(of: Of, _info: Info, **args: Any) -> dict[str, Any]:
    made: Return = of.it
    return connection([_return_line(of.order, made, line) for line in made.lines], args)


def _return_line(order: Order, made: Return, line: ReturnLine) -> dict[str, Any]:
    processed = line.quantity if made.refund_id else 0
    shipped = [part for parcel in order.fulfillments for part in parcel.lines if part.id == line.fulfillment_line_id]
    return {
        "__typename": "ReturnLineItem",
        "id": gid("ReturnLineItem", line.id),
        "quantity": line.quantity,
        "processedQuantity": processed,
        "unprocessedQuantity": line.quantity - processed,
        "customerNote": None,
        "returnReasonNote": "",
        "fulfillmentLineItem": Of(order, shipped[0]),
    }


def _exchange_lines(of: Of, _info: Info, **args: Any) -> dict[str, Any]:
    return connection([_exchange_line(of.order, line) for line in of.it.exchanges], args)


def _exchange_line(order: Order, line: ExchangeLine) -> dict[str, Any]:
    sent: Line = next(one for one in order.lines if one.id == line.line_id)
    return {
        "id": gid("ExchangeLineItem", line.id),
        "quantity": line.quantity,
        "lineItem": Of(order, sent),
        "lineItems": [Of(order, sent)],
        "variantId": gid("ProductVariant", sent.variant.id) if sent.variant else None,
        "variantSku": sent.sku,
    }
