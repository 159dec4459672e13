"""The bad-input catalogue is checked off: every case of its groups names its tests, or says why there is none yet.

The groups are J (JSON), U (Unicode), N (numbers), T (time), H (HTTP), W (webhooks' order) and L (lines, as far as they
are read). Where the catalogue itself lies beside the project, its numbers are compared with those here.
"""

from __future__ import annotations

import ast
import os
import re
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = Path(os.environ.get("ORDNA_CATALOGUE", ROOT.parent / "shared" / "reliability.md"))
CONNECTOR, INBOX, API = "connectors/test_bad_input.py", "engine/test_bad_input.py", "api/test_bad_input.py"
EQUAL, HTTP, ODD = "connectors/test_equal_meaning.py", "engine/test_intake.py", "connectors/test_odd_trade.py"
PRIVACY = "engine/test_compliance.py"
HOURS, TRADE = "core/test_hours.py", "connectors/test_practice_converges.py"

#: Number -> (file below tests/, what in it guards: a test's name, or the first words of a table's row).
GUARDS: dict[str, list[tuple[str, str]]] = {
    "J1": [(CONNECTOR, "J1 empty body"), (API, "J1 empty body")],
    "J2": [(CONNECTOR, "J2 null"), (API, "J2 null")],
    "J3": [(CONNECTOR, "test_j3_a_body_cut_anywhere_says_where_it_stops"),
           (API, "test_j3_a_body_cut_anywhere_is_refused"),
           (INBOX, "test_j3_a_body_cut_anywhere_stops_only_itself")],
    "J4": [(CONNECTOR, "J4 trailing text"), (API, "J4 trailing text")],
    "J5": [(CONNECTOR, "J5 quantity twice"), (API, "J5 a key twice")],
    "J6": [(CONNECTOR, "J6 NaN"), (API, "J6 NaN")],
    "J7": [(CONNECTOR, "J7 1e400"), (API, "J7 1e400")],
    "J8": [(CONNECTOR, "test_j8_the_cap_is_the_same_however_deep_it_goes"), (API, "J8 nesting 1,000")],
    "J10": [(CONNECTOR, "test_j10_too_many_of_anything_is_refused_quickly"), (API, "J10 100,000 keys")],
    "J11": [(CONNECTOR, "J11 a text of 20 MB"), (API, "J11 a body of 20 MB")],
    "J12": [(CONNECTOR, "J12 byte order mark"), (API, "test_j12_a_byte_order_mark_changes_nothing")],
    "J14": [(CONNECTOR, "test_j14_bytes_that_are_not_utf8_make_their_field_unknown"), (API, "J14 not UTF-8")],
    "J15": [(CONNECTOR, "J15 lines an object"), (API, "J15 the request a list")],
    "J16": [(CONNECTOR, "J16 no currency"), (API, "J16 no order")],
    "J18": [(CONNECTOR, "J18 500 unknown fields"), (CONNECTOR, "J18 new status"), (API, "J18 an unknown field")],
    "U1": [(EQUAL, "test_u1_u2_a_nul_becomes_a_mark_and_an_escaped_backslash_stays"), (API, "U1 NUL in a text"),
           (INBOX, "test_u1_a_nul_is_stored_raw_and_marked_in_the_copy")],
    "U2": [(EQUAL, "test_u1_u2_a_nul_becomes_a_mark_and_an_escaped_backslash_stays"),
           (API, "test_u2_u12_texts_are_kept_as_they_were_written_and_a_reason_is_one_line")],
    "U4": [("web/test_pages.py", "test_u4_what_turns_the_reading_direction_turns_its_own_field_alone")],
    "U5": [(CONNECTOR, "U5 zero width in SKU"), (CONNECTOR, "U5 NBSP in SKU")],
    "U6": [(EQUAL, "test_u6_letters_and_their_parts_are_one_text")],
    "U8": [(CONNECTOR, "U8 ² units"), (API, "U8 a limit of ²")],
    "U9": [(ODD, "test_u9_one_rule_of_large_and_small_letters_both_ways")],
    "U11": [(EQUAL, "test_u11_empty_null_missing_and_blank_are_one_incomplete_address")],
    "U12": [(EQUAL, "test_u12_a_tracking_number_is_one_line"),
            (API, "test_u2_u12_texts_are_kept_as_they_were_written_and_a_reason_is_one_line")],
    "U13": [("web/test_pages.py", "test_u13_letters_that_a_latin_carrier_can_t_print_are_said")],
    "N1": [(CONNECTOR, "N1 −1 units"), (API, "N1 a version of -1")],
    "N2": [(EQUAL, "test_n2_a_line_of_no_units_is_kept")],
    "N3": [(CONNECTOR, "N3 1.5 units"), (API, "N3 a version of 1.5")],
    "N4": [(CONNECTOR, "N4 2^31 units"), (CONNECTOR, "N4 2^63 units"), (API, "N4 a version of 2^63")],
    "N6": [(CONNECTOR, "N6 4,301 digits"), (API, "N6 4,301 digits")],
    "N8": [(CONNECTOR, "N8 19.999 EUR"), (EQUAL, "test_n8_unit_prices_are_kept_exactly_and_spelled_one_way")],
    "N10": [(CONNECTOR, "N10 Infinity"), (CONNECTOR, "N10 1E+1000000")],
    "N11": [(CONNECTOR, "N11 1,234.56"), (CONNECTOR, "N11 1_000")],
    "N12": [(EQUAL, "test_n12_minus_nothing_is_nothing")],
    "N14": [(CONNECTOR, "N14 eur")],
    "N15": [(CONNECTOR, "N15 line in USD")],
    "N16": [(EQUAL, "test_n16_shop_money_decides_and_presentment_money_is_kept")],
    "N17": [(CONNECTOR, "N17 two cents off"),
            (EQUAL, "test_n17_one_minor_unit_off_is_rounding_and_more_names_both_sums")],
    "N18": [(CONNECTOR, "N18 discount above the line"), (CONNECTOR, "N18 tax rate 2.5"),
            ("core/cases/given_back_too_much.txt", "More was given back than came in")],
    "N19": [(CONNECTOR, "N19 nothing to pay"), (ODD, "test_n19_duties_fees_and_a_tip_add_up_either_way"),
            (TRADE, "test_every_kind_of_the_rarer_trade_is_one_picture_whichever_way_it_came_in")],
    "L1": [(CONNECTOR, "L1 no lines")],
    "L2": [(CONNECTOR, "test_l2_a_thousand_lines_are_fine_and_ten_thousand_and_one_are_too_many")],
    "L3": [(ODD, "test_l3_the_same_article_on_two_lines_stays_two_lines")],
    "L5": [(CONNECTOR, "L5 product deleted")],
    "L6": [(ODD, "test_l6_a_line_without_an_article_number_has_none_and_is_no_problem")],
    "L7": [(EQUAL, "test_l7_a_gift_card_never_ships_and_needs_no_address")],
    "L9": [(ODD, "test_l9_more_shipped_than_ordered_and_a_refund_of_a_foreign_line_are_facts_as_told")],
    "L10": [(ODD, "test_l10_a_stock_feed_is_left_alone_whatever_it_says")],
    "L11": [(ODD, "test_l11_a_parcel_from_a_location_nobody_knows_is_a_parcel")],
    "T1": [(CONNECTOR, "T1 no offset"), (API, "T1 no offset")],
    "T2": [(EQUAL, "test_t2_a_leap_second_is_the_last_moment_of_its_minute")],
    "T3": [(HOURS, "test_t3_a_cutoff_at_a_time_that_does_not_exist_is_once_at_three")],
    "T5": [(CONNECTOR, "T5 year 0000"), (CONNECTOR, "T5 infinity"), (API, "T5 past 9999")],
    "T6": [(INBOX, "test_t6_our_clock_may_jump_and_the_leases_stand"),
           ("outside/test_budget.py", "test_it_refills_by_the_databases_clock_up_to_its_maximum")],
    "T7": [(CONNECTOR, "T7 a day ahead"),
           (EQUAL, "test_t7_a_version_from_the_future_is_held_back_to_our_clock_so_that_later_updates_win")],
    "T9": [(HOURS, "test_t9_leap_days_week_53_and_the_years_end_leave_no_gap")],
    "T11": [("outside/test_zones.py", "test_t11_the_shop_changes_its_zone_and_cut_offs_are_counted_anew_and_told")],
    "H1": [(HTTP, "test_h1_h2_h4_a_wrong_signature_is_401_and_nothing_is_stored")],
    "H2": [(HTTP, "test_h1_h2_h4_a_wrong_signature_is_401_and_nothing_is_stored")],
    "H4": [(HTTP, "test_h1_h2_h4_a_wrong_signature_is_401_and_nothing_is_stored")],
    "H5": [(HTTP, "test_h5_both_secrets_count_while_they_are_changed")],
    "H6": [(HTTP, "test_h6_the_same_delivery_again_has_no_effect")],
    "H8": [(HTTP, "test_h8_another_shops_domain_is_refused")],
    "H10": [(HTTP, "test_h10_an_unknown_shop_is_401"),
            (PRIVACY, "test_two_days_later_everything_of_the_shop_goes")],
    "H11": [(HTTP, "test_h11_large_bodies_are_stored_whole_and_too_large_ones_refused")],
    "H12": [(HTTP, "test_h12_h16_compressed_bodies_other_types_and_other_methods")],
    "H13": [(HTTP, "test_h13_lengths_that_do_not_agree_store_nothing")],
    "H14": [(HTTP, "test_h14_slow_senders_are_cut_off_and_nobody_else_waits")],
    "H15": [(HTTP, "test_h15_five_hundred_identical_deliveries_at_once_are_one")],
    "H16": [(HTTP, "test_h12_h16_compressed_bodies_other_types_and_other_methods"),
            (API, "test_h16_other_methods_and_types")],
    "H17": [(HTTP, "test_h17_odd_addresses_and_headers_are_never_500"),
            (API, "test_h17_odd_paths_are_answered_and_never_500")],
    "H18": [(API, "H18 a limit without end"), (API, "H18 a forged cursor")],
    "H19": [(HTTP, "test_h19_without_a_database_the_answer_is_503_within_a_second")],
    "W1": [(INBOX, "test_w1_updated_and_paid_before_created_is_one_order_in_the_right_state")],
    "W2": [("core/cases/cancelled_while_shipping.txt", "refused being_shipped")],
    "W3": [("core/cases/edit_after_check.txt", "> changed total")],
    "W5": [("outside/test_timers.py", "test_what_the_sweep_found_is_read_before_the_timer_falls")],
    "W6": [(INBOX, "test_w6_five_hundred_updates_of_one_order_lose_none_that_counts")],
    "W8": [(INBOX, "test_w8_a_test_order_is_marked_and_held_by_the_first_flow")],
    "W9": [(INBOX, "test_w9_a_version_that_drops_a_field_breaks_nothing_and_says_what_is_missing")],
    "W10": [(INBOX, "test_w10_compliance_topics_of_unknown_people_are_taken_calmly"),
            (PRIVACY, "test_an_unknown_customer_is_answered_and_noted"),
            (PRIVACY, "test_a_customer_is_erased_by_number_by_order_and_by_address")],
    "W11": [(PRIVACY, "test_after_the_app_is_removed_late_messages_have_no_effects_and_no_token_is_left")],
}  # fmt: skip

#: Cases of things that this version does not have, each with what is missing.
NOT_YET: dict[str, str] = {}


@lru_cache(maxsize=32)
def words_of(file: str) -> str:
    """A test file's names of tests and its texts, one a line; any other file as it is."""
    text = (ROOT / "tests" / file).read_text(encoding="utf-8")
    if not file.endswith(".py"):
        return text
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            found.append(node.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return "\n".join(found)


@pytest.mark.parametrize("number", GUARDS)
def test_every_case_has_the_tests_it_names(number: str) -> None:
    for file, name in GUARDS[number]:
        lines = words_of(file).splitlines()
        assert name in lines if name.startswith("test_") else any(name in line for line in lines), (file, name)


def test_no_case_is_missing_and_none_is_both() -> None:
    assert not set(GUARDS) & set(NOT_YET)
    assert all(NOT_YET.values())
    if TEXT.exists():
        section = TEXT.read_text(encoding="utf-8").split("## 3.")[1].split("## 4.")[0]
        numbers = set(re.findall(r"^- ([JUNTHWL]\d+) ", section, re.MULTILINE))
        assert numbers == set(GUARDS) | set(NOT_YET)


def test_a_guard_that_is_gone_is_seen() -> None:
    assert "test_j99_no_such_test" not in words_of(CONNECTOR).splitlines()
    assert "J99" not in words_of(CONNECTOR)
