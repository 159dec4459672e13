"""The body of orders/*: 93 keys at the top, sums at placing beside sums as of now."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ordna.practice import derive
from ordna.practice.bodies.business import company_body, group_body, return_body, terms_body
from ordna.practice.bodies.parcel import nested_fulfillment_body
from ordna.practice.bodies.parts import (
    Body,
    Tongue,
    address_body,
    decimal,
    full_name,
    line_body,
    tax_line_body,
)
from ordna.practice.bodies.payment import refund_body
from ordna.practice.model import (
    NOTHING,
    Customer,
    Discount,
    Line,
    MoneyBag,
    Order,
    ShippingLine,
    Shop,
    TaxLine,
    gid,
)
from ordna.practice.totals import Totals, shipping_net, total, totals

_USER_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/19.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/148.0.0.0 Safari/537.36 Edg/148.0.0.0",
    "Mozilla/5.0 (Linux; Android 16; Pixel 10) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/148.0.0.0 Mobile Safari/537.36",
)


def order_body(shop: Shop, tongue: Tongue, order: Order) -> Body:
    """The order as every orders/* topic but edited, delete and risk_assessment_changed tells it."""
    sums = totals(order)
    return {
        "id": order.id,
        "admin_graphql_api_id": gid("Order", order.id),
        **_circumstances(shop, tongue, order, sums),
        **_sums_now(tongue, sums),
        **_sums_at_placing(tongue, order, sums),
        "billing_address": address_body(order.billing_address) if order.billing_address else None,
        "customer": _customer(tongue, order.customer) if order.customer else None,
        "discount_applications": [_application(discount) for discount in order.discounts],
        "fulfillments": [nested_fulfillment_body(tongue, f) for f in order.fulfillments],
        "line_items": [line_body(tongue, line) for line in order.lines],
        "payment_terms": terms_body(tongue, order, sums) if order.terms else None,
        "refunds": [refund_body(tongue, refund) for refund in order.refunds],
        "shipping_address": address_body(order.shipping_address) if order.shipping_address else None,
        "shipping_lines": [_shipping_line(tongue, line) for line in order.shipping_lines],
        "returns": [return_body(order, one) for one in order.returns],
        "line_item_groups": [group_body(order, group) for group in order.groups],
        **({"company": company_body(order.company)} if order.company else {}),
    }


def edit_body(
    order: Order,
    edit_id: int,
    at: str,
    *,
    additions: Sequence[tuple[Line, int]],
    removals: Sequence[tuple[Line, int]],
    note: str,
) -> Body:
    """orders/edited: only how many units each line gained or lost, never the line itself."""
    return {
        "order_edit": {
            "id": edit_id,
            "app_id": None,
            "created_at": at,
            "committed_at": at,
            "notify_customer": False,
            "order_id": order.id,
            "staff_note": note,
            "user_id": None,
            "line_items": {
                "additions": [{"id": line.id, "delta": units} for line, units in additions],
                "removals": [{"id": line.id, "delta": units} for line, units in removals],
            },
            "discounts": {"line_item": {"additions": [], "removals": []}},
            "shipping_lines": {"additions": [], "removals": []},
        }
    }


def risk_body(order: Order, at: str) -> Body:
    risk = order.risks[-1] if order.risks else None
    return {
        "provider_id": None,
        "provider_title": risk.provider if risk else None,
        "risk_level": (risk.level if risk else "none").lower(),
        "created_at": at,
        "order_id": str(order.id),
        "admin_graphql_api_order_id": gid("Order", order.id),
    }


def _circumstances(shop: Shop, tongue: Tongue, order: Order, sums: Totals) -> Body:
    return {
        "app_id": order.app_id,
        "browser_ip": order.browser_ip,
        "buyer_accepts_marketing": bool(order.customer and "newsletter" in order.customer.tags),
        "cancel_reason": order.cancel_reason.lower() if order.cancel_reason else None,
        "cancelled_at": tongue.time_or_none(order.cancelled_at),
        "cart_token": order.cart_token,
        "checkout_token": order.checkout_token,
        "client_details": _client(order),
        "closed_at": tongue.time_or_none(order.closed_at),
        "confirmation_number": order.confirmation_number,
        "confirmed": True,
        "contact_email": order.email,
        "created_at": tongue.time(order.created_at),
        "currency": order.currency,
        "customer_locale": order.locale,
        "device_id": None,
        "discount_codes": [
            {
                "code": discount.code,
                "amount": decimal(_allocated(order, position).shop),
                "type": discount.value_type,
            }
            for position, discount in enumerate(order.discounts)
            if discount.code
        ],
        "duties_included": False,
        "email": order.email,
        "estimated_taxes": False,
        "financial_status": derive.rest_financial_status(order, sums),
        "fulfillment_status": derive.rest_fulfillment_status(order),
        "landing_site": order.landing_site,
        "landing_site_ref": None,
        "location_id": order.location_id,
        "merchant_business_entity_id": "MTU0ODM4MDAwOQ",
        "merchant_of_record_app_id": None,
        "name": order.name,
        "note": order.note,
        "note_attributes": [{"name": name, "value": value} for name, value in order.attributes],
        "number": order.number - 1000,
        "order_number": order.number,
        "order_status_url": f"https://{shop.domain}/{shop.id}/orders/{order.token}/authenticate?key=practice",
        "payment_gateway_names": list(dict.fromkeys(t.gateway for t in order.transactions)),
        "phone": order.phone,
        "po_number": order.po_number,
        "presentment_currency": order.presentment_currency,
        "processed_at": tongue.time(order.processed_at),
        "reference": None,
        "referring_site": order.referring_site,
        "source_identifier": order.source_identifier,
        "source_name": order.source_name or "web",
        "source_url": None,
        "tags": ", ".join(order.tags),
        "tax_exempt": bool(order.customer and order.customer.tax_exempt),
        "taxes_included": order.taxes_included,
        "test": order.test,
        "token": order.token,
        "total_weight": sum(line.grams * line.current_quantity for line in order.lines),
        "updated_at": tongue.time(order.updated_at),
        "user_id": None,
    }


def _sums_now(tongue: Tongue, sums: Totals) -> Body:
    return {
        "current_shipping_price_set": tongue.money_set(sums.current_shipping),
        "current_subtotal_price": decimal(sums.current_subtotal.shop),
        "current_subtotal_price_set": tongue.money_set(sums.current_subtotal),
        "current_total_additional_fees_set": None,
        "current_total_discounts": decimal(sums.current_discounts.shop),
        "current_total_discounts_set": tongue.money_set(sums.current_discounts),
        "current_total_duties_set": None,
        "current_total_price": decimal(sums.current_total.shop),
        "current_total_price_set": tongue.money_set(sums.current_total),
        "current_total_tax": decimal(sums.current_tax.shop),
        "current_total_tax_set": tongue.money_set(sums.current_tax),
        "total_outstanding": decimal(sums.outstanding.shop),
        "total_cash_rounding_payment_adjustment_set": tongue.money_set(sums.rounding),
        "total_cash_rounding_refund_adjustment_set": tongue.money_set(NOTHING),
    }


def _sums_at_placing(tongue: Tongue, order: Order, sums: Totals) -> Body:
    taxes = [tax for line in order.lines for tax in line.tax_lines]
    taxes += [tax for shipping in order.shipping_lines for tax in shipping.tax_lines]
    return {
        "original_total_additional_fees_set": None,
        "original_total_duties_set": None,
        "subtotal_price": decimal(sums.subtotal.shop),
        "subtotal_price_set": tongue.money_set(sums.subtotal),
        "tax_lines": _taxes_by_rate(tongue, taxes),
        "total_discounts": decimal(sums.discounts.shop),
        "total_discounts_set": tongue.money_set(sums.discounts),
        "total_line_items_price": decimal(sums.lines.shop),
        "total_line_items_price_set": tongue.money_set(sums.lines),
        "total_price": decimal(sums.total.shop),
        "total_price_set": tongue.money_set(sums.total),
        "total_shipping_price_set": tongue.money_set(sums.shipping),
        "total_tax": decimal(sums.tax.shop),
        "total_tax_set": tongue.money_set(sums.tax),
        "total_tip_received": decimal(sums.tip.shop),
    }


def _taxes_by_rate(tongue: Tongue, taxes: list[TaxLine]) -> list[Body]:
    by_rate: dict[tuple[str, Decimal], list[MoneyBag]] = {}
    for tax in taxes:
        by_rate.setdefault((tax.title, tax.rate), []).append(tax.price)
    return [tax_line_body(tongue, TaxLine(title, rate, total(prices))) for (title, rate), prices in by_rate.items()]


def _client(order: Order) -> Body | None:
    if order.browser_ip is None:
        return None
    return {
        "accept_language": f"{order.locale or 'en'}-{(order.locale or 'en').upper()},en;q=0.8",
        "browser_height": None,
        "browser_ip": order.browser_ip,
        "browser_width": None,
        "session_hash": None,
        "user_agent": _USER_AGENTS[order.id % len(_USER_AGENTS)],
    }


def _allocated(order: Order, position: int) -> MoneyBag:
    allocations = [a for line in order.lines for a in line.allocations]
    allocations += [a for shipping in order.shipping_lines for a in shipping.allocations]
    return total(a.amount for a in allocations if a.application_index == position)


def _customer(tongue: Tongue, customer: Customer) -> Body:
    address = customer.default_address
    subscribed = "newsletter" in customer.tags
    return {
        "id": customer.id,
        "created_at": tongue.time_or_none(customer.created_at),
        "updated_at": tongue.time_or_none(customer.updated_at),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "state": "disabled",
        "note": customer.note,
        "verified_email": customer.verified_email,
        "multipass_identifier": None,
        "tax_exempt": customer.tax_exempt,
        "email": customer.email,
        "phone": customer.phone,
        "email_marketing_consent": {
            "state": "subscribed" if subscribed else "not_subscribed",
            "opt_in_level": "single_opt_in",
            "consent_updated_at": tongue.time_or_none(customer.created_at) if subscribed else None,
        },
        "sms_marketing_consent": None,
        "tags": ", ".join(customer.tags),
        "currency": tongue.presentment_currency,
        "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", customer.id),
        "default_address": {
            **{k: v for k, v in address_body(address).items() if k not in ("latitude", "longitude")},
            "id": address.id,
            "customer_id": customer.id,
            "country_name": address.country,
            "default": True,
            "name": full_name(address.first_name, address.last_name),
        }
        if address
        else None,
    }


def _application(discount: Discount) -> Body:
    body: Body = {
        "target_type": discount.target_type,
        "type": discount.kind,
        "value": str(discount.value),
        "value_type": discount.value_type,
        "allocation_method": discount.allocation_method,
        "target_selection": "all",
    }
    if discount.code:
        return {**body, "code": discount.code}
    return {**body, "title": discount.title, "description": discount.title}


def _shipping_line(tongue: Tongue, line: ShippingLine) -> Body:
    discounted = shipping_net(line)
    return {
        "id": line.id,
        "carrier_identifier": None,
        "code": line.code,
        "current_discounted_price_set": tongue.money_set(NOTHING if line.removed else discounted),
        "discounted_price": decimal(discounted.shop),
        "discounted_price_set": tongue.money_set(discounted),
        "is_removed": line.removed,
        "phone": None,
        "price": decimal(line.price.shop),
        "price_set": tongue.money_set(line.price),
        "requested_fulfillment_service_id": None,
        "source": line.source,
        "title": line.title,
        "tax_lines": [tax_line_body(tongue, tax) for tax in line.tax_lines],
        "discount_allocations": [],
    }
