"""Trouble that passes: the database went away, somebody else was faster. It is waited out and tried again, and counts
against nobody. Everything else is the fault of what was being handled."""

from __future__ import annotations

import psycopg

from ordna.engine.leases import LeaseLost
from ordna.store.database import DatabaseDown, Overtaken

_CLASSES = ("08", "40", "53")  # connection, deadlock or serialization, no room
_STATES = ("55P03", "57P01", "57P02", "57P03")  # lock not granted, shut down, crashed, starting


def is_passing(error: BaseException) -> bool:
    """Whether trying the same again may well do. A limit that one message runs into (too long, too large, too slow)
    does not pass, though the driver files it under the same class."""
    if not isinstance(error, psycopg.Error):
        return isinstance(error, (DatabaseDown, Overtaken, LeaseLost))
    state = error.sqlstate
    if state is None:  # the connection broke: the server said nothing
        return isinstance(error, psycopg.OperationalError) and not isinstance(error, psycopg.errors.PipelineAborted)
    return state in _STATES or state[:2] in _CLASSES
