"""What routing is asked and what it answers, in the words of the trade.

A policy (the merchant's, from the flow file) says where things may leave from and what that costs; a demand is what one
order still needs; a supply is what lies where at that moment. The answer is a plan and, for every location, what spoke
for or against it. Amounts are minor units of the policy's currency.
"""

from __future__ import annotations

from datetime import time

from msgspec import Struct

from ordna.core.messages import Quantity

#: The zone word for every country that no other zone names.
OTHERS = "others"


class Location(Struct, frozen=True):
    """A place orders leave from. It ships to the zones it has a parcel price for, and to no other.

    `unit_cost`: handling, for each unit. `capacity`: parcels a day, None for no limit. `cutoff`: the last moment, in
    the flow's time zone, at which a parcel still leaves on that day. `shop_id`: the shop's own id of it.
    """

    name: str
    title: str
    parcel_costs: dict[str, int]
    unit_cost: int = 0
    capacity: int | None = None
    cutoff: time | None = None
    shop_id: str | None = None


class RoutingPolicy(Struct, frozen=True):
    """How orders are spread over locations.

    `zones`: country codes by zone. `split_cost`: what each parcel after the first costs on top of its own price.
    `wait_cost`: what each day counts that a parcel leaves later. `split_lines`: whether the units of one line may leave
    from several places. `together`: lists of SKUs that must leave in one parcel; `order_together` means all of them.
    `channels`: the locations a channel's orders may leave from, for the channels that have a rule.
    """

    currency: str
    locations: dict[str, Location]
    zones: dict[str, tuple[str, ...]]
    split_cost: int = 0
    wait_cost: int = 0
    split_lines: bool = False
    together: tuple[tuple[str, ...], ...] = ()
    order_together: bool = False
    channels: dict[str, tuple[str, ...]] = {}

    def zone_of(self, country: str) -> str | None:
        """The zone a country lies in, or None when orders do not go there."""
        named = next((zone for zone in sorted(self.zones) if country in self.zones[zone]), None)
        return named or next((zone for zone in sorted(self.zones) if OTHERS in self.zones[zone]), None)


class Wanted(Struct, frozen=True):
    """Units of one order line that have to leave. Lines with the same item draw on the same stock."""

    line: str
    item: str
    units: int


class Barred(Struct, frozen=True, omit_defaults=True):
    """A location that said no: to the whole order, or to one item. `reason` is in its own words."""

    location: str
    reason: str
    item: str | None = None


class Demand(Struct, frozen=True, omit_defaults=True):
    """What one order needs. `place` and `one_parcel` are the customer's wish: fetched there, or all at once."""

    lines: tuple[Wanted, ...]
    country: str
    channel: str = ""
    place: str | None = None
    one_parcel: bool = False
    barred: tuple[Barred, ...] = ()


class Supply(Struct, frozen=True, omit_defaults=True):
    """What may be promised: units by location and item, and the parcels a location already has for its next day."""

    units: dict[str, dict[str, int]]
    parcels: dict[str, int] = {}


class PlannedParcel(Struct, frozen=True):
    """What leaves one location. `cost`: postage and handling; `days`: days until it leaves."""

    location: str
    lines: tuple[Quantity, ...]
    cost: int
    days: int


class Plan(Struct, frozen=True):
    """The cheapest way found. `waiting` are units that no location can send.

    `cost` is the parcels' cost, `splitting` and `delay` what the policy adds for further parcels and for days. `bound`
    is proved: no plan that sends as many units has a smaller `total`. `exact`: the total is the bound.
    """

    parcels: tuple[PlannedParcel, ...]
    waiting: tuple[Quantity, ...]
    cost: int
    splitting: int
    delay: int
    bound: int
    exact: bool

    @property
    def total(self) -> int:
        """What plans are compared by."""
        return self.cost + self.splitting + self.delay


class Judged(Struct, frozen=True, omit_defaults=True):
    """A location as routing saw it. `code`: chosen, dearer, or why it could not be asked at all; `words`: its own.

    `has`: how many of the wanted units lie there, of `needs`. `beaten_by`: a location that has all that this one has
    and is no dearer, so that this one was not looked at again.
    """

    location: str
    code: str
    has: int
    needs: int
    words: str = ""
    days: int = 0
    beaten_by: str | None = None


class Routing(Struct, frozen=True):
    """A plan and every location's part in it, in the order of their names. `candidates`: how many were weighed."""

    plan: Plan
    judged: tuple[Judged, ...]
    candidates: int
