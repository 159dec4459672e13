"""The settled picture: what must not depend on the order in which messages arrived.

Facts, step statuses, holds, open tasks and what is wanted outside are the same for every order of arrival. What may
differ is written down here, in `MAY_DIFFER`, and nothing but the timeline and the clocks reads it:

* `seq`, and the numbers of generations: how many events the same picture took;
* times of ours: when a step opened, when a task opened, when an effect was asked or answered;
* the memory of what was released, claimed or ran late, which follows requests and timers, and those are ordered by
  our commit;
* what stock was given and what is lacking: who gets the last unit follows the order in which claims are settled;
* odd moves and confirmations, which tell of the trail and not of the picture;
* who said no to a fulfillment order, which only a picture taken while it stood so can tell.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ordna.core.order import OrderState, headline, slot_of
from ordna.core.outcome import Order

STOCK = frozenset({"stock_asked", "stock_lapsed", "reserved", "reserved_at", "short", "left", "loose"})
MAY_DIFFER = STOCK | {
    "seq", "asks", "odd_moves", "holds_placed", "routed_at", "risk_version", "paid_at", "late", "rejections"
}  # fmt: skip
HOLD_TIMES = frozenset({"placed_at", "expires_at"})


def settled(order: Order) -> dict[str, Any]:
    """The settled picture of an order as plain values, equal for equal pictures."""
    state = msgspec.to_builtins(order.state)
    facts = {name: value for name, value in state.items() if name not in MAY_DIFFER}
    facts["holds"] = [{k: v for k, v in hold.items() if k not in HOLD_TIMES} for hold in state.get("holds", ())]
    facts["parcels"] = [(p["seen"]["id"], p["progress"], p["seen"]["lines"]) for p in state.get("parcels", ())]
    return {
        "facts": facts,
        "headline": headline(order.state),
        "steps": [(now.step, now.part, now.status) for now in order.verdict.steps],
        "tasks": sorted((slot_of(task.key), task.owner) for task in order.verdict.tasks if not _of_the_trail(task.key)),
    }


def wanted_outside(state: OrderState) -> dict[str, list[str]]:
    """The net outside state of reversible actions: our holds and tags as they are wanted."""
    return {"holds": sorted(hold.handle for hold in state.holds), "tags": sorted(state.tags_wanted)}


def _of_the_trail(key: str) -> bool:
    return key.startswith(("attention:odd:", "attention:short:", "late:"))
