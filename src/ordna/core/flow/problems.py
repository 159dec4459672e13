"""What is wrong with a flow file, said so that a person can put it right."""

from collections.abc import Iterable

from msgspec import Struct

ERROR = "error"
WARNING = "warning"


class Problem(Struct, frozen=True):
    """One thing to put right: a stable code, a sentence, where it stands, and the name likely meant."""

    code: str
    message: str
    line: int
    column: int
    path: str
    nearest: str | None = None
    severity: str = ERROR

    def __str__(self) -> str:
        return f"{self.line}:{self.column} {self.severity} {self.code} {self.path}: {self.message}"


class FlowError(Exception):
    """The flow file can't be used; `problems` says why, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_file_order(problems)
        super().__init__("; ".join(map(str, self.problems)))


def in_file_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Without repeats, by line and column."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda one: (one.line, one.column, one.code, one.path)))
