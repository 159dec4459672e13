"""Amounts as texts to minor units, and the sums of an order checked against each other."""

from __future__ import annotations

import re
from functools import lru_cache

from ordna.connectors.shopify.bodies import MoneySet, Order
from ordna.connectors.shopify.readers import require
from ordna.core.values import BadValue, Problem, exponent, major_text, minor_units

_PRICE = re.compile(r"(-?)(\d{1,18})(?:\.(\d{1,18}))?", re.ASCII)


def amount(
    written: str | None, currency: str | None, path: str, problems: list[Problem], required: bool = False
) -> int | None:
    """Minor units of the amount as written; None with a problem when it is not exact, or missing though `required`."""
    if written is None or currency is None:
        if required and written is None:
            require(None, path, problems)
        return None
    try:
        return minor(written, currency)
    except BadValue as wrong:
        problems.append(Problem(wrong.code, path, str(wrong)))
        return None


@lru_cache(maxsize=65536)
def minor(written: str, currency: str) -> int:
    """`minor_units`, remembered: a shop's amounts repeat from order to order."""
    return minor_units(written, currency)


def known_currency(code: str | None, path: str, problems: list[Problem], required: bool = True) -> str | None:
    """The currency when ISO 4217 knows it. An order without one is `missing_field`, an empty one is unknown."""
    if code is None:
        if required:
            require(None, path, problems)
        return None
    try:
        exponent(code)
    except BadValue as wrong:
        problems.append(Problem(wrong.code, path, str(wrong)))
        return None
    return code


def unit_price(written: str | None, currency: str | None, path: str, problems: list[Problem]) -> str | None:
    """A unit price exactly, never rounded, in one spelling: "100.0" and "100.00" are one EUR price, "19.999" stays."""
    if written is None:
        return None
    spelled = _spelled(written, currency)
    if spelled is None:
        problems.append(Problem("bad_amount", path, f"“{written[:40]}” is not an amount like 1234.50."))
    return spelled


@lru_cache(maxsize=65536)
def _spelled(written: str, currency: str | None) -> str | None:
    parts = _PRICE.fullmatch(written)
    if parts is None:
        return None
    digits = exponent(currency) if currency else 2
    sign, whole, fraction = parts.groups()
    fraction = (fraction or "").rstrip("0").ljust(digits, "0")
    whole = whole.lstrip("0") or "0"
    sign = sign if (whole + fraction).strip("0") else ""
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def check_sums(body: Order, total: int, currency: str, problems: list[Problem]) -> None:
    """Flag a total that is more than one minor unit off what its parts add up to. Silent when a part is missing."""
    if body.total_price_set and body.total_price_set.shop_money:
        shop = body.total_price_set.shop_money.currency_code
        if shop is not None and shop != currency:
            path = "total_price_set.shop_money.currency_code"
            problems.append(Problem("currency_mismatch", path, f"The total is in {shop[:8]}, the order in {currency}."))
    written = (
        body.total_line_items_price,
        body.total_discounts,
        body.total_tax,
        _shop(body.total_shipping_price_set),
    )
    if None in written or body.taxes_included is None:
        return
    extras = (_shop(body.original_total_duties_set), _shop(body.original_total_additional_fees_set))
    try:
        lines, discounts, tax, shipping = (minor(part or "", currency) for part in written)
        more = sum(minor(extra, currency) for extra in extras if extra)
        tip = minor(body.total_tip_received, currency) if body.total_tip_received else 0
    except BadValue as wrong:
        problems.append(Problem(wrong.code, "total_price", f"The parts of the total can't be added up: {wrong}"))
        return
    parts = lines - discounts + shipping + more + (0 if body.taxes_included else tax)
    # A tip is a line, and whether the sum of the lines holds it Shopify does not say: either may be meant.
    if min(abs(parts - total), abs(parts + tip - total)) > 1:
        told, added = major_text(total, currency), major_text(parts, currency)
        sentence = f"The total says {told}, its parts add up to {added} {currency}."
        problems.append(Problem("total_mismatch", "total_price", sentence))


def _shop(money: MoneySet | None) -> str | None:
    return money.shop_money.amount if money and money.shop_money else None
