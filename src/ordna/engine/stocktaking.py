"""What a batch's facts do to stock, noted while the core decides: movements for the ledger, and the reservations of
each order as the difference between before and after."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ordna.core import events as e
from ordna.core.claims import Allotted, Loose, item_of
from ordna.core.decide import STOCK_TIMER
from ordna.core.outcome import Order
from ordna.engine.page import Page
from ordna.store import stock
from ordna.store.database import Connection, Sent
from ordna.store.stock import LevelKey, Movement, Reservation, changes

MOVING = (e.StockReserved, e.StockReleased, e.StockConsumed, e.StockTakenBack)
RULE = "until it leaves, is cancelled or is edited"
RULE_OF_TIME = "until it leaves, is cancelled or is edited; given back when its time is over"
RULE_OF_WAITING = "until units come, or it is cancelled or edited"

Key = tuple[str, str, str, str]
"""(line, item, location, kind)"""


class Moves:
    """The movements and reservations of a batch."""

    def __init__(self) -> None:
        self.movements: list[Movement] = []
        self.loose: list[tuple[Page, Loose, int]] = []
        self._reservations: list[Reservation] = []
        self._gone: list[tuple[int, str, str, str, str, str]] = []

    def note(self, page: Page, event: e.Event) -> None:
        """One fact that moves stock."""
        match event:
            case e.StockReserved():
                self._move(page, event.lines, -1, 1, "reserved", promised=True)
            case e.StockReleased():
                self._move(page, event.lines, 1, -1, event.cause)
            case e.StockConsumed():
                self._move(page, event.lines, 0, -1, "shipped")
                self.loose.extend((page, one, -1) for one in event.loose if one.location)
            case e.StockTakenBack():
                self._move(page, event.lines, 0, 1, "taken back")
                self.loose.extend((page, one, 1) for one in event.loose if one.location)

    def levels(self) -> set[LevelKey]:
        """The levels that the facts noted so far move."""
        return {one.level for one in self.movements}

    def close(self, page: Page, at: datetime) -> None:
        """All of an order was decided: what it holds and waits for now, where that changed."""
        before, after = _held(page.before), _held(page.order)
        for key, (units, cause, until, expires_at) in after.items():
            if before.pop(key, None) == (units, cause, until, expires_at):
                continue
            line, item, location, kind = key
            rule = RULE_OF_WAITING if kind != "reserved" else RULE_OF_TIME if expires_at else RULE
            row = Reservation(
                page.merchant_id, page.order_id, line, item, location, kind, units, page.connection.connection_id,
                cause, rule, at, expires_at, until,
            )  # fmt: skip
            self._reservations.append(row)
        self._gone.extend((page.merchant_id, page.order_id, *key) for key in before)

    def write(self, conn: Connection, at: datetime, sent: Sent) -> None:
        """Everything noted, a statement a table; the levels are locked by now."""
        if self.movements:
            stock.move(conn, self.movements, at, sent)
        if self._gone:
            stock.unreserve(conn, self._gone)
        if self._reservations:
            stock.reserve(conn, self._reservations)

    def _move(
        self,
        page: Page,
        lines: Iterable[Allotted],
        available: int,
        committed: int,
        cause: str,
        *,
        promised: bool = False,
    ) -> None:
        for one in lines:
            change = changes(available=available * one.units, committed=committed * one.units)
            place = (page.merchant_id, one.item, one.location)
            self.movements.append(Movement(*place, change, cause, page.order_id, one.line, promised=promised))


def _held(order: Order) -> dict[Key, tuple[int, str, str, datetime | None]]:
    """What an order holds and waits for: (line, item, location, kind) to (units, cause, until, expires at)."""
    out: dict[Key, tuple[int, str, str, datetime | None]] = {}
    expires_at = order.verdict.timers.get(STOCK_TIMER)
    for one in order.state.reserved:
        key = (one.line, one.item, one.location, "reserved")
        out[key] = (out[key][0] + one.units if key in out else one.units, "order", "", expires_at)
    for lacking in order.state.short:
        kind = "backorder" if lacking.cause == "backorder" else "short"
        key = (lacking.line, item_of(lacking.sku), lacking.location, kind)
        units = lacking.units + (out[key][0] if key in out else 0)
        out[key] = (units, lacking.cause, lacking.until, None)
    return out
