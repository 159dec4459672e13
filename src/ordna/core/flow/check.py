"""What takes the whole flow to see: steps that can't be reached or left, rules that fight.

`parse_flow` already refused what one place alone can tell. Errors here keep a flow from being activated;
warnings are shown and may stand. Every problem names the line and column it is about.
"""

from collections.abc import Iterator

from ordna.core.conditions import Condition, Position
from ordna.core.conditions.nodes import Read
from ordna.core.conditions.possible import can_be
from ordna.core.flow.check_rules import check_rules
from ordna.core.flow.model import Flow, Step
from ordna.core.flow.parse import parse_flow
from ordna.core.flow.problems import WARNING, FlowError, Problem, in_file_order
from ordna.core.flow.vocabulary import Nature, Vocabulary

#: The deed that each request of a person brings about.
DEEDS_OF_REQUESTS = {
    "pick": "fulfillment_order.picked",
    "pack": "fulfillment_order.packed",
    "ship": "fulfillment_order.shipped",
}


def check(flow: Flow, vocabulary: Vocabulary) -> tuple[Problem, ...]:
    """Every error and warning of a flow that was parsed, in the order of the file."""
    problems = [
        *_fields(flow, vocabulary),
        *_order_of_steps(flow),
        *_ways_in_and_out(flow, vocabulary),
        *_bypasses(flow),
        *_requests(flow),
        *_routing(flow),
        *check_rules(flow),
    ]
    return in_file_order(problems)


def check_text(text: str, vocabulary: Vocabulary, *, currency_default: str) -> tuple[Problem, ...]:
    """Every problem of a flow file: those that keep it from being read, or else those of `check`."""
    try:
        flow = parse_flow(text, vocabulary, currency_default=currency_default)
    except FlowError as error:
        return error.problems
    return check(flow, vocabulary)


def _conditions(flow: Flow) -> Iterator[tuple[str, Condition]]:
    for step in flow.steps:
        for key, condition in step.conditions():
            yield f"steps.{step.name}.{key}", condition
    for index, rule in enumerate(flow.rules):
        yield f"rules[{index}].when", rule.when


def _fields(flow: Flow, vocabulary: Vocabulary) -> Iterator[Problem]:
    """A pinned flow may meet a newer vocabulary, so names are looked up again."""
    for path, condition in _conditions(flow):
        inside = {name for names in condition.element_reads.values() for name in names}
        for name in sorted(condition.reads | inside):
            if name.endswith(")"):
                continue
            field = vocabulary.get(name)
            if field is None:
                close = vocabulary.nearest(name)
                hint = f", did you mean '{close}'?" if close else ""
                yield _problem("unknown_field", f"unknown field '{name}'{hint}", _of(condition, name), path, close)
            elif not field.produced_by:
                sentence = f"nothing in this version produces {name}"
                yield _problem("nothing_produces", sentence, _of(condition, name), path)


def _order_of_steps(flow: Flow) -> Iterator[Problem]:
    """Statuses are computed from the first step to the last, so a step may ask about earlier ones only."""
    place = {step.name: index for index, step in enumerate(flow.steps)}
    asks = {step.name: _asked(step) for step in flow.steps}
    for step in flow.steps:
        for key, condition in step.conditions():
            path = f"steps.{step.name}.{key}"
            for other in sorted(condition.asks_of_steps()):
                if place.get(other, -1) < place[step.name]:
                    continue
                way = _way(other, step.name, asks)
                if way:
                    sentence = "the steps wait for each other: " + " > ".join((step.name, *way))
                    yield _problem("cycle", sentence, _of(condition, other), path)
                else:
                    sentence = f"{step.name} asks about {other}, which comes later; write {other} first"
                    yield _problem("out_of_order", sentence, _of(condition, other), path)


def _way(start: str, goal: str, asks: dict[str, frozenset[str]]) -> tuple[str, ...]:
    """Steps from `start` to `goal` along what they ask about, or nothing."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    for way in ways:
        if way[-1] == goal:
            return way
        ways.extend((*way, other) for other in sorted(asks.get(way[-1], ())) if other not in seen)
        seen |= asks.get(way[-1], frozenset())
    return ()


def _ways_in_and_out(flow: Flow, vocabulary: Vocabulary) -> Iterator[Problem]:
    # A step that comes later is a problem of its own, so here it is taken to be reached and left.
    reached = {step.name for step in flow.steps}
    left = set(reached)

    def can(read: Read, truth: bool) -> bool:
        question, _, step = read.name.removesuffix(")").partition("(")
        if step:
            return not truth or step in (left if question == "done" else reached)
        field = vocabulary.get(read.name)
        return field is not None and bool(field.produced_by)

    for step in flow.steps:
        path = f"steps.{step.name}"
        if step.starts is not None and not can_be(step.starts.root, True, can):
            reached.discard(step.name)
            if not _blamed(step.starts, vocabulary):
                sentence = f"{step.name} can't be reached: {step.starts.text} never comes true"
                yield _problem("unreachable", sentence, step.starts.at, f"{path}.starts")
        if not can_be(step.ends.root, True, can) and not (step.moot and can_be(step.moot.root, True, can)):
            left.discard(step.name)
            if not _blamed(step.ends, vocabulary):
                sentence = f"{step.name} has no way out: {step.ends.text} never comes true"
                yield _problem("no_way_out", sentence, step.ends.at, f"{path}.ends")


def _blamed(condition: Condition, vocabulary: Vocabulary) -> bool:
    """Whether a field of the condition is already reported, so that its consequence need not be."""
    fields = [vocabulary.get(name) for name in condition.reads if not name.endswith(")")]
    return any(field is None or not field.produced_by for field in fields)


def _bypasses(flow: Flow) -> Iterator[Problem]:
    """A deed ends a step before its turn; the steps before it then stay open unless they say otherwise."""
    before: dict[str, frozenset[str]] = {}
    for step in flow.steps:
        upstream = frozenset(step.upstream)
        before[step.name] = upstream.union(*(before.get(name, frozenset()) for name in upstream))
    for index, step in enumerate(flow.steps):
        if step.moot or step.never_moot:
            continue
        after = flow.steps[index + 1 :]
        later = [one for one in after if step.name in before[one.name] and one.ends_by is Nature.DEED]
        if later:
            sentence = (
                f"{later[0].ends.text} can happen before {step.name} is done, which then stays open: "
                f"write moot: {later[0].ends.text} to skip it, or moot: never to keep it visible"
            )
            yield _problem("can_be_bypassed", sentence, step.at, f"steps.{step.name}", severity=WARNING)


def _requests(flow: Flow) -> Iterator[Problem]:
    for step in flow.steps:
        deed = DEEDS_OF_REQUESTS.get(step.asks, "")
        if deed and deed not in step.ends.reads:
            sentence = f"asks: {step.asks} brings about {deed}, but {step.name} does not end by it"
            yield _problem("asks_in_vain", sentence, step.at, f"steps.{step.name}.asks")


def _routing(flow: Flow) -> Iterator[Problem]:
    """What is written down about routing and makes no difference."""
    policy, at = flow.routing, flow.routing_at
    if policy is None or at is None:
        return
    locations = [policy.locations[name] for name in sorted(policy.locations)]
    idle = next((location.name for location in locations if location.cutoff), "")
    if idle and not policy.wait_cost:
        sentence = f"the cut-off of {idle} decides nothing while waiting costs nothing: give a wait_cost"
        yield _problem("cutoff_costs_nothing", sentence, at, "routing.wait_cost", severity=WARNING)
    for zone in sorted(policy.zones):
        if not any(zone in location.parcel_costs for location in locations):
            sentence = f"no location has a price for a parcel to {zone}, so orders from there wait"
            yield _problem("zone_not_reached", sentence, at, f"routing.zones.{zone}", severity=WARNING)


def _asked(step: Step) -> frozenset[str]:
    return frozenset(name for _, condition in step.conditions() for name in condition.asks_of_steps())


def _of(condition: Condition, name: str) -> Position:
    """Where the condition names it; the condition's start when it is spelled otherwise."""
    return condition.at.after(condition.source, max(0, condition.source.find(name)))


def _problem(
    code: str, message: str, at: Position, path: str, nearest: str | None = None, severity: str = "error"
) -> Problem:
    return Problem(code, message, at.line, at.column, path, nearest, severity)
