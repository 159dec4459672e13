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


def locks_in_the_order_given(put: Put) -> None:
    """Orders are locked as they are named."""
    from ordna.store import orders
    from ordna.store.arrays import Bigints, Texts, columns

    unsorted = orders.SQL["lock"].replace(b"order by o.merchant_id, o.order_id", b"")
    assert unsorted != orders.SQL["lock"]

    def lock(conn: Any, keys: Any) -> Any:
        found = conn.execute(unsorted, columns((Bigints, Texts), list(dict.fromkeys(keys))), binary=True)
        return {(row[0], row[1]): orders.Stored(*row) for row in found}

    put(orders, "lock", lock)


def merchants_set_for_the_session(put: Put) -> None:
    """SET where SET LOCAL was meant: whom a transaction saw, the next one on its connection sees as well."""
    from ordna.store import database

    for_ever = database._SET_MERCHANTS.replace(b"true", b"false")
    assert for_ever != database._SET_MERCHANTS
    put(database, "_SET_MERCHANTS", for_ever)


def looks_begin_at_the_first(put: Put) -> None:
    """However many that are handled can't be cleared away, every look for messages wades through them."""
    from ordna.engine.leases import Leases

    put(Leases, "look_for_the_oldest", lambda self: 0)


def looks_never_begin_at_the_first(put: Put) -> None:
    """What is committed late, below where looks begin, is never looked for."""
    from ordna.engine import leases

    put(leases, "LOOKS_FROM_FIRST", 10**9)


def the_dark_is_tried_all_the_same(put: Put) -> None:
    """Effects use up their tries on a shop that can't be asked anything."""
    from ordna.store import outside

    changed = outside.SQL["due_effects"].replace(b"and c.dark_since is null", b"")
    assert changed != outside.SQL["due_effects"]
    put(outside, "SQL", {**outside.SQL, "due_effects": changed})


def notes_are_hashed_without_a_key(put: Put) -> None:
    """The journal keeps of a note what anybody could test a guess against."""
    from ordna.engine import notes

    put(notes, "keyed", lambda *_: None)


def a_shop_is_quoted_as_it_speaks(put: Put) -> None:
    """What a shop said when it did not let us in is shown whole."""
    from ordna.engine import connections

    put(connections, "words_of", lambda answer: answer.sentence)


def every_later_order_is_read_again(put: Put) -> None:
    """However many later orders a customer has, each late one has them all read again."""
    from ordna.store import orders

    changed = orders.SQL["later_orders"].replace(b"and r.not_before > now()", b"and false")
    assert changed != orders.SQL["later_orders"]
    put(orders, "SQL", {**orders.SQL, "later_orders": changed})
    put(orders, "LATER_MAX", 10**6)


def nobody_asks_after_the_quiet(put: Put) -> None:
    """An order that was deleted without a word stays open for ever."""
    from ordna.engine import zones

    put(zones, "_ask_after_the_quiet", lambda *_: None)


def the_flow_stays_behind(put: Put) -> None:
    """The shop moves to another time zone, and its flow does not."""
    from ordna.engine import zones

    put(zones, "_moved", lambda *_: {})


# --- the catalogue's group W: odd orders of arrival, much of it, other days -----------------------------------


def the_first_of_a_batch_wins(put: Put) -> None:
    """Of an order's messages in one batch only the first counts."""
    from ordna.engine.taking import Taken
    from ordna.store import inbox

    drop = Taken.drop_duplicates

    def first_only(self: Any, conn: Any, at: Any) -> None:
        drop(self, conn, at)
        seen: set[Any] = set()
        for item in self.items:
            if item.key in seen:
                item.outcome = inbox.DUPLICATE
                self.duplicates.add(item.inbox_id)
            seen.add(item.key)

    put(Taken, "drop_duplicates", first_only)


def a_waiting_read_holds_no_timer(put: Put) -> None:
    """A step is called late though the order is known to have changed and was not read yet."""
    from ordna.store import outside

    changed = outside.SQL["due_timers"].replace(b"r.order_ref = o.order_ref)))", b"false)))")
    assert changed != outside.SQL["due_timers"]
    put(outside, "SQL", {**outside.SQL, "due_timers": changed})


def a_test_is_an_order(put: Put) -> None:
    """Nobody looks whether an order is a test."""
    from ordna.connectors.shopify import facets

    made = facets.OrderSeen
    put(facets, "OrderSeen", lambda **told: made(**{**told, "test": False}))


def what_is_missing_is_not_said(put: Put) -> None:
    """An order that lacks what it should have asks nobody's attention."""
    from dataclasses import replace

    import msgspec

    from ordna.core.messages import Snapshot
    from ordna.engine import reading

    connector = reading.CONNECTORS["shopify"]

    def silent(*given: Any) -> Any:
        told = connector.translate(*given)
        return msgspec.structs.replace(told, problems=()) if isinstance(told, Snapshot) else told

    put(reading, "CONNECTORS", {"shopify": replace(connector, translate=silent)})
