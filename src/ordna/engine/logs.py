"""What processes write down: one line an occurrence, JSON or readable on a terminal; where and of what kind, never
what it held.

    {"event": "a batch failed ...", "level": "error", "logger": "ordna.engine.step", "at": "...", "merchant": 1, ...}

Everybody writes with the standard library's `logging`; what is safe to say is decided here, once, for our own lines
and for those of libraries. An exception is told as its kind, its SQL state and the lines of code it passed: its text
may quote a row, and so a person or a secret. `about(...)` says what a thread is working on; its lines carry it.
Control characters come out escaped, so a text with a line break or a terminal's escape stays one harmless line.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO

import psycopg
import structlog

from ordna.core.masking import one_line
from ordna.engine.leases import LeaseLost
from ordna.store.database import DatabaseDown, Overtaken

SAYABLE = (LeaseLost, Overtaken)
"""Errors of ours whose text is their docstring."""
TEXT_MAX = 2000
SHOWN_MAX = 300
CONNECTING = ("connection", "could not", "server closed", "terminating", "timeout", "consuming input failed")

_ours = structlog.stdlib.ProcessorFormatter
Event = MutableMapping[str, Any]


def configure(stream: TextIO | None = None, *, readable: bool | None = None) -> None:
    """Write to `stream` (standard error), from now on and for the whole process. `readable`: for a person; None: on a
    terminal. Errors nobody caught are written the same way."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter(out.isatty() if readable is None else readable))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("ordna").setLevel(logging.INFO)
    sys.excepthook = _uncaught
    threading.excepthook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)


def formatter(readable: bool = False) -> logging.Formatter:
    """The one formatter, for whoever has a handler of its own."""
    as_json = structlog.processors.JSONRenderer(default=_kind_of)
    last: Callable[[Any, str, Event], Any] = _as_words if readable else as_json
    return _Careful(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        ],
        processors=[_places, _ours.remove_processors_meta, _one_line, last],
    )


def about(**what: Any) -> None:
    """What this thread works on from now on: merchant, order, message, effect. Without arguments: nothing in
    particular."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**what)


def told(error: BaseException) -> str:
    """What may be said of an error where anybody can read it: its kind and, of a database's error, its SQL state and
    the constraint, table or column it names; of a connection's, why it could not be made. Never a value."""
    kind = type(error).__name__
    if isinstance(error, SAYABLE) or (isinstance(error, DatabaseDown) and _of_connecting(str(error))):
        return f"{kind}: {one_line(str(error), SHOWN_MAX)}"
    if isinstance(error, psycopg.Error):
        if error.sqlstate is None:
            text = str(error)
            return f"{kind}: {one_line(text, SHOWN_MAX)}" if _of_connecting(text) else kind
        named = (error.diag.constraint_name, error.diag.table_name, error.diag.column_name)
        return " ".join(filter(None, (kind, error.sqlstate, *named)))
    return kind


def told_with_place(error: BaseException) -> str:
    """The same, and where in our code it happened: "ValueError in core/evolve.py:120 (evolve)"."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "/ordna/" in frame.filename]
    if not ours:
        return told(error)
    file = ours[-1].filename.rpartition("/ordna/")[2]
    return f"{told(error)} in {file}:{ours[-1].lineno} ({ours[-1].name})"


class _Careful(structlog.stdlib.ProcessorFormatter):
    """Takes the text out of exceptions before anything is formatted."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        if isinstance(record.args, tuple) and any(isinstance(arg, BaseException) for arg in record.args):
            careful = tuple(told(arg) if isinstance(arg, BaseException) else arg for arg in record.args)
            record = logging.makeLogRecord({**record.__dict__, "args": careful})
        if isinstance(record.msg, BaseException):
            record = logging.makeLogRecord({**record.__dict__, "msg": told(record.msg), "args": ()})
        return super().format(record)


def _places(_logger: Any, _method: str, event: Event) -> Event:
    """An exception as its kind and the lines of code it passed, innermost last."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"] = told(error)
        frames = traceback.extract_tb(error.__traceback__)
        event["passed"] = [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames[-20:]]
    event.pop("stack_info", None)
    event.pop("exception", None)
    return event


def _one_line(_logger: Any, _method: str, event: Event) -> Event:
    return {name: one_line(value, TEXT_MAX) if isinstance(value, str) else value for name, value in event.items()}


def _as_words(_logger: Any, _method: str, event: Event) -> str:
    """For a person at a terminal."""
    at, level, logger, text = (event.pop(name, "") for name in ("at", "level", "logger", "event"))
    passed = event.pop("passed", [])
    about = " ".join(f"{name}={value}" for name, value in event.items())
    lines = [f"{str(at)[11:19]} {level}: {text}{f'  [{about}]' if about else ''}  ({logger})"]
    return "\n".join([*lines, *(f"    {place}" for place in passed)])


def _short(filename: str) -> str:
    for root in ("/site-packages/", "/src/"):
        if root in filename:
            return filename.rpartition(root)[2]
    return filename.rpartition("/")[2]


def _kind_of(value: Any) -> str:
    return f"<{type(value).__name__}>"


def _of_connecting(text: str) -> bool:
    """Whether it speaks of the way to the server, not of what a statement held."""
    return text.lstrip().lower().startswith(CONNECTING) or text.startswith("No connection became free")


def _uncaught(kind: Any, error: Any, trace: Any) -> None:
    if kind is not None and issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("ordna").critical("an error that nobody caught", exc_info=(kind, error, trace))
