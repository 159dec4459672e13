"""Serve on one port until told to stop: SIGINT or SIGTERM, then up to some seconds for what is under way."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from ordna.site import asgi

PARTS = {"everything": asgi.everything, "pages": asgi.pages, "intake": asgi.intake}


class PortTaken(OSError):
    """Another program listens on that port."""


def run(host: str, port: int, part: str = "everything") -> None:
    """Serve one of `PARTS`. Blocks. `PortTaken`."""
    check_free(host, port)
    stopping = asyncio.Event()
    application = asgi.watched(PARTS[part](stopping))
    gc.freeze()  # what was loaded stays; a request's values die with it, so cycles are looked for seldom
    gc.set_threshold(20_000, 20, 20)
    uvloop.run(_serve(application, stopping, host, port))


def check_free(host: str, port: int) -> None:
    """`PortTaken` when somebody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(f"Port {port} is in use by another program; choose one with --port.") from error


async def _serve(application: asgi.App, stopping: asyncio.Event, host: str, port: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    server = Server(
        application,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()  # type: ignore[no-untyped-call]
    stopped.cancel()
    await asyncio.gather(serving, stopped, return_exceptions=True)
