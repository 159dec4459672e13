"""A shop that is only observed: its month comes in, and nobody there or here is moved by it."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Observed


@pytest.mark.parametrize("observed", [(30, 6)], indirect=True)
def test_a_month_comes_in_and_changes_nothing(observed: Observed) -> None:
    shop = observed.practice.get("/_practice/orders")
    assert shop["count"] > 120, "that is no month"
    assert observed.practice.changes() == 0, observed.practice.get("/_practice/mutations")
    assert observed.one("select count(*) from orders") == shop["count"]
    stands = observed.one("select progress from watch where duty = 'history'")
    assert stands["refused"] is None, "the shop gathered them in bulk"
    assert stands["filed"] > 0.8 * shop["count"], "only orders with refunds are read by themselves"
    assert stands["points"] < 300
    assert observed.one("select count(*) from orders where open") > 0
    assert observed.one("select count(*) from task") == 0, "observing makes no work"
    assert observed.one("select count(*) from effect") == 0, "observing asks nothing of the shop"
    overdue = "select count(*) from journal where kind in ('StepRanLate', 'HoldExpired')"
    assert observed.one(overdue) == 0, "observing, no clock acts"
    observed.prove_journal()


@pytest.mark.parametrize("observed", [(30, 2)], indirect=True)
def test_what_is_paid_and_shipped_there_is_so_here(observed: Observed) -> None:
    """The headline of each order that is over at the shop says so, and no other does."""
    there = {order["name"]: order for order in observed.practice.get("/_practice/orders")["orders"]}
    here = dict(observed.rows("select name, headline from orders"))
    assert here.keys() == there.keys()
    cancelled = {name for name, order in there.items() if order["cancelled_at"]}
    assert {name for name, headline in here.items() if headline == "cancelled"} == cancelled
    closed = {name for name, order in there.items() if order["closed_at"]} - cancelled
    assert {name for name, headline in here.items() if headline == "closed"} == closed
