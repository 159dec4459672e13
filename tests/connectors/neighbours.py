"""A body's meaning, read between two good neighbours that must come out untouched."""

from __future__ import annotations

from ordna.connectors.contract import Unusable
from ordna.connectors.shopify.webhooks import translate
from ordna.core.messages import OrderSeen, Snapshot
from tests.connectors.shopify_bodies import RECEIVED_AT, order, wire

GOOD = wire(order())


def seen(raw: bytes) -> Snapshot:
    """The snapshot of a body, with a good neighbour on either side that must come out untouched."""
    before = translate("orders/updated", GOOD, RECEIVED_AT)
    found = translate("orders/updated", raw, RECEIVED_AT)
    assert translate("orders/updated", GOOD, RECEIVED_AT) == before
    assert isinstance(before, Snapshot)
    assert before.problems == ()
    assert isinstance(found, Snapshot), found
    return found


def picture(raw: bytes) -> OrderSeen:
    found = seen(raw).order
    assert found is not None
    return found


def problems(raw: bytes) -> set[tuple[str, str]]:
    found = translate("orders/updated", raw, RECEIVED_AT)
    assert isinstance(found, (Snapshot, Unusable)), found
    assert all(problem.sentence for problem in found.problems)
    return {(problem.code, problem.path) for problem in found.problems}


def replaced(text: str, by: str) -> bytes:
    assert text in GOOD.decode()
    return GOOD.decode().replace(text, by, 1).encode()
