"""The practice shop over HTTP: a bare ASGI application.

    POST /admin/oauth/access_token                  client_credentials grant: a token for 24 hours
    POST /admin/api/{version}/graphql.json          the Admin API, with X-Shopify-Access-Token
    GET  /_bulk/{token}.jsonl                       the result of a bulk operation

All other paths go to the routes given to `PracticeServer`, longest prefix first. One event loop owns the world,
and every request first moves the world's clock to `clock()`, so work that fell due in between is done.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from ordna.practice.bad_days import BadDays, CallFault
from ordna.practice.graphql import Endpoint
from ordna.practice.model import App
from ordna.practice.world import World

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

TOKEN_LIFETIME = timedelta(hours=24)
_GRAPHQL_PATH = re.compile(r"/admin/api/[^/]+/graphql\.json")
_BULK_PATH = re.compile(r"/_bulk/([\w-]+)\.jsonl")
_TOKEN_PATH = "/admin/oauth/access_token"
_PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, read to its end. Header names are lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Exchange:
    """A response, and what is wrong with the way it takes; None on a good day."""

    response: Response
    fault: CallFault | None = None


Route = Callable[[Request], Awaitable[Response]]


class PracticeServer:
    """The ASGI application of one world.

    `routes` maps path prefixes to handlers. `after_request` is called when an answer is ready, so that what
    changed can be sent on. With `throttle_status` 429 a throttled call is answered with that status instead
    of the usual 200. `bad_days` says what goes wrong with calls of the Admin API.
    """

    def __init__(
        self,
        world: World,
        clock: Callable[[], datetime],
        *,
        routes: dict[str, Route] | None = None,
        after_request: Callable[[], None] | None = None,
        throttle_status: int = 200,
        bad_days: BadDays | None = None,
    ) -> None:
        self.world = world
        self.clock = clock
        self.endpoint = Endpoint(world)
        self.routes = routes or {}
        self.after_request = after_request
        self.throttle_status = throttle_status
        self.bad_days = bad_days
        self._tokens: dict[str, tuple[App, datetime]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        request = await _read(scope, receive)
        self.world.tick(self.clock())
        exchange = await self.exchange(request)
        if self.after_request:
            self.after_request()
        await _write(exchange, send)

    async def exchange(self, request: Request) -> Exchange:
        """The response to a request, and what spoils it on a bad day of the Admin API."""
        if self.bad_days is None or not request.path.startswith("/admin/"):
            return Exchange(await self.respond(request))
        fault = self.bad_days.of_call(self.world.now())
        if fault is not None and fault.is_before_the_deed:
            return Exchange(_turned_away(fault), fault)
        response = await self.respond(request)
        if fault is None:
            return Exchange(response)
        is_unread = fault.name != "slow" or fault.wait_s >= _PATIENCE_S
        if is_unread and response.status == 200 and _is_mutation(request):
            self.bad_days.left_in_doubt()
        return Exchange(_html_error(fault.status) if fault.name == "lost" else response, fault)

    async def respond(self, request: Request) -> Response:
        """The response to a request, whatever its path."""
        if request.path == _TOKEN_PATH:
            return self._grant(request)
        if _GRAPHQL_PATH.fullmatch(request.path):
            return self._graphql(request)
        if bulk := _BULK_PATH.fullmatch(request.path):
            return self._bulk_file(bulk[1])
        for prefix in sorted(self.routes, key=len, reverse=True):
            if request.path.startswith(prefix):
                return await self.routes[prefix](request)
        return as_json(404, {"errors": "Not Found"})

    def _graphql(self, request: Request) -> Response:
        app = self._app(request.headers.get("x-shopify-access-token"))
        if app is None:
            sentence = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return as_json(401, {"errors": sentence})
        if request.method != "POST":
            return as_json(405, {"errors": "Method Not Allowed"})
        try:
            call = json.loads(request.body)
        except ValueError:
            return as_json(400, {"errors": {"query": "Required parameter missing or invalid"}})
        if not isinstance(call, dict) or not isinstance(call.get("query"), str):
            return as_json(400, {"errors": {"query": "Required parameter missing or invalid"}})
        variables = call.get("variables")
        answer = self.endpoint.answer(
            app, call["query"], variables if isinstance(variables, dict) else None, call.get("operationName")
        )
        return as_json(self.throttle_status if _is_throttled(answer) else 200, answer)

    def _bulk_file(self, token: str) -> Response:
        """The lines of a finished bulk operation, for whoever knows its address, as in Shopify's storage."""
        for one in self.world.bulk_operations.values():
            if one.token == token and one.completed_at is not None:
                body = "".join(f"{line}\n" for line in one.lines).encode()
                return Response(200, body, "application/jsonl; charset=utf-8")
        return as_json(404, {"errors": "Not Found"})

    def _grant(self, request: Request) -> Response:
        given = _form(request)
        app = next((one for one in self.world.apps if one.client_id == given.get("client_id")), None)
        if given.get("grant_type") != "client_credentials":
            return as_json(400, {"error": "unsupported_grant_type"})
        if app is None or app.client_secret != given.get("client_secret"):
            return as_json(400, {"error": "invalid_client"})
        serial = self.world.next_id("_token")
        token = "shpat_" + hashlib.sha256(f"{app.client_secret}:{serial}".encode()).hexdigest()[:32]
        self._tokens[token] = (app, self.world.now() + TOKEN_LIFETIME)
        lifetime_s = int(TOKEN_LIFETIME.total_seconds()) - 1
        scope = ",".join(sorted(app.scopes))
        return as_json(200, {"access_token": token, "scope": scope, "expires_in": lifetime_s})

    def _app(self, token: str | None) -> App | None:
        if not token:
            return None
        for app in self.world.apps:
            if app.static_token == token:
                return app
        granted = self._tokens.get(token)
        return granted[0] if granted and granted[1] > self.world.now() else None


def as_json(status: int, value: Any) -> Response:
    """A response with a JSON body."""
    return Response(status, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _turned_away(fault: CallFault) -> Response:
    if fault.name == "throttled":
        status = {"maximumAvailable": 2000.0, "currentlyAvailable": 0, "restoreRate": 100.0}
        cost = {"requestedQueryCost": 200, "actualQueryCost": None, "throttleStatus": status}
        error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
        return as_json(200, {"errors": [error], "extensions": {"cost": cost}})
    if fault.name == "throttled_429":
        slower = as_json(429, {"errors": "Exceeded 2 calls per second for api client. Reduce request rates."})
        return replace(slower, headers=(("retry-after", f"{fault.wait_s:.1f}"),))
    return _html_error(fault.status or 503)


def _html_error(status: int) -> Response:
    return Response(status, f"<html><h1>{status}</h1>Something went wrong.</html>".encode(), "text/html")


def _is_mutation(request: Request) -> bool:
    return b'"mutation' in request.body


def _is_throttled(answer: dict[str, Any]) -> bool:
    errors = answer.get("errors") or [{}]
    return bool((errors[0].get("extensions") or {}).get("code") == "THROTTLED")


def _form(request: Request) -> dict[str, str]:
    """The fields of a JSON or a form body."""
    if "json" in request.headers.get("content-type", ""):
        try:
            found = json.loads(request.body)
        except ValueError:
            return {}
        return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
    return {key: values[0] for key, values in parse_qs(request.body.decode("utf-8", "replace")).items()}


async def _read(scope: Scope, receive: Receive) -> Request:
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope.get("query_string", b"").decode("latin-1")
    return Request(scope["method"], scope["path"], query, headers, body)


async def _write(exchange: Exchange, send: Send) -> None:
    response, fault = exchange.response, exchange.fault
    if fault is not None and fault.name == "slow":
        await asyncio.sleep(fault.wait_s)
    headers = [
        (b"content-type", response.content_type.encode("latin-1")),
        (b"content-length", str(len(response.body)).encode("latin-1")),
        *((name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    kept = kept_of(exchange)
    # A body that is shorter than its header says ends the connection.
    await send({"type": "http.response.body", "body": response.body[:kept], "more_body": kept < len(response.body)})


def kept_of(exchange: Exchange) -> int:
    """How many bytes of the body get through."""
    length = len(exchange.response.body)
    match exchange.fault:
        case CallFault("half_closed" | "blackout"):
            return 0
        case CallFault("cut"):
            return length // 2
    return length


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
