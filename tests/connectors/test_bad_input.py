"""The bad-input catalogue, case by case: what can be read is applied, what can't is named, the neighbours go on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ordna.connectors.contract import Unusable
from ordna.connectors.shopify.webhooks import translate
from ordna.core.messages import OrderSeen, Snapshot
from tests.connectors.shopify_bodies import RECEIVED_AT, Body, fulfillment, line, order, wire

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


# --- J: what JSON can hold and what it can't -----------------------------------------------------------------

PARKED: list[tuple[str, bytes, str]] = [
    ("J1 empty body", b"", "empty_body"),
    ("J1 blank body", b"  \n", "empty_body"),
    ("J2 null", b"null", "not_an_object"),
    ("J2 list", b"[]", "not_an_object"),
    ("J2 text", b'"x"', "not_an_object"),
    ("J2 number", b"1", "not_an_object"),
    ("J4 trailing text", b'{"id":1}x', "bad_json"),
    ("J4 two objects", b'{"id":1}{"id":2}', "bad_json"),
    ("J4 one a line", b'{"id":1}\n{"id":2}\n', "bad_json"),
    ("J8 brackets never closed", b'{"id":1,"note":' + b"[" * 100_000, "bad_json"),
    ("J16 no id", wire({key: value for key, value in order().items() if key != "id"}), "missing_field"),
    ("J16 id null", wire(order(id=None)), "missing_field"),
    ("id is an object", wire(order(id={"a": 1})), "wrong_type"),
    ("id twice", replaced('"id":5012345678901', '"id":1,"id":5012345678901'), "duplicate_key"),
    ("N4 id beyond 2^63", wire(order(id=2**63)), "out_of_range"),
]


@pytest.mark.parametrize(("case", "raw", "code"), PARKED, ids=[case for case, _, _ in PARKED])
def test_a_body_nobody_can_tie_to_an_order_is_parked_with_its_reason(case: str, raw: bytes, code: str) -> None:
    found = translate("orders/updated", raw, RECEIVED_AT)
    assert isinstance(found, Unusable), found
    assert code in [problem.code for problem in found.problems]


def test_j3_a_body_cut_anywhere_says_where_it_stops() -> None:
    for cut in range(1, len(GOOD) - 1, max(1, len(GOOD) // 50)):
        found = translate("orders/updated", GOOD[:cut], RECEIVED_AT)
        assert isinstance(found, Unusable)
        assert [problem.code for problem in found.problems] == ["bad_json"]
        offset = int(found.problems[0].sentence.partition("byte ")[2].partition(":")[0])
        assert 0 <= offset <= cut


def quantity(written: str) -> bytes:
    raw = GOOD.decode()
    at = raw.index('"quantity":1', raw.index('"properties"'))
    return (raw[:at] + f'"quantity":{written}' + raw[at + len('"quantity":1') :]).encode()


def first_sku(seen_order: OrderSeen) -> str | None:
    assert seen_order.lines is not None
    return seen_order.lines[0].sku


FIRST_QUANTITY = "line_items[0].quantity"
UNKNOWN: list[tuple[str, bytes, str, str, Callable[[OrderSeen], object]]] = [
    ("J5 quantity twice", quantity('1,"quantity":99'), "duplicate_key", FIRST_QUANTITY, lambda o: o.lines),
    (
        "J6 NaN",
        replaced('"total_price":"95.00"', '"total_price":NaN'),
        "not_a_number",
        "total_price",
        lambda o: o.total,
    ),
    ("J6 Infinity", quantity("Infinity"), "not_a_number", FIRST_QUANTITY, lambda o: o.lines),
    (
        "J7 1e400",
        replaced('"total_price":"95.00"', '"total_price":1e400'),
        "out_of_range",
        "total_price",
        lambda o: o.total,
    ),
    ("J11 a text of 20 MB", wire(order(note="x" * 20_000_000)), "field_too_long", "note", lambda o: o.note_digest),
    ("J15 lines an object", wire(order(line_items={"0": line(1)})), "wrong_type", "line_items", lambda o: o.lines),
    ("J15 lines a text", wire(order(line_items="two bowls")), "wrong_type", "line_items", lambda o: o.lines),
    ("J15 lines null", wire(order(line_items=None)), "missing_field", "line_items", lambda o: o.lines),
    (
        "J15 a line null",
        wire(order(line_items=[None, line(2)])),
        "missing_field",
        "line_items[0].id",
        lambda o: o.lines,
    ),
    ("J16 no currency", wire(order(currency=None)), "missing_field", "currency", lambda o: o.currency),
    ("J18 new status", wire(order(financial_status="foo")), "unknown_value", "financial_status", lambda o: o.payment),
    (
        "U5 zero width in SKU",
        wire(order(line_items=[line(1, sku="AB\u200bC")])),
        "unknown_sku",
        "line_items[0].sku",
        first_sku,
    ),
    (
        "U5 NBSP in SKU",
        wire(order(line_items=[line(1, sku="AB\u00a0C")])),
        "unknown_sku",
        "line_items[0].sku",
        first_sku,
    ),
    ("U8 ² units", quantity('"²"'), "not_whole", FIRST_QUANTITY, lambda o: o.lines),
    ("N1 −1 units", quantity("-1"), "negative_quantity", FIRST_QUANTITY, lambda o: o.lines),
    ("N3 1.5 units", quantity("1.5"), "not_whole", FIRST_QUANTITY, lambda o: o.lines),
    ("N4 2^31 units", quantity(str(2**31)), "out_of_range", FIRST_QUANTITY, lambda o: o.lines),
    ("N4 2^63 units", quantity(str(2**63)), "out_of_range", FIRST_QUANTITY, lambda o: o.lines),
    ("N6 4,301 digits", quantity("9" * 4301), "out_of_range", FIRST_QUANTITY, lambda o: o.lines),
    ("N8 19.999 EUR", wire(order(total_price="19.999")), "too_precise", "total_price", lambda o: o.total),
    ("N10 Infinity", wire(order(total_price="Infinity")), "bad_amount", "total_price", lambda o: o.total),
    ("N10 1E+1000000", wire(order(total_price="1E+1000000")), "bad_amount", "total_price", lambda o: o.total),
    ("N11 1,234.56", wire(order(total_price="1,234.56")), "bad_amount", "total_price", lambda o: o.total),
    ("N11 1.234,56", wire(order(total_price="1.234,56")), "bad_amount", "total_price", lambda o: o.total),
    ("N11 blanks around", wire(order(total_price=" 10 ")), "bad_amount", "total_price", lambda o: o.total),
    ("N11 1_000", wire(order(total_price="1_000")), "bad_amount", "total_price", lambda o: o.total),
    ("N14 empty currency", wire(order(currency="")), "unknown_currency", "currency", lambda o: o.currency),
    ("N14 eur", wire(order(currency="eur")), "unknown_currency", "currency", lambda o: o.currency),
    ("N14 no currency at all", wire(order(currency="X" * 3)), "unknown_currency", "currency", lambda o: o.currency),
    ("T1 no offset", wire(order(closed_at="2026-11-20T10:00:00")), "no_timezone", "closed_at", lambda o: o.closed_at),
    ("T5 year 0000", wire(order(closed_at="0000-01-01T00:00:00Z")), "out_of_range", "closed_at", lambda o: o.closed_at),
    (
        "T5 past 9999",
        wire(order(closed_at="9999-12-31T23:59:59-05:00")),
        "out_of_range",
        "closed_at",
        lambda o: o.closed_at,
    ),
    (
        "T5 year 10000",
        wire(order(closed_at="10000-01-01T00:00:00Z")),
        "out_of_range",
        "closed_at",
        lambda o: o.closed_at,
    ),
    ("T5 infinity", wire(order(closed_at="infinity")), "out_of_range", "closed_at", lambda o: o.closed_at),
    ("a time nobody can read", wire(order(closed_at="yesterday")), "bad_time", "closed_at", lambda o: o.closed_at),
]


@pytest.mark.parametrize(("case", "raw", "code", "path", "value"), UNKNOWN, ids=[case[0] for case in UNKNOWN])
def test_a_bad_field_is_unknown_with_its_reason_and_everything_else_is_applied(
    case: str, raw: bytes, code: str, path: str, value: Callable[[OrderSeen], object]
) -> None:
    found = picture(raw)
    assert (code, path) in problems(raw)
    assert value(found) is None
    assert found.name == "#1001"
    assert found.country == "DE"


FLAGGED: list[tuple[str, Body, str, str]] = [
    ("N15 line in USD", order(line_items=[line(1, price_set={"shop_money": {"currency_code": "USD"}})]),
     "currency_mismatch", "line_items[0].price_set.shop_money.currency_code"),
    ("N17 two cents off", order(total_price="95.02"), "total_mismatch", "total_price"),
    ("N18 discount above the line", order(line_items=[line(1, total_discount="31.00")]),
     "discount_exceeds_line", "line_items[0].total_discount"),
    ("N18 tax rate 2.5", order(line_items=[line(1, tax_lines=[{"rate": 2.5}])]),
     "bad_tax_rate", "line_items[0].tax_lines[0].rate"),
    ("L1 no lines", order(line_items=[]), "empty_order", "line_items"),
    ("L5 product deleted", order(line_items=[line(1, variant_id=None)]), "unmapped", "line_items[0].variant_id"),
    ("T7 a day ahead", order(updated_at="2026-11-21T10:00:00Z"), "in_future", "updated_at"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "body", "code", "path"), FLAGGED, ids=[case[0] for case in FLAGGED])
def test_an_odd_order_is_applied_and_flagged(case: str, body: Body, code: str, path: str) -> None:
    found = picture(wire(body))
    assert (code, path) in problems(wire(body))
    assert found.lines is not None
    assert len(found.lines) == len(body["line_items"])


ACCEPTED: list[tuple[str, bytes]] = [
    ("J12 byte order mark", b"\xef\xbb\xbf" + GOOD),
    ("J18 500 unknown fields", wire({**order(), **{f"new_{n}": {"n": n} for n in range(500)}})),
    ("spaces and line ends", json.dumps(order(), indent=2).encode()),
    ("escaped slashes and letters", json.dumps(order()).replace("/", "\\/").encode()),
    ("colons and brackets in texts", wire(order(note=None, landing_site="a:b:c [x] {y} \\u003a"))),
    ("N19 nothing to pay", wire(order(total_price="0.00", total_price_set=None, total_discounts="100.00"))),
]


@pytest.mark.parametrize(("case", "raw"), ACCEPTED, ids=[case for case, _ in ACCEPTED])
def test_an_unusual_body_that_says_the_same_is_read_the_same(case: str, raw: bytes) -> None:
    found = seen(raw)
    assert found.problems == ()
    if not case.startswith("N19"):
        assert found == translate("orders/updated", GOOD, RECEIVED_AT)


def test_j8_what_is_nested_too_deep_is_unknown_and_the_order_goes_on() -> None:
    deep = "[" * 1000 + "]" * 1000
    in_unread_field = replaced('"source_name":', f'"client_details":{deep},"source_name":')
    assert problems(in_unread_field) == {("too_deep", "client_details" + "[0]" * 63)}
    assert picture(in_unread_field).total == 9500
    in_the_note = replaced('"note":null', f'"note":{deep}')
    assert picture(in_the_note).note_digest is None
    assert ("wrong_type", "note") in problems(in_the_note)


@pytest.mark.parametrize(("levels", "kept"), [(63, True), (64, False), (70, False), (1000, False), (100_000, False)])
def test_j8_the_cap_is_the_same_however_deep_it_goes(levels: int, kept: bool) -> None:
    raw = replaced('"source_name":', f'"client_details":{"[" * levels}{"]" * levels},"source_name":')
    assert ("too_deep" in {code for code, _ in problems(raw)}) is not kept
    assert picture(raw).total == 9500


def test_j10_too_many_of_anything_is_refused_quickly() -> None:
    wide = wire(order(client_details={f"k{n}": n for n in range(100_000)}))
    long = wire(order(client_details=list(range(1_000_000))))
    for raw in (wide, long):
        started = time.process_time()
        found = problems(raw)
        took = time.process_time() - started
        assert found == {("too_many_items", "client_details")}
        assert took < 1.0
        assert picture(raw).total == 9500


def test_j14_bytes_that_are_not_utf8_make_their_field_unknown() -> None:
    raw = GOOD.replace(b'"title":"Standard"', b'"title":"St\xffndard"')
    assert raw != GOOD
    assert problems(raw) == {("bad_encoding", "shipping_lines[0].title")}
    assert picture(raw).shipping_method is None
    assert picture(raw).total == 9500


def test_l2_a_thousand_lines_are_fine_and_ten_thousand_and_one_are_too_many() -> None:
    def lines(count: int) -> list[Body]:
        return [{"id": n + 1, "quantity": 1, "title": "Bowl", "variant_id": 1, "price": "1.00"} for n in range(count)]

    started = time.process_time()
    found = picture(wire(order(line_items=lines(1000))))
    assert time.process_time() - started < 5
    assert found.lines is not None
    assert len(found.lines) == 1000
    too_many = wire(order(line_items=lines(10_001)))
    assert ("too_many_lines", "line_items") in problems(too_many)
    assert picture(too_many).lines is None


# --- U, N, L, T: what means the same, and what is kept -------------------------------------------------------


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
