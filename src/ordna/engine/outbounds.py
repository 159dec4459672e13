"""The connectors of connections, ready to call: credentials opened, one connector kept for each endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple, Protocol, cast

from ordna.connectors.contract import Answer, Endpoint, OrderRead, Outbound
from ordna.connectors.registry import CONNECTORS
from ordna.connectors.shopify.bulk import BulkStarted, BulkState
from ordna.connectors.shopify.listing import Mark, Swept
from ordna.connectors.shopify.outbound import ShopFacts, Subscription
from ordna.store import linking
from ordna.store.connections import open_credentials
from ordna.store.database import Connection
from ordna.store.linking import EndpointRow, Key
from ordna.store.sealing import Keyring


class Channel(Outbound, Protocol):
    """What a shop offers besides performing effects: who it is, what changed, what it sends us."""

    def shop_facts(self) -> ShopFacts | Answer:
        """Who the shop is; also the proof that the credentials work."""
        ...

    def sweep(self, mark: Mark, until: datetime | None = None) -> Swept | Answer:
        """One page of the orders that changed at or after the mark."""
        ...

    def count_orders(self, since: datetime | None, until: datetime | None = None) -> int | Answer:
        """How many orders changed in that time; a shop counts no further than 10,000."""
        ...

    def start_bulk(self, since: datetime, until: datetime) -> BulkStarted | Answer:
        """Have the shop gather the orders that changed in that time."""
        ...

    def bulk_state(self, operation: str) -> BulkState | Answer:
        """How far it is."""
        ...

    def fetch_bulk(self, orders_url: str | None, parcels_url: str | None, began_at: datetime) -> Iterator[OrderRead]:
        """The orders it gathered; one without a body must be read by itself."""
        ...

    def subscriptions(self) -> tuple[Subscription, ...] | Answer:
        """What the shop sends us."""
        ...

    def subscribe(self, callback_url: str, topics: tuple[str, ...]) -> tuple[Subscription, ...] | Answer:
        """See to it that each topic is sent to `callback_url`."""
        ...


class Through(NamedTuple):
    """A connection to call through."""

    mode: str
    kind: str
    outbound: Channel


class Outbounds:
    """Gives connectors for connections. Changed credentials take effect at the next round."""

    def __init__(self, ring: Keyring) -> None:
        self.ring = ring

    def load(self, conn: Connection, keys: Iterable[Key]) -> dict[Key, Through]:
        """The connectors of these connections."""
        return {(row.merchant_id, row.connection_id): self._through(row) for row in linking.endpoints(conn, keys)}

    def _through(self, row: EndpointRow) -> Through:
        opened = open_credentials(self.ring, row.credentials, (row.merchant_id, row.connection_id))
        endpoint = endpoint_of(row.base_url, row.domain, row.api_version, opened)
        return Through(row.mode, row.kind, channel(row.kind, endpoint))


def channel(kind: str, endpoint: Endpoint) -> Channel:
    """The connector of an endpoint."""
    return cast(Channel, CONNECTORS[kind].outbound(endpoint))


def endpoint_of(base_url: str, domain: str, api_version: str, credentials: dict[str, str]) -> Endpoint:
    """An endpoint with these credentials: `token`, or `client_id` and `client_secret`."""
    return Endpoint(
        base_url=base_url,
        shop=domain,
        api_version=api_version,
        token=credentials.get("token"),
        client_id=credentials.get("client_id"),
        client_secret=credentials.get("client_secret"),
    )
