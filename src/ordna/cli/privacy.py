"""Commands about personal data: erase a person, list what was erased, do it again after a restore."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from ordna.cli.database import door
from ordna.cli.say import Progress, say
from ordna.engine.erase import Subject, erase, orders_named
from ordna.engine.erasures import listed, reapply_erasures, write_down
from ordna.engine.keys import Keyring, keyring
from ordna.engine.project import name_key
from ordna.site import place
from ordna.store.database import Database

OPERATOR = "operator"


def erase_person(merchant: int, email: str | None, customer: str | None, order: str | None, yes: bool) -> None:
    """Erase, and say how many orders lost their person; exit 1 when nobody was found."""
    if not (email or customer or order):
        raise typer.BadParameter("Give --email, --customer or --order.")
    with _doors() as (database, ring):
        orders = orders_named(database, merchant, name_key(order), order) if order else ()
        if order and not orders:
            say(f"No order is called “{order}”.")
            raise SystemExit(1)
        if not yes:
            typer.confirm("What is erased can't be brought back. Erase?", abort=True)
        with Progress("Erasing"):
            done = erase(database, ring, merchant, Subject(orders, customer, email), by=OPERATOR, cause="asked here")
            write_down(database, place.home(), [merchant])
    say(f"{done.orders} orders lost the person. Erasure {done.erasure_id} is listed.")
    if not done.orders:
        raise SystemExit(1)


def list_erasures() -> None:
    """One line an erasure; none names anybody."""
    with _doors() as (database, _):
        found = listed(database)
    for each in found:
        orders = sum(mark.startswith("order:") for mark in each.marks)
        state = "" if each.done_at else "  (not done yet)"
        why = f"{each.cause}, {each.asked_by}{state}"
        say(f"{each.at:%Y-%m-%d %H:%M}  merchant {each.merchant_id}  {orders} orders  {why}")
    if not found:
        say("Nobody was erased.")


def reapply_all() -> None:
    """Do every listed erasure again."""
    with _doors() as (database, ring), Progress("Erasing again"):
        redone = reapply_erasures(database, ring, place.home())
    say(f"{redone} orders lost their person again." if redone else "All that was erased is erased.")


@contextmanager
def _doors() -> Iterator[tuple[Database, Keyring]]:
    with door() as database:
        yield database, keyring(place.home())
