"""Connections: made in *observe*, shown what going live would do, gone live, paused.

In observe nothing is changed at the shop. The one exception is the webhook subscriptions, without which nothing could
be observed; they are made when the connection is made. The shop's history is imported by the workers (`history`), who
also sweep the shop and look after its subscriptions from then on (`watch`).
"""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from ordna.connectors.contract import Answer
from ordna.connectors.registry import CONNECTORS
from ordna.connectors.shopify.client import API_VERSION
from ordna.connectors.shopify.listing import COUNT_MAX as COUNT_MAX
from ordna.connectors.shopify.outbound import ShopFacts
from ordna.core.decide import decide
from ordna.core.describe import effect_words
from ordna.core.messages import WentLive
from ordna.core.order import decode_state
from ordna.core.outcome import Order, Outcome, TaskNow, decode_verdict
from ordna.core.policy import Policy
from ordna.engine import budget, clock, history, zones
from ordna.engine.lanes import lane_of
from ordna.engine.outbounds import Outbounds, channel, endpoint_of
from ordna.engine.policies import Policies
from ordna.engine.subscriptions import reached_at
from ordna.engine.sweeps import words_of
from ordna.store import linking, outside, watch
from ordna.store.connections import ConnectionNow, ensure_lanes, seal_credentials, seal_secrets
from ordna.store.database import Connection, Database
from ordna.store.linking import NewConnection
from ordna.store.outside import Internal
from ordna.store.sealing import Keyring

HISTORY = timedelta(days=60)
"""As far back as a shop shows its orders without a further permission."""
ALL_ORDERS = "read_all_orders"
FIRST_ORDERS = datetime(2006, 1, 1, tzinfo=UTC)
"""No shop has older ones."""
LISTED_MAX = 20
CHUNK = 1000
SHOPIFY = "shopify"


class LinkError(Exception):
    """The base of what can go wrong when connections are made and switched."""


class NotConnected(LinkError):
    """The shop did not accept us; `code` and the text say why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(words_of(answer))
        self.code = answer.code or answer.result


class NoSecret(LinkError):
    """The app's client secret is missing: the shop signs its webhooks with it, and what is not signed is not
    believed."""


class UnknownConnection(LinkError):
    """The merchant has no such connection."""


class WrongMode(LinkError):
    """The connection does not stand where this could be done from."""


class WouldHappen(Struct, frozen=True):
    """What going live would do to one order, in words."""

    order_id: str
    name: str
    changes: tuple[str, ...]


class Preview(Struct, frozen=True):
    """What going live would do: open orders looked at, how many of them change, how often what; the first 20 in full.

    `effects` and `tasks` count by kind: {"hold_part": 3}, {"step": 12}.
    """

    open_orders: int
    changed: int
    effects: dict[str, int]
    tasks: dict[str, int]
    first: tuple[WouldHappen, ...]


class Connected(Struct, frozen=True):
    """A connection that was made: how many topics the shop sends us, how many earlier orders are being read (10,000
    where there are as many or more).

    `unlisted` says why they could not be counted, when they could not; they are read all the same.
    """

    merchant: int
    connection: int
    title: str
    subscriptions: int
    orders: int
    unlisted: str | None = None


class Connections:
    """Makes and switches connections."""

    def __init__(self, database: Database, ring: Keyring) -> None:
        self._database = database
        self._ring = ring
        self._outbounds = Outbounds(ring)
        self._policies = Policies(ring)

    def create_merchant(self, merchant: int, name: str, flow: str, by: str) -> None:
        """Write a merchant with its first flow, and its lanes; nothing happens if it is there."""
        with self._database.engine([merchant]) as conn:
            linking.create_merchant(conn, merchant, name, "Europe/Copenhagen", "DKK")
            if linking.newest_policy(conn, merchant) is None:
                linking.activate_policy(conn, merchant, flow, by)
            ensure_lanes(conn, [merchant])

    def connect_shopify(
        self,
        merchant: int,
        base_url: str,
        credentials: dict[str, str],
        callback_base_url: str,
        *,
        webhook_secret: str | None = None,
    ) -> Connected:
        """Check the credentials, write the connection in observe, subscribe to every topic we read, and have the recent
        orders read. `NotConnected`, `NoSecret`.

        `credentials`: {"token": ..} or {"client_id": .., "client_secret": ..}; `webhook_secret` where it is not the
        client secret. A shop that is connected already gets the new credentials and keeps its number.
        """
        hook_secret = webhook_secret or credentials.get("client_secret")
        if not hook_secret:
            raise NoSecret(" ".join((NoSecret.__doc__ or "").split()))
        base_url = base_url.rstrip("/")
        domain = urlsplit(base_url).hostname or base_url
        through = channel(SHOPIFY, endpoint_of(base_url, domain, API_VERSION, credentials))
        facts = through.shop_facts()
        if isinstance(facts, Answer):
            raise NotConnected(facts)
        key, token = self._write(merchant, base_url, credentials, hook_secret, facts)
        callback_base_url = callback_base_url.rstrip("/")
        subscribed = through.subscribe(f"{callback_base_url}/webhooks/{token}", CONNECTORS[SHOPIFY].topics)
        if isinstance(subscribed, Answer):
            raise NotConnected(subscribed)
        with self._database.engine([merchant]) as conn:
            linking.set_subscribed(conn, key, [{"topic": each.topic, "id": each.id} for each in subscribed])
            watch.begin(conn, key, watch.SUBSCRIPTIONS, reached_at(callback_base_url))
            watch.begin(conn, key, watch.SWEEP)
        counted = self.import_history(*key)
        if isinstance(counted, Answer):
            return Connected(*key, facts.name, len(subscribed), 0, counted.sentence or counted.code)
        return Connected(*key, facts.name, len(subscribed), counted)

    def import_history(self, merchant: int, connection: int) -> int | Answer:
        """Have the orders read that the shop had before: those of 60 days, or all where it lets us. How many it counts,
        10,000 at most. `UnknownConnection`."""
        key = (merchant, connection)
        with self._database.engine([merchant]) as conn:
            standing = linking.standing(conn, key)
            if standing is None:
                raise UnknownConnection
            through = self._outbounds.load(conn, [key])[key].outbound
        facts = through.shop_facts()
        everything = not isinstance(facts, Answer) and ALL_ORDERS in facts.scopes
        since = FIRST_ORDERS if everything else standing.now - HISTORY
        counted = through.count_orders(None if everything else since)
        expected = None if isinstance(counted, Answer) else counted
        with self._database.engine([merchant]) as conn:
            watch.begin(conn, key, watch.HISTORY, history.wanted(since, standing.now, expected))
        return counted

    def waiting(self, merchant: int, connection: int) -> tuple[int, int]:
        """(orders still to be read, messages still to be handled): the progress of an import."""
        key = (merchant, connection)
        with self._database.engine([merchant]) as conn:
            return linking.waiting_reads(conn, key), linking.waiting_messages(conn, key)

    def preview_go_live(self, merchant: int, connection: int) -> Preview:
        """What going live would do to every open order; changes nothing."""
        key = (merchant, connection)
        effects: Counter[str] = Counter()
        tasks: Counter[str] = Counter()
        first: list[WouldHappen] = []
        looked_at = changed = 0
        with self._database.engine([merchant]) as conn:
            standing = linking.standing(conn, key)
            found = self._policies.connections(conn, [key]).get(key)
            if standing is None or found is None:
                raise UnknownConnection
            live = found._replace(mode="live")
            for row in linking.open_orders(conn, key):
                looked_at += 1
                order = Order(decode_state(row.state), decode_verdict(row.verdict))
                outcome = decide(order, WentLive(standing.now), self._policy_of(conn, live, order), standing.now)
                words = _in_words(order, outcome)
                effects.update(str(effect.body.__struct_config__.tag) for effect in outcome.effects)
                tasks.update(task.kind for task in _new_tasks(order, outcome))
                changed += bool(words)
                if words and len(first) < LISTED_MAX:
                    first.append(WouldHappen(row.order_id, row.name, words))
        return Preview(looked_at, changed, dict(effects), dict(tasks), tuple(first))

    def go_live(self, merchant: int, connection: int) -> int:
        """Act from now on; every open order is settled anew, in its lane. How many orders that are. `WrongMode`."""
        key = (merchant, connection)
        with self._database.engine([merchant]) as conn:
            if not linking.switch_mode(conn, key, "live", ["observe"]):
                raise WrongMode("Only a connection that observes can go live.")
            standing = linking.standing(conn, key)
            assert standing is not None
            refs = linking.open_refs(conn, key)
            for start in range(0, len(refs), CHUNK):
                chunk = refs[start : start + CHUNK]
                outside.file_internal(conn, [_went_live(key, ref, standing.now) for ref in chunk])
        return len(refs)

    def pause(self, merchant: int, connection: int) -> None:
        """Nothing leaves through this connection until it is resumed; what comes in is still taken in. `WrongMode`."""
        self._switch(merchant, connection, "paused", ["live"], "Only a live connection can be paused.")

    def resume(self, merchant: int, connection: int) -> None:
        """What waited leaves now, if it is still wanted. `WrongMode`."""
        self._switch(merchant, connection, "live", ["paused"], "Only a paused connection can be resumed.")

    def pause_outgoing(self, merchant: int | None, paused: bool = True) -> int:
        """Stop (or let go on) whatever leaves, for one merchant or, with None, for all; how many merchants."""
        with self._database.engine([] if merchant is None else [merchant]) as conn:
            merchants = linking.merchants(conn) if merchant is None else [merchant]
        with self._database.engine(merchants) as conn:
            for each in merchants:
                linking.set_switch(conn, each, "outgoing", "paused" if paused else "on")
        return len(merchants)

    def try_again(self, merchant: int, order_id: str, effect_key: str) -> bool:
        """Take up an effect that was given up or is in doubt: it is looked up, and sent only if nothing happened. False
        when it is not such a one."""
        with self._database.engine([merchant]) as conn:
            return outside.take_up(conn, (merchant, order_id, effect_key))

    def _write(
        self, merchant: int, base_url: str, credentials: dict[str, str], hook_secret: str, facts: ShopFacts
    ) -> tuple[tuple[int, int], str]:
        """The connection's row and address, new or renewed."""
        with self._database.engine([merchant]) as conn:
            known = linking.same_shop(conn, merchant, SHOPIFY, facts.domain)
            key = (merchant, known or linking.next_connection(conn, merchant))
            new = NewConnection(
                merchant=merchant,
                connection=key[1],
                kind=SHOPIFY,
                title=facts.name,
                domain=facts.domain,
                base_url=base_url,
                api_version=API_VERSION,
                credentials=seal_credentials(self._ring, credentials, key),
                webhook_secrets=seal_secrets(self._ring, [hook_secret], key),
                facts=msgspec.json.encode(facts).decode(),
            )
            before = linking.facts(conn, key)
            if known is None:
                linking.create_connection(conn, new)
            else:
                linking.renew_connection(conn, new)
            zones.take_in(conn, key, before, facts, clock.now())
            token = made_reachable(conn, key)
        return key, token

    def _switch(self, merchant: int, connection: int, mode: str, start: list[str], otherwise: str) -> None:
        with self._database.engine([merchant]) as conn:
            if not linking.switch_mode(conn, (merchant, connection), mode, start):
                raise WrongMode(otherwise)

    def _policy_of(self, conn: Connection, live: ConnectionNow, order: Order) -> Policy:
        self._policies.load(conn, [(live.merchant_id, order.verdict.policy)])
        return self._policies.policy(live, order.verdict.policy)


def made_reachable(conn: Connection, key: linking.Key) -> str:
    """A connection gets its lanes, its budget and the address its webhooks come to, where it has none yet; the
    address's token."""
    ensure_lanes(conn, [key[0]])
    budget.open_budget(conn, *key)
    token = linking.address_of(conn, key)
    if token is None:
        token = secrets.token_urlsafe(24)
        linking.create_address(conn, key, token)
    return token


def _went_live(key: tuple[int, int], ref: str, at: datetime) -> Internal:
    body = msgspec.json.encode(WentLive(at))
    return Internal(
        *key[:1], lane_of(ref), key[1], "ordna/live", f"live:{key[1]}:{ref}:{at.timestamp():.6f}", ref, body
    )


def _new_tasks(order: Order, outcome: Outcome) -> list[TaskNow]:
    before = {task.key for task in order.verdict.tasks}
    return [task for task in outcome.order.verdict.tasks if task.key not in before]


def _in_words(order: Order, outcome: Outcome) -> tuple[str, ...]:
    said = [f"Task: {task.title}" for task in _new_tasks(order, outcome)]
    return tuple(
        said + [f"The shop is asked to {effect_words(type(effect.body).__name__)}" for effect in outcome.effects]
    )
