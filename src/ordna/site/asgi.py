"""One port for everything: webhooks and live updates on the event loop, pages and API on Django's threads.

`/webhooks/` goes to the intake and `/live` to the stream of hints; both are bare ASGI, so a slow page never keeps a
webhook waiting for a thread. All the rest is Django under WSGI, which is several times as fast as Django under ASGI
for views that block. docs/adr/0003-one-port.md has the figures. Large shops run several processes of each kind.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from a2wsgi import WSGIMiddleware

from ordna.engine.keys import keyring
from ordna.engine.live import Hub, LiveApp
from ordna.engine.presence import Presence, Tally
from ordna.engine.receive import Intake
from ordna.site import place
from ordna.site.watch import PATHS, Watch
from ordna.store.database import Database

PAGE_THREADS = 8
TALLY = Tally()
"""What this process counted and has not told yet."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def pages(stopping: asyncio.Event) -> App:
    """Pages, API and live updates; these end when `stopping` is set."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordna.site.settings")
    from django.core.wsgi import get_wsgi_application

    django = WSGIMiddleware(get_wsgi_application(), workers=PAGE_THREADS)  # type: ignore[arg-type]
    from ordna.site.seats import merchant_of

    live = LiveApp(Hub(place.dsn()), merchant_of, stopping)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/live":
            await live(scope, receive, send)
        else:
            # The server hands out futures; the bridge to WSGI takes nothing but coroutines.
            async def heard() -> MutableMapping[str, Any]:
                return await receive()

            await django(scope, heard, send)  # type: ignore[arg-type]

    return application


def intake(_stopping: asyncio.Event) -> App:
    """Webhooks alone; each is answered within a second, so nothing has to be ended."""
    database = Database(place.dsn(), connections_max=4, patience_s=0.8)
    return Intake(database, keyring(place.home()), answered=lambda status: TALLY.count("intake_requests", str(status)))


def watched(application: App) -> App:
    """The same, and what a machine asks of a process: how it is, and the figures. It tells that it is present."""
    watch = Watch(place.dsn(), place.metrics_token())
    presence = Presence(Database(place.dsn(), connections_max=1, patience_s=2.0), "web", TALLY)
    presence.start()
    atexit.register(presence.close)

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in PATHS:
            await watch(scope, send)
        else:
            await application(scope, receive, send)

    return asked


def everything(stopping: asyncio.Event) -> App:
    """Webhooks, live updates, pages and API."""
    webhooks, rest = intake(stopping), pages(stopping)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await (webhooks if scope["path"].startswith("/webhooks/") else rest)(scope, receive, send)

    return application
