"""The story of an order in the merchant's words: one short sentence for a change, none for mere noise."""

from __future__ import annotations

from ordna.practice.world import Change

_SENTENCES = {
    "orders/create": "Order placed",
    "orders/paid": "Paid in full",
    "orders/cancelled": "Order cancelled",
    "orders/edited": "Order edited",
    "orders/fulfilled": "Everything shipped",
    "orders/partially_fulfilled": "A part shipped",
    "orders/delete": "Order deleted",
    "refunds/create": "Refunded",
    "fulfillments/create": "Parcel handed over",
    "fulfillment_orders/order_routing_complete": "Assigned to a location",
    "fulfillment_orders/placed_on_hold": "Put on hold",
    "fulfillment_orders/hold_released": "No longer on hold",
    "fulfillment_orders/moved": "Moved to another location",
    "fulfillment_orders/split": "Split into two fulfillment orders",
    "fulfillment_orders/merged": "Fulfillment orders merged",
    "fulfillment_orders/cancelled": "Fulfillment order cancelled",
    "fulfillment_orders/line_items_prepared_for_pickup": "Ready to be fetched",
}


def sentence(change: Change) -> str:
    """The change as the merchant would say it; empty for changes nobody wants to read."""
    match change.topic:
        case "order_transactions/create":
            transaction = change.subject
            return f"{_words(transaction.kind)}: {_words(transaction.status).lower()} ({transaction.gateway})"
        case "fulfillment_events/create":
            event = change.details.get("event", change.subject)
            return f"Carrier: {_words(event.status).lower()}"
        case topic:
            return _SENTENCES.get(topic, "")


def _words(status: str) -> str:
    return status.replace("_", " ").capitalize()
