"""The practice shop as a process: Admin API, webhooks, life and the merchant's own admin behind one address.

`run` is what `ordna practice` calls. One event loop does everything: it answers requests, lets the shop live
twice a second and sends webhooks; so the world needs no lock. It ends on SIGINT or SIGTERM, and with it the
shop: a new start with the same seed brings the same catalogue, customers, credentials and kind of month. With a
state file the shop is kept there, every now and then and at the end, and a new start goes on with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

from ordna.practice.control import handle
from ordna.practice.runtime import PracticeShop, opened
from ordna.practice.server import PracticeServer, Receive, Request, Response, Scope, Send
from ordna.practice.serving import serve_beside
from ordna.practice.state import Unreadable, load, save

DEFAULT_PORT = 8790
SAVE_EVERY_S = 20.0

AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def run(
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    seed: int = 1,
    history_days: int = 30,
    orders_per_day: float = 100,
    orders_per_hour: float = 60,
    state: Path | None = None,
    bad_days: Mapping[str, float] | None = None,
) -> None:
    """Open the shop, print how to reach it, and serve until told to stop. Blocks.

    A shop that is kept in the file `state` goes on; else a fresh one opens, and is kept there if a file is named.
    `bad_days`: the shares of what goes wrong from the beginning. Raises OSError when the port is taken.
    """
    _check_free(host, port)
    began = time.monotonic()
    shop = _taken_up(state) if state else None
    if shop is None:
        progress = partial(_show_day, history_days)
        progress(0)
        shop = opened(seed, history_days, orders_per_day, orders_per_hour, day_lived=progress)
    shop.bad_days.switch(bad_days or {})
    shop.base_url = f"http://{host}:{port}"
    took_s = time.monotonic() - began
    print(_welcome(shop, took_s), flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(shop, host, port, stopping=asyncio.Event(), on_signals=True, state=state))
    if state:
        _save(shop, state, closing=True)
    print("The practice shop is closed.", file=sys.stderr)


async def serve(
    shop: PracticeShop,
    host: str,
    port: int,
    stopping: asyncio.Event,
    on_signals: bool = False,
    state: Path | None = None,
) -> None:
    """Serve a shop on this loop until `stopping` is set; keep it in the file `state` meanwhile."""
    beside = [shop.beat(), shop.sender.run()]
    if state:
        beside.append(_keep(shop, state))
    await serve_beside(asgi(shop), host, port, stopping, *beside, on_signals=on_signals)


def asgi(shop: PracticeShop) -> AsgiApp:
    """The shop as an ASGI application. Each request sees the shop as of now, and what it changed is told."""

    async def pages_and_controls(request: Request) -> Response:
        return handle(shop, request)

    server = PracticeServer(shop.world, shop.clock, routes={"/": pages_and_controls}, bad_days=shop.bad_days)
    server.endpoint.counts.update(shop.mutations_served)
    shop.mutations_served = server.endpoint.counts

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        shop.advance()
        await server(scope, receive, send)
        shop.advance(by="app")

    return application


def _taken_up(file: Path) -> PracticeShop | None:
    """The shop kept in the file; None, with a sentence said, where there is none to go on with."""
    try:
        return load(file)
    except FileNotFoundError:
        print(f"No practice shop is kept in {file} yet: a fresh one opens.", flush=True)
    except (Unreadable, OSError) as error:
        print(f"The practice shop in {file} cannot be taken up, {error}: a fresh one opens.", file=sys.stderr)
    return None


async def _keep(shop: PracticeShop, file: Path) -> None:
    """Save again and again until cancelled; a big shop less often, so that saving stays a small part of its time."""
    took_s = 0.0
    while True:
        await asyncio.sleep(max(SAVE_EVERY_S, 50 * took_s))
        began = time.monotonic()
        _save(shop, file)
        took_s = time.monotonic() - began


def _save(shop: PracticeShop, file: Path, closing: bool = False) -> None:
    try:
        save(shop, file, closing=closing)
    except OSError as error:
        print(f"The practice shop cannot be kept in {file}: {error}.", file=sys.stderr)


def _check_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def _show_day(days: int, day: int) -> None:
    """Progress, drawn over itself on a terminal and told once elsewhere."""
    if sys.stdout.isatty():
        print(f"\rLiving through day {day} of {days} ...", end="" if day < days else "\n", flush=True)
    elif day == 0:
        print(f"Living through {days} days of a shop ...", flush=True)


def _welcome(shop: PracticeShop, took_s: float) -> str:
    credentials = shop.credentials()
    return f"""{shop.world.shop.name} is open: {len(shop.world.orders):,} orders, ready in {took_s:.1f} s.

  the merchant's own admin   {shop.base_url}/
  new orders                 {shop.life.orders_per_hour:g} an hour

{_spoiled(shop)}To connect it in Ordna:
  shop address    {credentials["address"]}
  shop domain     {credentials["shop_domain"]}
  access token    {credentials["access_token"]}
  client id       {credentials["client_id"]}
  client secret   {credentials["client_secret"]}
"""


def _spoiled(shop: PracticeShop) -> str:
    return f"  bad days                   {', '.join(shop.bad_days.shares)}\n\n" if shop.bad_days.shares else ""
