"""Replay proves that the journal explains what is stored, and says what does not agree when it does not."""

from __future__ import annotations

import psycopg
import pytest

from ordna.core.messages import PlaceHold
from ordna.engine.policies import Policies
from ordna.engine.replay import check_fold, replay
from ordna.engine.requests import ask
from tests.engine.conftest import NOON, Shop, later, order_body


@pytest.fixture
def lived(shop: Shop) -> Shop:
    """Twenty orders that were placed, changed and held."""
    for number in range(5001, 5021):
        shop.send("orders/create", order_body(number, financial_status="pending"))
        shop.send("orders/paid", order_body(number, updated_at=later(2)))
    shop.step()
    for number in range(5001, 5006):
        ask(shop.database, Policies(shop.ring), 1, f"7-{number}", PlaceHold("call", "service"), "ida", None, NOON)
    return shop


def test_what_was_written_is_proved(lived: Shop) -> None:
    told: list[int] = []
    report = replay(lived.database, 1, told.append)
    assert report.sound
    assert report.orders == 20
    assert report.events == lived.rows("select count(*) from journal")[0][0]
    assert report.links == lived.rows("select count(*) from journal_object")[0][0] > 20
    assert told == [20]


@pytest.mark.parametrize(
    ("spoil", "mend", "what"),
    [
        (
            "update orders set state = replace(encode(state, 'escape'), 'paid', 'void')::bytea"
            " where order_id = '7-5001'",
            "update orders set state = replace(encode(state, 'escape'), 'void', 'paid')::bytea"
            " where order_id = '7-5001'",
            "state",
        ),
        (
            "update journal_object set seconds_since = seconds_since + 1 where order_id = '7-5002'",
            "update journal_object set seconds_since = seconds_since - 1 where order_id = '7-5002'",
            "links",
        ),
        (
            "update orders set seq = seq + 1 where order_id = '7-5003'",
            "update orders set seq = seq - 1 where order_id = '7-5003'",
            "gap",
        ),
        (
            # The journal's key has the time in it, so the tables take the same number twice, in two months.
            "insert into journal select merchant_id, order_id, seq, kind, version, occurred_at,"
            " recorded_at + interval '99 days', actor_kind, actor, cause, policy_version, data"
            " from journal where order_id = '7-5006' and seq = 2",
            "delete from journal where recorded_at > now() + interval '50 days'",
            "gap",
        ),
        (
            "update orders set order_id = '7-x' where order_id = '7-5004'",
            "update orders set order_id = '7-5004' where order_id = '7-x'",
            "orphan",
        ),
        (
            "update orders set trail = replace(encode(trail, 'escape'), 'Payment', 'Pigment')::bytea"
            " where order_id = '7-5005'",
            "update orders set trail = replace(encode(trail, 'escape'), 'Pigment', 'Payment')::bytea"
            " where order_id = '7-5005'",
            "trail",
        ),
    ],
)
def test_what_does_not_follow_from_the_journal_is_found(lived: Shop, spoil: str, mend: str, what: str) -> None:
    change(lived, spoil)
    report = replay(lived.database)
    assert what in {mismatch.what for mismatch in report.mismatches}
    with pytest.raises(AssertionError, match=what):
        check_fold(lived.database)
    change(lived, mend)
    assert replay(lived.database).sound


def change(shop: Shop, statement: str) -> None:
    with psycopg.connect(shop.dsn) as conn:
        assert conn.execute(statement.encode()).rowcount > 0
