"""A batch through the one door: lock its orders, decide each message in turn, write everything down at once.

The step's messages and people's requests both come through here, so they take the same locks and leave the same
records. However many messages a batch has, the number of statements stays the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from ordna.core.decide import decide, new_order
from ordna.core.messages import Hinted, Message, Migrated, Observed, TimerFell
from ordna.core.order import decode_state
from ordna.core.outcome import Order, Outcome, decode_verdict
from ordna.core.policy import Policy
from ordna.engine import notes
from ordna.engine.lanes import lane_of, order_id_of
from ordna.engine.ledger import Ledger
from ordna.engine.objects import NOISE, decode_trail
from ordna.engine.page import Page
from ordna.engine.policies import Policies
from ordna.store import orders
from ordna.store.connections import ConnectionNow
from ordna.store.database import Connection
from ordna.store.orders import Stored
from ordna.store.outbox import RereadRow

OrderKey = tuple[int, str]
EARLY = "early"
EARLY_URGENCY = 1
LATER_URGENCY = 7
LATER_WAITS = timedelta(minutes=10)
"""So that an import of years reads a customer's open orders once for many old ones."""


class Culprit(Exception):
    """One message of a batch could not be read or decided; its cause says why."""

    def __init__(self, inbox_id: int) -> None:
        super().__init__(self.__doc__)
        self.inbox_id = inbox_id


class Item:
    """One message to one order; afterwards `outcome` says what it came to."""

    __slots__ = ("cause", "connection", "inbox_id", "message", "order_id", "order_ref", "outcome", "result")

    def __init__(
        self,
        connection: ConnectionNow,
        order_ref: str,
        message: Message,
        cause: str,
        inbox_id: int | None = None,
    ) -> None:
        self.connection = connection
        self.order_ref = order_ref
        self.order_id = order_id_of(connection.connection_id, order_ref)
        self.message = message
        self.cause = cause
        self.inbox_id = inbox_id
        self.outcome = ""
        self.result: Outcome | None = None

    @property
    def key(self) -> OrderKey:
        """(merchant, order id)."""
        return self.connection.merchant_id, self.order_id


def lock_orders(conn: Connection, items: Iterable[Item]) -> dict[OrderKey, Page]:
    """The orders of these items, locked and read; those never seen before come as new."""
    first = {item.key: item for item in reversed(list(items))}
    stored = orders.lock(conn, first)
    return {key: _page(item, stored.get(key)) for key, item in first.items()}


def decide_all(
    conn: Connection,
    pages: dict[OrderKey, Page],
    items: Iterable[Item],
    policies: Policies,
    ledger: Ledger,
    at: datetime,
) -> None:
    """Run the core for every item in turn and note what it came to in the ledger. `Culprit`."""
    items = list(items)
    notes.keyed(conn, policies.ring, pages, items)
    wanted = {(page.merchant_id, page.order.verdict.policy) for page in pages.values() if page.order.verdict.policy}
    policies.load(conn, wanted)
    earlier = _orders_before(conn, pages, items, ledger, at)
    for item in items:
        try:
            _decide(pages[item.key], item, earlier.get(item.key), policies, ledger, at)
        except Exception as error:
            if item.inbox_id is None:
                raise
            raise Culprit(item.inbox_id) from error


def _decide(page: Page, item: Item, earlier: int | None, policies: Policies, ledger: Ledger, at: datetime) -> None:
    message = item.message
    if type(message) is Observed and (page.order.state.order is None or message.snapshot.by_read):
        message = replace(message, orders_before=earlier)
    policy = _policy(policies, item, page)
    result = decide(page.order, message, policy, at)
    item.result = result
    item.outcome = _outcome_of(item, result)
    if item.outcome == EARLY and result.reread is not None:
        result = replace(result, reread=replace(result.reread, urgency=EARLY_URGENCY))
    ledger.note(page, item.message, result, policy, item.cause)


def _page(item: Item, stored: Stored | None) -> Page:
    connection = item.connection
    if stored is None:
        return Page(connection, item.order_ref, item.order_id, new_order(), {}, None, None, is_new=True)
    order = Order(decode_state(stored.state), decode_verdict(stored.verdict))
    trail = decode_trail(stored.trail)
    return Page(
        connection, item.order_ref, item.order_id, order, trail, stored.person_id, stored.person_mark, is_new=False,
        erased=stored.erased,
    )  # fmt: skip


def _policy(policies: Policies, item: Item, page: Page) -> Policy:
    """The version the order was placed under, until it is migrated; the newest for a new one."""
    known = page.order.verdict.policy
    return policies.policy(item.connection, None if isinstance(item.message, Migrated) else known)


def _orders_before(
    conn: Connection, pages: dict[OrderKey, Page], items: list[Item], ledger: Ledger, at: datetime
) -> dict[OrderKey, int]:
    """For new orders, and those read again: how many earlier orders their customer has, by our records and the new
    orders of this very batch. A new order that comes in late has its customer's later ones read again."""
    asked: dict[OrderKey, tuple[int, str, datetime]] = {}
    for item in items:
        is_new = pages[item.key].is_new
        if type(item.message) is Observed and item.key not in asked and (is_new or item.message.snapshot.by_read):
            seen = item.message.snapshot.order
            if seen is not None and seen.customer is not None:
                asked[item.key] = (item.connection.merchant_id, seen.customer, seen.placed_at)
    if not asked:
        return {}
    keys = list(asked)
    counted = orders.orders_before(conn, [(place, *key, *asked[key][1:]) for place, key in enumerate(keys)])
    late = [asked[key] for place, key in enumerate(keys) if counted[place][1] and pages[key].is_new]
    ledger.rereads.extend(_later_orders(conn, late, at))
    together: dict[tuple[int, str], list[datetime]] = {}
    for merchant, customer, placed_at in (asked[key] for key in keys if pages[key].is_new):
        together.setdefault((merchant, customer), []).append(placed_at)
    return {
        key: counted[place][0] + sum(1 for other in together.get(asked[key][:2], ()) if other < asked[key][2])
        for place, key in enumerate(keys)
    }


def _later_orders(conn: Connection, late: list[tuple[int, str, datetime]], at: datetime) -> list[RereadRow]:
    """What (merchant, customer) placed after that moment, to be read again and so counted anew."""
    why = "an earlier order of the customer came in late"
    return [
        RereadRow(merchant, connection, ref, lane_of(ref), LATER_URGENCY, at + LATER_WAITS, why)
        for merchant, connection, ref in (orders.later_orders(conn, late) if late else ())
    ]


def _outcome_of(item: Item, result: Outcome) -> str:
    """In a word, for the inbox."""
    message = item.message
    if isinstance(message, Hinted):
        return "hint"
    if isinstance(message, Observed) and result.order.state.order is None and not message.snapshot.deleted:
        return EARLY
    if isinstance(message, TimerFell) and not result.facts:
        return "nothing"
    return "facts" if any(not isinstance(fact.event, NOISE) for fact in result.facts) else "nothing"
