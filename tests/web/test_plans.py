"""No page reads more than it shows: every filter, and every other read, looks at few rows of a long history, under the
reader role and its row-level security."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any

import psycopg
import pytest

from ordna.core.lifecycle import MACHINES
from ordna.store.read import connections, flow_map, messages, order, orders, work
from ordna.store.read.door import View, view
from ordna.store.read.orders import HEADLINES, OPEN_HEADLINES, PAYMENTS, Filter
from ordna.store.sealing import Keyring
from ordna.web.asked_for import TABS
from tests.web.conftest import House

ORDERS = 40_000
FEW = 1_500
"""More than any page needs to look at, much less than a walk past all orders, or past all closed ones."""
BIG = re.compile(r"(orders|task|step|journal|decision|effect|inbox|person_token)(_begin|_\d+)?")
"""Tables, and partitions of them, that nobody may read from end to end; what has no partition of its own is little."""

# One order in a hundred is open. What there is little of lies where a walk from the newest would find it last: the only
# orders to Iceland are the oldest, what was refunded was paid a year ago, nothing open was ever refunded.
FILL = b"""
insert into orders (merchant_id, order_id, connection_id, order_ref, seq, state, verdict, trail, policy_version, name,
                    name_key, placed_at, headline, turn_step, turn_owner, turn_since, turn_due, attention, open, test,
                    country, payment, updated_at)
select case when i % 20 = 19 then 2 else 1 end, '7-' || i, 7, i::text, 1, '{}', '{}', '{}', 1, '#' || i, i::text, at,
       case when is_open then (array['open', 'held', 'partly shipped', 'shipped', 'delivered'])[1 + i % 5]
            when i % 50 = 7 then 'cancelled' when i % 5000 = 11 then 'deleted' else 'closed' end,
       case when is_open then (array['pick', 'pack', 'deliver', 'pay'])[1 + i % 4] else '' end,
       case when is_open then (array['warehouse', 'warehouse', 'carrier', 'service'])[1 + i % 4] else '' end,
       case when is_open then at end, case when is_open then now() + (i % 7 - 2) * interval '1 hour' end,
       is_open and i % 9 = 0, is_open, i % 150 = 3,
       case when i > %(orders)s - 20 then 'IS' when i % 10 = 1 then 'SE' when i % 700 = 5 then null else 'DK' end,
       case when is_open and i % 4 = 3 then 'pending' when i % 50 = 7 then 'voided' when i % 900 = 13 then null
            when i > %(orders)s / 2 and i % 30 = 1 then 'refunded' else 'paid' end, now()
from (select i, i % 100 = 0 or i < 40 as is_open, now() - i * interval '26 minutes' as at
      from generate_series(1, %(orders)s) i) as history;
insert into step (merchant_id, order_id, step, run, status, owner, opened_at, due_at, placed_at)
select merchant_id, order_id, case when open then turn_step else 'pick' end, 1,
       case when open then 'open' else 'done' end, 'warehouse', placed_at, turn_due, placed_at from orders;
insert into task (merchant_id, order_id, task_key, kind, owner, title, reason, opened_at, closed_at, due_at, order_name,
                  claimed_by)
select merchant_id, order_id, 'do', 'step', case when turn_owner = '' then 'warehouse' else turn_owner end, 'Pick', 'x',
       placed_at, case when open then null else now() end, turn_due, name,
       case when name_key::int % 300 = 0 then 'ida' end
from orders;
insert into effect (merchant_id, order_id, effect_key, generation, connection_id, lane, kind, once, body, status,
                    asked_at, due_at)
select merchant_id, order_id, 'ship:1#1', 1, 7, 3, 'ShipPart', true, '', case when name_key::int % 800 = 0 then 'dead'
       when name_key::int % 900 = 0 then 'due' else 'confirmed' end, placed_at, placed_at from orders;
insert into journal (merchant_id, order_id, seq, kind, version, occurred_at, recorded_at, actor_kind, actor, cause,
                     policy_version, data)
select merchant_id, order_id, number, 'Placed', 1, placed_at, placed_at, 'outside', 'shop', 'x', 1, '{}'
from orders, generate_series(1, 3) as number;
insert into decision (merchant_id, order_id, seq_after, seq_before, at, cause, policy_version, changes)
select merchant_id, order_id, 1, 0, placed_at, 'x', 1, '[]' from orders;
insert into inbox (merchant_id, received_at, lane, connection_id, topic, webhook_id, order_hint, headers, body,
                   handled_at, outcome)
select merchant_id, placed_at, 3, 7, 'orders/updated', order_id, order_ref, '{}', '{}', placed_at, 'facts'
from orders order by placed_at;
"""


class Explaining(View):
    """A view that runs each statement and keeps how it was run."""

    ran: list[dict[str, Any]]

    def rows(self, statement: bytes, kind: type[Any], **values: object) -> list[Any]:
        how = b"explain (analyze, timing off, format json) "
        found = self.connection.execute(how + statement, self._bound(values), prepare=False).fetchone()
        assert found is not None
        self.ran.append(found[0][0]["Plan"])
        return []

    def row(self, statement: bytes, kind: type[Any], **values: object) -> Any:
        self.rows(statement, kind, **values)
        return None

    def number(self, statement: bytes, **values: object) -> int:
        self.rows(statement, object, **values)
        return super().number(statement, **values)

    def numbers(self, statement: bytes, **values: object) -> list[int]:
        self.rows(statement, object, **values)
        return [7]


Explain = Callable[[Callable[[View], object]], list[dict[str, Any]]]


@pytest.fixture
def full(house: House) -> House:
    """A house with a long history."""
    with psycopg.connect(house.dsn) as conn:
        for statement in FILL.split(b";\n"):
            if statement.strip():
                conn.execute(statement.replace(b"%(orders)s", b"%d" % ORDERS))
    with psycopg.connect(house.dsn, autocommit=True) as conn:
        conn.execute("vacuum (analyze) orders, step, task, effect, journal, decision, inbox")
    return house


@pytest.fixture
def explain(full: House) -> Iterator[Explain]:
    """How what a read asks is run."""

    def of(read: Callable[[View], object]) -> list[dict[str, Any]]:
        with view(full.database, 1) as seen:
            explaining = Explaining(seen.connection, 1, seen.now)
            object.__setattr__(explaining, "ran", [])
            read(explaining)
        return explaining.ran

    yield of


def looked_at(plan: dict[str, Any]) -> int:
    """Rows, and entries of indexes, that a plan's scans came by."""
    here = 0
    if plan["Node Type"].endswith("Scan") and ("Relation Name" in plan or "Index Name" in plan):
        removed = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
        here = round((plan["Actual Rows"] + removed) * plan["Actual Loops"])
    return here + sum(looked_at(child) for child in plan.get("Plans", ()))


def scanned(plan: dict[str, Any]) -> list[str]:
    """Big tables read from end to end."""
    whole = plan["Node Type"] == "Seq Scan" and BIG.fullmatch(plan["Relation Name"])
    here = [plan["Relation Name"]] if whole else []
    return here + [name for child in plan.get("Plans", ()) for name in scanned(child)]


def filters() -> Iterator[tuple[str, Filter]]:
    """Every tab with every combination of filters: of each an ordinary value, a rare one, and one of no order."""
    payments, countries = ("", "paid", "refunded", "expired"), ("", "DK", "IS", "ZZ")
    steps, owners, tests = ("", "deliver", "close"), ("", "warehouse", "nobody"), (False, True)
    for (show, _), payment, country, step, owner, test in product(TABS, payments, countries, steps, owners, tests):
        yield (
            show,
            Filter(
                open=show == "open",
                headline=show if show in HEADLINES and show != "open" else "",
                late=show == "late",
                attention=show == "attention",
                payment=payment,
                country=country,
                step=step,
                owner=owner,
                test=test,
            ),
        )


def allowed(wanted: Filter) -> int:
    """How many rows a list may look at: where one index holds just what is wanted, a page of them and one."""
    return 52 if wanted in (Filter(), Filter(open=True)) else FEW


CURSOR = "WyIyMDI2LTAxLTAxVDEyOjAwOjAwWiIsIjctMTAwMCJd"


def test_a_list_looks_at_little_whatever_it_is_filtered_by(explain: Explain) -> None:
    most = 0
    for show, wanted in filters():
        for cursor in ("", CURSOR):
            [plan] = explain(lambda seen, wanted=wanted, cursor=cursor: orders.page(seen, wanted, cursor))  # type: ignore[misc]
            seen, whole = looked_at(plan), scanned(plan)
            assert not whole and seen < allowed(wanted), (show, wanted, cursor, seen, whole)
            most = max(most, seen)
    assert most > 51


READS: dict[str, Callable[[View], object]] = {
    "search": lambda seen: orders.search(seen, "7-1000", "1000"),
    "search by id": lambda seen: orders.search(seen, "1000", "1000"),
    "search by person": lambda seen: orders.of_person(seen, Keyring({1: b"k" * 32}), "Karen Holm"),
    "search of nothing": lambda seen: orders.search(seen, "karen@example.com", "KAREN@EXAMPLE.COM"),
    "oldest late": lambda seen: orders.oldest_late(seen, 8),
    "has orders": orders.has_orders,
    "map": flow_map.figures,
    "work": lambda seen: work.tasks(seen, "ida"),
    "work of a team": lambda seen: work.tasks(seen, "ida", "warehouse"),
    "my work": lambda seen: work.tasks(seen, "ida", mine=True),
    "loads": lambda seen: work.loads(seen, "ida"),
    "order head": lambda seen: order.order_head(seen, "7-1000"),
    "tasks of an order": lambda seen: work.order_tasks(seen, "7-1000"),
    "journal": lambda seen: seen.rows(order.SQL["journal"], object, order_id="7-1", before=9, limit=9),
    "decisions": lambda seen: seen.rows(order.SQL["decisions"], object, order_id="7-1", from_seq=0),
    "effects": lambda seen: seen.rows(order.SQL["effects"], object, order_id="7-1"),
    "messages that wait": lambda seen: seen.rows(order.SQL["waiting_inbox"], object, connection_id=7, order_ref="1000"),
    "person": lambda seen: seen.rows(order.SQL["person"], object, person_id="7-1000"),
    "connections": connections.connections,
    "trouble": connections.trouble,
    "effects waiting": connections.effects_waiting,
    "rereads": connections.rereads,
    "flows": connections.flows,
    "set aside": messages.set_aside,
    "set aside of an order": lambda seen: messages.set_aside_of_order(seen, "7-1000"),
    "switches": connections.outgoing_paused_at,
    "policy": connections.policy,
    "merchant": connections.merchant,
}


def test_every_other_read_looks_at_little(explain: Explain) -> None:
    for name, read in READS.items():
        found = explain(read)
        assert found, name
        for plan in found:
            assert not scanned(plan) and looked_at(plan) < FEW, (name, looked_at(plan), scanned(plan))
    [plan] = explain(lambda seen: seen.rows(b"select from orders where currency = 'DKK'", object))
    assert scanned(plan) == ["orders"], "a scan would be seen"


def test_open_is_what_the_open_headlines_say() -> None:
    assert set(PAYMENTS) == set(MACHINES["payment"])
    assert set(HEADLINES) - set(OPEN_HEADLINES) == {"closed", "cancelled", "deleted"}


MISSING = (
    (("orders_placed",), Filter()),
    (("orders_open",), Filter(open=True)),
    (("orders_standing", "orders_country"), Filter(headline="deleted", payment="paid")),
    (("orders_country",), Filter(country="IS")),
    (("orders_owner", "orders_open", "orders_due"), Filter(owner="nobody")),
    (("orders_due", "orders_open", "orders_owner"), Filter(late=True)),
    (("orders_test",), Filter(test=True)),
    (("orders_step",), Filter(step="close")),
    (("orders_odd",), Filter(attention=True)),
)
"""Indexes to take away, where one stands in for another together, and a list that needs them."""


def test_an_index_that_is_missing_would_be_seen(full: House) -> None:
    unseen = []
    for indexes, wanted in MISSING:
        with psycopg.connect(full.dsn) as conn:
            conn.execute(f"drop index {', '.join(indexes)}")
            conn.execute("set local role ordna_reader")
            conn.execute("select set_config('ordna.merchants', '{1}', true)")
            explaining = Explaining(conn, 1, datetime.now(UTC))
            object.__setattr__(explaining, "ran", [])
            orders.page(explaining, wanted)
            [plan] = explaining.ran
            conn.rollback()
        if not scanned(plan) and looked_at(plan) < allowed(wanted):
            unseen.append((indexes, wanted, looked_at(plan)))
    assert not unseen
