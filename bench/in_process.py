"""A practice shop and Ordna's intake in one process: real bytes both ways, no socket between them.

`Line` is the way out: what Ordna's connector posts reaches the shop's server as the request it would be, and comes back
as the answer, or as what is left of it on a bad day. `Postman` is the way in: every delivery that is due goes through
the intake with its signed body and its headers, and the intake's status goes back to the shop's delivery desk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from bench.scripts import Script, script_of
from ordna.connectors.wire import TOTAL_S, WireAnswer, WireFailure
from ordna.engine.receive import Intake
from ordna.practice.bad_days import BLACKOUT
from ordna.practice.checkout import Basket, checked_out
from ordna.practice.deliveries import Delivery
from ordna.practice.life import Life
from ordna.practice.model import Order
from ordna.practice.mutations.placing import place_order
from ordna.practice.runtime import PracticeShop
from ordna.practice.server import Exchange, PracticeServer, Request, kept_of
from ordna.practice.world import World

AT_ONCE = 100
_HOUR = timedelta(hours=1)


class ScriptedLife(Life):
    """A life in which what people do about an order follows its script."""

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(world, seed)
        self.scripts: dict[str, Script] = {}

    def buy(self, basket: Basket) -> Order:
        order = checked_out(self.world, basket)
        place_order(self.world, order)
        script = self.scripts[order.name] = script_of(self.world, order, basket.payment, self.seed)
        for step in script.shop:
            self._intend(order, step)
        return order

    def expect_buyers(self, count: int, hours: float) -> None:
        """So many buyers, spread over these hours."""
        for _ in range(count):
            self.world.later(self._buyers.random() * hours * _HOUR, self._next_buyer)


@dataclass
class Line:
    """How Ordna reaches the shop."""

    shop: PracticeShop
    server: PracticeServer

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> WireAnswer | WireFailure:
        """One call of the Admin API."""
        named = {name.lower(): value for name, value in headers.items()}
        self.shop.advance()
        exchange = finished(self.server.exchange(Request("POST", path, "", named, body)))
        self.shop.advance(by="app")
        return _received(exchange)

    def close(self) -> None:
        """There is nothing to close."""


def _received(exchange: Exchange) -> WireAnswer | WireFailure:
    """What a client with Ordna's patience makes of it."""
    response, fault = exchange.response, exchange.fault
    if fault is not None and fault.name == BLACKOUT:
        return WireFailure(False, "unreachable", "The shop could not be reached.")
    if fault is not None and fault.name == "slow" and fault.wait_s >= TOTAL_S:
        return WireFailure(True, "timeout", "The shop did not answer in time.")
    if kept_of(exchange) < len(response.body):
        return WireFailure(True, "connection_lost", "The shop broke off before it had answered.")
    wait = dict(response.headers).get("retry-after")
    return WireAnswer(response.status, response.body, float(wait) if wait else None)


class Postman:
    """How the shop reaches Ordna. One event loop, kept from round to round."""

    def __init__(self, shop: PracticeShop, intake: Intake) -> None:
        self.shop = shop
        self.carried = 0
        self._intake = intake
        self._loop = asyncio.new_event_loop()

    def deliver(self) -> int:
        """Every delivery that is due; how many there were."""
        carried, sender = 0, self.shop.sender
        while due := sender.desk.take_due(sender.clock(), AT_ONCE):
            statuses = self._loop.run_until_complete(self._all(due))
            for delivery, status in zip(due, statuses, strict=True):
                sender.desk.answered(delivery, status, "" if status else "unreachable", sender.clock())
            carried += len(due)
        self.carried += carried
        return carried

    def close(self) -> None:
        self._loop.close()

    async def _all(self, deliveries: list[Delivery]) -> list[int]:
        return await asyncio.gather(*[self._try(delivery) for delivery in deliveries])

    async def _try(self, delivery: Delivery) -> int:
        headers = self.shop.sender.headers_of(delivery)
        if headers is None:
            return 0
        scope = {
            "type": "http",
            "method": "POST",
            "path": urlsplit(delivery.target.uri).path,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": delivery.event.body, "more_body": False}

        async def send(event: Any) -> None:
            if event["type"] == "http.response.start":
                statuses.append(event["status"])

        await self._intake(scope, receive, send)
        return statuses[0]


def finished(work: Coroutine[Any, Any, Exchange]) -> Exchange:
    """The result of a coroutine that never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        result: Exchange = done.value
        return result
    raise AssertionError("the server waited for something")
