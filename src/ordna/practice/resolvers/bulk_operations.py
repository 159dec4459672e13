"""The fields and mutations of bulk operations."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLResolveInfo, parse

from ordna.practice import bulk
from ordna.practice.bulk import BulkOperation
from ordna.practice.mutations.refusal import refuse
from ordna.practice.resolvers.base import Call, Table, at, call, id_of, number, payload, world

Info = GraphQLResolveInfo


def table() -> Table:
    """The resolvers of this file."""
    return {
        "QueryRoot": {
            "bulkOperation": lambda _root, info, id: found(info, number(id, "BulkOperation")),
            "currentBulkOperation": _current,
        },
        "Mutation": {"bulkOperationRunQuery": _run, "bulkOperationCancel": _cancel},
        "BulkOperation": {
            "id": id_of("BulkOperation"),
            "createdAt": at("created_at"),
            "completedAt": at("completed_at"),
            "fileSize": lambda one, _info: str(sum(len(line) + 1 for line in one.lines)) if one.completed_at else None,
            "objectCount": lambda one, _info: str(one.object_count),
            "rootObjectCount": lambda one, _info: str(one.root_object_count),
            "url": _url,
            "partialDataUrl": lambda _one, _info: None,
        },
    }


def found(info: Info, key: int) -> BulkOperation | None:
    """An operation of the app that asks."""
    one: BulkOperation | None = world(info).bulk_operations.get(key)
    return one if one is not None and one.app_id == call(info).app.id else None


def _current(_root: Any, info: Info, type: str = "QUERY") -> BulkOperation | None:
    mine = [one for one in world(info).bulk_operations.values() if one.app_id == call(info).app.id and one.type == type]
    return mine[-1] if mine else None


def _run(_root: Any, info: Info, query: str, groupObjects: bool = False) -> dict[str, Any]:  # noqa: N803
    def work() -> dict[str, Any]:
        for sentence in bulk.objections(info.schema, query):
            raise refuse(sentence, "query", code="INVALID")
        shop, app = world(info), call(info).app
        running = [one for one in shop.bulk_operations.values() if one.status in ("CREATED", "RUNNING")]
        if sum(one.app_id == app.id for one in running) >= bulk.RUNNING_MAX:
            raise refuse("Bulk operations limit reached. Please try again later.", code="LIMIT_REACHED")
        made = BulkOperation(shop.next_id("BulkOperation"), app.id, query, shop.now())
        shop.bulk_operations[made.id] = made
        shop.later(bulk.BEAT, lambda: _go_on(info.schema, Call(shop, app), made, 0))
        return {"bulkOperation": made}

    return payload(work, bulkOperation=None)


def _go_on(schema: Any, context: Call, operation: BulkOperation, after: int) -> None:
    """One beat of a running operation."""
    shop = context.world
    if operation.status not in ("CREATED", "RUNNING"):
        return
    operation.status = "RUNNING"
    last = bulk.gather(operation, schema, parse(operation.query), Call(shop, context.app), after)
    if last is not None:
        shop.later(bulk.BEAT, lambda: _go_on(schema, context, operation, last))
        return
    if operation.status == "RUNNING":
        operation.status, operation.completed_at = "COMPLETED", shop.now()


def _cancel(_root: Any, info: Info, id: str) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        one = found(info, number(id, "BulkOperation"))
        if one is None:
            raise refuse("Bulk operation does not exist", "id")
        if one.status not in ("CREATED", "RUNNING"):
            raise refuse("A bulk operation cannot be canceled when it is completed", "id")
        one.status = "CANCELED"
        return {"bulkOperation": one}

    return payload(work, bulkOperation=None)


def _url(one: BulkOperation, info: Info) -> str | None:
    shop = world(info)
    if one.completed_at is None or not one.lines or shop.now() - one.completed_at > bulk.LIVES:
        return None
    return f"{shop.base_url}/_bulk/{one.token}.jsonl"
