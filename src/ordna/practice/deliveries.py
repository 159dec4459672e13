"""The delivery desk: what is to be sent to whom, when, and what an answer means. No sockets, no clock.

An *event* (something changed in the shop) becomes one *delivery* per matching subscription. Deliveries wait
on a heap by their due time. An answer within 2xx ends one; anything else schedules the next of eight
retries, spread over four hours, always with the body and to the address of the first try. When the eighth
retry fails, the subscription is deleted together with its waiting deliveries, as Shopify does.

Before a delivery is put on the heap it passes the *stages*: functions from one delivery to the deliveries
that shall really happen. The list is empty in a well-behaved shop. A stage may answer nothing (drop), two
(duplicate) or one with a later `due_at` (delay, and with it reorder), so bad days are stages and nothing
here changes.
"""

from __future__ import annotations

import base64
import hashlib
import heapq
import hmac
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

#: Waiting times before the eight retries, in seconds; together four hours.
RETRY_DELAYS_S = (60, 120, 300, 600, 1200, 2400, 3600, 6120)

#: How many finished deliveries the log remembers.
LOG_LENGTH = 400


@dataclass(frozen=True)
class Event:
    """One change worth telling: `body` is the JSON as it will be sent, byte for byte.

    `order_id` is 0 when the change concerns no order. `event_id` is the same for all subscriptions told.
    The body belongs to one subscription, because a subscription may ask for some fields only.
    """

    event_id: str
    topic: str
    body: bytes
    triggered_at: datetime
    order_id: int = 0
    order_name: str = ""
    test: bool = False


@dataclass(frozen=True)
class Target:
    """A subscription as the desk needs it: where to, and under which name."""

    subscription_id: int
    uri: str
    name: str = ""


@dataclass
class Delivery:
    """One body on its way to one subscription; `status` is waiting, delivered, failed, given up or
    withdrawn."""

    webhook_id: str
    event: Event
    target: Target
    due_at: datetime
    status: str = "waiting"
    attempts: int = 0
    answer: str = ""
    answered_at: datetime | None = None


Stage = Callable[[Delivery], Iterable[Delivery]]


@dataclass
class DeliveryDesk:
    """All deliveries of one shop. Methods take the time as an argument and are not thread-safe."""

    delete_subscription: Callable[[int], None]
    stages: list[Stage] = field(default_factory=list)
    retry_delays_s: tuple[int, ...] = RETRY_DELAYS_S
    log: deque[Delivery] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))
    counts: dict[str, int] = field(default_factory=dict)
    _heap: list[tuple[datetime, int, Delivery]] = field(default_factory=list)
    _sequence: int = 0
    _gone: set[int] = field(default_factory=set)
    _on_the_way: dict[int, Delivery] = field(default_factory=dict)

    def announce(self, event: Event, target: Target) -> list[Delivery]:
        """Plan the event for one subscription; answers the deliveries that will happen, as the stages decide."""
        webhook_id = _webhook_id(event.event_id, target.subscription_id)
        planned = [Delivery(webhook_id, event, target, due_at=event.triggered_at)]
        for stage in self.stages:
            planned = [after for before in planned for after in stage(before)]
        for delivery in planned:
            self.log.append(delivery)
            self._count("planned")
            self._push(delivery)
        return planned

    def take_due(self, now: datetime, limit: int) -> list[Delivery]:
        """Take at most `limit` deliveries due by `now` off the heap; each must come back through
        `answered`."""
        taken: list[Delivery] = []
        while self._heap and self._heap[0][0] <= now and len(taken) < limit:
            delivery = heapq.heappop(self._heap)[2]
            if delivery.target.subscription_id in self._gone:
                self._finish(delivery, "withdrawn", "subscription deleted", now)
                continue
            taken.append(delivery)
            self._on_the_way[id(delivery)] = delivery
        return taken

    def next_due_at(self) -> datetime | None:
        """When the earliest waiting delivery is due; None when nothing waits."""
        return self._heap[0][0] if self._heap else None

    def answered(self, delivery: Delivery, status: int, detail: str, now: datetime) -> None:
        """Record one try: `status` is the HTTP status, 0 when no answer came (then `detail` says why)."""
        self._on_the_way.pop(id(delivery), None)
        delivery.attempts += 1
        if 200 <= status < 300:
            self._finish(delivery, "delivered", str(status), now)
            return
        delivery.answer = detail or f"answered {status}"
        delivery.answered_at = now
        self._count("failed tries")
        retries_made = delivery.attempts - 1
        if delivery.target.subscription_id in self._gone:
            self._finish(delivery, "withdrawn", delivery.answer, now)
        elif retries_made < len(self.retry_delays_s):
            delivery.status = "failed"
            delivery.due_at = now + timedelta(seconds=self.retry_delays_s[retries_made])
            self._push(delivery)
        else:
            self._finish(delivery, "given up", delivery.answer, now)
            self._gone.add(delivery.target.subscription_id)
            self.delete_subscription(delivery.target.subscription_id)

    def waiting(self) -> int:
        """How many deliveries wait for their first try or a retry."""
        return len(self._heap)

    def unfinished(self) -> list[Delivery]:
        """Every delivery that waits or is on its way now, earliest due first."""
        waiting = [entry[2] for entry in sorted(self._heap, key=lambda entry: entry[:2])]
        every = [*self._on_the_way.values(), *waiting]
        return [delivery for delivery in every if delivery.target.subscription_id not in self._gone]

    def take_up(self, deliveries: Iterable[Delivery]) -> None:
        """Go on with deliveries that another desk left unfinished."""
        for delivery in deliveries:
            self.log.append(delivery)
            self._count("planned")
            self._push(delivery)

    def _push(self, delivery: Delivery) -> None:
        # The sequence keeps equal due times in the order of planning and deliveries out of the comparison.
        self._sequence += 1
        heapq.heappush(self._heap, (delivery.due_at, self._sequence, delivery))

    def _finish(self, delivery: Delivery, status: str, answer: str, now: datetime) -> None:
        delivery.status = status
        delivery.answer = answer
        delivery.answered_at = now
        self._count(status)

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


def headers_for(delivery: Delivery, shop_domain: str, api_version: str, client_secret: str) -> dict[str, str]:
    """The HTTP headers of one delivery, signature over the raw body included."""
    event = delivery.event
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Shopify-Captain-Hook",
        "X-Shopify-Topic": event.topic,
        "X-Shopify-Hmac-Sha256": signature(event.body, client_secret),
        "X-Shopify-Shop-Domain": shop_domain,
        "X-Shopify-API-Version": api_version,
        "X-Shopify-Webhook-Id": delivery.webhook_id,
        "X-Shopify-Event-Id": event.event_id,
        "X-Shopify-Triggered-At": _instant(event.triggered_at),
    }
    if event.topic.startswith("orders/"):
        headers["X-Shopify-Order-Id"] = str(event.order_id)
        headers["X-Shopify-Test"] = "true" if event.test else "false"
    if delivery.target.name:
        headers["X-Shopify-Name"] = delivery.target.name
    return headers


def signature(body: bytes, client_secret: str) -> str:
    """base64(HMAC-SHA256(client secret, raw body)), the value of X-Shopify-Hmac-Sha256."""
    return base64.b64encode(hmac.new(client_secret.encode(), body, hashlib.sha256).digest()).decode()


def copy_due(delivery: Delivery, due_at: datetime) -> Delivery:
    """A copy of a planned delivery at another time; what a stage answers when it delays or doubles one."""
    return replace(delivery, due_at=due_at)


def _webhook_id(event_id: str, subscription_id: int) -> str:
    digest = hashlib.sha256(f"{event_id}/{subscription_id}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
