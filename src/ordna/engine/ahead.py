"""Looking ahead: while the database writes one batch, the next is taken and read.

Writing is half of what a batch costs the database, and reading messages a third of what it costs us; one after the
other, each waits for the other. What was read ahead is a guess: it is used only if the same leases are still held and
the connections still stand as they did; nothing is lost with it, for it is only read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from ordna.engine.leases import Lease
from ordna.engine.policies import Policies
from ordna.engine.taking import Taken
from ordna.store.connections import ConnectionNow
from ordna.store.database import Connection, Database
from ordna.store.inbox import Waiting

IN_A_ROW_MAX = 8
"""Looking ahead goes on behind what is in hand. A message that was committed late stands before that, so every so often
a batch is taken from the start."""

Known = dict[tuple[int, int], ConnectionNow]
After = dict[tuple[int, int], int]
Take = Callable[[Connection, After], list[Waiting]]

_log = logging.getLogger(__name__)


class Batch:
    """Messages taken and read, with the leases and the connections they were read under."""

    def __init__(self, rows: list[Waiting], held: frozenset[Lease], known: Known, taken: Taken) -> None:
        self.rows = rows
        self.known = known
        self.taken = taken
        self._held = held

    def holds(self, held: Sequence[Lease]) -> bool:
        """Whether every lane it came from is held as it was."""
        lanes = {(row.merchant_id, row.lane) for row in self.rows}
        return lanes <= {lease[:2] for lease in self._held.intersection(held)}


class Ahead:
    """What one step has read ahead."""

    def __init__(self, database: Database, policies: Policies) -> None:
        self._database = database
        self._policies = policies
        self._batch: Batch | None = None
        self._in_a_row = 0

    def batch(self, held: Sequence[Lease]) -> Batch | None:
        """What was read ahead, if it still stands; it is gone from here afterwards."""
        batch, self._batch = self._batch, None
        return batch if batch is not None and batch.holds(held) else None

    def look(
        self, in_hand: Sequence[Waiting], held: Sequence[Lease], take: Take, meanwhile: Callable[[], None]
    ) -> None:
        """Take and read what comes after the messages in hand, if it is much. `meanwhile` is called in between, again
        and again."""
        self._in_a_row = (self._in_a_row + 1) % IN_A_ROW_MAX
        if self._in_a_row == 0:
            return
        after: After = {}
        for row in in_hand:
            lane = row.merchant_id, row.lane
            after[lane] = max(after.get(lane, 0), row.inbox_id)
        try:
            with self._database.engine([lease.merchant_id for lease in held]) as conn:
                meanwhile()
                rows = take(conn, after)
                known = self._policies.connections(conn, {(row.merchant_id, row.connection_id) for row in rows})
            if 2 * len(rows) >= len(in_hand) and not any(row.tries for row in rows):
                taken = Taken(rows, known, self._policies, meanwhile)
                self._batch = Batch(rows, frozenset(held), known, taken)
        except Exception as error:
            _log.debug("nothing could be read ahead: %s", error)  # whoever takes it next meets the trouble, and tells
