"""One shop with everything in it, its clock, its id counters, the work it still has to do, and its outbox.

A `World` has no clock of its own: time is what `tick` was last told, so the same seed and the same ticks give
the same shop, id for id. Work that Shopify does in the background (routing, cancel jobs) is scheduled with
`later` and run by `tick` at its due time, in order.

Whatever changed is written to `outbox` as a `Change`; the webhook sender drains it. One thread owns a World.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ordna.practice.bulk import BulkOperation
from ordna.practice.model import (
    App,
    Company,
    Customer,
    Fulfillment,
    FulfillmentOrder,
    Job,
    Location,
    Order,
    Product,
    Refund,
    Shop,
    Variant,
    WebhookSubscription,
)

_FIRST_ID = {
    "Order": 5_800_000_000_001,
    "LineItem": 14_200_000_000_001,
    "FulfillmentOrder": 6_900_000_000_001,
}
_NOT_KEPT = ("_due", "outbox", "base_url", "bulk_operations")
_FIRST_OTHER_ID = 4_100_000_000_001


@dataclass(frozen=True, slots=True)
class Change:
    """Something happened that a webhook may tell. `topic` as in a delivery's header; `subject` the record it is
    about; `details` further records that its body names, such as the original and the moved fulfillment order."""

    topic: str
    subject: Any
    at: datetime
    details: dict[str, Any] = field(default_factory=dict)


class World:
    """The state of one shop."""

    def __init__(self, shop: Shop, at: datetime, apps: list[App] | None = None) -> None:
        self.shop = shop
        self.apps: list[App] = apps or []
        self.locations: dict[int, Location] = {}
        self.products: dict[int, Product] = {}
        self.variants: dict[int, Variant] = {}
        # What may be downloaded stands on no shelf, so it is not among the variants that fill a basket.
        self.downloads: list[Variant] = []
        self.customers: dict[int, Customer] = {}
        self.companies: list[Company] = []
        self.orders: dict[int, Order] = {}
        self.fulfillment_orders: dict[int, FulfillmentOrder] = {}
        self.fulfillments: dict[int, Fulfillment] = {}
        self.refunds: dict[int, Refund] = {}
        self.subscriptions: dict[int, WebhookSubscription] = {}
        self.jobs: dict[str, Job] = {}
        self.edit_sessions: dict[int, Any] = {}
        # (inventory item, location) -> available units; a missing pair is not stocked there.
        self.stock: dict[tuple[int, int], int] = {}
        # (app, key) -> (when, input, what was made): mutations that were asked with @idempotent.
        self.idempotent: dict[tuple[int, str], tuple[datetime, Any, Any]] = {}
        self.outbox: list[Change] = []
        # Where the shop is reached, and what it gathers in bulk: neither outlives the process.
        self.base_url = ""
        self.bulk_operations: dict[int, BulkOperation] = {}
        self.routing_delay = timedelta(seconds=4)
        self.job_delay = timedelta(seconds=3)
        # Moving all of a fulfillment order: a real shop sometimes makes a new one, sometimes keeps the old id.
        self.moves_replace = True
        self._at = at
        self._counters: dict[str, int] = {}
        self._first_id: int | None = None
        self._due: list[tuple[datetime, int, Callable[[], object]]] = []

    def state(self) -> dict[str, Any]:
        """Everything in the shop as it stands, without scheduled work and untold changes."""
        return {name: value for name, value in vars(self).items() if name not in _NOT_KEPT}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> World:
        """The shop of a `state`. ValueError where the state is not of this World's kind."""
        world = cls(state["shop"], state["_at"])
        if set(state) != set(world.state()):
            raise ValueError("The state names other parts than a shop has.")
        vars(world).update(state)
        return world

    def now(self) -> datetime:
        return self._at

    def tick(self, now: datetime) -> int:
        """Move the clock to `now` and run all work that fell due on the way, each at its own time.

        The clock never goes back. Returns how many pieces of work were run.
        """
        ran = 0
        while self._due and self._due[0][0] <= now:
            due_at, _, work = heapq.heappop(self._due)
            self._at = max(self._at, due_at)
            work()
            ran += 1
        self._at = max(self._at, now)
        return ran

    def later(self, delay: timedelta, work: Callable[[], object]) -> None:
        """Have `work` run once the clock has moved on by `delay`."""
        heapq.heappush(self._due, (self._at + delay, self.next_id("_work"), work))

    def next_due(self) -> datetime | None:
        """When the next piece of scheduled work falls due; None when there is none."""
        return self._due[0][0] if self._due else None

    def count_ids_from(self, number: int) -> None:
        """Have the ids of kinds that were not counted yet begin at this number, above ids brought from elsewhere."""
        self._first_id = number

    def leave_numbers_out(self, count: int = 1000) -> None:
        """Go on counting further up, because somebody may know of records that this shop has forgotten."""
        self._counters = {kind: number + count for kind, number in self._counters.items()}

    def next_id(self, kind: str) -> int:
        number = self._counters.get(kind, self._first_id or _FIRST_ID.get(kind, _FIRST_OTHER_ID))
        self._counters[kind] = number + 1
        return number

    def changed(self, topic: str, subject: Any, **details: Any) -> None:
        self.outbox.append(Change(topic, subject, self._at, details))

    def drain(self) -> list[Change]:
        """All changes since the last call, oldest first."""
        changes, self.outbox = self.outbox, []
        return changes

    def next_order_number(self) -> int:
        """Order numbers count from 1001, as in a real shop."""
        number = self._counters.get("_order_number", 1001)
        self._counters["_order_number"] = number + 1
        return number
