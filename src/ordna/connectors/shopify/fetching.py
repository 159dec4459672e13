"""Fetch the lines of a file that a shop names in an answer: the result of a bulk operation.

The address comes from the shop, so it is held to what Shopify uses: https to Shopify or its storage, or the very
machine that the connection calls. No redirects; 15 s of silence, ten minutes and 4 GB are the most.
"""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

CONNECT_S = 5.0
SILENCE_S = 15.0
TOTAL_S = 600.0
BYTES_MAX = 4 * 1024**3
LINE_MAX = 32 * 1024 * 1024
_CHUNK = 1024 * 1024
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_SHOPIFY = ("storage.googleapis.com", "shopify.com", "myshopify.com", "shopifycloud.com", "shopifycdn.com")


class NotFetched(Exception):
    """The file could not be fetched to its end; the text says why."""


def lines_of(url: str, base_url: str) -> Iterator[bytes]:
    """The file's lines without their ends, as they come. `NotFetched`."""
    connection = _connection(url, base_url)
    parts = urlsplit(url)
    until = time.monotonic() + TOTAL_S
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers={"Accept-Encoding": "identity", "User-Agent": "Ordna"})
        response = connection.getresponse()
        if response.status != 200:
            raise NotFetched(f"The result of the bulk operation could not be fetched (HTTP {response.status}).")
        if connection.sock is not None:
            connection.sock.settimeout(SILENCE_S)
        rest, came = b"", 0
        while piece := response.read1(_CHUNK):
            came += len(piece)
            if came > BYTES_MAX or len(rest) > LINE_MAX or time.monotonic() > until:
                raise NotFetched("The result of the bulk operation is too large, or came too slowly.")
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
        if response.length:
            raise NotFetched("The result of the bulk operation broke off.")
        if rest:
            yield rest
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotFetched(f"The result of the bulk operation broke off: {type(error).__name__}.") from error
    finally:
        connection.close()


def _connection(url: str, base_url: str) -> http.client.HTTPConnection:
    parts, ours = urlsplit(url), urlsplit(base_url)
    host = parts.hostname or ""
    here = host == ours.hostname or {host, ours.hostname} <= _LOOPBACK
    same = here and (parts.scheme, parts.port) == (ours.scheme, ours.port)
    shopifys = parts.scheme == "https" and any(host == name or host.endswith(f".{name}") for name in _SHOPIFY)
    if not (same or shopifys):
        raise NotFetched("The result of the bulk operation lies at an address that is not Shopify's.")
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=CONNECT_S, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, parts.port, timeout=CONNECT_S)
