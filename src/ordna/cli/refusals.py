"""Errors a person can do something about, as the one sentence to print."""

from __future__ import annotations

import psycopg

from ordna.core.flow import FlowError
from ordna.engine.connections import LinkError
from ordna.engine.erasures import BadList
from ordna.site.place import BadSetting, NoDatabase
from ordna.store.database import DatabaseError
from ordna.store.embedded import EmbeddedError


def sentence_for(error: Exception) -> str | None:
    """What to print instead of a traceback; None for an error nobody foresaw."""
    foreseen = EmbeddedError | LinkError | NoDatabase | BadSetting | BadList | DatabaseError | FileNotFoundError
    if isinstance(error, foreseen):
        return str(error) or (type(error).__doc__ or "").strip()
    if isinstance(error, FlowError):
        return "\n".join(map(str, error.problems))
    if isinstance(error, psycopg.OperationalError):
        return f"The database can't be reached: {str(error).strip()}"
    if isinstance(error, OSError) and error.strerror is None:
        return str(error)
    return None
