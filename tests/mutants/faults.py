"""Faults that would break a promise, to be planted where a test should see them: in this process, or in Ordna's own
processes of a chaos run by `planted/sitecustomize.py`. The product knows nothing of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Put = Callable[[Any, str, Any], None]
"""As `setattr`, or as monkeypatch does it."""


def ack_before_commit(put: Put) -> None:
    """The intake answers 200 while the message is still on its way to the database."""
    from ordna.engine.receive import Storing

    store = Storing.store

    async def at_once(self: Any, message: Any) -> None:
        waiting = asyncio.ensure_future(store(self, message))
        waiting.add_done_callback(lambda done: done.exception())

    put(Storing, "store", at_once)


def commits_are_not_flushed(put: Put) -> None:
    """PostgreSQL says "committed" before it is on the disk: synchronous_commit = off."""
    from ordna.store import database

    put(database, "_LIMITS", f"{database._LIMITS} -c synchronous_commit=off")


def no_deduplication(put: Put) -> None:
    """The step handles a delivery that it has seen before."""
    from ordna.engine.taking import Taken

    put(Taken, "drop_duplicates", lambda *_: None)


def a_new_key_for_every_attempt(put: Put) -> None:
    """What is in doubt is sent anew instead of being looked up."""
    from ordna.connectors.contract import Answer
    from ordna.engine import perform

    def always_sends(one: Any) -> Any:
        with suppress(Exception):
            return one.outbound.perform(one.effect, one.row.order_ref)
        return Answer("in_doubt", "connector_failed", "")

    put(perform, "_ask", always_sends)


def a_failed_look_up_is_proof(put: Put) -> None:
    """A look-up that could not look counts as one that found nothing."""
    from ordna.engine import perform

    became = perform._next

    def next_(answer: Any, tries: int, looked_up: bool) -> Any:
        if looked_up and answer.result in ("again", "in_doubt"):
            return "due", 0.0, 0
        return became(answer, tries, looked_up)

    put(perform, "_next", next_)


def no_token_guard(put: Put) -> None:
    """A worker writes without asking whether its lanes are still its own, and finishes what others have finished."""
    from ordna.engine import held, step
    from ordna.store import inbox
    from ordna.store.database import Sent

    finish = inbox.finish
    put(step, "fence", lambda *_: None)
    put(held, "fence", lambda *_: None)
    put(inbox, "finish", lambda conn, rows, at, _: finish(conn, rows, at, Sent()))


def any_try_s_answer_counts(put: Put) -> None:
    """An answer is recorded whichever try it belongs to."""
    from ordna.store import outside

    changed = outside.SQL["record_answers"].replace(b"and e.attempts = a.tries", b"")
    assert changed != outside.SQL["record_answers"]
    put(outside, "SQL", {**outside.SQL, "record_answers": changed})


def only_handled_errors_count(put: Put) -> None:
    """A try is counted when it has failed, not when it begins: one that kills the worker never counts."""
    from ordna.engine.step import Stepper
    from ordna.store import inbox

    failed = Stepper._failed_alone

    def uncounted(self: Any, row: Any) -> int:
        return int(row.tries) + 1

    def counted_late(self: Any, row: Any, tries: int, error: BaseException) -> None:
        with self._database.engine([row.merchant_id]) as conn:
            inbox.count_try(conn, row.merchant_id, row.inbox_id)
        failed(self, row, tries, error)

    put(Stepper, "_count_try", uncounted)
    put(Stepper, "_failed_alone", counted_late)


def trouble_counts_against_the_message(put: Put) -> None:
    """A database that went away is held against the message that was being tried."""
    from ordna.engine.step import Stepper
    from ordna.store import inbox

    def counted(self: Any, row: Any) -> Any:
        with self._database.engine([row.merchant_id]) as conn:
            return inbox.count_try(conn, row.merchant_id, row.inbox_id)

    put(Stepper, "_count_try", counted)


def older_overwrites_newer(put: Put) -> None:
    """Whatever arrives last counts as the newest."""
    from ordna.core import observe

    owner = next(each for each in vars(observe).values() if hasattr(each, "held_back"))
    put(owner, "held_back", lambda self, *_: self.message.received_at)


def a_cursor_over_the_inbox(put: Put) -> None:
    """The step remembers the highest number it has seen and looks only beyond it."""
    from ordna.store import inbox

    take, highest = inbox.take_waiting, [0]

    def beyond(*given: Any, **more: Any) -> Any:
        rows = [row for row in take(*given, **more) if row.inbox_id > highest[0]]
        highest[0] = max([highest[0], *(row.inbox_id for row in rows)])
        return rows

    put(inbox, "take_waiting", beyond)


def leases_are_renewed_between_batches_only(put: Put) -> None:
    """Nobody renews a lease while a batch lasts."""
    from ordna.engine.leases import Leases

    put(Leases, "keep", lambda self: None)


def a_transaction_during_calls(put: Put) -> None:
    """A call outside is made within a transaction."""
    from ordna.engine.perform import Performer

    call = Performer._call

    def within(self: Any, one: Any, begin_by: float) -> Any:
        with self._database.engine([one.row.merchant_id]):
            return call(self, one, begin_by)

    put(Performer, "_call", within)


def hints_are_merged_with_work_that_has_begun(put: Put) -> None:
    """A re-read takes its row off the list though a newer hint came while it read."""
    from ordna.store import outside

    changed = outside.SQL["done_rereads"].replace(b"and r.wanted_at = done.wanted_at", b"")
    assert changed != outside.SQL["done_rereads"]
    put(outside, "SQL", {**outside.SQL, "done_rereads": changed})


def a_batch_fails_as_a_whole(put: Put) -> None:
    """A batch that failed is set aside with all that is in it."""
    from ordna.engine.step import Stepper

    put(Stepper, "_apart", lambda self, rows, error, *_: [self._quarantine(row, str(error)) for row in rows])


def a_late_call_is_made(put: Put) -> None:
    """A worker that slept past its patience makes its call all the same."""
    from ordna.engine import perform
    from ordna.engine.perform import Performer

    put(Performer, "_call", lambda self, one, begin_by: perform._ask(one))
