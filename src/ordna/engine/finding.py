"""Find orders by their name, over all merchants, and say of each whose turn it is and why."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ordna.core.explain import Explanation, explain
from ordna.core.order import decode_state, part_names
from ordna.core.outcome import Order, decode_verdict
from ordna.engine.policies import Policies
from ordna.engine.project import name_key
from ordna.store import linking
from ordna.store.database import Database


class Explained(NamedTuple):
    """An order with its name, the mode of its connection, its merchant's zone, the places of its fulfillment orders,
    and the answer."""

    name: str
    mode: str
    zone: str
    places: dict[str, str]
    explanation: Explanation


def explain_named(database: Database, policies: Policies, name: str, now: datetime) -> list[Explained]:
    """The orders of that name or id, newest first, at most twenty."""
    with database.engine(()) as conn:
        merchants = linking.merchants(conn)
    out = []
    with database.engine(merchants) as conn:
        rows = linking.named_orders(conn, merchants, name_key(name), name)
        known = policies.connections(conn, {(row.merchant_id, row.connection_id) for row in rows}) if rows else {}
        for row in rows:
            order = Order(decode_state(row.state), decode_verdict(row.verdict))
            connection = known[row.merchant_id, row.connection_id]
            policies.load(conn, [(row.merchant_id, order.verdict.policy)])
            policy = policies.policy(connection, order.verdict.policy)
            places = part_names(order.state)
            out.append(Explained(row.name, connection.mode, row.zone, places, explain(order, policy, now)))
    return out
