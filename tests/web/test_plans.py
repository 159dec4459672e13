"""Every filter a page offers is served by an index, under the reader role and its row-level security."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from ordna.store.read import connections, flow_map, messages, order, orders, work
from ordna.store.read.door import View, view
from ordna.store.read.orders import Filter
from ordna.store.sealing import Keyring
from tests.web.conftest import House

BIG = ("orders", "task", "step", "journal", "decision", "effect", "inbox", "reread", "person_token")


class Explaining(View):
    """A view that asks for the plan instead of the rows."""

    plans: list[str]

    def rows(self, statement: bytes, kind: type[Any], **values: object) -> list[Any]:
        found = self.connection.execute(b"explain " + statement, self._bound(values)).fetchall()
        self.plans.append("\n".join(row[0] for row in found))
        return []

    def row(self, statement: bytes, kind: type[Any], **values: object) -> Any:
        self.rows(statement, kind, **values)
        return None

    def number(self, statement: bytes, **values: object) -> int:
        self.rows(statement, object, **values)
        return 0

    def numbers(self, statement: bytes, **values: object) -> list[int]:
        self.rows(statement, object, **values)
        return [7]


@pytest.fixture
def plans(house: House) -> Iterator[Callable[..., list[str]]]:
    """The plans of what a read asks, in a database where scanning would cost."""
    with psycopg.connect(house.dsn) as conn:
        conn.execute(FILL)
    with psycopg.connect(house.dsn, autocommit=True) as conn:
        conn.execute("analyze")

    def of(read: Callable[[View], object]) -> list[str]:
        with view(house.database, 1) as seen:
            seen.connection.execute("set local enable_seqscan = off")
            explaining = Explaining(seen.connection, 1, seen.now)
            object.__setattr__(explaining, "plans", [])
            read(explaining)
        return explaining.plans

    yield of
    with psycopg.connect(house.dsn) as conn:
        conn.execute("truncate orders, step, task")


FILL = b"""
insert into orders (merchant_id, order_id, connection_id, order_ref, seq, state, verdict, trail, policy_version, name,
                    name_key, placed_at, headline, turn_step, turn_owner, turn_due, attention, open, test,
                    country, payment, updated_at)
select 1 + i % 2, '7-' || i, 7, i::text, 1, '{}', '{}', '{}', 1, '#' || i, i::text, now() - i * interval '1 minute',
       case i % 9 when 0 then 'open' else 'closed' end, case i % 9 when 0 then 'pick' else '' end, 'warehouse', now(),
       i % 50 = 0, i % 9 = 0, i % 20 = 0, 'DK', 'paid', now()
from generate_series(1, 4000) i;
insert into step (merchant_id, order_id, step, run, status, owner, placed_at)
select merchant_id, order_id, 'pick', 1, case when open then 'open' else 'done' end, 'warehouse', now() from orders;
insert into task (merchant_id, order_id, task_key, kind, owner, title, reason, opened_at, closed_at, order_name)
select merchant_id, order_id, 'do', 'step', 'warehouse', 'Pick', 'x', now(), case when open then null else now() end,
       name
from orders;
"""

FILTERS = {
    "all": (Filter(), "orders_placed"),
    "open": (Filter(open=True), "orders_open"),
    "late": (Filter(late=True), "orders_open"),
    "attention": (Filter(attention=True), "orders_attention"),
    "headline": (Filter(headline="held"), "orders_headline"),
    "step": (Filter(step="pick"), "orders_turn"),
    "owner": (Filter(owner="warehouse"), "orders_open"),
    "country": (Filter(country="DK"), "orders_placed"),
    "payment": (Filter(payment="paid"), "orders_placed"),
    "test": (Filter(test=True), "orders_"),
    "open and step and country": (Filter(open=True, step="pick", country="DK"), "orders_"),
}


def scans(plan: str) -> list[str]:
    """The big tables, or partitions of them, that a plan reads from end to end."""
    whole = re.compile(rf"({'|'.join(BIG)})(_begin|_rest|_\d+)?")
    return [table for table in re.findall(r"Seq Scan on (\w+)", plan) if whole.fullmatch(table)]


def test_every_filter_of_the_list_walks_an_index_in_order(plans: Any) -> None:
    """Test orders are so few that sorting them is cheaper than walking past all others."""
    for name, (wanted, index) in FILTERS.items():
        for cursor in ("", "WyIyMDI2LTExLTAxVDEyOjAwOjAwWiIsIjctMTAwMCJd"):
            [plan] = plans(lambda seen, wanted=wanted, cursor=cursor: orders.page(seen, wanted, cursor))
            assert not scans(plan) and f"using {index}" in plan, (name, plan)
            assert name == "test" or "Sort" not in plan, (name, plan)


READS: dict[str, Callable[[View], object]] = {
    "search": lambda seen: orders.search(seen, "7-1000", "1000"),
    "search by id": lambda seen: orders.search(seen, "1000", "1000"),
    "search by person": lambda seen: orders.of_person(seen, Keyring({1: b"k" * 32}), "Karen Holm"),
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
    "trouble": connections.trouble,
    "effects waiting": connections.effects_waiting,
    "rereads": connections.rereads,
    "flows": connections.flows,
    "set aside": messages.set_aside,
    "set aside of an order": lambda seen: messages.set_aside_of_order(seen, "7-1000"),
}


def test_every_other_read_walks_an_index(plans: Any) -> None:
    for name, read in READS.items():
        found = plans(read)
        assert found, name
        for plan in found:
            assert not scans(plan), (name, plan)


def test_a_scan_would_be_seen(plans: Any) -> None:
    [plan] = plans(lambda seen: seen.rows(b"select from orders where currency = 'DKK'", object))
    assert scans(plan) == ["orders"], plan
