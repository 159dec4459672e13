"""Whether the time has come: what keeps people from working on a fulfillment order now."""

from __future__ import annotations

from typing import Any

from ordna.core.order import covers, handled_units, live_parts, part_of, shipped_units
from ordna.core.outcome import Order, Refusal
from ordna.core.policy import Policy
from ordna.core.steps import upstream_of


def work_on(order: Order, part_id: str, policy: Policy) -> Refusal | None:
    """Why nothing can be done to a fulfillment order: it is gone, cancelled, or has left."""
    part = part_of(order.state, part_id)
    if part is None:
        return Refusal("unknown_part", "part", "The order has no such fulfillment order (any more).")
    if order.state.cancelled:
        return Refusal("order_cancelled", "order", "The order is cancelled.")
    if all(live.id != part_id for live in live_parts(order.state)):
        return Refusal("part_gone", "part", "Its units moved to another fulfillment order, or it was cancelled.")
    if covers(shipped_units(order.state).get(part_id, {}), part.lines):
        return Refusal("already_shipped", "part", "All its units have left already.")
    return None


def held(order: Order) -> Refusal | None:
    """The holds that stand."""
    if not order.state.holds:
        return None
    reasons = ", ".join(hold.reason for hold in order.state.holds)
    return Refusal("held", "order", f"The order is held: {reasons}.")


def step_ready(order: Order, asks: str, part: str, policy: Policy) -> Refusal | None:
    """The flow says when it is time: a step that still waits names what it waits for."""
    step = next((step for step in policy.flow.steps if step.asks == asks), None)
    now = order.verdict.step(step.name, part) if step is not None else None
    if step is None or now is None or now.status != "waiting":
        return None
    needs = upstream_of(policy.flow)[step.name]
    waits = [policy.flow.step(name) for name in needs if _unfinished(order, name, part)]
    names = " and ".join(f"“{earlier.title}”" for earlier in waits if earlier is not None) or "its start"
    return Refusal("not_ready", "part", f"“{step.title}” waits for {names}.")


def _unfinished(order: Order, name: str, part: str) -> bool:
    now = order.verdict.step(name, part) or order.verdict.step(name)
    return now is not None and now.status not in ("done", "skipped", "void")


def done_before(order: Order, part_id: str, handled: Any, code: str, sentence: str) -> Refusal | None:
    """The refusal where all units of the part were handled so already."""
    part = part_of(order.state, part_id)
    done = part is not None and covers(handled_units(order.state, handled).get(part_id, {}), part.lines)
    return Refusal(code, "part", sentence) if done else None


def not_yet(order: Order, part_id: str, handled: Any, code: str, sentence: str) -> Refusal | None:
    """The refusal where not all units of the part were handled so."""
    return None if done_before(order, part_id, handled, code, sentence) else Refusal(code, "part", sentence)
