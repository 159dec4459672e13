"""The promises' tests can turn red: each is run once more with a fault planted that breaks its promise, and must
fail."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from ordna.engine.connections import Connections
from tests.engine import test_bad_input, test_earlier_orders, test_notes, test_step
from tests.engine.conftest import FLOW
from tests.incidents import test_acknowledgement, test_messages, test_workers
from tests.mutants import faults
from tests.outside import (
    test_connections,
    test_darkness,
    test_perform,
    test_quiet,
    test_timers,
    test_zones,
)
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import House
from tests.store import test_schema

Fault = Callable[[faults.Put], None]

RED: list[tuple[Fault, Callable[..., None]]] = [
    (faults.ack_before_commit, test_acknowledgement.test_frappe_pr_425),
    (faults.commits_are_not_flushed, test_acknowledgement.test_jepsen_nats_2_12_1),
    (faults.no_deduplication, test_step.test_a_delivery_seen_before_comes_to_nothing_in_the_same_batch_and_later),
    (faults.a_new_key_for_every_attempt, test_perform.test_a_lost_answer_is_looked_up_and_not_done_twice),
    (faults.a_failed_look_up_is_proof, test_perform.test_a_look_up_that_fails_proves_nothing),
    (faults.no_token_guard, test_step.test_a_worker_thought_dead_writes_nothing),
    (faults.no_token_guard, test_workers.test_oca_queue_306),
    (
        faults.any_try_s_answer_counts,
        test_perform.test_an_answer_that_comes_after_its_try_was_taken_over_counts_for_nothing,
    ),
    (faults.only_handled_errors_count, test_workers.test_sidekiq_4069),
    (
        faults.trouble_counts_against_the_message,
        test_workers.test_trouble_that_passes_is_not_held_against_a_message,
    ),
    (faults.older_overwrites_newer, test_messages.test_shopify_app_js_603),
    (faults.a_cursor_over_the_inbox, test_messages.test_kamu_cli_1398),
    (faults.leases_are_renewed_between_batches_only, test_workers.test_hexpm_pr_1825),
    (faults.a_transaction_during_calls, test_messages.test_saleor_pr_11169),
    (faults.hints_are_merged_with_work_that_has_begun, test_messages.test_woocommerce_26851),
    (faults.a_batch_fails_as_a_whole, test_step.test_one_bad_message_stops_only_itself),
    (faults.a_late_call_is_made, test_perform.test_a_worker_that_slept_past_its_patience_makes_no_call),
    (faults.locks_in_the_order_given, test_messages.test_saleor_14649),
    (faults.merchants_set_for_the_session, test_schema.test_a_connection_forgets_its_merchants_with_their_transaction),
    (faults.looks_begin_at_the_first, test_workers.test_brandur_postgres_queues),
    (
        faults.looks_never_begin_at_the_first,
        test_workers.test_what_is_committed_late_is_found_while_looks_begin_further_on,
    ),
    (faults.the_dark_is_tried_all_the_same, test_darkness.test_five_dark_hours_use_up_no_effect),
    (faults.notes_are_hashed_without_a_key, test_notes.test_nobody_can_test_a_guess_without_the_person_s_key),
    (
        faults.a_shop_is_quoted_as_it_speaks,
        test_connections.test_what_the_shop_says_then_is_shown_without_what_looks_like_a_person_or_a_secret,
    ),
    (
        faults.every_later_order_is_read_again,
        test_earlier_orders.test_of_a_customer_who_orders_without_end_only_the_next_hundred_count_anew_and_each_is_asked_once,
    ),
    (faults.nobody_asks_after_the_quiet, test_quiet.test_an_order_that_was_deleted_without_a_word_is_found),
    (
        faults.the_flow_stays_behind,
        test_zones.test_t11_the_shop_changes_its_zone_and_cut_offs_are_counted_anew_and_told,
    ),
    (faults.the_first_of_a_batch_wins, test_bad_input.test_w6_five_hundred_updates_of_one_order_lose_none_that_counts),
    (faults.a_waiting_read_holds_no_timer, test_timers.test_what_the_sweep_found_is_read_before_the_timer_falls),
    (faults.a_test_is_an_order, test_bad_input.test_w8_a_test_order_is_marked_and_held_by_the_first_flow),
    (
        faults.what_is_missing_is_not_said,
        test_bad_input.test_w9_a_version_that_drops_a_field_breaks_nothing_and_says_what_is_missing,
    ),
]


BY_CHANCE = (faults.locks_in_the_order_given,)
"""Whether two meet on the same rows the wrong way round is a matter of luck: such a promise is kept at again."""
TIMES_BY_CHANCE = 12


@pytest.mark.parametrize(("fault", "promise"), RED, ids=lambda each: each.__name__)
def test_a_planted_fault_is_seen(
    fault: Fault,
    promise: Callable[..., None],
    house: House,
    outside: CannedShop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fault(monkeypatch.setattr)
    known: dict[str, Any] = {"house": house, "shop": house, "outside": outside, "monkeypatch": monkeypatch}
    known |= {"db": house.database, "connections": third_merchant(house)}
    given = {name: known.get(name, "5003") for name in inspect.signature(promise).parameters}
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        for _ in range(TIMES_BY_CHANCE if fault in BY_CHANCE else 1):
            promise(**given)


def third_merchant(house: House) -> Connections:
    """A merchant without a connection."""
    made = Connections(house.database, house.ring)
    made.create_merchant(3, "Third", FLOW, "test")
    return made


def test_every_fault_is_seen_by_some_test() -> None:
    from tests.mutants.test_chaos_sees import SEEN_BY_CHAOS

    named = {fault.__name__ for fault, _ in RED} | set(SEEN_BY_CHAOS)
    known = {
        name for name, each in vars(faults).items() if inspect.isfunction(each) and each.__module__ == faults.__name__
    }
    assert known == named
