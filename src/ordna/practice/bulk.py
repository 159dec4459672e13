"""Bulk operations: a query without variables that the shop runs by itself, and its result as lines of JSON.

Shopify's bounds hold: one list at the root, at most five in all, two deep below the root, none inside a plain list.
Every object of a list becomes a line of its own that names its parent. A running operation gathers some records at each
beat, so that a large shop goes on answering meanwhile. Operations are not kept when the shop is closed.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    get_named_type,
    is_list_type,
    is_non_null_type,
    parse,
)

LISTS_MAX = 5
DEPTH_MAX = 2
RUNNING_MAX = 5
RECORDS_A_BEAT = 40
BEAT = timedelta(seconds=0.5)
LIVES = timedelta(days=7)


@dataclass
class BulkOperation:
    """One operation; `status` in Shopify's words. `token` is the name of its file, which is secret."""

    id: int
    app_id: int
    query: str
    created_at: datetime
    status: str = "CREATED"
    error_code: str | None = None
    completed_at: datetime | None = None
    object_count: int = 0
    root_object_count: int = 0
    lines: list[str] = field(default_factory=list)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    type: str = "QUERY"


@dataclass
class Slice:
    """Which records of the root list one beat gathers: those after the id `after`; `last` is the id it ended at."""

    after: int
    last: int | None = None
    begun: bool = False

    def page(self, items: Any) -> list[Any]:
        """The root's records of this beat; of lists below it, everything."""
        if self.begun:
            return list(items)
        self.begun = True
        rest = sorted((one for one in items if one.id > self.after), key=lambda one: one.id)
        page = rest[:RECORDS_A_BEAT]
        self.last = page[-1].id if page else None
        return page


SLICE: ContextVar[Slice | None] = ContextVar("practice_bulk_slice", default=None)
"""Set while a bulk operation gathers: lists are then not paged."""


def objections(schema: GraphQLSchema, query: str) -> list[str]:
    """What keeps a query from being run in bulk, in words."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return [f"Invalid bulk query: {error.message}"]
    [*operations] = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation is not OperationType.QUERY:
        return ["Invalid bulk query: it must be a single query."]
    fields = [one for one in operations[0].selection_set.selections if isinstance(one, FieldNode)]
    root = schema.query_type
    if len(fields) != 1 or root is None:
        return ["Bulk queries can only have one top level field."]
    found = list(_lists(root, fields[0], 0, in_list=False))
    if not found or found[0][0] != 0:
        return ["Bulk queries must contain at least one connection."]
    said = []
    if len(found) > LISTS_MAX:
        said.append(f"Bulk queries cannot contain more than {LISTS_MAX} connections.")
    if any(depth > DEPTH_MAX for depth, _ in found):
        said.append(f"Bulk queries cannot have connections nested deeper than {DEPTH_MAX} levels.")
    if any(in_list for _, in_list in found):
        said.append("Queries that contain a connection field within a list field are not currently supported.")
    return said


def gather(
    operation: BulkOperation, schema: GraphQLSchema, document: DocumentNode, context: Any, after: int
) -> int | None:
    """Gather the next records, after the id `after`; the last one's id, None when there are no more."""
    part = Slice(after)
    token = SLICE.set(part)
    try:
        result = execute_sync(schema, document, context_value=context)
    finally:
        SLICE.reset(token)
    if result.errors:
        operation.status, operation.error_code = "FAILED", "INTERNAL_SERVER_ERROR"
        return None
    for root in (result.data or {}).values():
        for node in _nodes(root):
            operation.root_object_count += 1
            for line in _flattened(node, None):
                operation.object_count += 1
                operation.lines.append(line)
    return part.last


def _lists(parent: GraphQLNamedType, node: FieldNode, depth: int, in_list: bool) -> Iterator[tuple[int, bool]]:
    """(depth, whether inside a plain list) of every connection at or below a field."""
    definition = getattr(parent, "fields", {}).get(node.name.value)
    if definition is None or node.selection_set is None:
        return
    kind = get_named_type(definition.type)
    bare = definition.type.of_type if is_non_null_type(definition.type) else definition.type
    is_connection = kind.name.endswith("Connection")
    if is_connection:
        yield depth, in_list
    for one in node.selection_set.selections:
        if isinstance(one, FieldNode):
            plain = is_list_type(bare) and not parent.name.endswith("Connection")
            yield from _lists(kind, one, depth + is_connection, in_list or plain)


def _nodes(page: Any) -> list[dict[str, Any]]:
    if not isinstance(page, dict):
        return []
    return page["nodes"] if "nodes" in page else [edge["node"] for edge in page.get("edges") or ()]


def _flattened(node: dict[str, Any], parent: str | None) -> Iterator[str]:
    own, below = {}, []
    for name, value in node.items():
        if isinstance(value, dict) and ("edges" in value or "nodes" in value):
            below += _nodes(value)
        else:
            own[name] = value
    if parent is not None:
        own["__parentId"] = parent
    yield json.dumps(own, ensure_ascii=False, separators=(",", ":"))
    for child in below:
        yield from _flattened(child, node.get("id"))
