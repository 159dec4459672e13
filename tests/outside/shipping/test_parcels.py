"""What the carrier tells of a parcel is the order's news, whatever way it comes; and who it is for stays sealed."""

from __future__ import annotations

import pytest

from ordna.core.shipping import HandOver, VoidLabel
from ordna.engine.erase import Subject, erase
from tests.outside.shipping.house import ShippingHouse, bought, refusal, ship

# --- tracking ---


def test_the_carriers_word_moves_the_parcel_until_it_is_delivered(house: ShippingHouse) -> None:
    order, part = house.order()
    bought(house, order, part)
    ship(house, order, part)
    for status in ("in_transit", "delayed", "out_for_delivery", "delivered"):
        assert house.told(house.parcels()[0], status) == [200]
        house.work()
    moves = house.journal(order, "ShipmentInTransit", "ShipmentDelayed", "ShipmentOutForDelivery", "ShipmentDelivered")
    assert moves == ["ShipmentInTransit", "ShipmentDelayed", "ShipmentOutForDelivery", "ShipmentDelivered"]
    assert house.rows("select headline from orders") == [("delivered",)]
    assert house.rows("select stands from label") == [("delivered",)]


def test_told_twice_and_in_any_order_it_comes_to_the_same(house: ShippingHouse) -> None:
    from ordna.practice.carrier import desk

    order, part = house.order()
    bought(house, order, part)
    ship(house, order, part)
    parcel = house.parcels()[0]
    told = []
    for status in ("in_transit", "out_for_delivery", "delivered"):
        house.post.advance()
        told.append(house.post.post.tell(parcel, status))
    for each in (told[2], told[0], told[2], told[1], told[0]):
        house.deliver(desk.body_of(each), each.event.id)
        house.work()
    assert house.state(order).labels[0].progress == "delivered"
    assert house.journal(order, "LabelTracked", "ShipmentDelivered") == ["LabelTracked", "ShipmentDelivered"]


def test_a_word_that_comes_before_the_shop_knows_of_the_parcel_is_kept(house: ShippingHouse) -> None:
    order, part = house.order()
    bought(house, order, part)
    house.told(house.parcels()[0], "in_transit")
    house.work()
    assert house.state(order).parcels == () and house.state(order).labels[0].progress == "in_transit"
    ship(house, order, part)
    assert house.state(order).parcels[0].progress == "in_transit"


@pytest.mark.parametrize(("way", "said"), [(("failed",), "could not be"), (("failed", "returned"), "came back")])
def test_a_parcel_that_went_astray_is_somebodys_task(house: ShippingHouse, way: tuple[str, ...], said: str) -> None:
    order, part = house.order()
    bought(house, order, part)
    ship(house, order, part)
    for status in ("in_transit", *way):
        house.told(house.parcels()[0], status)
        house.work()
    tasks = house.rows("select reason from task where closed_at is null and kind = 'attention'")
    assert [said in row[0] for row in tasks] == [True]
    assert house.state(order).parcels[0].progress == way[-1]


def test_what_is_not_signed_by_the_carrier_is_not_believed(house: ShippingHouse) -> None:
    assert house.deliver(b'{"tracking": "PP000000014DK"}', "e1", secret="another") == 401


def test_a_parcel_nobody_knows_is_set_aside(house: ShippingHouse) -> None:
    house.deliver(b'{"tracking": "PP999999999DK", "status": "delivered", "at": "2026-11-25T11:00:00+00:00"}', "e1")
    house.work()
    assert house.rows("select outcome, error from inbox where topic = 'tracking'") == [
        ("unusable", "No label of ours carries the number PP999999999DK.")
    ]


def test_events_that_were_lost_are_asked_for(house: ShippingHouse) -> None:
    order, part = house.order()
    bought(house, order, part)
    ship(house, order, part)
    for status in ("in_transit", "delivered"):
        house.post.advance()
        house.post.post.tell(house.parcels()[0], status)
    house.rows_changed("update watch set due_at = now() where duty = 'parcels'")
    house.watch()
    house.work()
    assert house.rows("select headline from orders") == [("delivered",)]
    house.rows_changed("update watch set due_at = now() where duty = 'parcels'")
    house.watch()
    assert house.work() == 0, "what has arrived is not asked for again"


# --- handing over ---


def test_parcels_are_handed_over_once(house: ShippingHouse) -> None:
    from ordna.engine.policies import Policies

    order, part = house.order()
    bought(house, order, part)
    key, reference = (1, house.carrier_id), house.parcels()[0].id
    parcels = [(order, f"{part}-1", reference)]
    for _ in range(2):
        done = house.carriers.hand_over(Policies(house.ring), key, parcels, "jane", "2026-11-25 a")
    assert done.labels == ()  # type: ignore[union-attr]
    assert house.parcels()[0].handed_over_at is not None
    assert house.journal(order, "LabelHandedOver") == ["LabelHandedOver"]
    assert house.rows("select stands, handover from label") == [("handed over", "2026-11-25 a")]
    assert refusal(house.asked(order, VoidLabel(f"{part}-1"))) == "handed_over"
    assert refusal(house.asked(order, HandOver(f"{part}-1", "again"))) == "handed_over"


# --- who the parcel is for ---


def test_an_erasure_takes_what_was_printed_and_what_was_asked(house: ShippingHouse) -> None:
    order, part = house.order()
    bought(house, order, part)
    receiver = house.parcels()[0].receiver
    strings = [text for text in (receiver.name, *receiver.lines, receiver.phone) if len(text) > 4]
    erase(house.database, house.ring, 1, Subject(orders=(order,)), by="jane", cause="test")
    assert house.rows("select count(*) from label_file") == [(0,)]
    for table in ("label", "effect", "journal", "orders", "inbox", "task"):
        for (row,) in house.rows(f"select t::text from {table} t"):
            assert not any(text in row for text in strings), (table, row)


def test_what_is_printed_is_sealed_and_gone_after_a_month(house: ShippingHouse) -> None:
    order, part = house.order()
    bought(house, order, part)
    name = house.parcels()[0].receiver.name.encode()
    assert all(name not in bytes(row[0]) for row in house.rows("select sealed from label_file"))
    house.rows_changed("update label_file set expires_at = now() - interval '1 s'")
    house.rows_changed("update watch set due_at = now() where duty = 'parcels'")
    house.watch()
    assert house.rows("select count(*) from label_file") == [(0,)]


def test_a_merchant_sees_no_neighbours_label(house: ShippingHouse) -> None:
    order, part = house.order()
    bought(house, order, part)
    with house.database.reader(2) as conn:
        for table in (b"label", b"label_file", b"parcel_batch"):
            assert conn.execute(b"select count(*) from " + table).fetchone() == (0,)
