"""The served schema is a subset of Shopify's: every type, field, argument, default, nullability and enum value."""

from __future__ import annotations

import re
from pathlib import Path

from graphql import GraphQLInterfaceType, GraphQLObjectType, build_schema, parse, validate_schema

from ordna.practice import schema_cut
from ordna.practice.graphql import schema
from ordna.practice.validation import document_errors

from .admin_api import SAMPLES

FOLDER = Path(schema_cut.__file__).parent
INTROSPECTION = SAMPLES / "schema" / "admin_2026-10.json.gz"
SDL = (FOLDER / "schema.graphql").read_text(encoding="utf-8")


def strays(sdl: str) -> list[str]:
    """The types of an SDL text whose lines are not those that were cut out of the real schema."""
    digests = dict(line.split() for line in (FOLDER / "schema_digests.txt").read_text().splitlines())
    blocks = {
        block.split()[1]: block.strip() for block in sdl.split("\n\n") if not block.startswith(("#", "schema", "dir"))
    }
    found = [name for name, block in blocks.items() if schema_cut.digest(block) != digests.get(name)]
    return sorted({*found, *(set(digests) ^ set(blocks))})


def test_every_served_type_is_as_it_was_cut_out_of_the_real_schema() -> None:
    assert strays(SDL) == []


def test_a_changed_nullability_argument_or_enum_value_is_found() -> None:
    assert strays(
        SDL.replace(
            "displayFulfillmentStatus: OrderDisplayFulfillmentStatus!",
            "displayFulfillmentStatus: OrderDisplayFulfillmentStatus",
        )
    ) == ["Order"]
    assert strays(SDL.replace("  ON_HOLD\n", "  HELD\n", 1)) != []
    assert strays(SDL.replace("fulfillmentOrderCancel(id: ID!)", "fulfillmentOrderCancel(id: ID)")) == ["Mutation"]


def test_the_real_schema_where_it_lies_beside_the_project_still_holds_everything_served() -> None:
    if INTROSPECTION.exists():
        types = schema_cut.cut(schema_cut.load(INTROSPECTION), schema_cut.served())
        assert schema_cut.sdl(types) == SDL
        assert schema_cut.digests(types) == (FOLDER / "schema_digests.txt").read_text(encoding="utf-8")


def test_the_schema_is_valid_and_every_resolver_belongs_to_a_field() -> None:
    assert validate_schema(build_schema(SDL)) == []
    bound = [kind for kind in schema().type_map.values() if isinstance(kind, GraphQLObjectType)]
    assert all(field.resolve for kind in bound if not kind.name.startswith("__") for field in kind.fields.values())
    interfaces = [kind for kind in schema().type_map.values() if isinstance(kind, GraphQLInterfaceType)]
    assert all(kind.resolve_type for kind in interfaces)


def test_every_document_of_the_shopify_connector_is_one_that_the_practice_shop_serves() -> None:
    documents = list((FOLDER.parent / "connectors" / "shopify" / "documents").glob("*.graphql"))
    assert documents
    for document in documents:
        assert document_errors(schema(), parse(document.read_text(encoding="utf-8"))) == [], document.name


def test_a_user_error_has_a_code_only_where_shopify_has_one() -> None:
    block = re.search(r"type UserError implements[^{]*\{(.*?)\}", SDL, re.S)
    assert block and "code" not in block[1]
