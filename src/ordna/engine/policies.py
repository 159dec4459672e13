"""Which policy decides: the flow versions of merchants, parsed once a process, and how their connections act now."""

from __future__ import annotations

from collections.abc import Iterable

from ordna.core.flow import parse_flow
from ordna.core.flow.model import Flow
from ordna.core.policy import Policy
from ordna.core.vocabulary import VOCABULARY
from ordna.store import connections
from ordna.store.connections import ConnectionNow
from ordna.store.database import Connection
from ordna.store.sealing import Keyring

Key = tuple[int, int]
FLOWS_MAX = 10_000


class NoPolicy(LookupError):
    """The merchant has no flow of this version."""


class Policies:
    """Flows by (merchant, version). A version never changes, so what was parsed stays true; modes are read
    every batch."""

    def __init__(self, ring: Keyring) -> None:
        self.ring = ring
        self._flows: dict[Key, Flow] = {}
        self._parsed: dict[tuple[str, str], Flow] = {}
        self._clients: dict[Key, tuple[bytes, str | None]] = {}

    def connections(self, conn: Connection, keys: Iterable[Key]) -> dict[Key, ConnectionNow]:
        """The connections of a batch as they stand; their newest flows are at hand afterwards."""
        found = connections.for_batch(conn, keys)
        self.load(conn, {(c.merchant_id, c.policy_version) for c in found.values() if c.policy_version})
        return found

    def load(self, conn: Connection, keys: Iterable[Key]) -> None:
        """Have these flow versions at hand."""
        missing = [key for key in keys if key not in self._flows]
        if not missing:
            return
        if len(self._flows) > FLOWS_MAX:
            self._flows.clear()
            self._parsed.clear()
        for merchant, version, text, currency in connections.flows(conn, missing):
            flow = self._parsed.get((text, currency))
            if flow is None:
                flow = parse_flow(text, VOCABULARY, currency_default=currency)
                self._parsed[text, currency] = flow
            self._flows[merchant, version] = flow

    def policy(self, connection: ConnectionNow, version: int | None = None) -> Policy:
        """The policy of an order of this connection: the version it follows, or the newest. `NoPolicy`."""
        wanted = version or connection.policy_version
        flow = self._flows.get((connection.merchant_id, wanted or 0))
        if flow is None or wanted is None:
            raise NoPolicy(f"Merchant {connection.merchant_id} has no flow of version {wanted}.")
        return Policy(wanted, flow, connection.mode not in ("observe", "gone"))

    def knows(self, merchant_id: int, version: int) -> bool:
        """Is this version at hand?"""
        return (merchant_id, version) in self._flows

    def client_id(self, connection: ConnectionNow) -> str | None:
        """Our app's id at the other side, where the credentials hold one."""
        key = (connection.merchant_id, connection.connection_id)
        known = self._clients.get(key)
        if known is None or known[0] != connection.credentials:
            opened = connections.open_credentials(self.ring, connection.credentials, key)
            known = self._clients[key] = (connection.credentials, opened.get("client_id"))
        return known[1]
