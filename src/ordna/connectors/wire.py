"""One HTTP exchange with a system outside: kept-alive connections, hard limits, exact knowledge of whether it left.

Built on the standard library's http.client because a call costs a third of the CPU of a full client (docs/adr has the
figures) and because one question decides everything afterwards: had the whole request been sent when it failed? Not
sent: nothing can have happened. Sent: it may have happened.

Limits: 2 s to connect, 15 s in total, 5 MB of answer. No redirects. No compression is asked for, so there is nothing to
inflate; an answer that comes compressed all the same is not read. Plain HTTP only to this machine itself.
"""

from __future__ import annotations

import http.client
import select
import socket
import ssl
import threading
import time
from collections import deque
from typing import Protocol
from urllib.parse import urlsplit

from msgspec import Struct

CONNECT_S = 2.0
TOTAL_S = 15.0
ANSWER_MAX = 5 * 1024 * 1024
_IDLE_S = 20.0
_CHUNK = 256 * 1024
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


class WireAnswer(Struct, frozen=True):
    """What came back: the status, the body's bytes and the seconds the other side asked us to wait."""

    status: int
    body: bytes
    retry_after_s: float | None = None


class WireFailure(Struct, frozen=True):
    """No answer. `sent` tells whether the whole request had left; `code` is stable, `sentence` is for a person."""

    sent: bool
    code: str
    sentence: str


class Poster(Protocol):
    """A way to one shop."""

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> WireAnswer | WireFailure:
        """Post once; never raises on what the network or the other side does."""
        ...

    def close(self) -> None:
        """Let go of what is idle."""
        ...


class Wire:
    """Kept-alive connections to one base URL; any number of threads may post at once."""

    def __init__(self, base_url: str, total_s: float = TOTAL_S) -> None:
        parts = urlsplit(base_url)
        self._https = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._https else 80)
        self._prefix = parts.path.rstrip("/")
        self._total_s = total_s
        self._usable = bool(self._host) and (self._https or self._host in _LOOPBACK)
        self._tls = ssl.create_default_context() if self._https else None
        self._idle: deque[tuple[float, http.client.HTTPConnection]] = deque()
        self._lock = threading.Lock()

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> WireAnswer | WireFailure:
        """Post once; never raises on what the network or the other side does."""
        return self.send("POST", path, body, headers)

    def send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> WireAnswer | WireFailure:
        """Ask once; never raises on what the network or the other side does."""
        if not self._usable:
            return WireFailure(False, "insecure_url", "The other side's address must begin with https://.")
        deadline = time.monotonic() + self._total_s
        sent = False
        connection: http.client.HTTPConnection | None = None
        try:
            connection = self._take() or self._connect()
            _allow(connection, deadline)
            connection.request(method, self._prefix + path, body=body, headers=headers)
            sent = True
            answer, reusable = _receive(connection, deadline)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if connection is not None:
                connection.close()
            return _failure(error, sent, self._host)
        if reusable:
            with self._lock:
                self._idle.append((time.monotonic(), connection))
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            while self._idle:
                self._idle.pop()[1].close()

    def _take(self) -> http.client.HTTPConnection | None:
        """An idle connection that is still open, as far as anyone can tell without sending."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                since, connection = self._idle.pop()
            if connection.sock and time.monotonic() - since < _IDLE_S and not _has_news(connection.sock):
                return connection
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls is not None:
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self._host, self._port, timeout=CONNECT_S, context=self._tls
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=CONNECT_S)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


class _TooLong(ValueError):
    """The answer is longer than 5 MB."""


class _Compressed(ValueError):
    """The answer is compressed though none was asked for."""


def _receive(connection: http.client.HTTPConnection, deadline: float) -> tuple[WireAnswer, bool]:
    response = connection.getresponse()
    if response.getheader("Content-Encoding", "identity") != "identity":
        raise _Compressed("The answer is compressed though none was asked for.")
    pieces: list[bytes] = []
    length = 0
    while True:
        _allow(connection, deadline)
        piece = response.read1(_CHUNK)
        if not piece:
            break
        length += len(piece)
        if length > ANSWER_MAX:
            raise _TooLong("The answer is longer than 5 MB.")
        pieces.append(piece)
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    response.close()  # frees the connection for the next request; the socket stays open
    answer = WireAnswer(response.status, b"".join(pieces), _seconds(response.getheader("Retry-After")))
    return answer, not response.will_close


def _allow(connection: http.client.HTTPConnection, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if connection.sock is not None:
        connection.sock.settimeout(left)


def _has_news(sock: socket.socket) -> bool:
    # An idle connection has nothing to say: whatever can be read is its end.
    return bool(select.select([sock], [], [], 0)[0])


def _failure(error: Exception, sent: bool, host: str) -> WireFailure:
    if isinstance(error, _TooLong):
        return WireFailure(sent, "answer_too_long", str(error))
    if isinstance(error, _Compressed):
        return WireFailure(sent, "unreadable_answer", str(error))
    if isinstance(error, TimeoutError):
        return WireFailure(sent, "timeout", f"{host} did not answer in time.")
    if isinstance(error, ssl.SSLError):
        return WireFailure(sent, "tls", f"The connection to {host} is not safe: {error.reason or 'TLS failed'}.")
    if isinstance(error, socket.gaierror):
        return WireFailure(sent, "unreachable", f"There is no machine called {host}.")
    if sent:
        return WireFailure(sent, "connection_lost", f"{host} broke off before it had answered.")
    return WireFailure(sent, "unreachable", f"{host} could not be reached.")


def _seconds(header: str | None) -> float | None:
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None
