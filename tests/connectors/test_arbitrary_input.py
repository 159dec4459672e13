"""Whatever comes, nothing raises, and the patient path agrees with the fast one wherever both can read."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ordna.connectors.contract import Concern, Hint, Ignored, ObjectHint, Unusable
from ordna.connectors.shopify import bodies, nodes
from ordna.connectors.shopify.decoding import _decode_patiently, decode
from ordna.connectors.shopify.topics import READ_TOPIC, TOPICS
from ordna.connectors.shopify.webhooks import translate
from ordna.core.messages import Snapshot
from tests.connectors import shopify_bodies as rest
from tests.connectors import shopify_nodes as graph
from tests.connectors.shopify_bodies import RECEIVED_AT, wire

MEANINGS = (Snapshot, Hint, ObjectHint, Concern, Ignored, Unusable)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**62, max_value=2**70),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["", " ", "\x00", "-1", "1e999", "NaN", "²", "٣", "2026-13-01", "0000-00-00", "gid://shopify/Order/", "eur"]
    ),
)
ANY_JSON = st.recursive(
    ODD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
GOOD: list[tuple[str, Any]] = [
    ("orders/updated", rest.order(fulfillments=[rest.fulfillment()], refunds=[rest.refund()])),
    ("fulfillments/update", rest.fulfillment()),
    ("refunds/create", rest.refund()),
    ("order_transactions/create", rest.transaction()),
    ("fulfillment_events/create", rest.tracking_event()),
    (
        READ_TOPIC,
        json.loads(
            graph.read_body(
                graph.order(
                    fulfillments=[graph.fulfillment()],
                    refunds=[graph.refund()],
                    transactions=[graph.transaction()],
                    fulfillmentOrders=graph.page(graph.part(fulfillmentHolds=[graph.hold()])),
                    risk={"assessments": [{"riskLevel": "LOW"}]},
                )
            )
        ),
    ),
]
relaxed = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a tree."""
    found: list[tuple[Any, Any]] = []
    for key, value in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        found.append((tree, key))
        if isinstance(value, (dict, list)):
            found += places(value)
    return found


def check(topic: str, raw: bytes) -> None:
    found = translate(topic, raw, RECEIVED_AT, "key")
    assert isinstance(found, MEANINGS)
    if isinstance(found, (Snapshot, Unusable)):
        assert all(problem.code and problem.sentence for problem in found.problems)
    if isinstance(found, Unusable):
        assert found.problems


@relaxed
@given(topic=st.sampled_from([*TOPICS, READ_TOPIC, "products/update", "x"]), body=ANY_JSON)
@example(topic="orders/updated", body={"id": 1, "line_items": {}})
def test_any_json_means_something(topic: str, body: Any) -> None:
    check(topic, json.dumps(body).encode())


@relaxed
@given(topic=st.sampled_from([*TOPICS, READ_TOPIC]), raw=st.binary(max_size=200))
def test_any_bytes_mean_something(topic: str, raw: bytes) -> None:
    check(topic, raw)


@pytest.mark.parametrize(("topic", "good"), GOOD, ids=[topic for topic, _ in GOOD])
@relaxed
@given(data=st.data())
def test_a_good_body_with_anything_changed_means_something(topic: str, good: Any, data: st.DataObject) -> None:
    body = copy.deepcopy(good)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places(body)))
        container[key] = data.draw(ANY_JSON)
    check(topic, json.dumps(body).encode())


@pytest.mark.parametrize(("topic", "good"), GOOD, ids=[topic for topic, _ in GOOD])
@relaxed
@given(at=st.integers(min_value=0), by=st.binary(min_size=0, max_size=3))
def test_a_good_body_with_any_byte_changed_means_something(topic: str, good: Any, at: int, by: bytes) -> None:
    raw = wire(good)
    at %= len(raw)
    check(topic, raw[:at] + by + raw[at + 1 :])


@relaxed
@given(data=st.data())
def test_where_the_fast_path_reads_the_patient_path_reads_the_same(data: st.DataObject) -> None:
    body = copy.deepcopy(GOOD[0][1])
    container, key = data.draw(st.sampled_from(places(body)))
    container[key] = data.draw(ANY_JSON)
    raw = json.dumps(body, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "replace")
    fast = decode(raw, bodies.Order)
    if not fast.problems:
        patient = _decode_patiently(raw, bodies.Order, None)
        assert patient.body == fast.body
        # The patient path also reports numbers out of range in fields nobody reads.
        assert {problem.code for problem in patient.problems} <= {"out_of_range"}


def test_both_paths_read_the_good_bodies_alike() -> None:
    kinds: list[type[Any]] = [
        bodies.Order,
        bodies.Fulfillment,
        bodies.Refund,
        bodies.Transaction,
        bodies.FulfillmentEvent,
        nodes.Read,
    ]
    for (_, good), kind in zip(GOOD, kinds, strict=True):
        fast, patient = decode(wire(good), kind), _decode_patiently(wire(good), kind, None)
        assert fast.problems == patient.problems == []
        assert fast.body == patient.body
