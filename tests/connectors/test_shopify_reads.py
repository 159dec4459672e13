"""Reads in: the same order told by a webhook and by GraphQL is one picture; what only a read tells; pages not read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ordna.connectors.contract import Unusable
from ordna.connectors.shopify.webhooks import translate
from ordna.core.messages import OutsideHold, PartSeen, Quantity, Snapshot
from tests.connectors import shopify_bodies as rest
from tests.connectors import shopify_nodes as graph
from tests.connectors.shopify_bodies import RECEIVED_AT, Body, wire
from tests.connectors.shopify_nodes import Node


def told(body: Body, topic: str = "orders/updated") -> Snapshot:
    found = translate(topic, wire(body), RECEIVED_AT)
    assert isinstance(found, Snapshot), found
    return found


def read(node: Node, client_id: str | None = None) -> Snapshot:
    found = translate("ordna/read", graph.read_body(node), RECEIVED_AT, client_id)
    assert isinstance(found, Snapshot), found
    return found


REFUND_TRANSACTION = graph.transaction(
    id=graph.gid("OrderTransaction", 6002),
    kind="REFUND",
    amountSet={"presentmentMoney": {"amount": "30.0", "currencyCode": "EUR"}},
    parentTransaction={"id": graph.gid("OrderTransaction", 6001)},
    createdAt="2026-11-21T08:00:00Z",
)

SAME: list[tuple[str, Body, Node]] = [
    ("as placed", rest.order(), graph.order()),
    (
        "shipped",
        rest.order(fulfillments=[rest.fulfillment(shipment_status="in_transit")]),
        graph.order(fulfillments=[graph.fulfillment(displayStatus="IN_TRANSIT")]),
    ),
    (
        "shipped, nothing heard",
        rest.order(fulfillments=[rest.fulfillment()]),
        graph.order(fulfillments=[graph.fulfillment()]),
    ),
    (
        "parcel cancelled",
        rest.order(fulfillments=[rest.fulfillment(status="cancelled", shipment_status="in_transit")]),
        graph.order(fulfillments=[graph.fulfillment(status="CANCELLED", displayStatus="CANCELED")]),
    ),
    (
        "refunded in part",
        rest.order(financial_status="partially_refunded", refunds=[rest.refund()]),
        graph.order(
            displayFinancialStatus="PARTIALLY_REFUNDED",
            refunds=[graph.refund()],
            transactions=[REFUND_TRANSACTION],
        ),
    ),
    (
        "cancelled and closed, with a note and a blank company",
        rest.order(
            cancelled_at="2026-11-20T12:00:00+01:00", cancel_reason="customer", closed_at="2026-11-20T12:01:00+01:00",
            note="  Ring twice ", tags="",
        ),
        graph.order(
            cancelledAt="2026-11-20T11:00:00Z", cancelReason="CUSTOMER", closedAt="2026-11-20T11:01:00Z",
            note="  Ring twice ", tags=[],
        ),
    ),
    (
        "nobody and nowhere",
        rest.order(customer=None, shipping_address=None, billing_address=None, email=None),
        graph.order(customer=None, shippingAddress=None, billingAddress=None, email=None),
    ),
    (
        "paid in yen",
        rest.order(
            presentment_currency="JPY",
            total_price_set={
                "shop_money": {"amount": "95.00", "currency_code": "EUR"},
                "presentment_money": {"amount": "11400", "currency_code": "JPY"},
            },
        ),
        graph.order(
            presentmentCurrencyCode="JPY",
            totalPriceSet={
                "shopMoney": {"amount": "95.0", "currencyCode": "EUR"},
                "presentmentMoney": {"amount": "11400.0", "currencyCode": "JPY"},
            },
        ),
    ),
    (
        "a line removed, a line typed in, a gift card",
        rest.order(
            line_items=[
                rest.line(1, 2, current_quantity=0),
                rest.line(2, sku="", variant_id=None),
                rest.line(3, gift_card=True, requires_shipping=False),
            ]
        ),
        graph.order(
            lineItems=graph.page(
                graph.line(1, 2, currentQuantity=0),
                graph.line(2, sku=None, variant=None),
                graph.line(3, isGiftCard=True, requiresShipping=False),
            )
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("case", "body", "node"), SAME, ids=[case for case, _, _ in SAME])
def test_a_webhook_and_a_read_of_one_order_are_one_picture(case: str, body: Body, node: Node) -> None:
    by_webhook, by_read = told(body), read(node)
    for facet in ("order_ref", "order", "shipments", "refunds", "transactions", "person", "problems", "deleted"):
        assert getattr(by_webhook, facet) == getattr(by_read, facet), facet
    assert by_read.by_read
    assert not by_webhook.by_read


def test_a_transaction_is_the_same_by_its_own_topic_and_by_a_read() -> None:
    by_webhook = told(rest.transaction(), "order_transactions/create").transactions
    assert by_webhook == read(graph.order(transactions=[graph.transaction()])).transactions
    assert by_webhook[0].amount == 9500


def test_parts_carry_the_moment_the_read_began_their_units_and_their_holds() -> None:
    held = graph.part(
        51,
        (101, 1),
        (102, 2),
        status="ON_HOLD",
        fulfillmentHolds=[
            graph.hold(71, handle="ordna-1", heldByRequestingApp=True, reason="HIGH_RISK_OF_FRAUD"),
            graph.hold(72, handle="ordna-2"),
        ],
    )
    parts = read(graph.order(fulfillmentOrders=graph.page(held))).parts
    assert parts is not None
    assert parts.complete
    assert parts.version == datetime(2026, 11, 20, 9, 59, 58, tzinfo=UTC)
    units = (Quantity("101", 1), Quantity("102", 2))
    assert parts.items == (
        PartSeen(
            id="51", status="on_hold", lines=units, remaining=units, location="31", location_name="Hamburg",
            request_status="unsubmitted", delivery_method="shipping",
            holds=(
                OutsideHold("71", "high_risk_of_fraud", "ordna-1", ours=True),
                OutsideHold("72", "other", "ordna-2", ours=False),  # another app used our kind of handle
            ),
            refs=("901", "902"),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("hold", "ours"),
    [
        ({"heldByRequestingApp": None, "heldByApp": {"apiKey": "our-key"}}, True),
        ({"heldByRequestingApp": None, "heldByApp": {"apiKey": "other"}, "handle": "ordna-1"}, False),
        ({"heldByRequestingApp": None, "handle": "ordna-1"}, True),
        ({"heldByRequestingApp": None, "handle": "erp-1"}, False),
    ],
)
def test_where_shopify_does_not_say_whose_a_hold_is_our_key_or_our_handle_tells(hold: Node, ours: bool) -> None:
    part = graph.part(fulfillmentHolds=[graph.hold(**hold)])
    parts = read(graph.order(fulfillmentOrders=graph.page(part)), "our-key").parts
    assert parts is not None
    assert parts.items[0].holds[0].ours is ours


def test_risk_is_the_worst_assessment() -> None:
    def level(*levels: str) -> str | None:
        seen = read(graph.order(risk={"assessments": [{"riskLevel": each} for each in levels]})).risk
        return seen.level if seen else None

    assert level() == "none"
    assert level("LOW", "HIGH", "MEDIUM") == "high"
    assert level("LOW", "PENDING") == "pending"
    assert level("LOW", "UNHEARD_OF") is None


def test_what_was_not_read_to_its_last_page_is_not_taken_for_all_there_is() -> None:
    more_lines = read(graph.order(lineItems=graph.page(graph.line(101), more=True)))
    assert more_lines.order is not None
    assert more_lines.order.lines is None
    more_parts = read(graph.order(fulfillmentOrders=graph.page(graph.part(), more=True))).parts
    assert more_parts is not None
    assert not more_parts.complete
    long_part = graph.part(lineItems=graph.page(more=True))
    parts = read(graph.order(fulfillmentOrders=graph.page(graph.part(50), long_part))).parts
    assert parts is not None
    assert [each.id for each in parts.items] == ["50"]
    assert not parts.complete
    cut = read(graph.order(fulfillments=[graph.fulfillment(fulfillmentLineItems=graph.page(more=True))]))
    assert cut.shipments == ()
    assert ("incomplete", "order.fulfillments[0].fulfillmentLineItems") in {(p.code, p.path) for p in cut.problems}
    refund = read(graph.order(refunds=[graph.refund(refundLineItems=graph.page(more=True))]))
    assert refund.refunds == ()


def test_a_bad_field_of_a_read_is_unknown_with_its_own_path() -> None:
    found = read(graph.order(updatedAt="2026-11-20T09:00:00", note=7))
    assert {(problem.code, problem.path) for problem in found.problems} >= {
        ("no_timezone", "order.updatedAt"),
        ("wrong_type", "order.note"),
    }
    assert found.order is not None
    assert found.order.total == 9500


@pytest.mark.parametrize("body", [b"{}", b"", graph.read_body(None), graph.read_body({"id": "nonsense"})])
def test_a_read_without_an_order_is_unusable(body: bytes) -> None:
    assert isinstance(translate("ordna/read", body, RECEIVED_AT), Unusable)
