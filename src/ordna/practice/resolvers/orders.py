"""Orders and what belongs to their commercial side: lines, addresses, discounts, transactions, refunds, risk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLResolveInfo

from ordna.practice import derive
from ordna.practice.model import NOTHING, Address, MoneyBag, Order, Transaction, gid
from ordna.practice.mutations.payments import may_mark_as_paid
from ordna.practice.resolvers.base import (
    Of,
    Resolver,
    Table,
    always,
    amount,
    at,
    attributes,
    call,
    connection,
    id_of,
    legacy_id,
    money,
    nothing_yet,
    world,
    written,
)
from ordna.practice.resolvers.lines import current_taxes, discounts, line_item, shipping_line, taxes
from ordna.practice.totals import (
    Totals,
    capturable_of,
    is_zero,
    part,
    refundable_of,
    total,
    totals,
)

Info = GraphQLResolveInfo
COUNTRIES = {
    "AT": "Austria", "AU": "Australia", "BE": "Belgium", "CA": "Canada", "CH": "Switzerland", "CZ": "Czechia",
    "DE": "Germany", "DK": "Denmark", "ES": "Spain", "FI": "Finland", "FR": "France", "GB": "United Kingdom",
    "IE": "Ireland", "IT": "Italy", "JP": "Japan", "LU": "Luxembourg", "NL": "Netherlands", "NO": "Norway",
    "NZ": "New Zealand", "PL": "Poland", "PT": "Portugal", "SE": "Sweden", "US": "United States",
}  # fmt: skip


def table() -> Table:
    """The resolvers of this file."""
    return {
        "Order": {**_order_sums(), **_order_states(), **_order_parts(), **_order_rest()},
        "LineItem": line_item(),
        "ShippingLine": shipping_line(),
        "OrderTransaction": _transaction(),
        "Refund": _refund(),
        "RefundLineItem": _refund_line(),
        "MailingAddress": _mailing_address(),
        "Customer": _customer(),
        "OrderRiskAssessment": {
            "provider": always(None),
            "riskLevel": lambda risk, _info: risk.level,
            "facts": lambda risk, _info: [{"sentiment": s, "description": text} for s, text in risk.facts],
        },
        "ProductVariant": {
            "id": id_of("ProductVariant"),
            "legacyResourceId": legacy_id,
            "price": lambda variant, _info: f"{variant.price:.2f}",
            "displayName": lambda variant, _info: f"{variant.product.title} - {variant.title}",
            "inventoryItem": lambda variant, _info: {
                "id": gid("InventoryItem", variant.inventory_item_id),
                "legacyResourceId": str(variant.inventory_item_id),
                "sku": variant.sku,
                "tracked": True,
            },
        },
        "Product": {"id": id_of("Product"), "legacyResourceId": legacy_id},
    }


def _order_sums() -> dict[str, Resolver]:
    def bag(choose: Callable[[Totals], MoneyBag]) -> Resolver:
        def resolve(order: Order, info: Info) -> dict[str, Any]:
            return money(order, choose(call(info).totals(order)))

        return resolve

    return {
        "totalPriceSet": bag(lambda sums: sums.total),
        "originalTotalPriceSet": bag(lambda sums: sums.total),
        "subtotalPriceSet": bag(lambda sums: sums.subtotal),
        "totalDiscountsSet": bag(lambda sums: sums.discounts),
        "totalTaxSet": bag(lambda sums: sums.tax),
        "totalShippingPriceSet": bag(lambda sums: sums.shipping),
        "currentTotalPriceSet": bag(lambda sums: sums.current_total),
        "currentSubtotalPriceSet": bag(lambda sums: sums.current_subtotal),
        "currentTotalTaxSet": bag(lambda sums: sums.current_tax),
        "currentTotalDiscountsSet": bag(lambda sums: sums.current_discounts),
        "currentShippingPriceSet": bag(lambda sums: sums.current_shipping),
        "currentCartDiscountAmountSet": bag(lambda sums: sums.current_discounts),
        "cartDiscountAmountSet": bag(lambda sums: sums.discounts),
        "totalReceivedSet": bag(lambda sums: sums.received),
        "totalRefundedSet": bag(lambda sums: sums.refunded),
        "totalRefundedShippingSet": bag(lambda sums: sums.refunded_shipping),
        "totalOutstandingSet": bag(lambda sums: sums.outstanding),
        "totalCapturableSet": bag(lambda sums: sums.capturable),
        "totalTipReceivedSet": bag(lambda sums: sums.tip),
        "netPaymentSet": bag(lambda sums: sums.received - sums.refunded),
        "refundDiscrepancySet": bag(lambda _sums: NOTHING),
        "totalCapturable": lambda order, info: written(call(info).totals(order).capturable.shop),
        "currentTotalDutiesSet": always(None),
        "totalCashRoundingAdjustment": lambda order, _info: {
            "paymentSet": money(order, totals(order).rounding),
            "refundSet": money(order, NOTHING),
        },
        "taxLines": lambda order, _info, **_: taxes(order, [tax for one in order.lines for tax in one.tax_lines]),
        "currentTaxLines": lambda order, _info: current_taxes(order),
        "subtotalLineItemsQuantity": lambda order, _info: sum(one.quantity for one in order.lines),
        "currentSubtotalLineItemsQuantity": lambda order, _info: sum(x.current_quantity for x in order.lines),
        "totalWeight": lambda order, _info: str(sum(one.grams * one.quantity for one in order.lines)),
        "currentTotalWeight": lambda order, _info: str(sum(x.grams * x.current_quantity for x in order.lines)),
    }


def _order_states() -> dict[str, Resolver]:
    def financial(order: Order, info: Info) -> str | None:
        return derive.display_financial_status(order, call(info).totals(order))

    def paid(order: Order, info: Info) -> bool:
        sums = call(info).totals(order)
        return sums.received.shop >= sums.current_total.shop

    return {
        "displayFinancialStatus": financial,
        "displayFulfillmentStatus": lambda order, _info: derive.fulfillment_status(order),
        "returnStatus": lambda order, _info: derive.return_status(order),
        "closed": lambda order, _info: order.closed_at is not None,
        "confirmed": always(True),
        "fullyPaid": paid,
        "unpaid": lambda order, info: not paid(order, info),
        "capturable": lambda order, info: not is_zero(call(info).totals(order).capturable),
        "canMarkAsPaid": lambda order, _info: may_mark_as_paid(order),
        "canNotifyCustomer": lambda order, _info: bool(order.email or order.phone),
        "refundable": lambda order, _info: any(not is_zero(refundable_of(order, x)) for x in order.transactions),
        "fulfillable": lambda order, _info: any(x.unfulfilled_quantity > 0 for x in order.lines),
        "restockable": lambda order, _info: any(x.current_quantity > 0 and x.variant for x in order.lines),
        "merchantEditable": lambda order, info: not _edit_obstacles(order, info),
        "merchantEditableErrors": _edit_obstacles,
        "requiresShipping": lambda order, _info: any(x.requires_shipping for x in order.lines),
        "estimatedTaxes": always(False),
        "dutiesIncluded": always(False),
        "taxExempt": lambda order, _info: bool(order.customer and order.customer.tax_exempt),
    }


def _order_parts() -> dict[str, Resolver]:
    def parts(choose: Callable[[Order], list[Any]]) -> Resolver:
        def resolve(order: Order, _info: Info, **args: Any) -> dict[str, Any]:
            return connection([Of(order, one) for one in choose(order)], args)

        return resolve

    def some(choose: Callable[[Order], list[Any]], wrap: bool = False) -> Resolver:
        def resolve(order: Order, _info: Info, first: int | None = None, **_args: Any) -> list[Any]:
            found = choose(order)[:first]
            return [Of(order, one) for one in found] if wrap else found

        return resolve

    return {
        "lineItems": parts(lambda order: order.lines),
        "nonFulfillableLineItems": parts(lambda order: [x for x in order.lines if x.is_tip]),
        "shippingLines": parts(lambda order: [x for x in order.shipping_lines if not x.removed]),
        "shippingLine": lambda order, _info: Of(order, order.shipping_lines[0]) if order.shipping_lines else None,
        "discountApplications": lambda order, _info, **args: connection(discounts(order), args),
        "discountCodes": lambda order, _info: [one.code for one in order.discounts if one.code],
        "discountCode": lambda order, _info: next((one.code for one in order.discounts if one.code), None),
        "transactions": some(lambda order: order.transactions, wrap=True),
        "transactionsCount": lambda order, _info: _count(len(order.transactions)),
        "refunds": some(lambda order: order.refunds),
        "fulfillments": some(lambda order: order.fulfillments),
        "fulfillmentsCount": lambda order, _info: _count(len(order.fulfillments)),
        "fulfillmentOrders": lambda order, _info, **args: connection(_listed(order), args),
        "events": nothing_yet,
        "localizationExtensions": nothing_yet,
        "localizedFields": nothing_yet,
    }


def _order_rest() -> dict[str, Resolver]:
    return {
        "id": id_of("Order"),
        "legacyResourceId": legacy_id,
        **{name: at(_snake(name)) for name in ("createdAt", "updatedAt", "processedAt", "closedAt", "cancelledAt")},
        "currencyCode": lambda order, _info: order.currency,
        "presentmentCurrencyCode": lambda order, _info: order.presentment_currency,
        "customerLocale": lambda order, _info: order.locale,
        "clientIp": lambda order, _info: order.browser_ip,
        "customAttributes": lambda order, _info: attributes(order.attributes),
        "displayAddress": lambda order, _info: order.shipping_address or order.billing_address,
        "billingAddressMatchesShippingAddress": lambda order, _info: order.billing_address == order.shipping_address,
        "cancellation": lambda order, _info: {"staffNote": order.staff_note} if order.cancelled_at else None,
        "paymentGatewayNames": lambda order, _info: list(dict.fromkeys(x.gateway for x in order.transactions)),
        "physicalLocation": always(None),
        "retailLocation": lambda order, info: world(info).locations.get(order.location_id or 0),
        "attribution": lambda order, _info: {"displayName": order.source_name, "handle": order.source_name},
        "statusPageUrl": lambda order, info: f"https://{world(info).shop.domain}/orders/{order.token}",
        "risk": _risk,
        "app": lambda order, info: _order_app(order, info),
        "metafield": _metafield,
        "metafields": _metafields,
    }


def _transaction() -> dict[str, Resolver]:
    def parent(of: Of, _info: Info) -> Of | None:
        found = [one for one in of.order.transactions if one.id == of.it.parent_id]
        return Of(of.order, found[0]) if found else None

    def captures_by_hand(of: Of, _info: Info) -> bool:
        return of.it.gateway != "manual" and not is_zero(capturable_of(of.order, of.it))

    return {
        "id": id_of("OrderTransaction"),
        "order": lambda of, _info: of.order,
        "parentTransaction": parent,
        "amountSet": lambda of, _info: money(of.order, of.it.amount),
        "createdAt": at("created_at"),
        "processedAt": at("processed_at"),
        "authorizationExpiresAt": at("authorization_expires_at"),
        "manualPaymentGateway": lambda of, _info: of.it.manual,
        "manuallyCapturable": captures_by_hand,
        "multiCapturable": always(False),
        "formattedGateway": lambda of, _info: of.it.formatted_gateway or of.it.gateway,
        "maximumRefundableV2": _maximum_refundable,
        "totalUnsettledSet": lambda of, _info: money(of.order, capturable_of(of.order, of.it)),
        "settlementCurrency": always(None),
        "accountNumber": always(None),
        "receiptJson": always("{}"),
    }


def _refund() -> dict[str, Resolver]:
    def lines(refund: Any, _info: Info, **args: Any) -> dict[str, Any]:
        return connection([Of(refund.order, one) for one in refund.lines], args)

    def transactions(refund: Any, _info: Info, **args: Any) -> dict[str, Any]:
        return connection([Of(refund.order, one) for one in refund.transactions], args)

    def shipping(refund: Any, _info: Info, **args: Any) -> dict[str, Any]:
        if is_zero(refund.shipping) or not refund.order.shipping_lines:
            return connection([], args)
        one = {
            "id": gid("RefundShippingLine", refund.id),
            "shippingLine": Of(refund.order, refund.order.shipping_lines[0]),
            "subtotalAmountSet": money(refund.order, refund.shipping),
            "taxAmountSet": money(refund.order, refund.shipping_tax),
        }
        return connection([one], args)

    return {
        "id": id_of("Refund"),
        "legacyResourceId": legacy_id,
        "createdAt": at("created_at"),
        "processedAt": at("created_at"),
        "updatedAt": at("created_at"),
        "totalRefundedSet": lambda x, _info: money(x.order, total(one.amount for one in x.transactions)),
        "refundLineItems": lines,
        "refundShippingLines": shipping,
        "transactions": transactions,
        "orderAdjustments": nothing_yet,
        "duties": always(None),
    }


def _refund_line() -> dict[str, Resolver]:
    def unit(of: Of, _info: Info) -> dict[str, Any]:
        return money(of.order, part(of.order, of.it.subtotal, 1, of.it.quantity))

    return {
        "id": id_of("RefundLineItem"),
        "lineItem": lambda of, _info: Of(of.order, of.it.line),
        "priceSet": unit,
        "subtotalSet": lambda of, _info: money(of.order, of.it.subtotal),
        "totalTaxSet": lambda of, _info: money(of.order, of.it.tax),
        "restocked": lambda of, _info: of.it.restock_type in ("CANCEL", "RETURN"),
    }


def _mailing_address() -> dict[str, Resolver]:
    def name(address: Address, _info: Info) -> str:
        return " ".join(part for part in (address.first_name, address.last_name) if part)

    def formatted(address: Address, info: Info, **_args: Any) -> list[str]:
        place = " ".join(part for part in (address.city, address.province_code, address.zip) if part)
        lines = (name(address, info), address.company, address.address1, address.address2, place, address.country)
        return [line for line in lines if line]

    return {
        "id": id_of("MailingAddress"),
        "name": name,
        "formatted": formatted,
        "formattedArea": lambda a, _info: ", ".join(x for x in (a.city, a.province_code, a.country) if x) or None,
        "countryCodeV2": lambda address, _info: address.country_code,
        "coordinatesValidated": lambda address, _info: address.latitude is not None,
    }


def _customer() -> dict[str, Resolver]:
    def display_name(customer: Any, _info: Info) -> str:
        whole = " ".join(part for part in (customer.first_name, customer.last_name) if part)
        return whole or customer.email or customer.phone or ""

    return {
        "id": id_of("Customer"),
        "legacyResourceId": legacy_id,
        "displayName": display_name,
        "createdAt": at("created_at"),
        "updatedAt": at("updated_at"),
        "numberOfOrders": lambda customer, _info: str(customer.orders_count),
        "defaultEmailAddress": lambda x, _info: {"emailAddress": x.email} if x.email else None,
        "defaultPhoneNumber": lambda x, _info: {"phoneNumber": x.phone} if x.phone else None,
    }


def _listed(order: Order) -> list[Any]:
    return order.fulfillment_orders


def _edit_obstacles(order: Order, _info: Info) -> list[str]:
    if order.cancelled_at:
        return ["The order has been cancelled."]
    return []


def _risk(order: Order, _info: Info) -> dict[str, Any]:
    levels = [one.level for one in order.risks]
    advice = "CANCEL" if "HIGH" in levels else "INVESTIGATE" if "MEDIUM" in levels else "ACCEPT" if levels else "NONE"
    return {"assessments": order.risks, "recommendation": advice}


def _order_app(order: Order, info: Info) -> dict[str, Any] | None:
    for one in world(info).apps:
        if one.id == order.app_id:
            icon = {"url": f"https://{world(info).shop.domain}/icon.png"}
            return {"id": gid("App", one.id), "name": one.title, "icon": icon}
    return None


def _metafield(order: Order, _info: Info, key: str, namespace: str | None = None) -> dict[str, Any] | None:
    for (space, name), (kind, value) in order.metafields.items():
        if name == key and space == (namespace or "custom"):
            return _shown_metafield(order, space, name, kind, value)
    return None


def _metafields(order: Order, _info: Info, **args: Any) -> dict[str, Any]:
    shown = [_shown_metafield(order, *key, *value) for key, value in order.metafields.items()]
    return connection(shown, args)


def _shown_metafield(order: Order, namespace: str, key: str, kind: str, value: str) -> dict[str, Any]:
    position = list(order.metafields).index((namespace, key))
    number = order.id * 100 + position
    shown = {"id": gid("Metafield", number), "legacyResourceId": str(number)}
    return {**shown, "namespace": namespace, "key": key, "type": kind, "value": value}


def _maximum_refundable(of: Of, _info: Info) -> dict[str, str] | None:
    transaction: Transaction = of.it
    if transaction.kind not in ("SALE", "CAPTURE"):
        return None
    return amount(refundable_of(of.order, transaction).presentment, of.order.presentment_currency)


def _count(count: int) -> dict[str, Any]:
    return {"count": count, "precision": "EXACT"}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
