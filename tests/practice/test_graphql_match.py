"""The practice shop answers recorded calls of the real Admin API as Shopify did."""

from __future__ import annotations

from pathlib import Path

from ordna.practice.recorded import Names, RecordedCall, replay, same
from ordna.practice.recorded_page import judged, match_page

from .admin_api import SAMPLES

RECORDINGS = SAMPLES / "graphql"
PAGE = Path(__file__).parents[2] / "docs" / "practice-match.md"
MATCHED_AT_LEAST = 804


def test_no_fewer_recorded_calls_match_than_before_and_the_page_says_which() -> None:
    if RECORDINGS.exists():
        verdicts, foreign = judged(RECORDINGS)
        assert sum(1 for verdict in verdicts if verdict.difference is None) >= MATCHED_AT_LEAST
        assert match_page(verdicts, foreign) == PAGE.read_text(encoding="utf-8")


def test_the_page_names_the_share_that_matches() -> None:
    assert " recorded calls match.**" in PAGE.read_text(encoding="utf-8")


def test_another_status_message_or_missing_key_is_a_difference() -> None:
    assert same({"status": "OPEN"}, {"status": "OPEN"}, Names()) is None
    assert same({"status": "OPEN"}, {"status": "CLOSED"}, Names()) == '.status: "OPEN" recorded, "CLOSED" here'
    assert same({"userErrors": []}, {"userErrors": [{}]}, Names()) == ".userErrors: 0 recorded, 1 here"
    assert same({"a": 1, "b": None}, {"a": 1}, Names()) == ": only one side has b"
    assert same(True, 1, Names()) is not None


def test_one_recorded_id_stands_for_one_of_ours() -> None:
    names = Names()
    assert same("gid://shopify/Order/11", "gid://shopify/Order/5", names) is None
    assert same("gid://shopify/Order/11", "gid://shopify/Order/6", names) is not None
    assert same("gid://shopify/Order/11", "gid://shopify/Fulfillment/5", names) is not None
    assert names.translate({"id": "gid://shopify/Order/11"}) == {"id": "gid://shopify/Order/5"}


def test_times_amounts_and_order_names_are_compared_by_what_they_mean() -> None:
    assert same("2026-07-01T10:00:00Z", "2026-11-20T09:30:00Z", Names()) is None
    assert same("20.00", "20.0", Names()) is None
    assert same("20.00", "20.01", Names()) is not None
    assert same("#1584", "#1001", Names()) is None
    assert same(None, "2026-11-20T09:30:00Z", Names()) is not None


def test_a_replay_carries_the_state_from_one_call_to_the_next() -> None:
    order = {"lineItems": [{"title": "A", "quantity": 2, "requiresShipping": True}]}
    create = "mutation C($order: OrderCreateOrderInput!) { orderCreate(order: $order) { order { id } } }"
    close = "mutation X($input: OrderCloseInput!) { orderClose(input: $input) { order { id closed } } }"
    recorded = {"id": "gid://shopify/Order/77"}
    calls = [
        RecordedCall("f", "0", create, {"order": order}, {"data": {"orderCreate": {"order": recorded}}}),
        RecordedCall(
            "f", "1", close, {"input": recorded}, {"data": {"orderClose": {"order": {**recorded, "closed": True}}}}
        ),
    ]
    assert [verdict.difference for verdict in replay(calls)] == [None, None]
    calls[1].answer["data"]["orderClose"]["order"]["closed"] = False
    assert replay(calls)[1].difference == ".data.orderClose.order.closed: false recorded, true here"
