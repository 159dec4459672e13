"""One call to Practice Post, and what its answer means: read, refused, again, or in doubt."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from ordna.connectors.contract import Answer, Endpoint
from ordna.connectors.wire import Wire, WireFailure

T = TypeVar("T")

_NAME = "Practice Post"
SENTENCE_MAX = 300


class Caller:
    """Calls one account. `deed` says that a call may have done something although no answer came."""

    def __init__(self, endpoint: Endpoint, total_s: float) -> None:
        self._wire = Wire(endpoint.base_url, total_s)
        self._token = endpoint.token or ""

    def call(
        self, method: str, path: str, kind: type[T], body: Any = None, *, key: str = "", deed: bool = False
    ) -> T | Answer:
        """The answer as a value of `kind`, or what kept us from it."""
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        raw = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            raw = msgspec.json.encode(body)
        got = self._wire.send(method, path, raw, headers)
        if isinstance(got, WireFailure):
            doubtful = deed and got.sent
            return Answer("in_doubt" if doubtful else "again", got.code, got.sentence)
        if 200 <= got.status < 300:
            try:
                return msgspec.json.decode(got.body, type=kind)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                return _lost(deed, "unreadable_answer", f"{_NAME}’s answer was not what it should have been.")
        return _status(got.status, got.body, got.retry_after_s, deed)


class _Error(Struct):
    code: str = ""
    field: str = ""
    message: str = ""


class _Envelope(Struct):
    error: _Error


def _status(status: int, body: bytes, retry_after_s: float | None, deed: bool) -> Answer:
    if status >= 500:
        return _lost(deed, f"http_{status}", f"{_NAME} answered with an error of its own (HTTP {status}).")
    if status == 429:
        return Answer("again", "throttled", f"{_NAME} asks us to wait.", retry_after_s=retry_after_s or 2.0)
    if status in (401, 403):
        return Answer("again", "unauthorized", f"{_NAME} no longer accepts our access.", retry_after_s=60.0)
    if status == 408 or 300 <= status < 400:
        return _lost(deed, f"http_{status}", f"{_NAME} did not answer in a way we can read (HTTP {status}).")
    try:
        said = msgspec.json.decode(body, type=_Envelope).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        said = _Error(f"http_{status}", "", f"{_NAME} refused the call (HTTP {status}).")
    return Answer("refused", said.code[:60] or f"http_{status}", said.message[:SENTENCE_MAX] or "It was refused.")


def _lost(deed: bool, code: str, sentence: str) -> Answer:
    return Answer("in_doubt" if deed else "again", code, sentence)
