"""The pages' words: every state as a word, a shape and a tone; times and money as people read them.

Shapes carry what colour carries, so that a page reads the same without colour: a ring waits, a half is under way, a
disc is done, a triangle wants attention, a square stands still, a cross is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal

from ordna.core.values import exponent


@dataclass(frozen=True)
class Look:
    """How a state is shown: its word, its shape (a name in the sprite), its tone."""

    word: str
    shape: str
    tone: str


_LOOKS: dict[str, dict[str, Look]] = {
    "headline": {
        "open": Look("Open", "ring", "info"),
        "held": Look("Held", "square", "warn"),
        "partly shipped": Look("Partly shipped", "half", "info"),
        "shipped": Look("Shipped", "half", "ok"),
        "delivered": Look("Delivered", "disc", "ok"),
        "closed": Look("Closed", "disc", "calm"),
        "cancelled": Look("Cancelled", "cross", "calm"),
        "deleted": Look("Deleted", "cross", "calm"),
    },
    "payment": {
        "pending": Look("Payment pending", "ring", "warn"),
        "authorized": Look("Authorized", "half", "info"),
        "partially_paid": Look("Partly paid", "half", "warn"),
        "paid": Look("Paid", "disc", "calm"),
        "partially_refunded": Look("Partly refunded", "half", "calm"),
        "refunded": Look("Refunded", "disc", "calm"),
        "voided": Look("Voided", "cross", "warn"),
        "expired": Look("Expired", "cross", "bad"),
    },
    "step": {
        "waiting": Look("Waiting", "ring", "calm"),
        "open": Look("Open", "half", "info"),
        "paused": Look("Paused", "square", "warn"),
        "done": Look("Done", "disc", "ok"),
        "skipped": Look("Skipped", "disc", "calm"),
        "void": Look("Void", "cross", "calm"),
        "late": Look("Late", "triangle", "bad"),
    },
    "part": {
        "open": Look("Open", "ring", "info"),
        "scheduled": Look("Scheduled", "ring", "calm"),
        "in_progress": Look("In progress", "half", "info"),
        "on_hold": Look("On hold in the shop", "square", "warn"),
        "incomplete": Look("Incomplete", "triangle", "warn"),
        "closed": Look("Closed", "disc", "ok"),
        "cancelled": Look("Cancelled", "cross", "calm"),
    },
    "parcel": {
        "shipped": Look("Shipped", "half", "info"),
        "in_transit": Look("In transit", "half", "info"),
        "out_for_delivery": Look("Out for delivery", "half", "info"),
        "attempted": Look("Delivery attempted", "triangle", "warn"),
        "delayed": Look("Delayed", "triangle", "warn"),
        "ready_for_pickup": Look("Ready for pickup", "half", "info"),
        "failed": Look("Failed", "triangle", "bad"),
        "returned": Look("Returned to sender", "triangle", "bad"),
        "delivered": Look("Delivered", "disc", "ok"),
        "cancelled": Look("Cancelled", "cross", "calm"),
    },
    "label": {
        "bought": Look("To hand over", "ring", "info"),
        "handed over": Look("Handed over", "half", "info"),
        "voided": Look("Given back", "cross", "calm"),
    },
    "effect": {
        "due": Look("Asked", "ring", "info"),
        "sending": Look("Asked", "half", "info"),
        "asked": Look("Asked", "ring", "info"),
        "confirmed": Look("Confirmed", "disc", "ok"),
        "refused": Look("Refused outside", "cross", "bad"),
        "withdrawn": Look("Withdrawn", "cross", "calm"),
        "in_doubt": Look("In doubt", "triangle", "warn"),
        "dead": Look("Gave up", "triangle", "bad"),
    },
    "message": {
        "quarantined": Look("Set aside", "triangle", "bad"),
        "unusable": Look("Unusable", "cross", "warn"),
    },
    "mode": {
        "observe": Look("Observing", "ring", "info"),
        "live": Look("Live", "disc", "ok"),
        "paused": Look("Paused", "square", "warn"),
        "gone": Look("App removed", "cross", "calm"),
    },
    "risk": {
        "none": Look("No risk seen", "disc", "calm"),
        "low": Look("Low risk", "disc", "calm"),
        "medium": Look("Medium risk", "half", "warn"),
        "high": Look("High risk", "triangle", "bad"),
        "pending": Look("Risk pending", "ring", "calm"),
    },
}

REQUESTS = {
    "pick": ("Mark as picked", "Picked"),
    "pack": ("Mark as packed", "Packed"),
    "unpick": ("Put back on the shelf", "Put back"),
    "ship": ("Ship", "Shipped"),
    "hold": ("Hold the order", "Held"),
    "release": ("Release the hold", "Released"),
    "accept_address": ("Vouch for the address", "Address accepted"),
    "cancel": ("Cancel the order", "Cancellation asked"),
    "add_tags": ("Add tags", "Tags asked"),
    "remove_tags": ("Remove tags", "Tags asked"),
    "note": ("Write the note", "Note asked"),
    "claim": ("Claim", "Claimed"),
    "unclaim": ("Give back", "Given back"),
    "settle": ("Dealt with", "Dealt with"),
    "buy_label": ("Buy a label", "The label is being bought"),
    "void_label": ("Give the label back", "The label is being given back"),
    "hand_over": ("Hand over", "Handed over"),
}
"""What a button says, and what was done once it is pressed."""

CANCEL_REASONS = (
    ("customer", "The customer changed their mind"),
    ("inventory", "Out of stock"),
    ("declined", "Payment declined"),
    ("fraud", "Fraud"),
    ("staff", "Our mistake"),
    ("other", "Other"),
)

EFFECTS = {
    "hold_part": "Place a hold in the shop",
    "release_part": "Release our hold in the shop",
    "tag_order": "Add tags in the shop",
    "untag_order": "Remove tags in the shop",
    "note_order": "Write the note in the shop",
    "ship_part": "Fulfil in the shop",
    "cancel_order": "Cancel in the shop",
    "HoldPart": "Place a hold in the shop",
    "ReleasePart": "Release our hold in the shop",
    "TagOrder": "Add tags in the shop",
    "UntagOrder": "Remove tags in the shop",
    "NoteOrder": "Write the note in the shop",
    "ShipPart": "Fulfil in the shop",
    "CancelOrder": "Cancel in the shop",
    "purchase_label": "Buy a label from the carrier",
    "return_label": "Give a label back to the carrier",
    "PurchaseLabel": "Buy a label from the carrier",
    "ReturnLabel": "Give a label back to the carrier",
}


def look(machine: str, state: str | None) -> Look:
    """How to show a state; an unknown one is shown by its own name."""
    if machine == "label" and state not in _LOOKS["label"]:
        machine = "parcel"  # once it moves, a label stands where its parcel does
    return _LOOKS[machine].get(state or "", Look((state or "unknown").replace("_", " ").capitalize(), "ring", "calm"))


def money(minor: int | None, currency: str | None) -> str:
    """ "1,234.50 DKK"; "" where unknown."""
    if minor is None or not currency:
        return ""
    digits = exponent(currency)
    sign, whole, part = ("-" if minor < 0 else ""), abs(minor) // 10**digits, abs(minor) % 10**digits
    text = str(format_decimal(whole, format="#,##0", locale="en"))
    fraction = f".{part:0{digits}d}" if digits else ""
    return f"{sign}{text}{fraction} {currency}"


def span(length: timedelta) -> str:
    """A length of time in its largest fitting unit: "40 s", "12 min", "3 h", "2 d"."""
    seconds = int(abs(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} d"


def ago(at: datetime, now: datetime) -> str:
    """ "just now", "12 min ago", "in 3 h"; a date when it is more than a fortnight off."""
    gap = now - at
    if abs(gap) > timedelta(days=14):
        return f"{at.day} {at:%b %Y}" if at.year != now.year else f"{at.day} {at:%b}"
    if abs(gap) < timedelta(seconds=10):
        return "just now"
    return f"{span(gap)} ago" if gap > timedelta() else f"in {span(gap)}"


def due(at: datetime, now: datetime, zone: str) -> str:
    """When something is due: "2 h late", "16:00", "tomorrow 16:00", "Tue 16:00", "4 Dec"."""
    if at < now:
        return f"{span(now - at)} late"
    local, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    days = (local.date() - today).days
    if days == 0:
        return f"{local:%H:%M}"
    if days == 1:
        return f"tomorrow {local:%H:%M}"
    return f"{local:%a %H:%M}" if days < 7 else f"{local.day} {local:%b}"


def clock(at: datetime, now: datetime, zone: str) -> str:
    """When something was: "17:05" today, else "Tue 17:05"; "24 Nov 17:05" when it is a week ago or more."""
    local, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    days = (today - local.date()).days
    if days == 0:
        return f"{local:%H:%M}"
    return f"{local:%a %H:%M}" if 0 < days < 7 else f"{local.day} {local:%b %H:%M}"


def exact(at: datetime, zone: str) -> str:
    """A moment in full, in the merchant's zone."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%A} {local.day} {local:%B %Y %H:%M:%S %Z}"
