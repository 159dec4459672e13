"""`decide(order, message, policy, now) -> Outcome`: the one function that decides, live, in replay and in every trial.

The way of a message, always the same:

1. the message becomes facts (an observation is compared with the state) or a request is accepted or refused;
2. the facts are folded in;
3. the picture is settled: standing rules, then every step, then tasks and timers;
4. what is missing outside becomes effects.

No clock, no random, no I/O: `now` and everything from outside the order come in with the message.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from ordna.core import events as e
from ordna.core import messages as m
from ordna.core import stock
from ordna.core.claims import Claim
from ordna.core.effects import OF_CARRIERS, Effect, NoteOrder
from ordna.core.evolve import evolve
from ordna.core.labels import bought, to_give_back, tracked
from ordna.core.observe import observe
from ordna.core.order import Ask, OrderState, ships_anything, slot_of
from ordna.core.outcome import Decision, Fact, Order, Outcome, Refusal, Reread, StepNow, TaskNow, Verdict
from ordna.core.planning import desired
from ordna.core.policy import Policy
from ordna.core.requests import accept
from ordna.core.rules import fingerprint, rule_of, verdicts
from ordna.core.shipping import ParcelTracked
from ordna.core.steps import counted_anew, standing
from ordna.core.tasks import wanted
from ordna.core.vocabulary import Values, order_values, part_values

STOCK_TIMER = stock.TIMER
ROUTING_PATIENCE = timedelta(minutes=5)
UNREAD = (e.NoChangeSeen, e.TransactionRecorded, e.RefundRecorded, e.ShipmentInTransit, e.ShipmentOutForDelivery)
MOVES_THE_PARTS = ("HoldPart", "ReleasePart", "CancelOrder")


def new_order() -> Order:
    """An order nothing is known of."""
    return Order(OrderState(), Verdict())


def decide(order: Order, message: m.Message, policy: Policy, now: datetime) -> Outcome:
    """Everything one message comes to. `now` is when we act on it; times inside the message are its source's."""
    match message:
        case m.Observed():
            return _observed(order, message, policy, now)
        case m.Asked():
            return _asked(order, message, policy, now)
        case m.EffectAnswered():
            return _answered(order, message, policy, now)
        case ParcelTracked():
            facts = tracked(order.state, message)
            return _concluded(order, facts, (), policy, min(message.at, now), now) if facts else Outcome(order)
        case m.TimerFell():
            return _timer(order, message, policy, now)
        case m.WentLive():
            facts = () if order.state.live or order.state.order is None else (_system(e.WorkBegan(), message.at),)
            return _concluded(order, facts, (), policy, message.at, now)
        case m.Migrated():
            moved = _system(e.PolicyMigrated(policy.version), message.at)
            anew = counted_anew(order.verdict.steps, policy.flow)
            order = replace(order, verdict=replace(order.verdict, steps=anew))
            return _concluded(order, (moved,), (), policy, message.at, now)
        case m.StockSettled():
            settled = tuple(_system(event, message.at) for event in stock.settled(order.state, message))
            return _concluded(order, settled, (), policy, message.at, now)
        case m.StockArrived():
            return _asks_again(order, policy)
        case m.Hinted():
            return Outcome(order, reread=Reread(3, message.topic))


def settle(state: OrderState, before: Verdict, policy: Policy, at: datetime, values: Values | None = None) -> Verdict:
    """The verdict on a state: steps, tasks and timers under a policy, with what `before` remembers of time. `values`
    are the order's values where the caller has them already."""
    values = order_values(state, policy.flow.currency) if values is None else values
    parts = part_values(state)
    if not policy.acting and any(isinstance(f.event, e.HoldPlaced) for f in verdicts(state, policy.flow, values, at)):
        values["held"] = True
    steps = standing(state, policy.flow, values, parts, before, at)
    if not policy.acting:
        return Verdict(policy.version, steps, (), _read_timers(state))
    tasks = wanted(state, policy.flow, steps, values, parts, before, at)
    timers = _timers(state, steps)
    kept_until = stock.expiry(state, policy.flow, values) if state.reserved else None
    if kept_until is not None:
        timers[stock.TIMER] = kept_until
    return Verdict(policy.version, steps, tasks, timers)


# --- one function a message ---------------------------------------------------------------------------------


def _observed(order: Order, message: m.Observed, policy: Policy, now: datetime) -> Outcome:
    seen = observe(order.state, message)
    began = seen.facts and policy.acting and not order.state.live and seen.state.order is not None
    facts = (*seen.facts, _system(e.WorkBegan(), message.received_at)) if began else seen.facts
    at = min(max((fact.at for fact in seen.facts), default=message.received_at), now)
    outcome = _concluded(order, facts, (), policy, at, now)
    return replace(outcome, reread=Reread(5, seen.reread)) if seen.reread else outcome


def _asked(order: Order, message: m.Asked, policy: Policy, now: datetime) -> Outcome:
    answer = accept(order, message, policy)
    if isinstance(answer, Refusal):
        return Outcome(order, refusal=answer)
    asked = tuple(Fact(_asking(effect), message.at, "person", message.by) for effect in answer.effects)
    return _concluded(order, (*answer.facts, *asked), answer.effects, policy, message.at, now)


def _answered(order: Order, message: m.EffectAnswered, policy: Policy, now: datetime) -> Outcome:
    match message.result:
        case "confirmed":
            event: e.Event = e.EffectConfirmed(message.key, message.reference)
        case "refused" | "dead":
            event = e.EffectRefused(message.key, message.code or message.result, message.sentence or "It was refused.")
        case "withdrawn":
            event = e.EffectWithdrawn(message.key, message.code)
        case _:
            event = e.EffectFellInDoubt(message.key)
    ask = order.state.asks.get(slot_of(message.key))
    actor = "carrier" if ask is not None and ask.effect in OF_CARRIERS else "shop"
    facts = tuple(Fact(each, message.at, "outside", actor) for each in (event, *_made_of(ask, message)))
    outcome = _concluded(order, facts, (), policy, message.at, now)
    moved = any(ask.key == message.key and ask.effect in MOVES_THE_PARTS for ask in outcome.order.state.asks.values())
    if moved and message.result in ("confirmed", "refused"):
        return replace(outcome, reread=Reread(2, "an effect moved the fulfillment orders"))
    return outcome


def _made_of(ask: Ask | None, message: m.EffectAnswered) -> tuple[e.Event, ...]:
    """What a carrier's confirmation comes to: a label that is there, or one that is gone."""
    if message.result != "confirmed" or ask is None or ask.key != message.key:
        return ()
    if message.label is not None:
        return (bought(message.label),)
    return (e.LabelVoided(slot_of(message.key).partition(":")[2]),) if ask.effect == "ReturnLabel" else ()


def _timer(order: Order, message: m.TimerFell, policy: Policy, now: datetime) -> Outcome:
    """A timer counts only if it still stands in the verdict with the same due time; a stale one is a no-op."""
    due = order.verdict.timers.get(message.key)
    if due is None or due > message.due_at:
        return Outcome(order)
    kind, _, rest = message.key.partition("|")
    if kind == "read":
        return Outcome(order, reread=Reread(4, "the routing was not seen"))
    if not policy.acting:
        return Outcome(order)
    if kind == "step":
        step, part, run = rest.rsplit("|", 2)
        fact = Fact(e.StepRanLate(step, part, int(run)), message.due_at, "system", "clock")
        return _concluded(order, (fact,), (), policy, message.due_at, now)
    if kind == "stock":
        fact = Fact(e.StockReleased(order.state.reserved, "expired"), message.due_at, "system", "clock")
        return _concluded(order, (fact,), (), policy, message.due_at, now)
    hold = next((hold for hold in order.state.holds if hold.handle == rest), None)
    if hold is None:
        return Outcome(order)
    rule = rule_of(policy.flow, hold)
    values = fingerprint(rule, order_values(order.state, policy.flow.currency)) if rule is not None else None
    fact = Fact(e.HoldExpired(hold.handle, values), message.due_at, "system", "clock")
    return _concluded(order, (fact,), (), policy, message.due_at, now)


def _asks_again(order: Order, policy: Policy) -> Outcome:
    """Something it lacks came free: the same claim once more, and nothing else is new."""
    wish = policy.flow.stock
    if wish is None or not policy.acting or not order.state.short:
        return Outcome(order)
    values = order_values(order.state, policy.flow.currency)
    return Outcome(order, claim=stock.claim(order.state, wish, values, again=True))


# --- what all messages share --------------------------------------------------------------------------------


def _concluded(
    order: Order, facts: tuple[Fact, ...], effects: tuple[Effect, ...], policy: Policy, at: datetime, now: datetime
) -> Outcome:
    """Fold the facts in, settle the picture, plan what is missing outside, and record what changed."""
    if not facts and order.verdict.policy == policy.version:
        return Outcome(order)
    state = order.state
    for fact in facts:
        state = evolve(state, fact.event, fact.at)
    if state.order is None or _says_nothing_new(facts, order, policy):
        return Outcome(Order(state, order.verdict), facts, effects)
    all_facts = list(facts)
    values: Values | None = None
    claim: Claim | None = None
    if policy.acting:
        values = order_values(state, policy.flow.currency)
        ruled = verdicts(state, policy.flow, values, at)
        for fact in ruled:
            state = evolve(state, fact.event, fact.at)
        if policy.flow.stock is not None or state.stock_asked:
            state, moved, claim = _stock(state, policy, at)
            ruled = (*ruled, *moved)
        all_facts.extend(ruled)
        planned = (*desired(state), *to_give_back(state)) if state.labels else desired(state)
        for effect in planned:
            asking = Fact(_asking(effect), now, "system", "flow")
            state = evolve(state, asking.event, asking.at)
            all_facts.append(asking)
        effects = (*effects, *planned)
        values = None if ruled else values
    verdict = settle(state, order.verdict, policy, at, values)
    after = Order(state, verdict)
    decision = _decision(order, after, effects, policy, now)
    return Outcome(after, tuple(all_facts), effects, None, None, decision, claim)


def _stock(state: OrderState, policy: Policy, at: datetime) -> tuple[OrderState, tuple[Fact, ...], Claim | None]:
    """What stock follows from the picture at once, the picture with it, and what the order still has to ask for."""
    wish = policy.flow.stock
    values = order_values(state, policy.flow.currency)
    moved = tuple(_system(event, at) for event in stock.moves(state, wish, values, at))
    for fact in moved:
        state = evolve(state, fact.event, fact.at)
    return state, moved, stock.claim(state, wish, values) if wish is not None else None


def _says_nothing_new(facts: tuple[Fact, ...], order: Order, policy: Policy) -> bool:
    """True when no condition could read what these facts changed, and the verdict stands by this very policy."""
    if order.verdict.policy != policy.version or not all(isinstance(fact.event, UNREAD) for fact in facts):
        return False
    return not _money_goes_back(facts, order.state)


def _money_goes_back(facts: tuple[Fact, ...], state: OrderState) -> bool:
    """Whether a movement came with a refund before or in it: then what came in and went out is compared."""
    moved = [fact.event.transaction for fact in facts if isinstance(fact.event, e.TransactionRecorded)]
    return bool(moved) and any(each.kind == "refund" for each in (*moved, *state.transactions))


def _asking(effect: Effect) -> e.EffectAsked:
    body = None if isinstance(effect.body, NoteOrder) else effect.body
    return e.EffectAsked(effect.key, effect.generation, type(effect.body).__name__, body)


def _system(event: e.Event, at: datetime) -> Fact:
    return Fact(event, at, "system", "ordna")


def _timers(state: OrderState, steps: tuple[StepNow, ...]) -> dict[str, datetime]:
    timers = _read_timers(state)
    for now in steps:
        if now.status == "open" and now.due is not None and not now.late:
            timers[f"step|{now.step}|{now.part}|{now.run}"] = now.due
    for hold in state.holds:
        if hold.expires_at is not None:
            timers[f"hold|{hold.handle}"] = hold.expires_at
    return timers


def _read_timers(state: OrderState) -> dict[str, datetime]:
    """An order whose routing nobody told us of is read again after a while."""
    order = state.order
    if (
        order is None
        or state.routed_at is not None
        or state.cancelled
        or state.closed
        or ships_anything(state) is False
    ):
        return {}
    return {"read|routing": order.placed_at + ROUTING_PATIENCE}


def _decision(
    before: Order, after: Order, effects: tuple[Effect, ...], policy: Policy, now: datetime
) -> Decision | None:
    changes = (
        *_step_changes(before.verdict, after.verdict),
        *_hold_changes(before.state, after.state),
        *_task_changes(before.verdict.tasks, after.verdict.tasks),
        *(("effect", effect.key, "asked") for effect in effects),
    )
    if not changes:
        return None
    return Decision(policy.version, before.state.seq, after.state.seq, now, changes)


def _step_changes(before: Verdict, after: Verdict) -> list[tuple[str, ...]]:
    known = {(now.step, now.part): now.status for now in before.steps}
    return [
        ("step", now.step, now.part, known.get((now.step, now.part), ""), now.status)
        for now in after.steps
        if known.get((now.step, now.part), "waiting") != now.status
    ]


def _hold_changes(before: OrderState, after: OrderState) -> list[tuple[str, ...]]:
    if before.holds == after.holds:
        return []
    was, stands = {hold.handle for hold in before.holds}, {hold.handle for hold in after.holds}
    placed = [("hold", handle, "placed") for handle in sorted(stands - was)]
    return [*placed, *(("hold", handle, "let go") for handle in sorted(was - stands))]


def _task_changes(before: tuple[TaskNow, ...], after: tuple[TaskNow, ...]) -> list[tuple[str, ...]]:
    was, stands = {task.key for task in before}, {task.key for task in after}
    opened = [("task", key, "opened") for key in sorted(stands - was)]
    return [*opened, *(("task", key, "closed") for key in sorted(was - stands))]
