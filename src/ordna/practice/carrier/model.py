"""What the carrier keeps: parcels with the events of their way, and what a label was bought for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

#: What the carrier says of a parcel, in the order of its way.
STATUSES = (
    "created",
    "in_transit",
    "delayed",
    "out_for_delivery",
    "attempted",
    "failed",
    "returned",
    "delivered",
)
ENDS = ("delivered", "returned")


@dataclass(frozen=True)
class Address:
    """A sender or a receiver. `country` is two letters; `lines` are street and the like."""

    name: str
    lines: tuple[str, ...]
    zip: str
    city: str
    country: str
    phone: str = ""


@dataclass(frozen=True)
class Size:
    """A parcel's weight in grams and its sides in millimetres, 0 where not told."""

    weight_g: int
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0

    @property
    def charged_g(self) -> int:
        """What is charged: the weight, or the volume at 250 kg a cubic metre, whichever is more."""
        return max(self.weight_g, self.length_mm * self.width_mm * self.height_mm // 4_000)


@dataclass(frozen=True)
class Event:
    """One word on a parcel's way."""

    id: str
    status: str
    at: datetime
    place: str = ""


@dataclass
class Parcel:
    """One label that was bought, and what became of its parcel. `price` is in minor units of `currency`; `mark` is
    what the customer wants to read on the label."""

    id: str
    tracking: str
    reference: str
    service: str
    sender: Address
    receiver: Address
    size: Size
    price: int
    currency: str
    bought_at: datetime
    events: list[Event] = field(default_factory=list)
    voided_at: datetime | None = None
    handed_over_at: datetime | None = None
    mark: str = ""

    @property
    def status(self) -> str:
        """The newest word, or voided."""
        return "voided" if self.voided_at else self.events[-1].status if self.events else "created"

    @property
    def moves(self) -> bool:
        """True once it was scanned on its way."""
        return any(event.status != "created" for event in self.events)
