"""Where an order stands: every step's status, read from the facts.

A status is a pure function of the current facts, computed in flow order, without a latch:

    void      the order is cancelled, or the part is gone, and the step's deed was not done
    done      its deed is done (even before it was ready), or it was ready and its circumstance holds
    skipped   what makes it pointless (`moot`) is true
    waiting   its `starts` does not hold, or a step upstream is not yet done, skipped or void
    paused    it would be open, and what pauses it is true
    open      it is somebody's turn

When something upstream is undone, an open step goes back to waiting; deeds stay done. What the previous verdict adds
is memory
of *time* only: since when, which run, due when. Those may differ with the order of arrival; the statuses may not.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from ordna.core.flow.model import Flow, Step
from ordna.core.flow.vocabulary import Nature
from ordna.core.hours import due as due_at
from ordna.core.hours import paused_seconds, shift
from ordna.core.order import OrderState, ships_anything
from ordna.core.outcome import StepNow, Verdict
from ordna.core.vocabulary import Values

OVER = frozenset({"done", "skipped", "void"})
PASSED = frozenset({"done", "skipped"})


def standing(
    state: OrderState, flow: Flow, values: Values, parts: dict[str, Values], before: Verdict, at: datetime
) -> tuple[StepNow, ...]:
    """Every step of the order and of its parts. `values` and `parts` gain the answers to done(), open() and late()."""
    known = {(now.step, now.part): now for now in before.steps}
    needs = upstream_of(tuple((step.name, step.upstream) for step in flow.steps))
    dead = [part.id for part in state.parts if part.id not in parts]
    scopes = {part: {**values, **own} for part, own in parts.items()}
    out: list[StepNow] = []
    for step in flow.steps:
        mine: list[StepNow] = []
        for part in parts if step.per else ("",):
            scope = scopes[part] if step.per else values
            status = _status(step, needs[step.name], scope, state.cancelled)
            mine.append(_timed(step, part, status, known.get((step.name, part)), flow, state, at))
        for now in mine:
            if step.per:
                _answer(scopes[now.part], step.name, (now,))
        _answer(values, step.name, tuple(mine), _nothing_to_wait_for(state, step, mine))
        if not step.per:
            for scope in scopes.values():
                _answer(scope, step.name, tuple(mine))
        out.extend(mine)
        if step.per:
            out.extend(_timed(step, part, "void", known.get((step.name, part)), flow, state, at) for part in dead)
    for part, own in scopes.items():
        parts[part] = own
    return tuple(out)


@lru_cache(maxsize=1024)
def upstream_of(steps: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, tuple[str, ...]]:
    """Every step upstream of each step, at any distance, in flow order."""
    direct = dict(steps)
    out: dict[str, tuple[str, ...]] = {}
    for name in direct:
        above: set[str] = set()
        front = list(direct[name])
        while front:
            step = front.pop()
            if step not in above:
                above.add(step)
                front.extend(direct.get(step, ()))
        out[name] = tuple(step for step in direct if step in above)
    return out


def _status(step: Step, needs: tuple[str, ...], values: Values, cancelled: bool) -> str:
    ended = step.ends.evaluate(values) is True
    if ended and step.ends_by is Nature.DEED:
        return "done"
    if step.moot is not None and step.moot.evaluate(values) is True:
        return "skipped"
    if cancelled:
        return "void"
    ready = step.starts is None or step.starts.evaluate(values) is True
    if not ready or any(values.get(f"done({name})") is not True for name in needs):
        return "waiting"
    if ended:
        return "done"
    if step.pauses is not None and step.pauses.evaluate(values) is True:
        return "paused"
    return "open"


def _answer(values: Values, step: str, mine: tuple[StepNow, ...], settled: bool | None = None) -> None:
    """Answer done(), open() and late() for one step over the given standings."""
    passed = all(now.status in OVER for now in mine) if mine else False
    values[f"done({step})"] = passed if settled is None else settled
    values[f"open({step})"] = any(now.status in ("open", "paused") for now in mine)
    values[f"late({step})"] = any(now.late for now in mine)


def _nothing_to_wait_for(state: OrderState, step: Step, mine: list[StepNow]) -> bool | None:
    """done() over parts: the routing is known and every live part is over; with nothing to ship it holds."""
    if not step.per:
        return None
    if mine:
        return state.routed_at is not None and all(now.status in OVER for now in mine)
    return ships_anything(state) is False


def _timed(
    step: Step, part: str, status: str, known: StepNow | None, flow: Flow, state: OrderState, at: datetime
) -> StepNow:
    """The status with its memory of time: unchanged keeps everything, open starts the clock, paused stops it."""
    if known is not None and known.status == status:
        return known if not _newly_late(known, state) else _flagged(known)
    run = known.run if known is not None else 0
    if status == "open":
        if known is not None and known.status == "paused":
            return _resumed(step, known, flow, at)
        due = due_at(at, step.within, flow.hours, flow.teams[step.owner].cutoff)
        return StepNow(step.name, part, "open", run + 1, at, due)
    if status == "paused":
        if known is not None and known.status == "open":
            return StepNow(step.name, part, "paused", run, known.since, known.due, at, known.late)
        due = due_at(at, step.within, flow.hours, flow.teams[step.owner].cutoff)
        return StepNow(step.name, part, "paused", run + 1, at, due, at)
    if status in PASSED:
        late = known is not None and known.late and known.due is not None and at > known.due
        return StepNow(step.name, part, status, run, at, None, None, late)
    return StepNow(step.name, part, status, run, at if known is not None else None)


def _resumed(step: Step, known: StepNow, flow: Flow, at: datetime) -> StepNow:
    due = known.due
    if due is not None and known.paused_at is not None and at > known.paused_at:
        lost = paused_seconds([(known.paused_at, at)], step.within, flow.hours)
        due = shift(due, lost, step.within, flow.hours)
    return StepNow(step.name, known.part, "open", known.run, known.since, due, None, known.late)


def _newly_late(now: StepNow, state: OrderState) -> bool:
    return bool(state.late) and not now.late and f"{now.step}|{now.part}|{now.run}" in state.late


def _flagged(now: StepNow) -> StepNow:
    return StepNow(now.step, now.part, now.status, now.run, now.since, now.due, now.paused_at, True)


def age(now: StepNow, moment: datetime) -> timedelta:
    """How long a step has stood as it stands."""
    return moment - now.since if now.since is not None else timedelta()
