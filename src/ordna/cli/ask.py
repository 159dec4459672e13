"""Commands that answer a question: explain an order, prove the journal, check a flow file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ordna.cli.database import opened
from ordna.cli.say import Progress, say
from ordna.core.explain import Explanation, StepWhy, explain
from ordna.core.flow import check_text
from ordna.core.flow.problems import ERROR
from ordna.core.order import decode_state
from ordna.core.outcome import Order, decode_verdict
from ordna.core.vocabulary import VOCABULARY
from ordna.engine import clock
from ordna.engine.policies import Policies
from ordna.engine.project import name_key
from ordna.engine.replay import replay
from ordna.site import place
from ordna.store import linking
from ordna.store.database import Database
from ordna.store.sealing import keyring

MARKS = {"done": "✓", "open": "→", "paused": "=", "waiting": "·", "skipped": "-", "void": "x"}


def explain_order(name: str) -> None:
    """Print whose turn it is, since when and why, for every order of that name."""
    with opened() as dsn:
        database = Database(dsn, connections_max=2)
        try:
            found = _explained(database, name)
        finally:
            database.close()
    if not found:
        say(f"No order is called “{name}”.")
        raise SystemExit(1)
    for title, told in found:
        say("\n".join([title, *_lines(told), ""]))


def replay_all(merchant: int | None) -> None:
    """Fold every journal anew and compare; exit 1 when something does not agree."""
    with opened() as dsn:
        database = Database(dsn, connections_max=2)
        try:
            with Progress("Folding journals") as progress:
                report = replay(database, merchant, lambda done: progress.at(f"{done:,} orders"))
        finally:
            database.close()
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


def _explained(database: Database, name: str) -> list[tuple[str, Explanation]]:
    policies = Policies(keyring(place.home()))
    with database.engine(()) as conn:
        merchants = linking.merchants(conn)
    with database.engine(merchants) as conn:
        rows = linking.named_orders(conn, merchants, name_key(name), name)
        known = policies.connections(conn, {(row.merchant_id, row.connection_id) for row in rows})
        out = []
        for row in rows:
            order = Order(decode_state(row.state), decode_verdict(row.verdict))
            connection = known[row.merchant_id, row.connection_id]
            policies.load(conn, [(row.merchant_id, order.verdict.policy)])
            policy = policies.policy(connection, order.verdict.policy)
            mode = "" if connection.mode == "live" else f" (the connection is in {connection.mode})"
            out.append((f"{row.name}{mode}", explain(order, policy, clock.now())))
    return out


def _lines(told: Explanation) -> list[str]:
    lines = [f"  The order is {told.headline}."]
    for turn in told.turns:
        late = ", late" if turn.late else ""
        lines.append(f"  Turn: {turn.owner}, “{turn.step}”{_since(turn.since)}{_due(turn.due)}{late}")
        lines.append(f"        because {turn.because}.")
    if not told.turns:
        lines.append("  It is nobody's turn.")
    lines.append("")
    lines += [_step_line(step) for step in told.steps]
    fired = [rule for rule in told.rules if rule.truth is not False]
    if fired:
        lines.append("")
        lines += [f"  rule “{rule.title}”: {rule.sentence}" for rule in fired]
    return lines


def _step_line(step: StepWhy) -> str:
    part = f" [{step.part}]" if step.part else ""
    return f"  {MARKS.get(step.status, '?')} {step.title}{part}: {step.status}{_since(step.since)}; {step.sentence}"


def _since(at: datetime | None) -> str:
    return f" since {at:%Y-%m-%d %H:%M} UTC" if at is not None else ""


def _due(at: datetime | None) -> str:
    return f", due {at:%Y-%m-%d %H:%M} UTC" if at is not None else ""
