"""Carriers as connections: connected, asked for rates, handed parcels. Labels are bought by effects (`perform`).

A carrier has nothing to be observed: it is live at once, and does nothing until somebody asks for a label.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import cast

import msgspec
from msgspec import Struct

from ordna.connectors.contract import Answer, Carrier, CarrierFacts, Rate
from ordna.connectors.registry import CONNECTORS
from ordna.core.shipping import HandOver, Package, ParcelAddress
from ordna.engine import labels, requests
from ordna.engine.connections import LinkError, NotConnected, made_reachable
from ordna.engine.outbounds import Outbounds, channel, endpoint_of
from ordna.engine.policies import Policies
from ordna.engine.requests import Accepted, Wish
from ordna.store import carriers, linking, persons, watch
from ordna.store.connections import seal_credentials, seal_secrets
from ordna.store.database import Database
from ordna.store.linking import NewConnection
from ordna.store.sealing import Keyring

Key = tuple[int, int]
API_VERSION = "1"
HANDED_OVER_MAX = 500


class NoSuchCarrier(LinkError):
    """The merchant has no such carrier."""


class NoAddress(LinkError):
    """The order's address lacks what a label needs: a name, a street, a postcode and a town."""


class BadSender(LinkError):
    """A sender has a name, a street, a postcode, a town and a country of two letters."""


class HandedOver(Struct, frozen=True):
    """Parcels that a carrier took: the name of the hand-over, and the labels (order, label) that went with it."""

    handover: str
    labels: tuple[tuple[str, str], ...]


class Carriers:
    """Connects carriers and asks them what is no effect."""

    def __init__(self, database: Database, ring: Keyring) -> None:
        self._database = database
        self._ring = ring
        self._outbounds = Outbounds(ring)

    def connect(
        self,
        merchant: int,
        kind: str,
        base_url: str,
        account: str,
        token: str,
        sender: ParcelAddress,
        callback_base_url: str,
    ) -> tuple[int, CarrierFacts]:
        """Check the credentials, have tracking told to us, and write the connection; its number. One that is connected
        already gets the new credentials and sender, and keeps its number. `NotConnected`, `BadSender`."""
        if not all((sender.name, sender.lines, sender.zip, sender.city)) or not _is_country(sender.country):
            raise BadSender(str(BadSender.__doc__))
        base_url = base_url.rstrip("/")
        credentials = {"token": token}
        through = cast(Carrier, channel(kind, endpoint_of(base_url, account, API_VERSION, credentials)))
        facts = through.account()
        if isinstance(facts, Answer):
            raise NotConnected(facts)
        key, address = self._write(merchant, kind, base_url, credentials, sender, facts)
        secret = through.subscribe(f"{callback_base_url.rstrip('/')}/webhooks/{address}")
        if isinstance(secret, Answer):
            raise NotConnected(secret)
        with self._database.engine([merchant]) as conn:
            new = self._row(key, kind, base_url, credentials, sender, facts, secret)
            linking.renew_connection(conn, new)
            carriers.become_carrier(conn, key)
            linking.set_subscribed(conn, key, [{"topic": "tracking", "id": facts.account}])
            watch.begin(conn, key, watch.PARCELS)
        return key[1], facts

    def rates(self, merchant: int, connection: int, order_id: str, package: Package) -> tuple[Rate, ...] | Answer:
        """What each service of a carrier would cost for a parcel of this order. `NoSuchCarrier`, `NoAddress`."""
        key = (merchant, connection)
        with self._database.engine([merchant]) as conn:
            found = carriers.carrier(conn, key)
            person = persons.of_orders(conn, self._ring, [(merchant, order_id)]).get((merchant, order_id))
        sender = labels.sender_of(found.facts) if found is not None else None
        if found is None or sender is None:
            raise NoSuchCarrier(str(NoSuchCarrier.__doc__))
        receiver = labels.receiver_of(person)
        if receiver is None:
            raise NoAddress(str(NoAddress.__doc__))
        return self.door(key).rates(sender, receiver, package)

    def door(self, key: Key) -> Carrier:
        """The carrier of a connection, ready to be called. `NoSuchCarrier`."""
        with self._database.engine([key[0]]) as conn:
            through = self._outbounds.load(conn, [key]).get(key)
        if through is None or not CONNECTORS[through.kind].carries:
            raise NoSuchCarrier(str(NoSuchCarrier.__doc__))
        return cast(Carrier, through.outbound)

    def hand_over(
        self, policies: Policies, key: Key, parcels: Sequence[tuple[str, str, str]], by: str, name: str
    ) -> HandedOver | Answer:
        """Give parcels, (order, label, the carrier's reference), to the carrier: it is asked first, and what it took is
        written on the orders. Asked again under the same `name` it goes on where it broke off. `NoSuchCarrier`."""
        taken = self.door(key).hand_over(tuple(reference for _, _, reference in parcels[:HANDED_OVER_MAX]))
        if isinstance(taken, Answer):
            return taken
        with self._database.engine([key[0]]) as conn:
            carriers.write_handover(conn, key, name, by)
        took = [(order, label) for order, label, reference in parcels if reference in taken]
        wishes = [Wish(key[0], order, HandOver(label, name), by) for order, label in took]
        answers = requests.ask_many(self._database, policies, wishes)
        done = [place for place, answer in zip(took, answers, strict=True) if isinstance(answer, Accepted)]
        return HandedOver(name, tuple(done))

    def _write(
        self,
        merchant: int,
        kind: str,
        base_url: str,
        credentials: dict[str, str],
        sender: ParcelAddress,
        facts: CarrierFacts,
    ) -> tuple[Key, str]:
        """The connection's row and webhook address, new or known. Its secret is known once the carrier told it."""
        with self._database.engine([merchant]) as conn:
            known = linking.same_shop(conn, merchant, kind, facts.account)
            key = (merchant, known or linking.next_connection(conn, merchant))
            if known is None:
                unguessed = secrets.token_urlsafe(32)
                linking.create_connection(conn, self._row(key, kind, base_url, credentials, sender, facts, unguessed))
                carriers.become_carrier(conn, key)
            token = made_reachable(conn, key)
        return key, token

    def _row(
        self,
        key: Key,
        kind: str,
        base_url: str,
        credentials: dict[str, str],
        sender: ParcelAddress,
        facts: CarrierFacts,
        secret: str,
    ) -> NewConnection:
        told = msgspec.to_builtins(facts) | {"sender": msgspec.to_builtins(sender)}
        return NewConnection(
            merchant=key[0],
            connection=key[1],
            kind=kind,
            title=facts.name,
            domain=facts.account,
            base_url=base_url,
            api_version=API_VERSION,
            credentials=seal_credentials(self._ring, credentials, key),
            webhook_secrets=seal_secrets(self._ring, [secret], key),
            facts=msgspec.json.encode(told).decode(),
        )


def _is_country(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isalpha() and text.isupper()
