"""The shop's checkout: turns a basket into an order with prices, taxes, shipping and payment.

Prices include VAT. A buyer abroad pays in the currency of the country at a fixed rate; every amount is kept
in both currencies, each rounded on its own. Taxes are taken out of the discounted price, line by line.
`basket.payment` says what happened to the money: captured, authorized, pending, declined first, gift card,
free.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from ordna.practice.assortment import RATES_PER_DKK_E4, Country
from ordna.practice.catalogue import country_of
from ordna.practice.model import (
    Address,
    Customer,
    Discount,
    DiscountAllocation,
    Line,
    MoneyBag,
    Order,
    ShippingLine,
    TaxLine,
    Transaction,
    Variant,
)
from ordna.practice.totals import line_net, totals
from ordna.practice.world import World

AUTHORIZATION_LASTS = timedelta(days=7)
FREE_SHIPPING_FROM_DKK = Decimal(599)
_CENT = Decimal("0.01")

PAYMENTS = ("captured", "authorized", "pending", "declined first", "gift card", "free")


@dataclass
class Basket:
    """What a buyer decided. `discount` is (code, percent); `shipping` is express, parcel shop, home or
    free."""

    customer: Customer
    items: list[tuple[Variant, int]]
    payment: str = "captured"
    discount: tuple[str, int] | None = None
    shipping: str = "home"
    note: str | None = None
    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)
    gift_message: str | None = None
    test: bool = False
    source_name: str = "web"
    address: Address | None = None


def checked_out(world: World, basket: Basket) -> Order:
    """The order as it stands the moment it was placed; it is not in the world yet."""
    now = world.now()
    country = country_of(basket.customer)
    exchange = _Exchange(country.currency)
    number = world.next_order_number()
    order_id = world.next_id("Order")
    address = basket.address or basket.customer.default_address
    ships = any(variant.requires_shipping for variant, _ in basket.items)
    order = Order(
        id=order_id,
        name=f"#{number}",
        number=number,
        currency=world.shop.currency,
        presentment_currency=country.currency,
        created_at=now,
        processed_at=now,
        updated_at=now,
        customer=basket.customer,
        email=basket.customer.email,
        phone=basket.customer.phone,
        shipping_address=address if ships else None,
        billing_address=basket.customer.default_address,
        note=basket.note,
        tags=list(basket.tags),
        attributes=list(basket.attributes),
        taxes_included=True,
        test=basket.test,
        source_name=basket.source_name,
        locale=basket.customer.locale,
        token=_token(order_id, 1),
        cart_token=_token(order_id, 2),
        checkout_token=_token(order_id, 3),
        confirmation_number=_token(order_id, 4)[:9].upper(),
        browser_ip=f"80.62.{order_id % 251}.{order_id * 7 % 253 + 1}",
        landing_site="/collections/all?utm_source=newsletter&utm_medium=email&utm_campaign=season",
        referring_site="https://www.google.com/" if order_id % 3 else None,
    )
    order.lines = [_line(world, exchange, variant, units, basket) for variant, units in basket.items]
    if basket.discount:
        _discount(order, exchange, *basket.discount)
    for line in order.lines:
        _tax_line(line, country)
    if ships:
        order.shipping_lines = [_shipping(world, exchange, order, country, basket.shipping)]
    order.transactions = _payment(world, order, basket.payment)
    return order


@dataclass(frozen=True)
class _Exchange:
    currency: str

    def bag(self, amount: Decimal) -> MoneyBag:
        rate = Decimal(RATES_PER_DKK_E4[self.currency]) / 10_000
        return MoneyBag(_round(amount), _round(amount * rate))


def _line(world: World, exchange: _Exchange, variant: Variant, units: int, basket: Basket) -> Line:
    attributes = [("Gift message", basket.gift_message)] if basket.gift_message else []
    return Line(
        id=world.next_id("LineItem"),
        title=variant.product.title,
        quantity=units,
        price=exchange.bag(variant.price),
        variant=variant,
        variant_title=None if variant.title == "Default Title" else variant.title,
        sku=variant.sku,
        vendor=variant.product.vendor,
        grams=variant.grams,
        requires_shipping=variant.requires_shipping,
        taxable=variant.taxable,
        gift_card=variant.gift_card,
        attributes=attributes,
    )


def _discount(order: Order, exchange: _Exchange, code: str, percent: int) -> None:
    order.discounts.append(
        Discount(kind="discount_code", title=code, value=Decimal(percent), value_type="percentage", code=code)
    )
    share = Decimal(percent) / 100
    for line in order.lines:
        if not line.gift_card:
            full = line.price.times(line.quantity)
            amount = MoneyBag(_round(full.shop * share), _round(full.presentment * share))
            line.allocations.append(DiscountAllocation(amount, len(order.discounts) - 1))


def _tax_line(line: Line, country: Country) -> None:
    if line.taxable and country.vat_percent:
        line.tax_lines = [_tax_inside(line_net(line), country)]


def _shipping(world: World, exchange: _Exchange, order: Order, country: Country, wish: str) -> ShippingLine:
    goods = totals(order).total.shop
    at_home = country.code == "DK"
    title, code, price = {
        "express": ("Express, next working day", "express", Decimal(129 if at_home else 249)),
        "parcel shop": ("GLS parcel shop", "gls_parcelshop", Decimal(39 if at_home else 89)),
        "free": ("Free shipping", "free", Decimal(0)),
    }.get(wish, ("PostNord to the door", "postnord_home", Decimal(59 if at_home else 119)))
    if goods >= FREE_SHIPPING_FROM_DKK and at_home and wish != "express":
        price = Decimal(0)
    bag = exchange.bag(price)
    return ShippingLine(
        id=world.next_id("ShippingLine"),
        title=title,
        code=code,
        price=bag,
        tax_lines=[_tax_inside(bag, country)] if country.vat_percent and price else [],
    )


def _payment(world: World, order: Order, payment: str) -> list[Transaction]:
    total = totals(order).total
    if total.shop == 0:
        return []
    match payment:
        case "authorized":
            return [_transaction(world, order, "AUTHORIZATION", "SUCCESS", total)]
        case "pending":
            return [_transaction(world, order, "SALE", "PENDING", total, gateway="Bank Deposit")]
        case "declined first":
            return [
                _transaction(world, order, "SALE", "FAILURE", total),
                _transaction(world, order, "SALE", "SUCCESS", total),
            ]
        case "gift card":
            half = MoneyBag(_round(total.shop / 2), _round(total.presentment / 2))
            return [
                _transaction(world, order, "SALE", "SUCCESS", half, gateway="gift_card"),
                _transaction(world, order, "SALE", "SUCCESS", total - half),
            ]
        case _:
            return [_transaction(world, order, "SALE", "SUCCESS", total)]


def _transaction(
    world: World, order: Order, kind: str, status: str, amount: MoneyBag, gateway: str = "shopify_payments"
) -> Transaction:
    now = world.now()
    manual = gateway == "Bank Deposit"
    is_authorization = kind == "AUTHORIZATION" and status == "SUCCESS"
    return Transaction(
        id=world.next_id("OrderTransaction"),
        kind=kind,
        status=status,
        gateway="bogus" if order.test and not manual else gateway,
        amount=amount,
        created_at=now,
        processed_at=now,
        test=order.test,
        manual=manual,
        error_code="CARD_DECLINED" if status == "FAILURE" else None,
        message="Your card was declined." if status == "FAILURE" else None,
        authorization_code=f"pi_{order.token[:16]}" if not manual else None,
        authorization_expires_at=now + AUTHORIZATION_LASTS if is_authorization else None,
    )


def _tax_inside(paid: MoneyBag, country: Country) -> TaxLine:
    rate = Decimal(country.vat_percent) / 100
    inside = MoneyBag(_round(paid.shop * rate / (1 + rate)), _round(paid.presentment * rate / (1 + rate)))
    return TaxLine(title=f"{country.vat_title} {country.vat_percent}%", rate=rate, price=inside)


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _token(number: int, salt: int) -> str:
    # Looks like a token, follows from the id: a seed must give the same bodies byte for byte.
    return f"{(number * 0x9E3779B97F4A7C15 + salt * 0xC2B2AE3D27D4EB4F) % 2**128:032x}"
