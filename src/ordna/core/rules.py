"""Standing rules: holds and tags that are on exactly while their condition is true.

A person's release of a hold binds for the values it was made on: what the rule read then is remembered, and the rule
holds again only when those values have changed. Unknown is not true: no rule acts on what is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b

import msgspec

from ordna.core import events as e
from ordna.core.flow.model import Flow, Rule
from ordna.core.hours import due as due_at
from ordna.core.order import Hold, OrderState, covers, live_parts, shipped_units
from ordna.core.outcome import Fact
from ordna.core.vocabulary import Values

HANDLE_PREFIX = "ordna-"
HANDLE_LENGTH_MAX = 64


def verdicts(state: OrderState, flow: Flow, values: Values, at: datetime) -> tuple[Fact, ...]:
    """What the standing rules change now: holds to place or let lapse, tags to want or no longer want."""
    out: list[Fact] = []
    known = {hold.handle: hold for hold in state.holds}
    wanted: set[str] = set()
    for rule in flow.rules:
        true = rule.when.evaluate(values) is True
        if true and rule.holds and can_still_be_stopped(state):
            for number, action in enumerate(rule.holds):
                handle = handle_of(f"rule-{rule.name}-{number}" if number else f"rule-{rule.name}")
                wanted.add(handle)
                if handle not in known and state.releases.get(handle) != fingerprint(rule, values):
                    expires = due_at(at, action.expires, flow.hours) if action.expires else None
                    event = e.HoldPlaced(handle, action.reason, action.owner, at, rule.name, expires)
                    out.append(Fact(event, at, "rule", rule.name))
        for tag in rule.tags:
            if true and tag not in state.tags_wanted and not state.cancelled:
                out.append(Fact(e.TagWanted(tag, rule.name), at, "rule", rule.name))
            elif not true and state.tags_wanted.get(tag) == rule.name:
                out.append(Fact(e.TagUnwanted(tag), at, "rule", rule.name))
    for hold in state.holds:
        if _lapses(hold, wanted, state):
            out.append(Fact(e.HoldLapsed(hold.handle), at, "rule", hold.rule or "the order's end"))
    return tuple(out)


def fingerprint(rule: Rule, values: Values) -> str:
    """What the rule read, as a short text: equal for equal values."""
    read = {name: values.get(name) for name in sorted(rule.when.reads)}
    return blake2b(_values.encode(read), digest_size=8).hexdigest()


def _plain(value: object) -> object:
    return list(value) if isinstance(value, Sequence) else str(value)


_values = msgspec.json.Encoder(order="deterministic", enc_hook=_plain)


def rule_of(flow: Flow, hold: Hold) -> Rule | None:
    """The rule that placed a hold, if the flow still has it."""
    return next((rule for rule in flow.rules if rule.name == hold.rule), None)


@lru_cache(maxsize=4096)
def handle_of(name: str) -> str:
    """A hold's handle: ours to see at a glance, the same for the same name, and short enough for the other side."""
    slug = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.casefold())
    slug = HANDLE_PREFIX + "-".join(filter(None, slug.split("-")))
    if len(slug) <= HANDLE_LENGTH_MAX:
        return slug
    return f"{slug[: HANDLE_LENGTH_MAX - 9]}-{blake2b(name.encode(), digest_size=4).hexdigest()}"


def can_still_be_stopped(state: OrderState) -> bool:
    """A hold has a meaning only while something of the order could still leave."""
    if state.cancelled or state.closed:
        return False
    live = live_parts(state)
    if not live or not state.parcels:
        return True
    shipped = shipped_units(state)
    return not all(covers(shipped.get(part.id, {}), part.lines) for part in live)


def _lapses(hold: Hold, wanted: set[str], state: OrderState) -> bool:
    """A rule's hold lapses with its condition; any hold when the order is cancelled or closed."""
    return state.cancelled or state.closed or (hold.rule is not None and hold.handle not in wanted)
