"""After a restore the database stands at an earlier moment, and the world does not: what must be put right before a
worker may start.

Each of `STEPS` is a function `(Restored) -> sentence`, run in this order, each in transactions of its own, each safe to
run again. Whoever keeps something outside the database that a restore must apply again (erasures, for one) adds a
step here: before *outgoing is paused* nothing has left yet and no worker has run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct

from ordna.engine.erasures import reapply_erasures
from ordna.engine.keys import Keyring
from ordna.engine.outbounds import Outbounds
from ordna.engine.watch import Watcher
from ordna.store import linking, watch
from ordna.store.database import Database
from ordna.store.sql import blocks

SQL = blocks("restored.sql")

LATE_AT_MOST = timedelta(days=1)
"""A message may reach us so long after its cause: what was told in that time before the backup may be lost with what
came after it."""


class Restored(Struct, frozen=True):
    """A database that was just put back, and what the steps need. `taken_at`: the moment it stands at. `home`: the
    folder of what is not in the database. `progress`: told how far a step is, in words."""

    database: Database
    ring: Keyring
    home: Path
    taken_at: datetime
    merchants: list[int]
    progress: Callable[[str], None]


Step = Callable[[Restored], str]


def settle(
    database: Database,
    ring: Keyring,
    home: Path,
    taken_at: datetime,
    progress: Callable[[str], None],
    steps: Sequence[Step],
) -> list[str]:
    """Run these steps; what each says."""
    with database.engine(()) as conn:
        merchants = linking.merchants(conn)
    restored = Restored(database, ring, home, taken_at, merchants, progress)
    return [step(restored) for step in steps]


def pause_outgoing(restored: Restored) -> str:
    """Nothing leaves until a person has looked: what Ordna knows is old."""
    with restored.database.engine(restored.merchants) as conn:
        for merchant in restored.merchants:
            linking.set_switch(conn, merchant, "outgoing", "paused")
    return "Outgoing is paused. When the orders look right: ordna pause --resume"


def free_lanes(restored: Restored) -> str:
    """The workers of that time are gone. Tokens jump ahead of any that was given out since the backup, so that a worker
    that still lives somewhere writes nothing here."""
    with restored.database.engine(()) as conn:
        conn.execute(SQL["free_lanes"])
    return "No worker of before can write here."


def erase_again(restored: Restored) -> str:
    """Who was erased since the backup was taken is erased once more."""
    again = reapply_erasures(restored.database, restored.ring, restored.home)
    return f"{again:,} erasures were applied again."


def doubt_effects(restored: Restored) -> str:
    """What was about to leave at the time of the backup has probably left since: it is looked up before it is sent."""
    with restored.database.engine(restored.merchants) as conn:
        count = conn.execute(SQL["doubt_effects"]).rowcount
    return f"{count:,} effects that were under way will be looked up before anything is sent again."


def sweep(restored: Restored) -> str:
    """Have every shop asked which orders changed since; the workers read them, as any others."""
    merchants, since = restored.merchants, restored.taken_at - LATE_AT_MOST
    watcher = Watcher(restored.database, Outbounds(restored.ring), "restore")
    with restored.database.engine(merchants) as conn:
        watch.ensure(conn, merchants)
        watch.look_back(conn, merchants, since)
    restored.progress("asking every shop what changed")
    watcher.run_due()
    with restored.database.engine(merchants) as conn:
        swept = watch.swept(conn, merchants, since)
    told = f"{swept.found:,} orders that changed around the backup or after it are being read again"
    if swept.failed:
        missing = f"{swept.failed} of {swept.connections} shops did not answer"
        return f"{told}; {missing}: the workers ask them again by themselves."
    return f"{told}."


STEPS: tuple[Step, ...] = (free_lanes, pause_outgoing, erase_again, doubt_effects, sweep)
