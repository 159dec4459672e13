"""Commands that let something in or hold something back: connect a shop, sign somebody in, pause outgoing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from ordna.cli.database import door, opened
from ordna.cli.say import say
from ordna.engine.connections import COUNT_MAX, Connections
from ordna.engine.keys import keyring
from ordna.site import place

PERSON = "you"


def connect_shop(
    merchant: int,
    address: str,
    token: str | None,
    client_id: str | None,
    client_secret: str | None,
    callback: str | None,
) -> None:
    """Connect and find the shop's recent orders; the workers read them."""
    if not token and not (client_id and client_secret):
        raise typer.BadParameter("Give --token, or --client-id and --client-secret.")
    if not client_secret:
        raise typer.BadParameter("Give --client-secret too: the shop signs its webhooks with it.")
    credentials = {"token": token} if token else {"client_id": client_id or "", "client_secret": client_secret or ""}
    with _connections() as connections:
        made = connections.connect_shopify(
            merchant,
            address,
            credentials,
            callback or place.public_url(),
            webhook_secret=client_secret,
        )
    say(f"{made.title} is connected, in observe. It sends us {made.subscriptions} kinds of message.")
    if made.unlisted is not None:
        say(f"Its earlier orders could not be counted: {made.unlisted}")
    orders = f"{made.orders:,} orders" if made.orders < COUNT_MAX else f"{COUNT_MAX:,} orders or more"
    say(f"{orders} are being read by the worker. Nothing is changed at the shop until you go live.")


def pause_outgoing(merchant: int | None, resume: bool) -> None:
    """Flip the switch."""
    with _connections() as connections:
        count = connections.pause_outgoing(merchant, paused=not resume)
    which = f"merchant {merchant}" if merchant is not None else f"all {count} merchants"
    say(f"Outgoing goes on for {which}." if resume else f"Nothing leaves any more for {which}.")


def sign_in_link() -> None:
    """Print a link for the person `ordna up` made."""
    with opened():
        import os

        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordna.site.settings")
        django.setup()
        from ordna.engine import clock
        from ordna.store import accounts

        link = accounts.new_link(accounts.ensure_person(PERSON, 1), clock.now())
    say(f"{place.public_url()}/sign-in/{link}")


@contextmanager
def _connections() -> Iterator[Connections]:
    with door() as database:
        yield Connections(database, keyring(place.home()))
