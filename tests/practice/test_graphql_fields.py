"""Every field that the practice shop serves has an answer of the promised type, on orders that have lived."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import execute_sync, get_named_type, is_interface_type, is_leaf_type, is_union_type, parse

from ordna.practice.graphql import schema
from ordna.practice.model import gid
from ordna.practice.resolvers.base import Call

from .shop_world import lived

DEPTH = 3
WORLD = lived(seed=3, days=6, orders_per_day=25)[0]
ROOTS = {
    "Order": lambda: [gid("Order", one) for one in WORLD.orders],
    "FulfillmentOrder": lambda: [gid("FulfillmentOrder", one) for one in WORLD.fulfillment_orders],
    "Fulfillment": lambda: [gid("Fulfillment", one) for one in WORLD.fulfillments],
    "Refund": lambda: [gid("Refund", one) for one in WORLD.refunds],
    "Location": lambda: [gid("Location", one) for one in WORLD.locations],
    "Customer": lambda: [gid("Customer", one) for one in WORLD.customers],
    "ProductVariant": lambda: [gid("ProductVariant", one) for one in WORLD.variants],
}


@pytest.mark.parametrize("kind", ROOTS)
def test_every_field_answers_with_what_its_type_promises(kind: str) -> None:
    ids = ROOTS[kind]()[:40]
    assert ids
    query = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {kind} {_all(kind, DEPTH)} }} }}"
    result = execute_sync(
        schema(), parse(query), context_value=Call(WORLD, WORLD.apps[0]), variable_values={"ids": ids}
    )
    told = {error.message for error in result.errors or ()}
    assert {message for message in told if not message.startswith("Access denied for heldByApp")} == set()
    assert result.data and all(node is not None for node in result.data["nodes"])


def test_every_field_of_the_shop_answers() -> None:
    query = f"{{ shop {_all('Shop', 3)} currentAppInstallation {_all('AppInstallation', 3)} }}"
    result = execute_sync(schema(), parse(query), context_value=Call(WORLD, WORLD.apps[0]))
    assert result.errors is None


def _all(kind_name: str, depth: int) -> str:
    """A selection of every field of a type, `depth` levels down."""
    parts = ["__typename"]
    kind: Any = schema().get_type(kind_name)
    if is_union_type(kind) or is_interface_type(kind):
        members = schema().get_possible_types(kind) if depth > 1 else []
        parts += [f"... on {one.name} {_all(one.name, depth - 1)}" for one in members]
    else:
        parts += [_field(name, field, depth) for name, field in kind.fields.items() if name != "metafield"]
    return "{ " + " ".join(part for part in parts if part) + " }"


def _field(name: str, field: Any, depth: int) -> str:
    arguments = "(first: 3)" if "first" in field.args else ""
    inner = get_named_type(field.type)
    if is_leaf_type(inner):
        return name
    wrapper = inner.name.endswith(("Connection", "Edge"))
    if depth <= 1 and not wrapper:
        return ""
    alias = f"{name}_{inner.name}_{depth}: "
    return f"{alias}{name}{arguments} {_all(inner.name, depth if wrapper else depth - 1)}"
