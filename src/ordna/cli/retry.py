"""`ordna retry`: list the messages that were set aside, and have them tried again."""

from __future__ import annotations

from collections.abc import Iterator

from ordna.cli.database import door
from ordna.cli.say import say
from ordna.engine.setaside import AT_ONCE_MAX, try_again
from ordna.store.database import Database
from ordna.store.read import messages as read
from ordna.store.read.door import view

BY = "the command line"


def retry_messages(merchant: int, numbers: list[int], everything: bool) -> None:
    """Have these messages, or all, handled anew; with neither, list them."""
    with door() as database:
        if not numbers and not everything:
            _list(database, merchant)
            return
        wanted = [row.inbox_id for row in _all(database, merchant)] if everything else numbers
        taken: list[int] = []
        for start in range(0, len(wanted), AT_ONCE_MAX):
            taken += try_again(database, merchant, wanted[start : start + AT_ONCE_MAX], BY)
    say(f"{len(taken)} of {len(wanted)} messages are being tried again; the others are not set aside.")
    if not taken and numbers:
        raise SystemExit(1)


def _list(database: Database, merchant: int) -> None:
    found = 0
    for row in _all(database, merchant):
        found += 1
        order = row.order_name or row.order_ref or "no order"
        say(f"{row.inbox_id}  {row.received_at:%Y-%m-%d %H:%M} UTC  {row.topic}  {order}  {row.outcome}: {row.error}")
    say("Nothing is set aside." if not found else "Try again with: ordna retry NUMBER, or ordna retry --all")


def _all(database: Database, merchant: int) -> Iterator[read.SetAside]:
    before = read.NEWEST
    while True:
        with view(database, merchant) as seen:
            page = read.set_aside(seen, before)
        yield from page
        if len(page) < read.PAGE:
            return
        before = page[-1].inbox_id
