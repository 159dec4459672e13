"""What a shop asks an app about personal data: sent to the app as a whole, at an address of its configuration, signed
with its client secret like any webhook. Nobody subscribes to these.

A customer who is redacted is gone from the shop's own orders too, as at Shopify.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

from ordna.practice.deliveries import Event, Target
from ordna.practice.model import Address, Order
from ordna.practice.runtime import PracticeShop

REDACT = "customers/redact"
_STAYS = {"country", "country_code", "id"}


def about_customer(shop: PracticeShop, order: Order, topic: str) -> str:
    """Tell the app that this order's customer asks what is held, or is to be erased; what was done, in words."""
    customer = order.customer
    theirs = [each for each in shop.world.orders.values() if customer is not None and each.customer is customer] or [
        order
    ]
    who = {"id": customer.id if customer else None, "email": order.email, "phone": order.phone}
    listed = [each.id for each in theirs]
    body: dict[str, Any] = {**_shop(shop), "customer": who}
    if topic == REDACT:
        body |= {"orders_to_redact": listed}
        for each in theirs:
            _forget(each)
        said = f"was erased in {len(listed)} orders"
    else:
        body |= {"orders_requested": listed, "data_request": {"id": shop.world.next_id("_data_request")}}
        said = "asked what is held about them"
    _send(shop, topic, body)
    return f"{order.name}: its customer {said}."


def about_shop(shop: PracticeShop) -> str:
    """Tell the app to delete everything of this shop; Shopify does so two days after the app was removed."""
    _send(shop, "shop/redact", _shop(shop))
    return "The app was told to delete everything of this shop."


def _shop(shop: PracticeShop) -> dict[str, Any]:
    return {"shop_id": shop.world.shop.id, "shop_domain": shop.world.shop.domain}


def _send(shop: PracticeShop, topic: str, body: dict[str, Any]) -> None:
    number = shop.world.next_id("_event")
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    event = Event(f"practice-{number:x}", topic, raw, shop.clock())
    # A number of its own: when nobody takes it in, no subscription is deleted for that.
    shop.sender.announce_event(event, Target(-number, shop.compliance_address()))


def _forget(order: Order) -> None:
    order.email = order.phone = order.note = order.browser_ip = None
    for name in ("shipping_address", "billing_address"):
        address = getattr(order, name)
        if address is not None:
            setattr(order, name, _without_a_person(address))
    customer = order.customer
    if customer is not None:
        customer.first_name = customer.last_name = customer.email = customer.phone = customer.note = None
        customer.default_address = None


def _without_a_person(address: Address) -> Address:
    gone: dict[str, Any] = {each.name: None for each in fields(address) if each.name not in _STAYS}
    return replace(address, **gone)
