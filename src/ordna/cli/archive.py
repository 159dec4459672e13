"""`ordna archive ...`: what closed orders went through long ago, out of the tables and back on paper."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from ordna.cli.database import door
from ordna.cli.say import Progress, say
from ordna.engine import archive, clock
from ordna.engine.archive import Keeping
from ordna.site import place

FOLDER = "archive"


def switch(merchant: int, days: int | None, drop: bool) -> None:
    """Turn the archive on, with the age in days, or off."""
    with door() as database:
        archive.keep(database, merchant, None if days is None else Keeping(days, drop))
    if days is None:
        say("The archive is off: no more orders leave the tables. What is archived stays archived.")
    else:
        where = "and their events are let go" if drop else f"to files in {_folder()}"
        say(f"Closed orders are archived after {days} days, {where}. Workers do it at night; now: ordna archive run")


def run() -> None:
    """Archive what is ready, now."""
    orders = events = 0
    left: list[str] = []
    with door() as database, Progress("Archiving") as progress:
        for _, done in archive.archive_all(database, _folder(), clock.now()):
            orders, events = orders + done.orders, events + done.events
            left += done.left
            progress.at(f"{orders:,} orders")
    say(f"{orders:,} orders and {events:,} events were archived.")
    if left:
        say(f"{len(left)} orders stay as they are, for their journal does not explain them: {', '.join(left[:10])}")
        raise SystemExit(1)


def show(order: str) -> None:
    """Print what the archive holds of an order, an event a line, as JSON."""
    with door() as database:
        found = archive.read_back(database, _folder(), order)
    if not any(stretches for _, stretches in found):
        say(f"The archive holds nothing of “{order}”.")
        raise SystemExit(1)
    for order_id, stretches in found:
        for row in (row for stretch in stretches for row in stretch.events):
            plain = row._asdict() | {"order_id": order_id, "data": msgspec.Raw(row.data.encode())}
            sys.stdout.write(msgspec.json.encode(plain).decode() + "\n")


def check() -> bool:
    """Prove every file: unchanged since it was written, and folding to the states it was archived with."""
    wrong = 0
    with door() as database:
        for merchant, archived, complaints in archive.examine(database, _folder()):
            wrong += len(complaints)
            say(f"Merchant {merchant}: {archived:,} orders have a checkpoint.")
            for complaint in complaints:
                say(f"    {complaint}")
    if not wrong:
        say("Every file of the archive is as it was written, and folds to what it was archived with.")
    return wrong == 0


def _folder() -> Path:
    return place.home() / FOLDER
