"""Bytes to typed bodies: fast when the bytes are good, field by field when they are not. Never raises on content.

The good path is C speed throughout: one untyped decode, guards that only count bytes, one conversion to the fields we
read. Whatever the good path objects to goes to the patient path, which parses exactly (duplicate keys, numbers out of
range, bytes that are not UTF-8), marks every value it can't read as `Bad`, and mends the tree: the bad value becomes
None, a `Problem` names its code, its path and the reason, and everything else is kept.

The guards, and why they are enough:
* Duplicate keys: the decoder keeps the last one silently, and with the lost one went its colon. So the text encoded
  again has fewer colons. Escaped colons could hide that and take the patient path.
* Nesting: brackets alone, pairs removed innermost first; as many rounds as levels.
* Items and lengths: no more keys and bytes than one container or text may have, otherwise the patient path counts.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from ordna.connectors.shopify.mending import mend
from ordna.connectors.shopify.patient import DEPTH_MAX, ITEMS_MAX, Hopeless, parse
from ordna.core.values import Problem

T = TypeVar("T", bound=msgspec.Struct)

_BOM = b"\xef\xbb\xbf"
_untyped = msgspec.json.Decoder()
_encode = msgspec.json.Encoder().encode
_NOT_SKELETON = bytes(code for code in range(256) if code not in b"[]{}:")
_ONE_KIND = bytes.maketrans(b"{}", b"[]")  # well-formed already: a level is a level
_NOT_COLON = bytes(code for code in range(256) if code != ord(":"))
_FAST_MAX = 500_000  # bytes; longer bodies are rare and are counted exactly


class Decoded(msgspec.Struct, Generic[T]):
    """The body as far as it could be read; None, with the problems that say why, when nothing could."""

    body: T | None
    problems: list[Problem]


def decode(raw: bytes, kind: type[T], inside: str | None = None) -> Decoded[T]:
    """`raw` as a `kind`; with `inside`, the object under that key of the root."""
    if raw.startswith(_BOM):
        raw = raw[3:]
    try:
        tree = _untyped.decode(raw)
        if _is_clean(raw, tree):
            found = tree[inside] if inside is not None else tree
            return Decoded(msgspec.convert(found, kind), [])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, LookupError, TypeError, ValueError):
        pass  # the patient path finds out what was wrong, and where
    return _decode_patiently(raw, kind, inside)


def decode_any(raw: bytes) -> Decoded[Any] | dict[str, Any]:
    """The root object untyped, for the small bodies of hints; `Decoded` without a body when there is none."""
    if raw.startswith(_BOM):
        raw = raw[3:]
    try:
        tree, _ = parse(raw)
    except Hopeless as hopeless:
        return Decoded(None, [hopeless.problem])
    return tree


def _is_clean(raw: bytes, tree: object) -> bool:
    if len(raw) > _FAST_MAX:
        return False
    if b"\\" in raw and b"\\u0" in raw and (b"\\u003a" in raw or b"\\u003A" in raw or b"\\u0000" in raw):
        return False  # one byte is looked for many times as fast as three
    skeleton = raw.translate(_ONE_KIND, _NOT_SKELETON)
    colons = skeleton.count(b":")
    if colons > ITEMS_MAX:
        return False
    again = _encode(tree)
    if again != raw and colons != len(again.translate(None, _NOT_COLON)):
        return False
    return _is_shallow(skeleton.translate(None, b":"))


def _is_shallow(brackets: bytes) -> bool:
    """True when the brackets pair up within the cap; those inside texts only make the patient path look again."""
    for _ in range(DEPTH_MAX):
        if not brackets:
            return True
        shorter = brackets.replace(b"[]", b"")
        if len(shorter) == len(brackets):
            return False
        brackets = shorter
    return not brackets


def _decode_patiently(raw: bytes, kind: type[T], inside: str | None) -> Decoded[T]:
    try:
        tree, problems = parse(raw)
    except Hopeless as hopeless:
        return Decoded(None, [hopeless.problem])
    if inside is None:
        return Decoded(mend(tree, kind, "", problems), problems)
    found = tree.get(inside)
    if not isinstance(found, dict):
        problems.append(Problem("missing_field", inside, f"The body has no object “{inside}”."))
        return Decoded(None, problems)
    return Decoded(mend(found, kind, inside, problems), problems)
