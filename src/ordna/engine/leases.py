"""Leases: which lanes this worker works on. A lane is claimed when there is work in it, kept while there is, given
back.

Workers share without a coordinator: each counts the workers that are present and claims no more than its share, so one
big shop uses them all. A lease lasts 30 seconds by the database's clock and is renewed every 10; its token only grows,
and every transaction that writes outcomes checks it, so a worker that was thought dead writes nothing. While such a
transaction lasts nobody else can claim its lanes, however late it is, and a worker that hangs in one is cut off by the
server; so a slow worker is never taken for a dead one, and a dead one's lanes are free within a minute.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ordna.store.arrays import Bigints, columns
from ordna.store.database import Connection, Database
from ordna.store.sql import blocks

SQL = blocks("leases.sql")

LEASE_S = 30.0
RENEW_S = 10.0
CLAIM_S = 0.5
DUE_LOOK_S = 1.0
FEW_MESSAGES = 10_000
SLOW_LOOK_S = 0.01
LOOKS_FROM_FIRST = 10


class Lease(NamedTuple):
    """One lane held. `unfinished`: the owner before never gave it back, so what it left waiting is tried alone."""

    merchant_id: int
    lane: int
    token: int
    unfinished: bool


class LeaseLost(Exception):
    """Another worker holds the lane: nothing was written."""


class Leases:
    """The lanes one worker process holds. One thread claims and gives back; any may renew, and read `held`."""

    def __init__(self, database: Database, owner: str, *, most: int = 4096, seconds: float = LEASE_S) -> None:
        self._database = database
        self._owner = owner
        self._most = most
        self._seconds = seconds
        self._slot: int | None = None
        self._held: dict[tuple[int, int], Lease] = {}
        self._merchants: list[int] = []
        self.busy: frozenset[tuple[int, int]] = frozenset()
        """The lanes that had messages waiting when last looked, held or not."""
        self.above = 0
        """Looks for messages begin above this number: 0, unless looking from the first on has become slow."""
        self.newest_taken = 0
        """The highest number this worker's looks have met."""
        self._oldest, self._turns, self._is_slow = 0, 0, False
        self._renewed = self._shared = self._looked = self._claimed = float("-inf")
        self._renewing = threading.Lock()

    @property
    def held(self) -> tuple[Lease, ...]:
        """The lanes held now."""
        return tuple(self._held.values())

    @property
    def lanes(self) -> list[tuple[int, int]]:
        """(merchant, lane) of the lanes held now."""
        return list(self._held)

    def tend(self, *, idle: bool = False) -> None:
        """Renew when it is time, and claim lanes with work up to this worker's share: at once when `idle`, or else some
        times a second. Cheap enough for every round."""
        self.keep()
        beat = time.monotonic()
        if beat - self._shared >= self._renew_s:
            self._shared = beat
            self._share()
        look_at_due = beat - self._looked >= DUE_LOOK_S
        if look_at_due:
            self._looked = beat
            self._merchants = self._all_merchants()
        if look_at_due or idle or not self._held or beat - self._claimed >= CLAIM_S:
            self._claimed = beat
            self._claim(look_at_due)

    def keep(self) -> None:
        """Renew when it is time. A worker calls this from a thread of its own, so that a long batch loses no lane."""
        with self._renewing:
            beat = time.monotonic()
            if beat - self._renewed >= self._renew_s:
                self._renew()
                self._renewed = beat

    def look_for_the_oldest(self) -> int:
        """Have looks begin where the oldest message waits, if it takes long to find: handled ones that no vacuum may
        clear, because somebody keeps an old snapshot open, stand before it. What is committed late below that, or tried
        again, is found by the next look from the first on; what was the oldest a turn ago counts, too. 0: nothing is
        taken."""
        if not self._merchants:
            return 0
        self._turns += 1
        from_first = not self.above or self._turns % LOOKS_FROM_FIRST == 0
        with self._database.engine(self._merchants) as conn:
            began = time.monotonic()
            [(oldest,)] = conn.execute(SQL["oldest_waiting"], (0 if from_first else self.above,)).fetchall()
            if from_first:
                self._is_slow = time.monotonic() - began >= SLOW_LOOK_S
        before, self._oldest = self._oldest, self.newest_taken if oldest is None else oldest
        self.above = max(0, min(before, self._oldest) - 1) if self._is_slow else 0
        return 0

    def doubt(self) -> None:
        """A lease turned out to be lost: see at the next turn which of them still stand."""
        self._renewed = float("-inf")

    def drop(self, lanes: Iterable[tuple[int, int]]) -> None:
        """Give these lanes back."""
        given = [lease for lane in lanes if (lease := self._held.pop(lane, None)) is not None]
        if given:
            with self._database.engine(()) as conn:
                conn.execute(SQL["release"], _tokens(given))

    def settle_in(self, lease: Lease) -> None:
        """What the owner before left waiting has been dealt with."""
        if lease[:2] in self._held:
            self._held[lease[:2]] = lease._replace(unfinished=False)

    def close(self) -> None:
        """Give everything back and leave; nothing is renewed any more."""
        with self._renewing:
            self._renewed = float("inf")
        self.drop(self.lanes)
        if self._slot is not None:
            with self._database.engine(()) as conn:
                conn.execute(SQL["leave"], {"slot": self._slot, "owner": self._owner})
            self._slot = None

    @property
    def _renew_s(self) -> float:
        return self._seconds * RENEW_S / LEASE_S

    def _renew(self) -> None:
        with self._database.engine(()) as conn:
            stays = {"owner": self._owner, "slot": self._slot, "seconds": self._seconds}
            if self._slot is None or conn.execute(SQL["stay"], stays).rowcount == 0:
                row = conn.execute(SQL["enter"], {"owner": self._owner, "seconds": self._seconds}).fetchone()
                self._slot = row[0] if row else None
            if self._held:
                held = self.held
                kept = set(conn.execute(SQL["renew"], {**_tokens(held), "seconds": self._seconds}).fetchall())
                for lost in (lease for lease in held if lease[:2] not in kept):
                    now = self._held.get(lost[:2])
                    if now is not None and now.token == lost.token:
                        self._held.pop(lost[:2], None)

    def _share(self) -> None:
        with self._database.engine(()) as conn:
            workers = max(1, _count(conn, "workers"))
            share = max(1, math.ceil(_count(conn, "leased") / workers))
        if len(self._held) > share:
            self.drop(self.lanes[share:])

    def _all_merchants(self) -> list[int]:
        with self._database.engine(()) as conn:
            return [row[0] for row in conn.execute(SQL["merchants"], prepare=True)]

    def _claim(self, look_at_due: bool) -> None:
        if not self._merchants:
            return
        with self._database.engine(self._merchants) as conn:
            wanted = _lanes_with_messages(conn, self.above)
            self.busy = frozenset(wanted)
            if look_at_due:
                wanted |= set(conn.execute(SQL["lanes_with_due"], prepare=True).fetchall())
            free = sorted(wanted - set(self._held))
            if not free:
                return
            workers = max(1, _count(conn, "workers"))
            share = math.ceil((_count(conn, "leased") + len(free)) / workers)
            most = min(share, self._most) - len(self._held)
            if most <= 0:
                return
            pairs = columns((Bigints, Bigints), free)
            values = {"merchants": pairs[0], "lanes": pairs[1], "most": most, "owner": self._owner}
            for row in conn.execute(SQL["claim"], {**values, "seconds": self._seconds}).fetchall():
                self._held[row[0], row[1]] = Lease(*row)


def fence(conn: Connection, leases: Sequence[Lease]) -> None:
    """Hold these leases until the end of the transaction. `LeaseLost` when one is no longer ours."""
    values = columns((Bigints, Bigints, Bigints), sorted(lease[:3] for lease in leases))
    if conn.execute(SQL["fence"], values, prepare=True).rowcount != len(leases):
        raise LeaseLost(str(LeaseLost.__doc__))


def _lanes_with_messages(conn: Connection, above: int) -> set[tuple[int, int]]:
    """Lanes where messages wait; with few messages reading them all is quicker than a probe a lane."""
    found = conn.execute(SQL["lanes_with_few_messages"], (above, FEW_MESSAGES), prepare=True).fetchall()
    if sum(row[2] for row in found) < FEW_MESSAGES:
        return {(row[0], row[1]) for row in found}
    return set(conn.execute(SQL["lanes_with_messages"], {"above": above}, prepare=True).fetchall())


def _tokens(leases: Sequence[Lease]) -> dict[str, Any]:
    merchants, lanes, tokens = columns((Bigints, Bigints, Bigints), [lease[:3] for lease in leases])
    return {"merchants": merchants, "lanes": lanes, "tokens": tokens}


def _count(conn: Connection, name: str) -> int:
    row = conn.execute(SQL[name], prepare=True).fetchone()
    return int(row[0]) if row else 0


def take_turn(conn: Connection, owner: str, seconds: float) -> bool:
    """Take the turn to look after the tables, for so long; False while somebody has it."""
    return conn.execute(SQL["take_turn"], {"owner": owner, "seconds": seconds}).fetchone() is not None
