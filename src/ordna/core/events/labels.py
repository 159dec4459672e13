"""Labels of carriers: bought, given back, and what the carrier says of their parcels."""

from __future__ import annotations

from datetime import datetime

from ordna.core.events.base import Event
from ordna.core.shipping import Label


class LabelBought(Event, frozen=True, tag=True):
    """A carrier made a label for a parcel of a fulfillment order."""

    label: Label


class LabelVoided(Event, frozen=True, tag=True):
    """A carrier took an unused label back."""

    label: str


class LabelHandedOver(Event, frozen=True, tag=True):
    """The parcel under a label was given to its carrier, with others under one name."""

    label: str
    handover: str


class LabelTracked(Event, frozen=True, tag=True):
    """The carrier told where the parcel under a label is; the shipment moves by an event of its own."""

    label: str
    progress: str
    version: datetime
