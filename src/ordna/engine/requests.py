"""Requests: what people and the API ask of orders goes through the same door as every message.

A request takes the order's lock, first handles what waits in the order's inbox, and is then decided on the picture its
author should have seen: with `saw_version` it is refused as stale when the order has moved on since, unless all that
came was noise. Many requests are one batch; a single one is a batch of one.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from ordna.core.events import Event
from ordna.core.messages import Asked, Request
from ordna.core.outcome import Refusal
from ordna.engine import clock, labels, persons, stock
from ordna.engine.batch import Item, decide_all, lock_orders
from ordna.engine.ledger import Ledger
from ordna.engine.objects import NOISE
from ordna.engine.page import Page
from ordna.engine.policies import Policies
from ordna.engine.taking import Taken
from ordna.engine.trouble import is_passing
from ordna.store import inbox, journal
from ordna.store.database import Connection, Database, DatabaseDown, Overtaken, sending

AT_ONCE_MAX = 500
_TRIES = 3
_NOISE = frozenset(kind.__name__ for kind in NOISE)

_log = logging.getLogger(__name__)


class Wish(Struct, frozen=True):
    """One request to one order by somebody, with the version they saw (None: whatever stands)."""

    merchant_id: int
    order_id: str
    request: Request
    by: str
    saw_version: int | None = None


class Accepted(Struct, frozen=True):
    """It was accepted and is written: the order's version now, and what happened."""

    version: int
    events: tuple[Event, ...]


class Refused(Struct, frozen=True):
    """It was not accepted; nothing changed."""

    refusal: Refusal
    version: int


class Stale(Struct, frozen=True):
    """The order moved on since its author saw it; nothing changed."""

    saw_version: int
    version: int


class NotFound(Struct, frozen=True):
    """The merchant has no such order."""


Answered = Accepted | Refused | Stale | NotFound


def ask(
    database: Database,
    policies: Policies,
    merchant_id: int,
    order_id: str,
    request: Request,
    by: str,
    saw_version: int | None = None,
    at: datetime | None = None,
) -> Answered:
    """One request of one person; `at` is now unless given."""
    return ask_many(database, policies, [Wish(merchant_id, order_id, request, by, saw_version)], at)[0]


def ask_many(
    database: Database, policies: Policies, wishes: Sequence[Wish], at: datetime | None = None
) -> list[Answered]:
    """Many requests in one transaction, each with its own answer, in the order given; at most 500.

    `DatabaseDown`: the database went away meanwhile, and nobody knows whether it had committed.
    """
    if len(wishes) > AT_ONCE_MAX:
        raise ValueError(f"At most {AT_ONCE_MAX} requests go together; these are {len(wishes)}.")
    if not wishes:
        return []
    moment = at or clock.now()
    for _ in range(_TRIES - 1):
        try:
            return _once(database, policies, wishes, moment, drain=True)
        except Overtaken:
            continue
        except Exception as error:
            if is_passing(error):
                # Whether it was committed is not known: whoever asked has to look, not we to ask once more.
                raise DatabaseDown(str(error)) from error
            # A message that can't be handled must not keep people from their work: the worker will deal with it.
            _log.exception("what waits for the orders could not be handled; the requests go without it")
            break
    return _once(database, policies, wishes, moment, drain=False)


def _once(
    database: Database, policies: Policies, wishes: Sequence[Wish], at: datetime, *, drain: bool
) -> list[Answered]:
    with database.engine([wish.merchant_id for wish in wishes]) as conn:
        places = [_place(wish.order_id) for wish in wishes]
        keys = {(w.merchant_id, place[0]) for w, place in zip(wishes, places, strict=True) if place}
        known = policies.connections(conn, keys) if keys else {}
        refused = labels.refusals(conn, policies.ring, (((w.merchant_id, w.order_id), w.request) for w in wishes))
        items: list[Item | None] = []
        for number, (wish, place) in enumerate(zip(wishes, places, strict=True)):
            connection = known.get((wish.merchant_id, place[0])) if place else None
            if connection is None or place is None or number in refused:
                items.append(None)
                continue
            asked = Asked(wish.request, wish.by, at, wish.saw_version)
            items.append(Item(connection, place[1], asked, f"request:{wish.by}:{number}"))
        asking = [item for item in items if item is not None]
        if asking:
            _through_the_door(conn, policies, asking, at, drain=drain)
        return [
            Refused(refused[number], wishes[number].saw_version or 0) if number in refused else _answer(item)
            for number, item in enumerate(items)
        ]


def _through_the_door(conn: Connection, policies: Policies, asking: list[Item], at: datetime, *, drain: bool) -> None:
    taken = _waiting(conn, policies, asking) if drain else None
    first = taken.items if taken is not None else []
    pages = lock_orders(conn, (*first, *asking))
    ledger = Ledger(policies.ring, at)
    if taken is not None:
        taken.drop_duplicates(conn, at)
        ledger.rereads.extend(taken.rereads(at))
        decide_all(conn, pages, [item for item in first if not item.outcome], policies, ledger, at)
    for item in asking:
        page = pages[item.key]
        if page.order.state.order is not None:
            _forgive_noise(conn, page, item)
            decide_all(conn, pages, [item], policies, ledger, at)
    stock.settle(conn, pages.values(), ledger, at)
    ledger.close(conn, pages.values())
    with sending(conn) as sent:
        ledger.write(conn, sent)
        if taken is not None:
            inbox.finish(conn, taken.outcomes(), at, sent)
    if taken is not None:
        persons.empty_messages(conn, first, pages)


def _waiting(conn: Connection, policies: Policies, asking: list[Item]) -> Taken | None:
    refs = {(i.connection.merchant_id, i.connection.connection_id, i.order_ref) for i in asking}
    rows = inbox.waiting_of_orders(conn, sorted(refs))
    if not rows:
        return None
    known = policies.connections(conn, {(row.merchant_id, row.connection_id) for row in rows})
    taken = Taken(rows, known, policies)
    taken.resolve_parts(conn)
    return taken


def _forgive_noise(conn: Connection, page: Page, item: Item) -> None:
    """A version that only noise has moved on from still counts as seen."""
    asked = item.message
    assert isinstance(asked, Asked)
    saw, stands = asked.saw_version, page.order.state.seq
    if saw is None or not 0 < saw < stands or page.news_at > saw:
        return
    if journal.kinds_since(conn, page.merchant_id, page.order_id, saw) <= _NOISE:
        item.message = replace(asked, saw_version=stands)


def _answer(item: Item | None) -> Answered:
    if item is None or item.result is None:
        return NotFound()
    result = item.result
    version = result.order.state.seq
    if result.refusal is None:
        return Accepted(version, tuple(fact.event for fact in result.facts))
    if result.refusal.code == "stale" and isinstance(item.message, Asked) and item.message.saw_version is not None:
        return Stale(item.message.saw_version, version)
    return Refused(result.refusal, version)


def _place(order_id: str) -> tuple[int, str] | None:
    """(connection, order ref) of an order's id; None when it can't be one."""
    connection, _, ref = order_id.partition("-")
    if not ref or not connection.isascii() or not connection.isdigit() or len(connection) > 18:
        return None
    return int(connection), ref
