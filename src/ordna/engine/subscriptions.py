"""The watchdog of subscriptions: does the shop still send us what it was asked to?

Shopify deletes a subscription after eight deliveries failed in a row, and nobody tells. So every five minutes the shop
is asked which subscriptions stand. What is missing is made again at once and is told: a gap opens with the topics that
were lost, shown on the connection's page and by `ordna doctor`, and a sweep is hurried that sees what went by.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from ordna.connectors.contract import Answer
from ordna.connectors.registry import CONNECTORS
from ordna.connectors.shopify.client import API_VERSION
from ordna.connectors.shopify.gids import topic_enum
from ordna.connectors.shopify.outbound import Subscription
from ordna.engine.outbounds import Outbounds
from ordna.engine.sweeps import not_now, priced
from ordna.store import linking, watch
from ordna.store.database import Database
from ordna.store.linking import EndpointRow
from ordna.store.watch import Claimed, Ended

LOOK_EVERY_S = 300.0
LOOK_POINTS = 20.0
TOPIC_POINTS = 11.0
URGENCY_OF_LISTENING = 1


class Reached(Struct, omit_defaults=True):
    """Where the shop reaches us, kept in the duty's row: `https://orders.example.com`."""

    base: str = ""


def reached_at(base: str) -> str:
    """The progress of a duty that begins: the shop reaches us there."""
    return msgspec.json.encode(Reached(base)).decode()


class Watchdog:
    """Looks after the subscriptions of connections."""

    def __init__(self, database: Database, outbounds: Outbounds) -> None:
        self._database = database
        self._outbounds = outbounds

    def run(self, duty: Claimed) -> Ended | None:
        """One look; what is missing is made again."""
        with self._database.engine([duty.merchant_id]) as conn:
            [row] = linking.endpoints(conn, [duty.key])
            token = linking.address_of(conn, duty.key)
            through = self._outbounds.load(conn, [duty.key])[duty.key].outbound
        standing = priced(self._database, duty.key, LOOK_POINTS, URGENCY_OF_LISTENING, through.subscriptions)
        if isinstance(standing, Answer):
            return _not_now(duty, standing)
        base = _base(duty, standing, token)
        if not base or token is None:
            return Ended(LOOK_EVERY_S, good_at=duty.now, found=0)
        uri = f"{base}/webhooks/{token}"
        wanted = {topic_enum(topic) for topic in CONNECTORS[row.kind].topics}
        missing = wanted - {each.topic for each in standing if each.uri == uri}
        progress = reached_at(base)
        if not missing:
            return Ended(
                LOOK_EVERY_S,
                good_at=duty.now,
                error=_foreign_version(row, standing, uri),
                found=len(wanted),
                missed=0,
                progress=progress,
            )
        self._tell(duty, sorted(missing))
        points = LOOK_POINTS + TOPIC_POINTS * len(missing)
        made = priced(
            self._database,
            duty.key,
            points,
            URGENCY_OF_LISTENING,
            lambda: through.subscribe(uri, CONNECTORS[row.kind].topics),
        )
        if isinstance(made, Answer):
            return _not_now(duty, made, progress)
        self._made_again(duty, made)
        return Ended(LOOK_EVERY_S, good_at=duty.now, found=len(made), missed=len(missing), progress=progress)

    def _tell(self, duty: Claimed, missing: list[str]) -> None:
        with self._database.engine([duty.merchant_id]) as conn:
            began = duty.good_at
            if began is None:
                standing = linking.standing(conn, duty.key)
                began = (standing and (standing.heard_at or standing.created_at)) or duty.now
            watch.notice_gap(conn, duty.key, began, "unsubscribed")
            watch.note_lost(conn, duty.key, missing)

    def _made_again(self, duty: Claimed, made: tuple[Subscription, ...]) -> None:
        with self._database.engine([duty.merchant_id]) as conn:
            linking.set_subscribed(conn, duty.key, [{"topic": each.topic, "id": each.id} for each in made])
            watch.note_subscribed(conn, duty.key)
            watch.hurry(conn, [duty.key], watch.SWEEP, 0.0)


def _base(duty: Claimed, standing: tuple[Subscription, ...], token: str | None) -> str:
    """Where the shop reaches us: as it was told when the connection was made, or as it knows itself."""
    base = msgspec.json.decode(duty.progress, type=Reached).base
    ending = f"/webhooks/{token}"
    return base or next((each.uri.removesuffix(ending) for each in standing if each.uri.endswith(ending)), "")


def _foreign_version(row: EndpointRow, standing: tuple[Subscription, ...], uri: str) -> str | None:
    ours = row.api_version or API_VERSION
    foreign = sorted({each.version for each in standing if each.uri == uri and each.version not in (None, ours)})
    if not foreign:
        return None
    return f"Webhooks come in version {', '.join(map(str, foreign))} of the API; {ours} is what is read here."


def _not_now(duty: Claimed, answer: Answer, progress: str | None = None) -> Ended:
    return not_now(duty, answer, duty.progress if progress is None else progress)
