"""Parcels on their way through a carrier: what is asked for a label, what was bought, what the carrier tells of it.

A **label** is bought from a carrier for one parcel of a fulfillment order. Its id is the fulfillment order's with a
number ("51-1"), fixed when it is asked for. Where the parcel stands is the shipment machine's word
(`core/lifecycle.py`); a label that was bought and not scanned stands nowhere yet ("").
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Package(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A parcel's weight in grams and its sides in millimetres, 0 where nobody measured."""

    weight_g: int
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0


class ParcelAddress(Struct, frozen=True, omit_defaults=True):
    """A sender or a receiver as a label wants it. `country` is two letters. Names a person: only in sealed bodies."""

    name: str
    lines: tuple[str, ...]
    zip: str
    city: str
    country: str
    phone: str = ""


class LabelMade(Struct, frozen=True, omit_defaults=True):
    """What the carrier made: its own `reference`, the number of the parcel, and what it cost, in minor units of
    `currency`. `carrier` and `service` are titles for people."""

    reference: str
    tracking: str
    carrier: str
    service: str
    price: int
    currency: str
    tracking_url: str = ""


class Label(Struct, frozen=True, omit_defaults=True):
    """A label that was bought, as the order knows it. `connection` is the carrier's; `progress` is the carrier's newest
    word, with its version and time; `handover` names the parcels it was handed over with."""

    id: str
    part: str
    connection: int
    service: str
    package: Package
    made: LabelMade
    bought_at: datetime
    voided: bool = False
    progress: str = ""
    progress_version: datetime | None = None
    progress_at: datetime | None = None
    voided_at: datetime | None = None
    handed_over_at: datetime | None = None
    handover: str = ""

    @property
    def usable(self) -> bool:
        """True while the parcel may travel, or travels, under it."""
        return not self.voided


class ParcelTracked(Struct, frozen=True, tag=True):
    """The carrier told where a parcel is. `progress` is a state of the shipment machine; `version` the carrier's
    time."""

    tracking: str
    progress: str
    version: datetime
    at: datetime
    received_at: datetime
    source: str


class BuyLabel(Struct, frozen=True, tag="buy_label", forbid_unknown_fields=True):
    """Buy a label for a parcel of one fulfillment order from a carrier's connection. `another`: one more, although the
    fulfillment order has one."""

    part: str
    connection: int
    service: str
    package: Package
    another: bool = False


class VoidLabel(Struct, frozen=True, tag="void_label", forbid_unknown_fields=True):
    """Give a label back that will not be used."""

    label: str


class HandOver(Struct, frozen=True, tag="hand_over", forbid_unknown_fields=True):
    """The parcel under a label was given to the carrier, with others under the name `handover`."""

    label: str
    handover: str
