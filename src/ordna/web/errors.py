"""Pages for what went wrong: a sentence and a way on, never a traceback."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: it is not there, or it is somebody else's; both look the same."""
    return _alone(request, 404, "There is nothing here", "The page or the order you asked for does not exist.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return _alone(request, 403, "That is not for you", "You may not do this.")


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form did not come from one of our pages, or the page was open for too long."""
    said = (
        "This form was open for too long, or did not come from a page of Ordna. Nothing was done: open the page again."
    )
    return _alone(request, 403, "Nothing was done", said)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return _alone(request, 400, "That could not be read", "The request was not one that a browser sends.")


def bad_parameter(request: HttpRequest, field: str, sentence: str) -> HttpResponse:
    """422: a parameter that means nothing here."""
    return _alone(request, 422, "That is not something to ask for", f"{sentence} ({field})")


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault, and it was noted."""
    said = "It is our fault. What you asked for was done wholly or not at all: look before you ask again."
    return _alone(request, 500, "Something went wrong", said)


def database_away(request: HttpRequest) -> HttpResponse:
    """503: the database does not answer."""
    response = _alone(request, 503, "One moment", "The database does not answer right now. Try again in a few seconds.")
    response["Retry-After"] = "5"
    return response


def _alone(request: HttpRequest, status: int, heading: str, sentence: str) -> HttpResponse:
    context: dict[str, Any] = {"heading": heading, "sentence": sentence, "link": "/", "link_word": "To the flow map"}
    return render(request, "ordna/alone.html", context, status=status)
