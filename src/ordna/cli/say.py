"""What a command says: lines for a person, and a clock on anything that takes longer than two seconds."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Self

SHOW_AFTER_S = 2.0


def say(line: str) -> None:
    """One line to standard output, at once."""
    print(line, flush=True)


class Progress:
    """Says what is being done once it takes longer than two seconds, and how far it is; then how long it took.

    On a terminal the line is rewritten every second; elsewhere it is written once.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._how_far = ""
        self._ended = threading.Event()
        self._shown = False
        self._began = 0.0

    def at(self, how_far: str) -> None:
        """How far it is, in words: "1,200 orders"."""
        self._how_far = how_far

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        threading.Thread(target=self._show, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._shown:
            end = "\n" if sys.stderr.isatty() else ""
            took = f"{time.monotonic() - self._began:.1f} s"
            sys.stderr.write(f"{self._line()} {took}{end or chr(10)}")
            sys.stderr.flush()

    def _show(self) -> None:
        while not self._ended.wait(SHOW_AFTER_S if not self._shown else 1.0):
            if sys.stderr.isatty() or not self._shown:
                sys.stderr.write(self._line() + ("" if sys.stderr.isatty() else "\n"))
                sys.stderr.flush()
            self._shown = True

    def _line(self) -> str:
        far = f": {self._how_far}" if self._how_far else ""
        return f"\r\x1b[K{self._what}{far} ..." if sys.stderr.isatty() else f"{self._what}{far} ..."
