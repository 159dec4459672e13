"""Live updates: pages hear within about a second that something of their merchant changed, and fetch what they show.

Workers call `Notifier.touched(merchants)` after their commits; once a second it sends one NOTIFY a merchant, on a
connection of its own, so that no hot commit waits for PostgreSQL's notification lock. A process that serves pages
LISTENs on one connection and tells every open page of that merchant. It is a hint and nothing else. What changed while
nobody listened is made up for: a stream begins with "changed" once it listens, for the time since its page was made,
and all are told again when the listening connection was lost and is back.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import psycopg

from ordna.store.sql import blocks

SQL = blocks("live.sql")

SEND_EVERY_S = 1.0
TICK_S = 20.0
BACK_OFF_S = 2.0
STREAMS_MAX = 2000

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Authorize = Callable[[str], int | None]


class Notifier:
    """Collects which merchants changed and says so, at most once a second each."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._changed: set[int] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ordna-notify", daemon=True)
        self._thread.start()

    def touched(self, merchants: Iterable[int]) -> None:
        """Something of these merchants changed and is committed."""
        with self._lock:
            self._changed.update(merchants)
        self._wake.set()

    def close(self) -> None:
        """Say what is left and stop."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=3.0)

    def _run(self) -> None:
        conn: psycopg.Connection[Any] | None = None
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            try:
                conn = conn or psycopg.connect(self._dsn, autocommit=True, connect_timeout=2)
                self._send(conn)
            except psycopg.Error:
                conn = None
                self._wake.set()
            self._stop.wait(SEND_EVERY_S)
        if conn is not None:
            conn.close()

    def _send(self, conn: psycopg.Connection[Any]) -> None:
        with self._lock:
            changed, self._changed = self._changed, set()
        try:
            conn.execute(SQL["notify"], (sorted(changed),))
        except psycopg.Error:
            self.touched(changed)
            raise


class Hub:
    """The open streams of this process, by merchant, and the one connection that listens for all of them."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._streams: dict[int, set[asyncio.Event]] = {}
        self._listening: asyncio.Task[None] | None = None
        self._heard = asyncio.Event()

    @contextlib.contextmanager
    def stream(self, merchant: int) -> Any:
        """An event that is set whenever something of the merchant changed, or may have changed unheard."""
        if self._listening is None or self._listening.done():
            self._listening = asyncio.get_running_loop().create_task(self._listen())
        changed = asyncio.Event()
        self._streams.setdefault(merchant, set()).add(changed)
        if self._heard.is_set():
            changed.set()
        try:
            yield changed
        finally:
            self._streams[merchant].discard(changed)

    @property
    def streams(self) -> int:
        """How many pages listen."""
        return sum(map(len, self._streams.values()))

    async def _listen(self) -> None:
        while True:
            try:
                conn = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True)
                async with conn:
                    await conn.execute(SQL["listen"])
                    self._tell_all()
                    async for note in conn.notifies():
                        self._tell(note.payload)
            except psycopg.Error:
                await asyncio.sleep(BACK_OFF_S)
            finally:
                self._heard.clear()

    def _tell_all(self) -> None:
        self._heard.set()
        for streams in self._streams.values():
            for changed in streams:
                changed.set()

    def _tell(self, payload: str) -> None:
        if payload.isdecimal():
            for changed in self._streams.get(int(payload), ()):
                changed.set()


class LiveApp:
    """`GET /live` as bare ASGI: server-sent events of the merchant the cookie header belongs to.

    `authorize` gets the raw cookie header and answers the merchant, or None; it may block, so it runs in a thread.
    When `stopping` is set every stream ends: an open page must not keep the process from stopping.
    """

    def __init__(self, hub: Hub, authorize: Authorize, stopping: asyncio.Event) -> None:
        self._hub = hub
        self._authorize = authorize
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
        if scope["method"] != "GET" or self._hub.streams >= STREAMS_MAX:
            return await _refuse(send, 405 if scope["method"] != "GET" else 503)
        merchant = await asyncio.to_thread(self._authorize, cookies)
        if merchant is None:
            return await _refuse(send, 401)
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"retry: 3000\n\n", "more_body": True})
        gone: asyncio.Future[Any] = asyncio.ensure_future(_until_gone(receive))
        stopped: asyncio.Future[Any] = asyncio.ensure_future(self._stopping.wait())
        try:
            with self._hub.stream(merchant) as changed:
                await _tell_until((gone, stopped), changed, send)
            if not gone.done():
                await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            stopped.cancel()


async def _tell_until(ends: tuple[asyncio.Future[Any], ...], changed: asyncio.Event, send: Send) -> None:
    while True:
        waiting = asyncio.ensure_future(changed.wait())
        await asyncio.wait({*ends, waiting}, timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if any(end.done() for end in ends):
            return
        line = b"event: changed\ndata: 1\n\n" if changed.is_set() else b": still here\n\n"
        changed.clear()
        await send({"type": "http.response.body", "body": line, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-length", b"0"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
