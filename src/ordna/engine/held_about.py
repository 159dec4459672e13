"""What is held about somebody, as a file for them: made when it is fetched, and never stored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from ordna.engine.erase import Subject, tokens_of
from ordna.store import erasing
from ordna.store import persons as stored
from ordna.store.database import Database
from ordna.store.erasing import HeldMessage, HeldOrder
from ordna.store.sealing import Keyring, NotOpened


def held_about(database: Database, ring: Keyring, merchant_id: int, subject: Subject, at: datetime) -> bytes:
    """JSON: the orders of whom `subject` means, with what is known of the person in each, and every message as the shop
    sent it that is still kept."""
    if subject.is_nobody:
        return _encode({"made_at": at, "orders": [], "messages": []})
    with database.engine([merchant_id]) as conn:
        orders = erasing.orders_of_subject(
            conn,
            merchant_id,
            subject.orders,
            subject.customer,
            subject.connection or None,
            tokens_of(ring, merchant_id, subject),
        )
        refs = sorted({(order.connection_id, order.order_ref) for order in orders})
        messages = erasing.messages_of_orders(conn, merchant_id, refs) if refs else []
    return _encode(
        {
            "made_at": at,
            "orders": [_order(ring, merchant_id, order) for order in orders],
            "messages": [_message(message) for message in messages],
        }
    )


def _order(ring: Keyring, merchant_id: int, order: HeldOrder) -> dict[str, Any]:
    return {
        "name": order.name,
        "number_at_the_shop": order.order_ref,
        "placed_at": order.placed_at,
        "status": order.headline,
        "payment": order.payment,
        "total_in_minor_units": order.total,
        "currency": order.currency,
        "country": order.country,
        "customer_number_at_the_shop": order.customer,
        "erased_at": order.erased_at,
        "person": _person(ring, merchant_id, order),
    }


def _person(ring: Keyring, merchant_id: int, order: HeldOrder) -> Any:
    if order.person_key is None or order.sealed is None:
        return None
    try:
        return stored.open_person(ring, order.person_key, order.sealed, (merchant_id, order.order_id))
    except NotOpened:
        return "It can't be opened with the keys at hand."


def _message(message: HeldMessage) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(message.body)
    except msgspec.MsgspecError:
        body = message.body.decode("utf-8", "replace")
    return {"topic": message.topic, "received_at": message.received_at, "body": body}


def _encode(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2)
