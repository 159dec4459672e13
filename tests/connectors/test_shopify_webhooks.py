"""Webhooks in: every topic's body becomes facets, a hint or nothing; lanes and signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ordna.connectors.contract import Hint, Ignored, ObjectHint, Translation, Unusable
from ordna.connectors.registry import CONNECTORS
from ordna.connectors.shopify.deliveries import routing_key, verify
from ordna.connectors.shopify.topics import COMPLIANCE, HINT, TOPICS, subscribed_topics, table_markdown
from ordna.connectors.shopify.webhooks import translate
from ordna.core.messages import (
    PersonSeen,
    Quantity,
    RefundSeen,
    ShipmentSeen,
    Snapshot,
    TrackingSeen,
    TransactionSeen,
)
from tests.connectors.shopify_bodies import (
    RECEIVED_AT,
    Body,
    fulfillment,
    line,
    order,
    refund,
    tracking_event,
    transaction,
    wire,
)

REF = "5012345678901"
MANUAL = Path(__file__).parents[2] / "docs" / "shopify.md"


def came(topic: str, body: Body) -> Translation:
    return translate(topic, wire(body), RECEIVED_AT)


def snapshot(topic: str, body: Body) -> Snapshot:
    found = came(topic, body)
    assert isinstance(found, Snapshot), found
    return found


@pytest.mark.parametrize("topic", [name for name, row in TOPICS.items() if row.shape == "order"])
def test_every_order_topic_carries_the_order_its_parcels_its_refunds_and_whom_it_is_for(topic: str) -> None:
    found = snapshot(topic, order(fulfillments=[fulfillment()], refunds=[refund()]))
    assert found.order is not None
    assert found.order.total == 9500
    assert found.order.tags == ("gift", "vip")
    assert found.order.customer == "7001"
    assert found.order.shipping_method == "Standard"
    assert found.order.address_complete is True
    assert [each.id for each in found.shipments] == ["4001"]
    assert [each.id for each in found.refunds] == ["3001"]
    assert [each.id for each in found.transactions] == ["6002"]
    lines = ("Lange Reihe 7", "20099 Hamburg", "DE")
    assert found.person == PersonSeen("Ada Holm", "ada@example.com", None, lines, zip="20099", city="Hamburg")
    assert found.parts is None


def test_the_order_itself_names_and_locates_nobody() -> None:
    found = snapshot("orders/create", order(note="Leave it with Mr. Sørensen"))
    assert found.order is not None
    written = repr(found.order)
    for private in ("Ada", "Holm", "Reihe", "20099", "Hamburg", "example.com", "Sørensen"):
        assert private not in written
    assert found.order.note_digest is not None
    assert len(found.order.note_digest) == 16


def test_a_deleted_order_is_only_that() -> None:
    assert came("orders/delete", {"id": int(REF)}) == Snapshot(REF, deleted=True)


def test_a_transaction_is_one_movement_of_money() -> None:
    at = datetime(2026, 11, 20, 8, 58, 29, tzinfo=UTC)
    assert snapshot("order_transactions/create", transaction()).transactions == (
        TransactionSeen("6001", "sale", "success", 9500, "EUR", at, gateway="shopify_payments"),
    )
    assert snapshot("order_transactions/create", transaction(kind="change")).transactions == ()
    odd = snapshot("order_transactions/create", transaction(status="maybe"))
    assert odd.transactions == ()
    assert [(problem.code, problem.path) for problem in odd.problems] == [("unknown_value", "status")]


def test_a_refund_carries_its_units_and_what_was_paid_back_in_the_shops_money() -> None:
    found = snapshot("refunds/create", refund())
    at = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
    assert found.refunds == (RefundSeen("3001", at, (Quantity("101", 1),), 3000),)
    assert [each.kind for each in found.transactions] == ["refund"]
    in_yen = refund(transactions=[transaction(id=1, kind="refund", currency="JPY", amount="4000")])
    assert snapshot("refunds/create", in_yen).refunds[0].amount is None


PROGRESS = [
    (None, "shipped"), ("label_printed", "shipped"), ("confirmed", "shipped"), ("in_transit", "in_transit"),
    ("carrier_picked_up", "in_transit"), ("out_for_delivery", "out_for_delivery"), ("attempted_delivery", "attempted"),
    ("delayed", "delayed"), ("ready_for_pickup", "ready_for_pickup"), ("delivered", "delivered"),
    ("picked_up", "delivered"), ("failure", "failed"), ("not_delivered", "failed"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "state"), PROGRESS)
def test_a_parcels_progress_is_a_state_of_the_shipment_machine(said: str | None, state: str) -> None:
    found = snapshot("fulfillments/update", fulfillment(shipment_status=said))
    assert found.shipments == (
        ShipmentSeen(
            "4001",
            datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
            state,
            (Quantity("101", 1), Quantity("102", 2)),
            datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
            carrier="DHL",
            tracking="JD01",
            location="31",
        ),
    )


def test_a_cancelled_parcel_is_cancelled_whatever_the_carrier_last_said() -> None:
    found = snapshot("fulfillments/update", fulfillment(status="cancelled", shipment_status="in_transit"))
    assert found.shipments[0].progress == "cancelled"


def test_a_parcel_that_is_only_asked_for_is_no_deed_yet() -> None:
    assert came("fulfillments/create", fulfillment(status="pending")) == Hint(REF, "fulfillments/create")


def test_a_parcel_whose_units_nobody_can_read_is_left_out_with_the_reason() -> None:
    found = snapshot("fulfillments/update", fulfillment(line_items=[line(101, quantity=-1)]))
    assert found.shipments == ()
    assert [(problem.code, problem.path) for problem in found.problems] == [
        ("negative_quantity", "line_items[0].quantity")
    ]


def test_a_tracking_event_stands_on_its_own() -> None:
    found = snapshot(
        "fulfillment_events/create",
        tracking_event(created_at="2026-11-20T09:05:00Z", updated_at="2026-11-20T09:05:00Z"),
    )
    version, at = datetime(2026, 11, 20, 9, 5, tzinfo=UTC), datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
    assert found.tracking == (TrackingSeen("4001", version, "in_transit", at),)


PART = {"id": "gid://shopify/FulfillmentOrder/51", "status": "open"}
OTHER = {"id": "gid://shopify/FulfillmentOrder/52", "status": "closed"}
HINTS: list[tuple[str, Body, Translation]] = [
    ("orders/edited", {"order_edit": {"id": 1, "order_id": int(REF)}}, Hint(REF, "orders/edited")),
    ("orders/risk_assessment_changed", {"order_id": REF}, Hint(REF, "orders/risk_assessment_changed")),
    ("orders/risk_assessment_changed", {"order_id": None, "admin_graphql_api_order_id": f"gid://shopify/Order/{REF}"},
     Hint(REF, "orders/risk_assessment_changed")),
    ("fulfillment_events/delete", tracking_event(), Hint(REF, "fulfillment_events/delete")),
    ("fulfillment_holds/added", {"fulfillment_order": PART}, ObjectHint("51", "fulfillment_holds/added")),
    ("fulfillment_orders/moved", {"moved_fulfillment_order": OTHER, "original_fulfillment_order": PART},
     ObjectHint("51", "fulfillment_orders/moved")),
    ("fulfillment_orders/merged", {"merge_intents": [], "fulfillment_order_merges": {"fulfillment_order": PART}},
     ObjectHint("51", "fulfillment_orders/merged")),
    ("fulfillment_orders/split", {"order_id": int(REF), "fulfillment_order": PART},
     Hint(REF, "fulfillment_orders/split")),
]  # fmt: skip


@pytest.mark.parametrize(("topic", "body", "hint"), HINTS, ids=[topic for topic, _, _ in HINTS])
def test_a_body_that_does_not_tell_in_full_is_a_hint(topic: str, body: Body, hint: Translation) -> None:
    assert came(topic, body) == hint


@pytest.mark.parametrize("topic", [name for name, row in TOPICS.items() if row.kind == HINT])
@pytest.mark.parametrize("raw", [b"", b"null", b"{}", b'{"order_id":{}}', b'{"order_edit":[]}', b"{"])
def test_a_hint_that_names_nothing_is_unusable(topic: str, raw: bytes) -> None:
    found = translate(topic, raw, RECEIVED_AT)
    assert isinstance(found, Unusable)
    assert found.problems


@pytest.mark.parametrize("topic", ["products/update", "inventory_levels/update", "shop/update", "made/up", ""])
def test_what_changes_no_order_is_ignored_with_a_reason(topic: str) -> None:
    found = translate(topic, b"not even JSON", RECEIVED_AT)
    assert isinstance(found, Ignored)
    assert found.why.endswith(".")


def test_the_manual_shows_the_topic_table_that_the_code_follows() -> None:
    assert table_markdown() in MANUAL.read_text("utf-8")
    assert set(subscribed_topics()) == set(TOPICS) - set(COMPLIANCE)
    assert CONNECTORS["shopify"].topics == subscribed_topics()


# --- lanes ----------------------------------------------------------------------------------------------------

SAME_LANE: list[tuple[str, Body]] = [
    ("orders/updated", order(fulfillments=[fulfillment()])),
    ("orders/delete", {"id": int(REF)}),
    ("orders/edited", {"order_edit": {"id": 1, "order_id": int(REF)}}),
    ("orders/risk_assessment_changed", {"order_id": REF}),
    ("fulfillments/create", fulfillment()),
    ("order_transactions/create", transaction()),
    ("refunds/create", refund()),
    ("fulfillment_events/create", tracking_event()),
]


@pytest.mark.parametrize(("topic", "body"), SAME_LANE, ids=[topic for topic, _ in SAME_LANE])
def test_all_topics_of_one_order_go_to_one_lane(topic: str, body: Body) -> None:
    assert routing_key(topic, wire(body), {}) == REF
    shuffled = dict(reversed(list(body.items())))
    assert routing_key(topic, wire(shuffled), {"x-shopify-order-id": REF}) == REF


def test_a_body_about_a_part_goes_to_the_parts_lane_and_nonsense_to_none() -> None:
    assert routing_key("fulfillment_orders/split", wire({"fulfillment_order": PART}), {}) == "part:51"
    for raw in (b"", b"\xff\xfe", b"[" * 10_000, b'{"id":"x"}'):
        assert routing_key("orders/updated", raw, None) is None
    assert routing_key("orders/updated", wire(order()), {"x-shopify-order-id": "1; drop"}) == REF


# --- signatures -----------------------------------------------------------------------------------------------

BODY = wire(order())


def signed(secret: str, body: bytes = BODY) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def test_h1_h4_only_these_exact_bytes_signed_with_our_secret_pass() -> None:
    assert verify(BODY, signed("new"), ["new"]) == 0
    assert verify(BODY, signed("new").encode(), [b"new"]) == 0
    for header in (None, "", "abc", signed("new")[:-4], signed("other"), signed("new").lower()):
        assert verify(BODY, header, ["new"]) is None
    flipped = bytes([BODY[0] ^ 1]) + BODY[1:]
    assert verify(flipped, signed("new"), ["new"]) is None


def test_h2_a_signature_that_is_no_ascii_is_wrong_rather_than_an_error() -> None:
    for header in ("é", "\ud800", "\x00", b"\xff\xfe"):
        assert verify(BODY, header, ["new"]) is None


def test_h5_during_rotation_either_secret_passes_and_the_answer_says_which() -> None:
    assert verify(BODY, signed("old"), ["new", "old"]) == 1
    assert verify(BODY, signed("new"), ["new", "old"]) == 0
    assert verify(BODY, signed("old"), ["new"]) is None
    assert verify(BODY, signed("old"), []) is None
