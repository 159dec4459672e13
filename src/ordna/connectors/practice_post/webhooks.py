"""A delivery of Practice Post: is it authentic, which lane does it belong to, and what does it say."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from ordna.connectors.contract import Ignored, ParcelNews, Translation, Unusable
from ordna.connectors.practice_post.words import PROGRESS
from ordna.connectors.signing import signer
from ordna.core.values import Problem, clamp

TOPIC = "tracking"
_TRACKING = re.compile(rb'"tracking"\s*:\s*"([A-Z0-9]{6,40})"')
_LOOK = 2048


class _Told(Struct):
    tracking: str
    status: str
    at: datetime


def verify(body: bytes, header: str | bytes | None, secrets: Sequence[str | bytes]) -> int | None:
    """The place of the secret that signed these exact bytes, None when none did. Never raises, takes equally long."""
    return signer(body, header, secrets, lambda key, told: hmac.digest(key, told, "sha256").hex().encode())


def routing_key(topic: str, body: bytes, headers: Mapping[str, str] | None = None) -> str | None:
    """The parcel's number as far as a short look tells, for lanes only."""
    found = _TRACKING.search(body[:_LOOK])
    return None if found is None else f"parcel:{found[1].decode()}"


def translate(topic: str, body: bytes, received_at: datetime, client_id: str | None) -> Translation:
    """One observation as meaning; never raises on content."""
    if topic != TOPIC:
        return Ignored(f"Practice Post’s {topic[:60]} says nothing of a parcel.")
    try:
        told = msgspec.json.decode(body, type=_Told)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Unusable((Problem("bad_body", "", "It is not the tracking event it should be."),))
    if told.at.tzinfo is None:
        return Unusable((Problem("no_zone", "at", "The event’s time says no zone."),))
    if told.status not in PROGRESS:
        return Unusable((Problem("unknown_status", "status", f"Nobody knows the status “{told.status[:40]}”."),))
    if not PROGRESS[told.status]:
        return Ignored("The parcel has not begun to move.")
    return ParcelNews(told.tracking[:100], PROGRESS[told.status], clamp(told.at, received_at))
