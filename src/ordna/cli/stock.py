"""Commands about stock: book a list of receipts or counts, and put right what does not add up."""

from __future__ import annotations

from pathlib import Path

from ordna.cli.database import door
from ordna.cli.say import say
from ordna.engine import clock
from ordna.engine.stock_booking import Booked, Entry, book, from_csv
from ordna.engine.stock_items import Place, keep_place
from ordna.engine.stock_mending import mend, proposals

OPERATOR = "operator"


def book_file(merchant: int, kind: str, file: Path) -> None:
    """Book a CSV file; exit 1, with every row that is wrong, when nothing was booked."""
    read = from_csv(file.read_bytes())
    entries = [one for one in read if isinstance(one, Entry)]
    problems = [one for one in read if not isinstance(one, Entry)]
    if not problems:
        with door() as database:
            done = book(database, merchant, kind, entries, OPERATOR, clock.now())
        if isinstance(done, Booked):
            say(f"{done.entries} levels changed, {done.new_items} new items.")
            return
        problems = done
    for one in problems[:50]:
        say(f"row {one.row}, {one.column}: {one.sentence}" if one.row else one.sentence)
    say("Nothing was booked.")
    raise SystemExit(1)


def keep_location(merchant: int, location: str, title: str, priority: int, *, active: bool) -> None:
    """Make or change a location."""
    with door() as database:
        wrong = keep_place(database, merchant, Place(location, title, priority, active))
    if wrong is not None:
        say(wrong.sentence)
        raise SystemExit(1)
    say(f"{location} {'ships' if active else 'ships no more'}.")


def put_right(merchant: int, *, really: bool) -> None:
    """List what does not add up with the entry that puts it right; book the entries when told to."""
    with door() as database:
        found = proposals(database, merchant)
        for one in found:
            say(f"{one.wrong}\n    {one.entry}")
        if not found:
            say("Everything adds up.")
        elif not really:
            say("Nothing was changed. With --book these entries are booked.")
        else:
            done = mend(database, merchant, [one.key for one in found], OPERATOR, clock.now())
            say(f"{len(done)} entries booked.")
