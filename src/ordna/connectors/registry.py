"""The connectors there are: an explicit list. What the engine needs of one system, by the name a connection carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from ordna.connectors.contract import Endpoint, Outbound, Translation
from ordna.connectors.shopify.deliveries import routing_key, verify
from ordna.connectors.shopify.outbound import ShopifyOutbound
from ordna.connectors.shopify.topics import is_concern, subscribed_topics
from ordna.connectors.shopify.webhooks import translate


@dataclass(frozen=True)
class Connector:
    """One system: `verify(body, signature, secrets)` gives the place of the secret that signed, None when none did;
    `concerns(topic)` says whether messages of a topic are about personal data or our right to hold it."""

    title: str
    translate: Callable[[str, bytes, datetime, str | None], Translation]
    verify: Callable[[bytes, str | bytes | None, Sequence[str | bytes]], int | None]
    routing_key: Callable[[str, bytes, Mapping[str, str] | None], str | None]
    outbound: Callable[[Endpoint], Outbound]
    topics: tuple[str, ...]
    concerns: Callable[[str], bool]


@lru_cache(maxsize=2048)
def _shopify_outbound(endpoint: Endpoint) -> ShopifyOutbound:
    # One a process and endpoint: it keeps the connections alive and the token that was granted.
    return ShopifyOutbound(endpoint)


CONNECTORS: dict[str, Connector] = {
    "shopify": Connector("Shopify", translate, verify, routing_key, _shopify_outbound, subscribed_topics(), is_concern),
}
