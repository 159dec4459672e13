"""Fulfillment orders, fulfillments, holds, locations."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLResolveInfo

from ordna.practice import derive
from ordna.practice.model import Fulfillment, FulfillmentOrder, Hold, Location, ShippingLine, gid
from ordna.practice.resolvers.base import (
    MANUAL_SERVICE,
    Of,
    Resolver,
    Table,
    always,
    at,
    call,
    connection,
    denied,
    id_of,
    legacy_id,
    money,
    stamp,
    world,
)
from ordna.practice.resolvers.orders import COUNTRIES
from ordna.practice.totals import line_net, part

Info = GraphQLResolveInfo
_NO_SHIPPING = ("NONE", "RETAIL")

_REASONS = {
    "AWAITING_PAYMENT": "Awaiting payment",
    "AWAITING_RETURN_ITEMS": "Exchange items awaiting return delivery",
    "HIGH_RISK_OF_FRAUD": "High risk of fraud",
    "INCORRECT_ADDRESS": "Incorrect address",
    "INVENTORY_OUT_OF_STOCK": "Inventory out of stock",
    "ONLINE_STORE_POST_PURCHASE_CROSS_SELL": "Pending upsell offer",
    "UNKNOWN_DELIVERY_DATE": "Unknown delivery date",
    "OTHER": "Other",
}


def table() -> Table:
    """The resolvers of this file."""
    return {
        "FulfillmentOrder": _fulfillment_order(),
        "FulfillmentOrderLineItem": _fulfillment_order_line(),
        "FulfillmentHold": {
            "id": id_of("FulfillmentHold"),
            "displayReason": lambda hold, _info: _REASONS.get(hold.reason, "Other"),
            "heldByApp": _held_by_app,
            "heldByRequestingApp": lambda hold, info: hold.app_id == call(info).app.id,
            "reasonNotes": lambda hold, _info: hold.notes,
        },
        "FulfillmentOrderMerchantRequest": {
            "id": id_of("FulfillmentOrderMerchantRequest"),
            "sentAt": at("sent_at"),
            "requestOptions": lambda x, _: {} if x.notify_customer is None else {"notify_customer": x.notify_customer},
            "responseData": lambda x, _info: x.response,
        },
        "Fulfillment": _fulfillment(),
        "FulfillmentLineItem": {
            "id": id_of("FulfillmentLineItem"),
            "lineItem": lambda of, _info: Of(of.order, of.it.line),
            "originalTotalSet": lambda of, _i: money(of.order, of.it.line.price.times(of.it.quantity)),
            "discountedTotalSet": lambda of, _info: money(of.order, _net(of)),
        },
        "FulfillmentEvent": {
            "id": id_of("FulfillmentEvent"),
            "createdAt": at("created_at"),
            "happenedAt": at("happened_at"),
            "estimatedDeliveryAt": at("estimated_delivery_at"),
        },
        "Location": _location(),
    }


def _fulfillment_order() -> dict[str, Resolver]:
    def lines(one: FulfillmentOrder, _info: Info, **args: Any) -> dict[str, Any]:
        return connection([Of(one.order, line) for line in one.lines], args)

    def actions(one: FulfillmentOrder, info: Info) -> list[dict[str, Any]]:
        names = derive.supported_actions(one, call(info).app.id, alone=_read_alone(info))
        return [{"action": name, "externalUrl": None} for name in names]

    def fulfillments(one: FulfillmentOrder, _info: Info, **args: Any) -> dict[str, Any]:
        return connection([x for x in one.order.fulfillments if one.id in x.fulfillment_order_ids], args)

    def requests(one: FulfillmentOrder, _info: Info, kind: str | None = None, **args: Any) -> dict[str, Any]:
        return connection([x for x in one.merchant_requests if kind in (None, x.kind)], args)

    return {
        "id": id_of("FulfillmentOrder"),
        "orderId": lambda one, _info: gid("Order", one.order.id),
        "orderName": lambda one, _info: one.order.name,
        "orderProcessedAt": lambda one, _info: stamp(one.order.processed_at),
        "createdAt": at("created_at"),
        "updatedAt": at("updated_at"),
        "fulfillAt": at("fulfill_at"),
        "fulfillBy": at("fulfill_by"),
        "assignedLocation": _assigned_location,
        "deliveryMethod": _delivery_method,
        "destination": _destination,
        "fulfillmentHolds": lambda one, _info: one.holds,
        "fulfillments": fulfillments,
        "lineItems": lines,
        "merchantRequests": requests,
        "supportedActions": actions,
    }


def _fulfillment_order_line() -> dict[str, Resolver]:
    def item(of: Of, _info: Info) -> str | None:
        variant = of.it.line.variant
        return gid("InventoryItem", variant.inventory_item_id) if variant else None

    def sums(of: Of, _info: Info) -> list[dict[str, Any]]:
        price = money(of.order, of.it.line.price)
        return [{"quantity": of.it.remaining_quantity, "originalUnitPriceSet": price}]

    return {
        "id": id_of("FulfillmentOrderLineItem"),
        "lineItem": lambda of, _info: Of(of.order, of.it.line),
        "inventoryItemId": item,
        "financialSummaries": sums,
        "originalUnitPriceSet": lambda of, _info: money(of.order, of.it.line.price),
        "productTitle": lambda of, _info: of.it.line.title,
        "remainingQuantity": lambda of, _info: of.it.remaining_quantity,
        "totalQuantity": lambda of, _info: of.it.total_quantity,
        **{name: _from_line(name) for name in ("sku", "vendor", "variant")},
        "requiresShipping": lambda of, _info: of.it.line.requires_shipping,
        "variantTitle": lambda of, _info: of.it.line.variant_title,
        "weight": lambda of, _info: {"unit": "GRAMS", "value": float(of.it.line.grams)},
    }


def _fulfillment() -> dict[str, Resolver]:
    def lines(parcel: Fulfillment, _info: Info, **args: Any) -> dict[str, Any]:
        return connection([Of(parcel.order, line) for line in parcel.lines], args)

    def orders(parcel: Fulfillment, info: Info, **args: Any) -> dict[str, Any]:
        known = world(info).fulfillment_orders
        return connection([known[x] for x in parcel.fulfillment_order_ids if x in known], args)

    def tracking(parcel: Fulfillment, _info: Info, first: int | None = None) -> list[dict[str, Any]]:
        company = parcel.company
        return [{"company": company, "number": x.number, "url": x.url} for x in parcel.tracking[:first]]

    def first_event(*statuses: str) -> Resolver:
        def resolve(parcel: Fulfillment, _info: Info) -> str | None:
            return stamp(next((x.happened_at for x in parcel.events if x.status in statuses), None))

        return resolve

    return {
        "id": id_of("Fulfillment"),
        "legacyResourceId": legacy_id,
        "createdAt": at("created_at"),
        "updatedAt": at("updated_at"),
        "deliveredAt": first_event("DELIVERED"),
        "inTransitAt": first_event("IN_TRANSIT"),
        "estimatedDeliveryAt": _estimated_delivery,
        "displayStatus": lambda parcel, _info: derive.display_status(parcel),
        "events": lambda parcel, _info, **args: connection(parcel.events, args),
        "fulfillmentLineItems": lines,
        "fulfillmentOrders": orders,
        "originAddress": always(None),
        "requiresShipping": lambda parcel, _info: any(x.line.requires_shipping for x in parcel.lines),
        "service": _service_of_parcel,
        "totalQuantity": lambda parcel, _info: sum(x.quantity for x in parcel.lines),
        "trackingInfo": tracking,
    }


def _location() -> dict[str, Resolver]:
    def unfulfilled(location: Location, info: Info) -> bool:
        known = world(info).fulfillment_orders.values()
        return any(one.location is location and one.status in derive.LIVE for one in known)

    def stocked(location: Location, info: Info) -> bool:
        return any(place == location.id and units for (_, place), units in world(info).stock.items())

    return {
        "id": id_of("Location"),
        "legacyResourceId": legacy_id,
        "address": _location_address,
        "addressVerified": always(True),
        "activatable": lambda location, _info: not location.is_active,
        "deactivatable": lambda location, _info: location.is_active,
        "deactivatedAt": always(None),
        "deletable": always(False),
        "createdAt": lambda _location, info: stamp(world(info).shop.created_at or world(info).now()),
        "updatedAt": lambda _location, info: stamp(world(info).shop.created_at or world(info).now()),
        "fulfillmentService": lambda location, _info: _service_at(location),
        "fulfillsOnlineOrders": lambda location, _info: location.fulfills_online_orders,
        "hasActiveInventory": stocked,
        "hasUnfulfilledOrders": unfulfilled,
        "isFulfillmentService": lambda location, _info: location.service_handle is not None,
        "isPrimary": lambda location, info: location is next(iter(world(info).locations.values())),
        "localPickupSettingsV2": always(None),
        "metafield": always(None),
        "metafields": lambda _location, _info, **args: connection([], args),
    }


def _read_alone(info: Info) -> bool:
    """Whether the fulfillment order was asked for at the root, by its own id."""
    path = info.path.prev
    while path and isinstance(path.key, int):
        path = path.prev
    return bool(path and path.prev is None)


def _held_by_app(hold: Hold, info: Info) -> dict[str, Any] | None:
    if hold.app_id is None:
        return None
    if "read_apps" not in call(info).app.scopes:
        raise denied("heldByApp", "read_apps")
    return {"id": gid("App", hold.app_id), "title": hold.app_title, "handle": None}


def _assigned_location(one: FulfillmentOrder, _info: Info) -> dict[str, Any]:
    address = one.location.address
    return {
        "location": one.location,
        "name": one.location.name,
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "province": address.province,
        "zip": address.zip,
        "phone": address.phone,
        "countryCode": address.country_code or "DK",
    }


def _delivery_method(one: FulfillmentOrder, _info: Info) -> dict[str, Any]:
    shipping = _shipping_line(one)
    return {
        "id": gid("DeliveryMethod", one.id),
        "methodType": one.method_type,
        "presentedName": shipping.title if shipping else None,
        "serviceCode": shipping.code if shipping else None,
        "minDeliveryDateTime": None,
        "maxDeliveryDateTime": None,
        "sourceReference": None,
        "additionalInformation": None,
    }


def _shipping_line(one: FulfillmentOrder) -> ShippingLine | None:
    """The order's shipping line for this way; an order has one for each of its ways."""
    ways = list(dict.fromkeys(line.method_type for line in one.order.lines if line.method_type not in _NO_SHIPPING))
    lines = one.order.shipping_lines
    return lines[ways.index(one.method_type)] if one.method_type in ways[: len(lines)] else next(iter(lines), None)


def _destination(one: FulfillmentOrder, _info: Info) -> dict[str, Any] | None:
    address = one.order.shipping_address
    if address is None or one.method_type in ("NONE", "PICK_UP", "RETAIL"):
        return None
    return {
        "id": gid("FulfillmentOrderDestination", one.id),
        "firstName": address.first_name,
        "lastName": address.last_name,
        "company": address.company,
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "province": address.province,
        "zip": address.zip,
        "countryCode": address.country_code,
        "phone": address.phone,
        "email": one.order.email,
        "location": None,
    }


def _location_address(location: Location, _info: Info) -> dict[str, Any]:
    address = location.address
    country = address.country or COUNTRIES.get(address.country_code or "", address.country_code)
    place = " ".join(part for part in (address.zip, address.city) if part)
    return {
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "country": country,
        "countryCode": address.country_code,
        "formatted": [line for line in (address.address1, address.address2, place, country) if line],
        "latitude": address.latitude,
        "longitude": address.longitude,
        "phone": address.phone,
        "province": address.province,
        "provinceCode": address.province_code,
        "zip": address.zip,
    }


def _service_at(location: Location) -> dict[str, Any] | None:
    if location.service_handle is None:
        return None
    return {
        "id": gid("FulfillmentService", location.id),
        "handle": location.service_handle,
        "serviceName": location.name,
        "type": "THIRD_PARTY",
        "inventoryManagement": False,
        "requiresShippingMethod": True,
        "trackingSupport": True,
        "callbackUrl": None,
        "location": location,
    }


def _service_of_parcel(parcel: Fulfillment, _info: Info) -> dict[str, Any] | None:
    found = _service_at(parcel.location) if parcel.location else None
    return found or {**MANUAL_SERVICE, "location": parcel.location}


def _estimated_delivery(parcel: Fulfillment, _info: Info) -> str | None:
    known = [event.estimated_delivery_at for event in parcel.events if event.estimated_delivery_at]
    return stamp(known[-1]) if known else None


def _from_line(name: str) -> Resolver:
    def resolve(of: Of, _info: Info) -> Any:
        return getattr(of.it.line, name)

    return resolve


def _net(of: Of) -> Any:
    return part(of.order, line_net(of.it.line), of.it.quantity, of.it.line.quantity)
