"""Calls to the Admin GraphQL API: tokens, cost and errors. One `Client` a connection; threads may share it.

A call gives a `Reply` with data, or an `Answer` that says what became of it instead. The line between *again* and
*in doubt* is drawn here: a mutation whose request had left and whose answer we can't read may have happened.

Cost: every answer carries the shop's bucket; it becomes a `Budget`. THROTTLED comes as HTTP 200 with an error code
or as 429, and means nothing happened: `again`, with the seconds after which the bucket holds enough.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Protocol

import msgspec

from ordna.connectors.contract import Answer, Budget, Endpoint
from ordna.connectors.shopify.documents import is_mutation, text_of
from ordna.connectors.wire import TOTAL_S, Poster, Wire, WireAnswer, WireFailure

API_VERSION = "2026-10"
_RENEW_EARLY_S = 3600.0  # client-credentials tokens live 24 hours
_JSON = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "Ordna",
}


class Reply(msgspec.Struct, frozen=True):
    """The data of an answer, with its cost."""

    data: dict[str, Any]
    points: float = 0.0
    budget: Budget | None = None


class Caller(Protocol):
    """Whoever sends documents and understands the answers."""

    def call(self, document: str, variables: dict[str, Any]) -> Reply | Answer:
        """Send one document of `documents/`; never raises on what the other side does."""
        ...


class Client:
    """The Admin API of one shop."""

    def __init__(self, endpoint: Endpoint, total_s: float = TOTAL_S, wire: Poster | None = None) -> None:
        """`wire` where the shop is not reached over a network."""
        self._endpoint = endpoint
        self._wire = wire or Wire(endpoint.base_url, total_s)
        self._path = f"/admin/api/{endpoint.api_version or API_VERSION}/graphql.json"
        self._token: str | None = endpoint.token
        self._token_until = float("inf") if endpoint.token else 0.0
        self._renewal = threading.Lock()

    def call(self, document: str, variables: dict[str, Any]) -> Reply | Answer:
        """Send one document of `documents/`; never raises on what the other side does."""
        first = self._call_once(document, variables)
        renewable = self._endpoint.token is None and isinstance(first, Answer) and first.code == "unauthorized"
        if not renewable:
            return first
        self._token_until = 0.0  # revoked early: one new token, one more try; a 401 did nothing
        return self._call_once(document, variables)

    def close(self) -> None:
        """Close the connections that are idle."""
        self._wire.close()

    def _call_once(self, document: str, variables: dict[str, Any]) -> Reply | Answer:
        token = self._current_token()
        if isinstance(token, Answer):
            return token
        body = msgspec.json.encode({"query": text_of(document), "variables": variables})
        result = self._wire.post(self._path, body, {**_JSON, "X-Shopify-Access-Token": token})
        return understood(result, is_mutation(document))

    def _current_token(self) -> str | Answer:
        if self._token is not None and time.monotonic() < self._token_until:
            return self._token
        with self._renewal:
            if self._token is not None and time.monotonic() < self._token_until:
                return self._token  # somebody else renewed it meanwhile
            return self._renew()

    def _renew(self) -> str | Answer:
        if not self._endpoint.client_id or not self._endpoint.client_secret:
            return Answer("again", "no_credentials", "This connection has no credentials.", retry_after_s=60.0)
        asked = {
            "client_id": self._endpoint.client_id,
            "client_secret": self._endpoint.client_secret,
            "grant_type": "client_credentials",
        }
        result = self._wire.post("/admin/oauth/access_token", msgspec.json.encode(asked), dict(_JSON))
        if isinstance(result, WireFailure):
            return Answer("again", result.code, result.sentence, retry_after_s=5.0)
        try:
            granted = msgspec.json.decode(result.body, type=_Granted)
        except msgspec.MsgspecError:
            sentence = f"Shopify did not accept the app's client id and secret (HTTP {result.status})."
            return Answer("again", "unauthorized", sentence, retry_after_s=60.0)
        self._token = granted.access_token
        early = min(_RENEW_EARLY_S, granted.expires_in / 4)
        self._token_until = time.monotonic() + granted.expires_in - early
        return granted.access_token


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float = 86399.0


class _Throttle(msgspec.Struct, rename="camel"):
    maximum_available: float
    currently_available: float
    restore_rate: float


class _Cost(msgspec.Struct, rename="camel"):
    requested_query_cost: float | None = None
    actual_query_cost: float | None = None
    throttle_status: _Throttle | None = None


class _Extensions(msgspec.Struct):
    cost: _Cost | None = None


class _Envelope(msgspec.Struct):
    data: dict[str, Any] | None = None
    errors: Any = None
    extensions: _Extensions | None = None


_decoder = msgspec.json.Decoder(_Envelope)
_NEVER = frozenset(("ACCESS_DENIED", "RESOURCE_NOT_FOUND", "INVALID_VARIABLE", "MAX_INPUT_SIZE_EXCEEDED"))
_UNSURE = frozenset(("INTERNAL_SERVER_ERROR", "TIMEOUT"))


def understood(result: WireAnswer | WireFailure, mutation: bool) -> Reply | Answer:
    """What an exchange means; a mutation that had left and was not answered in a way we can read is in doubt."""
    if isinstance(result, WireFailure):
        kind = "in_doubt" if mutation and result.sent else "again"
        return Answer(kind, result.code, result.sentence, retry_after_s=2.0 if kind == "again" else None)
    if result.status != 200:
        return _status(result, mutation)
    try:
        envelope = _decoder.decode(result.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _lost(mutation, "unreadable_answer", "Shopify's answer was not the JSON it should have been.")
    cost = envelope.extensions.cost if envelope.extensions else None
    points, budget = _points(cost), _budget(cost)
    errors = envelope.errors if isinstance(envelope.errors, list) else []
    if envelope.data and any(value is not None for value in envelope.data.values()):
        return Reply(envelope.data, points, budget)
    if not errors and envelope.data is not None and not mutation:
        return Reply(envelope.data, points, budget)
    answer = _error(errors, mutation, cost)
    return msgspec.structs.replace(answer, points=points, budget=budget)


def _status(result: WireAnswer, mutation: bool) -> Answer:
    status = result.status
    if status == 429:
        return Answer("again", "throttled", "Shopify asks us to wait.", retry_after_s=result.retry_after_s or 2.0)
    if status >= 500:
        return _lost(mutation, f"http_{status}", f"Shopify answered with an error of its own (HTTP {status}).")
    if status == 401:
        return Answer("again", "unauthorized", "Shopify no longer accepts our access.", retry_after_s=60.0)
    if status in (402, 403, 404, 423):
        sentence = f"The shop does not let us in (HTTP {status}): it is locked, closed, or the app was removed."
        return Answer("again", "no_access", sentence, retry_after_s=300.0)
    if 300 <= status < 400:
        return Answer(
            "again",
            "redirected",
            "The address answers with a redirect, which is not followed.",
            retry_after_s=300.0,
        )
    if status < 300:
        return _lost(mutation, "unreadable_answer", f"Shopify's answer carries no data (HTTP {status}).")
    return Answer("refused", f"http_{status}", f"Shopify refused the call (HTTP {status}).")


def _error(errors: list[Any], mutation: bool, cost: _Cost | None) -> Answer:
    first = errors[0] if errors and isinstance(errors[0], dict) else {}
    extensions = first.get("extensions")
    code = str(extensions.get("code") or "") if isinstance(extensions, dict) else ""
    message = str(first.get("message") or "Shopify gave no reason.")[:500]
    if code == "THROTTLED":
        return Answer("again", "throttled", "The shop's call budget is used up.", retry_after_s=_wait_s(cost))
    if not errors:
        return _lost(mutation, "unreadable_answer", "Shopify's answer carries no data.")
    if code in _UNSURE:
        return _lost(mutation, code.lower(), message)
    # Whatever else is refused at the top was refused before anything ran.
    return Answer("refused", code.lower() if code in _NEVER else "bad_request", message)


def _lost(mutation: bool, code: str, sentence: str) -> Answer:
    if mutation:
        return Answer("in_doubt", code, sentence)
    return Answer("again", code, sentence, retry_after_s=5.0)


def _wait_s(cost: _Cost | None) -> float:
    if cost is None or cost.throttle_status is None or not cost.requested_query_cost:
        return 2.0
    missing = cost.requested_query_cost - cost.throttle_status.currently_available
    return max(0.1, missing / max(1.0, cost.throttle_status.restore_rate))


def _points(cost: _Cost | None) -> float:
    if cost is None:
        return 0.0
    return cost.actual_query_cost if cost.actual_query_cost is not None else 0.0


def _budget(cost: _Cost | None) -> Budget | None:
    status = cost.throttle_status if cost else None
    if status is None:
        return None
    return Budget(status.currently_available, status.maximum_available, status.restore_rate)
