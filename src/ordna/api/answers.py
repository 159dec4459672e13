"""What the API answers with when it worked: a value as JSON, or a file. Nobody in between keeps it."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpResponse


def as_json(value: Any, status: int = 200) -> HttpResponse:
    """A value of one of the shapes on the wire."""
    return as_file(msgspec.json.encode(value), "application/json", status)


def as_file(body: bytes, kind: str, status: int = 200) -> HttpResponse:
    """Bytes of a content type."""
    response = HttpResponse(body, status=status, content_type=kind)
    response["Cache-Control"] = "private, no-store"
    return response
