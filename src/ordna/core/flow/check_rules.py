"""Rules that change what they read, or that contradict each other.

A standing rule is on while its condition is true. If its own action changed that condition, it would
switch itself on and off for ever; the same goes for a circle of rules. What a rule reads includes what
the steps it asks about read: a hold that waits for done(check) is undone by check's own `not held`.
"""

from collections.abc import Iterator

from ordna.core.conditions import Condition
from ordna.core.conditions.nodes import Comparison, Not
from ordna.core.flow.model import Flow, Rule
from ordna.core.flow.problems import ERROR, WARNING, Problem

#: The fields each action changes.
HOLD_CHANGES = frozenset({"held"})
TAG_CHANGES = frozenset({"order.tags"})

_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def check_rules(flow: Flow) -> Iterator[Problem]:
    """Every problem among the rules of a flow."""
    reads = [_reads(flow, rule) for rule in flow.rules]
    yield from _self_changing(flow, reads)
    yield from _circles(flow, reads)
    for index, rule in enumerate(flow.rules):
        if not rule.when.reads:
            yield _problem(index, rule, "always", f"{rule.when.text} reads nothing, so it never changes", WARNING)
        for earlier in flow.rules[:index]:
            yield from _contradictions(index, rule, earlier)


def _self_changing(flow: Flow, reads: list[dict[str, str]]) -> Iterator[Problem]:
    for index, rule in enumerate(flow.rules):
        for field in sorted(_changes(rule) & set(reads[index])):
            through = reads[index][field]
            how = f"reads {field}" + (f" through {through}" if through else "")
            sentence = f"the rule {how}, which its own action changes: it would switch itself on and off"
            yield _problem(index, rule, "changes_own_reads", sentence)


def _circles(flow: Flow, reads: list[dict[str, str]]) -> Iterator[Problem]:
    follows = {
        index: [other for other in range(len(flow.rules)) if other != index and _changes(rule) & set(reads[other])]
        for index, rule in enumerate(flow.rules)
    }
    for index, rule in enumerate(flow.rules):
        reachable = set(follows[index])
        waiting = list(reachable)
        while waiting:
            fresh = set(follows[waiting.pop()]) - reachable
            reachable |= fresh
            waiting.extend(fresh)
        earlier = [other for other in range(index) if other in reachable and _reaches(other, index, follows)]
        if index in reachable and earlier:
            sentence = f"this rule and the rule '{flow.rules[earlier[0]].name}' change what each other read"
            yield _problem(index, rule, "rules_in_a_circle", sentence)


def _reaches(start: int, goal: int, follows: dict[int, list[int]]) -> bool:
    waiting, seen = [start], {start}
    while waiting:
        for other in follows[waiting.pop()]:
            if other == goal:
                return True
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return False


def _contradictions(index: int, rule: Rule, earlier: Rule) -> Iterator[Problem]:
    ours = {hold.reason: hold for hold in rule.holds}
    theirs = {hold.reason: hold for hold in earlier.holds}
    shared = sorted(ours.keys() & theirs.keys()) + sorted(set(rule.tags) & set(earlier.tags))
    where = f"the rule '{earlier.name}' on line {earlier.at.line}"
    opposite = _opposite(rule.when) == earlier.when.text or _opposite(earlier.when) == rule.when.text
    if shared and opposite:
        sentence = f"{where} does '{shared[0]}' exactly when this one does not, so it would always stand"
        yield _problem(index, rule, "contradicting_rules", sentence)
        return
    for reason in sorted(ours.keys() & theirs.keys()):
        if ours[reason] != theirs[reason]:
            sentence = f"{where} places the hold '{reason}' with another owner or expiry"
            yield _problem(index, rule, "contradicting_rules", sentence)
        else:
            sentence = f"{where} already places the hold '{reason}', join the two conditions with or"
            yield _problem(index, rule, "duplicate_hold", sentence)
    for tag in sorted(set(rule.tags) & set(earlier.tags)):
        sentence = f"{where} already adds the tag '{tag}', join the two conditions with or"
        yield _problem(index, rule, "duplicate_tag", sentence)
    if rule.when == earlier.when and not shared:
        sentence = f"{where} has the same condition, put both actions under one rule"
        yield _problem(index, rule, "same_condition", sentence, WARNING)


def _opposite(condition: Condition) -> str:
    """The text of the condition that is true exactly when this one is false, where that is plain to see."""
    root = condition.root
    if isinstance(root, Not):
        text = condition.text.removeprefix("not ")
        return text[1:-1] if text.startswith("(") and text.endswith(")") else text
    if isinstance(root, Comparison):
        return condition.text.replace(f" {root.op} ", f" {_OPPOSITE[root.op]} ", 1)
    return f"not {condition.text}"


def _reads(flow: Flow, rule: Rule) -> dict[str, str]:
    """All the rule depends on: field -> the question to a step it came through, "" when read directly."""
    found = {name: "" for name in sorted(rule.when.reads) if not name.endswith(")")}
    for question in sorted(name for name in rule.when.reads if name.endswith(")")):
        waiting, seen = [question[:-1].partition("(")[2]], set[str]()
        while waiting:
            step = flow.step(waiting.pop())
            if step is None or step.name in seen:
                continue
            seen.add(step.name)
            for _, condition in step.conditions():
                waiting.extend(sorted(condition.asks_of_steps()))
                for name in condition.reads:
                    found.setdefault(name, question)
    return found


def _changes(rule: Rule) -> frozenset[str]:
    return (HOLD_CHANGES if rule.holds else frozenset()) | (TAG_CHANGES if rule.tags else frozenset())


def _problem(index: int, rule: Rule, code: str, message: str, severity: str = ERROR) -> Problem:
    at = rule.when.at if code in ("changes_own_reads", "always", "same_condition") else rule.at
    return Problem(code, message, at.line, at.column, f"rules[{index}]", None, severity)
