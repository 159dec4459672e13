"""The bad-input catalogue from the inbox on (its letter Q): each case among twenty good orders, which all go on.

The tables of `tests/connectors/test_bad_input.py` say what each case comes to; here they travel as stored messages.
Group W is what comes in an odd order, or much of it.
"""

from __future__ import annotations

import json
from datetime import timedelta

from ordna.core.order import decode_state
from ordna.store.packing import unpack
from tests.connectors import test_bad_input as catalogue
from tests.connectors.shopify_bodies import RECEIVED_AT, wire
from tests.engine.conftest import Shop, later, order_body

GOOD = range(7001, 7021)
_ID = b"5012345678901"
_BYTES_MAX = 2_000_000  # larger ones are read by the connector's own test


def send_good(shop: Shop) -> None:
    stamps = dict.fromkeys(("created_at", "processed_at", "updated_at"), "2026-11-20T09:00:00Z")
    for number in GOOD:
        shop.send("orders/create", order_body(number, **stamps))


def assert_good(shop: Shop) -> None:
    """The good orders are there, and nobody's attention is asked for."""
    names = {f"7-{number}" for number in GOOD}
    assert {row[0] for row in shop.rows("select order_id from orders")} >= names
    asked = {row[0] for row in shop.rows("select order_id from task where kind = 'attention'")}
    assert not asked & names
    assert "quarantined" not in shop.outcomes()


def test_what_nobody_can_tie_to_an_order_is_set_aside_with_its_raw_bytes(shop: Shop) -> None:
    shop.now = RECEIVED_AT
    send_good(shop)
    for _, raw, _ in catalogue.PARKED:
        shop.send("orders/updated", raw)
    shop.step()
    assert_good(shop)
    parked = shop.rows("select outcome, body, error, raw_bytes from inbox where order_hint is null order by inbox_id")
    assert {row[0] for row in parked} == {"unusable"}
    assert [unpack(bytes(row[1]), row[3]) for row in parked] == [raw for _, raw, _ in catalogue.PARKED]
    assert all(row[2] for row in parked)


def test_a_bad_field_is_unknown_with_its_code_and_the_order_goes_on(shop: Shop) -> None:
    shop.now = RECEIVED_AT
    send_good(shop)
    expected: dict[str, tuple[str, str, str]] = {}
    rows = [(case, raw, code, path) for case, raw, code, path, _ in catalogue.UNKNOWN if len(raw) < _BYTES_MAX]
    rows += [(case, wire(body), code, path) for case, body, code, path in catalogue.FLAGGED]
    for place, (case, raw, code, path) in enumerate(rows):
        number = 5012345679000 + place
        assert raw.count(_ID) >= 1, case
        shop.send("orders/updated", raw.replace(_ID, str(number).encode()))
        expected[f"7-{number}"] = (case, code, path)
    shop.step()
    assert_good(shop)
    states = {row[0]: decode_state(bytes(row[1])) for row in shop.rows("select order_id, state from orders")}
    for order_id, (case, code, path) in expected.items():
        known = {problem.code for problem in states[order_id].problems["order"] if problem.path == path}
        assert code in known | {code.replace("in_future", "in_the_future")} & known, case
    asked = {row[0] for row in shop.rows("select order_id from task where kind = 'attention'")}
    assert asked == set(expected)


def test_j3_a_body_cut_anywhere_stops_only_itself(shop: Shop) -> None:
    send_good(shop)
    cuts = range(1, len(catalogue.GOOD) - 1, len(catalogue.GOOD) // 50)
    for cut in cuts:
        shop.send("orders/updated", catalogue.GOOD[:cut])
    shop.step()
    assert_good(shop)
    assert shop.outcomes().count("unusable") == len(cuts)


def test_u1_a_nul_is_stored_raw_and_marked_in_the_copy(shop: Shop) -> None:
    raw = json.dumps(order_body(5001, note="a\x00b", tags="c\x00d")).encode()
    shop.send("orders/create", raw)
    shop.step()
    [(body, size)] = shop.rows("select body, raw_bytes from inbox")
    assert unpack(bytes(body), size) == raw
    [(state,)] = shop.rows("select state from orders")
    order = decode_state(bytes(state)).order
    assert order is not None and order.tags == ("c\ufffdd",)


def test_w1_updated_and_paid_before_created_is_one_order_in_the_right_state(shop: Shop) -> None:
    shop.send("orders/paid", order_body(5001, updated_at=later(2), financial_status="paid"))
    shop.send("orders/updated", order_body(5001, updated_at=later(1), financial_status="pending"))
    shop.send("orders/create", order_body(5001, financial_status="pending"))
    shop.step()
    [(state,)] = shop.rows("select state from orders")
    order = decode_state(bytes(state)).order
    assert order is not None and order.payment == "paid"
    assert shop.outcomes().count("facts") == 1


def test_w6_five_hundred_updates_of_one_order_lose_none_that_counts(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001))
    send_good(shop)
    for minute in range(1, 501):
        shop.send("orders/updated", order_body(5001, updated_at=later(minute / 100), tags=f"edit {minute}"))
    shop.now = shop.now.replace(hour=23)
    shop.step()
    assert_good(shop)
    [(state,)] = shop.rows("select state from orders where order_id = '7-5001'")
    order = decode_state(bytes(state)).order
    assert order is not None and order.tags == ("edit 500",)


def test_w8_a_test_order_is_marked_and_held_by_the_first_flow(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001, test=True))
    shop.step()
    assert shop.rows("select test from orders") == [(True,)]
    [(state,)] = shop.rows("select state from orders")
    assert [hold.rule for hold in decode_state(bytes(state)).holds] == ["test order"]
    assert shop.rows("select count(*) from effect where kind <> 'HoldPart'") == [(0,)]


def test_w9_a_version_that_drops_a_field_breaks_nothing_and_says_what_is_missing(shop: Shop) -> None:
    whole = order_body(5001)
    send_good(shop)
    for place, name in enumerate(sorted(whole)):
        body = order_body(6001 + place)
        del body[name]
        shop.send("orders/updated", body)
    shop.step()
    assert_good(shop)
    told = " ".join(str(row[0]) for row in shop.rows("select reason from task where kind = 'attention'"))
    for name in ("currency", "total_price", "line_items", "updated_at", "name"):
        assert name in told


def test_w10_compliance_topics_of_unknown_people_are_taken_calmly(shop: Shop) -> None:
    send_good(shop)
    person = {"id": 1, "email": "nobody@example.com", "phone": None}
    ask = {"shop_id": 1, "shop_domain": shop.domain, "customer": person}
    for topic, more in (
        ("customers/redact", {"orders_to_redact": [1]}),
        ("customers/redact", {"orders_to_redact": [], "customer": {"email": "nobody@example.com"}}),
        ("customers/data_request", {"orders_requested": []}),
    ):
        shop.send(topic, {**ask, **more})
    shop.step()
    assert_good(shop)


def test_t6_our_clock_may_jump_and_the_leases_stand(shop: Shop) -> None:
    send_good(shop)
    shop.step()
    for minutes in (5, -5, -60, 90):
        shop.now += timedelta(minutes=minutes)
        shop.send("orders/updated", order_body(7001, updated_at=later(200 + minutes), tags=f"jump {minutes}"))
        assert shop.step() == 1
    held = shop.rows("select count(*) from lease where merchant_id = 1 and until > now() and owner is not null")
    assert held[0][0] >= 1
    assert "quarantined" not in shop.outcomes()
