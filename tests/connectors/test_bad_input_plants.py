"""Each group of the catalogue's tests can turn red: a fault is planted, and the test that guards it must fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from ordna.connectors.shopify import decoding, deliveries, facets, lines, mending, money, patient, readers
from tests.connectors import test_bad_input as bad
from tests.connectors import test_equal_meaning as equal
from tests.connectors import test_shopify_webhooks as webhooks

Test = Callable[[], Any]


def unknown(case: str) -> Test:
    row = next(row for row in bad.UNKNOWN if row[0] == case)
    return lambda: bad.test_a_bad_field_is_unknown_with_its_reason_and_everything_else_is_applied(*row)


def flagged(case: str) -> Test:
    row = next(row for row in bad.FLAGGED if row[0] == case)
    return lambda: bad.test_an_odd_order_is_applied_and_flagged(*row)


def parked(case: str) -> Test:
    row = next(row for row in bad.PARKED if row[0] == case)
    return lambda: bad.test_a_body_nobody_can_tie_to_an_order_is_parked_with_its_reason(*row)


def naive(value: Any) -> Any:
    """A reader that takes a time without a zone for UTC."""
    read = datetime.fromisoformat(value)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)), None


def rounded(written: str, currency: str) -> int:
    """A reader that rounds what is more precise than the currency."""
    return round(float(written) * 100)


#: (group, the module that is spoilt, its name there, what is planted, the test that must see it)
PLANTS: list[tuple[str, Any, str, Any, Test]] = [
    ("J the last of two keys wins", decoding, "_is_clean", lambda raw, tree: True, unknown("J5 quantity twice")),
    ("J nesting has no end", decoding, "_is_shallow", lambda brackets: True,
     lambda: bad.test_j8_the_cap_is_the_same_however_deep_it_goes(70, False)),
    ("J a list has no end", patient, "ITEMS_MAX", 10**9, bad.test_j10_too_many_of_anything_is_refused_quickly),
    ("J a new word is guessed", facets, "known", lambda value, *_args, **_more: value, unknown("J18 new status")),
    ("J a field that lacks is not said", readers, "is_explained", lambda path, problems: True, parked("J16 no id")),
    ("U letters and their parts differ", facets, "text", lambda value: value or None,
     equal.test_u6_letters_and_their_parts_are_one_text),
    ("U a tracking number has many lines", facets, "_tracking",
     lambda body: ", ".join(body.tracking_numbers or []), equal.test_u12_a_tracking_number_is_one_line),
    ("U a hidden letter is no matter", lines, "_sku", lambda sku, at, problems: sku, unknown("U5 zero width in SKU")),
    ("N fewer than none", mending, "_count", lambda value: (int(value), None), unknown("N1 −1 units")),
    ("N half a unit is rounded", mending, "_count", lambda value: (round(float(value)), None), unknown("N3 1.5 units")),
    ("N a cent is rounded", money, "minor", rounded, unknown("N8 19.999 EUR")),
    ("N sums are not compared", facets, "check_sums", lambda *_: None, flagged("N17 two cents off")),
    ("N lines in another currency", lines, "_check_money", lambda *_: None, flagged("N15 line in USD")),
    ("T no zone is UTC", mending, "_moment", naive, unknown("T1 no offset")),
    ("T the future is believed", facets, "not_ahead", lambda version, *_: version,
     equal.test_t7_a_version_from_the_future_is_held_back_to_our_clock_so_that_later_updates_win),
    ("L a gift card is shipped", lines, "bool", lambda value: False,
     equal.test_l7_a_gift_card_never_ships_and_needs_no_address),
    ("L a deleted product is no matter", lines, "Problem", lambda *args: money.Problem("x", args[1], args[2]),
     flagged("L5 product deleted")),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "module", "name", "planted", "test"), PLANTS, ids=[row[0] for row in PLANTS])
def test_a_planted_fault_turns_its_test_red(
    monkeypatch: pytest.MonkeyPatch, fault: str, module: Any, name: str, planted: Any, test: Test
) -> None:
    money.minor.cache_clear()
    test()
    monkeypatch.setattr(module, name, planted, raising=False)
    with pytest.raises(AssertionError):
        test()
    monkeypatch.undo()
    test()


def test_h_a_signature_nobody_checks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    webhooks.test_h1_h4_only_these_exact_bytes_signed_with_our_secret_pass()
    monkeypatch.setattr(deliveries.hmac, "compare_digest", lambda due, given: True)
    with pytest.raises(AssertionError):
        webhooks.test_h1_h4_only_these_exact_bytes_signed_with_our_secret_pass()
