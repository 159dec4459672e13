"""JSON that says one thing only: what the usual readers take silently is refused here, each with its own code.

A key twice, NaN, a number beyond any use, nesting without end, a text or a list larger than anything we ask for. A byte
order mark is dropped. What comes out is plain values; shapes are checked by the caller.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any, NoReturn

DEPTH_MAX = 64
DIGITS_MAX = 40
ITEMS_MAX = 10_000
TEXT_MAX = 10_000

_BOM = b"\xef\xbb\xbf"
_NO_BRACKET = bytes(code for code in range(256) if code not in b"[]{}")
_TEXTS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


class NotStrict(Exception):
    """The body says nothing, or more than one thing: a code, the field where it is known, a sentence."""

    def __init__(self, code: str, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.field, self.sentence = code, field, sentence


def read(body: bytes) -> Any:
    """The body's value. `NotStrict`."""
    body = body.removeprefix(_BOM)
    if not body.strip():
        raise NotStrict("empty_body", "", "The body is empty.")
    _refuse_depth(body)
    try:
        value = _decoder.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise NotStrict("bad_encoding", "", f"The body is not UTF-8: see byte {error.start}.") from error
    except json.JSONDecodeError as error:
        raise NotStrict("not_json", "", f"The body is not JSON: see character {error.pos}.") from error
    _refuse_size(value, "")
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counted = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counted.items() if count > 1)
        raise NotStrict("duplicate_key", twice[:80], f"The key “{twice[:80]}” stands twice in one object.")
    return found


def _constant(word: str) -> NoReturn:
    raise NotStrict("not_a_number", "", f"{word} is not a number.")


def _whole(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise NotStrict("out_of_range", "", f"{digits[:20]}… is larger than any number asked for here.")
    return int(digits)


def _fraction(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotStrict("out_of_range", "", f"{text[:40]} is larger than any number asked for here.")
    return number


_decoder = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_whole, parse_float=_fraction, strict=True
)


def _refuse_depth(body: bytes) -> None:
    depth = 0
    for bracket in _TEXTS.sub(b"", body).translate(None, _NO_BRACKET):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH_MAX:
            raise NotStrict("too_deep", "", f"The body nests deeper than {DEPTH_MAX} levels.")


def _refuse_size(value: Any, path: str) -> None:
    """Refuse a container or a text above its limit; depth is limited already."""
    if isinstance(value, str):
        if len(value) > TEXT_MAX:
            raise NotStrict("field_too_long", path, f"A text here has at most {TEXT_MAX} characters.")
        if "\x00" in value:
            raise NotStrict("bad_text", path, "A text here holds no NUL character.")
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            raise NotStrict("bad_encoding", path, "This text holds half a character.")
        return
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, dict | list) and len(value) > ITEMS_MAX:
        raise NotStrict("too_many_items", path, f"A list or an object here has at most {ITEMS_MAX} items.")
    for key, item in inner:
        if isinstance(key, str):
            _refuse_size(key, path)
        _refuse_size(item, f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key[:80]}".lstrip("."))
