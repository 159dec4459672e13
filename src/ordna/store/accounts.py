"""Signing in: people, their merchants, links that work once, and tokens for programs.

A secret's text exists where it is made and nowhere else; the database holds its SHA-256. A link is spent by one
conditional write, so two clicks at once sign in once.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User

from ordna.store.models import ApiToken, Membership, OneTimeLink

LINK_LIFE = timedelta(minutes=15)
TOKEN_PREFIX = "ordna_"
SCOPES = ("read", "write")


@dataclass(frozen=True)
class Caller:
    """Whom an API token speaks for."""

    user: str
    merchant_id: int
    scopes: tuple[str, ...]


def ensure_person(username: str, merchant_id: int, team: str = "") -> User:
    """The person of that name as a member of the merchant, made where missing; no password ever."""
    user, made = User.objects.get_or_create(username=username)
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    Membership.objects.update_or_create(user=user, merchant_id=merchant_id, defaults={"team": team})
    return user


def new_link(user: User, now: datetime, life: timedelta = LINK_LIFE) -> str:
    """The text of a link that signs the person in once; goes behind /sign-in/."""
    text = secrets.token_urlsafe(32)
    OneTimeLink.objects.create(digest=_digest(text), user=user, expires_at=now + life)
    return text


def link_is_good(text: str, now: datetime) -> bool:
    """Whether the link could be spent now; spends nothing."""
    return OneTimeLink.objects.filter(digest=_digest(text), used_at=None, expires_at__gt=now).exists()


def spend_link(text: str, now: datetime) -> User | None:
    """The person the link signs in, or None for one that is unknown, used or expired."""
    digest = _digest(text)
    fresh = OneTimeLink.objects.filter(digest=digest, used_at=None, expires_at__gt=now)
    if fresh.update(used_at=now) != 1:
        return None
    user = OneTimeLink.objects.select_related("user").get(digest=digest).user
    return user if user.is_active else None


def memberships(user: User) -> tuple[Membership, ...]:
    """Where the person belongs, by merchant."""
    return tuple(Membership.objects.filter(user=user).order_by("merchant_id"))


def new_token(
    user: User, merchant_id: int, title: str, now: datetime, life: timedelta, scopes: tuple[str, ...] = SCOPES
) -> str:
    """The text of a new API token: shown once, here."""
    text = TOKEN_PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(
        digest=_digest(text),
        prefix=text[:12],
        title=title,
        user=user,
        merchant_id=merchant_id,
        scopes=list(scopes),
        expires_at=now + life,
    )
    return text


def caller(text: str, now: datetime) -> Caller | None:
    """Whom the token speaks for, or None. A person who left the merchant takes the token's right along."""
    token = ApiToken.objects.select_related("user").filter(digest=_digest(text), expires_at__gt=now).first()
    if token is None or not token.user.is_active:
        return None
    if not Membership.objects.filter(user=token.user, merchant_id=token.merchant_id).exists():
        return None
    return Caller(token.user.get_username(), token.merchant_id, tuple(token.scopes))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
