"""One order as its page shows it: parts with their progress, the timeline in voices, decisions in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ordna.core.describe import describe, effect_words, group
from ordna.core.explain import Explanation
from ordna.core.flow import Flow
from ordna.core.order import (
    OrderState,
    delivered_units,
    handled_units,
    live_parts,
    part_names,
    part_status,
    shipped_units,
)
from ordna.core.outcome import Order
from ordna.core.policy import Policy
from ordna.core.requests import offers, refusal
from ordna.core.shipping import BuyLabel, Package
from ordna.store.read.order import DecisionRow, JournalRow, OrderDetail
from ordna.web import words
from ordna.web.flows import step_title, team_title

VOICES = (("person", "People"), ("rule", "Rules"), ("system", "System"), ("outside", "Outside"), ("noise", "Noise"))
MAIN = ("pick", "pack", "ship", "release", "accept_address")
_ANSWERS = {
    "EffectConfirmed": "The shop confirmed: {}.",
    "EffectWithdrawn": "Withdrawn before it was sent, no longer wanted: {}.",
    "EffectFellInDoubt": "No answer came, so it may have happened: {}.",
}
"""An answer names what was asked, so that it needs no other entry to be understood."""
TOLD_LATE = timedelta(minutes=10)


@dataclass(frozen=True)
class LineProgress:
    """One line of a part: its units, and how many are picked, packed, shipped, delivered."""

    title: str
    sku: str
    units: int
    progress: tuple[int, int, int, int]


@dataclass(frozen=True)
class Part:
    """One fulfillment order as people call it: by its place."""

    id: str
    name: str
    status: str
    units: int
    lines: tuple[LineProgress, ...]
    holds: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One event of the timeline. `because` are the changes its decision made, where it ends one."""

    seq: int
    voice: str
    sentence: str
    by: str
    occurred_at: datetime
    recorded_at: datetime
    late_news: bool
    cause: str
    policy_version: int
    because: tuple[str, ...]


@dataclass(frozen=True)
class Action:
    """One thing a person could ask for now, or why not."""

    kind: str
    part: str
    part_name: str
    sentence: str
    main: bool


def parts_of(state: OrderState) -> tuple[Part, ...]:
    """The order's live parts with the progress of each line."""
    lines = {line.id: line for line in (state.order.lines or ())} if state.order else {}
    done = (
        handled_units(state, state.picked),
        handled_units(state, state.packed),
        shipped_units(state),
        delivered_units(state),
    )
    names = part_names(state)
    out = []
    for part in live_parts(state):
        rows = []
        for lot in part.lines:
            line = lines.get(lot.line)
            picked, packed, shipped, delivered = (units.get(part.id, {}).get(lot.line, 0) for units in done)
            rows.append(
                LineProgress(
                    line.title if line else "A line that is no longer on the order",
                    (line.sku or "") if line else "",
                    lot.units,
                    (picked, packed, shipped, delivered),
                )
            )
        out.append(
            Part(
                part.id,
                names[part.id],
                part_status(part, done[2].get(part.id, {})),
                sum(row.units for row in rows),
                tuple(rows),
                tuple(hold.reason.replace("_", " ") for hold in part.holds if not hold.ours),
            )
        )
    return tuple(out)


def actions(order: Order, policy: Policy, now: datetime) -> tuple[list[Action], list[Action]]:
    """(what may be asked for now, what may not and why), the most likely first."""
    names = part_names(order.state)
    several = len(live_parts(order.state)) > 1
    handles = {hold.handle: hold.reason for hold in order.state.holds}
    allowed: list[Action] = []
    refused: list[Action] = []
    for offer in offers(order, policy, now):
        name = handles.get(offer.part) or (names.get(offer.part, "") if several else "")
        action = Action(offer.kind, offer.part, name, offer.sentence, offer.kind in MAIN)
        (allowed if offer.allowed else refused).append(action)
    return sorted(allowed, key=lambda action: not action.main), refused


def label_parts(order: Order, policy: Policy, connection: int) -> list[dict[str, Any]]:
    """The order's fulfillment orders with whether a label may be bought for each now, or why not."""
    names = part_names(order.state)
    out = []
    for part in live_parts(order.state):
        no = refusal(order, BuyLabel(part.id, connection, "", Package(1)), policy)
        out.append({"id": part.id, "name": names[part.id], "may_buy": no is None, "why_not": no.sentence if no else ""})
    return out


def way(flow: Flow, why: Explanation) -> list[dict[str, Any]]:
    """The flow as a row of steps, each as far as its least finished part."""
    rank = ("open", "paused", "waiting", "done", "skipped", "void")
    out = []
    for step in flow.steps:
        mine = [each for each in why.steps if each.step == step.name]
        live = [each for each in mine if each.status != "void"] or mine
        worst = min(live, key=lambda each: rank.index(each.status), default=None)
        status = worst.status if worst else "waiting"
        late = worst is not None and worst.late and status == "open"
        since = worst.since if worst and status != "waiting" else None
        look = words.look("step", "late" if late else status)
        out.append({"title": step.title, "css": "late" if late else status, "look": look, "since": since})
    return out


def timeline(
    journal: Iterable[JournalRow], decisions: Iterable[DecisionRow], flow: Flow, state: OrderState
) -> tuple[Entry, ...]:
    """The journal in words, newest first; what a decision changed hangs on the last event it was made of."""
    by_seq: dict[int, list[DecisionRow]] = {}
    for decision in decisions:
        by_seq.setdefault(decision.seq_after, []).append(decision)
    names = part_names(state)
    return tuple(_entry(row, by_seq.get(row.seq, []), flow, names) for row in journal)


def change_words(change: list[str], flow: Flow, names: dict[str, str]) -> str:
    """One change of a verdict as a sentence."""
    match change:
        case ["step", step, part, before, after]:
            at = f" ({names[part]})" if part in names and len(names) > 1 else ""
            states = (words.look("step", before).word.lower(), words.look("step", after).word.lower())
            return f"{step_title(flow, step)}{at}: {states[0]} → {states[1]}"
        case ["hold", handle, what]:
            return f"The hold “{handle}” was {what}"
        case ["effect", key, what] if key.startswith(("label:", "return:")):
            return f"The carrier: {_slot_words(key)} ({what})"
        case ["effect", key, what]:
            return f"The shop: {_slot_words(key)} ({what})"
        case ["task", key, what, *_]:
            return f"The task “{_task_words(key, flow)}” was {what}"
        case [kind, *rest]:
            return f"{kind.replace('_', ' ').capitalize()}: {', '.join(part for part in rest if part)}"
    return ""


def _entry(row: JournalRow, decisions: list[DecisionRow], flow: Flow, names: dict[str, str]) -> Entry:
    because = [change_words(change, flow, names) for decision in decisions for change in decision.rows()]
    late_news = row.recorded_at - row.occurred_at > TOLD_LATE
    return Entry(
        row.seq,
        group(row.kind, row.actor_kind),
        _sentence(row, flow),
        _by(row),
        row.occurred_at,
        row.recorded_at,
        late_news,
        _cause(row.cause),
        row.policy_version,
        tuple(text for text in because if text),
    )


def _sentence(row: JournalRow, flow: Flow) -> str:
    event: Any = row.event()
    if row.kind == "StepRanLate":
        return f"“{step_title(flow, event.step)}” ran late."
    said = _ANSWERS[row.kind].format(_slot_words(event.key)) if row.kind in _ANSWERS else describe(event)
    return said.replace("The shop", "The carrier", 1) if row.actor == "carrier" else said


def _by(row: JournalRow) -> str:
    if row.actor_kind == "person":
        return row.actor
    if row.actor_kind == "rule":
        return f"the rule “{row.actor}”"
    if row.actor == "carrier" or row.kind == "LabelTracked":
        return "the carrier"
    return {"system": "Ordna", "outside": "the shop"}.get(row.actor_kind, row.actor)


def _cause(cause: str) -> str:
    kind = cause.partition(":")[0]
    known = {"inbox": "A message from outside", "request": "A request", "timer": "A time that fell due"}
    return known.get(kind, "A message")


def _slot_words(key: str) -> str:
    known = {
        "hold": "HoldPart",
        "release": "ReleasePart",
        "ship": "ShipPart",
        "cancel": "CancelOrder",
        "note": "NoteOrder",
        "tag": "TagOrder",
        "untag": "UntagOrder",
        "label": "PurchaseLabel",
        "return": "ReturnLabel",
    }
    return effect_words(known.get(key.partition(":")[0].partition("#")[0], key))


def _task_words(key: str, flow: Flow) -> str:
    kind, _, rest = key.partition(":")
    first = rest.partition(":")[0]
    return step_title(flow, first) if kind in ("do", "late") else kind.replace("-", " ")


def hold_views(state: OrderState, flow: Flow) -> list[dict[str, Any]]:
    """The holds in force with who decides and who placed them."""
    return [
        {
            "handle": hold.handle,
            "reason": hold.reason,
            "owner_title": team_title(flow, hold.owner),
            "placed_at": hold.placed_at,
            "expires_at": hold.expires_at,
            "placer": f"the rule “{hold.rule}”" if hold.rule else (hold.by or "a person"),
        }
        for hold in state.holds
    ]


def unread(detail: OrderDetail) -> list[str]:
    """What could not be read, where no task says so already."""
    if any(task.kind == "attention" for task in detail.tasks if task.closed_at is None):
        return []
    found = [problem for problems in detail.state.problems.values() for problem in problems]
    said = [f"could not be read: {problem.path}: {problem.sentence}" for problem in found]
    said += [
        f"the {odd.machine.replace('_', ' ')} went from {odd.before} to {odd.after}, where no path leads."
        for odd in detail.state.odd_moves
    ]
    return said
