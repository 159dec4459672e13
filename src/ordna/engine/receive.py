"""Intake: authentic webhooks are stored as they came, committed, and only then acknowledged. Nothing is parsed.

    POST /webhooks/{token}
    POST /webhooks/shopify

The token in the address finds the connection, the connection's secrets prove the sender. The second is the app's own
address, for what a shop sends to an app as a whole: there the shop's domain finds its connections, and those whose
secret signed the bytes get the message. Whatever an authentic message
holds, the answer is 200: a shop that is told 4xx stops sending, and one bad order would silence all the others. The
answers, in the order they are looked for:

    405  not POST            404  no such address form     415  compressed, or not JSON
    413  too large           408  came too slowly          400  broke off
    401  unknown address, wrong signature, or another shop's domain: nothing is stored
    503  the database did not take it within a second: the shop will send it again
    200  it is stored

Messages that arrive while a commit is under way are committed together by the next one.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import msgspec

from ordna.connectors.registry import CONNECTORS
from ordna.engine import clock
from ordna.engine.lanes import lane_of, lane_of_body
from ordna.store import connections, inbox, linking
from ordna.store.connections import Hooks
from ordna.store.database import Database, DatabaseError
from ordna.store.inbox import Raw
from ordna.store.sealing import Keyring

BODY_MAX = 32 * 1024 * 1024
BODY_PATIENCE_S = 10.0
STORE_PATIENCE_S = 0.8
LOOK_S = 0.1
TOGETHER_MAX = 256
BUSY_FROM = 6  # so many at once: more are about to come, and a commit for each handful would cost more than they do
GATHER_S = 0.02
TOGETHER_BYTES_MAX = 2 * 1024 * 1024
WAITING_BYTES_MAX = 128 * 1024 * 1024
ADDRESS_FRESH_S = 30.0
ADDRESS_RETRY_S = 0.5
ADDRESSES_MAX = 20_000
HEADER_MAX = 500

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_PATH = re.compile(r"/webhooks/([A-Za-z0-9_-]{16,100})/?")
_APP_PATH = re.compile(r"/webhooks/(shopify)/?")
GONE = "gone"
_JSON = re.compile(rb"application/([\w.+-]+\+)?json\s*(;.*)?", re.IGNORECASE)
_SHOPIFY = CONNECTORS["shopify"].headers
_encode = msgspec.json.Encoder().encode
_log = logging.getLogger(__name__)


class Refusal(Exception):
    """A request that is answered without being stored."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Intake:
    """The ASGI application of one process. `counts` tells how many requests came to each status."""

    def __init__(
        self,
        database: Database,
        ring: Keyring,
        now: Callable[[], datetime] = clock.now,
        *,
        address_fresh_s: float = ADDRESS_FRESH_S,
        answered: Callable[[int], None] = lambda status: None,
    ) -> None:
        """`database` should have a patience below one second. What was taken back at an address (a secret, the
        connection) ends after `address_fresh_s`; what was added counts at once. `answered` hears the status of every
        request."""
        self._answered = answered
        self.counts: Counter[int] = Counter()
        self._addresses = Addresses(database, ring, address_fresh_s)
        self._storing = Storing(database)
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the server's lifespan."""
        if scope["type"] != "http":
            await _lifespan(scope, receive, send)
            return
        try:
            await self._store(scope, receive)
            status, text = 200, "stored"
        except Refusal as refusal:
            status, text = refusal.status, refusal.why
        except (DatabaseError, TimeoutError):
            status, text = 503, "the database does not answer"
        except Exception:
            _log.exception("a webhook could not be stored")
            status, text = 503, "it could not be stored"
        self.counts[status] += 1
        self._answered(status)
        await _answer(send, status, text)

    async def _store(self, scope: Scope, receive: Receive) -> None:
        path = _PATH.fullmatch(scope["path"])
        app = _APP_PATH.fullmatch(scope["path"])
        if path is None and app is None:
            raise Refusal(404, "no such address")
        if scope["method"] != "POST":
            raise Refusal(405, "only POST")
        headers: dict[bytes, bytes] = dict(scope["headers"])
        body = await _body(headers, receive)
        if path is not None:
            await self._take(await self._believe(path[1], headers, body), headers, body)
            return
        for hooks in await self._believe_app(headers, body):
            await self._take(hooks, headers, body)

    async def _take(self, hooks: Hooks, headers: dict[bytes, bytes], body: bytes) -> None:
        """Store an authentic message; of a shop that removed the app, only what it asks about personal data."""
        named = CONNECTORS[hooks.kind].headers
        topic = _text(headers, named.topic) or "unknown"
        if hooks.mode == GONE and not CONNECTORS[hooks.kind].concerns(topic):
            return
        webhook_id = _text(headers, named.id)
        kept = {
            name.decode("latin-1"): value[:HEADER_MAX].decode("latin-1")
            for name, value in headers.items()
            if name.startswith(named.kept) and name != named.signature
        }
        hint = CONNECTORS[hooks.kind].routing_key(topic, body, kept)
        lane = lane_of(hint) if hint is not None else lane_of_body(body)
        await self._storing.store(
            Raw(
                hooks.merchant_id,
                self._now(),
                lane,
                hooks.connection_id,
                topic,
                webhook_id,
                hint,
                _encode(kept),
                body,
            )
        )

    async def _believe(self, token: str, headers: dict[bytes, bytes], body: bytes) -> Hooks:
        """The connection that this came from, beyond doubt."""
        hooks = await self._addresses.find(token)
        if hooks is None:
            raise Refusal(401, "unknown address")
        named = CONNECTORS[hooks.kind].headers
        signature = headers.get(named.signature)
        if CONNECTORS[hooks.kind].verify(body, signature, hooks.secrets) is None:
            # The secret may have been changed a moment ago.
            hooks = await self._addresses.find(token, fresh_s=ADDRESS_RETRY_S)
            if hooks is None or CONNECTORS[hooks.kind].verify(body, signature, hooks.secrets) is None:
                raise Refusal(401, "wrong signature")
        if _text(headers, named.account).lower() != hooks.domain.lower():
            raise Refusal(401, "another shop's domain")
        return hooks

    async def _believe_app(self, headers: dict[bytes, bytes], body: bytes) -> list[Hooks]:
        """The connections of the shop that sent this to the app as a whole; the signature says whether it did."""
        domain = _text(headers, _SHOPIFY.account).lower()
        signature = headers.get(_SHOPIFY.signature)
        if not domain or signature is None:
            raise Refusal(401, "wrong signature")
        found = await self._addresses.of_shop(domain)
        believed = [each for each in found if CONNECTORS[each.kind].verify(body, signature, each.secrets) is not None]
        if not believed:
            raise Refusal(401, "unknown shop or wrong signature")
        return believed


class Waits:
    """One message on its way to the database."""

    __slots__ = ("done", "message", "since")

    def __init__(self, message: Raw, loop: asyncio.AbstractEventLoop) -> None:
        self.message = message
        self.done: asyncio.Future[None] = loop.create_future()
        self.since = loop.time()


class Storing:
    """Micro-batches: one commit at a time, with all that arrived while the last one was under way.

    Nobody waits longer than `STORE_PATIENCE_S`: one look some times a second finds who has; one clock each would cost.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="ordna-intake")
        self._waiting: deque[Waits] = deque()
        self._under_way: list[Waits] = []
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None

    async def store(self, message: Raw) -> None:
        """Return once it is committed. `TimeoutError` when it could not be in time."""
        if self._bytes > WAITING_BYTES_MAX:
            raise TimeoutError
        loop = asyncio.get_running_loop()
        waits = Waits(message, loop)
        self._waiting.append(waits)
        self._bytes += len(message.body)
        if self._task is None:
            self._task = loop.create_task(self._drain())
            loop.call_later(LOOK_S, self._look)
        await waits.done

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while batch := self._next_batch():
            self._under_way = batch
            try:
                await loop.run_in_executor(self._writer, self._write, [waits.message for waits in batch])
            except Exception as error:
                _log.warning("%d webhooks could not be stored: %s", len(batch), error)
                _settle(batch, TimeoutError(str(error)))
            else:
                _settle(batch, None)
            if len(batch) >= BUSY_FROM:
                await asyncio.sleep(GATHER_S)
        self._under_way = []
        self._task = None

    def _look(self) -> None:
        """Let go of those who waited too long; look again while anything is under way."""
        loop = asyncio.get_running_loop()
        until = loop.time() - STORE_PATIENCE_S
        late = [waits for waits in (*self._under_way, *self._waiting) if waits.since <= until]
        _settle(late, TimeoutError("the database does not answer"))
        if self._task is not None:
            loop.call_later(LOOK_S, self._look)

    def _next_batch(self) -> list[Waits]:
        """What goes together next; those who stopped waiting were told 503 and are left out."""
        batch: list[Waits] = []
        size = 0
        while self._waiting and len(batch) < TOGETHER_MAX and size < TOGETHER_BYTES_MAX:
            waits = self._waiting.popleft()
            self._bytes -= len(waits.message.body)
            if not waits.done.done():
                batch.append(waits)
                size += len(waits.message.body)
        return batch

    def _write(self, messages: list[Raw]) -> None:
        with self._database.engine([message.merchant_id for message in messages]) as conn:
            inbox.store(conn, messages)


class Addresses:
    """Connections by the token of their webhook address, kept for some seconds; unknown tokens too."""

    def __init__(self, database: Database, ring: Keyring, fresh_s: float) -> None:
        self._database = database
        self._ring = ring
        self._fresh_s = fresh_s
        self._finder = ThreadPoolExecutor(1, thread_name_prefix="ordna-addresses")
        self._known: dict[str, tuple[Hooks | None, float]] = {}
        self._asking: dict[str, asyncio.Future[Hooks | None]] = {}

    async def find(self, token: str, fresh_s: float | None = None) -> Hooks | None:
        """The connection of a token, no older than `fresh_s`; an older one only while the database is away."""
        known = self._known.get(token)
        if known is not None and time.monotonic() - known[1] < (self._fresh_s if fresh_s is None else fresh_s):
            return known[0]
        asked = self._asking.get(token)
        if asked is None:
            asked = asyncio.get_running_loop().run_in_executor(self._finder, self._look_up, token)
            self._asking[token] = asked
            asked.add_done_callback(lambda _: self._asking.pop(token, None))
        try:
            hooks = await asyncio.wait_for(asyncio.shield(asked), STORE_PATIENCE_S)
        except Exception:
            if known is not None:
                return known[0]
            raise
        if len(self._known) > ADDRESSES_MAX:
            self._known.clear()
        self._known[token] = (hooks, time.monotonic())
        return hooks

    async def of_shop(self, domain: str) -> list[Hooks]:
        """The connections of that shop, whoever's they are; asked anew each time, for it is asked seldom."""
        looking = asyncio.get_running_loop().run_in_executor(self._finder, self._look_up_shop, domain)
        return await asyncio.wait_for(looking, STORE_PATIENCE_S)

    def _look_up_shop(self, domain: str) -> list[Hooks]:
        with self._database.engine(()) as conn:
            merchants = linking.merchants(conn)
        with self._database.engine(merchants) as conn:
            keys = connections.of_domain(conn, merchants, domain)
            found = [connections.hooks_of(conn, self._ring, key) for key in keys]
        return [hooks for hooks in found if hooks is not None]

    def _look_up(self, token: str) -> Hooks | None:
        with self._database.engine(()) as conn:
            key = connections.address(conn, token)
        if key is None:
            return None
        with self._database.engine([key[0]]) as conn:
            return connections.hooks_of(conn, self._ring, key)


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding not in (b"identity", b""):
        raise Refusal(415, "send it uncompressed")
    kind = headers.get(b"content-type")
    if kind is not None and not _JSON.fullmatch(kind.strip()):
        raise Refusal(415, "send JSON")
    told = headers.get(b"content-length", b"")
    if told.isdigit() and int(told[:20]) > BODY_MAX:
        raise Refusal(413, "larger than 32 MB")
    try:
        async with asyncio.timeout(BODY_PATIENCE_S):
            return await _read(receive)
    except TimeoutError:
        raise Refusal(408, "the body came too slowly") from None


async def _read(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Refusal(400, "the body broke off")
        piece = event.get("body", b"")
        size += len(piece)
        if size > BODY_MAX:
            raise Refusal(413, "larger than 32 MB")
        pieces.append(piece)
        if not event.get("more_body", False):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _text(headers: dict[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"")[:HEADER_MAX].decode("latin-1").replace("\x00", "")


def _settle(batch: list[Waits], error: Exception | None) -> None:
    for waits in batch:
        if not waits.done.done():
            if error is None:
                waits.done.set_result(None)
            else:
                waits.done.set_exception(error)


async def _answer(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if status == 405:
        headers.append((b"allow", b"POST"))
    if status == 503:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


async def _lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "lifespan":
        return
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
