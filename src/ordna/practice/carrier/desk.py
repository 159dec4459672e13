"""The mail room: signed webhooks of tracking events, tried again when they are not taken, bad days included."""

from __future__ import annotations

import asyncio
import hashlib
import heapq
import hmac
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx2

from ordna.practice.carrier.bad_days import BadDays
from ordna.practice.carrier.post import Told

RETRIES_S = (5, 30, 120, 600, 3600, 14400)
ANSWER_S = 5.0
LATE_S = 45.0
IDLE_S = 0.3


@dataclass
class Delivery:
    """One event on its way to the customer's address."""

    event_id: str
    body: bytes
    tries: int = 0


class Desk:
    """Sends what is due to `url`; nothing where there is none. `counts`: told, refused, given up."""

    def __init__(self, account: str, secret: str, clock: Callable[[], datetime], bad_days: BadDays) -> None:
        self.url = ""
        self.secret = secret
        self.counts: Counter[str] = Counter()
        self._account = account
        self._clock = clock
        self._bad_days = bad_days
        self._heap: list[tuple[datetime, int, Delivery]] = []
        self._count = 0

    def announce(self, told: Told) -> None:
        """Plan the telling of one event."""
        if not self.url or self._bad_days.strikes("lost_events"):
            return
        delivery = Delivery(told.event.id, body_of(told))
        late = timedelta(seconds=LATE_S if self._bad_days.strikes("late_events") else 0.0)
        for _ in range(2 if self._bad_days.strikes("duplicate_events") else 1):
            self._push(self._clock() + late, delivery)

    def waiting(self) -> int:
        """How many are on their way."""
        return len(self._heap)

    async def run(self) -> None:
        """Send what is due until cancelled."""
        async with httpx2.AsyncClient(timeout=ANSWER_S, follow_redirects=False) as client:
            while True:
                while self._heap and self._heap[0][0] <= self._clock():
                    await self._send(client, heapq.heappop(self._heap)[2])
                await asyncio.sleep(IDLE_S)

    async def _send(self, client: httpx2.AsyncClient, delivery: Delivery) -> None:
        try:
            answer = await client.post(self.url, content=delivery.body, headers=self.headers(delivery))
            taken = 200 <= answer.status_code < 300
        except (httpx2.HTTPError, httpx2.InvalidURL):
            taken = False
        if taken:
            self.counts["told"] += 1
            return
        self.counts["refused"] += 1
        if delivery.tries >= len(RETRIES_S):
            self.counts["given up"] += 1
            return
        wait = timedelta(seconds=RETRIES_S[delivery.tries])
        self._push(self._clock() + wait, Delivery(delivery.event_id, delivery.body, delivery.tries + 1))

    def headers(self, delivery: Delivery) -> dict[str, str]:
        """What goes with a body: which event, whose account, the signature over the raw bytes."""
        return {
            "Content-Type": "application/json",
            "X-Practice-Post-Topic": "tracking",
            "X-Practice-Post-Id": delivery.event_id,
            "X-Practice-Post-Account": self._account,
            "X-Practice-Post-Signature": signature(delivery.body, self.secret),
        }

    def _push(self, at: datetime, delivery: Delivery) -> None:
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, delivery))


def body_of(told: Told) -> bytes:
    """One event as it is told."""
    parcel, event = told.parcel, told.event
    return json.dumps(
        {
            "event": event.id,
            "tracking": parcel.tracking,
            "reference": parcel.reference,
            "status": event.status,
            "at": event.at.isoformat(),
            "place": event.place,
        }
    ).encode()


def signature(body: bytes, secret: str) -> str:
    """hex(HMAC-SHA256(secret, raw body))."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
