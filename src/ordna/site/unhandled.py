"""How an error that no page handled is written down: where it happened and of what kind, never what it held.

An exception's own text may quote a row of the database, and so a person. Its kind and the lines of code it passed
are enough to find it.
"""

from __future__ import annotations

from typing import Any

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"careful": {"()": "ordna.engine.logs.formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "careful"}},
    "loggers": {"django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}},
}
