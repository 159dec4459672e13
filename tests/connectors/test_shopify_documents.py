"""Every GraphQL document we send is valid on the Admin API 2026-10, and none releases blindly."""

from __future__ import annotations

import gzip
import json
import os
from functools import lru_cache
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_client_schema, build_schema, parse, validate

from ordna.connectors.shopify.client import API_VERSION
from ordna.connectors.shopify.documents import is_mutation, names, text_of
from ordna.connectors.shopify.gids import topic_enum
from ordna.connectors.shopify.topics import subscribed_topics
from tests.connectors.schema_extract import extract

HERE = Path(__file__).parent
EXTRACT = HERE / f"admin_{API_VERSION}_extract.graphql"
SAMPLES = Path(os.environ.get("ORDNA_SHOPIFY_SAMPLES", HERE.parents[2] / "shared" / "shopify"))
REAL = SAMPLES / "schema" / f"admin_{API_VERSION}.json.gz"


@lru_cache(maxsize=1)
def committed() -> GraphQLSchema:
    return build_schema(EXTRACT.read_text("utf-8"))


@lru_cache(maxsize=1)
def real() -> GraphQLSchema | None:
    """Shopify's own introspection, where it lies beside the project."""
    if not REAL.exists():
        return None
    return build_client_schema(json.loads(gzip.decompress(REAL.read_bytes()))["data"])


@pytest.mark.parametrize("name", names())
def test_a_document_is_valid_on_the_api(name: str) -> None:
    for schema in (committed(), real()):
        if schema is not None:
            assert [error.message for error in validate(schema, parse(text_of(name)))] == []


def test_the_committed_extract_is_cut_from_the_real_schema() -> None:
    schema = real()
    text = extract(schema or committed(), map(text_of, names()))
    if os.environ.get("ORDNA_REWRITE_EXTRACT"):
        EXTRACT.write_text(text, "utf-8")
    assert text == EXTRACT.read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("read_orders", "currentQuantity", "currentQuantityy"),
        ("hold", "$hold: FulfillmentOrderHoldInput!", "$hold: String!"),
        ("fulfill", "userErrors { field message }", "userErrors { code field message }"),
        ("cancel", "reason: $reason,", ""),
        ("write_note", "note: $note", "notes: $note"),
    ],
)
def test_the_extract_bites(name: str, old: str, new: str) -> None:
    text = text_of(name)
    assert old in text
    assert validate(committed(), parse(text.replace(old, new)))


def test_every_topic_we_subscribe_to_exists() -> None:
    known = committed().type_map["WebhookSubscriptionTopic"].values  # type: ignore[attr-defined]
    assert {topic_enum(topic) for topic in subscribed_topics()} <= set(known)


def test_a_release_always_names_the_holds() -> None:
    assert "$holds: [ID!]!" in text_of("release")
    assert "holdIds: $holds" in text_of("release")


def test_documents_are_sent_on_one_line_without_comments() -> None:
    for name in names():
        assert "\n" not in text_of(name)
        assert "#" not in text_of(name)
        assert is_mutation(name) == text_of(name).startswith("mutation ")


def test_every_nested_connection_says_whether_there_is_more() -> None:
    text = text_of("read_orders")
    assert text.count("(first: ") - text.count("(first: 100)") == text.count("hasNextPage")
