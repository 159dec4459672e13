"""Cuts the served schema out of Shopify's real one, so that it is a subset by construction.

    python -m ordna.practice.schema_cut admin_2026-10.json.gz

reads an introspection of the Admin API and `schema_served.txt` (which types and fields the practice shop
serves), and writes `schema.graphql` and `schema_digests.txt`. Input objects, enums and scalars that are reached
come along whole; a field keeps all its arguments, its type and its defaults. Descriptions are left out.

A digest is taken over the canonical lines of one type. So a later change by hand of a field's type, an argument
or an enum value is found by the tests even where the introspection is not at hand.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}


def main(introspection: str) -> None:
    """Write the served schema and its digests from the introspection file (gzip JSON)."""
    types = cut(load(introspection), served())
    (HERE / "schema.graphql").write_text(sdl(types), encoding="utf-8")
    (HERE / "schema_digests.txt").write_text(digests(types), encoding="utf-8")


def load(introspection: str | Path) -> dict[str, dict[str, Any]]:
    """The types of an introspection file by name, as the introspection has them."""
    with gzip.open(introspection) as file:
        found = json.load(file)
    return {one["name"]: one for one in found["data"]["__schema"]["types"]}


def served() -> dict[str, list[str]]:
    """Type name -> served field names, from `schema_served.txt`. A type without fields is an interface or union."""
    lists: dict[str, list[str]] = {}
    for line in (HERE / "schema_served.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, fields = line.partition(":")
            lists.setdefault(name.strip(), []).extend(fields.split())
    return lists


def cut(real: dict[str, dict[str, Any]], lists: dict[str, list[str]]) -> dict[str, dict[str, Any]]:
    """The served types in canonical form: kind, interfaces, fields, values and members as sorted lines."""
    result: dict[str, dict[str, Any]] = {}
    waiting = sorted(lists)
    while waiting:
        name = waiting.pop()
        if name in result or name in BUILT_IN:
            continue
        result[name], reached = _one(real[name], lists)
        waiting.extend(reached)
    return result


def sdl(types: dict[str, dict[str, Any]]) -> str:
    """The types as schema definition language, in a fixed order."""
    head = [
        "# Cut out of Shopify's Admin API by schema_cut.py; do not edit, change schema_served.txt.",
        "schema {\n  query: QueryRoot\n  mutation: Mutation\n}",
        "directive @idempotent(key: String!) on FIELD",
        "directive @oneOf on INPUT_OBJECT",
    ]
    return "\n\n".join(head + [_print(name, types[name]) for name in sorted(types)]) + "\n"


def digests(types: dict[str, dict[str, Any]]) -> str:
    """One line a type: its name and the digest of its canonical lines."""
    return "".join(f"{name} {digest(_print(name, types[name]))}\n" for name in sorted(types))


def digest(block: str) -> str:
    """The first 16 hex digits of the SHA-256 of one printed type."""
    return hashlib.sha256(block.encode()).hexdigest()[:16]


def _one(real: dict[str, Any], lists: dict[str, list[str]]) -> tuple[dict[str, Any], set[str]]:
    kind, name = real["kind"], real["name"]
    reached: set[str] = set()
    lines: list[str] = []
    if kind == "ENUM":
        lines = [value["name"] for value in real["enumValues"]]
    elif kind == "INPUT_OBJECT":
        for field in real["inputFields"]:
            lines.append(_argument(field))
            reached.add(_named(field["type"]))
    elif kind in ("OBJECT", "INTERFACE"):
        if name not in lists:
            raise KeyError(f"{name} is reached, but schema_served.txt does not list it")
        wanted = set(lists[name])
        for field in real["fields"]:
            if field["name"] in wanted:
                wanted.remove(field["name"])
                lines.append(_field(field))
                reached.update(_named(argument["type"]) for argument in field["args"])
                reached.add(_named(field["type"]))
        if wanted:
            raise KeyError(f"{name} has no {', '.join(sorted(wanted))}")
    elif kind == "UNION":
        lines = sorted(one["name"] for one in real["possibleTypes"] if one["name"] in lists)
    interfaces = sorted(one["name"] for one in real.get("interfaces") or [] if one["name"] in lists)
    one_of = bool(real.get("isOneOf"))
    lines = lines if kind == "ENUM" else sorted(lines)
    return {"kind": kind, "lines": lines, "interfaces": interfaces, "one_of": one_of}, reached


def _field(field: dict[str, Any]) -> str:
    arguments = ", ".join(_argument(argument) for argument in sorted(field["args"], key=lambda one: str(one["name"])))
    return f"{field['name']}{f'({arguments})' if arguments else ''}: {_written(field['type'])}"


def _argument(argument: dict[str, Any]) -> str:
    default = argument.get("defaultValue")
    return f"{argument['name']}: {_written(argument['type'])}" + (f" = {default}" if default is not None else "")


def _written(reference: dict[str, Any]) -> str:
    if reference["kind"] == "NON_NULL":
        return _written(reference["ofType"]) + "!"
    if reference["kind"] == "LIST":
        return f"[{_written(reference['ofType'])}]"
    return str(reference["name"])


def _named(reference: dict[str, Any]) -> str:
    while reference.get("ofType"):
        reference = reference["ofType"]
    return str(reference["name"])


def _print(name: str, one: dict[str, Any]) -> str:
    body = "".join(f"\n  {line}" for line in one["lines"])
    implements = f" implements {' & '.join(one['interfaces'])}" if one["interfaces"] else ""
    match one["kind"]:
        case "SCALAR":
            return f"scalar {name}"
        case "ENUM":
            return f"enum {name} {{{body}\n}}"
        case "INPUT_OBJECT":
            return f"input {name}{' @oneOf' if one['one_of'] else ''} {{{body}\n}}"
        case "UNION":
            return f"union {name} = {' | '.join(one['lines'])}"
        case "INTERFACE":
            return f"interface {name}{implements} {{{body}\n}}"
        case _:
            return f"type {name}{implements} {{{body}\n}}"


if __name__ == "__main__":
    main(sys.argv[1])
