"""The outside systems we know, by the kind of their connections: how to believe, route and read what they send."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ordna.connectors.contract import Translation
from ordna.connectors.shopify.deliveries import routing_key, verify
from ordna.connectors.shopify.webhooks import translate


class System(NamedTuple):
    """One system's way in. Header names are lower case.

    `verify(body, signature, secrets)` gives the place of the secret that signed, or None; `routing_key(topic, body, headers)` the
    order's outside id as far as a short look tells; `translate(topic, body, received_at, client_id)` the meaning.
    """

    verify: Callable[[bytes, str | bytes | None, Sequence[str | bytes]], int | None]
    routing_key: Callable[[str, bytes, Mapping[str, str] | None], str | None]
    translate: Callable[[str, bytes, datetime, str | None], Translation]
    signature_header: str
    topic_header: str
    id_header: str
    domain_header: str
    header_prefix: str


SYSTEMS: dict[str, System] = {
    "shopify": System(
        verify=verify,
        routing_key=routing_key,
        translate=translate,
        signature_header="x-shopify-hmac-sha256",
        topic_header="x-shopify-topic",
        id_header="x-shopify-webhook-id",
        domain_header="x-shopify-shop-domain",
        header_prefix="x-shopify-",
    ),
}
