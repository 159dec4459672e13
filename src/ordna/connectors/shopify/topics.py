"""What each webhook topic's body is to us: a full facet, a hint to read again, or nothing. Data; docs are made from it.

No body is ever applied as a delta. A body that tells only what changed, or only names an object, is a hint.
"""

from __future__ import annotations

from msgspec import Struct

FULL, HINT, CONCERN, IGNORED = "full facet", "hint", "request", "ignored"
READ_TOPIC = "ordna/read"


COMPLIANCE = ("customers/data_request", "customers/redact", "shop/redact")
"""Nobody subscribes to these: the app's own configuration says where they go."""


class Topic(Struct, frozen=True):
    """One topic: `kind` is full facet, hint, request or ignored; `shape` names how its body is read; `why` in words."""

    name: str
    kind: str
    shape: str
    why: str

    @property
    def subscribed(self) -> bool:
        """True for the topics a connection asks the shop to send."""
        return self.kind != IGNORED and self.name not in COMPLIANCE


def _full(shape: str, why: str, *names: str) -> list[Topic]:
    return [Topic(name, FULL, shape, why) for name in names]


def _hint(shape: str, why: str, *names: str) -> list[Topic]:
    return [Topic(name, HINT, shape, why) for name in names]


_PART = "The body names fulfillment orders by id only; holds, units and locations must be read."
_ROWS = [
    *_full(
        "order",
        "The whole order with its lines, fulfillments and refunds; no transactions, fulfillment orders or risk.",
        "orders/create",
        "orders/updated",
        "orders/paid",
        "orders/cancelled",
        "orders/fulfilled",
        "orders/partially_fulfilled",
    ),
    *_full(
        "deleted",
        "The order is gone; the body carries its id only, which is all there is to say.",
        "orders/delete",
    ),
    *_full("transaction", "One movement of money in full.", "order_transactions/create"),
    *_full("refund", "One refund in full, with its transactions.", "refunds/create"),
    *_full("fulfillment", "One parcel in full.", "fulfillments/create", "fulfillments/update"),
    *_full("tracking", "One tracking event in full.", "fulfillment_events/create"),
    *_hint("edit", "The body is a delta of units; the order as it stands must be read.", "orders/edited"),
    *_hint("named", "The body names the order; the verdict must be read.", "orders/risk_assessment_changed"),
    *_hint("named", "An event was taken back; the parcel as it stands must be read.", "fulfillment_events/delete"),
    *_hint("part", "The body names one hold; all holds of the part must be read.", "fulfillment_holds/added"),
    *_hint("part", "The body names one hold; all holds of the part must be read.", "fulfillment_holds/released"),
    *_hint(
        "part",
        _PART,
        "fulfillment_orders/order_routing_complete",
        "fulfillment_orders/placed_on_hold",
        "fulfillment_orders/hold_released",
        "fulfillment_orders/moved",
        "fulfillment_orders/split",
        "fulfillment_orders/merged",
        "fulfillment_orders/rescheduled",
        "fulfillment_orders/scheduled_fulfillment_order_ready",
        "fulfillment_orders/cancelled",
        "fulfillment_orders/fulfillment_request_submitted",
        "fulfillment_orders/fulfillment_request_accepted",
        "fulfillment_orders/fulfillment_request_rejected",
        "fulfillment_orders/cancellation_request_submitted",
        "fulfillment_orders/cancellation_request_accepted",
        "fulfillment_orders/cancellation_request_rejected",
        "fulfillment_orders/fulfillment_service_failed_to_complete",
        "fulfillment_orders/line_items_prepared_for_pickup",
        "fulfillment_orders/line_items_prepared_for_local_delivery",
        "fulfillment_orders/progress_reported",
        "fulfillment_orders/manually_reported_progress_stopped",
    ),
    Topic("app/uninstalled", CONCERN, "concern", "The app was removed: nothing is sent, read or taken in any more."),
    Topic("customers/data_request", CONCERN, "concern", "A customer asks what is held: a request with a download."),
    Topic("customers/redact", CONCERN, "concern", "A customer is to be erased: their orders lose their person."),
    Topic("shop/redact", CONCERN, "concern", "Two days after the app was removed: all of the shop is deleted."),
]
TOPICS = {topic.name: topic for topic in _ROWS}

_FAMILIES = {
    "products": "Products change no order.",
    "variants": "Products change no order.",
    "collections": "Products change no order.",
    "inventory_items": "Stock is not followed in this version.",
    "inventory_levels": "Stock is not followed in this version.",
    "inventory_shipments": "Stock is not followed in this version.",
    "inventory_transfers": "Stock is not followed in this version.",
    "locations": "Locations are read with the fulfillment orders that use them.",
    "returns": "Returns are not followed in this version.",
    "reverse_deliveries": "Returns are not followed in this version.",
    "reverse_fulfillment_orders": "Returns are not followed in this version.",
    "customers": "A customer's own record changes no order.",
    "carts": "Nothing is ordered yet.",
    "checkouts": "Nothing is ordered yet.",
    "draft_orders": "Nothing is ordered yet.",
    "tender_transactions": "The same movement comes with order_transactions/create, with its kind and status.",
    "disputes": "Disputes are not followed in this version.",
    "payment_terms": "The order's payment state comes with the order.",
    "payment_schedules": "The order's payment state comes with the order.",
    "bulk_operations": "Bulk operations are asked how far they are.",
    "app": "This is about the app, not about an order.",
    "shop": "This is about the shop, not about an order.",
}


def topic_named(name: str) -> Topic:
    """The row of a topic; one that is not in the table is ignored, with the reason of its family."""
    found = TOPICS.get(name)
    if found is not None:
        return found
    why = _FAMILIES.get(name.partition("/")[0], "This version has no use for the topic.")
    return Topic(name, IGNORED, "none", why)


def is_concern(name: str) -> bool:
    """True for the topics about personal data and our right to hold it."""
    return topic_named(name).kind == CONCERN


def subscribed_topics() -> tuple[str, ...]:
    """The topics a connection subscribes to, in the table's order."""
    return tuple(topic.name for topic in _ROWS if topic.subscribed)


def table_markdown() -> str:
    """The topic table as docs/shopify.md shows it."""
    rows = ["| topic | its body is | why |", "|---|---|---|"]
    rows += [f"| `{topic.name}` | {topic.kind} | {topic.why} |" for topic in _ROWS]
    rows += [f"| `{family}/*` | {IGNORED} | {why} |" for family, why in _FAMILIES.items()]
    return "\n".join(rows) + "\n"
