"""The bad-input catalogue at the API (its letter R): a refusal with code, field and sentence, and nothing written.

Every case goes between good requests of good orders, which must all be accepted.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordna.api import strict, wire
from ordna.api.errors import Unusable
from tests.api.test_api import Call, call, caller, problem
from tests.web.conftest import House, browser, house, neighbour, pages, pages_template

__all__ = ["browser", "call", "caller", "house", "neighbour", "pages", "pages_template"]

NEIGHBOURS = 20
WISH = {"order": "7-1001", "request": {"type": "hold", "reason": "call them", "owner": "service"}}


def wish(**changes: Any) -> bytes:
    """A list of one request, with fields of the request changed."""
    return json.dumps([{**WISH, "request": {**WISH["request"], **changes}}]).encode()  # type: ignore[dict-item]


GOOD = wish()
DEEP = b'[{"order":"7-1001","request":' + b"[" * 1000 + b"]" * 1000 + b"}]"

#: (the catalogue's number and case, body, code, field)
REFUSED: list[tuple[str, bytes, str, str]] = [
    ("J1 empty body", b"", "empty_body", ""),
    ("J1 blank body", b" \n ", "empty_body", ""),
    ("J2 null", b"null", "invalid", ""),
    ("J2 text", b'"x"', "invalid", ""),
    ("J2 number", b"1", "invalid", ""),
    ("J2 a list of null", b"[null]", "invalid", "[0]"),
    ("J4 trailing text", GOOD + b"x", "not_json", ""),
    ("J4 two lists", GOOD + GOOD, "not_json", ""),
    ("J4 one a line", b'{"a":1}\n{"a":1}\n', "not_json", ""),
    ("J5 a key twice", GOOD.replace(b'"order":', b'"order": "7-9", "order":'), "duplicate_key", "order"),
    ("J6 NaN", GOOD.replace(b'"call them"', b"NaN"), "not_a_number", ""),
    ("J6 Infinity", GOOD.replace(b'"call them"', b"-Infinity"), "not_a_number", ""),
    ("J7 1e400", GOOD.replace(b'"call them"', b"1e400"), "out_of_range", ""),
    ("J8 nesting 1,000", DEEP, "too_deep", ""),
    ("J8 brackets never closed", b"[" * 100_000, "too_deep", ""),
    ("J10 100,000 keys", json.dumps({f"k{n}": n for n in range(100_000)}).encode(), "too_many_items", ""),
    ("J10 a list of 500,000", json.dumps([1] * 500_000).encode(), "too_many_items", ""),
    ("J11 a text of 1 MB", wish(reason="x" * 1_000_000), "field_too_long", "[0].request.reason"),
    ("J11 a body of 20 MB", wish(reason="x" * 20_000_000), "too_large", ""),
    ("J14 not UTF-8", GOOD.replace(b"call", b"c\xffll"), "bad_encoding", ""),
    ("J14 half a character", GOOD.replace(b"call", b"\\ud83d"), "bad_encoding", "[0].request.reason"),
    ("J15 the request a text", b'[{"order":"7-1001","request":"hold"}]', "invalid", "[0].request"),
    ("J15 the request a list", b'[{"order":"7-1001","request":[]}]', "invalid", "[0].request"),
    ("J16 no order", b'[{"request":{"type":"hold","reason":"x","owner":"service"}}]', "invalid", "[0]"),
    ("J16 no reason", b'[{"order":"7-1001","request":{"type":"hold","owner":"service"}}]', "invalid", "[0].request"),
    ("J18 a new kind", wish(type="fly"), "invalid", "[0].request.type"),
    ("J18 an unknown field", wish(colour="red"), "unknown_field", "[0].request"),
    ("U1 NUL in a text", wish(reason="a\x00b"), "bad_text", "[0].request.reason"),
    ("N3 a version of 1.5", GOOD.replace(b'"order":', b'"saw_version":1.5,"order":'), "invalid", "[0].saw_version"),
    ("N1 a version of -1", GOOD.replace(b'"order":', b'"saw_version":-1,"order":'), "invalid", "[0].saw_version"),
    ("N4 a version of 2^63", GOOD.replace(b'"order":', b'"saw_version":9223372036854775808,"order":'),
     "invalid", "[0].saw_version"),
    ("N6 4,301 digits", GOOD.replace(b'"order":', b'"saw_version":' + b"9" * 4301 + b',"order":'), "out_of_range", ""),
    ("U8 a version of ²", GOOD.replace(b'"order":', '"saw_version":"²","order":'.encode()),
     "invalid", "[0].saw_version"),
    ("T5 year 0000", wish(expires_at="0000-01-01T00:00:00Z"), "invalid", "[0].request.expires_at"),
    ("T5 year 10000", wish(expires_at="10000-01-01T00:00:00Z"), "invalid", "[0].request.expires_at"),
    ("T5 infinity", wish(expires_at="infinity"), "invalid", "[0].request.expires_at"),
    ("T5 30 February", wish(expires_at="2026-02-30T00:00:00Z"), "invalid", "[0].request.expires_at"),
]  # fmt: skip


def test_each_case_is_refused_with_code_field_and_sentence_and_its_neighbours_go_on(house: House, call: Call) -> None:
    placed = [house.place_routed(number) for number in range(1001, 1001 + NEIGHBOURS)]
    journal = house.rows("select count(*) from journal")
    told = [(case, *problem(call("POST", "/requests", body))) for case, body, _, _ in REFUSED]
    assert told == [(case, status_of(code), code, field) for case, _, code, field in REFUSED]
    assert house.rows("select count(*) from journal") == journal
    good = [{**WISH, "order": order} for order in placed]
    assert {item["outcome"] for item in call("POST", "/requests", good).json()["items"]} == {"accepted"}


def status_of(code: str) -> int:
    return 413 if code == "too_large" else 422


@pytest.mark.parametrize(
    ("case", "changes", "code", "field"),
    [
        ("T1 no offset", {"expires_at": "2026-11-30T10:00:00"}, "no_timezone", "expires_at"),
        ("T5 past 9999", {"expires_at": "9999-12-31T23:59:59-05:00"}, "out_of_range", "expires_at"),
        ("T5 the year 1", {"expires_at": "0001-01-01T00:00:00+14:00"}, "out_of_range", "expires_at"),
        ("a reason of blanks", {"reason": " \t "}, "bad_reason", "reason"),
        ("a reason of 201 letters", {"reason": "x" * 201}, "bad_reason", "reason"),
        ("a team nobody knows", {"owner": "nobody"}, "unknown_team", "owner"),
    ],
)
def test_a_request_that_means_nothing_is_refused_beside_good_ones(
    house: House, call: Call, case: str, changes: dict[str, Any], code: str, field: str
) -> None:
    placed = [house.place_routed(number) for number in (1001, 1002, 1003)]
    bad = {**WISH, "order": placed[1], "request": {**WISH["request"], **changes}}  # type: ignore[dict-item]
    wishes = [{**WISH, "order": placed[0]}, bad, {**WISH, "order": placed[2]}]
    items = call("POST", "/requests", wishes).json()["items"]
    assert [item["outcome"] for item in items] == ["accepted", "refused", "accepted"], case
    assert (items[1]["code"], items[1]["field"]) == (code, field)
    assert items[1]["sentence"]


def test_j3_a_body_cut_anywhere_is_refused(house: House, call: Call) -> None:
    for cut in range(1, len(GOOD) - 1, max(1, len(GOOD) // 50)):
        assert problem(call("POST", "/requests", GOOD[:cut]))[:2] == (422, "not_json"), GOOD[:cut]


def test_j12_a_byte_order_mark_changes_nothing(house: House, call: Call) -> None:
    house.place_routed()
    [item] = call("POST", "/requests", b"\xef\xbb\xbf" + GOOD).json()["items"]
    assert item["outcome"] == "accepted"


def test_u2_u12_texts_are_kept_as_they_were_written_and_a_reason_is_one_line(house: House, call: Call) -> None:
    house.place_routed()
    [item] = call("POST", "/requests", wish(reason="a\\u0000b\r\nSet-Cookie: x\x1b[31m")).json()["items"]
    assert item["outcome"] == "accepted"
    [hold] = call("GET", "/orders/7-1001").json()["state"]["holds"]
    assert hold["reason"] == "a\\u0000b  Set-Cookie: x [31m"


@pytest.mark.parametrize(
    ("case", "address", "code", "field"),
    [
        ("H18 a limit without end", "/orders?limit=1000000000", "out_of_range", "limit"),
        ("H18 a page below none", "/orders?page=-1", "unknown_field", "page"),
        ("H18 a forged cursor", "/orders?after=forged", "bad_cursor", "after"),
        ("H18 a cursor of another kind", "/orders?after=eyJhIjoxfQ==", "bad_cursor", "after"),
        ("H18 a cursor that is not text", "/orders?after=%ff%fe", "bad_cursor", "after"),
        ("U8 a limit of ²", "/orders?limit=%C2%B2", "out_of_range", "limit"),
        ("U8 a limit in Arabic digits", "/orders?limit=%D9%A3", "out_of_range", "limit"),
        ("N1 a limit below none", "/orders?limit=-1", "out_of_range", "limit"),
        ("N3 half a limit", "/orders?limit=1.5", "out_of_range", "limit"),
        ("N4 a limit of 2^63", "/orders?limit=9223372036854775808", "out_of_range", "limit"),
        ("N6 a limit of 4,301 digits", "/orders?limit=" + "9" * 301, "invalid", "limit"),
        ("U1 NUL in a name", "/orders?name=a%00b", "invalid", "name"),
        ("U9 a country in small letters", "/orders?country=dk", "invalid", "country"),
        ("J18 an unknown state", "/orders?payment=foo", "unknown_value", "payment"),
    ],
)
def test_a_parameter_of_the_catalogue_is_refused_by_name(
    house: House, call: Call, case: str, address: str, code: str, field: str
) -> None:
    assert problem(call("GET", address)) == (422, code, field), case


def test_h17_odd_paths_are_answered_and_never_500(house: House, call: Call) -> None:
    for path in ("/orders/%00", "/orders/%2e%2e", "/orders/..%2f..%2fetc", "/orders/" + "x" * 5000, "/orders/%ff"):
        assert call("GET", path).status_code in (400, 404), path
    assert call("GET", "/orders", Authorization="Bearer \xe9\x00").status_code in (400, 401)


def test_h16_other_methods_and_types(house: House, call: Call) -> None:
    assert call("PUT", "/requests", GOOD).status_code == 405
    assert call("DELETE", "/orders").status_code == 405


def test_j10_too_many_of_anything_is_refused_quickly() -> None:
    body = json.dumps([1] * 500_000).encode()
    started = time.process_time()
    with pytest.raises(Unusable):
        wire.read_body(body, list[wire.Wish])
    assert time.process_time() - started < 1


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)
SOON = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@SOON
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    _read_or_refuse(raw)


@SOON
@given(at=st.integers(min_value=0), by=st.binary(max_size=4))
def test_a_good_body_with_any_bytes_changed_is_read_or_refused(at: int, by: bytes) -> None:
    at %= len(GOOD)
    _read_or_refuse(GOOD[:at] + by + GOOD[at + 1 :])


@SOON
@given(value=ANY, key=st.sampled_from(["order", "request", "saw_version", "reason", "owner", "expires_at"]))
def test_a_good_body_with_any_field_changed_is_read_or_refused(value: Any, key: str) -> None:
    body = json.loads(GOOD)
    (body[0] if key in body[0] or key == "saw_version" else body[0]["request"])[key] = value
    _read_or_refuse(json.dumps(body).encode("utf-8", "replace"))


@SOON
@given(value=ANY)
def test_what_json_says_once_is_what_is_read(value: Any) -> None:
    raw = json.dumps(value)
    try:
        read = strict.read(raw.encode())
    except strict.NotStrict:
        return
    assert json.dumps(read) == raw


def _read_or_refuse(raw: bytes) -> None:
    try:
        wire.read_body(raw, list[wire.Wish])
    except Unusable as refused:
        assert refused.code and refused.sentence
