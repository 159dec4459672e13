"""What the API says when it says no: problem+json with a stable code, the field it is about, a sentence for a person.

Problem
  Unauthorized    401  no token, or one that is unknown or expired
  Forbidden       403  the token's scopes do not allow it
  Missing         404  it is not there, or it is somebody else's
  TooLarge        413  the body is larger than any that is read
  Unusable        422  a field is missing, wrong or unknown
  Conflict        409  the state of things does not allow it
  Away            503  the database does not answer
"""

from __future__ import annotations

import msgspec
from django.http import HttpRequest, HttpResponse


class Problem(Exception):
    """The base: a status, a code, a field path ("" for none), a sentence."""

    status = 400

    def __init__(self, code: str, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.field, self.sentence = code, field, sentence


class Unauthorized(Problem):
    """No token, or one that is unknown or expired."""

    status = 401


class Forbidden(Problem):
    """The token's scopes do not allow it."""

    status = 403


class Missing(Problem):
    """It is not there, or it is somebody else's."""

    status = 404


class TooLarge(Problem):
    """The body is larger than any that is read."""

    status = 413


class Unusable(Problem):
    """A field is missing, wrong or unknown."""

    status = 422


class Conflict(Problem):
    """The state of things does not allow it."""

    status = 409


class Away(Problem):
    """The database does not answer."""

    status = 503


def answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The problem as a response."""
    body = {"code": problem.code, "field": problem.field, "sentence": problem.sentence, "status": problem.status}
    response = HttpResponse(msgspec.json.encode(body), status=problem.status, content_type="application/problem+json")
    response["Cache-Control"] = "no-store"
    if problem.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response
