"""Commands that answer a question: explain an order, prove the journal, check a flow file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ordna.cli.database import door
from ordna.cli.say import Progress, say
from ordna.core.explain import StepWhy
from ordna.core.flow import check_text
from ordna.core.flow.problems import ERROR
from ordna.core.vocabulary import VOCABULARY
from ordna.engine import clock
from ordna.engine.finding import Explained, explain_named
from ordna.engine.keys import keyring
from ordna.engine.policies import Policies
from ordna.engine.replay import replay
from ordna.site import place

MARKS = {"done": "✓", "open": "→", "paused": "=", "waiting": "·", "skipped": "-", "void": "x"}


def explain_order(name: str) -> None:
    """Print whose turn it is, since when and why, for every order of that name."""
    with door() as database:
        found = explain_named(database, Policies(keyring(place.home())), name, clock.now())
    if not found:
        say(f"No order is called “{name}”.")
        raise SystemExit(1)
    for order in found:
        mode = "" if order.mode == "live" else f" (the connection is in {order.mode})"
        say("\n".join([f"{order.name}{mode}", *_lines(order), ""]))


def replay_all(merchant: int | None) -> None:
    """Fold every journal anew and compare; exit 1 when something does not agree."""
    with door() as database, Progress("Folding journals") as progress:
        report = replay(database, merchant, lambda done: progress.at(f"{done:,} orders"))
    say(f"{report.orders:,} orders, {report.events:,} events, {report.links:,} links.")
    for wrong in report.mismatches:
        say(f"merchant {wrong.merchant_id}, order {wrong.order_id}: {wrong.what}: {wrong.sentence}")
    if not report.sound:
        raise SystemExit(1)
    say("The journal explains every stored row.")


def check_flow_file(file: Path, currency: str) -> bool:
    """Print every problem with its place; True when the flow could be activated."""
    text = file.read_text(encoding="utf-8")
    problems = check_text(text, VOCABULARY, currency_default=currency)
    lines = text.splitlines()
    for problem in problems:
        say(f"{file}:{problem.line}:{problem.column}: {problem.severity}: {problem.message}")
        if 1 <= problem.line <= len(lines):
            say(f"    {lines[problem.line - 1]}")
            say(f"    {' ' * (problem.column - 1)}^")
        if problem.nearest:
            say(f"    did you mean “{problem.nearest}”?")
    errors = sum(problem.severity == ERROR for problem in problems)
    if errors == 0:
        say(f"{file} can be activated." + (f" {len(problems)} warnings." if problems else ""))
    return errors == 0


def _lines(order: Explained) -> list[str]:
    told, zone = order.explanation, ZoneInfo(order.zone)
    lines = [f"  The order is {told.headline}."]
    for turn in told.turns:
        late = ", late" if turn.late else ""
        lines.append(f"  Turn: {turn.owner}, “{turn.step}”{_since(turn.since, zone)}{_due(turn.due, zone)}{late}")
        lines.append(f"        because {turn.because}.")
    if not told.turns:
        lines.append("  It is nobody's turn.")
    lines.append("")
    lines += [_step_line(step, order.places, zone) for step in told.steps]
    fired = [rule for rule in told.rules if rule.truth is not False]
    if fired:
        lines.append("")
        lines += [f"  rule “{rule.title}”: {rule.sentence}" for rule in fired]
    return lines


def _step_line(step: StepWhy, places: dict[str, str], zone: ZoneInfo) -> str:
    place = f" [{places.get(step.part, step.part)}]" if step.part else ""
    since = _since(step.since, zone)
    return f"  {MARKS.get(step.status, '?')} {step.title}{place}: {step.status}{since}; {step.sentence}"


def _since(at: datetime | None, zone: ZoneInfo) -> str:
    return f" since {_local(at, zone)}" if at is not None else ""


def _due(at: datetime | None, zone: ZoneInfo) -> str:
    return f", due {_local(at, zone)}" if at is not None else ""


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"
