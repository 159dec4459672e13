"""What a parcel costs: by zone, by weight, by service. Whole minor units; no float comes near."""

from __future__ import annotations

from dataclasses import dataclass

from ordna.practice.carrier.model import Size

CURRENCY = "DKK"
WEIGHT_MAX_G = 31_500
SIDE_MAX_MM = 1_500
HOME = ("DK",)
NORDIC = ("SE", "NO", "FI", "IS", "FO", "GL")
UNION = (
    "AT", "BE", "BG", "HR", "CY", "CZ", "EE", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT", "NL", "PL",
    "PT", "RO", "SK", "SI", "ES",
)  # fmt: skip


@dataclass(frozen=True)
class Service:
    """One way to send. `days` by zone; `tariff` in øre by zone: the first kilogram, and each further one."""

    code: str
    title: str
    days: tuple[int, int, int, int]
    tariff: tuple[tuple[int, int], ...]


SERVICES = (
    Service("home", "Home delivery", (1, 2, 4, 9), ((5900, 450), (9900, 900), (13900, 1400), (24900, 6900))),
    Service("shop", "Parcel shop", (2, 3, 5, 0), ((3900, 300), (6900, 700), (9900, 1100))),
    Service("express", "Express before 10", (1, 1, 2, 4), ((12900, 900), (19900, 1900), (29900, 2900), (49900, 9900))),
)


@dataclass(frozen=True)
class Rate:
    """What one service would cost for one parcel; `days` from hand-over to the door."""

    service: str
    title: str
    price: int
    currency: str
    days: int


class NotCarried(ValueError):
    """The carrier does not take such a parcel; `code` is stable, the text is for a person."""

    def __init__(self, code: str, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.field = field


def zone_of(country: str) -> int:
    """0 at home, 1 in the Nordic countries, 2 in the rest of the union, 3 elsewhere."""
    return next((number for number, zone in enumerate((HOME, NORDIC, UNION)) if country in zone), 3)


def rates(size: Size, country: str) -> tuple[Rate, ...]:
    """What each service that goes there would cost, the cheapest first. `NotCarried`."""
    if not 0 < size.weight_g <= WEIGHT_MAX_G:
        raise NotCarried("bad_weight", "parcel.weight_g", f"A parcel weighs from 1 g to {WEIGHT_MAX_G / 1000:g} kg.")
    if any(not 0 <= side <= SIDE_MAX_MM for side in (size.length_mm, size.width_mm, size.height_mm)):
        raise NotCarried("bad_size", "parcel", f"No side of a parcel is longer than {SIDE_MAX_MM / 1000:g} m.")
    zone = zone_of(country)
    further_kg = max(0, -(-size.charged_g // 1000) - 1)
    found = [
        Rate(each.code, each.title, base + further_kg * more, CURRENCY, each.days[zone])
        for each in SERVICES
        if zone < len(each.tariff)
        for base, more in (each.tariff[zone],)
    ]
    return tuple(sorted(found, key=lambda rate: (rate.price, rate.service)))


def rate_of(service: str, size: Size, country: str) -> Rate:
    """What that service would cost. `NotCarried`."""
    for rate in rates(size, country):
        if rate.service == service:
            return rate
    raise NotCarried("no_service", "service", f"“{service[:40]}” does not go to {country}.")
