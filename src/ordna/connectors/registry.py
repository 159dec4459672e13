"""The connectors there are: an explicit list. What the engine needs of one system, by the name a connection carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from ordna.connectors.contract import Carrier, Endpoint, Outbound, Translation
from ordna.connectors.practice_post import webhooks as practice_post
from ordna.connectors.practice_post.carrier import PracticePost
from ordna.connectors.shopify.deliveries import routing_key, verify
from ordna.connectors.shopify.outbound import ShopifyOutbound
from ordna.connectors.shopify.topics import is_concern, subscribed_topics
from ordna.connectors.shopify.webhooks import translate


@dataclass(frozen=True)
class Headers:
    """The headers of a system's webhooks, in lower case: where each thing stands. `kept` begins those worth keeping."""

    signature: bytes
    topic: bytes
    id: bytes
    account: bytes
    kept: bytes


@dataclass(frozen=True)
class Connector:
    """One system: `verify(body, signature, secrets)` gives the place of the secret that signed, None when none did;
    `concerns(topic)` says whether messages of a topic are about personal data or our right to hold it; `carries`: it is
    a carrier."""

    title: str
    translate: Callable[[str, bytes, datetime, str | None], Translation]
    verify: Callable[[bytes, str | bytes | None, Sequence[str | bytes]], int | None]
    routing_key: Callable[[str, bytes, Mapping[str, str] | None], str | None]
    outbound: Callable[[Endpoint], Outbound | Carrier]
    topics: tuple[str, ...]
    concerns: Callable[[str], bool]
    headers: Headers
    carries: bool = False


@lru_cache(maxsize=2048)
def _shopify_outbound(endpoint: Endpoint) -> ShopifyOutbound:
    # One a process and endpoint: it keeps the connections alive and the token that was granted.
    return ShopifyOutbound(endpoint)


@lru_cache(maxsize=256)
def _practice_post(endpoint: Endpoint) -> PracticePost:
    return PracticePost(endpoint)


_SHOPIFY_HEADERS = Headers(
    b"x-shopify-hmac-sha256", b"x-shopify-topic", b"x-shopify-webhook-id", b"x-shopify-shop-domain", b"x-shopify-"
)
_POST_HEADERS = Headers(
    b"x-practice-post-signature", b"x-practice-post-topic", b"x-practice-post-id", b"x-practice-post-account",
    b"x-practice-post-",
)  # fmt: skip

CONNECTORS: dict[str, Connector] = {
    "shopify": Connector(
        "Shopify", translate, verify, routing_key, _shopify_outbound, subscribed_topics(), is_concern, _SHOPIFY_HEADERS
    ),
    "practice_post": Connector(
        "Practice Post", practice_post.translate, practice_post.verify, practice_post.routing_key, _practice_post,
        (practice_post.TOPIC,), lambda topic: False, _POST_HEADERS, carries=True,
    ),
}  # fmt: skip
