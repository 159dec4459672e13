"""Shopify's words for states, and our machines' states they mean. Lower case; a read lowers its enums first."""

from __future__ import annotations

PAYMENTS = frozenset(
    ("pending", "authorized", "partially_paid", "paid", "partially_refunded", "refunded", "voided", "expired")
)
CANCEL_REASONS = frozenset(("customer", "declined", "fraud", "inventory", "other", "staff"))

TRANSACTION_KINDS = {
    "authorization": "authorization",
    "emv_authorization": "authorization",
    "capture": "capture",
    "sale": "sale",
    "refund": "refund",
    "void": "void",
}
# Cash given back at the till and a refund that was only proposed move nothing we keep.
TRANSACTION_KINDS_LEFT_OUT = frozenset(("change", "suggested_refund"))
TRANSACTION_STATUSES = {
    "success": "success",
    "pending": "pending",
    "awaiting_response": "pending",
    "failure": "failure",
    "error": "error",
}

PARTS = frozenset(("open", "in_progress", "scheduled", "on_hold", "incomplete", "closed", "cancelled"))

SHIPMENTS_ENDED = {"cancelled": "cancelled", "error": "failed", "failure": "failed"}
SHIPMENTS_NOT_YET = frozenset(("pending", "open"))
PROGRESS = {
    "label_purchased": "shipped",
    "label_printed": "shipped",
    "label_voided": "shipped",
    "confirmed": "shipped",
    "submitted": "shipped",
    "marked_as_fulfilled": "shipped",
    "fulfilled": "shipped",
    "carrier_picked_up": "in_transit",
    "in_transit": "in_transit",
    "out_for_delivery": "out_for_delivery",
    "attempted_delivery": "attempted",
    "delayed": "delayed",
    "ready_for_pickup": "ready_for_pickup",
    "delivered": "delivered",
    "picked_up": "delivered",
    "not_delivered": "failed",
    "failure": "failed",
    "canceled": "cancelled",
}

RISKS = frozenset(("none", "low", "medium", "high", "pending"))
