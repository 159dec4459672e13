"""The mutations on webhook subscriptions."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLResolveInfo

from ordna.practice.model import WebhookSubscription, gid
from ordna.practice.mutations import webhooks
from ordna.practice.mutations.refusal import refuse
from ordna.practice.resolvers.base import Table, call, number, payload, world

Info = GraphQLResolveInfo

# Topics are words with underscores, and so are their resources: the longest known resource wins.
_RESOURCES = (
    "ORDER_TRANSACTIONS", "FULFILLMENT_ORDERS", "FULFILLMENT_EVENTS", "FULFILLMENT_HOLDS", "INVENTORY_LEVELS",
    "INVENTORY_ITEMS", "DRAFT_ORDERS", "COMPANY_LOCATIONS", "COMPANY_CONTACTS", "PAYMENT_TERMS", "PAYMENT_SCHEDULES",
    "TENDER_TRANSACTIONS", "BULK_OPERATIONS", "REVERSE_DELIVERIES", "REVERSE_FULFILLMENT_ORDERS",
)  # fmt: skip


def table() -> Table:
    """The resolvers of this file."""
    return {
        "Mutation": {
            "webhookSubscriptionCreate": _create,
            "webhookSubscriptionUpdate": _update,
            "webhookSubscriptionDelete": _delete,
        }
    }


def topic_of(name: str) -> str:
    """The topic of an enum value: ORDERS_CREATE is `orders/create`."""
    for resource in _RESOURCES:
        if name.startswith(resource + "_"):
            return f"{resource}/{name[len(resource) + 1 :]}".lower()
    resource, _, action = name.partition("_")
    return f"{resource}/{action}".lower()


def _create(_root: Any, info: Info, topic: str, webhookSubscription: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
    given = webhookSubscription

    def work() -> dict[str, Any]:
        made = webhooks.subscribe(
            world(info),
            call(info).app,
            topic_of(topic),
            given.get("uri") or given.get("callbackUrl"),
            format=given.get("format") or "JSON",
            filter=given.get("filter"),
            include_fields=given.get("includeFields") or (),
            metafield_namespaces=given.get("metafieldNamespaces") or (),
            metafields=_identifiers(given),
            name=given.get("name"),
        )
        return {"webhookSubscription": made}

    return payload(work)


def _update(_root: Any, info: Info, id: str, webhookSubscription: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
    given = webhookSubscription
    names = {
        "callbackUrl": "uri",
        "uri": "uri",
        "format": "format",
        "filter": "filter",
        "includeFields": "include_fields",
        "metafieldNamespaces": "metafield_namespaces",
        "name": "name",
    }

    def work() -> dict[str, Any]:
        one = _found(info, id)
        changes = {attribute: given[name] for name, attribute in names.items() if name in given}
        if "metafields" in given:
            changes["metafields"] = _identifiers(given)
        return {"webhookSubscription": webhooks.change_subscription(world(info), call(info).app, one, **changes)}

    return payload(work)


def _delete(_root: Any, info: Info, id: str) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        one = _found(info, id)
        webhooks.unsubscribe(world(info), one)
        return {"deletedWebhookSubscriptionId": gid("WebhookSubscription", one.id)}

    return payload(work)


def _identifiers(given: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one.get("namespace") or "$app", one["key"]) for one in given.get("metafields") or []]


def _found(info: Info, value: str) -> WebhookSubscription:
    found = world(info).subscriptions.get(number(value, "WebhookSubscription"))
    if found is None or found.app_id != call(info).app.id:
        raise refuse("Webhook subscription does not exist", "id")
    return found
