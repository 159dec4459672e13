"""What must always be so, looked at in the database itself: the views of store/sql/invariants.sql must be empty.

A house of some ten thousand orders is looked at whole. A bigger one is sampled unless everything is asked for: what is
about one order at two thousand orders taken at random and the newest of each merchant, what is about messages at the
newest ones, and what an index of unfinished work leads to in full. No view may take longer than `BUDGET_S`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import psycopg
from msgspec import Struct
from psycopg import sql

from ordna.store import linking
from ordna.store.database import Connection, Database
from ordna.store.sql import blocks

SQL = blocks("invariants.sql")

WHOLE_UP_TO = 20_000
SAMPLE = 2_000
NEWEST_A_MERCHANT = 100
NEWEST_MESSAGES = 50_000
EXAMPLES = 3
BUDGET_S = 20

_WHOLE = sql.SQL(
    "select merchant_id, order_id, what from {} where merchant_id = any(%(merchants)s::bigint[]) limit %(most)s"
)
_OF_MESSAGES = sql.SQL(
    "select merchant_id, order_id, what from {} where merchant_id = any(%(merchants)s::bigint[])"
    " and inbox_id > %(after)s limit %(most)s"
)
_OF_ORDERS = sql.SQL(
    "select v.* from unnest(%(at)s::bigint[], %(orders)s::text[]) as s(merchant_id, order_id)"
    " cross join lateral (select v.merchant_id, v.order_id, v.what from {} v"
    " where v.merchant_id = s.merchant_id and v.order_id = s.order_id) v limit %(most)s"
)

Scope = Literal["order", "message", "whole"]


class Invariant(Struct, frozen=True):
    """One view: how it may be sampled, what is so when it is empty, what is wrong when not, and what to do."""

    view: str
    scope: Scope
    well: str
    wrong: str
    advice: str


class Found(Struct, frozen=True):
    """What a view held: rows in words (at most `EXAMPLES` + 1 are looked at); `sampled` says that not everything was
    looked at, `broken_off` that it took too long."""

    invariant: Invariant
    rows: tuple[str, ...]
    sampled: bool = False
    broken_off: bool = False


_REBUILD = "Keep the database as it is and report this with the order's id: a row beside the journal is not right."
_JOURNAL = "Stop the workers, keep the database as it is and report this: ordna replay lists what does not follow."
_STOCK = "ordna stock mend lists the entry that puts each right, and books it when told to."
_OUTSIDE = "Look at the order in the shop: something may have been done there twice. Then report this."

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "inv_order_behind_journal",
        "order",
        "Every order stands where its journal ends.",
        "orders do not stand where their journal ends",
        _JOURNAL,
    ),
    Invariant("inv_gap_in_journal", "order", "No journal has a gap.", "journals have a gap", _JOURNAL),
    Invariant("inv_journal_without_order", "order", "Every journal has its order.", "journals have no order", _JOURNAL),
    Invariant(
        "inv_decision_ahead", "order", "No decision is ahead of its order.", "decisions are ahead of it", _JOURNAL
    ),
    Invariant("inv_link_without_event", "order", "Every link has its event.", "links have no event", _REBUILD),
    Invariant("inv_link_chained_wrong", "order", "Every link names the one before it.", "links name another", _REBUILD),
    Invariant(
        "inv_message_without_outcome",
        "message",
        "Every handled message says what it came to.",
        "messages are handled and do not say what they came to, or the other way round",
        "Report this with the message's number; the message itself is kept.",
    ),
    Invariant(
        "inv_effect_confirmed_twice",
        "order",
        "No effect was confirmed twice.",
        "effects were confirmed more than once in one generation",
        _OUTSIDE,
    ),
    Invariant(
        "inv_two_effects_under_way",
        "whole",
        "No slot has two effects under way.",
        "slots have two effects under way",
        "Pause outgoing (ordna pause), look at the order in the shop, and report this.",
    ),
    Invariant(
        "inv_effect_key_of_other_generation",
        "order",
        "Every effect's key says its generation.",
        "effects have a key of another generation",
        _OUTSIDE,
    ),
    Invariant(
        "inv_effect_of_observed",
        "whole",
        "Nothing was asked through a connection that only observed.",
        "effects were asked through connections that only observe",
        "Pause outgoing (ordna pause) and report this.",
    ),
    Invariant(
        "inv_task_without_open_step",
        "whole",
        "Every task of a step belongs to an open one.",
        "tasks belong to steps that are not open",
        _REBUILD,
    ),
    Invariant(
        "inv_open_step_of_cancelled_order",
        "whole",
        "No cancelled order has an open step.",
        "open steps belong to orders that are cancelled or gone",
        _REBUILD,
    ),
    Invariant(
        "inv_turn_without_open_step",
        "whole",
        "Whoever's turn it is has an open step.",
        "orders wait for a step that is not open",
        _REBUILD,
    ),
    Invariant(
        "inv_timer_without_outcome", "order", "Every timer that fired says so.", "timers fired without a word", _REBUILD
    ),
    Invariant("inv_part_of_no_order", "order", "Every part has its order.", "parts belong to no order", _REBUILD),
    Invariant(
        "inv_person_of_no_order",
        "order",
        "Every person has an order.",
        "persons belong to no order",
        "They should not be kept: report this.",
    ),
    Invariant(
        "inv_level_off_ledger",
        "whole",
        "Every stock level is the sum of its movements.",
        "stock levels differ from their ledger",
        _STOCK,
    ),
    Invariant(
        "inv_committed_off_reservations",
        "whole",
        "What is committed is reserved for somebody.",
        "stock levels commit other units than are reserved",
        _STOCK,
    ),
    Invariant(
        "inv_reservation_of_no_order",
        "whole",
        "Every reservation has a living order.",
        "reservations belong to orders that are gone or over",
        _STOCK,
    ),
    Invariant(
        "inv_lease_without_token",
        "whole",
        "Every lane that is held has a token.",
        "lanes are held without a token",
        "Restart the workers; if it comes back, report this.",
    ),
)


def look(database: Database, *, everything: bool = False, tell: Callable[[str], None] | None = None) -> Iterator[Found]:
    """Look into every view; `tell` hears which one is next."""
    with database.engine(()) as conn:
        merchants = linking.merchants(conn)
    if not merchants:
        return
    with database.engine(merchants) as conn:
        sample = None if everything or _few(conn) else _sample(conn, merchants)
        newest = _number(conn, SQL["newest_message"], {"merchants": merchants})
    for invariant in INVARIANTS:
        if tell is not None:
            tell(invariant.well)
        yield _look(database, merchants, invariant, sample, newest, 0 if everything else BUDGET_S)


def check_invariants(database: Database) -> None:
    """For tests: `AssertionError` with every row that should not be."""
    found = [f"{one.invariant.view}: {row}" for one in look(database, everything=True) for row in one.rows]
    assert not found, "\n".join(found)


def _look(
    database: Database,
    merchants: list[int],
    invariant: Invariant,
    sample: tuple[list[int], list[str]] | None,
    newest: int,
    budget_s: int,
) -> Found:
    view = sql.Identifier(invariant.view)
    values: dict[str, Any] = {"merchants": merchants, "most": EXAMPLES + 1}
    sampled = sample is not None and invariant.scope != "whole"
    if sample is not None and invariant.scope == "order":
        asked = _OF_ORDERS.format(view)
        values |= {"at": sample[0], "orders": sample[1]}
    elif sample is not None and invariant.scope == "message":
        asked = _OF_MESSAGES.format(view)
        values["after"] = newest - NEWEST_MESSAGES
    else:
        asked = _WHOLE.format(view)
    try:
        with database.engine(merchants) as conn:
            conn.execute(b"select set_config('statement_timeout', %s, true)", (str(budget_s * 1000),))
            rows = conn.execute(asked, values).fetchall()
    except psycopg.errors.QueryCanceled:
        return Found(invariant, (), sampled, broken_off=True)
    return Found(invariant, tuple(_words(*row) for row in rows), sampled)


def _words(merchant: int, order: str | None, what: str) -> str:
    return f"merchant {merchant}, {f'order {order}, ' if order else ''}{what}"


def _few(conn: Connection) -> bool:
    return _number(conn, SQL["how_many_orders"], {}) <= WHOLE_UP_TO


def _sample(conn: Connection, merchants: list[int]) -> tuple[list[int], list[str]]:
    many = _number(conn, SQL["how_many_orders"], {})
    percent = min(100.0, 100.0 * 2 * SAMPLE / max(1, many))
    values = {"percent": percent, "most": SAMPLE, "merchants": merchants, "newest": NEWEST_A_MERCHANT}
    rows = conn.execute(SQL["sample"], values).fetchall()
    return [row[0] for row in rows], [row[1] for row in rows]


def _number(conn: Connection, statement: bytes, values: dict[str, Any]) -> int:
    row = conn.execute(statement, values).fetchone()
    return int(row[0]) if row else 0
