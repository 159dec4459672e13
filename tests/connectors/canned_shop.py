"""A shop on a real socket that answers what a test tells it to, faults included, and remembers every call."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ordna.connectors.contract import Endpoint
from ordna.connectors.shopify.outbound import ShopifyOutbound

Variables = dict[str, Any]
COST = {
    "requestedQueryCost": 12,
    "actualQueryCost": 10,
    "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 1990, "restoreRate": 100.0},
}


@dataclass
class Raw:
    """An answer as bytes on the wire: status, headers, body; `cut` closes the connection after so many bytes."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    silent: bool = False


Answerer = Callable[[str, Variables], Any]


@dataclass
class CannedShop:
    """`answer` is called with the operation's name and variables; it gives the data, or a `Raw`."""

    answer: Answerer
    url: str = ""
    calls: list[tuple[str, Variables]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    connections: int = 0

    @property
    def operations(self) -> list[str]:
        return [name for name, _ in self.calls]


@contextmanager
def canned_shop(answer: Answerer, tls: ssl.SSLContext | None = None) -> Iterator[CannedShop]:
    """A shop that answers `answer` for as long as the block lasts."""
    shop = CannedShop(answer)
    release = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            shop.connections += 1

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("/oauth/access_token"):
                name, variables = "token", body
            else:
                name = re.match(r"(?:query|mutation) (\w+)", body["query"])[1]  # type: ignore[index]
                variables = body["variables"]
                shop.tokens.append(self.headers["X-Shopify-Access-Token"])
            shop.calls.append((name, variables))
            self.respond(shop.answer(name, variables))

        def respond(self, answer: Any) -> None:
            if not isinstance(answer, Raw):
                whole = answer if "errors" in answer or "access_token" in answer else {"data": answer}
                whole.setdefault("extensions", {"cost": COST})
                answer = Raw(body=json.dumps(whole).encode())
            if answer.silent:
                release.wait(20)
                self.close_connection = True
                return
            headers = {"Content-Length": str(len(answer.body)), "Content-Type": "application/json", **answer.headers}
            head = f"HTTP/1.1 {answer.status} x\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
            wire = head.encode() + answer.body
            if answer.cut is not None:
                wire = wire[: answer.cut]
                self.close_connection = True
            self.wfile.write(wire)
            self.wfile.flush()
            if answer.cut is not None:
                self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    shop.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield shop
    finally:
        release.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def outbound(answers: dict[str, Any]) -> Iterator[tuple[ShopifyOutbound, CannedShop]]:
    """The connector's door to a shop that answers each operation with what stands under its name."""

    def by_name(name: str, variables: Variables) -> Any:
        found = answers[name]
        return found(variables) if callable(found) else found

    with canned_shop(by_name) as shop:
        door = ShopifyOutbound(Endpoint(shop.url, "a.myshopify.com", "2026-10", token="t"), 2.0)
        yield door, shop
        door.close()
