"""Reads the part of JSON Schema that the recorded webhook schemas use: type, properties, items, anyOf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def faults(schema: dict[str, Any], value: Any, path: str = "") -> Iterator[str]:
    """Every place where the value departs from the schema, as `path: what`; list positions are shown as []."""
    if "anyOf" in schema:
        if not any(not list(faults(choice, value, path)) for choice in schema["anyOf"]):
            yield f"{path}: {_name(value)} fits no choice"
        return
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield f"{path}: {_name(value)} is not {' or '.join(kinds)}"
        return
    if isinstance(value, dict):
        known = schema.get("properties", {})
        for key in schema.get("required", []):
            if key not in value:
                yield f"{path}/{key}: missing"
        for key, inner in value.items():
            if key in known:
                yield from faults(known[key], inner, f"{path}/{key}")
            elif known and schema.get("additionalProperties") is not True:
                yield f"{path}/{key}: unknown"
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for inner in value:
            yield from faults(schema["items"], inner, f"{path}[]")


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _KINDS[kind])


def _name(value: Any) -> str:
    return {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}.get(
        type(value), type(value).__name__
    )
