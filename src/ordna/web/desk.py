"""Who asks, and for which merchant: every request carries both, or goes to the sign-in page.

A `Desk` is where a person sits: their name, the merchant they work for now, their team. It is on
`request.desk` in every view behind the door. What belongs to another merchant does not exist: it is a 404 like
anything that was never there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from ordna.store import accounts
from ordna.store.database import Database, DatabaseDown
from ordna.store.read import connections
from ordna.store.read.door import View, view
from ordna.web.errors import database_away

OPEN_PATHS = ("/sign-in", "/static/", "/api/", "/health")
MERCHANT_KEY = "merchant_id"


@dataclass(frozen=True)
class Desk:
    """The person, the merchant, the team ("" is all teams), and the other merchants they could switch to."""

    person: str
    merchant_id: int
    team: str
    merchant_ids: tuple[int, ...]


class DeskMiddleware:
    """Seats whoever is signed in, and turns everyone else to the sign-in page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(OPEN_PATHS):
            return self._get_response(request)
        found = _seat(request)
        if found is None:
            return redirect("sign_in")
        request.desk = found  # type: ignore[attr-defined]
        response = self._get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A database that is away is a page that says so and tries again, not a crash."""
        if isinstance(exception, DatabaseDown):
            return database_away(request)
        return None


def desk(request: HttpRequest) -> Desk:
    """Whose request this is."""
    return cast(Desk, request.desk)  # type: ignore[attr-defined]


@contextmanager
def reading(request: HttpRequest) -> Iterator[View]:
    """What the person's merchant may see, now."""
    with view(database(), desk(request).merchant_id) as seen:
        yield seen


def database() -> Database:
    """This process's connections; `ORDNA_DATABASE` in the settings names the database."""
    return _database(settings.ORDNA_DATABASE)


def switch(request: HttpRequest, merchant_id: int) -> bool:
    """Seat the person at another of their merchants; False when it is none of theirs."""
    if merchant_id not in desk(request).merchant_ids:
        return False
    request.session[MERCHANT_KEY] = merchant_id
    return True


def everywhere(request: HttpRequest) -> dict[str, Any]:
    """What every page shows: the desk, the merchant's name, whether outgoing is paused."""
    seat = getattr(request, "desk", None)
    if seat is None:
        return {}
    try:
        with view(database(), seat.merchant_id) as seen:
            return {
                "desk": seat,
                "merchant": connections.merchant(seen),
                "outgoing_paused_at": connections.outgoing_paused_at(seen),
                "now": seen.now,
            }
    except DatabaseDown:
        return {"desk": seat}


def _seat(request: HttpRequest) -> Desk | None:
    if not request.user.is_authenticated:
        return None
    user = request.user
    places = accounts.memberships(user)
    if not places:
        return None
    wanted = request.session.get(MERCHANT_KEY)
    place = next((place for place in places if place.merchant_id == wanted), places[0])
    ids = tuple(place.merchant_id for place in places)
    return Desk(user.get_username(), place.merchant_id, place.team, ids)


@lru_cache(maxsize=4)
def _database(dsn: str) -> Database:
    return Database(dsn, connections_max=8, patience_s=2.0)
