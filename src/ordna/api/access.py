"""Who calls: a bearer token speaks for one person at one merchant, within its scopes."""

from __future__ import annotations

from django.http import HttpRequest

from ordna.api.errors import Forbidden, Unauthorized
from ordna.engine import clock
from ordna.store import accounts
from ordna.store.accounts import Caller

__all__ = ["Caller", "reader", "writer"]


def reader(request: HttpRequest) -> Caller:
    """The caller, who may read. `Unauthorized`, `Forbidden`."""
    return _caller(request, "read")


def writer(request: HttpRequest) -> Caller:
    """The caller, who may ask for things. `Unauthorized`, `Forbidden`."""
    return _caller(request, "write")


def _caller(request: HttpRequest, scope: str) -> Caller:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    found = accounts.caller(token.strip(), clock.now()) if kind.lower() == "bearer" and token.strip() else None
    if found is None:
        raise Unauthorized("unauthorized", "Authorization", "Send a valid token: Authorization: Bearer ordna_…")
    if scope not in found.scopes:
        raise Forbidden("scope", "Authorization", f"This token may not {scope}.")
    return found
