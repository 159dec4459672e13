"""The Admin API's GraphQL: the served schema bound to its resolvers, and how one call is answered.

`Endpoint.answer` takes a call as JSON had it and returns the answer as JSON will have it: data, errors in
Shopify's shapes, and the cost extension. It never raises for what the caller sent.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    parse,
)

from ordna.practice import model
from ordna.practice.cost import MAX_QUERY_COST, SECONDS_IN_BUCKET, Bucket, Pricing
from ordna.practice.mutations.edits import EditSession
from ordna.practice.resolvers import (
    bulk_operations,
    business,
    edit_mutations,
    fulfilment,
    fulfilment_mutations,
    order_mutations,
    orders,
    queries,
    webhook_mutations,
)
from ordna.practice.resolvers.base import Call, Of, Table
from ordna.practice.validation import document_errors, variable_errors
from ordna.practice.world import World

Answer = dict[str, Any]
KEPT_DOCUMENTS = 512

_NODE_TYPES: dict[type, str] = {
    model.Order: "Order",
    model.FulfillmentOrder: "FulfillmentOrder",
    model.Fulfillment: "Fulfillment",
    model.Location: "Location",
    model.Customer: "Customer",
    model.Variant: "ProductVariant",
    model.Product: "Product",
    model.Refund: "Refund",
    model.WebhookSubscription: "WebhookSubscription",
    model.Line: "LineItem",
    model.Transaction: "OrderTransaction",
    EditSession: "CalculatedOrder",
}


class Endpoint:
    """The GraphQL endpoint of one world. `counts` tells how often each mutation was served."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.counts: dict[str, int] = {}
        self._buckets: dict[int, Bucket] = {}

    def answer(
        self,
        app: model.App,
        query: str,
        variables: dict[str, Any] | None = None,
        operation_name: str | None = None,
    ) -> Answer:
        """The answer to one call of an app."""
        checked = _checked(query)
        if checked.errors:
            return {"errors": checked.errors}
        operation = checked.operation(operation_name)
        if operation is None:
            return {"errors": [{"message": f'No operation named "{operation_name}"'}]}
        given = dict(variables or {})
        wrong = variable_errors(schema(), operation, given)
        if wrong:
            return {"errors": wrong}
        return self._paid(app, checked, operation, given)

    def bucket(self, app: model.App) -> Bucket:
        """The app's points, as of the world's clock."""
        rate = self.world.shop.restore_rate
        found = self._buckets.get(app.id)
        if found is None or found.restore_rate != rate:
            found = Bucket(rate, float(rate * SECONDS_IN_BUCKET), self.world.now())
            self._buckets[app.id] = found
        found.refill(self.world.now())
        return found

    def _paid(
        self, app: model.App, checked: _Checked, operation: OperationDefinitionNode, variables: dict[str, Any]
    ) -> Answer:
        pricing = Pricing(schema(), checked.fragments, variables)
        requested = pricing.requested(operation)
        bucket = self.bucket(app)
        if requested > MAX_QUERY_COST:
            return _too_expensive(requested, bucket)
        if not bucket.take(requested):
            return _throttled(requested, bucket)
        answer = self._run(app, checked, operation, variables)
        actual = min(requested, pricing.actual(operation, answer.get("data")))
        bucket.give_back(requested - actual)
        cost = {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": bucket.status()}
        answer.setdefault("extensions", {})["cost"] = cost
        return answer

    def _run(
        self, app: model.App, checked: _Checked, operation: OperationDefinitionNode, variables: dict[str, Any]
    ) -> Answer:
        context = Call(self.world, app)
        name = operation.name.value if operation.name else None
        result = execute_sync(
            schema(),
            checked.document,
            context_value=context,
            variable_values=variables,
            operation_name=name,
            middleware=None,
        )
        if operation.operation.value == "mutation":
            for selection in operation.selection_set.selections:
                field = getattr(getattr(selection, "name", None), "value", None)
                if field:
                    self.counts[field] = self.counts.get(field, 0) + 1
        answer: Answer = {"data": result.data}
        if result.errors:
            answer = {"errors": [_shown(error) for error in result.errors], **answer}
        if context.searches:
            answer["extensions"] = {"search": context.searches}
        return answer


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    """The served schema with its resolvers."""
    text = (Path(__file__).parent / "schema.graphql").read_text(encoding="utf-8")
    built = build_schema(text, assume_valid=True)
    for table in (
        queries.table(),
        orders.table(),
        business.table(),
        fulfilment.table(),
        order_mutations.table(),
        edit_mutations.table(),
        fulfilment_mutations.table(),
        webhook_mutations.table(),
        bulk_operations.table(),
    ):
        _bind(built, table)
    for kind in built.type_map.values():
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kind.resolve_type = _type_of
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                field.resolve = field.resolve or _attribute(name)
    return built


class _Checked:
    """A parsed and checked document."""

    def __init__(self, query: str) -> None:
        self.errors: list[dict[str, Any]] = []
        self.document = DocumentNode(definitions=())
        self.fragments: dict[str, FragmentDefinitionNode] = {}
        try:
            self.document = parse(query)
        except GraphQLError as error:
            self.errors = [{**error.formatted, "extensions": {"code": "PARSE_ERROR"}}]
            return
        self.errors = document_errors(schema(), self.document)
        for definition in self.document.definitions:
            if isinstance(definition, FragmentDefinitionNode):
                self.fragments[definition.name.value] = definition

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        found = [one for one in self.document.definitions if isinstance(one, OperationDefinitionNode)]
        if name is not None:
            found = [one for one in found if one.name and one.name.value == name]
        return found[0] if found else None


@lru_cache(maxsize=KEPT_DOCUMENTS)
def _checked(query: str) -> _Checked:
    return _Checked(query)


def _bind(built: GraphQLSchema, table: Table) -> None:
    for type_name, fields in table.items():
        kind = built.get_type(type_name)
        if not isinstance(kind, GraphQLObjectType):
            raise KeyError(f"{type_name} is not served")
        for name, resolver in fields.items():
            if name in kind.fields:
                kind.fields[name].resolve = resolver


def _type_of(value: Any, _info: GraphQLResolveInfo, _kind: Any) -> str | None:
    if isinstance(value, dict):
        return str(value["__typename"])
    return _NODE_TYPES.get(type(value.it if isinstance(value, Of) else value))


def _attribute(name: str) -> Callable[..., Any]:
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)

    def resolve(source: Any, _info: GraphQLResolveInfo, **_args: Any) -> Any:
        if isinstance(source, dict):
            return source.get(name)
        return getattr(source.it if isinstance(source, Of) else source, snake, None)

    return resolve


def _shown(error: GraphQLError) -> dict[str, Any]:
    shown: dict[str, Any] = dict(error.formatted)
    if error.original_error and not isinstance(error.original_error, GraphQLError):
        shown["extensions"] = {"code": "INTERNAL_SERVER_ERROR"}
    return shown


def _throttled(requested: int, bucket: Bucket) -> Answer:
    cost = {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": bucket.status()}
    documentation = "https://shopify.dev/api/usage/rate-limits"
    extensions = {"code": "THROTTLED", "documentation": documentation}
    return {"errors": [{"message": "Throttled", "extensions": extensions}], "extensions": {"cost": cost}}


def _too_expensive(requested: int, bucket: Bucket) -> Answer:
    cost = {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": bucket.status()}
    message = f"Query cost is {requested}, which exceeds the single query max cost limit ({MAX_QUERY_COST})."
    extensions = {"code": "MAX_COST_EXCEEDED", "cost": requested, "maxCost": MAX_QUERY_COST}
    documentation = "https://shopify.dev/api/usage/rate-limits"
    return {
        "errors": [{"message": message, "extensions": {**extensions, "documentation": documentation}}],
        "extensions": {"cost": cost},
    }
