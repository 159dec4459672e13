"""Webhooks over HTTP: turns the shop's changes into signed deliveries and sends them.

`announce` takes the shop's changes, builds a body for every subscription to the topic and hands it to the
delivery desk; `run` sends what is due, a few at a time over kept-alive connections, and reports each answer
back. A receiver has one second to accept the connection and five to answer with 2xx. Delivery is at least
once: an answer that came too late counts as none, and the same delivery is sent again under the same id.

Everything runs on the event loop that owns the world, so nothing is locked. What still waits when the process
ends is gone, as is the shop.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx2

from ordna.practice.bad_days import BLACKOUT, BadDays, TryFault
from ordna.practice.bodies import Telling, tell
from ordna.practice.deliveries import Delivery, DeliveryDesk, Event, Stage, Target, headers_for
from ordna.practice.model import App, WebhookSubscription
from ordna.practice.world import Change, World

API_VERSION = "2026-10"
CONNECT_TIMEOUT_S = 1.0
ANSWER_TIMEOUT_S = 5.0
_IDLE_S = 0.5


class WebhookSender:
    """The shop's mail room. `clock` tells the time deliveries are due by; tests pass their own."""

    def __init__(
        self, world: World, clock: Callable[[], datetime], concurrency: int = 8, bad_days: BadDays | None = None
    ) -> None:
        self.world = world
        self.clock = clock
        self.concurrency = concurrency
        self.bad_days = bad_days
        stages: list[Stage] = [bad_days.stage] if bad_days else []
        self.desk = DeliveryDesk(delete_subscription=self._delete_subscription, stages=stages)
        self._wake = asyncio.Event()
        self._in_flight: set[asyncio.Task[None]] = set()

    def announce(self, changes: Iterable[Change]) -> int:
        """Plan deliveries for everything that changed; answers how many were planned."""
        planned = 0
        for change in changes:
            readers = [s for s in self.world.subscriptions.values() if s.topic == change.topic]
            if readers:
                planned += self._announce_to(change, readers)
        if planned:
            self._wake.set()
        return planned

    def announce_event(self, event: Event, target: Target) -> None:
        """Plan a delivery that nobody subscribed to."""
        self.desk.announce(event, target)
        self._wake.set()

    async def run(self) -> None:
        """Send what is due until cancelled."""
        timeout = httpx2.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
        limits = httpx2.Limits(max_connections=self.concurrency, max_keepalive_connections=self.concurrency)
        async with httpx2.AsyncClient(timeout=timeout, limits=limits, follow_redirects=False) as client:
            while True:
                self._wake.clear()
                room = self.concurrency - len(self._in_flight)
                for delivery in self.desk.take_due(self.clock(), room):
                    task = asyncio.create_task(self._send(client, delivery))
                    self._in_flight.add(task)
                    task.add_done_callback(self._landed)
                await self._until_something_is_due()

    async def _until_something_is_due(self) -> None:
        next_due_at = self.desk.next_due_at()
        wait_s = _IDLE_S
        if next_due_at is not None and len(self._in_flight) < self.concurrency:
            wait_s = min(_IDLE_S, max(0.0, (next_due_at - self.clock()) / timedelta(seconds=1)))
        try:
            await asyncio.wait_for(self._wake.wait(), wait_s)
        except TimeoutError:
            return

    async def _send(self, client: httpx2.AsyncClient, delivery: Delivery) -> None:
        headers = self.headers_of(delivery)
        status, detail = 0, "unreachable" if headers is None else ""
        try:
            if headers is not None:
                # The client's own limit counts each read; Shopify's five seconds count the whole answer.
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    answer = await client.post(delivery.target.uri, content=delivery.event.body, headers=headers)
                status = answer.status_code
        except TimeoutError:
            detail = f"no answer within {ANSWER_TIMEOUT_S:g} s"
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            detail = type(error).__name__
        self.desk.answered(delivery, status, detail, self.clock())

    def headers_of(self, delivery: Delivery) -> dict[str, str] | None:
        """The headers of the try that is to be made now; None where there is no way to the receiver."""
        app = self._app_of(delivery)
        fault: TryFault | None = None
        if self.bad_days is not None:
            fault = self.bad_days.before_try(delivery, app.id, self.clock())
        if fault is not None and fault.name == BLACKOUT:
            return None
        secret = fault.secret if fault is not None else app.client_secret
        return headers_for(delivery, self.world.shop.domain, API_VERSION, secret)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._wake.set()

    def _announce_to(self, change: Change, readers: list[WebhookSubscription]) -> int:
        event_id = f"practice-{self.world.next_id('_event'):x}"
        planned = 0
        for reader in readers:
            telling = tell(self.world, change, reader.app_id)
            if telling is None:
                continue
            event = _event(event_id, change, telling, reader)
            target = Target(reader.id, reader.uri, reader.name or "")
            planned += len(self.desk.announce(event, target))
        return planned

    def _app_of(self, delivery: Delivery) -> App:
        # A subscription deleted while its delivery was on the way has no app any more: sign as the first app.
        subscription = self.world.subscriptions.get(delivery.target.subscription_id)
        for app in self.world.apps:
            if subscription is None or app.id == subscription.app_id:
                return app
        return self.world.apps[0]

    def _delete_subscription(self, subscription_id: int) -> None:
        if self.bad_days is not None:
            self.bad_days.counts["subscriptions deleted"] += 1
        self.world.subscriptions.pop(subscription_id, None)


def _event(event_id: str, change: Change, telling: Telling, reader: WebhookSubscription) -> Event:
    body = telling.body
    if reader.include_fields:
        body = dict(_chosen(body, reader.include_fields))
    return Event(
        event_id=event_id,
        topic=change.topic,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        triggered_at=change.at,
        order_id=telling.order_id,
        order_name=telling.order_name,
        test=telling.test,
    )


def _chosen(body: dict[str, Any], fields: list[str]) -> Iterator[tuple[str, Any]]:
    """The top-level keys that `includeFields` names; a nested path such as `customer.id` keeps its whole
    key."""
    wanted = {field.split(".")[0] for field in fields}
    return ((key, value) for key, value in body.items() if key in wanted)
