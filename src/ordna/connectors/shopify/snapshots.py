"""The facets of one order's body together, as a snapshot holds them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from ordna.connectors.shopify import bodies, facets
from ordna.core.messages import RefundSeen, TransactionSeen
from ordna.core.values import Problem

S = TypeVar("S")


def order_facets(order: bodies.Order, received_at: datetime, problems: list[Problem]) -> dict[str, Any]:
    """The facets an order's body carries, by their names in a snapshot; for a webhook and a read alike."""
    seen = facets.order_seen(order, received_at, problems)
    shipments = [
        facets.shipment_seen(each, f"fulfillments[{at}].", received_at, problems)
        for at, each in enumerate(order.fulfillments or ())
    ]
    refunds: list[RefundSeen | None] = []
    moved: list[TransactionSeen | None] = []
    for at, refund in enumerate(order.refunds or ()):
        refunds.append(facets.refund_seen(refund, f"refunds[{at}].", order.currency, problems))
        moved += moved_by(refund, f"refunds[{at}].", problems)
    return {
        "order": seen,
        "shipments": kept(shipments),
        "refunds": kept(refunds),
        "transactions": kept(moved),
        "person": facets.person_seen(order),
    }


def moved_by(refund: bodies.Refund, path: str, problems: list[Problem]) -> list[TransactionSeen | None]:
    return [
        facets.transaction_seen(each, f"{path}transactions[{at}].", problems)
        for at, each in enumerate(refund.transactions or ())
    ]


def kept(seen: list[S | None]) -> tuple[S, ...]:
    return tuple(each for each in seen if each is not None)
