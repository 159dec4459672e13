"""The bad-input catalogue, case by case: what can be read is applied, what can't is named, the neighbours go on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from ordna.connectors.contract import Unusable
from ordna.connectors.shopify.webhooks import translate
from ordna.core.messages import OrderSeen
from tests.connectors.neighbours import GOOD, picture, problems, replaced, seen
from tests.connectors.shopify_bodies import RECEIVED_AT, Body, line, order, wire

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
