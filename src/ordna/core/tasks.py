"""Work for people: which tasks an order has, computed from where it stands.

A task exists exactly while its cause does, so nobody ever closes one by hand that is not done, and none outlives its
reason.
Four kinds: *step* (it is your team's turn), *hold* (decide about a hold), *late* (a limit passed), *attention*
(something is odd, unreadable or was refused outside: look, then say it is dealt with).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from ordna.core.describe import lacking_words
from ordna.core.flow.model import Flow, Step
from ordna.core.flow.vocabulary import Nature
from ordna.core.labels import astray
from ordna.core.order import (
    OrderState,
    covers,
    handled_units,
    is_being_shipped,
    part_names,
    part_of,
    routing_tells,
    shipped_units,
)
from ordna.core.outcome import StepNow, TaskNow, Verdict
from ordna.core.steps import OVER, upstream_of
from ordna.core.values import major_text
from ordna.core.vocabulary import Values


def wanted(
    state: OrderState,
    flow: Flow,
    steps: tuple[StepNow, ...],
    values: Values,
    parts: dict[str, Values],
    before: Verdict,
    at: datetime,
) -> tuple[TaskNow, ...]:
    """The tasks that are to stand now; those that stood before keep their opening time."""
    opened = {task.key: task.opened_at for task in before.tasks}
    return tuple(
        replace(task, opened_at=opened.get(task.key, at), claimed_by=state.claims.get(task.key))
        for task in _all(state, flow, steps, values, parts, at)
        if task.kind != "attention" or task.key not in state.settled
    )


def _all(
    state: OrderState, flow: Flow, steps: tuple[StepNow, ...], values: Values, parts: dict[str, Values], at: datetime
) -> Iterator[TaskNow]:
    by_name = {step.name: step for step in flow.steps}
    for now in steps:
        if now.status == "open":
            yield from _of_step(state, flow, by_name[now.step], now, values, parts, at)
    for hold in state.holds:
        owner = hold.owner if hold.owner in flow.teams else _desk(flow)
        title = f"Decide: {hold.reason}"
        reason = f"The order is held: {hold.reason}. Release it, or cancel the order."
        yield TaskNow(
            f"hold:{hold.handle}", "hold", owner, title, reason, at, due=hold.expires_at, asks=("release", "cancel")
        )
    desk = _desk(flow)
    for key, title, reason in (
        *_unread(state),
        *_refused(state),
        *_odd(state),
        *_overdrawn(state),
        *_short(state),
        *astray(state),
        *_contradictions(flow, steps, values, parts),
    ):
        yield TaskNow(f"attention:{key}", "attention", desk, title, reason, at, asks=("settle",))
    for part in _to_put_back(state):
        reason = "The order was cancelled after they were picked."
        key, owner = f"putback:{part}", _picker(flow)
        yield TaskNow(key, "step", owner, "Put the units back", reason, at, part=part, asks=("unpick",))


def _of_step(
    state: OrderState, flow: Flow, step: Step, now: StepNow, values: Values, parts: dict[str, Values], at: datetime
) -> Iterator[TaskNow]:
    """An open step is a task when a person ends it; one that others end is a task only when it is late."""
    scope = parts.get(now.part, values)
    ours = not flow.teams[step.owner].outside
    place = (at, step.name, now.part, now.due)
    key = f"do:{step.name}:{now.part}"
    if step.asks == "ship" and is_being_shipped(state, now.part):
        return
    title = _title(state, step, now, parts)
    if step.asks and ours:
        reason = f"{title}: it is your turn."
        yield TaskNow(key, "step", step.owner, title, reason, *place, (step.asks,))
    elif step.ends_by is Nature.CIRCUMSTANCE and ours and _lacks_something(state, step, scope):
        words = step.ends.explain({**scope, "held": False}).reason()
        reason = f"{words[:1].upper()}{words[1:]}."
        asks = ("accept_address",) if _could_vouch(state, step) else ()
        yield TaskNow(key, "step", step.owner, title, reason, *place, (*asks, "cancel"))
    elif now.late:
        owner = step.owner if ours else _desk(flow)
        reason = f"{title} was to be done {step.within.text} after it began, and is not."
        yield TaskNow(f"late:{step.name}:{now.part}:{now.run}", "late", owner, f"Late: {title}", reason, *place)


def _lacks_something(state: OrderState, step: Step, scope: Values) -> bool:
    """Whether something but our holds keeps the step open, and not only that the routing is still to come."""
    if "address.complete" in step.ends.reads and routing_tells(state):
        scope = {**scope, "address.complete": True}
    return step.ends.evaluate({**scope, "held": False}) is not True


def _could_vouch(state: OrderState, step: Step) -> bool:
    """Whether a person's word on the address is among what the step lacks."""
    return "address.complete" in step.ends.reads and state.address_complete is not True


def _title(state: OrderState, step: Step, now: StepNow, parts: dict[str, Values]) -> str:
    """The step's title, with the place where the order is worked on in several."""
    part = part_of(state, now.part) if step.per and len(parts) > 1 else None
    if part is None or not part.location_name:
        return step.title
    return f"{step.title} at {part_names(state)[part.id]}"


def _unread(state: OrderState) -> Iterator[tuple[str, str, str]]:
    for facet, problems in state.problems.items():
        if problems:
            words = " ".join(f"{problem.path}: {problem.sentence}" for problem in problems[:3])
            key = ",".join(sorted({f"{problem.code}@{problem.path}" for problem in problems}))
            yield f"unread:{facet}:{key}"[:180], "Something could not be read", words


def _refused(state: OrderState) -> Iterator[tuple[str, str, str]]:
    if state.deleted:  # there is nothing left to ask anything of
        return
    for ask in state.asks.values():
        if ask.status == "refused":
            yield f"refused:{ask.key}", "Refused outside", ask.sentence or "The other system said no."


def _odd(state: OrderState) -> Iterator[tuple[str, str, str]]:
    for odd in dict.fromkeys(state.odd_moves):
        words = f"The {odd.machine.replace('_', ' ')} went from {odd.before} to {odd.after}, where no path leads."
        yield f"odd:{odd.machine}:{odd.object}:{odd.before}:{odd.after}", "An odd change outside", words


def _short(state: OrderState) -> Iterator[tuple[str, str, str]]:
    """What the order lacks and nobody can say when it comes. What is promised for a day is no trouble."""
    for one in state.short:
        if one.cause != "backorder":
            key = f"short:{one.line}:{one.location}:{one.cause}:{one.units}"
            yield key[:180], "Not in stock", f"{lacking_words(one)}."


def _overdrawn(state: OrderState) -> Iterator[tuple[str, str, str]]:
    """More was given back than came in, in one currency, by the transactions that succeeded. Silent while nothing is
    known to have come in: then the payment was not read yet."""
    came: dict[str, int] = {}
    went: dict[str, int] = {}
    for moved in state.transactions:
        side = {"sale": came, "capture": came, "refund": went}.get(moved.kind)
        if side is not None and moved.status == "success":
            side[moved.currency] = side.get(moved.currency, 0) + moved.amount
    for currency, back in sorted(went.items()):
        if back > came.get(currency, back):
            told, had = major_text(back, currency), major_text(came[currency], currency)
            words = f"{told} {currency} were given back, {had} came in."
            yield f"refund-exceeds-captured:{currency}", "More was given back than came in", words


def _contradictions(
    flow: Flow, steps: tuple[StepNow, ...], values: Values, parts: dict[str, Values]
) -> Iterator[tuple[str, str, str]]:
    """A deed was done outside although something before it never was: shipped while unpaid, shipped while held.

    What people do inside the house (picking) can be undone, and so contradicts nothing. Each gap is told once, at the
    first deed that went past it.
    """
    done = {now.step for now in steps if now.status == "done"}
    past = [step for step in flow.steps if step.name in done and _can_go_past(step)]
    by_key = {(now.step, now.part): now for now in steps} if past else {}
    titles = {step.name: step.title for step in flow.steps} if past else {}
    needs = upstream_of(flow)
    told: set[tuple[str, str]] = set()
    for step in past:
        for now in steps:
            if now.step != step.name or now.status != "done":
                continue
            for name in needs[step.name]:
                earlier = by_key.get((name, now.part)) or by_key.get((name, ""))
                if earlier is None or earlier.status in OVER or (name, earlier.part) in told:
                    continue
                told.add((name, earlier.part))
                words = f"“{titles[step.name]}” is done although “{titles[name]}” is not."
                yield f"contradiction:{step.name}:{now.part}:{name}", "Done out of order", words
    if values.get("order.cancelled") is True and any(own["fulfillment_order.shipped"] for own in parts.values()):
        yield "shipped-cancelled", "Shipped although cancelled", "A parcel of a cancelled order left the house."


def _can_go_past(step: Step) -> bool:
    """Whether the step is a deed outside with something before it."""
    return step.ends_by is Nature.DEED and step.system != "ordna" and bool(step.upstream)


def _to_put_back(state: OrderState) -> Iterator[str]:
    if not state.cancelled or not state.picked:
        return
    shipped = shipped_units(state)
    for part_id in sorted(handled_units(state, state.picked)):
        part = part_of(state, part_id)
        if part is not None and not covers(shipped.get(part_id, {}), part.lines):
            yield part_id


def _desk(flow: Flow) -> str:
    """The first team of ours in the file: who gets what nobody else owns."""
    return next((name for name, team in flow.teams.items() if not team.outside), next(iter(flow.teams)))


def _picker(flow: Flow) -> str:
    return next((step.owner for step in flow.steps if step.asks == "pick"), _desk(flow))
