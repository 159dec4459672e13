"""The projection of an order: the columns that lists, filters and the map read. It follows from state and
verdict alone."""

from __future__ import annotations

from datetime import datetime

from ordna.core.flow.model import Flow
from ordna.core.order import encode_state, headline
from ordna.core.outcome import Order, StepNow, encode_verdict
from ordna.store.orders import Row

_TROUBLED = ("refused", "in_doubt")


def row_of(
    order: Order,
    flow: Flow,
    place: tuple[int, str, int, str],
    *,
    acting: bool,
    person_id: str | None,
    person_mark: bytes | None,
    trail: bytes,
    at: datetime,
) -> Row:
    """The row of an order; `place` is (merchant, order id, connection, order ref)."""
    state, body = order.state, order.state.order
    assert body is not None, "only an order whose body was seen has a row"
    turn = whose_turn(order.verdict.steps)
    owner = flow.step(turn.step) if turn else None
    return Row(
        *place,
        state.seq,
        encode_state(state),
        encode_verdict(order.verdict),
        order.verdict.policy,
        body.name,
        name_key(body.name),
        body.placed_at,
        headline(state),
        turn.step if turn else "",
        owner.owner if owner else "",
        turn.since if turn else None,
        turn.due if turn else None,
        needs_attention(order, acting),
        not (state.cancelled or state.closed),
        body.test,
        body.currency,
        body.total,
        body.country,
        body.payment,
        body.customer,
        person_id,
        person_mark,
        trail,
        at,
    )


def name_key(name: str) -> str:
    """An order's name as it is searched for: upper case, without "#" and blanks."""
    return name.replace("#", "").replace(" ", "").upper()[:100]


def whose_turn(steps: tuple[StepNow, ...]) -> StepNow | None:
    """The open step that is due first; those without a limit come last, in flow order."""
    first: StepNow | None = None
    for now in steps:
        if now.status != "open":
            continue
        if first is None or (now.due is not None and (first.due is None or now.due < first.due)):
            first = now
    return first


def needs_attention(order: Order, acting: bool) -> bool:
    """True while something is odd, unreadable, refused outside or in doubt, and nobody has dealt with it. An order
    that is only observed has no tasks: there the causes count."""
    if acting:
        return any(task.kind == "attention" for task in order.verdict.tasks)
    state = order.state
    return bool(state.problems or state.odd_moves or any(ask.status in _TROUBLED for ask in state.asks.values()))
