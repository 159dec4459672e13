"""What an order's body says of the rarer trade: company, payment terms, bundles, returns.

No recorded order body shows these filled in. Terms follow the bodies of draft orders, returns those of returns/*.
"""

from __future__ import annotations

from ordna.practice.bodies.parts import Body, Tongue, decimal
from ordna.practice.model import Company, LineGroup, Order, Return, gid
from ordna.practice.totals import Totals


def company_body(company: Company) -> Body:
    return {"id": company.id, "location_id": company.location_id}


def terms_body(tongue: Tongue, order: Order, sums: Totals) -> Body:
    """The agreed terms with their one schedule; its amounts are in the currency the buyer pays in."""
    terms = order.terms
    assert terms is not None
    total, open_ = decimal(sums.total.presentment), decimal(sums.outstanding.presentment)
    currency = order.presentment_currency
    paid_at = None if sums.outstanding.shop else order.updated_at
    return {
        "id": terms.id,
        "payment_terms_name": terms.name,
        "payment_terms_type": "net",
        "due_in_days": terms.due_in_days,
        "created_at": tongue.time(terms.issued_at),
        "updated_at": tongue.time(terms.issued_at),
        "payment_schedules": [
            {
                "id": terms.schedule_id,
                "created_at": tongue.time(terms.issued_at),
                "updated_at": tongue.time(terms.issued_at),
                "payment_terms_id": terms.id,
                "reference_id": order.id,
                "reference_type": "Order",
                "issued_at": tongue.time(terms.issued_at),
                "due_at": tongue.time(terms.due_at),
                "completed_at": tongue.time_or_none(paid_at),
                "amount": total,
                "currency": currency,
                "total_price": total,
                "total_price_currency": currency,
                "balance_due": open_,
                "balance_due_currency": currency,
                "total_balance": open_,
                "total_balance_currency": currency,
                "outstanding_balance": open_,
                "outstanding_balance_currency": currency,
            }
        ],
        "can_pay_early": True,
    }


def group_body(order: Order, group: LineGroup) -> Body:
    return {
        "id": group.id,
        "title": group.title,
        "quantity": group.quantity,
        "product_id": None,
        "variant_id": None,
        "variant_sku": None,
        "properties": [],
    }


def return_body(order: Order, one: Return) -> Body:
    return {
        "id": one.id,
        "admin_graphql_api_id": gid("Return", one.id),
        "status": one.status.lower(),
        "order": {"id": order.id, "admin_graphql_api_id": gid("Order", order.id)},
        "total_return_line_items": sum(line.quantity for line in one.lines),
        "name": one.name,
        "return_line_items": [
            {
                "id": line.id,
                "admin_graphql_api_id": gid("ReturnLineItem", line.id),
                "fulfillment_line_item": {
                    "id": line.fulfillment_line_id,
                    "admin_graphql_api_id": gid("FulfillmentLineItem", line.fulfillment_line_id),
                    "line_item": {"id": line.line_id, "admin_graphql_api_id": gid("LineItem", line.line_id)},
                },
                "quantity": line.quantity,
            }
            for line in one.lines
        ],
        "return_shipping_fees": [],
        "exchange_line_items": [
            {
                "id": line.id,
                "admin_graphql_api_id": gid("ExchangeLineItem", line.id),
                "line_item": {"id": line.line_id, "admin_graphql_api_id": gid("LineItem", line.line_id)},
            }
            for line in one.exchanges
        ],
        "total_exchange_line_items": sum(line.quantity for line in one.exchanges),
    }
