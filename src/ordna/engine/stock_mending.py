"""What does not add up in a merchant's stock, what would put it right, and putting it right.

Three things can be wrong, and each has one truth: a level is the sum of its movements, what is committed is the sum of
the reservations, and a reservation has a living order. Each proposal says what is wrong and what would be booked;
booking looks once more, under the level's lock, and leaves an entry in the ledger that says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from ordna.engine import stock as claims
from ordna.store import stock
from ordna.store.database import Connection, Database, sending
from ordna.store.sql import blocks
from ordna.store.stock import QUANTITIES, Movement, changes

SQL = blocks("stock_mending.sql")

LEVEL, COMMITTED, RESERVATION = "level", "committed", "reservation"
CAUSE = "mended"


class Proposal(Struct, frozen=True):
    """One thing that is wrong, by what it is about, and the entry that puts it right. `key` names it."""

    kind: str
    item: str
    location: str
    order_id: str
    line: str
    changes: tuple[int, ...]
    wrong: str
    entry: str

    @property
    def key(self) -> str:
        """The same for the same trouble."""
        return "|".join((self.kind, self.item, self.location, self.order_id, self.line))


def proposals(database: Database, merchant_id: int) -> list[Proposal]:
    """Everything that is wrong, in the order in which it is best put right."""
    with database.engine([merchant_id]) as conn:
        return _look(conn, merchant_id)


def mend(database: Database, merchant_id: int, keys: Sequence[str], by: str, at: datetime) -> list[Proposal]:
    """Book these proposals; those that were still wrong under the lock. What is freed goes to orders that wait."""
    with database.engine([merchant_id]) as conn:
        levels = {(merchant_id, one.item, one.location) for one in _look(conn, merchant_id) if one.location}
        stock.lock(conn, levels)
        due = [one for one in _look(conn, merchant_id) if one.key in set(keys)]
        for one in due:
            _book(conn, merchant_id, one, by, at)
        freed: dict[str, int] = {}
        for one in due:
            freed[one.item] = freed.get(one.item, 0) + max(0, one.changes[0])
        claims.wake(conn, [(merchant_id, item, units) for item, units in sorted(freed.items()) if units], at)
    return due


def _look(conn: Connection, merchant: int) -> list[Proposal]:
    where = {"merchant": merchant}
    out = [_off_ledger(*row) for row in conn.execute(SQL["off_ledger"], where)]
    unsound = {(one.item, one.location) for one in out}
    out.extend(_dead(*row) for row in conn.execute(SQL["dead_reservations"], where))
    off = [_off_reservations(*row) for row in conn.execute(SQL["off_reservations"], where)]
    dead: dict[tuple[str, str], int] = {}
    for one in out:
        if one.kind == RESERVATION:
            dead[one.item, one.location] = dead.get((one.item, one.location), 0) - one.changes[1]
    for one in off:
        if (one.item, one.location) in unsound:
            continue  # first the level follows its ledger; then it is seen what is left
        if -one.changes[1] != dead.get((one.item, one.location), 0):
            out.append(one)
    return out


def _off_ledger(item: str, location: str, stands: list[int], booked: list[int]) -> Proposal:
    differing = [
        f"{name} is {has}, its ledger says {says}"
        for name, has, says in zip(QUANTITIES, stands, booked, strict=True)
        if has != says
    ]
    change = tuple(says - has for has, says in zip(stands, booked, strict=True))
    wrong = f"{item} at {location}: {'; '.join(differing)}."
    return Proposal(LEVEL, item, location, "", "", change, wrong, "The level is set to what its ledger says.")


def _dead(order_id: str, line: str, item: str, location: str, kind: str, units: int) -> Proposal:
    wrong = (
        f"{units} × {item} {'set aside' if kind == 'reserved' else 'waited for'} for {order_id}, which is gone or over."
    )
    if kind != "reserved":
        return Proposal(RESERVATION, item, location, order_id, line, changes(), wrong, "The row is dropped.")
    change = changes(available=units, committed=-units)
    return Proposal(
        RESERVATION, item, location, order_id, line, change, wrong, f"available +{units}, committed -{units}"
    )


def _off_reservations(item: str, location: str, committed: int, reserved: int) -> Proposal:
    more = reserved - committed
    wrong = f"{item} at {location}: committed is {committed}, living orders have reserved {reserved}."
    entry = f"available {-more:+d}, committed {more:+d}"
    return Proposal(COMMITTED, item, location, "", "", changes(available=-more, committed=more), wrong, entry)


def _book(conn: Connection, merchant: int, one: Proposal, by: str, at: datetime) -> None:
    if one.kind == RESERVATION:
        kinds = ("reserved", "short", "backorder")
        stock.unreserve(conn, [(merchant, one.order_id, one.line, one.item, one.location, kind) for kind in kinds])
    if one.kind == LEVEL:
        stands = conn.execute(SQL["off_ledger"], {"merchant": merchant}).fetchall()
        [booked] = [row[3] for row in stands if (row[0], row[1]) == (one.item, one.location)]
        values = dict(zip(QUANTITIES, booked, strict=True))
        conn.execute(SQL["put_level"], {**values, "merchant": merchant, "item": one.item, "location": one.location})
    if one.kind == RESERVATION and not any(one.changes):
        return
    moved = changes() if one.kind == LEVEL else one.changes
    entry = Movement(
        merchant, one.item, one.location, moved, CAUSE, one.order_id or None, one.line or None, by, one.wrong
    )
    with sending(conn) as sent:
        stock.move(conn, [entry], at, sent)
