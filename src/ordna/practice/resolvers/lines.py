"""The lines of an order: items, shipping, and the discounts and taxes on them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from graphql import GraphQLResolveInfo

from ordna.practice import derive
from ordna.practice.model import NOTHING, DiscountAllocation, Line, MoneyBag, Order, TaxLine
from ordna.practice.resolvers.base import (
    MANUAL_SERVICE,
    Of,
    Resolver,
    always,
    amount,
    attributes,
    id_of,
    money,
    written,
)
from ordna.practice.totals import line_discount, line_net, part, shipping_net

Info = GraphQLResolveInfo


def line_item() -> dict[str, Resolver]:
    def bag(choose: Callable[[Order, Line], MoneyBag]) -> Resolver:
        def resolve(of: Of, _info: Info, **_args: Any) -> dict[str, Any]:
            return money(of.order, choose(of.order, of.it))

        return resolve

    def share(order: Order, line: Line, count: int) -> MoneyBag:
        return part(order, line_net(line), count, line.quantity)

    return {
        "id": id_of("LineItem"),
        "name": lambda of, _info: " - ".join(x for x in (of.it.title, of.it.variant_title) if x),
        "product": lambda of, _info: of.it.variant.product if of.it.variant else None,
        "originalUnitPriceSet": bag(lambda _order, line: line.price),
        "originalTotalSet": bag(lambda _order, line: line.price.times(line.quantity)),
        "totalDiscountSet": bag(lambda _order, line: line_discount(line)),
        "discountedTotalSet": bag(lambda _order, line: line_net(line)),
        "discountedUnitPriceSet": bag(lambda order, line: share(order, line, 1)),
        "discountedUnitPriceAfterAllDiscountsSet": bag(lambda order, line: share(order, line, 1)),
        "priceAfterAllDiscountsBeforeTaxesSet": bag(lambda _order, line: line_net(line)),
        "unfulfilledOriginalTotalSet": bag(lambda _order, line: line.price.times(max(line.unfulfilled_quantity, 0))),
        "unfulfilledDiscountedTotalSet": bag(lambda order, x: share(order, x, max(x.unfulfilled_quantity, 0))),
        "discountAllocations": lambda of, _info: [_allocation(of.order, one) for one in of.it.allocations],
        "taxLines": lambda of, _info, **_: taxes(of.order, of.it.tax_lines),
        "customAttributes": lambda of, _info: attributes(of.it.attributes),
        "isGiftCard": lambda of, _info: of.it.gift_card,
        "canRestock": lambda of, _info: of.it.variant is not None,
        "fulfillableQuantity": lambda of, _info: derive.fulfillable_quantity(of.order, of.it),
        "nonFulfillableQuantity": lambda of, _info: of.it.quantity if of.it.is_tip else 0,
        "refundableQuantity": lambda of, _info: of.it.current_quantity,
        "fulfillmentStatus": lambda of, _info: _line_fulfillment(of.it),
        "fulfillmentService": always(MANUAL_SERVICE),
        "merchantEditable": lambda of, _info: of.it.unfulfilled_quantity > 0,
        "duties": always([]),
        "sellingPlan": always(None),
        "weight": lambda of, _info: {"unit": "GRAMS", "value": float(of.it.grams)},
    }


def shipping_line() -> dict[str, Resolver]:
    return {
        "id": id_of("ShippingLine"),
        "originalPriceSet": lambda of, _info: money(of.order, of.it.price),
        "discountedPriceSet": lambda of, _info: money(of.order, shipping_net(of.it)),
        "currentDiscountedPriceSet": lambda of, _info: money(of.order, shipping_net(of.it)),
        "discountAllocations": lambda of, _info: [_allocation(of.order, one) for one in of.it.allocations],
        "taxLines": lambda of, _info: taxes(of.order, of.it.tax_lines),
        "isRemoved": lambda of, _info: of.it.removed,
        "custom": lambda of, _info: of.it.source is None,
        "deliveryCategory": always(None),
        "carrierIdentifier": always(None),
        "phone": always(None),
        "shippingRateHandle": always(None),
    }


def _allocation(order: Order, one: DiscountAllocation) -> dict[str, Any]:
    return {
        "allocatedAmountSet": money(order, one.amount),
        "discountApplication": _discount(order, one.application_index),
    }


def discounts(order: Order) -> list[dict[str, Any]]:
    return [_discount(order, index) for index in range(len(order.discounts))]


def _discount(order: Order, index: int) -> dict[str, Any]:
    one = order.discounts[index]
    kinds = {"discount_code": "DiscountCodeApplication", "manual": "ManualDiscountApplication"}
    value: dict[str, Any] = {"__typename": "MoneyV2", **amount(one.value, order.currency)}
    if one.value_type == "percentage":
        value = {"__typename": "PricingPercentageValue", "percentage": float(one.value)}
    return {
        "__typename": kinds.get(one.kind, "AutomaticDiscountApplication"),
        "index": index,
        "code": one.code,
        "title": one.title,
        "description": None,
        "allocationMethod": one.allocation_method.upper(),
        "targetSelection": "ALL",
        "targetType": one.target_type.upper(),
        "value": value,
    }


def taxes(order: Order, lines: list[TaxLine]) -> list[dict[str, Any]]:
    merged: dict[tuple[str, Decimal], MoneyBag] = {}
    for line in lines:
        merged[line.title, line.rate] = merged.get((line.title, line.rate), NOTHING) + line.price
    return [_tax(order, title, rate, price) for (title, rate), price in merged.items()]


def current_taxes(order: Order) -> list[dict[str, Any]]:
    current = [
        TaxLine(tax.title, tax.rate, part(order, tax.price, line.current_quantity, line.quantity))
        for line in order.lines
        for tax in line.tax_lines
    ]
    return taxes(order, current)


def _tax(order: Order, title: str, rate: Decimal, price: MoneyBag) -> dict[str, Any]:
    return {
        "title": title,
        "rate": float(rate),
        "ratePercentage": float(rate * 100),
        "price": written(price.shop),
        "priceSet": money(order, price),
        "channelLiable": False,
        "source": "shopify",
    }


def _line_fulfillment(line: Line) -> str:
    if line.unfulfilled_quantity <= 0:
        return "fulfilled"
    return "partial" if line.fulfilled else "unfulfilled"
