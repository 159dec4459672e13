"""What a decision comes to: values only. The engine writes them down; nothing here has happened outside yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from ordna.core.claims import Claim
from ordna.core.effects import Effect
from ordna.core.events import Event
from ordna.core.order import OrderState

Actor = Literal["person", "rule", "system", "outside"]


class Fact(Struct, frozen=True):
    """One event with its source's time and who did it: `actor` names the person, rule or source."""

    event: Event
    at: datetime
    actor_kind: Actor
    actor: str


class StepNow(Struct, frozen=True, array_like=True):
    """Where one step of one part stands. `part` is "" for a step of the whole order.

    `status`: waiting, open, paused, done, skipped or void. `run` counts how often it opened; `since` is when it came
    to this status by the source's time; `due` is None where nothing is due; `paused_at` while paused.
    """

    step: str
    part: str
    status: str
    run: int = 0
    since: datetime | None = None
    due: datetime | None = None
    paused_at: datetime | None = None
    late: bool = False


class TaskNow(Struct, frozen=True, omit_defaults=True):
    """Work for a person. `key` is unique in the order; `asks` lists the kinds of request that settle it.

    `kind`: step (do it), late (it should have been done), hold (decide), attention (something is odd).
    `title` and `reason` are sentences. It closes itself when its cause is gone.
    """

    key: str
    kind: str
    owner: str
    title: str
    reason: str
    opened_at: datetime
    step: str = ""
    part: str = ""
    due: datetime | None = None
    asks: tuple[str, ...] = ()
    claimed_by: str | None = None


class Verdict(Struct, frozen=True, omit_defaults=True):
    """What follows from the facts under a policy: a projection beside the journal, which can be rebuilt from it."""

    policy: int = 0
    steps: tuple[StepNow, ...] = ()
    tasks: tuple[TaskNow, ...] = ()
    timers: dict[str, datetime] = {}

    def step(self, name: str, part: str = "") -> StepNow | None:
        """One step's standing."""
        return next((now for now in self.steps if now.step == name and now.part == part), None)


class Order(Struct, frozen=True):
    """An order as the core takes and returns it: the folded state and the verdict on it."""

    state: OrderState
    verdict: Verdict


class Refusal(Struct, frozen=True):
    """Why a request was not accepted: a stable code, the field it is about, a sentence for a person."""

    code: str
    field: str
    sentence: str


class Decision(Struct, frozen=True):
    """The record of a change of verdict, by its inputs. `changes` holds short rows: ("step", step, part, before,
    after), ("hold", handle, "placed" | "released" | ...), ("effect", key, "asked")."""

    policy: int
    seq_before: int
    seq_after: int
    at: datetime
    changes: tuple[tuple[str, ...], ...]


class Reread(Struct, frozen=True):
    """The order is to be read again. `urgency` 0 (a person waits) to 9; `not_before` None means now."""

    urgency: int
    why: str
    not_before: datetime | None = None


class Outcome(Struct, frozen=True):
    """Everything one message came to. With a refusal, nothing else is set and the order is as it was."""

    order: Order
    facts: tuple[Fact, ...] = ()
    effects: tuple[Effect, ...] = ()
    reread: Reread | None = None
    refusal: Refusal | None = None
    decision: Decision | None = None
    claim: Claim | None = None


_encoder = msgspec.json.Encoder()
_verdicts = msgspec.json.Decoder(Verdict)


def encode_verdict(verdict: Verdict) -> bytes:
    """The verdict as stored."""
    return _encoder.encode(verdict)


def decode_verdict(data: bytes) -> Verdict:
    """The verdict of a stored row."""
    return _verdicts.decode(data)


def encode_changes(value: Any) -> bytes:
    """Any of these values as JSON."""
    return _encoder.encode(value)
