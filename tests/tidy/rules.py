"""The style rules as functions: source text in, complaints out.

Each rule is a function `(Source) -> complaints` and is proven by a good and a bad snippet in test_style.py. A
complaint gives the line and what to do instead.
"""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 400

# What a pure function may not do, and where the value comes from instead.
IMPURE_CALLS = {
    "now": "the time is an input: take `now` as an argument",
    "today": "the date is an input: take it as an argument",
    "utcnow": "the time is an input: take `now` as an argument",
    "float": "money and quantities are exact: Decimal or int",
    "print": "a pure function returns what it has to say",
    "open": "a pure function reads no file",
    "input": "a pure function asks nobody",
}

CLOCK_CALLS = {"now", "utcnow", "today"}
CLOCK_OWNERS = {"datetime", "date"}

# Who may read the clock: the engine's own clock, and what is not part of deciding.
CLOCK_PLACES = ("ordna/engine/clock.py", "ordna/site/", "ordna/practice/", "ordna/cli")

SIGNAL_NAMES = {
    "pre_save",
    "post_save",
    "pre_delete",
    "post_delete",
    "m2m_changed",
    "pre_init",
    "post_init",
    "receiver",
}

# Built from halves, so that this file does not contain what it forbids.
LEFTOVERS = re.compile("|".join(f"{a}{b}" for a, b in (("TO", "DO"), ("FIX", "ME"), ("X", "XX"), ("HA", "CK"))))


@dataclass(frozen=True)
class Source:
    """One Python file: its path below the repository's root (or below src), and its text."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    def below(self, *packages: str) -> bool:
        return any(f"ordna/{package}" in str(self.path) for package in packages)


Complaints = Iterator[str]
Rule = Callable[[Source], Complaints]


def short_file(source: Source) -> Complaints:
    """A file over 400 lines holds two ideas."""
    lines = len(source.text.splitlines())
    if lines > FILE_LINES_MAX:
        yield f"1: the file has {lines} lines, at most {FILE_LINES_MAX}: split it by idea"


def short_functions(source: Source) -> Complaints:
    """A function over 70 lines does not fit a screen."""
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{node.lineno}: {node.name} has {lines} lines, at most {FUNCTION_LINES_MAX}"


def pure_calls(source: Source) -> Complaints:
    """The core and insight read no clock, roll no dice, print nothing and know no floats.

    Imports of `time` or `random` are a wall (import-linter); `datetime.now()` is a call imports cannot see.
    """
    if not source.below("core/", "insight/"):
        return
    for node in source.nodes:
        if isinstance(node, ast.Call):
            name = _called(node)
            if name in IMPURE_CALLS and not _is_own_method(node):
                yield f"{node.lineno}: {name}() is banned here: {IMPURE_CALLS[name]}"


def one_clock(source: Source) -> Complaints:
    """Everybody else asks the engine's clock, so that a test can set it."""
    if any(place in str(source.path) for place in CLOCK_PLACES):
        return
    for node in source.nodes:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in CLOCK_CALLS
            and _last_name(node.func.value) in CLOCK_OWNERS
        ):
            yield f"{node.lineno}: {node.func.attr}() is read by engine/clock.py alone: take the time from it"


def one_door(source: Source) -> Complaints:
    """Pages, the API and the command line hold the database to hand it to the engine; they do not write to it.

    Imports cannot see who opens a write transaction, `database.engine(merchants)`; this does.
    """
    if not source.below("web/", "api/", "site/", "cli"):
        return
    for node in source.nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr="engine")):
                yield f"{node.lineno}: only ordna.engine writes: call its function instead"


def no_save_magic(source: Source) -> Complaints:
    """What a row does when saved must be visible where it is saved."""
    for node in source.nodes:
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef) and part.name in {"save", "delete"} and _is_model(node):
                    yield f"{part.lineno}: {part.name} overrides Django's: write a function instead"


def no_signals(source: Source) -> Complaints:
    """A signal is a call that nobody can find."""
    for node in source.nodes:
        match node:
            case ast.ImportFrom(module=str(module)):
                banned = "signals" in module.split(".") or module == "django.dispatch"
            case ast.Attribute(value=owner, attr=name):
                banned = name in SIGNAL_NAMES and _last_name(owner) == "signals"
            case _:
                banned = False
        if banned:
            yield f"{getattr(node, 'lineno', 1)}: Django signals are banned: call the function"


def no_bare_except(source: Source) -> Complaints:
    """A bare except also swallows Ctrl-C and the end of the process."""
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield f"{node.lineno}: name what is caught"


def no_built_sql(source: Source) -> Complaints:
    """SQL put together from pieces is how a stranger's text becomes a statement."""
    for node in source.nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr="execute" | "executemany" | "copy"), args=[statement, *_]):
                if _is_built(statement):
                    yield f"{node.lineno}: SQL is built from pieces: use parameters or psycopg.sql"


def nothing_left_over(source: Source) -> Complaints:
    """What is to be done stands in an issue; what stands in the code is done."""
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT and (found := LEFTOVERS.search(token.string)):
            yield f"{token.start[0]}: {found.group()} in a comment: do it, or open an issue"


EVERYWHERE: tuple[Rule, ...] = (short_file, short_functions, no_bare_except, nothing_left_over)
SOURCE_ONLY: tuple[Rule, ...] = (pure_calls, one_clock, one_door, no_save_magic, no_signals, no_built_sql)


def _called(call: ast.Call) -> str:
    return _last_name(call.func)


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _is_own_method(call: ast.Call) -> bool:
    """`clock.open()` is somebody's method; `datetime.now()` and `date.today()` are the ones meant."""
    if not isinstance(call.func, ast.Attribute):
        return False
    return _last_name(call.func.value) not in CLOCK_OWNERS


def _is_model(node: ast.ClassDef) -> bool:
    return any(_last_name(base).endswith("Model") for base in node.bases)


def _is_built(node: ast.expr) -> bool:
    """An f-string with a value in it, a sum with a value in it, `%` or `.format`."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) and not _is_constant(part.value) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return not (_is_text(node.left) and _is_text(node.right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "encode":
            return _is_built(node.func.value)
        return node.func.attr == "format" and _is_text(node.func.value)
    return False


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_constant(node: ast.expr) -> bool:
    """A name in capitals, of this module or of another."""
    return _last_name(node).isupper()
