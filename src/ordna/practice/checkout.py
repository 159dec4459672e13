"""The shop's checkout: turns a basket into an order with prices, taxes, shipping and payment.

Prices include VAT. A buyer abroad pays in the currency of the country at a fixed rate; every amount is kept
in both currencies, each rounded on its own. Taxes are taken out of the discounted price, line by line.
`basket.payment` says what happened to the money: captured, authorized, pending, declined first, gift card,
free, cash (rounded to what coins there are) or terms (agreed to be paid later).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from ordna.practice.assortment import RATES_PER_DKK_E4, Country
from ordna.practice.catalogue import country_of
from ordna.practice.model import (
    NOTHING,
    Address,
    Company,
    Customer,
    Discount,
    DiscountAllocation,
    Line,
    LineGroup,
    MoneyBag,
    Order,
    PaymentTerms,
    ShippingLine,
    TaxLine,
    Transaction,
    Variant,
)
from ordna.practice.totals import NO_MINOR_UNIT, line_net, totals
from ordna.practice.world import World

AUTHORIZATION_LASTS = timedelta(days=7)
FREE_SHIPPING_FROM_DKK = Decimal(599)
_CENT = Decimal("0.01")

PAYMENTS = ("captured", "authorized", "pending", "declined first", "gift card", "free", "cash", "terms")
NET_DAYS = 30
TIP_MAX_DKK = Decimal(50)
_SMALLEST_COIN = Decimal("0.50")


@dataclass
class Basket:
    """What a buyer decided. `discount` is (code, percent); `shipping` is express, parcel shop, home or
    free.

    `ways` says of articles, by variant, that they do not go by parcel: PICK_UP, LOCAL or RETAIL. `bundles` are
    (title, articles, how many): each article becomes a line of its own. `tip_percent` is of the goods.
    """

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
    ways: dict[int, str] = field(default_factory=dict)
    bundles: list[tuple[str, list[Variant], int]] = field(default_factory=list)
    tip_percent: int = 0
    company: Company | None = None
    po_number: str | None = None
    is_unnamed: bool = False


def checked_out(world: World, basket: Basket) -> Order:
    """The order as it stands the moment it was placed; it is not in the world yet."""
    country = country_of(basket.customer)
    exchange = _Exchange(country.currency)
    order = _blank(world, basket, country)
    order.lines = [_line(world, exchange, variant, units, basket) for variant, units in basket.items]
    for title, variants, count in basket.bundles:
        _bundle(world, exchange, order, title, variants, count, basket)
    if basket.discount:
        _discount(order, exchange, *basket.discount)
    for line in order.lines:
        _tax_line(line, country)
    ways = dict.fromkeys(line.method_type for line in order.lines)
    order.shipping_lines = [_shipping(world, exchange, order, country, basket.shipping, way) for way in ways
                            if way not in ("NONE", "RETAIL")]  # fmt: skip
    if basket.tip_percent:
        order.lines.append(_tip(world, exchange, order, basket.tip_percent))
    order.transactions = _payment(world, order, basket.payment)
    if basket.payment == "terms":
        order.terms = _terms(world)
    return order


def _blank(world: World, basket: Basket, country: Country) -> Order:
    """The order without its lines and its money. One that is only fetched has no address to ship to."""
    now = world.now()
    number = world.next_order_number()
    order_id = world.next_id("Order")
    buyer = None if basket.is_unnamed else basket.customer
    bought = [*basket.items, *((variant, count) for _, variants, count in basket.bundles for variant in variants)]
    travels = any(v.requires_shipping and basket.ways.get(v.id) not in ("PICK_UP", "RETAIL") for v, _ in bought)
    is_till = basket.source_name == "pos"
    return Order(
        id=order_id,
        name=f"#{number}",
        number=number,
        currency=world.shop.currency,
        presentment_currency=country.currency,
        created_at=now,
        processed_at=now,
        updated_at=now,
        customer=buyer,
        email=buyer.email if buyer else None,
        phone=buyer.phone if buyer else None,
        shipping_address=(basket.address or basket.customer.default_address) if travels else None,
        billing_address=buyer.default_address if buyer else None,
        note=basket.note,
        tags=list(basket.tags),
        attributes=list(basket.attributes),
        po_number=basket.po_number,
        company=basket.company,
        taxes_included=True,
        test=basket.test,
        source_name=basket.source_name,
        location_id=list(world.locations)[-1] if is_till else None,
        locale=basket.customer.locale,
        token=_token(order_id, 1),
        cart_token=None if is_till else _token(order_id, 2),
        checkout_token=None if is_till else _token(order_id, 3),
        confirmation_number=_token(order_id, 4)[:9].upper(),
        browser_ip=None if is_till else f"80.62.{order_id % 251}.{order_id * 7 % 253 + 1}",
        landing_site=None if is_till else "/collections/all?utm_source=newsletter&utm_medium=email&utm_campaign=season",
        referring_site="https://www.google.com/" if order_id % 3 and not is_till else None,
    )


@dataclass(frozen=True)
class _Exchange:
    currency: str

    def bag(self, amount: Decimal) -> MoneyBag:
        rate = Decimal(RATES_PER_DKK_E4[self.currency]) / 10_000
        return MoneyBag(_round(amount), _round(amount * rate, self.currency))


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
        way=basket.ways.get(variant.id, ""),
    )


def _bundle(
    world: World, exchange: _Exchange, order: Order, title: str, variants: list[Variant], count: int, basket: Basket
) -> None:
    group = LineGroup(world.next_id("LineItemGroup"), title, count)
    order.groups.append(group)
    for variant in variants:
        line = _line(world, exchange, variant, count, basket)
        line.group_id = group.id
        order.lines.append(line)


def _tip(world: World, exchange: _Exchange, order: Order, percent: int) -> Line:
    goods = totals(order).subtotal.shop
    return Line(
        id=world.next_id("LineItem"),
        title="Tip",
        quantity=1,
        price=exchange.bag(min(TIP_MAX_DKK, (goods * percent / 100).quantize(Decimal(1), ROUND_HALF_UP))),
        requires_shipping=False,
        taxable=False,
        is_tip=True,
        restockable=False,
    )


def _terms(world: World) -> PaymentTerms:
    at = world.now()
    due_at = at + timedelta(days=NET_DAYS)
    number = world.next_id("PaymentTerms")
    return PaymentTerms(number, world.next_id("PaymentSchedule"), f"Net {NET_DAYS}", NET_DAYS, at, due_at)


def _discount(order: Order, exchange: _Exchange, code: str, percent: int) -> None:
    order.discounts.append(
        Discount(kind="discount_code", title=code, value=Decimal(percent), value_type="percentage", code=code)
    )
    share = Decimal(percent) / 100
    for line in order.lines:
        if not line.gift_card:
            full = line.price.times(line.quantity)
            amount = MoneyBag(_round(full.shop * share), _round(full.presentment * share, exchange.currency))
            line.allocations.append(DiscountAllocation(amount, len(order.discounts) - 1))


def _tax_line(line: Line, country: Country) -> None:
    if line.taxable and country.vat_percent:
        line.tax_lines = [_tax_inside(line_net(line), country)]


def _shipping(world: World, exchange: _Exchange, order: Order, country: Country, wish: str, way: str) -> ShippingLine:
    goods = totals(order).total.shop
    at_home = country.code == "DK"
    title, code, price = {
        "express": ("Express, next working day", "express", Decimal(129 if at_home else 249)),
        "parcel shop": ("GLS parcel shop", "gls_parcelshop", Decimal(39 if at_home else 89)),
        "free": ("Free shipping", "free", Decimal(0)),
    }.get(wish, ("PostNord to the door", "postnord_home", Decimal(59 if at_home else 119)))
    if goods >= FREE_SHIPPING_FROM_DKK and at_home and wish != "express":
        price = Decimal(0)
    if way == "PICK_UP":
        store = list(world.locations.values())[-1].name
        title, code, price = store, store, Decimal(0)
    elif way == "LOCAL":
        title, code, price = "Bike courier in town", "local-delivery", Decimal(29)
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
            half = MoneyBag(_round(total.shop / 2), _round(total.presentment / 2, order.presentment_currency))
            return [
                _transaction(world, order, "SALE", "SUCCESS", half, gateway="gift_card"),
                _transaction(world, order, "SALE", "SUCCESS", total - half),
            ]
        case "terms":
            return [_transaction(world, order, "SALE", "PENDING", total, gateway="manual")]
        case "cash":
            coins = (total.shop / _SMALLEST_COIN).quantize(Decimal(1), ROUND_HALF_UP) * _SMALLEST_COIN
            paid = MoneyBag(coins, coins)
            return [_transaction(world, order, "SALE", "SUCCESS", paid, gateway="cash", rounding=paid - total)]
        case _:
            return [_transaction(world, order, "SALE", "SUCCESS", total)]


def _transaction(
    world: World,
    order: Order,
    kind: str,
    status: str,
    amount: MoneyBag,
    gateway: str = "shopify_payments",
    rounding: MoneyBag = NOTHING,
) -> Transaction:
    now = world.now()
    manual = gateway in ("Bank Deposit", "manual", "cash")
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
        rounding=rounding,
    )


def _tax_inside(paid: MoneyBag, country: Country) -> TaxLine:
    rate = Decimal(country.vat_percent) / 100
    share = rate / (1 + rate)
    inside = MoneyBag(_round(paid.shop * share), _round(paid.presentment * share, country.currency))
    return TaxLine(title=f"{country.vat_title} {country.vat_percent}%", rate=rate, price=inside)


def _round(amount: Decimal, currency: str = "DKK") -> Decimal:
    return amount.quantize(Decimal(1) if currency in NO_MINOR_UNIT else _CENT, ROUND_HALF_UP)


def _token(number: int, salt: int) -> str:
    # Looks like a token, follows from the id: a seed must give the same bodies byte for byte.
    return f"{(number * 0x9E3779B97F4A7C15 + salt * 0xC2B2AE3D27D4EB4F) % 2**128:032x}"
