"""What a batch of stored messages means, before anything is decided: items for orders, duplicates, and what
comes to nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from ordna.connectors.contract import Concern
from ordna.core.messages import Hinted
from ordna.engine import reading
from ordna.engine.batch import Culprit, Item
from ordna.engine.lanes import lane_of, place_of
from ordna.engine.policies import Policies
from ordna.engine.reading import ByParcel, ByPart, Closed
from ordna.store import carriers, inbox, outbox
from ordna.store.connections import ConnectionNow
from ordna.store.database import Connection
from ordna.store.inbox import Handled, Waiting
from ordna.store.outbox import RereadRow

PART_URGENCY = 3
BREATH = 16
"""Messages read between two calls of `meanwhile`."""


class Taken:
    """The messages of a batch as read: items for orders, and what came to nothing. `Culprit`."""

    def __init__(
        self,
        rows: Sequence[Waiting],
        known: dict[tuple[int, int], ConnectionNow],
        policies: Policies,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        self.items: list[Item] = []
        self.duplicates: set[int] = set()
        self._rows = rows
        self._closed: dict[int, Closed] = {}
        self._by_part: dict[int, ByPart] = {}
        self._by_parcel: dict[int, ByParcel] = {}
        self._policies = policies
        self._lost: list[ByPart] = []
        self._concerns: dict[int, Concern] = {}
        for place, row in enumerate(rows):
            if meanwhile is not None and place % BREATH == 0:
                meanwhile()
            try:
                meaning = reading.read(row, known.get((row.merchant_id, row.connection_id)), policies)
            except Exception as error:
                raise Culprit(row.inbox_id) from error
            if isinstance(meaning, Item):
                self.items.append(meaning)
            elif isinstance(meaning, ByPart):
                self._by_part[row.inbox_id] = meaning
            elif isinstance(meaning, ByParcel):
                self._by_parcel[row.inbox_id] = meaning
            elif isinstance(meaning, Concern):
                self._concerns[row.inbox_id] = meaning
                self._closed[row.inbox_id] = Closed("request")
            else:
                self._closed[row.inbox_id] = meaning

    def resolve_parts(self, conn: Connection) -> None:
        """Find the orders of hints that name only a part; for the others the part itself is read. And of parcels."""
        if self._by_parcel:
            self._resolve_parcels(conn)
        if not self._by_part:
            return
        keys = {(hint.connection[0], hint.connection[1], hint.part) for hint in self._by_part.values()}
        owners = outbox.owners_of(conn, sorted(keys))
        for row in self._rows:
            hint = self._by_part.get(row.inbox_id)
            if hint is None:
                continue
            owner = owners.get((hint.connection[0], hint.connection[1], hint.part))
            if owner is None:
                self._lost.append(hint)
                self._closed[row.inbox_id] = Closed("hint")
            else:
                message = Hinted(owner, hint.topic, row.received_at)
                self.items.append(Item(hint.connection, owner, message, f"inbox:{row.inbox_id}", row.inbox_id))

    def _resolve_parcels(self, conn: Connection) -> None:
        """Find the orders of parcels by their labels. What no label of ours explains is set aside: it may have come
        before its label did, and the carrier is asked again (`engine/parcels.py`)."""
        keys = {
            number: (told.connection.merchant_id, told.connection.connection_id, told.message.tracking)
            for number, told in self._by_parcel.items()
        }
        owners = carriers.owners(conn, keys.values())
        places = {key: place_of(order_id) for key, order_id in owners.items()}
        shops = {(key[0], connection) for key, (connection, _) in places.items()}
        known = self._policies.connections(conn, shops) if shops else {}
        for number, key in keys.items():
            shop = known.get((key[0], places[key][0])) if key in places else None
            if shop is None:
                self._closed[number] = Closed("unusable", f"No label of ours carries the number {key[2]}.")
            else:
                message = self._by_parcel[number].message
                self.items.append(Item(shop, places[key][1], message, f"inbox:{number}", number))

    def drop_duplicates(self, conn: Connection, at: datetime) -> None:
        """Deliveries we have seen before, or twice in this batch, come to nothing."""
        keys = {
            row.inbox_id: (row.merchant_id, row.webhook_id, inbox.hash_of(row.body))
            for row in self._rows
            if row.webhook_id and not reading.is_own(row.topic)
        }
        if not keys:
            return
        fresh = inbox.see(conn, list(keys.values()), at)
        for row in self._rows:
            key = keys.get(row.inbox_id)
            if key is None:
                continue
            if key not in fresh:
                self.duplicates.add(row.inbox_id)
            fresh.discard(key)
        for item in self.items:
            if item.inbox_id in self.duplicates:
                item.outcome = inbox.DUPLICATE

    def concerns(self) -> list[tuple[Waiting, Concern]]:
        """What is asked about personal data, with the message it came by; also what was asked before."""
        return [(row, self._concerns[row.inbox_id]) for row in self._rows if row.inbox_id in self._concerns]

    def rereads(self, at: datetime) -> list[RereadRow]:
        """Reads that no order's page could ask for."""
        return [
            RereadRow(
                hint.connection[0],
                hint.connection[1],
                f"fo:{hint.part}",
                lane_of(f"fo:{hint.part}"),
                PART_URGENCY,
                at,
                hint.topic,
            )
            for hint in self._lost
        ]

    def outcomes(self) -> list[Handled]:
        """What every message came to."""
        by_id = {item.inbox_id: item.outcome for item in self.items}
        out: list[Handled] = []
        for row in self._rows:
            closed = self._closed.get(row.inbox_id)
            key = row.merchant_id, row.inbox_id, row.received_at
            if row.inbox_id in self.duplicates:
                out.append(Handled(*key, inbox.DUPLICATE))
            elif closed is not None:
                out.append(Handled(*key, closed.outcome, closed.error))
            else:
                out.append(Handled(*key, by_id[row.inbox_id]))
        return out
