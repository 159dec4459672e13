"""The patient parse: exact where JSON libraries are generous, and still a tree when single values are beyond use.

A value that can't be used becomes a `Bad` with its code: a key written twice, NaN, a number no order has, text that is
not UTF-8, too much of anything. Only a body that is no JSON object at all is `Hopeless`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from msgspec import Struct

from ordna.core.values import Problem

DEPTH_MAX = 64
ITEMS_MAX = 10_000
TEXT_MAX = 1_000_000
_TOO_DEEP = "\x00too deep"
_TOO_DEEP_JSON = b'"\\u0000too deep"'
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


class Bad(Struct, frozen=True):
    """A value nobody can use, and why."""

    code: str
    sentence: str


class NumberText(str):
    """A fractional number exactly as it was written: "19.999"."""

    __slots__ = ()


class Hopeless(ValueError):
    """The body is no JSON object; `problem` says in which way."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = Problem(code, "", sentence)


def parse(raw: bytes) -> tuple[dict[str, Any], list[Problem]]:
    """The root object with `Bad` where something can't be used, and a problem for each. `Hopeless` if there is none."""
    problems: list[Problem] = []
    if not raw.strip():
        raise Hopeless("empty_body", "The body is empty.")
    raw = _prune(raw)
    try:
        text = raw.decode("utf-8", "surrogateescape")
        tree = json.loads(
            text, object_pairs_hook=_pairs, parse_int=_whole, parse_float=_fraction, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        offset = len(text[: error.pos].encode("utf-8", "surrogateescape"))
        raise Hopeless("bad_json", f"The body stops being JSON at byte {offset}: {error.msg}.") from None
    if isinstance(tree, Bad):
        raise Hopeless(tree.code, tree.sentence)
    if not isinstance(tree, dict):
        raise Hopeless("not_an_object", f"The body is {_named(tree)} where an object was due.")
    _mark(tree, problems)
    return tree, problems


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Bad:
    if len(pairs) > ITEMS_MAX:
        return Bad("too_many_items", f"An object with {len(pairs)} fields; {ITEMS_MAX} is the most we read.")
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                found[key] = Bad(
                    "duplicate_key",
                    f"“{key[:40]}” stands here twice, and nobody can tell which one is meant.",
                )
            seen.add(key)
    return found


def _whole(text: str) -> int | Bad:
    if len(text) > 20 or abs(int(text)) >= 2**63:
        return Bad("out_of_range", f"A number of {len(text)} digits is larger than any we can use.")
    return int(text)


def _fraction(text: str) -> NumberText | Bad:
    if len(text) > 400 or float(text) in (float("inf"), float("-inf")):
        return Bad("out_of_range", f"{text[:20]} is larger than any number we can use.")
    return NumberText(text)


def _constant(name: str) -> Bad:
    return Bad("not_a_number", f"{name} is not a number JSON knows.")


def _mark(tree: dict[str, Any], problems: list[Problem]) -> None:
    """Replace what we can't use by `Bad`, write clean text back, note a problem for every `Bad`. No recursion."""
    open_ends: list[tuple[Any, str]] = [(tree, "")]
    while open_ends:
        node, path = open_ends.pop()
        pairs = list(node.items()) if isinstance(node, dict) else list(enumerate(node))
        for key, value in pairs:
            if isinstance(value, str) and type(value) is str:
                value = node[key] = _text(value)
            elif isinstance(value, list) and len(value) > ITEMS_MAX:
                value = node[key] = _too_many(str(key), len(value))
            if isinstance(value, Bad):
                problems.append(Problem(value.code, _step(path, key), value.sentence))
            elif isinstance(value, (dict, list)):
                open_ends.append((value, _step(path, key)))


def _step(path: str, key: str | int) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key[:60]}" if path else key[:60]


def _text(value: str) -> str | Bad:
    if len(value) > TEXT_MAX:
        return Bad("field_too_long", f"A text of {len(value)} characters; {TEXT_MAX} is the most we read.")
    if value == _TOO_DEEP:
        return Bad("too_deep", f"What stood here is nested deeper than {DEPTH_MAX} levels.")
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        return Bad("bad_encoding", "The text is not UTF-8.")
    return value.replace("\x00", "\ufffd")


def _too_many(key: str, count: int) -> Bad:
    code = "too_many_lines" if key == "line_items" else "too_many_items"
    return Bad(code, f"A list of {count}; {ITEMS_MAX} is the most we read.")


def _prune(raw: bytes) -> bytes:
    """The same body with whatever lies deeper than the cap replaced by a mark; regular expressions, no recursion."""
    if raw.count(b"[") + raw.count(b"{") <= DEPTH_MAX:
        return raw
    depth, kept, pieces = 0, 0, []
    for token in _TOKENS.finditer(raw):
        first = raw[token.start()]
        if first in b"[{":
            depth += 1
            if depth == DEPTH_MAX + 1:
                pieces.append(raw[kept : token.start()] + _TOO_DEEP_JSON)
        elif first in b"]}":
            if depth == DEPTH_MAX + 1:
                kept = token.end()
            depth -= 1
    if depth > DEPTH_MAX:
        raise Hopeless("bad_json", f"The body stops being JSON at byte {len(raw)}: it ends inside {depth} brackets.")
    return b"".join(pieces) + raw[kept:]


def _named(tree: object) -> str:
    kinds = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(tree), "a number")
