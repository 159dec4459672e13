"""Shopify's search syntax, as the `query` argument of lists takes it.

    status:open tag:'wholesale' updated_at:>=2026-11-01T00:00:00Z -financial_status:paid (name:#1001 OR #1002)

Terms stand side by side for "and"; `OR`, `AND`, `NOT`, a minus sign and brackets mean what they say. A value may
be quoted, compared (`> >= < <=`), a list (`a,b`) or end in `*`. A term of a field the list does not know changes
nothing, and is reported, as in the real shop.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Read = Callable[[Any], Any]
Test = Callable[[Any], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<op>AND\b|OR\b|NOT\b)|(?P<minus>-(?=\S))|
    (?:(?P<name>[A-Za-z_][\w.]*):(?P<cmp>>=|<=|>|<)?)?
    (?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>[^\s()]+)))""",
    re.X,
)


@dataclass(frozen=True, slots=True)
class Fields:
    """What a list can be searched by: `read[name]` gives a record's value or values of a field, `tests[name]`
    decides a field with words of its own, `text` gives the values that a bare word is looked for in."""

    read: dict[str, Read]
    text: Read
    tests: dict[str, Callable[[Any, str], bool]] = field(default_factory=dict)


def compile_search(query: str | None, fields: Fields) -> tuple[Test, list[str]]:
    """A test for records, and the names of unknown fields in the query."""
    if not query or not query.strip():
        return (lambda _record: True), []
    parser = _Parser(query, fields)
    return parser.either(), parser.unknown


class _Parser:
    def __init__(self, query: str, fields: Fields) -> None:
        self.tokens = [match for match in _TOKEN.finditer(query) if match.group().strip()]
        self.at = 0
        self.fields = fields
        self.unknown: list[str] = []

    def either(self) -> Test:
        tests = [self.every()]
        while self._take("op", "OR"):
            tests.append(self.every())
        return tests[0] if len(tests) == 1 else lambda record: any(test(record) for test in tests)

    def every(self) -> Test:
        tests: list[Test] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token["close"] or token["op"] == "OR":
                break
            if self._take("op", "AND"):
                continue
            tests.append(self.one())
        return lambda record: all(test(record) for test in tests)

    def one(self) -> Test:
        if self._take("op", "NOT") or self._take("minus", "-"):
            test = self.one()
            return lambda record: not test(record)
        token = self.tokens[self.at]
        self.at += 1
        if token["open"]:
            test = self.either()
            self._take("close", ")")
            return test
        return self._term(token)

    def _term(self, token: re.Match[str]) -> Test:
        name, comparison = token["name"], token["cmp"]
        value = next((token[kind] for kind in ("double", "single", "bare") if token[kind] is not None), "")
        if name is None:
            needle = value.lower().rstrip("*")
            text = self.fields.text
            return lambda record: any(needle in str(one).lower() for one in text(record) if one)
        if name in self.fields.tests:
            own = self.fields.tests[name]
            choices = [part.strip().lower() for part in value.split(",")]
            return lambda record: any(own(record, choice) for choice in choices)
        if name not in self.fields.read:
            self.unknown.append(name)
            return lambda _record: True
        read = self.fields.read[name]
        return lambda record: _matches(read(record), comparison, value)

    def _take(self, kind: str, text: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at][kind] == text:
            self.at += 1
            return True
        return False


def _matches(found: Any, comparison: str | None, wanted: str) -> bool:
    if isinstance(found, list | tuple | set):
        return any(_matches(one, comparison, wanted) for one in found)
    if found is None:
        return False
    if isinstance(found, datetime):
        return _compare_times(found, comparison, wanted)
    if isinstance(found, bool):
        return found == (wanted.lower() == "true")
    if isinstance(found, int):
        tail = wanted.rsplit("/", 1)[-1]
        return tail.isdigit() and _holds(found, comparison, int(tail))
    if wanted == "*":
        return bool(found != "")
    text, value = str(found).lower(), wanted.lower()
    if value.endswith("*"):
        return text.startswith(value[:-1])
    return text == value or any(text == choice.strip() for choice in value.split(","))


def _compare_times(found: datetime, comparison: str | None, wanted: str) -> bool:
    try:
        moment = datetime.fromisoformat(wanted)
    except ValueError:
        return False
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    second = found.replace(microsecond=0)
    if comparison is None and len(wanted) == len("2026-11-01"):
        return moment <= second < moment + timedelta(days=1)
    return _holds(second, comparison, moment)


def _holds(found: Any, comparison: str | None, wanted: Any) -> bool:
    match comparison:
        case ">=":
            return bool(found >= wanted)
        case "<=":
            return bool(found <= wanted)
        case ">":
            return bool(found > wanted)
        case "<":
            return bool(found < wanted)
        case _:
            return bool(found == wanted)
