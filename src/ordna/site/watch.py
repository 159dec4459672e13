"""What a machine asks of a web process, beside Django and without a session.

    /healthz   200 while the process lives and answers
    /readyz    200 when the database answers within a second and its schema fits; 503 and why, otherwise
    /metrics   the figures, for Prometheus

Whoever may send requests may ask the first two: they tell nothing else. Figures are for loopback, and not for what a
proxy passes on from elsewhere; with ORDNA_METRICS_TOKEN they are for whoever brings it (Authorization: Bearer ...), and
for nobody else. They are read at most every two seconds, however many ask.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from prometheus_client import CONTENT_TYPE_LATEST

from ordna.engine.figures import answers, figures
from ordna.site import metrics
from ordna.store import schema
from ordna.store.database import Database, DatabaseError

READY_WITHIN_S = 1.0
FIGURES_WITHIN_S = 8.0
FRESH_S = 2.0
PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
PASSED_ON = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"})
TEXT = "text/plain; charset=utf-8"

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Watch:
    """Bare ASGI, of one process. `token`: what readers of figures must bring, or None."""

    def __init__(self, dsn: str, token: str | None) -> None:
        self._dsn = dsn
        self._token = token
        self._database = Database(dsn, connections_max=1, patience_s=1.0)
        self._thread = ThreadPoolExecutor(2, thread_name_prefix="ordna-watch")
        self._asking: asyncio.Future[str | None] | None = None
        self._reading: asyncio.Future[bytes] | None = None
        self._read_at = float("-inf")
        self._text = b""

    async def __call__(self, scope: Scope, send: Send) -> None:
        """One GET of one of `PATHS`."""
        if scope["method"] != "GET":
            return await _answer(send, 405, b"only GET\n")
        if scope["path"] == "/healthz":
            return await _answer(send, 200, b"alive\n")
        if scope["path"] == "/readyz":
            why = await self._ready()
            return await _answer(send, 200 if why is None else 503, f"{why or 'ready'}\n".encode())
        if not may_read(scope, self._token):
            return await _answer(send, 403, b"only from this machine, or with the token of ORDNA_METRICS_TOKEN\n")
        try:
            text = await self._figures()
        except (DatabaseError, psycopg.Error, TimeoutError):
            return await _answer(send, 503, b"the database does not answer\n")
        await _answer(send, 200, text, CONTENT_TYPE_LATEST)

    async def _ready(self) -> str | None:
        """One question at a time: while a database hangs, those who ask wait for the same answer."""
        if self._asking is None or self._asking.done():
            newest = schema.MIGRATIONS[-1][0]
            self._asking = asyncio.get_running_loop().run_in_executor(self._thread, answers, self._dsn, newest)
        try:
            return await asyncio.wait_for(asyncio.shield(self._asking), READY_WITHIN_S)
        except TimeoutError:
            return "the database does not answer"

    async def _figures(self) -> bytes:
        if time.monotonic() - self._read_at > FRESH_S:
            if self._reading is None or self._reading.done():
                self._reading = asyncio.get_running_loop().run_in_executor(self._thread, self._read)
            self._text = await asyncio.wait_for(asyncio.shield(self._reading), FIGURES_WITHIN_S)
            self._read_at = time.monotonic()
        return self._text

    def _read(self) -> bytes:
        return metrics.rendered(figures(self._database))


def may_read(scope: Scope, token: str | None) -> bool:
    """Whether this request may have figures."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    if token:
        return hmac.compare_digest(headers.get(b"authorization", b""), b"Bearer " + token.encode())
    return not PASSED_ON & headers.keys() and _loopback(scope.get("client"))


def _loopback(client: Any) -> bool:
    try:
        return ipaddress.ip_address(client[0]).is_loopback
    except (TypeError, ValueError, IndexError):
        return False


async def _answer(send: Send, status: int, text: bytes, kind: str = TEXT) -> None:
    headers = [
        (b"content-type", kind.encode()), (b"content-length", str(len(text)).encode()), (b"cache-control", b"no-store"),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
