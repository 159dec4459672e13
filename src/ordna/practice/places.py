"""Where things are and go: addresses and the locations that ship."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Address:
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    province: str | None = None
    province_code: str | None = None
    country: str | None = None
    country_code: str | None = None
    zip: str | None = None
    phone: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    id: int = 0


@dataclass(slots=True)
class Location:
    """A place that ships. `service_handle` is set where a fulfillment service (a 3PL) runs it."""

    id: int
    name: str
    address: Address
    is_active: bool = True
    ships_inventory: bool = True
    fulfills_online_orders: bool = True
    service_handle: str | None = None
