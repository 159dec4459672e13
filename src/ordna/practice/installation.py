"""The shop as an installation: itself, the apps installed in it, their subscriptions and background jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

# What a custom app for order management usually asks for; without `read_apps`, so `heldByApp` is denied to it.
DEFAULT_SCOPES = frozenset(
    {
        "read_all_orders",
        "read_customers",
        "read_fulfillments",
        "read_inventory",
        "read_locations",
        "read_merchant_managed_fulfillment_orders",
        "read_orders",
        "read_products",
        "read_third_party_fulfillment_orders",
        "write_fulfillments",
        "write_inventory",
        "write_merchant_managed_fulfillment_orders",
        "write_order_edits",
        "write_orders",
        "write_third_party_fulfillment_orders",
    }
)


@dataclass(slots=True)
class App:
    """An app installed in the shop: whoever calls the API with one of its tokens acts as this app."""

    id: int
    title: str
    handle: str
    client_id: str
    client_secret: str
    static_token: str | None = None
    scopes: frozenset[str] = DEFAULT_SCOPES


@dataclass(slots=True)
class Shop:
    """The shop itself. `restore_rate` is the plan's GraphQL points per second; the bucket holds 20 seconds."""

    id: int
    name: str
    domain: str
    email: str
    currency: str
    zone: str
    country: str
    restore_rate: int = 100
    plan_name: str = "Basic"
    created_at: datetime | None = None


@dataclass(slots=True)
class WebhookSubscription:
    """`topic` is written as in a delivery's header, such as `orders/create`; `failures` in a row end it at 8."""

    id: int
    app_id: int
    topic: str
    uri: str
    created_at: datetime
    updated_at: datetime
    format: str = "JSON"
    filter: str | None = None
    include_fields: list[str] = field(default_factory=list)
    metafield_namespaces: list[str] = field(default_factory=list)
    metafields: list[tuple[str, str]] = field(default_factory=list)
    name: str | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Cancellation:
    """How an order shall be cancelled, as it was asked for."""

    reason: str
    restock: bool
    refund: bool = False
    staff_note: str | None = None


@dataclass(slots=True)
class Job:
    """Work that Shopify does after it answered. `errors` are those the job found, as (code, message)."""

    id: str
    kind: str
    done: bool = False
    order_id: int | None = None
    cancellation: Cancellation | None = None
    errors: list[tuple[str, str]] = field(default_factory=list)
