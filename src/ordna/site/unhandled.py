"""How an error that no page handled is written down: where it happened and of what kind, never what it held.

An exception's own text may quote a row of the database, and so a person. Its kind and the lines of code it passed
are enough to find it.
"""

from __future__ import annotations

import logging
import traceback
from typing import Any


class Places(logging.Formatter):
    """Writes an exception as its kind and the lines of code it passed, without its text."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the library names it
        """The lines of code, then the kind."""
        kind, _, trace = ei
        return "".join(traceback.format_tb(trace)) + (kind.__qualname__ if kind is not None else "")


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "places": {"()": "ordna.site.unhandled.Places", "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "places"}},
    "loggers": {"django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}},
}
