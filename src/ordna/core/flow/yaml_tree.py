"""YAML as a tree of texts, lists and mappings that know their line and column.

A flow file needs little of YAML, and what it does not need is refused: anchors, aliases, tags, several
documents, keys that are not text, a key given twice. Every scalar stays the text that was written (NO,
on, 14:00, 007), and its place in the tree says how to read it. The parser's events are read one by one,
so a hostile file is refused at the first thing out of bounds and is never expanded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from ordna.core.conditions import Position
from ordna.core.flow.problems import FlowError, Problem

SIZE_BYTES_MAX = 256 * 1024
DEPTH_MAX = 12
VALUES_MAX = 20_000

_NULL = ("", "~", "null", "Null", "NULL")
_NOT_TEXT = re.compile(
    r"(~|null|Null|NULL|true|True|TRUE|false|False|FALSE|"
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|"
    r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as written. `at` is where its first character stands, past a quote or a block's header."""

    value: str
    line: int
    column: int
    at: Position
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    items: "tuple[Tree, ...]"
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mapping:
    entries: "dict[str, tuple[Text, Tree]]"
    line: int
    column: int


Tree = Text | Items | Mapping


def read_yaml(text: str) -> Tree:
    """The one document of `text`. Raises FlowError with a single Problem."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        _refuse("yaml", "the file is not valid Unicode text", 1, 1)
    if size > SIZE_BYTES_MAX:
        _refuse("too_large", f"a flow file has at most {SIZE_BYTES_MAX // 1024} KB", 1, 1)
    reader = _Reader(text)
    try:
        return reader.document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        reason = str(error.problem or error.context)
        if "<scalar>" in reason:
            reason += "; where a text begins with a quote, put quotes of the other kind around the whole of it"
        _refuse("yaml", f"this is not YAML: {reason}", line, column)
    except YAMLError:
        _refuse("yaml", "the file has a character that YAML does not allow", 1, 1)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.values = 0
        self.events: Iterator[Event] = iter(YAML(typ="safe", pure=True).parse(text))

    def document(self) -> Tree:
        tree: Tree | None = None
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                if tree is not None:
                    _refuse_at(event, "yaml", "a flow file is one document, leave out the second ---")
                tree = self.tree(next(self.events), 0)
        if tree is None:
            _refuse("yaml", "the file is empty", 1, 1)
        return tree

    def tree(self, event: Event, depth: int) -> Tree:
        if depth > DEPTH_MAX:
            _refuse_at(event, "too_deep", f"the file is nested deeper than {DEPTH_MAX} levels")
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            _refuse_at(event, "anchor", "anchors and aliases (& and *) can't be used, write the value out")
        if getattr(event, "tag", None):
            _refuse_at(event, "tag", "tags (!) can't be used, every value is text")
        self.values += 1
        if self.values > VALUES_MAX:
            _refuse_at(event, "too_large", f"a flow file has at most {VALUES_MAX} values")
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, ScalarEvent):
            return self.scalar(event)
        if isinstance(event, SequenceStartEvent):
            return Items(tuple(self.items(depth)), line, column)
        if isinstance(event, MappingStartEvent):
            return Mapping(self.entries(depth), line, column)
        _refuse_at(event, "yaml", "this is not YAML")

    def items(self, depth: int) -> Iterator[Tree]:
        for event in self.events:
            if isinstance(event, SequenceEndEvent):
                return
            yield self.tree(event, depth + 1)

    def entries(self, depth: int) -> dict[str, tuple[Text, Tree]]:
        entries: dict[str, tuple[Text, Tree]] = {}
        for event in self.events:
            if isinstance(event, MappingEndEvent):
                break
            key = self.tree(event, depth + 1)
            plain = isinstance(event, ScalarEvent) and event.style is None
            if not isinstance(key, Text) or (plain and _NOT_TEXT.fullmatch(key.value)):
                _refuse_at(event, "key_not_text", "a key must be text, put it in quotes")
            if key.value in entries:
                first = entries[key.value][0].line
                _refuse_at(event, "duplicate_key", f"{key.value} is already given on line {first}")
            entries[key.value] = (key, self.tree(next(self.events), depth + 1))
        return entries

    def scalar(self, event: ScalarEvent) -> Text:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        raw = self.text[event.start_mark.index : event.end_mark.index]
        at = Position(line, column, column)
        if event.style in ("'", '"') and raw[1:-1] == event.value:
            at = Position(line, column + 1, column + 1)
        elif event.style in ("|", ">"):
            body = next((one for one in raw.split("\n")[1:] if one.strip()), "")
            indent = len(body) - len(body.lstrip(" ")) + 1
            at = Position(line + 1, indent, indent)
        empty = event.style is None and event.value in _NULL
        return Text(event.value, line, column, at, empty)


def _refuse_at(event: Event, code: str, message: str) -> NoReturn:
    _refuse(code, message, event.start_mark.line + 1, event.start_mark.column + 1)


def _refuse(code: str, message: str, line: int, column: int) -> NoReturn:
    raise FlowError([Problem(code, message, line, column, "")])
