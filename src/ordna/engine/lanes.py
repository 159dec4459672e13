"""Lanes: a merchant's work is split by a hash of the order's outside id, so that all of one order meets in one
place."""

from __future__ import annotations

from zlib import crc32

LANES = 16


def lane_of(order_ref: str) -> int:
    """The lane of an order, by its outside id."""
    return crc32(order_ref.encode("utf-8", "replace")) % LANES


def lane_of_body(body: bytes) -> int:
    """The lane of a message that does not tell its order."""
    return crc32(body) % LANES


def order_id_of(connection_id: int, order_ref: str) -> str:
    """The id of an order among ours."""
    return f"{connection_id}-{order_ref}"


def place_of(order_id: str) -> tuple[int, str]:
    """(connection, order ref) of an order's id, as `order_id_of` made it."""
    connection, _, order_ref = order_id.partition("-")
    return int(connection), order_ref
