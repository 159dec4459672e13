"""The life of the practice shop: buyers order, people do their deeds, carriers carry, finished orders close.

Everything is scheduled on the world itself (`World.later`), so one mechanism serves a month of history in
seconds and the real time afterwards; only the tempo differs. `history` runs a virtual clock over past days,
`go_live` switches to a steady pace. `react` reads every change the world reports, whoever caused it, and lets
the carrier take over: a parcel made by an app through the API travels exactly as one made in the admin.

Deterministic: each draw comes from a `Random` named after the seed and the thing it is about, so what happens
to one order does not depend on how many others there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from ordna.practice import derive
from ordna.practice.checkout import Basket, checked_out
from ordna.practice.deeds import DEEDS
from ordna.practice.model import Fulfillment, Order
from ordna.practice.mutations.fulfillments import add_event
from ordna.practice.mutations.orders import close_order, run_open_jobs
from ordna.practice.mutations.placing import place_order, route
from ordna.practice.mutations.refusal import Refused
from ordna.practice.plots import (
    HISTORY_TEMPO,
    LIVE_TEMPO,
    Step,
    Tempo,
    by_day,
    draw_basket,
    draw_plot,
    spoil_address,
)
from ordna.practice.trade import draw_kind, make
from ordna.practice.world import Change, World

#: Share of a day's orders per local hour, midnight first.
_DAY_CURVE = (2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 11, 12, 12, 11, 11, 11, 12, 13, 15, 18, 20, 17, 11, 5)
#: Orders of a weekday in percent of the mean, Monday first.
_WEEK_CURVE = (108, 98, 96, 98, 88, 92, 120)

#: Somebody rewords a product now and then: nothing an order needs, and every shop sends it.
_PRODUCT_EDITS_PER_ORDER = 0.06

_CARRIER_TEMPO = {
    "history": Tempo(timedelta(hours=1), office_hours=True),
    "live": Tempo(timedelta(seconds=6), office_hours=False),
}


_AT_THE_DOOR = ("OUT_FOR_DELIVERY", "ATTEMPTED_DELIVERY", "DELIVERED")
_REPORTS = {
    "CONFIRMED": "The carrier knows of the parcel",
    "IN_TRANSIT": "The parcel is on its way",
    "DELAYED": "The parcel is delayed",
    "OUT_FOR_DELIVERY": "The parcel is out for delivery",
    "ATTEMPTED_DELIVERY": "Nobody was at home",
    "DELIVERED": "The parcel was delivered",
    "FAILURE": "The parcel is on its way back",
}


class Life:
    """What makes the shop's world go on. `orders_per_hour` may be changed at any time once it is live."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.seed = seed
        self.is_live = False
        self.orders_per_hour = 0.0
        self.is_paused = False
        self._buyers = Random(f"buyers {seed}")
        self._pace_version = 0
        self._parked: list[Callable[[], None]] = []
        self._open_steps: dict[int, tuple[Order, Step]] = {}
        self._step_numbers = count()

    def history(self, days: int, orders_per_day: float) -> Iterator[list[Change]]:
        """Live through `days` days from the world's present; yields, day by day, everything that changed."""
        for _ in range(days):
            day = self.world.now()
            for moment in self._arrivals(day, orders_per_day):
                self._plan(moment - day, self._next_buyer)
            yield self.advance(day + timedelta(days=1))

    def go_live(self, orders_per_hour: float) -> None:
        """From now on a deed's hour lasts a minute, parcels arrive within minutes, and apps ship most
        orders."""
        self.is_live = True
        self.set_pace(orders_per_hour)

    def set_pace(self, orders_per_hour: float) -> None:
        """So many buyers an hour from now on; 0 stops new orders and nothing else."""
        self.orders_per_hour = orders_per_hour
        self._pace_version += 1
        self._expect_buyer(self._pace_version)

    def pause(self) -> None:
        """Nobody orders, nobody acts, no parcel moves until `resume`; the API and its background jobs go
        on."""
        self.is_paused = True

    def resume(self) -> None:
        """Go on, first with everything that would have happened meanwhile."""
        self.is_paused = False
        parked, self._parked = self._parked, []
        for work in parked:
            work()

    def advance(self, now: datetime) -> list[Change]:
        """Let everything up to `now` happen, each thing at its time; answers what changed meanwhile."""
        changes = self._settle()
        while (due := self.world.next_due()) is not None and due <= now:
            self.world.tick(due)
            changes += self._settle()
        self.world.tick(now)
        return changes

    def buy(self, basket: Basket) -> Order:
        """A buyer pays this basket now; what people will do about the order is drawn and scheduled."""
        order = checked_out(self.world, basket)
        place_order(self.world, order)
        random = Random(f"plot {self.seed} {order.number}")
        for step in draw_plot(self.world, order, basket.payment, random, self._tempo()):
            self._intend(order, step)
        return order

    def state(self) -> dict[str, Any]:
        """What the shop's life remembers beside the world: pace, pause, who comes next, what people intend."""
        return {
            "seed": self.seed,
            "orders_per_hour": self.orders_per_hour,
            "is_paused": self.is_paused,
            "buyers": self._buyers.getstate(),
            "open_steps": list(self._open_steps.values()),
        }

    @classmethod
    def from_state(cls, world: World, state: dict[str, Any]) -> Life:
        """Live on in a world whose scheduled work was not kept: what is overdue happens at once."""
        life = cls(world, state["seed"])
        life._buyers.setstate(state["buyers"])
        life.is_paused = state["is_paused"]
        for order in list(world.orders.values()):
            route(world, order)
        run_open_jobs(world)
        for order, step in state["open_steps"]:
            life._intend(order, step)
        life.go_live(state["orders_per_hour"])
        for parcel in world.fulfillments.values():
            if parcel.status == "SUCCESS" and parcel.order.closed_at is None:
                life._send_off(parcel)
        return life

    def _plan(self, delay: timedelta, work: Callable[[], None]) -> None:
        self.world.later(delay, lambda: self._parked.append(work) if self.is_paused else work())

    def _tempo(self) -> Tempo:
        return LIVE_TEMPO if self.is_live else HISTORY_TEMPO

    def _arrivals(self, day: datetime, orders_per_day: float) -> list[datetime]:
        zone = ZoneInfo(self.world.shop.zone)
        local_day = day.astimezone(zone)
        expected = orders_per_day * _WEEK_CURVE[local_day.weekday()] / 100
        count = max(0, round(self._buyers.gauss(expected, expected**0.5)))
        offsets = self._buyers.choices(range(24), weights=self._curve_from(local_day.hour), k=count)
        return [day + timedelta(hours=hour, seconds=self._buyers.randrange(3600)) for hour in offsets]

    def _curve_from(self, first_hour: int) -> list[int]:
        return [_DAY_CURVE[(first_hour + hour) % 24] for hour in range(24)]

    def _next_buyer(self) -> None:
        basket = draw_basket(self.world, self._buyers)
        if self._buyers.random() < 0.01:
            spoil_address(basket, self._buyers)
        self._make_unusual(basket)
        self.buy(basket)
        if self._buyers.random() < _PRODUCT_EDITS_PER_ORDER and basket.items:
            self.world.changed("products/update", basket.items[0][0].product)

    def _make_unusual(self, basket: Basket) -> None:
        random = Random(f"trade {self.seed} {len(self.world.orders)}")
        kind = draw_kind(random)
        if kind:
            make(kind, self.world, basket, random)

    def _expect_buyer(self, pace_version: int) -> None:
        if self.orders_per_hour > 0:
            gap = timedelta(hours=self._buyers.expovariate(self.orders_per_hour))
            self._plan(gap, lambda: self._buyer_came(pace_version))

    def _buyer_came(self, pace_version: int) -> None:
        # A buyer expected under an older pace does not come: the new pace has its own.
        if pace_version == self._pace_version:
            self._next_buyer()
            self._expect_buyer(pace_version)

    def _intend(self, order: Order, step: Step) -> None:
        number = next(self._step_numbers)
        self._open_steps[number] = (order, step)
        self._plan(step.at - self.world.now(), partial(self._act, number))

    def _act(self, number: int) -> None:
        order, step = self._open_steps.pop(number)
        is_apps_work = self.is_live and not step.by_hand and step.deed.startswith("ship")
        deed = DEEDS[step.deed]
        if is_apps_work or order.deleted or not deed.is_open(order):
            return
        try:
            deed.do(self.world, order)
        except Refused:
            # The order moved on since the plot was drawn; people, too, find a button gone.
            return

    def _settle(self) -> list[Change]:
        changes = self.world.drain()
        self._carry(changes)
        return changes

    def _carry(self, changes: Iterable[Change]) -> None:
        for change in changes:
            match change.topic:
                case "fulfillments/create":
                    self._send_off(change.subject)
                case "fulfillment_orders/order_routing_complete":
                    self._hand_out(change.subject.order)
                case "orders/paid":
                    self._hand_out(change.subject)
                    self._close(change.subject)

    def _send_off(self, parcel: Fulfillment) -> None:
        """Schedule what is left of a parcel's journey, and the closing of its order some time after it arrived."""
        if not any(part.line.method_type in ("SHIPPING", "LOCAL") for part in parcel.lines):
            self._plan(timedelta(0), lambda: self._close(parcel.order))
            return
        # Named after what is in the parcel: ids depend on what else was shipped meanwhile.
        random = Random(f"parcel {self.seed} {parcel.order.number} {sorted(part.line.id for part in parcel.lines)}")
        tempo = _CARRIER_TEMPO["live" if self.is_live else "history"]
        after = timedelta(0)
        for status, low, high in _left(_journey(random), parcel):
            after += tempo.hours(random, low, high)
            if tempo.office_hours and status in _AT_THE_DOOR:
                zone = ZoneInfo(self.world.shop.zone)
                after = by_day(self.world.now() + after, zone, random) - self.world.now()
            self._plan(after, partial(self._report, parcel, status))
        self._plan(after + tempo.hours(random, 10, 40), lambda: self._close(parcel.order))

    def _report(self, parcel: Fulfillment, status: str) -> None:
        arrived = any(event.status == "DELIVERED" for event in parcel.events)
        if parcel.status == "SUCCESS" and not arrived and not parcel.order.deleted:
            add_event(self.world, parcel, status, message=_REPORTS[status])

    def _hand_out(self, order: Order) -> None:
        """What goes by mail goes as soon as it is paid; what was bought in the store is out of the door at once."""
        for name in ("send_files", "hand_over_at_till"):
            if DEEDS[name].is_open(order):
                DEEDS[name].do(self.world, order)

    def _close(self, order: Order) -> None:
        """Shopify archives an order by itself once it is paid and everything has arrived."""
        done = derive.fulfillment_status(order) == "FULFILLED" and not DEEDS["deliver"].is_open(order)
        if done and not (order.closed_at or order.deleted) and derive.financial_status(order) != "PENDING":
            close_order(self.world, order)


def _left(journey: list[tuple[str, float, float]], parcel: Fulfillment) -> list[tuple[str, float, float]]:
    """The journey without the steps at its beginning that the parcel has already reported."""
    for event in parcel.events:
        if journey and journey[0][0] == event.status:
            journey = journey[1:]
    return journey


def _journey(random: Random) -> list[tuple[str, float, float]]:
    """(status, shortest, longest hours since the one before) of one parcel."""
    journey = [("CONFIRMED", 0.1, 1.0), ("IN_TRANSIT", 3.0, 9.0)]
    if random.random() < 0.03:
        journey.append(("DELAYED", 12.0, 40.0))
    journey.append(("OUT_FOR_DELIVERY", 10.0, 30.0))
    if random.random() < 0.04:
        journey += [("ATTEMPTED_DELIVERY", 2.0, 6.0), ("OUT_FOR_DELIVERY", 16.0, 24.0)]
    outcome = "FAILURE" if random.random() < 0.006 else "DELIVERED"
    return [*journey, (outcome, 1.0, 7.0)]
