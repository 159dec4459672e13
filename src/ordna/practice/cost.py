"""What a call costs in points, and the bucket they are paid from.

Fitted to recorded calls: a scalar costs 0, an object 1, a list what one of its items costs. A connection costs 2
for itself and, for its items, their cost times `2 ln n` (rounded down, at least 1), where n is `first` or `last`.
Money, page information and user errors are free, a root count costs 10, and so does a mutation (20 where money
moves outside), in which the objects of the payload itself are free. The bucket holds 20 seconds of the plan's restore
rate; a call takes what it asks for and gets back what it did not use.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

MAX_QUERY_COST = 1000
MUTATION_COST = 10
PAYMENT_MUTATIONS = {"orderCapture", "refundCreate"}  # those that move money outside cost twice as much
ROOT_COUNT_COST = 10
SECONDS_IN_BUCKET = 20
FREE_TYPES = {"MoneyBag", "MoneyV2", "PageInfo", "ShopAddress", "UserError", "Weight"}


@dataclass(slots=True)
class Bucket:
    """The points an app has left in a shop; `available` is as of `at`."""

    restore_rate: int
    available: float
    at: datetime

    @property
    def maximum(self) -> int:
        return self.restore_rate * SECONDS_IN_BUCKET

    def refill(self, now: datetime) -> None:
        seconds = max(0.0, (now - self.at).total_seconds())
        self.available = min(float(self.maximum), self.available + seconds * self.restore_rate)
        self.at = max(self.at, now)

    def take(self, points: float) -> bool:
        """Take points if there are enough; False takes nothing."""
        if points > self.available:
            return False
        self.available -= points
        return True

    def give_back(self, points: float) -> None:
        self.available = min(float(self.maximum), self.available + points)

    def status(self) -> dict[str, Any]:
        return {
            "maximumAvailable": float(self.maximum),
            "currentlyAvailable": int(self.available),
            "restoreRate": float(self.restore_rate),
        }


@dataclass(frozen=True, slots=True)
class Pricing:
    """What is needed to price an operation: the schema, its fragments and the variables of the call."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    variables: dict[str, Any]

    def requested(self, operation: OperationDefinitionNode) -> int:
        """What the operation may cost at most, before it is run."""
        return self._operation(operation, None)

    def actual(self, operation: OperationDefinitionNode, data: dict[str, Any] | None) -> int:
        """What it did cost, by the data it returned."""
        return self._operation(operation, data or {})

    def _operation(self, operation: OperationDefinitionNode, data: dict[str, Any] | None) -> int:
        if operation.operation is OperationType.MUTATION:
            root = self.schema.mutation_type
            return sum(self._mutation(root, field, data) for field in self._fields(operation.selection_set))
        root = self.schema.query_type
        return sum(self._root(root, field, data) for field in self._fields(operation.selection_set))

    def _mutation(self, root: Any, field: FieldNode, data: dict[str, Any] | None) -> int:
        definition = root.fields.get(field.name.value)
        if definition is None or field.selection_set is None:
            return MUTATION_COST
        kind = get_named_type(definition.type)
        found = None if data is None else data.get(_key(field)) or {}
        inner = 0
        for one in self._fields(field.selection_set):
            given = None if found is None else found.get(_key(one))
            if one.selection_set and (found is None or given):
                payload = get_named_type(kind.fields[one.name.value].type)
                if "Error" not in payload.name:
                    item = given[0] if isinstance(given, list) else given
                    inner += self._selection(payload, one.selection_set, item)
        base = MUTATION_COST * 2 if field.name.value in PAYMENT_MUTATIONS else MUTATION_COST
        return base + inner

    def _root(self, root: Any, field: FieldNode, data: dict[str, Any] | None) -> int:
        if field.name.value.endswith("Count"):
            return ROOT_COUNT_COST
        return self._field(root, field, None if data is None else data)

    def _field(self, parent: GraphQLNamedType, field: FieldNode, data: dict[str, Any] | None) -> int:
        definition = getattr(parent, "fields", {}).get(field.name.value)
        if definition is None or field.selection_set is None:
            return 0
        kind = get_named_type(definition.type)
        if is_leaf_type(kind) or kind.name in FREE_TYPES or "UserError" in kind.name:
            return 0
        given = None if data is None else data.get(_key(field))
        if kind.name.endswith("Connection"):
            return self._connection(kind, field, given, measured=data is not None)
        if data is not None and given is None:
            return 0
        item = given[0] if isinstance(given, list) and given else given
        if isinstance(item, list):
            return 1
        return 1 + self._selection(kind, field.selection_set, item)

    def _connection(self, kind: Any, field: FieldNode, given: Any, *, measured: bool) -> int:
        size, item_cost = self._size(field), 0
        for one in self._fields(field.selection_set):
            if one.name.value == "nodes" or one.name.value == "edges":
                rows = (given or {}).get(_key(one)) if measured else None
                if measured:
                    size = len(rows or [])
                item_cost = self._item(kind, one, rows)
        if not size:
            return 2
        return 2 + max(1, math.floor(2 * math.log(size))) * item_cost

    def _item(self, kind: Any, field: FieldNode, rows: Any) -> int:
        first = rows[0] if rows else None
        inner = get_named_type(kind.fields[field.name.value].type)
        if field.selection_set is None:
            return 0
        if field.name.value == "nodes":
            return 1 + self._selection(inner, field.selection_set, first)
        cost = 0
        for one in self._fields(field.selection_set):
            if one.name.value == "node" and one.selection_set:
                node = get_named_type(inner.fields["node"].type)
                cost = 1 + self._selection(node, one.selection_set, first and first.get(_key(one)))
        return cost

    def _selection(self, kind: Any, selections: SelectionSetNode, data: Any) -> int:
        cost, most = 0, 0
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                cost += self._field(kind, selection, data)
            else:
                inner, nested = self._fragment(kind, selection)
                found = self._selection(inner, nested, data)
                if is_abstract_type(kind):
                    most = max(most, found)
                else:
                    cost += found
        return cost + most

    def _fragment(self, kind: Any, selection: Any) -> tuple[Any, SelectionSetNode]:
        node = selection
        if isinstance(selection, FragmentSpreadNode):
            node = self.fragments[selection.name.value]
        condition = node.type_condition
        return (self.schema.get_type(condition.name.value) if condition else kind), node.selection_set

    def _fields(self, selections: SelectionSetNode | None) -> list[FieldNode]:
        found: list[FieldNode] = []
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                found.append(selection)
            elif isinstance(selection, InlineFragmentNode):
                found.extend(self._fields(selection.selection_set))
            elif isinstance(selection, FragmentSpreadNode):
                found.extend(self._fields(self.fragments[selection.name.value].selection_set))
        return found

    def _size(self, field: FieldNode) -> int:
        for argument in field.arguments or ():
            if argument.name.value in ("first", "last"):
                if isinstance(argument.value, IntValueNode):
                    return int(argument.value.value)
                if isinstance(argument.value, VariableNode):
                    value = self.variables.get(argument.value.name.value)
                    if isinstance(value, int):
                        return value
        return 0


def _key(field: FieldNode) -> str:
    return field.alias.value if field.alias else field.name.value
