"""The catalogue's quiet half: what is written differently and means the same, and what is odd and kept as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ordna.connectors.shopify.webhooks import translate
from ordna.core.messages import Snapshot
from tests.connectors.neighbours import picture, problems, replaced, seen
from tests.connectors.shopify_bodies import RECEIVED_AT, fulfillment, line, order, wire


def test_u1_u2_a_nul_becomes_a_mark_and_an_escaped_backslash_stays() -> None:
    with_nul = seen(replaced('"note":null', '"note":"a\\u0000b"'))
    assert with_nul.person is not None
    assert with_nul.person.note == "a\ufffdb"
    escaped = seen(replaced('"note":null', '"note":"a\\\\u0000b"'))
    assert escaped.person is not None
    assert escaped.person.note == "a\\u0000b"


def test_u6_letters_and_their_parts_are_one_text() -> None:
    composed = seen(wire(order(tags="Ærø é", email="zoé@example.com", line_items=[line(1, sku="CAFÉ")])))
    decomposed = seen(
        wire(order(tags="Ærø e\u0301", email="zoe\u0301@example.com", line_items=[line(1, sku="CAFE\u0301")]))
    )
    assert composed == decomposed


@pytest.mark.parametrize("field", ["zip", "name", "address1", "city", "country_code"])
@pytest.mark.parametrize("blank", ["", None, "   ", "missing"])
def test_u11_empty_null_missing_and_blank_are_one_incomplete_address(field: str, blank: str | None) -> None:
    body = order()
    address = body["shipping_address"]
    address |= {"first_name": None, "last_name": None} if field == "name" else {}
    if blank == "missing":
        del address[field]
    else:
        address[field] = blank
    found = seen(wire(body))
    assert found.order is not None
    assert found.order.address_complete is False
    assert found.problems == ()


def test_u12_a_tracking_number_is_one_line() -> None:
    raw = wire(fulfillment(tracking_numbers=["JD\r\nX-Evil: 1\x1b[31m"]))
    found = translate("fulfillments/update", raw, RECEIVED_AT)
    assert isinstance(found, Snapshot)
    assert found.shipments[0].tracking == "JDX-Evil: 1[31m"


def test_u12_what_is_one_line_stays_one_line_and_a_note_keeps_its_lines() -> None:
    found = seen(wire(order(name="#1001\r\nSet-Cookie: x", tags="a\x1b[31mb", note="Ring\ntwice")))
    assert found.order is not None
    assert found.order.name == "#1001  Set-Cookie: x"
    assert found.order.tags == ("a [31mb",)
    assert found.person is not None
    assert found.person.note == "Ring\ntwice"


def test_a_problem_never_repeats_what_a_persons_field_holds() -> None:
    changes = {
        "shipping_address": "Ada Holm, Lange Reihe 7",
        "billing_address": ["Ada Holm"],
        "customer": "Ada Holm",
        "email": {"to": "ada@example.com"},
        "note": ["call 040 123"],
        "closed_at": ["Ada"],
    }
    found = seen(wire(order(**changes)))
    assert len(found.problems) == len(changes)
    for private in ("Ada", "Holm", "Reihe", "example.com", "040"):
        assert private not in repr(found.problems)


def test_an_order_handed_over_at_the_till_needs_no_address() -> None:
    assert picture(wire(order(source_name="pos", shipping_address=None))).address_complete is True
    assert picture(wire(order(shipping_address=None))).address_complete is False


def test_n2_a_line_of_no_units_is_kept() -> None:
    found = picture(wire(order(line_items=[line(1, quantity=0), line(2)])))
    assert found.lines is not None
    assert [each.quantity for each in found.lines] == [0, 1]


def test_n8_unit_prices_are_kept_exactly_and_spelled_one_way() -> None:
    found = picture(wire(order(line_items=[line(1, price="19.999"), line(2, price="100.0"), line(3, price="0.50")])))
    assert found.lines is not None
    assert [each.price for each in found.lines] == ["19.999", "100.00", "0.50"]


def test_n12_minus_nothing_is_nothing() -> None:
    parts = {"total_price": "-0.00", "total_discounts": "100.00", "total_price_set": None}
    assert picture(wire(order(**parts))).total == 0


def test_n16_shop_money_decides_and_presentment_money_is_kept() -> None:
    both = {
        "shop_money": {"amount": "95.00", "currency_code": "EUR"},
        "presentment_money": {"amount": "11400", "currency_code": "JPY"},
    }
    found = picture(wire(order(total_price_set=both, presentment_currency="JPY")))
    assert (found.total, found.currency, found.paid_total, found.paid_currency) == (9500, "EUR", 11400, "JPY")


def test_n17_one_minor_unit_off_is_rounding_and_more_names_both_sums() -> None:
    assert problems(wire(order(total_price="95.01"))) == set()
    found = seen(wire(order(total_price="96.00")))
    assert "96.00" in found.problems[0].sentence
    assert "95.00" in found.problems[0].sentence


def test_l7_a_gift_card_never_ships_and_needs_no_address() -> None:
    found = picture(wire(order(line_items=[line(1, gift_card=True, variant_id=None)], shipping_address=None)))
    assert found.lines is not None
    assert not found.lines[0].ships
    assert found.address_complete is True


def test_t2_a_leap_second_is_the_last_moment_of_its_minute() -> None:
    found = picture(wire(order(closed_at="2016-12-31T23:59:60Z")))
    assert found.closed_at == datetime(2016, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


def test_t7_a_version_from_the_future_is_held_back_to_our_clock_so_that_later_updates_win() -> None:
    ahead = picture(wire(order(updated_at="2026-11-21T10:00:00Z")))
    later = translate(
        "orders/updated", wire(order(updated_at="2026-11-20T10:30:00Z")), RECEIVED_AT + timedelta(hours=1)
    )
    assert ahead.version == RECEIVED_AT
    assert isinstance(later, Snapshot)
    assert later.order is not None
    assert later.order.version > ahead.version


def test_an_address_nobody_can_read_is_unknown_rather_than_incomplete() -> None:
    for broken in (
        wire(order(shipping_address="Lange Reihe 7")),
        wire(order(shipping_address={"zip": 20099, "name": "A"})),
    ):
        assert picture(broken).address_complete is None


def test_without_a_readable_update_time_the_picture_is_as_old_as_the_body_proves() -> None:
    found = picture(wire(order(updated_at="2026-11-20T10:00:00")))
    assert found.version == datetime(2026, 11, 20, 8, 58, 30, tzinfo=UTC)
