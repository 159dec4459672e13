"""A flow as checked values: teams, steps in the order of the file, and standing rules."""

from datetime import time

from msgspec import Struct

from ordna.core.conditions import Condition, Position
from ordna.core.flow.vocabulary import Nature
from ordna.core.hours import Hours, Within
from ordna.core.routing.model import RoutingPolicy
from ordna.core.values import Money

#: The parts of an order a step may apply to; "" is the whole order.
PARTS = ("fulfillment_order", "shipment")
#: The requests of people that a step may ask for.
REQUESTS = ("pick", "pack", "ship")


class Team(Struct, frozen=True):
    """Who owns steps and holds. An outside team (a carrier) is not one of ours and gets no tasks."""

    name: str
    title: str
    cost_per_hour: Money | None = None
    cutoff: time | None = None
    outside: bool = False


class Step(Struct, frozen=True):
    """One step of the way. It is read from facts: `ends` says by which, `starts` when it is due to begin."""

    name: str
    title: str
    owner: str
    system: str
    #: "" for the order as a whole, or the part it is done for each of.
    per: str
    starts: Condition | None
    ends: Condition
    #: What makes the step pointless, so that it is skipped.
    moot: Condition | None
    #: Whether the file says `moot: never`: nothing can bypass this step unseen.
    never_moot: bool
    #: While true, time does not count towards `within`.
    pauses: Condition | None
    within: Within
    #: The request of a person that ends it, or "".
    asks: str
    #: The steps named by done(...) in `starts`.
    upstream: tuple[str, ...]
    #: DEED ends the step even before it was ready; CIRCUMSTANCE only once it is.
    ends_by: Nature
    at: Position

    def conditions(self) -> tuple[tuple[str, Condition], ...]:
        """Its conditions by their key in the file."""
        named = (("starts", self.starts), ("ends", self.ends), ("moot", self.moot), ("pauses", self.pauses))
        return tuple((key, condition) for key, condition in named if condition is not None)


class HoldAction(Struct, frozen=True):
    """Keep the order from moving, for a named reason."""

    reason: str
    owner: str
    expires: Within | None = None


class Rule(Struct, frozen=True):
    """A standing rule: its actions are on while `when` is true and off when it is not."""

    name: str
    title: str
    when: Condition
    holds: tuple[HoldAction, ...]
    tags: tuple[str, ...]
    at: Position


class StockWish(Struct, frozen=True):
    """When an order's units are reserved, and for how long.

    Reserved while `when` is true. After `expires` they are given back, unless `keeps` is true. `whole`: all that an
    order lacks at once, or nothing of it.
    """

    when: Condition
    keeps: Condition | None
    expires: Within | None
    whole: bool


class Flow(Struct, frozen=True):
    """A flow file that was read and found sound. `source_hash` is the SHA-256 of its text."""

    name: str
    title: str
    currency: str
    hours: Hours
    teams: dict[str, Team]
    steps: tuple[Step, ...]
    rules: tuple[Rule, ...]
    source_hash: str
    #: None: this merchant's orders claim no stock.
    stock: StockWish | None = None
    #: None: orders leave from where the shop says.
    routing: RoutingPolicy | None = None
    routing_at: Position | None = None

    def step(self, name: str) -> Step | None:
        """The step of that name, or None."""
        return next((step for step in self.steps if step.name == name), None)
