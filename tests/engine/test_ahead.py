"""Looking ahead: under a backlog the next batch is read while the last one is written, and nothing is lost by it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from ordna.engine import ahead
from ordna.engine.ahead import Ahead
from ordna.engine.lanes import lane_of
from ordna.engine.taking import Taken
from ordna.store import inbox
from ordna.store.inbox import Raw
from tests.engine.conftest import Shop, order_body

CAP = 50


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """A shop whose worker takes fifty messages at a time."""
    shop.stepper.rows_cap = CAP
    shop.stepper._adapt = lambda *_: None  # type: ignore[method-assign]
    return shop


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many messages each look ahead found."""
    found: list[int] = []
    look = Ahead.look

    def counted(self: Ahead, *given: Any) -> None:
        look(self, *given)
        found.append(len(self._batch.rows) if self._batch else 0)

    monkeypatch.setattr(Ahead, "look", counted)
    return found


def test_a_backlog_is_read_ahead_and_each_message_handled_once(busy: Shop, looked: list[int]) -> None:
    for number in range(5000, 5400):
        busy.send("orders/create", order_body(number))

    assert busy.step() == 400

    assert looked.count(CAP) >= 5
    assert set(busy.outcomes()) == {"facts"}
    assert busy.rows("select count(*), sum(seq) = (select count(*) from journal) from orders") == [(400, True)]


def test_a_handful_is_not_looked_beyond(busy: Shop, looked: list[int]) -> None:
    for number in range(5000, 5020):
        busy.send("orders/create", order_body(number))
    busy.step()
    assert looked == []


def test_a_message_committed_late_is_handled_however_long_the_backlog_lasts(
    busy: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number is lower than what was read long ago. Seen red with a step that never takes from the start again."""
    assert _handled_after(busy, 5000) <= ahead.IN_A_ROW_MAX + 1
    monkeypatch.setattr(ahead, "IN_A_ROW_MAX", 1000)
    busy.stepper._ahead = Ahead(busy.database, busy.stepper._policies)
    assert _handled_after(busy, 9000) > 12


def _handled_after(shop: Shop, first: int) -> int:
    """The rounds until the message of order `first` is handled, whose number was drawn before and committed after
    those of a backlog that never ends; at most 13."""
    numbers = iter(range(first + 1, first + 4000))
    late = Raw(1, shop.now, lane_of(str(first)), 7, "orders/create", f"late-{first}", str(first), b"{}", b"")
    shop.send("orders/create", order_body(first + 4000))
    shop.step()
    with psycopg.connect(shop.dsn) as drawing:
        drawing.execute("select set_config('ordna.merchants', '{1}', true)")
        inbox.store(drawing, [late])
        for _ in range(4 * CAP):
            shop.send("orders/create", order_body(next(numbers)))
        shop.stepper.round()
        shop.stepper.round()
        drawing.commit()
    for rounds in range(1, 14):
        for _ in range(2 * CAP):
            shop.send("orders/create", order_body(next(numbers)))
        shop.stepper.round()
        [(waits,)] = shop.rows("select handled_at is null from inbox where webhook_id = %s", late.webhook_id)
        if not waits:
            shop.step()
            return rounds
    shop.step()
    return 13


def test_what_was_read_under_another_lease_is_not_used(busy: Shop, looked: list[int]) -> None:
    for number in range(5000, 5200):
        busy.send("orders/create", order_body(number))
    busy.stepper.round()
    assert looked == [CAP]
    before = {lease[:2]: lease.token for lease in busy.leases.held}
    busy.leases.drop(busy.leases.lanes)
    busy.leases.tend(idle=True)
    assert all(lease.token > before[lease[:2]] for lease in busy.leases.held)
    assert busy.stepper._ahead.batch(busy.leases.held) is None
    assert busy.step() == 150
    assert set(busy.outcomes()) == {"facts"}


def test_a_connection_that_changed_meanwhile_has_its_messages_read_anew(
    busy: Shop, looked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = {"name": "Karen Holm", "country_code": "DK"}
    for number in range(5000, 5000 + 2 * CAP):
        busy.send("orders/create", order_body(number, shipping_address=nowhere))
    busy.stepper.round()
    assert looked == [CAP]
    with busy.database.engine([1]) as conn:
        conn.execute(b"update connection set mode = 'observe' where merchant_id = 1")
    read: list[int] = []
    real = Taken.__init__

    def noted(self: Taken, rows: Any, *rest: Any) -> None:
        read.append(len(rows))
        real(self, rows, *rest)

    monkeypatch.setattr(Taken, "__init__", noted)
    busy.stepper.round()
    assert read == [CAP]
    assert busy.rows("select count(*) from orders") == [(2 * CAP,)]
    assert busy.rows("select count(distinct order_id) from task") == [(CAP,)], "an observed order makes no work"


def test_what_fails_while_it_is_read_ahead_fails_nothing_else(busy: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    real = inbox.take_waiting

    def failing(conn: Any, lanes: Any, **most: int) -> Any:
        if any(behind for _, _, behind in lanes):
            raise psycopg.OperationalError("the connection is gone")
        return real(conn, lanes, **most)

    monkeypatch.setattr(inbox, "take_waiting", failing)
    for number in range(5000, 5200):
        busy.send("orders/create", order_body(number))
    assert busy.step() == 200
    assert set(busy.outcomes()) == {"facts"}
