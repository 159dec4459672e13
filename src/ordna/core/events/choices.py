"""Choices: what people, rules and the clock decided, and what became of the effects we asked for."""

from __future__ import annotations

from datetime import datetime

from ordna.core.effects import EffectBody
from ordna.core.events.base import Event
from ordna.core.messages import Quantity

# --- choices of people, rules and the clock -----------------------------------------------------------------


class Picked(Event, frozen=True, tag=True):
    """A person picked these units of a fulfillment order, at its location."""

    part: str
    lines: tuple[Quantity, ...]
    location: str | None = None


class Packed(Event, frozen=True, tag=True):
    """A person packed these units of a fulfillment order, at its location."""

    part: str
    lines: tuple[Quantity, ...]
    location: str | None = None


class PutBack(Event, frozen=True, tag=True):
    """Picked and packed units of a fulfillment order went back on the shelf."""

    part: str


class HoldPlaced(Event, frozen=True, tag=True):
    """The order must not move, for this reason. `rule` names the rule that wants it, None for a person's hold."""

    handle: str
    reason: str
    owner: str
    placed_at: datetime
    rule: str | None = None
    expires_at: datetime | None = None


class HoldReleased(Event, frozen=True, tag=True):
    """A hold was let go. `values`: what its rule read at that moment; it holds again only when they change."""

    handle: str
    values: str | None = None


class HoldExpired(Event, frozen=True, tag=True):
    """A hold's time ran out. It binds like a release."""

    handle: str
    values: str | None = None


class HoldLapsed(Event, frozen=True, tag=True):
    """A rule's condition no longer holds, or there is nothing left to hold; leaves no memory."""

    handle: str


class TagWanted(Event, frozen=True, tag=True):
    """A rule or a person wants a tag on the order outside."""

    tag: str
    rule: str | None = None


class TagUnwanted(Event, frozen=True, tag=True):
    """A tag of ours is no longer wanted, or a person wants one gone."""

    tag: str


class AddressAccepted(Event, frozen=True, tag=True):
    """A person vouched for the address as it stands."""


class TaskClaimed(Event, frozen=True, tag=True):
    """A person took a task."""

    task: str
    by: str


class TaskUnclaimed(Event, frozen=True, tag=True):
    """A person gave a task back."""

    task: str


class TaskSettled(Event, frozen=True, tag=True):
    """A person dealt with what the task pointed at."""

    task: str


class StepRanLate(Event, frozen=True, tag=True):
    """A step's limit passed while it stood open. `run`: which time it was open."""

    step: str
    part: str
    run: int


class WorkBegan(Event, frozen=True, tag=True):
    """The order's connection went live: from here on Ordna acts on this order."""


class PolicyMigrated(Event, frozen=True, tag=True):
    """The order moved to another version of the flow and its rules."""

    policy: int


# --- effects ------------------------------------------------------------------------------------------------


class EffectAsked(Event, frozen=True, tag=True):
    """An effect was decided. `body` is None where it could name a person; it stands sealed with the effect."""

    key: str
    generation: int
    effect: str
    body: EffectBody | None = None


class EffectConfirmed(Event, frozen=True, tag=True):
    """The other side did it, or took it on. `reference`: what it made."""

    key: str
    reference: str | None = None


class EffectRefused(Event, frozen=True, tag=True):
    """The other side said no, for good."""

    key: str
    code: str
    sentence: str


class EffectWithdrawn(Event, frozen=True, tag=True):
    """It was no longer wanted before it was sent."""

    key: str
    code: str | None = None


class EffectFellInDoubt(Event, frozen=True, tag=True):
    """It may have happened: the answer was lost and looking it up did not settle it yet."""

    key: str
