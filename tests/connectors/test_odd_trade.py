"""The catalogue's lines and codes: what the trade brings that is odd and is kept as it is, calmly."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ordna.connectors.contract import Ignored
from ordna.connectors.shopify import effects
from ordna.connectors.shopify.webhooks import translate
from ordna.core.effects import TagOrder
from ordna.core.messages import Quantity, Snapshot
from tests.connectors.neighbours import picture, problems, seen
from tests.connectors.shopify_bodies import RECEIVED_AT, fulfillment, line, order, refund, wire
from tests.connectors.test_practice_converges import PracticeClient
from tests.practice.shop_world import basket_of, quiet_shop

LATER = RECEIVED_AT + timedelta(days=1)


def test_l3_the_same_article_on_two_lines_stays_two_lines() -> None:
    found = picture(wire(order(line_items=[line(1, sku="MUG"), line(2, sku="MUG", quantity=3, current_quantity=3)])))
    assert found.lines is not None
    assert [(each.id, each.sku, each.quantity) for each in found.lines] == [("1", "MUG", 1), ("2", "MUG", 3)]


@pytest.mark.parametrize("sku", ["", None, "   "])
def test_l6_a_line_without_an_article_number_has_none_and_is_no_problem(sku: str | None) -> None:
    raw = wire(order(line_items=[line(1, sku=sku)]))
    assert problems(raw) == set()
    lines = picture(raw).lines
    assert lines is not None and lines[0].sku is None


def test_l6_a_line_typed_in_by_hand_is_kept_and_flagged() -> None:
    raw = wire(order(line_items=[line(1, sku=None, variant_id=None, title="Engraving")]))
    assert problems(raw) == {("unmapped", "line_items[0].variant_id")}
    lines = picture(raw).lines
    assert lines is not None and lines[0].title == "Engraving"


def test_l9_more_shipped_than_ordered_and_a_refund_of_a_foreign_line_are_facts_as_told() -> None:
    parcel = translate("fulfillments/create", wire(fulfillment(line_items=[line(1, quantity=99)])), LATER)
    assert isinstance(parcel, Snapshot) and parcel.problems == ()
    assert parcel.shipments[0].lines == (Quantity("1", 99),)
    foreign = {"id": 9, "line_item_id": 424242, "quantity": 1}
    back = translate("refunds/create", wire(refund(refund_line_items=[foreign])), RECEIVED_AT)
    assert isinstance(back, Snapshot) and back.refunds[0].lines == (Quantity("424242", 1),)


@pytest.mark.parametrize("available", [-5, None, "many", 2**63])
def test_l10_a_stock_feed_is_left_alone_whatever_it_says(available: object) -> None:
    body = wire({"inventory_item_id": 1, "location_id": 2, "available": available, "updated_at": "2020-01-01"})
    assert isinstance(translate("inventory_levels/update", body, RECEIVED_AT), Ignored)


def test_l11_a_parcel_from_a_location_nobody_knows_is_a_parcel() -> None:
    parcel = translate("fulfillments/create", wire(fulfillment(location_id=999_999)), LATER)
    assert isinstance(parcel, Snapshot) and parcel.problems == ()
    assert parcel.shipments[0].location == "999999"


@pytest.mark.parametrize(("there", "wanted"), [("STRASSE", "straße"), ("straße", "STRASSE"), ("ISTANBUL", "istanbul")])
def test_u9_one_rule_of_large_and_small_letters_both_ways(there: str, wanted: str) -> None:
    world, life = quiet_shop()
    made = life.buy(basket_of(world, 1))
    made.tags.append(there)
    assert effects.look_up_tags(PracticeClient(world), TagOrder((wanted,)), str(made.id)).result == "confirmed"


def test_u9_a_dotted_capital_is_another_letter() -> None:
    world, life = quiet_shop()
    made = life.buy(basket_of(world, 1))
    made.tags.append("İZMIR")
    assert effects.look_up_tags(PracticeClient(world), TagOrder(("izmir",)), str(made.id)).result != "confirmed"


def test_n19_duties_fees_and_a_tip_add_up_either_way() -> None:
    duty = {"shop_money": {"amount": "5.00", "currency_code": "EUR"}}
    with_tip = {"total_tip_received": "10.00", "original_total_duties_set": duty, "total_price_set": None}
    beside = seen(wire(order(total_price="110.00", **with_tip)))
    inside = seen(wire(order(total_price="110.00", total_line_items_price="100.00", **with_tip)))
    assert beside.problems == inside.problems == ()
    assert {code for code, _ in problems(wire(order(total_price="112.00", **with_tip)))} == {"total_mismatch"}
