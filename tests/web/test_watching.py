"""What a connection's page says of its gaps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ordna.store.read.connections import GapRow
from ordna.web.watching import gap_sentence

NOW = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)


def at(hour: int, minute: int) -> datetime:
    """A time of that day in Copenhagen, which is an hour ahead."""
    return datetime(2026, 11, 23, hour - 1, minute, tzinfo=UTC)


def told(**changes: Any) -> str:
    """The sentence about a gap."""
    gap = {"connection_id": 1, "began_at": at(12, 3), "cause": "silent", "topics": "[]", "subscribed_at": None}
    gap |= {"orders": 0, "ended_at": None, "closed_at": None, "waiting": 0, **changes}
    return gap_sentence(GapRow(**gap), NOW, "Europe/Copenhagen")


def test_a_gap_that_is_closed() -> None:
    assert told(ended_at=at(17, 5), closed_at=at(17, 14), orders=1481) == (
        "Silent 12:03–17:05. 1,481 orders were read again; the gap is closed since 17:14."
    )
    assert told(ended_at=at(17, 5), closed_at=at(17, 14)) == (
        "Silent 12:03–17:05. Nothing had changed; the gap is closed since 17:14."
    )


def test_a_gap_that_is_open() -> None:
    assert told().startswith("Silent since 12:03. No step is called late")
    assert told(cause="unreadable").startswith("It could not be read since 12:03.")
    assert told(ended_at=at(17, 5), orders=1481, waiting=320) == (
        "Silent 12:03–17:05. 1,481 orders have changed; 320 still to be read."
    )


def test_subscriptions_that_were_lost() -> None:
    lost = {"cause": "unsubscribed", "topics": '["ORDERS_PAID", "ORDERS_CREATE"]'}
    assert "2 subscriptions were gone from the shop; they are being made again." in told(**lost)
    assert told(**lost, subscribed_at=at(12, 8), ended_at=at(12, 8), closed_at=at(12, 9), orders=1) == (
        "Webhooks were missing 12:03–12:08. 2 subscriptions were gone from the shop and made again at 12:08."
        " 1 order was read again; the gap is closed since 12:09."
    )
