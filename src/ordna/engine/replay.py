"""Replay: the proof that the journal explains everything stored.

Every order's journal is folded anew and compared with the stored state, byte for byte; the links of its objects are
chained anew and compared with `journal_object`, and with the trail beside the order. An order whose first events are in
the archive is folded on from its checkpoint. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from msgspec import Struct

from ordna.core import events
from ordna.core.evolve import fold
from ordna.core.order import decode_state, encode_state
from ordna.engine.objects import decode_trail, encode_trail, rechain, touched
from ordna.store import checkpoints, journal, orders
from ordna.store.checkpoints import Checkpoint
from ordna.store.database import Connection, Database
from ordna.store.journal import JournalRow, Link, StoredOrder

PAGE = 500
MISMATCHES_MAX = 1000


class Mismatch(Struct, frozen=True):
    """One order whose rows do not follow from its journal. `what`: state, links, trail, gap, checkpoint or orphan."""

    merchant_id: int
    order_id: str
    what: str
    sentence: str


class Report(Struct, frozen=True):
    """What a replay found: counts, and what does not agree (at most 1,000)."""

    orders: int
    events: int
    links: int
    mismatches: tuple[Mismatch, ...]

    @property
    def sound(self) -> bool:
        """True when the journal explains everything."""
        return not self.mismatches


Progress = Callable[[int], None]


def replay(
    database: Database,
    merchant_id: int | None = None,
    progress: Progress | None = None,
    *,
    most: int | None = None,
) -> Report:
    """Prove one merchant's orders, or all; `progress` is told the count of orders done, a page at a time. `most`: no
    more than about so many of each merchant."""
    proved = rows = links = 0
    found: list[Mismatch] = []
    for merchant in [merchant_id] if merchant_id is not None else _merchants(database):
        begun = proved
        for page in _pages(database, merchant):
            proved += len(page.orders)
            rows += sum(map(len, page.journal.values()))
            links += sum(map(len, page.links.values()))
            found.extend(_prove_page(database, merchant, page))
            if progress is not None:
                progress(proved)
            if most is not None and proved - begun >= most:
                break
        with database.engine([merchant]) as conn:
            found.extend(
                Mismatch(merchant, orphan, "orphan", "Its journal has rows and it has none.")
                for orphan in journal.orphans(conn, merchant)
            )
    return Report(proved, rows, links, tuple(found[:MISMATCHES_MAX]))


def replay_after(database: Database, merchant_id: int, after: str, most: int) -> Report:
    """Prove the next `most` orders of a merchant by their ids: a sample of what `replay` proves."""
    with database.engine([merchant_id]) as conn:
        page = _read(conn, merchant_id, journal.page_of_orders(conn, merchant_id, after, most))
    counts = (len(page.orders), sum(map(len, page.journal.values())), sum(map(len, page.links.values())))
    return Report(*counts, tuple(_prove_page(database, merchant_id, page)))


def check_fold(database: Database) -> None:
    """For tests: `AssertionError` with what does not agree."""
    report = replay(database)
    assert report.sound, "\n".join(f"{m.order_id}: {m.what}: {m.sentence}" for m in report.mismatches)


class _Page(Struct):
    orders: list[StoredOrder]
    journal: dict[str, list[JournalRow]]
    links: dict[str, list[Link]]
    checkpoints: dict[str, Checkpoint]


def prove_orders(conn: Connection, merchant_id: int, stored: list[StoredOrder]) -> list[Mismatch]:
    """Prove these orders, whose rows are locked."""
    page = _read(conn, merchant_id, stored)
    return [wrong for order in stored for wrong in _prove(merchant_id, order, page)]


def _merchants(database: Database) -> list[int]:
    with database.engine(()) as conn:
        return journal.all_merchants(conn)


def _pages(database: Database, merchant_id: int) -> Iterator[_Page]:
    after = ""
    while True:
        with database.engine([merchant_id]) as conn:
            page = _read_page(conn, merchant_id, after)
        if not page.orders:
            return
        yield page
        after = page.orders[-1].order_id


def _read_page(conn: Connection, merchant_id: int, after: str) -> _Page:
    return _read(conn, merchant_id, journal.page_of_orders(conn, merchant_id, after, PAGE))


def _read(conn: Connection, merchant_id: int, stored: list[StoredOrder]) -> _Page:
    ids = [order.order_id for order in stored]
    return _Page(
        stored,
        journal.journal_of(conn, merchant_id, ids),
        journal.links_stored(conn, merchant_id, ids),
        checkpoints.of_orders(conn, merchant_id, ids),
    )


def _prove_page(database: Database, merchant: int, page: _Page) -> list[Mismatch]:
    """An order that changed while its page was read looks wrong: what does not agree is looked at once more, alone."""
    found: list[Mismatch] = []
    for order in page.orders:
        if any(_prove(merchant, order, page)):
            with database.engine([merchant]) as conn:
                [stored] = orders.lock(conn, [(merchant, order.order_id)]).values()
                alone = StoredOrder(order.order_id, stored.seq, stored.state, stored.trail)
                found.extend(prove_orders(conn, merchant, [alone]))
    return found


def _prove(merchant: int, order: StoredOrder, page: _Page) -> Iterator[Mismatch]:
    rows = page.journal.get(order.order_id, [])
    checkpoint = page.checkpoints.get(order.order_id)
    if checkpoint is not None and not checkpoint.sound:
        yield Mismatch(merchant, order.order_id, "checkpoint", "Its state is not the one that was written.")
        return
    first, start, base = (
        (checkpoint.seq, decode_state(checkpoint.state), decode_trail(checkpoint.trail))
        if checkpoint
        else (0, None, None)
    )
    if [row.seq for row in rows] != list(range(first + 1, order.seq + 1)):
        sentence = f"The row says version {order.seq}, the journal has {len(rows)} events after {first}, or a gap."
        yield Mismatch(merchant, order.order_id, "gap", sentence)
        return
    history = [(events.decode(row.kind, row.version, row.data), row.occurred_at) for row in rows]
    if encode_state(fold(history, start)) != order.state:
        yield Mismatch(merchant, order.order_id, "state", "The folded journal is not the stored state.")
    links, trail = rechain(_links(merchant, order.order_id, rows, history), base)
    stored = page.links.get(order.order_id, [])
    if sorted(links, key=_place) != sorted(stored, key=_place):
        yield Mismatch(merchant, order.order_id, "links", _difference(links, stored))
    if encode_trail(trail) != order.trail:
        yield Mismatch(merchant, order.order_id, "trail", "The last links of its objects are not the stored trail.")


def _links(
    merchant: int, order_id: str, rows: list[JournalRow], history: list[tuple[events.Event, datetime]]
) -> list[Link]:
    return [
        Link(merchant, order_id, row.seq, kind, ref, row.kind, row.actor_kind, row.occurred_at, None, None)
        for row, (event, _) in zip(rows, history, strict=True)
        for kind, ref in touched(event, order_id)
    ]


def _place(link: Link) -> tuple[int, str, str]:
    return link.seq, link.object_kind, link.object_id


def _difference(wanted: list[Link], stored: list[Link]) -> str:
    first = next(iter(sorted(set(wanted) ^ set(stored), key=_place)))
    return f"{len(wanted)} links follow, {len(stored)} are stored; the first that differs: {first[2:]}"
