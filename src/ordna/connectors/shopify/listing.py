"""Which orders changed, page by page, so that none is left out however many there are.

A shop pages no deeper than 25,000 objects into one list. So no page goes on where Shopify's cursor stands: each asks
anew for what comes after the last order listed, by (second of the change, number). Of a page's last second the page may
hold a part only, in no order to rely on: that part is dropped and listed with the next page. When a whole page is of
one second, that second is listed by number. A mark is all that a broken-off listing needs to go on.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from ordna.connectors.contract import Answer, Budget
from ordna.connectors.shopify.client import Caller
from ordna.connectors.shopify.readers import id_of

ORDERS_A_PAGE = 250
PAGE_POINTS = 13.0
COUNT_POINTS = 10.0
COUNT_MAX = 10_000
_SECOND = timedelta(seconds=1)


class Mark(Struct, frozen=True, omit_defaults=True):
    """Where a listing stands: all that changed before the second `at` is listed, and of that second's orders those up
    to `number`; None where the second is not yet begun."""

    at: datetime
    number: int | None = None


class Swept(Struct, frozen=True, omit_defaults=True):
    """One page: (order ref, when it changed), where the next page starts (None after the last), and what it cost."""

    orders: tuple[tuple[str, datetime], ...]
    mark: Mark | None
    points: float = 0.0
    budget: Budget | None = None


def list_changed(
    client: Caller, mark: Mark, until: datetime | None = None, first: int = ORDERS_A_PAGE
) -> Swept | Answer:
    """One page of the orders that changed at or after the mark, and before `until`."""
    by_number = mark.number is not None
    terms = [f"updated_at:>='{_written(mark.at)}'"]
    if by_number:
        terms += [f"updated_at:<'{_written(mark.at + _SECOND)}'", f"id:>{mark.number}"]
    elif until is not None:
        terms.append(f"updated_at:<'{_written(until)}'")
    asked = {"query": " ".join(terms), "first": first, "sortKey": "ID" if by_number else "UPDATED_AT"}
    reply = client.call("sweep", asked)
    if isinstance(reply, Answer):
        return reply
    page = reply.data.get("orders")
    rows = _rows(page)
    if not isinstance(page, dict) or rows is None:
        return _unreadable()
    more = bool((page.get("pageInfo") or {}).get("hasNextPage")) and bool(rows)
    kept, following = _by_number(rows, mark, more, until) if by_number else _by_time(rows, more)
    return Swept(tuple(kept), following, reply.points, reply.budget)


def count_changed(client: Caller, since: datetime | None, until: datetime | None = None) -> int | Answer:
    """How many orders changed in [since, until); a shop counts no further than 10,000."""
    terms = [f"updated_at:>='{_written(since)}'"] if since is not None else []
    terms += [f"updated_at:<'{_written(until)}'"] if until is not None else []
    reply = client.call("count_orders", {"query": " ".join(terms)})
    if isinstance(reply, Answer):
        return reply
    counted = reply.data.get("ordersCount")
    count = counted.get("count") if isinstance(counted, dict) else None
    return count if isinstance(count, int) else _unreadable()


def _by_time(rows: list[tuple[str, datetime]], more: bool) -> tuple[list[tuple[str, datetime]], Mark | None]:
    if not more:
        return rows, None
    last = max(at for _, at in rows)
    kept = [row for row in rows if row[1] < last]
    return kept, Mark(last) if kept else Mark(last, 0)


def _by_number(
    rows: list[tuple[str, datetime]], mark: Mark, more: bool, until: datetime | None
) -> tuple[list[tuple[str, datetime]], Mark | None]:
    if more:
        return rows, Mark(mark.at, max(int(ref) for ref, _ in rows))
    over = until is not None and mark.at + _SECOND >= until
    return rows, None if over else Mark(mark.at + _SECOND)


def _rows(page: Any) -> list[tuple[str, datetime]] | None:
    """(order ref, second of its change) of a page; None when the page can't be read."""
    nodes = page.get("nodes") if isinstance(page, dict) else None
    if not isinstance(nodes, list):
        return None
    rows = []
    for node in nodes:
        ref = id_of(node.get("id")) if isinstance(node, dict) else None
        try:
            changed = datetime.fromisoformat(str(node.get("updatedAt"))) if ref else None
        except ValueError:
            changed = None
        if ref is None or not ref.isdigit() or changed is None or changed.tzinfo is None:
            return None
        rows.append((ref, changed.replace(microsecond=0)))
    return rows


def _unreadable() -> Answer:
    return Answer("again", "unreadable_answer", "Shopify's answer can't be read.", retry_after_s=5.0)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
