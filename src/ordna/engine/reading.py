"""From a message as stored to a message of the core: who reads it, which order it is about, what it means."""

from __future__ import annotations

import msgspec

from ordna.connectors.contract import Concern, Hint, Ignored, ObjectHint, ParcelNews, Unusable
from ordna.connectors.registry import CONNECTORS
from ordna.core.messages import (
    EffectAnswered,
    Hinted,
    Message,
    Migrated,
    Observed,
    Snapshot,
    StockArrived,
    TimerFell,
    WentLive,
)
from ordna.core.shipping import ParcelTracked
from ordna.engine.batch import Item
from ordna.engine.policies import Policies
from ordna.store.connections import ConnectionNow
from ordna.store.inbox import Waiting

READ_TOPIC = "ordna/read"
_OWN = "ordna/"
_OWN_TOPICS: dict[str, msgspec.json.Decoder[Message]] = {
    "ordna/answer": msgspec.json.Decoder(EffectAnswered),
    "ordna/timer": msgspec.json.Decoder(TimerFell),
    "ordna/live": msgspec.json.Decoder(WentLive),
    "ordna/migrate": msgspec.json.Decoder(Migrated),
    "ordna/stock": msgspec.json.Decoder(StockArrived),
    "ordna/parcel": msgspec.json.Decoder(ParcelTracked),
}


class Closed(msgspec.Struct, frozen=True):
    """A message that comes to nothing an order could know; `error` in words where there is one."""

    outcome: str
    error: str | None = None


class ByPart(msgspec.Struct, frozen=True):
    """A hint that names only a fulfillment order."""

    connection: ConnectionNow
    part: str
    topic: str


class ByParcel(msgspec.Struct, frozen=True):
    """A carrier's word on a parcel: whose it is, the number tells."""

    connection: ConnectionNow
    message: ParcelTracked


def read(
    row: Waiting, connection: ConnectionNow | None, policies: Policies
) -> Item | ByPart | ByParcel | Concern | Closed:
    """One stored message as meaning. It raises only for what we wrote ourselves and can't read."""
    if connection is None or connection.kind not in CONNECTORS:
        return Closed("ignored", "The connection is gone.")
    cause = f"inbox:{row.inbox_id}"
    own = _OWN_TOPICS.get(row.topic)
    if own is not None:
        if row.order_hint is None:
            return Closed("unusable", "The message does not say its order.")
        return Item(connection, row.order_hint, own.decode(row.body), cause, row.inbox_id)
    translated = CONNECTORS[connection.kind].translate(
        row.topic, row.body, row.received_at, policies.client_id(connection)
    )
    match translated:
        case Snapshot():
            source = "shopify read" if row.topic == READ_TOPIC else f"{connection.kind} {row.topic}"
            message = Observed(translated, row.received_at, source)
            return Item(connection, translated.order_ref, message, cause, row.inbox_id)
        case Hint():
            hinted = Hinted(translated.order_ref, translated.topic, row.received_at)
            return Item(connection, translated.order_ref, hinted, cause, row.inbox_id)
        case ObjectHint():
            return ByPart(connection, translated.object_ref, translated.topic)
        case ParcelNews(tracking=tracking, progress=progress, at=at):
            told = ParcelTracked(tracking, progress, at, at, row.received_at, f"{connection.kind} {row.topic}")
            return ByParcel(connection, told)
        case Concern():
            return translated
        case Ignored():
            return Closed("ignored", translated.why)
        case Unusable():
            said = [f"{p.path}: {p.sentence}" if p.path else p.sentence for p in translated.problems[:20]]
            return Closed("unusable", "; ".join(said))


def is_own(topic: str) -> bool:
    """Is it a message we sent ourselves? Those are never repeated, so nobody looks for duplicates."""
    return topic.startswith(_OWN)
