"""From the input of `orderCreate` to an order, with the checks Shopify makes on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ordna.practice.model import (
    NOTHING,
    Address,
    App,
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
from ordna.practice.mutations.refusal import refuse
from ordna.practice.resolvers.base import decimal, instant, number
from ordna.practice.resolvers.orders import COUNTRIES
from ordna.practice.totals import line_net, rounded, total, totals
from ordna.practice.world import World

AUTHORIZATION_LASTS = timedelta(days=7)


def order_from(world: World, app: App, given: dict[str, Any]) -> Order:
    """The order that the input describes, not yet placed. Raises Refused where Shopify would."""
    _check(world, given)
    now = world.now()
    position = world.next_order_number()
    currency = given.get("currency") or world.shop.currency
    order = Order(
        id=world.next_id("Order"),
        name=given.get("name") or f"#{position}",
        number=position,
        currency=currency,
        presentment_currency=given.get("presentmentCurrency") or _presentment(given) or currency,
        created_at=now,
        processed_at=instant(given["processedAt"]) if given.get("processedAt") else now,
        updated_at=now,
        email=given.get("email"),
        phone=given.get("phone"),
        note=given.get("note"),
        tags=sorted(dict.fromkeys(given.get("tags") or []), key=str.lower),
        po_number=given.get("poNumber"),
        attributes=[(one["key"], one["value"]) for one in given.get("customAttributes") or []],
        taxes_included=bool(given.get("taxesIncluded")),
        test=bool(given.get("test")),
        source_name=given.get("sourceName") or str(app.id),
        source_identifier=given.get("sourceIdentifier"),
        app_id=app.id,
        token=f"{position:032x}",
        shipping_address=address_from(world, given.get("shippingAddress")),
        billing_address=address_from(world, given.get("billingAddress")),
        closed_at=instant(given["closedAt"]) if given.get("closedAt") else None,
    )
    order.lines = [_line(world, order, one) for one in given["lineItems"]]
    order.shipping_lines = [_shipping_line(world, one) for one in given.get("shippingLines") or []]
    _spread_taxes(order, given.get("taxLines") or [])
    _discount(order, given.get("discountCode"))
    order.customer = _customer(world, given)
    if order.customer and not order.email:
        order.email = order.customer.email
    order.metafields = metafields_from(given.get("metafields") or [])
    order.transactions = [_transaction(world, order, one) for one in given.get("transactions") or []]
    _settle(world, order, given.get("financialStatus"))
    return order


def address_from(world: World, given: dict[str, Any] | None, old: Address | None = None) -> Address | None:
    """An address from a MailingAddressInput; parts that are not given stay as in `old`."""
    if given is None:
        return old
    made = Address(id=old.id if old else world.next_id("MailingAddress"))
    names = ("first_name", "last_name", "company", "address1", "address2", "city", "province", "zip", "phone")
    for name in names:
        setattr(made, name, given.get(_camel(name), getattr(old, name) if old else None))
    made.province_code = given.get("provinceCode") or (old.province_code if old else None)
    made.province = given.get("province") or _PROVINCES.get(made.province_code or "", made.province)
    made.country_code = given.get("countryCode") or _country_code(given.get("country"))
    if made.country_code is None and old:
        made.country_code = old.country_code
    made.country = COUNTRIES.get(made.country_code or "", given.get("country"))
    return made


def metafields_from(given: Sequence[dict[str, Any]]) -> dict[tuple[str, str], tuple[str, str]]:
    return {
        (one.get("namespace") or "custom", str(one.get("key"))): (
            one.get("type") or "single_line_text_field",
            str(one.get("value") or ""),
        )
        for one in given
    }


def bag_from(given: dict[str, Any] | None) -> MoneyBag:
    """A MoneyBagInput; without presentment money the shop's amount counts for both."""
    if given is None:
        return NOTHING
    shop = decimal(given["shopMoney"]["amount"])
    presentment = given.get("presentmentMoney")
    return MoneyBag(shop, decimal(presentment["amount"]) if presentment else shop)


def _check(world: World, given: dict[str, Any]) -> None:
    if not given.get("lineItems"):
        raise refuse("Line items must have at least one line item", "order", "lineItems", code="INVALID")
    if given.get("customer") and given.get("customerId"):
        sentence = "Cannot specify both customerId and customer"
        raise refuse(sentence, "order", code="REDUNDANT_CUSTOMER_FIELDS")
    if given.get("processedAt") and instant(given["processedAt"]) > world.now():
        sentence = "Processed at is invalid"
        raise refuse(sentence, "order", "processedAt", code="PROCESSED_AT_INVALID")


def _presentment(given: dict[str, Any]) -> str | None:
    for one in given.get("lineItems") or []:
        money = (one.get("priceSet") or {}).get("presentmentMoney")
        if money:
            return str(money["currencyCode"])
    return None


def _line(world: World, order: Order, given: dict[str, Any]) -> Line:
    variant: Variant | None = None
    if given.get("variantId"):
        variant = world.variants.get(number(given["variantId"], "ProductVariant"))
        if variant is None:
            raise refuse("Product variant does not exist", "order", "lineItems", code="INVALID")
    price = bag_from(given.get("priceSet"))
    if not given.get("priceSet") and variant:
        price = MoneyBag(variant.price, variant.price)
    weight = given.get("weight") or {}
    return Line(
        id=world.next_id("LineItem"),
        title=given.get("title") or (variant.product.title if variant else ""),
        quantity=given["quantity"],
        price=price,
        variant=variant,
        variant_title=given.get("variantTitle") or _variant_title(variant),
        sku=given.get("sku") or (variant.sku if variant else None),
        vendor=given.get("vendor") or (variant.product.vendor if variant else None),
        grams=int(weight.get("value", 0)) or (variant.grams if variant else 0),
        requires_shipping=_chosen(given, "requiresShipping", variant.requires_shipping if variant else False),
        taxable=_chosen(given, "taxable", variant.taxable if variant else True),
        gift_card=bool(given.get("giftCard")),
        tax_lines=[_tax_line(one) for one in given.get("taxLines") or []],
        attributes=[(one["name"], one["value"]) for one in given.get("properties") or []],
    )


def _variant_title(variant: Variant | None) -> str | None:
    return variant.title if variant and variant.title != "Default Title" else None


def _chosen(given: dict[str, Any], name: str, otherwise: bool) -> bool:
    found = given.get(name)
    return otherwise if found is None else bool(found)


def _shipping_line(world: World, given: dict[str, Any]) -> ShippingLine:
    return ShippingLine(
        id=world.next_id("ShippingLine"),
        title=given["title"],
        price=bag_from(given.get("priceSet")),
        code=given.get("code") or given["title"],
        source=given.get("source"),
        tax_lines=[_tax_line(one) for one in given.get("taxLines") or []],
    )


def _tax_line(given: dict[str, Any]) -> TaxLine:
    return TaxLine(given["title"], decimal(given["rate"]), bag_from(given.get("priceSet")))


def _spread_taxes(order: Order, given: Sequence[dict[str, Any]]) -> None:
    """Order-level taxes are kept on the lines, in proportion; the last line takes the remainder."""
    for one in given:
        tax = _tax_line(one)
        nets = [line_net(line) for line in order.lines]
        whole = total(nets).shop
        left = tax.price
        for line, net in zip(order.lines, nets, strict=True):
            share = left if line is order.lines[-1] else _share(order, tax.price, net.shop, whole)
            left = left - share
            line.tax_lines.append(TaxLine(tax.title, tax.rate, share))


def _share(order: Order, whole: MoneyBag, numerator: Decimal, denominator: Decimal) -> MoneyBag:
    if not denominator:
        return NOTHING
    return MoneyBag(
        rounded(whole.shop * numerator / denominator, order.currency),
        rounded(whole.presentment * numerator / denominator, order.presentment_currency),
    )


def _discount(order: Order, given: dict[str, Any] | None) -> None:
    if not given:
        return
    if free := given.get("freeShippingDiscountCode"):
        found = Discount("discount_code", free["code"], Decimal(100), "percentage", free["code"], "shipping_line")
        order.discounts.append(found)
        for shipping in order.shipping_lines:
            shipping.allocations.append(DiscountAllocation(shipping.price, 0))
        return
    fixed, percent = given.get("itemFixedDiscountCode"), given.get("itemPercentageDiscountCode")
    nets = [line.price.times(line.quantity) for line in order.lines]
    whole = total(nets)
    if fixed:
        off, value, kind = bag_from(fixed.get("amountSet")), bag_from(fixed.get("amountSet")).shop, "fixed_amount"
    else:
        value, kind = decimal((percent or {}).get("percentage") or 0), "percentage"
        off = _share(order, whole, value, Decimal(100))
    code = (fixed or percent or {})["code"]
    order.discounts.append(Discount("discount_code", code, value, kind, code))
    left = off
    for line, net in zip(order.lines, nets, strict=True):
        share = left if line is order.lines[-1] else _share(order, off, net.shop, whole.shop)
        left = left - share
        line.allocations.append(DiscountAllocation(share, 0))


def _customer(world: World, given: dict[str, Any]) -> Customer | None:
    known = world.customers
    if given.get("customerId"):
        return known.get(number(given["customerId"], "Customer"))
    wanted = given.get("customer") or {}
    if associate := wanted.get("toAssociate"):
        if associate.get("id"):
            return known.get(number(associate["id"], "Customer"))
        return _by_email(world, associate.get("email"))
    if upsert := wanted.get("toUpsert"):
        found = _by_email(world, upsert.get("email"))
        return found or _new_customer(world, upsert)
    if given.get("email"):
        return _by_email(world, given["email"]) or _new_customer(world, {"email": given["email"]})
    return None


def _by_email(world: World, email: str | None) -> Customer | None:
    return next((one for one in world.customers.values() if email and one.email == email), None)


def _new_customer(world: World, given: dict[str, Any]) -> Customer:
    made = Customer(
        id=world.next_id("Customer"),
        first_name=given.get("firstName"),
        last_name=given.get("lastName"),
        email=given.get("email"),
        phone=given.get("phone"),
        tags=list(given.get("tags") or []),
        note=given.get("note"),
        created_at=world.now(),
        updated_at=world.now(),
    )
    world.customers[made.id] = made
    return made


def _transaction(world: World, order: Order, given: dict[str, Any]) -> Transaction:
    gateway = given.get("gateway") or "manual"
    kind = given.get("kind") or "SALE"
    status = given.get("status") or "SUCCESS"
    now = world.now()
    authorized = kind == "AUTHORIZATION" and status == "SUCCESS"
    return Transaction(
        id=world.next_id("OrderTransaction"),
        kind=kind,
        status=status,
        gateway=gateway,
        amount=bag_from(given["amountSet"]),
        created_at=now,
        processed_at=instant(given["processedAt"]) if given.get("processedAt") else now,
        test=bool(given.get("test")),
        manual=gateway == "manual",
        authorization_code=given.get("authorizationCode"),
        authorization_expires_at=now + AUTHORIZATION_LASTS if authorized else None,
        formatted_gateway=gateway,
    )


def _settle(world: World, order: Order, status: str | None) -> None:
    """A status without transactions is taken at its word: paid orders get a sale, authorized ones an
    authorization. Without both, the order has no financial status, as the real shop has it."""
    order.payment_expected = status == "PENDING"
    if order.transactions or status not in ("PAID", "AUTHORIZED"):
        return
    whole = totals(order).total
    if whole.shop <= 0:
        return
    kind = "AUTHORIZATION" if status == "AUTHORIZED" else "SALE"
    given = {"amountSet": {"shopMoney": {"amount": str(whole.shop)}}, "kind": kind, "gateway": "manual"}
    made = _transaction(world, order, given)
    made.amount = whole
    order.transactions.append(made)


def _country_code(name: str | None) -> str | None:
    if not name:
        return None
    return next((code for code, full in COUNTRIES.items() if name in (code, full)), None)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


_PROVINCES = {"ON": "Ontario", "QC": "Quebec", "BC": "British Columbia", "AB": "Alberta", "NY": "New York",
    "CA": "California", "TX": "Texas", "WA": "Washington", "FL": "Florida", "MA": "Massachusetts"}  # fmt: skip
