"""Our plain numbers to Shopify's global ids, and the topics' names in its two spellings."""

from __future__ import annotations


def gid(kind: str, ref: str) -> str:
    """The global id of an object: gid("Order", "1") is "gid://shopify/Order/1"."""
    return ref if ref.startswith("gid://") else f"gid://shopify/{kind}/{ref}"


def topic_enum(topic: str) -> str:
    """orders/create as GraphQL says it: ORDERS_CREATE."""
    return topic.replace("/", "_").replace(".", "_").upper()
