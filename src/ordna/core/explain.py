"""Why: whose turn it is, since when, and what decided it, recomputed by the functions that decided.

Nothing here is stored prose. The steps' conditions are evaluated again on the same state under the same policy, and
each says in words which of its parts made the difference.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from ordna.core import events as e
from ordna.core.flow.model import Flow, Rule, Step
from ordna.core.order import OrderState, headline
from ordna.core.outcome import Order, StepNow
from ordna.core.policy import Policy
from ordna.core.rules import verdicts
from ordna.core.steps import standing, upstream_of
from ordna.core.vocabulary import Values, order_values, part_values


class StepWhy(Struct, frozen=True):
    """One step of one part, and the sentence that says why it stands there."""

    step: str
    title: str
    part: str
    owner: str
    system: str
    status: str
    since: datetime | None
    due: datetime | None
    late: bool
    sentence: str


class RuleWhy(Struct, frozen=True):
    """One rule: whether it holds now, which reads were unknown, and why in words."""

    rule: str
    title: str
    truth: bool | None
    sentence: str
    unknown: tuple[str, ...]


class Turn(Struct, frozen=True):
    """Whose turn it is: the team's title, the step, since when, due when, and because of what."""

    owner: str
    step: str
    since: datetime | None
    due: datetime | None
    late: bool
    because: str


class Explanation(Struct, frozen=True):
    """The whole answer about one order."""

    headline: str
    turns: tuple[Turn, ...]
    steps: tuple[StepWhy, ...]
    rules: tuple[RuleWhy, ...]

    @property
    def sentence(self) -> str:
        """The answer in one line."""
        if not self.turns:
            return f"Nobody's turn: the order is {self.headline}."
        return " ".join(f"{turn.owner}: {turn.step}, because {turn.because}." for turn in self.turns)


def explain(order: Order, policy: Policy, now: datetime) -> Explanation:
    """Whose turn, since when, why: for every step and every rule of the policy."""
    state, flow = order.state, policy.flow
    values, parts = order_values(state, flow.currency), part_values(state)
    if not policy.acting and any(isinstance(f.event, e.HoldPlaced) for f in verdicts(state, flow, values, now)):
        values["held"] = True
    standings = standing(state, flow, values, parts, order.verdict, now)
    by_name = {step.name: step for step in flow.steps}
    steps = tuple(_step(flow, by_name[at.step], at, parts.get(at.part, values), state) for at in standings)
    turns = tuple(_turn(flow, why) for why in steps if why.status in ("open", "paused"))
    return Explanation(headline(state), turns, steps, tuple(_rule(rule, values) for rule in flow.rules))


def _step(flow: Flow, step: Step, at: StepNow, values: Values, state: OrderState) -> StepWhy:
    why, owner = _why(flow, step, at, values, state), flow.teams[step.owner].title
    times = (at.status, at.since, at.due, at.late)
    return StepWhy(step.name, step.title, at.part, owner, step.system, *times, why)


def _why(flow: Flow, step: Step, at: StepNow, values: Values, state: OrderState) -> str:
    match at.status:
        case "void":
            return "the order is cancelled" if state.cancelled else "its units moved elsewhere"
        case "done":
            return _reason(step.ends.explain(values).reason())
        case "skipped" if step.moot is not None:
            return _reason(step.moot.explain(values).reason())
        case "paused" if step.pauses is not None:
            return "it is paused: " + _reason(step.pauses.explain(values).reason())
        case "waiting":
            needs = upstream_of(flow)[step.name]
            waits = [flow.step(name) for name in needs if values.get(f"done({name})") is not True][:1]
            if waits:
                return "it waits for " + " and ".join(f"“{earlier.title}”" for earlier in waits if earlier is not None)
            return _reason(step.starts.explain(values).reason()) if step.starts is not None else "it has not begun"
    because = _reason(step.ends.explain(values).reason())
    held = ", ".join(hold.reason for hold in state.holds)
    return f"{because} (held: {held})" if held and "held" in step.ends.reads else because


def _turn(flow: Flow, why: StepWhy) -> Turn:
    return Turn(why.owner, why.title, why.since, why.due, why.late, why.sentence)


def _rule(rule: Rule, values: Values) -> RuleWhy:
    explained = rule.when.explain(values)
    return RuleWhy(rule.name, rule.title, explained.truth, explained.sentence(), rule.when.unknown(values))


def _reason(words: str) -> str:
    return words.rstrip(".")
