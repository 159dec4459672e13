"""The intake over real HTTP: what is stored, what is refused, and that nothing brings it down (catalogue group H)."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from ordna.store import connections, embedded, schema
from ordna.store.database import Database
from ordna.store.packing import unpack
from ordna.store.sealing import Keyring
from tests.engine.conftest import SECRET, TOKEN, Shop, order_body, signature

ROOT = Path(__file__).parents[2]
KEY = "1:" + base64.b64encode(b"k" * 32).decode()


class Server:
    """The intake, served by a process of its own."""

    def __init__(self, dsn: str) -> None:
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [
            *(sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--log-level", "warning", "--http1-header-read-timeout", "10000", "tests.engine.intake_app:app"),
        ]
        env = {**os.environ, "TEST_DSN": dsn, "ORDNA_KEY": KEY, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        self.process = subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True)
        self._wait_until_up()

    def _wait_until_up(self) -> None:
        for _ in range(200):
            try:
                if self.call("GET", "/").status:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the intake did not come up")

    def call(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None, timeout_s: float = 15
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        with closing(connection):
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            response.read()
            return response

    def deliver(self, body: bytes, *, path: str = f"/webhooks/{TOKEN}", **changes: str | None) -> int:
        """A delivery as the shop makes it, with some headers changed (None: left out); the status of the answer."""
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": "orders/create",
            "X-Shopify-Webhook-Id": "hook-1",
            "X-Shopify-Shop-Domain": "example.myshopify.com",
            "X-Shopify-Hmac-Sha256": signature(body),
        }
        for name, value in changes.items():
            headers.pop(name.replace("_", "-"), None)
            if value is not None:
                headers[name.replace("_", "-")] = value
        return self.call("POST", path, body, headers).status

    def raw(self, wire: bytes, timeout_s: float = 15) -> bytes:
        """Bytes as they are, and all that comes back until the server hangs up."""
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s)) as line:
            line.sendall(wire)
            line.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := line.recv(65536):
                answer += piece
            return answer

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def server(shop: Shop) -> Iterator[Server]:
    started = Server(shop.dsn)
    yield started
    assert started.process.poll() is None, "the intake died"
    started.stop()


BODY = json.dumps(order_body()).encode()


def stored(shop: Shop) -> int:
    return int(shop.rows("select count(*) from inbox")[0][0])


def test_an_authentic_delivery_is_stored_as_it_came_and_becomes_an_order(server: Server, shop: Shop) -> None:
    assert server.deliver(BODY) == 200
    [row] = shop.rows("select topic, webhook_id, order_hint, headers->>'x-shopify-topic', body, raw_bytes from inbox")
    assert row[:4] == ("orders/create", "hook-1", "5001", "orders/create")
    assert unpack(*row[4:]) == BODY
    assert shop.step() == 1
    assert shop.outcomes() == ["facts"]


def test_h1_h2_h4_a_wrong_signature_is_401_and_nothing_is_stored(server: Server, shop: Shop) -> None:
    good = signature(BODY)
    flipped = bytes([BODY[0]]) + bytes([BODY[1] ^ 1]) + BODY[2:]
    assert server.deliver(BODY, X_Shopify_Hmac_Sha256=None) == 401
    assert server.deliver(BODY, X_Shopify_Hmac_Sha256="") == 401
    assert server.deliver(BODY, X_Shopify_Hmac_Sha256=good[:-4]) == 401
    assert server.deliver(BODY, X_Shopify_Hmac_Sha256=signature(BODY, "wrong")) == 401
    assert server.deliver(BODY, X_Shopify_Hmac_Sha256="é" + good[1:]) == 401
    assert server.deliver(flipped, X_Shopify_Hmac_Sha256=good) == 401
    assert server.deliver(b"not json at all", X_Shopify_Hmac_Sha256=good) == 401
    assert stored(shop) == 0


def test_content_is_never_a_reason_to_refuse(server: Server, shop: Shop) -> None:
    for body in (b"", b"not json", b"[]", b'{"id": "x"}', b"\xff\xfe\x00", b"[" * 5000):
        assert server.deliver(body) == 200
    assert stored(shop) == 6
    assert shop.step() == 6
    assert "quarantined" not in shop.outcomes()


def test_h5_both_secrets_count_while_they_are_changed(server: Server, shop: Shop) -> None:
    key = (shop.merchant_id, shop.connection_id)

    def set_secrets(*secrets: str) -> None:
        with shop.database.engine([1]) as conn:
            sealed = connections.seal_secrets(shop.ring, list(secrets), key)
            conn.execute(b"update connection set webhook_secrets = %s", (sealed,))

    assert server.deliver(BODY) == 200
    set_secrets("new", SECRET)
    time.sleep(0.6)
    assert server.deliver(BODY, X_Shopify_Hmac_Sha256=signature(BODY, "new")) == 200
    assert server.deliver(BODY) == 200
    set_secrets("new")
    time.sleep(5.2)
    assert server.deliver(BODY) == 401
    assert server.deliver(BODY, X_Shopify_Hmac_Sha256=signature(BODY, "new")) == 200


def test_h6_the_same_delivery_again_has_no_effect(server: Server, shop: Shop) -> None:
    assert [server.deliver(BODY), server.deliver(BODY)] == [200, 200]
    shop.step()
    assert shop.outcomes() == ["facts", "duplicate"]


def test_h8_another_shops_domain_is_refused(server: Server, shop: Shop) -> None:
    other = Shop(shop.database, shop.dsn, shop.ring, 2, 9, "other.myshopify.com", "hook-token-of-the-other-2")
    other.open()
    assert server.deliver(BODY, X_Shopify_Shop_Domain="other.myshopify.com") == 401
    assert server.deliver(BODY, X_Shopify_Shop_Domain=None) == 401
    assert stored(shop) == 0


def test_h10_an_unknown_shop_is_401(server: Server, shop: Shop) -> None:
    assert server.deliver(BODY, path="/webhooks/nobody-has-this-token-00") == 401
    assert stored(shop) == 0


def test_h11_large_bodies_are_stored_whole_and_too_large_ones_refused(server: Server, shop: Shop) -> None:
    for size in (1_500_000, 5_000_000):
        body = json.dumps({"id": 1, "note": "x" * size}).encode()
        assert server.deliver(body) == 200
    assert [row[0] > 1_000_000 for row in shop.rows("select coalesce(raw_bytes, octet_length(body)) from inbox")] == [
        True,
        True,
    ]
    head = (
        f"POST /webhooks/{TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {33 * 1024 * 1024}\r\nConnection: close\r\n\r\n"
    )
    assert server.raw(head.encode())[:12] == b"HTTP/1.1 413"
    chunked = f"POST /webhooks/{TOKEN} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    piece = b"400000\r\n" + b"x" * 0x400000 + b"\r\n"
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=20)) as line:
        line.sendall(chunked.encode())
        with suppress(OSError):  # the server has seen enough
            for _ in range(9):
                line.sendall(piece)
        assert line.recv(12) in (b"HTTP/1.1 413", b"")
    assert stored(shop) == 2


def test_h12_h16_compressed_bodies_other_types_and_other_methods(server: Server, shop: Shop) -> None:
    assert server.deliver(BODY, Content_Encoding="gzip") == 415
    assert server.deliver(BODY, Content_Type="text/xml") == 415
    assert server.call("GET", f"/webhooks/{TOKEN}").status == 405
    assert server.call("PUT", f"/webhooks/{TOKEN}").getheader("allow") == "POST"
    assert stored(shop) == 0


def test_h13_lengths_that_do_not_agree_store_nothing(server: Server, shop: Shop) -> None:
    sign = f"X-Shopify-Hmac-Sha256: {signature(BODY)}\r\nX-Shopify-Shop-Domain: example.myshopify.com\r\n"
    start = f"POST /webhooks/{TOKEN} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{sign}"
    short = start + f"Content-Length: {len(BODY) + 10}\r\n\r\n"
    assert server.raw(short.encode() + BODY)[:10] in (b"", b"HTTP/1.1 4")
    both = start + f"Content-Length: {len(BODY)}\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert server.raw(both.encode() + BODY)[:10] in (b"", b"HTTP/1.1 4")
    twice = start + f"Content-Length: {len(BODY)}\r\nContent-Length: 5\r\n\r\n"
    assert server.raw(twice.encode() + BODY)[:10] in (b"", b"HTTP/1.1 4")
    assert stored(shop) == 0


def test_h14_slow_senders_are_cut_off_and_nobody_else_waits(server: Server, shop: Shop) -> None:
    lines = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(500)]
    head = f"POST /webhooks/{TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n".encode()
    began = time.monotonic()
    for line in lines:
        line.sendall(head)
    stop = threading.Event()

    def dribble() -> None:
        while not stop.wait(1.0):
            for line in lines:
                with suppress(OSError):
                    line.sendall(b"x")

    trickle = threading.Thread(target=dribble, daemon=True)
    trickle.start()
    waits = []
    for number in range(40):
        sent = time.monotonic()
        assert server.deliver(BODY, X_Shopify_Webhook_Id=f"quick-{number}") == 200
        waits.append(time.monotonic() - sent)
    lines[0].settimeout(15)
    assert lines[0].recv(12) == b"HTTP/1.1 408"
    assert 9 <= time.monotonic() - began <= 13
    stop.set()
    trickle.join()
    for line in lines:
        line.close()
    assert sorted(waits)[-2] < 0.5
    assert stored(shop) == 40


def test_h15_five_hundred_identical_deliveries_at_once_are_one(server: Server, shop: Shop) -> None:
    with ThreadPoolExecutor(50) as many:
        assert set(many.map(lambda _: server.deliver(BODY), range(500))) == {200}
    shop.step()
    assert sorted(set(shop.outcomes())) == ["duplicate", "facts"]
    assert shop.outcomes().count("facts") == 1
    assert shop.rows("select count(*) from orders") == [(1,)]


def test_h17_odd_addresses_and_headers_are_never_500(server: Server, shop: Shop) -> None:
    for path in ("/webhooks/%00", "/webhooks/%2e%2e/etc/passwd", "/webhooks/", "/", f"/webhooks/{TOKEN}%00", "//"):
        assert server.deliver(BODY, path=path) in (400, 401, 404), path
    assert server.deliver(BODY, X_Shopify_Topic="x" * 64_000) in (200, 400, 431)
    assert server.deliver(BODY, Host="bad host\x01") in (200, 400)
    assert server.deliver(BODY, X_Shopify_Webhook_Id="é\x7f") in (200, 400)


def test_h19_without_a_database_the_answer_is_503_within_a_second(tmp_path: Path) -> None:
    home = tmp_path / "a server of its own"
    running = embedded.start(home)
    server = None
    try:
        schema.install(running.dsn("postgres"))
        database = Database(running.dsn("postgres"))
        Shop(database, running.dsn("postgres"), Keyring({1: b"k" * 32})).open()
        database.close()
        server = Server(running.dsn("postgres"))
        assert server.deliver(BODY) == 200
        embedded.stop(home, "immediate")
        for _ in range(3):
            began = time.monotonic()
            assert server.deliver(BODY) == 503
            assert time.monotonic() - began < 1.0
        running = embedded.start(home)
        until = time.monotonic() + 5
        while (status := server.deliver(BODY)) != 200 and time.monotonic() < until:
            time.sleep(0.1)
        assert status == 200
    finally:
        if server is not None:
            server.stop()
        embedded.stop(home, "immediate")
