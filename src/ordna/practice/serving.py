"""One loop that serves an address and does what goes on beside it, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server


async def serve_beside(
    app: Any,
    host: str,
    port: int,
    stopping: asyncio.Event,
    *beside: Coroutine[Any, Any, None],
    on_signals: bool = False,
) -> None:
    """Serve an ASGI application on this loop until `stopping` is set, and run the others meanwhile."""
    if on_signals:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    server = Server(app, address=host, port=port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False)
    work = [asyncio.create_task(server.serve()), *map(asyncio.create_task, beside)]
    stopped = asyncio.create_task(stopping.wait())
    done, _ = await asyncio.wait([*work, stopped], return_when=asyncio.FIRST_COMPLETED)
    server.stop()  # type: ignore[no-untyped-call]
    for task in (*work[1:], stopped):
        task.cancel()
    await asyncio.gather(*work, stopped, return_exceptions=True)
    for task in done:
        # A part that ended by itself ended by an error; the others do not go on without it.
        if task is not stopped and not task.cancelled() and (error := task.exception()):
            raise error
