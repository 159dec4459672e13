"""Bodies about money: order_transactions/create and refunds/create."""

from __future__ import annotations

from ordna.practice.bodies.parts import Body, Tongue, decimal, nested_line_body
from ordna.practice.model import NOTHING, MoneyBag, Order, Refund, RefundLine, Transaction, gid

_CARD_COMPANIES = ("Visa", "Mastercard", "Visa", "Dankort")


def transaction_body(tongue: Tongue, order: Order, transaction: Transaction) -> Body:
    """A transaction; its amount is in the currency the buyer paid in."""
    body: Body = {
        "id": transaction.id,
        "order_id": order.id,
        "kind": transaction.kind.lower(),
        "gateway": transaction.gateway,
        "status": transaction.status.lower(),
        "message": transaction.message,
        "created_at": tongue.time(transaction.created_at),
        "test": transaction.test,
        "authorization": transaction.authorization_code or f"ch_{transaction.id:x}",
        "location_id": None,
        "user_id": None,
        "parent_id": transaction.parent_id,
        "processed_at": tongue.time(transaction.processed_at),
        "device_id": None,
        "error_code": transaction.error_code,
        "source_name": order.source_name or "web",
        "payment_details": _payment_details(transaction),
        "receipt": {},
        "amount": decimal(transaction.amount.presentment, order.presentment_currency),
        "currency": order.presentment_currency,
        "payment_id": transaction.payment_id or f"{order.name}.{_position(order, transaction)}",
        "total_unsettled_set": tongue.unsettled_set(_unsettled(transaction)),
        "manual_payment_gateway": transaction.manual,
        "amount_rounding": decimal(transaction.rounding.presentment) if transaction.rounding != NOTHING else None,
        "admin_graphql_api_id": gid("OrderTransaction", transaction.id),
    }
    if transaction.manual or transaction.gateway == "gift_card":
        del body["payment_details"]
    return body


def refund_body(tongue: Tongue, refund: Refund) -> Body:
    return {
        "id": refund.id,
        "order_id": refund.order.id,
        "created_at": tongue.time(refund.created_at),
        "note": refund.note or "",
        "user_id": None,
        "processed_at": tongue.time(refund.created_at),
        "duties": [],
        "total_duties_set": tongue.money_set(NOTHING),
        "return": returned_by(refund),
        "refund_shipping_lines": _refunded_shipping(tongue, refund),
        "restock": any(line.restock_type != "NO_RESTOCK" for line in refund.lines),
        "admin_graphql_api_id": gid("Refund", refund.id),
        "order_adjustments": [],
        "refund_line_items": [_refund_line(tongue, line) for line in refund.lines],
        "transactions": [transaction_body(tongue, refund.order, t) for t in refund.transactions],
    }


def returned_by(refund: Refund) -> Body | None:
    """The return that a refund belongs to, by its ids."""
    for one in refund.order.returns:
        if one.refund_id == refund.id:
            return {"id": one.id, "admin_graphql_api_id": gid("Return", one.id)}
    return None


def _payment_details(transaction: Transaction) -> Body:
    company = _CARD_COMPANIES[transaction.id % len(_CARD_COMPANIES)]
    return {
        "credit_card_bin": None,
        "avs_result_code": None,
        "cvv_result_code": None,
        "credit_card_number": f"•••• •••• •••• {transaction.id % 9000 + 1000}",
        "credit_card_company": company,
        "buyer_action_info": None,
        "credit_card_name": None,
        "credit_card_wallet": None,
        "credit_card_expiration_month": transaction.id % 12 + 1,
        "credit_card_expiration_year": 2028 + transaction.id % 4,
        "payment_method_name": company.lower(),
    }


def _position(order: Order, transaction: Transaction) -> int:
    ids = [known.id for known in order.transactions]
    return ids.index(transaction.id) + 1 if transaction.id in ids else len(ids) + 1


def _unsettled(transaction: Transaction) -> MoneyBag:
    is_open = transaction.kind == "AUTHORIZATION" and transaction.status == "SUCCESS"
    return transaction.amount if is_open else NOTHING


def _refunded_shipping(tongue: Tongue, refund: Refund) -> list[Body]:
    if refund.shipping == NOTHING or not refund.order.shipping_lines:
        return []
    return [
        {
            "id": refund.id + 1,
            "shipping_line": {"id": refund.order.shipping_lines[0].id},
            "subtotal_amount_set": tongue.money_set(refund.shipping),
            "tax_amount_set": tongue.money_set(refund.shipping_tax),
        }
    ]


def _refund_line(tongue: Tongue, refund_line: RefundLine) -> Body:
    return {
        "id": refund_line.id,
        "quantity": refund_line.quantity,
        "line_item_id": refund_line.line.id,
        "location_id": refund_line.location.id if refund_line.location else None,
        "restock_type": refund_line.restock_type.lower(),
        "subtotal": float(refund_line.subtotal.shop),
        "total_tax": float(refund_line.tax.shop),
        "subtotal_set": tongue.money_set(refund_line.subtotal),
        "total_tax_set": tongue.money_set(refund_line.tax),
        "line_item": nested_line_body(tongue, refund_line.line, refund_line.line.quantity),
    }
