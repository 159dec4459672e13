"""The tags templates are written with: badges, times, money. Markup comes from `format_html` alone."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ordna.web import words

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=512)
def badge(machine: str, state: str | None, plain: bool = False) -> SafeString:
    """A state as shape and word."""
    look = words.look(machine, state)
    kind = f"{look.tone} plain tone-{look.tone}" if plain else look.tone
    return format_html('<span class="badge {}">{}{}</span>', kind, shape(look.shape), look.word)


@register.simple_tag
@lru_cache(maxsize=64)
def shape(name: str) -> SafeString:
    """One of the small shapes of the sprite."""
    return format_html('<svg class="shape" viewBox="0 0 10 10" aria-hidden="true"><use href="#s-{}"/></svg>', name)


@register.simple_tag
@lru_cache(maxsize=64)
def icon(name: str) -> SafeString:
    """One of the icons of the sprite."""
    return format_html('<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag(takes_context=True)
def ago(context: Context, at: datetime | None) -> SafeString:
    """A moment relative to now, exact on hover."""
    return _time(context, at, words.ago(at, _now(context))) if at else SafeString("")


@register.simple_tag(takes_context=True)
def since(context: Context, at: datetime | None) -> SafeString:
    """How long ago, without "ago"."""
    return _time(context, at, words.span(_now(context) - at)) if at else SafeString("")


@register.simple_tag(takes_context=True)
def due(context: Context, at: datetime | None) -> SafeString:
    """When something is due; a late one carries the triangle."""
    if at is None:
        return SafeString("")
    text = _time(context, at, words.due(at, _now(context), _zone(context)))
    if at >= _now(context):
        return text
    return format_html('<span class="badge bad">{}{}</span>', shape("triangle"), text)


@register.simple_tag
def money(minor: int | None, currency: str | None) -> str:
    """An amount with its currency."""
    return words.money(minor, currency)


@register.filter
def request_word(kind: str) -> str:
    """What the button of a request says."""
    return words.REQUESTS.get(kind, (kind, kind))[0]


@register.filter
def effect_word(kind: str) -> str:
    """What an effect does, in words."""
    return words.EFFECTS.get(kind, kind)


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """The page's own address with some parameters changed; an empty value drops one."""
    params = context["request"].GET.copy()
    params.pop("after", None)
    for name, value in changes.items():
        if value in ("", None):
            params.pop(name, None)
        else:
            params[name] = str(value)
    return f"?{params.urlencode()}" if params else context["request"].path


def _time(context: Context, at: datetime, text: str) -> SafeString:
    stamp = at.astimezone(UTC).isoformat(timespec="seconds")
    return format_html('<time datetime="{}" title="{}">{}</time>', stamp, words.exact(at, _zone(context)), text)


def _now(context: Context) -> datetime:
    now: datetime = context["now"]
    return now


def _zone(context: Context) -> str:
    merchant = context.get("merchant")
    return merchant.zone if merchant is not None else "UTC"
