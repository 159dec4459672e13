"""The promises' tests can turn red: each is run once more with a fault planted that breaks its promise, and must
fail."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine import test_step
from tests.incidents import test_acknowledgement, test_messages, test_workers
from tests.mutants import faults
from tests.outside import test_perform
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import House

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
]


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
    given = {name: known.get(name, "5003") for name in inspect.signature(promise).parameters}
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        promise(**given)


def test_every_fault_is_seen_by_some_test() -> None:
    from tests.mutants.test_chaos_sees import SEEN_BY_CHAOS

    named = {fault.__name__ for fault, _ in RED} | set(SEEN_BY_CHAOS)
    known = {
        name for name, each in vars(faults).items() if inspect.isfunction(each) and each.__module__ == faults.__name__
    }
    assert known == named
