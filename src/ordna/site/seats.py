"""Whose session a cookie header belongs to, for what is served beside Django: the same answer a page would give."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections
from django.http import HttpRequest

from ordna.store import accounts
from ordna.web.desk import MERCHANT_KEY


def merchant_of(cookies: str) -> int | None:
    """The merchant the signed-in person works for now; None for nobody."""
    close_old_connections()
    try:
        found = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
        return None if found is None else _seated(found.value)
    except CookieError:
        return None
    finally:
        close_old_connections()


def _seated(session_key: str) -> int | None:
    request = HttpRequest()
    request.session = SessionStore(session_key)
    user = get_user(request)
    if not isinstance(user, User) or not user.is_active:
        return None
    places = [place.merchant_id for place in accounts.memberships(user)]
    wanted = request.session.get(MERCHANT_KEY)
    if wanted in places:
        return int(wanted)
    return places[0] if places else None
