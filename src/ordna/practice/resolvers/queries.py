"""The root fields that read: single records, lists with search, counts, the shop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from graphql import GraphQLError, GraphQLResolveInfo

from ordna.practice import derive
from ordna.practice.model import Order, Shop, WebhookSubscription, gid
from ordna.practice.resolvers.base import (
    Of,
    Resolver,
    Table,
    always,
    at,
    call,
    connection,
    id_of,
    job_gid,
    legacy_id,
    number,
    split_gid,
    stamp,
    world,
)
from ordna.practice.resolvers.lists import (
    FULFILLMENT_ORDER_FIELDS,
    FULFILLMENT_ORDER_KEYS,
    LOCATION_FIELDS,
    LOCATION_KEYS,
    ORDER_FIELDS,
    ORDER_KEYS,
    SUBSCRIPTION_FIELDS,
    by_created,
    by_id,
    topic_name,
)
from ordna.practice.resolvers.orders import COUNTRIES
from ordna.practice.search import Fields, compile_search

Info = GraphQLResolveInfo
COUNT_LIMIT = 10_000
API_VERSION = "2026-10"


def table() -> Table:
    """The resolvers of this file."""
    return {
        "QueryRoot": {
            "shop": lambda _root, info: world(info).shop,
            "order": lambda _root, info, id: world(info).orders.get(number(id, "Order")),
            "orderByIdentifier": _orderby_identifier,
            "orders": _orders,
            "ordersCount": _orders_count,
            "node": lambda _root, info, id: node(info, id),
            "nodes": lambda _root, info, ids: [node(info, one) for one in ids],
            "fulfillmentOrder": lambda _root, info, id: world(info).fulfillment_orders.get(
                number(id, "FulfillmentOrder")
            ),
            "fulfillmentOrders": _fulfillment_orders,
            "manualHoldsFulfillmentOrders": _held_fulfillment_orders,
            "assignedFulfillmentOrders": _assigned_fulfillment_orders,
            "fulfillment": lambda _root, info, id: world(info).fulfillments.get(number(id, "Fulfillment")),
            "location": _location,
            "locations": _locations,
            "job": lambda _root, info, id: _job(info, id),
            "webhookSubscription": lambda _root, info, id: _subscription(info, id),
            "webhookSubscriptions": _subscriptions,
            "webhookSubscriptionsCount": _subscriptions_count,
            "currentAppInstallation": _installation,
        },
        "Shop": _shop(),
        "WebhookSubscription": _subscription_fields(),
    }


def node(info: Info, value: str) -> Any:
    """The record of a global id; None when there is none, RESOURCE_NOT_FOUND when it is no id at all."""
    kind, tail = split_gid(value)
    if kind == "Job":
        return _job(info, value)
    if not tail.isdigit():
        return None
    shop, key = world(info), int(tail)
    stores: dict[str, dict[int, Any]] = {
        "Order": shop.orders,
        "FulfillmentOrder": shop.fulfillment_orders,
        "Fulfillment": shop.fulfillments,
        "Location": shop.locations,
        "Customer": shop.customers,
        "ProductVariant": shop.variants,
        "Product": shop.products,
        "Refund": shop.refunds,
        "WebhookSubscription": shop.subscriptions,
    }
    if kind in stores:
        return stores[kind].get(key)
    part = {"LineItem": "lines", "OrderTransaction": "transactions"}.get(kind)
    if part:
        for order in shop.orders.values():
            for one in getattr(order, part):
                if one.id == key:
                    return Of(order, one)
    return None


def search(info: Info, root: str, query: str | None, fields: Fields) -> Callable[[Any], bool]:
    """The compiled query; unknown fields are reported in the answer's `extensions.search`."""
    test, unknown = compile_search(query, fields)
    if unknown:
        warnings = [
            {"field": name, "message": "Invalid search field for this query.", "code": "invalid_field"}
            for name in unknown
        ]
        call(info).searches.append({"path": [root], "query": query, "warnings": warnings})
    return test


def _orders(_root: Any, info: Info, **args: Any) -> dict[str, Any]:
    test = search(info, "orders", args.get("query"), ORDER_FIELDS)
    key = ORDER_KEYS.get(args.get("sortKey") or "PROCESSED_AT", ORDER_KEYS["PROCESSED_AT"])
    found = sorted((one for one in world(info).orders.values() if test(one)), key=key)
    return connection(found, args, key)


def _orders_count(_root: Any, info: Info, **args: Any) -> dict[str, Any]:
    test = search(info, "ordersCount", args.get("query"), ORDER_FIELDS)
    return _limited(sum(1 for one in world(info).orders.values() if test(one)), args.get("limit"))


def _orderby_identifier(_root: Any, info: Info, identifier: dict[str, Any]) -> Order | None:
    if identifier.get("id"):
        return world(info).orders.get(number(identifier["id"], "Order"))
    return None


def _fulfillment_orders(_root: Any, info: Info, **args: Any) -> dict[str, Any]:
    test = search(info, "fulfillmentOrders", args.get("query"), FULFILLMENT_ORDER_FIELDS)
    closed = args.get("includeClosed")
    found = [
        one for one in world(info).fulfillment_orders.values() if (closed or one.status in derive.LIVE) and test(one)
    ]
    key = FULFILLMENT_ORDER_KEYS.get(args.get("sortKey") or "ID", by_id)
    return connection(sorted(found, key=key), args, key)


def _held_fulfillment_orders(_root: Any, info: Info, **args: Any) -> dict[str, Any]:
    test = search(info, "manualHoldsFulfillmentOrders", args.get("query"), FULFILLMENT_ORDER_FIELDS)
    held = [one for one in world(info).fulfillment_orders.values() if one.holds and test(one)]
    return connection(sorted(held, key=by_id), args, by_id)


def _assigned_fulfillment_orders(_root: Any, info: Info, **args: Any) -> dict[str, Any]:
    shop, app = world(info), call(info).app
    if not any(place.service_handle == app.handle for place in shop.locations.values()):
        raise GraphQLError('["The api_client is not associated with any fulfillment service."]')
    wanted = {"FULFILLMENT_REQUESTED": "SUBMITTED", "FULFILLMENT_ACCEPTED": "ACCEPTED"}.get(
        args.get("assignmentStatus") or "", args.get("assignmentStatus")
    )
    mine = [
        one
        for one in shop.fulfillment_orders.values()
        if one.location.service_handle == app.handle and wanted in (None, one.request_status)
    ]
    return connection(sorted(mine, key=by_id), args, by_id)


def _location(_root: Any, info: Info, id: str | None = None) -> Any:
    shop = world(info)
    if id is None:
        return next(iter(shop.locations.values()), None)
    return shop.locations.get(number(id, "Location"))


def _locations(_root: Any, info: Info, **args: Any) -> dict[str, Any]:
    test = search(info, "locations", args.get("query"), LOCATION_FIELDS)
    found = [
        one
        for one in world(info).locations.values()
        if (one.is_active or args.get("includeInactive"))
        and (one.service_handle is None or args.get("includeLegacy", True))
        and test(one)
    ]
    key = LOCATION_KEYS.get(args.get("sortKey") or "NAME", by_id)
    return connection(sorted(found, key=key), args, key)


def _job(info: Info, value: str) -> dict[str, Any] | None:
    kind, tail = split_gid(value)
    found = world(info).jobs.get(tail)
    if kind != "Job" or found is None:
        return None
    return {"__typename": "Job", "id": job_gid(found.id), "done": found.done}


def _subscription(info: Info, value: str) -> WebhookSubscription | None:
    found = world(info).subscriptions.get(number(value, "WebhookSubscription"))
    return found if found and found.app_id == call(info).app.id else None


def _subscriptions(_root: Any, info: Info, **args: Any) -> dict[str, Any]:
    found = _own_subscriptions(info, args)
    key = by_created if args.get("sortKey") == "CREATED_AT" else by_id
    return connection(sorted(found, key=key), args, key)


def _subscriptions_count(_root: Any, info: Info, **args: Any) -> dict[str, Any]:
    return _limited(len(_own_subscriptions(info, args)), args.get("limit"))


def _own_subscriptions(info: Info, args: dict[str, Any]) -> list[WebhookSubscription]:
    test = search(info, "webhookSubscriptions", args.get("query"), SUBSCRIPTION_FIELDS)
    topics, uri = args.get("topics"), args.get("uri") or args.get("callbackUrl")
    return [
        one
        for one in world(info).subscriptions.values()
        if one.app_id == call(info).app.id
        and (not topics or topic_name(one.topic) in topics)
        and uri in (None, one.uri)
        and args.get("format") in (None, one.format)
        and test(one)
    ]


def _installation(_root: Any, info: Info) -> dict[str, Any]:
    app = call(info).app
    shown = {"id": gid("App", app.id), "title": app.title, "handle": app.handle}
    scopes = [{"handle": scope, "description": scope.replace("_", " ")} for scope in sorted(app.scopes)]
    return {"id": gid("AppInstallation", app.id), "app": shown, "accessScopes": scopes}


def _shop() -> dict[str, Resolver]:
    def offset(shop: Shop, info: Info) -> int:
        moment = world(info).now().astimezone(ZoneInfo(shop.zone))
        delta = moment.utcoffset()
        return int(delta.total_seconds() // 60) if delta else 0

    def offset_text(shop: Shop, info: Info) -> str:
        minutes = offset(shop, info)
        return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"

    def address(shop: Shop, info: Info) -> dict[str, Any]:
        place = next(iter(world(info).locations.values())).address
        country = COUNTRIES.get(shop.country, shop.country)
        return {
            **{name: getattr(place, name) for name in ("address1", "address2", "city", "company", "zip", "phone")},
            "id": gid("ShopAddress", shop.id),
            "country": country,
            "countryCode": shop.country,
            "countryCodeV2": shop.country,
            "coordinatesValidated": place.latitude is not None,
            "latitude": place.latitude,
            "longitude": place.longitude,
            "province": place.province,
            "provinceCode": place.province_code,
            "formatted": [line for line in (place.address1, place.city, country) if line],
            "formattedArea": ", ".join(part for part in (place.city, country) if part),
        }

    def domain(shop: Shop, _info: Info) -> dict[str, Any]:
        url = f"https://{shop.domain}"
        return {"id": gid("Domain", shop.id), "host": shop.domain, "sslEnabled": True, "url": url}

    return {
        "id": id_of("Shop"),
        "contactEmail": lambda shop, _info: shop.email,
        "currencyCode": lambda shop, _info: shop.currency,
        "enabledPresentmentCurrencies": lambda shop, _info: [shop.currency],
        "ianaTimezone": lambda shop, _info: shop.zone,
        "myshopifyDomain": lambda shop, _info: shop.domain,
        "createdAt": lambda shop, info: stamp(shop.created_at or world(info).now()),
        "plan": lambda shop, _info: {
            "publicDisplayName": shop.plan_name,
            "partnerDevelopment": shop.plan_name == "Development",
            "shopifyPlus": shop.plan_name == "Shopify Plus",
        },
        "primaryDomain": domain,
        "shopAddress": address,
        "taxesIncluded": lambda shop, _info: shop.country not in ("US", "CA"),
        "taxShipping": lambda shop, _info: shop.country not in ("US", "CA"),
        "timezoneAbbreviation": lambda shop, info: world(info).now().astimezone(ZoneInfo(shop.zone)).strftime("%Z"),
        "timezoneOffset": offset_text,
        "timezoneOffsetMinutes": offset,
        "unitSystem": lambda shop, _info: "IMPERIAL_SYSTEM" if shop.country == "US" else "METRIC_SYSTEM",
        "url": lambda shop, _info: f"https://{shop.domain}",
        "weightUnit": lambda shop, _info: "POUNDS" if shop.country == "US" else "KILOGRAMS",
    }


def _subscription_fields() -> dict[str, Resolver]:
    def endpoint(one: WebhookSubscription, _info: Info) -> dict[str, Any]:
        if one.uri.startswith("pubsub://"):
            project, _, topic = one.uri.removeprefix("pubsub://").partition(":")
            return {"__typename": "WebhookPubSubEndpoint", "pubSubProject": project, "pubSubTopic": topic}
        if one.uri.startswith("arn:"):
            return {"__typename": "WebhookEventBridgeEndpoint", "arn": one.uri}
        return {"__typename": "WebhookHttpEndpoint", "callbackUrl": one.uri}

    version = {"handle": API_VERSION, "displayName": API_VERSION, "supported": True}
    return {
        "id": id_of("WebhookSubscription"),
        "legacyResourceId": legacy_id,
        "topic": lambda one, _info: topic_name(one.topic),
        "apiVersion": always(version),
        "callbackUrl": lambda one, _info: one.uri,
        "endpoint": endpoint,
        "createdAt": at("created_at"),
        "updatedAt": at("updated_at"),
        "metafields": lambda one, _info: [{"namespace": space, "key": key} for space, key in one.metafields],
    }


def _limited(count: int, limit: int | None) -> dict[str, Any]:
    most = COUNT_LIMIT if limit is None else limit
    if count > most:
        return {"count": most, "precision": "AT_LEAST"}
    return {"count": count, "precision": "EXACT"}
