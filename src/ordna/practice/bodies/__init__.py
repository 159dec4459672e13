"""Webhook bodies: what a change of the shop looks like to a receiver, in the REST shape of each topic.

`tell` is the only door. A topic without an entry in `_TELLERS` is not sent by the practice shop; the list of
those that are is `TOPICS`. Bodies show the shop as it is when they are built, not as it was when it changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ordna.practice.bodies import noise, order, parcel, payment, routing
from ordna.practice.bodies.parts import Body, Tongue
from ordna.practice.model import FulfillmentOrder, Order
from ordna.practice.world import Change, World


@dataclass(frozen=True)
class Telling:
    """A body and what its headers need to know; `order_id` is 0 where the change concerns no order."""

    body: Body
    order_id: int = 0
    order_name: str = ""
    test: bool = False


def tell(world: World, change: Change, reader_app_id: int) -> Telling | None:
    """The body of a change for one app; None when the practice shop does not send this topic."""
    teller = _TELLERS.get(change.topic)
    if teller is None:
        return None
    body = teller(world, change, reader_app_id)
    about = _order_of(change)
    if about is None:
        return Telling(body)
    return Telling(body, about.id, about.name, about.test)


def tongue_for(world: World, about: Order | None) -> Tongue:
    """How this order's bodies write money and time; the shop's own currency where there is no order."""
    currency = world.shop.currency
    presentment = about.presentment_currency if about else currency
    return Tongue(currency, presentment, ZoneInfo(world.shop.zone))
