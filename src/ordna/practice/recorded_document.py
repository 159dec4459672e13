"""A document for a call of which only the variables and the answer were recorded.

The answer's keys say what was selected, the schema says how: arguments are the recorded variables of the same
name, a connection asks for 50. Where the answer has a null or an empty list, nothing of what was selected in it is
known, and the smallest selection stands for it. An answer with names that the schema does not have (aliases)
cannot be rebuilt.
"""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
)

PAGE = 50


class CannotRebuild(Exception):
    """The answer has a key that is no field of the served schema."""


def rebuild_document(schema: GraphQLSchema, variables: dict[str, Any], data: dict[str, Any]) -> str | None:
    """The document, or None when the answer does not tell what it was."""
    query, mutation = schema.query_type, schema.mutation_type
    if not data or query is None or mutation is None:
        return None
    root = mutation if all(name in mutation.fields for name in data) else query
    writer = _Writer(schema, variables)
    try:
        body = writer.fields(root, data)
    except CannotRebuild:
        return None
    heads = ", ".join(f"${name}: {kind}" for name, kind in sorted(writer.used.items()))
    word = "mutation" if root is mutation else "query"
    return f"{word}{f'({heads})' if heads else ''} {body}"


class _Writer:
    def __init__(self, schema: GraphQLSchema, variables: dict[str, Any]) -> None:
        self.schema = schema
        self.variables = variables
        self.used: dict[str, str] = {}

    def fields(self, kind: Any, value: dict[str, Any]) -> str:
        """The selection of an object, in braces."""
        parts = []
        for name, inner in value.items():
            if name == "__typename":
                parts.append(name)
            elif is_abstract_type(kind) and name not in getattr(kind, "fields", {}):
                parts.append(self._on_member(kind, value, name, inner))
            else:
                parts.append(self.field(kind, name, inner))
        return "{ " + " ".join(parts or ["__typename"]) + " }"

    def field(self, kind: Any, name: str, value: Any) -> str:
        definition = getattr(kind, "fields", {}).get(name)
        if definition is None:
            raise CannotRebuild(f"{kind}.{name}")
        arguments = self._arguments(definition.args)
        inner = get_named_type(definition.type)
        if is_leaf_type(inner):
            return f"{name}{arguments}"
        return f"{name}{arguments} {self._selection(inner, value)}"

    def _selection(self, kind: Any, value: Any) -> str:
        if isinstance(value, list):
            merged: dict[str, Any] = {}
            for one in value:
                if isinstance(one, dict):
                    merged = {**one, **{key: part for key, part in merged.items() if part not in (None, [])}}
            value = merged
        if isinstance(value, dict) and value:
            return self.fields(kind, value)
        known = getattr(kind, "fields", {})
        if "message" in known:
            return "{ field message }"
        return "{ __typename }"

    def _on_member(self, kind: Any, value: dict[str, Any], name: str, inner: Any) -> str:
        named = value.get("__typename")
        for member in self.schema.get_possible_types(kind):
            if name in member.fields and named in (None, member.name):
                return f"... on {member.name} {{ {self.field(member, name, inner)} }}"
        raise CannotRebuild(f"{kind}.{name}")

    def _arguments(self, known: dict[str, Any]) -> str:
        given = []
        for name, argument in known.items():
            if name in self.variables:
                self.used[name] = str(argument.type)
                given.append(f"{name}: ${name}")
            elif name == "first":
                given.append(f"first: {PAGE}")
            elif is_required_argument(argument):
                raise CannotRebuild(name)
        return f"({', '.join(given)})" if given else ""
