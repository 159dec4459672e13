"""Real and recorded Shopify input through the parsers: nothing raises, and what is refused names its field and reason.

Runs over the sample folders where they lie beside the project (or where ORDNA_SHOPIFY_SAMPLES points), and over a
handful of shapes kept here for certain.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ordna.connectors.contract import Concern, Hint, Ignored, ObjectHint, Translation, Unusable
from ordna.connectors.shopify.webhooks import translate
from ordna.core.messages import Snapshot
from tests.connectors.shopify_bodies import RECEIVED_AT, fulfillment, order, refund, tracking_event, transaction, wire

SAMPLES = Path(os.environ.get("ORDNA_SHOPIFY_SAMPLES", Path(__file__).resolve().parents[3] / "shared" / "shopify"))
REST_TOPICS = {
    "order": "orders/updated",
    "refund": "refunds/create",
    "fulfillment": "fulfillments/update",
    "transaction": "order_transactions/create",
}
EXPECTED_DELIVERIES = {"Snapshot": 19, "Hint": 5, "ObjectHint": 22, "Concern": 4, "Ignored": 103, "Unusable": 1}
# Unusable here: what a client would send to make an order, a parcel or a payment; it names none that exists.
EXPECTED_REST = {"Snapshot": 129, "Hint": 1, "Unusable": 67}
EXPECTED_RECORDED = {"Snapshot": 690}
KEPT_HERE = [
    ("orders/updated", order()),
    ("fulfillments/update", fulfillment()),
    ("refunds/create", refund()),
    ("order_transactions/create", transaction()),
    ("fulfillment_events/create", tracking_event()),
]


def webhooks() -> Iterator[tuple[str, str, bytes]]:
    """(where, topic, body) of every stored delivery."""
    for file in sorted(SAMPLES.glob("webhooks/docs_samples_2026-07/*.json")):
        yield file.name, file.stem.replace("__", "/"), file.read_bytes()
    plurals = {f"{name}s": topic for name, topic in REST_TOPICS.items()} | {
        "order_transactions": REST_TOPICS["transaction"]
    }
    for file in sorted(SAMPLES.glob("webhooks/real_shape_anonymised/*.json")):
        resource = file.stem.split("__")[1]
        raw = file.read_bytes()
        topic = "orders/edited" if b'"order_edit"' in raw else plurals.get(resource, f"{resource}/update")
        yield file.name, topic, raw


def rest_objects() -> Iterator[tuple[str, str, bytes]]:
    """(where, topic, body) of every order, refund, fulfillment and transaction in the REST fixtures."""
    for file in sorted(SAMPLES.glob("rest/*/*.json")):
        for name, found in _objects(_json(file)):
            yield file.name, REST_TOPICS[name], wire(found)


def recorded_orders() -> Iterator[tuple[str, str, bytes]]:
    """(where, topic, body) of every order node in the recorded calls, dressed as a read."""
    for file in sorted(SAMPLES.glob("graphql/*/*/*.json")):
        for node in _order_nodes(_json(file)):
            yield file.name, "ordna/read", wire({"began_at": "2026-11-20T09:00:00Z", "order": node})


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except ValueError:
        return None


def _objects(tree: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, list):
        for each in tree:
            yield from _objects(each)
    if not isinstance(tree, dict):
        return
    for key, value in tree.items():
        name = key.removesuffix("s")
        if name in REST_TOPICS:
            yield from ((name, each) for each in (value if isinstance(value, list) else [value]))
        yield from _objects(value)


def _order_nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if str(tree.get("id")).startswith("gid://shopify/Order/") and len(tree) > 1:
            yield tree
        for value in tree.values():
            yield from _order_nodes(value)
    elif isinstance(tree, list):
        for each in tree:
            yield from _order_nodes(each)


def judged(where: str, topic: str, body: bytes) -> str:
    """The kind of meaning; every problem must name a code, a field and a reason."""
    found: Translation = translate(topic, body, RECEIVED_AT, "our-key")
    if isinstance(found, (Snapshot, Unusable)):
        for problem in found.problems:
            assert problem.code, where
            assert problem.path or problem.code in ("empty_body", "bad_json", "not_an_object"), where
            assert problem.sentence.endswith("."), (where, problem)
        assert found.problems or isinstance(found, Snapshot), where
    else:
        assert isinstance(found, (Hint, ObjectHint, Concern, Ignored)), where
    return type(found).__name__


def counted(inputs: Iterator[tuple[str, str, bytes]]) -> Counter[str]:
    return Counter(judged(*each) for each in inputs)


def test_the_shapes_kept_here_are_read_in_full() -> None:
    for topic, body in KEPT_HERE:
        found = translate(topic, wire(body), RECEIVED_AT.replace(day=22))
        assert isinstance(found, Snapshot)
        assert found.problems == ()


def test_stored_deliveries_are_read() -> None:
    found = counted(webhooks())
    if SAMPLES.exists():
        assert found == EXPECTED_DELIVERIES


def test_the_rest_fixtures_are_read() -> None:
    found = counted(rest_objects())
    if SAMPLES.exists():
        assert found == EXPECTED_REST


def test_recorded_orders_are_read() -> None:
    found = counted(recorded_orders())
    if SAMPLES.exists():
        assert found == EXPECTED_RECORDED
