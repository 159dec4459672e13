"""Where a condition stands in its file, and the one error of the language."""

from msgspec import Struct


class Position(Struct, frozen=True):
    """Where a piece of source starts: line and column from 1, as an editor shows them.

    `continuation` is the column at which its second and later lines start.
    """

    line: int = 1
    column: int = 1
    continuation: int = 1

    def after(self, source: str, offset: int) -> "Position":
        """The position of the character at `offset` of `source`, where `source` starts here."""
        before = source[:offset]
        lines = before.count("\n")
        if not lines:
            return Position(self.line, self.column + offset, self.continuation)
        column = self.continuation + offset - (before.rindex("\n") + 1)
        return Position(self.line + lines, column, self.continuation)


class ConditionError(Exception):
    """The condition is not one Ordna can run."""

    def __init__(
        self, code: str, message: str, line: int, column: int, nearest: str | None = None, caret: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line
        self.column = column
        self.nearest = nearest
        #: The line of source with the offending part underlined, for a terminal or a page.
        self.caret = caret
