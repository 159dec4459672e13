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

from datetime import datetime
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
TURN = frozenset({"open", "paused"})

Ways = tuple[tuple[str, tuple[str, ...]], ...]


def standing(
    state: OrderState, flow: Flow, values: Values, parts: dict[str, Values], before: Verdict, at: datetime
) -> tuple[StepNow, ...]:
    """Every step of the order and of its parts. `values` and `parts` gain the answers to done(), open() and late()."""
    known = {(now.step, now.part): now for now in before.steps}
    needs = _done_reads(_ways(flow))
    dead = [part.id for part in state.parts if part.id not in parts]
    for part, own in parts.items():
        parts[part] = {**values, **own}
    out: list[StepNow] = []
    cancelled, nothing_to_ship = state.cancelled, ships_anything(state) is False
    for step in flow.steps:
        name = step.name
        if not step.per:
            status = _status(step, needs[name], values, cancelled)
            now = _timed(step, "", status, known.get((name, "")), flow, state, at)
            out.append(now)
            for scope in (values, *parts.values()):
                _answer(scope, name, now.status in OVER, now.status in TURN, now.late)
            continue
        mine = []
        for part, scope in parts.items():
            status = _status(step, needs[name], scope, cancelled)
            now = _timed(step, part, status, known.get((name, part)), flow, state, at)
            mine.append(now)
            _answer(scope, name, now.status in OVER, now.status in TURN, now.late)
        over = state.routed_at is not None and all(now.status in OVER for now in mine) if mine else nothing_to_ship
        _answer(values, name, over, any(now.status in TURN for now in mine), any(now.late for now in mine))
        out.extend(mine)
        out.extend(_timed(step, part, "void", known.get((name, part)), flow, state, at) for part in dead)
    return tuple(out)


def upstream_of(flow: Flow) -> dict[str, tuple[str, ...]]:
    """Every step upstream of each step, at any distance, in flow order."""
    return _upstream(_ways(flow))


def _ways(flow: Flow) -> Ways:
    return tuple((step.name, step.upstream) for step in flow.steps)


@lru_cache(maxsize=1024)
def _done_reads(steps: Ways) -> dict[str, tuple[str, ...]]:
    """What has to be true of the steps upstream of each step, as conditions read it."""
    return {step: tuple(f"done({name})" for name in above) for step, above in _upstream(steps).items()}


@lru_cache(maxsize=1024)
def _upstream(steps: Ways) -> dict[str, tuple[str, ...]]:
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
    if not ready:
        return "waiting"
    for read in needs:
        if values.get(read) is not True:
            return "waiting"
    if ended:
        return "done"
    if step.pauses is not None and step.pauses.evaluate(values) is True:
        return "paused"
    return "open"


def counted_anew(steps: tuple[StepNow, ...], flow: Flow) -> tuple[StepNow, ...]:
    """The same steps, the limits of those that are open counted by this flow from when each was opened: for an order
    that comes to follow it. Time for which one was paused since then counts."""
    known = {step.name: step for step in flow.steps}
    return tuple(_limited(now, known.get(now.step), flow) for now in steps)


def _limited(now: StepNow, step: Step | None, flow: Flow) -> StepNow:
    if step is None or now.status != "open" or now.since is None:
        return now
    due = due_at(now.since, step.within, flow.hours, flow.teams[step.owner].cutoff)
    return StepNow(now.step, now.part, now.status, now.run, now.since, due, now.paused_at, now.late)


def _answer(values: Values, step: str, over: bool, turn: bool, late: bool) -> None:
    """Answer done(), open() and late() of one step. done() over parts: the routing is known and every live part is
    over; with nothing to ship it holds."""
    done, is_open, is_late = _questions(step)
    values[done] = over
    values[is_open] = turn
    values[is_late] = late


@lru_cache(maxsize=4096)
def _questions(step: str) -> tuple[str, str, str]:
    return f"done({step})", f"open({step})", f"late({step})"


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
