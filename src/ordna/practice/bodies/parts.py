"""What many bodies are made of: money, times, addresses and lines in the REST shape.

REST shows an amount three ways: a bare decimal string in the shop's currency, the same in a `*_set` with
both currencies, and in transactions a set whose key is `currency` instead of `currency_code`. Times carry
the shop's offset and no fractions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ordna.practice.model import NOTHING, Address, Line, MoneyBag, TaxLine, gid
from ordna.practice.totals import NO_MINOR_UNIT

Body = dict[str, Any]
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Tongue:
    """How one order's body says money and time: its two currencies and the shop's zone."""

    currency: str
    presentment_currency: str
    zone: ZoneInfo

    def money_set(self, amount: MoneyBag) -> Body:
        return {
            "shop_money": {"amount": decimal(amount.shop), "currency_code": self.currency},
            "presentment_money": {
                "amount": decimal(amount.presentment, self.presentment_currency),
                "currency_code": self.presentment_currency,
            },
        }

    def unsettled_set(self, amount: MoneyBag) -> Body:
        return {
            "presentment_money": {
                "amount": decimal(amount.presentment, self.presentment_currency),
                "currency": self.presentment_currency,
            },
            "shop_money": {"amount": decimal(amount.shop), "currency": self.currency},
        }

    def time(self, moment: datetime) -> str:
        return moment.astimezone(self.zone).isoformat(timespec="seconds")

    def time_or_none(self, moment: datetime | None) -> str | None:
        return None if moment is None else self.time(moment)


def decimal(amount: Decimal, currency: str = "") -> str:
    """The amount as REST writes it: two places, or none in a currency without a minor unit."""
    return str(amount.quantize(Decimal(1) if currency in NO_MINOR_UNIT else _CENT, ROUND_HALF_UP))


def address_body(address: Address) -> Body:
    """An address as an order carries it; what the buyer left out is null."""
    return {
        "first_name": address.first_name,
        "address1": address.address1,
        "phone": address.phone,
        "city": address.city,
        "zip": address.zip,
        "province": address.province,
        "country": address.country,
        "last_name": address.last_name,
        "address2": address.address2,
        "company": address.company,
        "latitude": address.latitude,
        "longitude": address.longitude,
        "name": full_name(address.first_name, address.last_name),
        "country_code": address.country_code,
        "province_code": address.province_code,
    }


def full_name(first: str | None, last: str | None) -> str:
    return " ".join(part for part in (first, last) if part)


def tax_line_body(tongue: Tongue, tax: TaxLine) -> Body:
    return {
        "channel_liable": False,
        "price": decimal(tax.price.shop),
        "price_set": tongue.money_set(tax.price),
        "rate": float(tax.rate),
        "title": tax.title,
    }


def line_body(tongue: Tongue, line: Line) -> Body:
    """A line as it stands in its order."""
    return {
        **nested_line_body(tongue, line, line.quantity),
        "attributed_staffs": [],
        "current_quantity": line.current_quantity,
        "sales_line_item_group_id": line.group_id,
    }


def nested_line_body(tongue: Tongue, line: Line, quantity: int) -> Body:
    """A line inside a refund or a fulfillment, where `quantity` counts the parcel's units: three keys less."""
    variant = line.variant
    return {
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "fulfillable_quantity": line.unfulfilled_quantity,
        "fulfillment_service": "gift_card" if line.gift_card else "manual",
        "fulfillment_status": line_status(line),
        "gift_card": line.gift_card,
        "grams": line.grams,
        "name": f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
        "price": decimal(line.price.shop),
        "price_set": tongue.money_set(line.price),
        "product_exists": variant is not None,
        "product_id": variant.product.id if variant else None,
        "properties": [{"name": name, "value": value} for name, value in line.attributes],
        "quantity": quantity,
        "requires_shipping": line.requires_shipping,
        "sku": line.sku or "",
        "taxable": line.taxable,
        "title": line.title,
        # Code and order discounts are allocated; this field names discounts set on the line itself.
        "total_discount": "0.00",
        "total_discount_set": tongue.money_set(NOTHING),
        "variant_id": variant.id if variant else None,
        "variant_inventory_management": "shopify" if variant and not line.gift_card else None,
        "variant_title": line.variant_title,
        "vendor": line.vendor,
        "tax_lines": [tax_line_body(tongue, tax) for tax in line.tax_lines],
        "duties": [],
        "discount_allocations": [
            {
                "amount": decimal(allocation.amount.shop),
                "amount_set": tongue.money_set(allocation.amount),
                "discount_application_index": allocation.application_index,
            }
            for allocation in line.allocations
        ],
    }


def line_status(line: Line) -> str | None:
    """REST's word for how much of a line was shipped: null, partial or fulfilled."""
    if line.fulfilled == 0:
        return None
    return "partial" if line.unfulfilled_quantity > 0 else "fulfilled"
