"""An order of the recorded shop that no recorded call creates, rebuilt from what the recorded reads show of it."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from ordna.practice.model import (
    Address,
    Customer,
    Fulfillment,
    FulfillmentLine,
    FulfillmentOrder,
    FulfillmentOrderLine,
    Hold,
    Line,
    Location,
    MoneyBag,
    Order,
    Product,
    ShippingLine,
    Tracking,
    Transaction,
    Variant,
)
from ordna.practice.mutations.payments import record_transaction
from ordna.practice.totals import totals
from ordna.practice.world import World

_TAIL = re.compile(r"gid://shopify/(\w+)/(\d+)")
Shown = dict[str, Any]


def rebuild_order(world: World, shown: Shown) -> Order:
    """Put the shown order into the world under its recorded ids. What is not shown keeps a neutral value."""
    now = world.now()
    currency = shown.get("currencyCode") or _any_currency(shown) or world.shop.currency
    order = Order(
        id=tail(shown),
        name=shown.get("name") or "#1",
        number=1,
        currency=currency,
        presentment_currency=shown.get("presentmentCurrencyCode") or currency,
        created_at=_time(shown.get("createdAt")) or now,
        processed_at=_time(shown.get("processedAt")) or now,
        updated_at=_time(shown.get("updatedAt")) or now,
        email=shown.get("email"),
        phone=shown.get("phone"),
        note=shown.get("note"),
        tags=list(shown.get("tags") or []),
        po_number=shown.get("poNumber"),
        attributes=[(one["key"], one["value"]) for one in shown.get("customAttributes") or []],
        closed_at=_time(shown.get("closedAt")) or (now if shown.get("closed") else None),
        cancelled_at=_time(shown.get("cancelledAt")),
        cancel_reason=shown.get("cancelReason"),
        routed=True,
        shipping_address=_address(shown.get("shippingAddress")),
        billing_address=_address(shown.get("billingAddress")),
        customer=_customer(shown.get("customer")),
    )
    order.lines = [_line(world, one) for one in nodes(shown.get("lineItems"))]
    if not order.lines:
        order.lines = [_line(world, {"originalUnitPriceSet": _any_total(shown), "requiresShipping": False})]
    order.shipping_lines = [_shipping(world, one) for one in nodes(shown.get("shippingLines"))]
    order.transactions = [_transaction(order, one, now) for one in nodes(shown.get("transactions"))]
    order.metafields = {
        (one["namespace"], one["key"]): (one["type"], one["value"]) for one in nodes(shown.get("metafields"))
    }
    world.orders[order.id] = order
    for one in nodes(shown.get("fulfillmentOrders")):
        rebuild_fulfillment_order(world, order, one)
    for one in nodes(shown.get("fulfillments")):
        rebuild_fulfillment(world, order, one)
    order.payment_expected = shown.get("displayFinancialStatus") is not None
    _settle(world, order, shown.get("displayFinancialStatus"))
    return order


def rebuild_fulfillment_order(world: World, order: Order, shown: Shown) -> FulfillmentOrder:
    """Put a shown fulfillment order, its lines and holds into the world."""
    made = FulfillmentOrder(
        id=tail(shown),
        order=order,
        location=_location(world, shown.get("assignedLocation") or {}),
        lines=[],
        created_at=world.now(),
        updated_at=_time(shown.get("updatedAt")) or world.now(),
        status=shown.get("status") or "OPEN",
        request_status=shown.get("requestStatus") or "UNSUBMITTED",
        fulfill_at=_time(shown.get("fulfillAt")) or world.now(),
        fulfill_by=_time(shown.get("fulfillBy")),
    )
    made.progress_reported = made.status == "IN_PROGRESS" and made.request_status == "UNSUBMITTED"
    for one in nodes(shown.get("lineItems")):
        line = _known_line(world, order, one.get("lineItem") or {})
        number = tail(one) or world.next_id("FulfillmentOrderLineItem")
        total = int(one.get("totalQuantity") or 0)
        made.lines.append(FulfillmentOrderLine(number, line, total, int(one.get("remainingQuantity") or 0)))
        if made.status not in ("CLOSED", "CANCELLED"):
            line.fulfilled += total - made.lines[-1].remaining_quantity
    app = world.apps[0]
    for one in shown.get("fulfillmentHolds") or []:
        mine = one.get("heldByRequestingApp", True)
        holder = (app.id, app.title) if mine else (None, None)
        made.holds.append(Hold(tail(one), one["reason"], one.get("reasonNotes"), one.get("handle"), *holder))
    if any(one.get("action") == "REQUEST_FULFILLMENT" for one in shown.get("supportedActions") or []):
        made.location.service_handle = "recorded-service"
    order.fulfillment_orders.append(made)
    world.fulfillment_orders[made.id] = made
    return made


def rebuild_fulfillment(world: World, order: Order, shown: Shown) -> Fulfillment:
    made = Fulfillment(
        id=tail(shown),
        order=order,
        name=shown.get("name") or f"{order.name}-F1",
        location=_location(world, {"location": shown["location"]}) if shown.get("location") else None,
        lines=[],
        created_at=_time(shown.get("createdAt")) or world.now(),
        updated_at=_time(shown.get("updatedAt")) or world.now(),
        status=shown.get("status") or "SUCCESS",
    )
    for one in nodes(shown.get("fulfillmentLineItems")):
        line = _known_line(world, order, one.get("lineItem") or {})
        made.lines.append(FulfillmentLine(tail(one), line, int(one.get("quantity") or 0)))
        if made.status == "SUCCESS":
            line.fulfilled = min(line.quantity, line.fulfilled + made.lines[-1].quantity)
    for one in shown.get("trackingInfo") or []:
        made.company = one.get("company")
        made.tracking.append(Tracking(one.get("number"), one.get("url")))
    order.fulfillments.append(made)
    world.fulfillments[made.id] = made
    return made


def bag(given: Shown | None) -> MoneyBag:
    """A recorded MoneyBag."""
    if not given or not given.get("shopMoney"):
        return MoneyBag()
    shop = Decimal(given["shopMoney"]["amount"])
    presentment = given.get("presentmentMoney")
    return MoneyBag(shop, Decimal(presentment["amount"]) if presentment else shop)


def nodes(given: Any) -> list[Shown]:
    """The items of a recorded connection or list."""
    if isinstance(given, dict):
        given = given.get("nodes") or [edge["node"] for edge in given.get("edges") or []]
    return [one for one in given or [] if isinstance(one, dict)]


def tail(one: Shown) -> int:
    found = _TAIL.match(str(one.get("id", "")))
    return int(found[2]) if found else 0


def _line(world: World, shown: Shown) -> Line:
    quantity = int(shown.get("quantity") or shown.get("currentQuantity") or 1)
    current = shown.get("currentQuantity")
    variant = shown.get("variant") or {}
    return Line(
        id=tail(shown) or world.next_id("LineItem"),
        title=shown.get("title") or shown.get("name") or "",
        quantity=quantity,
        price=bag(shown.get("originalUnitPriceSet")),
        variant=rebuild_variant(world, variant) if variant else None,
        variant_title=shown.get("variantTitle"),
        sku=shown.get("sku"),
        requires_shipping=shown.get("requiresShipping") is not False,
        taxable=shown.get("taxable") is not False,
        removed=quantity - int(current) if current is not None else 0,
    )


def rebuild_variant(world: World, shown: Shown) -> Variant | None:
    """The variant of an id, made if need be from what is shown of it."""
    number = tail(shown)
    if number and number not in world.variants:
        product = Product(number + 1, (shown.get("product") or {}).get("title") or "Product", "vendor")
        title = shown.get("title") or "Default Title"
        price = bag(shown.get("originalUnitPriceSet")).shop
        world.variants[number] = Variant(number, product, title, shown.get("sku"), price, number + 2)
    return world.variants.get(number)


def _known_line(world: World, order: Order, shown: Shown) -> Line:
    number = tail(shown)
    for line in order.lines:
        if line.id == number or (not number and line.title == shown.get("title")):
            return line
    made = _line(world, shown)
    order.lines.append(made)
    return made


def _shipping(world: World, shown: Shown) -> ShippingLine:
    price = bag(shown.get("originalPriceSet"))
    return ShippingLine(tail(shown) or world.next_id("ShippingLine"), shown.get("title") or "", price)


def _transaction(order: Order, shown: Shown, now: datetime) -> Transaction:
    parent = shown.get("parentTransaction") or {}
    return Transaction(
        id=tail(shown),
        kind=shown.get("kind") or "SALE",
        status=shown.get("status") or "SUCCESS",
        gateway=shown.get("gateway") or "",
        amount=bag(shown.get("amountSet")),
        created_at=now,
        processed_at=_time(shown.get("processedAt")) or now,
        parent_id=tail(parent) if parent else None,
        manual=bool(shown.get("manualPaymentGateway")),
        test=order.test,
    )


def _any_total(shown: Shown) -> Shown | None:
    """Of an order whose lines are not shown, what it comes to: one line stands for them all."""
    names = ("totalPriceSet", "currentTotalPriceSet", "currentSubtotalPriceSet", "totalOutstandingSet")
    return next((shown[name] for name in names if shown.get(name)), None)


def _any_currency(shown: Shown) -> str | None:
    for part in shown.values():
        if isinstance(part, dict) and isinstance(part.get("shopMoney"), dict):
            return str(part["shopMoney"]["currencyCode"])
    return None


def _settle(world: World, order: Order, status: str | None) -> None:
    """A status that the shown transactions do not explain gets the payment that explains it."""
    whole = totals(order).total
    if order.transactions or whole.shop <= 0:
        return
    if status in ("PAID", "REFUNDED"):
        record_transaction(world, order, "SALE", whole, "manual")
    elif status == "AUTHORIZED":
        record_transaction(world, order, "AUTHORIZATION", whole, "manual")


def _location(world: World, shown: Shown) -> Location:
    number = tail(shown.get("location") or {})
    if number not in world.locations:
        if not number:
            return next(iter(world.locations.values()))
        name = shown.get("name") or "Location"
        world.locations[number] = Location(number, name, Address(country_code=world.shop.country))
    return world.locations[number]


def _address(shown: Shown | None) -> Address | None:
    if not shown:
        return None
    return Address(
        first_name=shown.get("firstName"),
        last_name=shown.get("lastName"),
        company=shown.get("company"),
        address1=shown.get("address1"),
        address2=shown.get("address2"),
        city=shown.get("city"),
        province=shown.get("province"),
        province_code=shown.get("provinceCode"),
        country=shown.get("country"),
        country_code=shown.get("countryCodeV2"),
        zip=shown.get("zip"),
        phone=shown.get("phone"),
    )


def _customer(shown: Shown | None) -> Customer | None:
    if not shown:
        return None
    first = shown.get("firstName") or (None if shown.get("lastName") else shown.get("displayName"))
    return Customer(tail(shown), first, shown.get("lastName"), shown.get("email"), shown.get("phone"))


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
