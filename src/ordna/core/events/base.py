"""The base of all events."""

from __future__ import annotations

from msgspec import Struct


class Event(Struct, frozen=True, tag_field="kind", omit_defaults=True):
    """The base of all events; in a journal row `kind` is the class's own name."""
