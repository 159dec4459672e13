"""The leases of some rows: what a transaction that claims work must hold, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from ordna.engine.leases import Lease, LeaseLost, fence
from ordna.store.database import Connection


class InLane(Protocol):
    """A row that lies in a lane."""

    @property
    def merchant_id(self) -> int: ...

    @property
    def lane(self) -> int: ...


def fence_rows(conn: Connection, leases: Sequence[Lease], rows: Iterable[InLane]) -> None:
    """Hold the leases of these rows until the end of the transaction. `LeaseLost`."""
    lanes = {(row.merchant_id, row.lane) for row in rows}
    held = [lease for lease in leases if lease[:2] in lanes]
    if len(held) != len(lanes):
        raise LeaseLost(str(LeaseLost.__doc__))
    if held:
        fence(conn, held)
