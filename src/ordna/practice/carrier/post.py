"""Practice Post itself: labels bought once under their keys, voids, and parcels that travel. No socket, no clock.

A parcel begins to travel when it was handed over, or when the van came by on its own. How it ends is drawn from its
tracking number: most arrive, some late, some come back. `advance` lets happen what is due by a moment.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ordna.practice.carrier.model import ENDS, STATUSES, Address, Event, Parcel, Size
from ordna.practice.carrier.tariff import NotCarried, rate_of

KEYS_KEPT = timedelta(hours=24)
PLACES = {"in_transit": "Taulov", "delayed": "Taulov", "returned": "back at the sender"}
#: How many of a hundred parcels go which way.
WAYS = (
    (78, ("in_transit", "out_for_delivery", "delivered")),
    (8, ("in_transit", "delayed", "out_for_delivery", "delivered")),
    (7, ("in_transit", "out_for_delivery", "attempted", "out_for_delivery", "delivered")),
    (7, ("in_transit", "out_for_delivery", "failed", "returned")),
)


class AlreadyMoving(ValueError):
    """The parcel is on its way: its label can't be voided any more."""


class KeyReused(ValueError):
    """The key was used for another parcel."""


@dataclass(frozen=True)
class Order:
    """What a label is to be bought for; `reference` is the customer's own."""

    reference: str
    service: str
    sender: Address
    receiver: Address
    size: Size
    mark: str = ""


@dataclass(frozen=True)
class Told:
    """One event of one parcel, to be told."""

    parcel: Parcel
    event: Event


class PracticePost:
    """One account of the carrier. `stage_s`: how long each part of a parcel's way takes; `van_s`: how long an unasked
    van takes to come."""

    def __init__(self, now: datetime, stage_s: float = 60.0, van_s: float = 900.0) -> None:
        self.now = now
        self.stage = timedelta(seconds=stage_s)
        self.van = timedelta(seconds=van_s)
        self.parcels: dict[str, Parcel] = {}
        self._keys: dict[str, tuple[Order, str, datetime]] = {}
        self._due: list[tuple[datetime, int, str, str]] = []
        self._count = 0

    # --- labels ---

    def buy(self, key: str, order: Order) -> Parcel:
        """One label; under the same key within a day the same one again. `KeyReused`, `NotCarried`."""
        known = self._keys.get(key)
        if known is not None and self.now - known[2] < KEYS_KEPT:
            if known[0] != order:
                raise KeyReused(str(KeyReused.__doc__))
            return self.parcels[known[1]]
        _check_receiver(order.receiver)
        rate = rate_of(order.service, order.size, order.receiver.country)
        number = len(self.parcels) + 1
        parcel = Parcel(
            id=f"pp_{number}",
            tracking=tracking_number(number),
            reference=order.reference,
            service=order.service,
            sender=order.sender,
            receiver=order.receiver,
            size=order.size,
            price=rate.price,
            currency=rate.currency,
            bought_at=self.now,
            mark=order.mark,
        )
        parcel.events.append(Event(f"{parcel.id}-1", "created", self.now))
        self.keep(parcel)
        self._keys[key] = (order, parcel.id, self.now)
        self._plan(self.now + self.van, parcel.id, "van")
        return parcel

    def keep(self, parcel: Parcel) -> None:
        """Have a parcel, also one from an earlier day."""
        self.parcels[parcel.id] = parcel

    def void(self, parcel: Parcel) -> None:
        """The label is not to be used; again is no harm. `AlreadyMoving`."""
        if parcel.voided_at is None:
            if parcel.moves:
                raise AlreadyMoving(str(AlreadyMoving.__doc__))
            parcel.voided_at = self.now

    def of_reference(self, reference: str) -> list[Parcel]:
        """The parcels the customer knows by that name, voided ones too."""
        return [parcel for parcel in self.parcels.values() if parcel.reference == reference]

    def of_tracking(self, tracking: str) -> Parcel | None:
        """The parcel of a number."""
        return next((parcel for parcel in self.parcels.values() if parcel.tracking == tracking), None)

    # --- the way ---

    def hand_over(self, parcel: Parcel) -> None:
        """The van takes it now."""
        if parcel.handed_over_at is None and parcel.voided_at is None:
            parcel.handed_over_at = self.now
            self._send_off(parcel)

    def tell(self, parcel: Parcel, status: str, place: str = "") -> Told:
        """One event happens now."""
        assert status in STATUSES
        event = Event(f"{parcel.id}-{len(parcel.events) + 1}", status, self.now, place or PLACES.get(status, ""))
        parcel.events.append(event)
        return Told(parcel, event)

    def advance(self, now: datetime) -> list[Told]:
        """Let happen what is due by then; the events, in order."""
        told: list[Told] = []
        while self._due and self._due[0][0] <= now:
            at, _, parcel_id, what = heapq.heappop(self._due)
            self.now = max(self.now, at)
            parcel = self.parcels[parcel_id]
            if what == "van":
                self.hand_over(parcel)
            elif parcel.voided_at is None and parcel.status not in ENDS:
                told.append(self.tell(parcel, what))
        self.now = max(self.now, now)
        return told

    def take_up(self, parcels: Iterable[Parcel]) -> None:
        """Go on with parcels of an earlier day: each goes on from where it stands."""
        for parcel in parcels:
            self.keep(parcel)
            if parcel.voided_at is None and parcel.status not in ENDS:
                if parcel.handed_over_at is None:
                    self._plan(self.now + self.van, parcel.id, "van")
                else:
                    self._send_off(parcel)

    def _send_off(self, parcel: Parcel) -> None:
        way = way_of(parcel.tracking)
        done = [event.status for event in parcel.events if event.status != "created"]
        for number, status in enumerate(way[len(done) :], 1):
            self._plan(self.now + self.stage * number, parcel.id, status)

    def _plan(self, at: datetime, parcel_id: str, what: str) -> None:
        self._count += 1
        heapq.heappush(self._due, (at, self._count, parcel_id, what))


def way_of(tracking: str) -> tuple[str, ...]:
    """The events of a parcel's way, always the same for a number."""
    drawn = int.from_bytes(hashlib.sha256(tracking.encode()).digest()[:4], "big") % 100
    for share, way in WAYS:
        if drawn < share:
            return way
        drawn -= share
    raise AssertionError("the shares make a hundred")


def tracking_number(number: int) -> str:
    """A number as the post unions write it (S10): two letters, eight digits, a check digit, the country."""
    digits = f"{number:08d}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    check = {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11)
    return f"PP{digits}{check}DK"


def _check_receiver(to: Address) -> None:
    for field, value in (("name", to.name), ("lines", "".join(to.lines)), ("zip", to.zip), ("city", to.city)):
        if not value.strip():
            raise NotCarried("bad_address", f"to.{field}", f"The receiver’s address has no {field}.")
    if len(to.country) != 2 or not to.country.isascii() or not to.country.isupper():
        raise NotCarried("bad_address", "to.country", "The receiver’s country is two letters, like DK.")
