"""A practice carrier that runs, on a port of its own."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ordna.practice.carrier.app import opened, serve
from ordna.practice.carrier.server import Carrier


@contextmanager
def running(stage_s: float = 3600.0, van_s: float = 3600.0, silence_s: float = 5.0) -> Iterator[Carrier]:
    """Parcels move only when told to, unless `stage_s` says otherwise."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    carrier = opened(stage_s, van_s, silence_s)
    carrier.base_url = f"http://127.0.0.1:{port}"
    loop, stopping = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(carrier, "127.0.0.1", port, stopping)))
    thread.start()
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            ask(carrier, "GET", "/_carrier/credentials")
            break
        except OSError:
            time.sleep(0.05)
    yield carrier
    loop.call_soon_threadsafe(stopping.set)
    thread.join(timeout=10)
    assert not thread.is_alive()


def ask(carrier: Carrier, method: str, path: str, body: Any = None) -> Any:
    """One call of its controls."""
    raw = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(carrier.base_url + path, raw, method=method)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)
