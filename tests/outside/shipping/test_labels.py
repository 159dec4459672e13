"""A label is bought once, whatever happens on the way; what the carrier tells of its parcel is the order's news."""

from __future__ import annotations

from typing import Any

import pytest

from ordna.core.messages import Cancel, Pack, Pick, Ship
from ordna.core.shipping import Package, VoidLabel
from ordna.engine.erase import Subject, erase
from ordna.engine.requests import Accepted
from tests.outside.shipping.house import ShippingHouse, bought, printed, refusal, ship
from tests.practice.carrier_running import ask as control

# --- buying ---


def test_a_label_is_bought_told_to_the_order_and_kept_to_print(house: ShippingHouse) -> None:
    order, part = house.order()
    assert isinstance(house.buy(order, part), Accepted)
    house.settle()
    [parcel] = house.parcels()
    [label] = house.state(order).labels
    assert (label.id, label.made.tracking, label.made.price) == (f"{part}-1", parcel.tracking, 6350)
    assert house.journal(order)[-3:] == ["EffectAsked", "EffectConfirmed", "LabelBought"]
    assert house.rows("select stands, tracking, price, weight_g from label") == [
        ("bought", parcel.tracking, 6350, 1500)
    ]
    assert printed(house, order, f"{part}-1", "pdf").startswith(b"%PDF-")
    assert printed(house, order, f"{part}-1", "zpl").startswith(b"^XA")
    assert parcel.receiver.name and parcel.receiver.zip and parcel.receiver.country == "DK"
    assert parcel.mark == house.rows("select name from orders")[0][0]


@pytest.mark.parametrize("bad_day", ["timeout_after_buying", "error_after_buying"])
def test_an_answer_that_was_lost_is_looked_up_and_nothing_is_bought_twice(house: ShippingHouse, bad_day: str) -> None:
    order, part = house.order()
    house.buy(order, part)
    control(house.post, "POST", "/_carrier/bad-days", {bad_day: 1})
    house.settle()
    assert [row[1] for row in house.effects()] == ["in_doubt"]
    assert house.state(order).labels == ()
    assert refusal(house.buy(order, part)) == "already_asked"
    control(house.post, "POST", "/_carrier/bad-days", {})
    house.make_due()
    house.settle()
    assert len(house.parcels()) == 1
    assert [label.made.tracking for label in house.state(order).labels] == [house.parcels()[0].tracking]
    assert printed(house, order, f"{part}-1", "pdf").startswith(b"%PDF-")


def test_what_the_look_up_saw_not_to_be_there_is_bought_under_the_same_key(house: ShippingHouse) -> None:
    order, part = house.order()
    house.buy(order, part)
    control(house.post, "POST", "/_carrier/bad-days", {"server_error": 1})
    house.settle()
    control(house.post, "POST", "/_carrier/bad-days", {})
    for _ in range(2):
        house.make_due()
        house.settle()
    assert house.effects() == [(f"label:{part}-1#1", "confirmed", 3)]
    assert len(house.parcels()) == 1


def test_a_look_up_left_out_is_seen(house: ShippingHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: what is in doubt is sent again with a key of its own. The carrier then sells two labels."""
    order, part = house.order()
    house.buy(order, part)
    control(house.post, "POST", "/_carrier/bad-days", {"error_after_buying": 1})
    house.settle()
    control(house.post, "POST", "/_carrier/bad-days", {})
    from ordna.connectors.practice_post.carrier import PracticePost

    def again(self: PracticePost, effect: Any, ref: str) -> Any:
        from msgspec.structs import replace

        return self.perform(replace(effect, body=replace(effect.body, reference="another-key")), ref)

    monkeypatch.setattr(PracticePost, "look_up", again)
    house.make_due()
    house.settle()
    assert len(house.parcels()) == 2


def test_a_worker_that_died_while_buying_leaves_doubt_and_no_second_label(house: ShippingHouse) -> None:
    order, part = house.order()
    house.buy(order, part)
    house.performer._record = lambda *_: None  # type: ignore[method-assign]
    house.send_effects()
    del house.performer._record  # type: ignore[method-assign]
    house.make_due()
    house.settle()
    assert len(house.parcels()) == len(house.state(order).labels) == 1


def test_the_body_is_frozen_when_it_is_asked(house: ShippingHouse) -> None:
    """One key never has two bodies, though the address changes between two tries."""
    order, part = house.order()
    house.buy(order, part)
    control(house.post, "POST", "/_carrier/bad-days", {"error_after_buying": 1})
    house.settle()
    control(house.post, "POST", "/_carrier/bad-days", {})
    name = house.parcels()[0].receiver.name
    house.rows_changed("update connection set facts = jsonb_set(facts, '{sender,name}', '\"Another\"')")
    house.make_due()
    house.settle()
    assert [(parcel.receiver.name, parcel.sender.name) for parcel in house.parcels()] == [(name, "Ordna & Sons")]


def test_a_second_label_is_bought_only_when_that_was_said(house: ShippingHouse) -> None:
    order, part = house.order()
    house.buy(order, part)
    assert refusal(house.buy(order, part)) == "already_asked"
    house.settle()
    assert refusal(house.buy(order, part)) == "has_label"
    house.buy(order, part, another=True)
    house.settle()
    assert [label.id for label in house.state(order).labels] == [f"{part}-1", f"{part}-2"]
    assert len({parcel.reference for parcel in house.parcels()}) == 2


def test_what_the_carrier_refuses_is_a_task_and_may_be_asked_anew(house: ShippingHouse) -> None:
    order, part = house.order()
    house.buy(order, part, service="pigeon")
    house.settle()
    assert [row[1] for row in house.effects()] == ["refused"]
    assert house.rows("select title from task where closed_at is null and kind = 'attention'") == [("Refused outside",)]
    bought(house, order, part)
    assert house.effects()[-1][:2] == (f"label:{part}-1#2", "confirmed")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"connection": 7}, "no_carrier"),
        ({"connection": 99}, "no_carrier"),
        ({"package": Package(0)}, "bad_weight"),
        ({"package": Package(-5)}, "bad_weight"),
        ({"package": Package(10**9)}, "bad_weight"),
        ({"package": Package(500, 10**6)}, "bad_size"),
    ],
)
def test_what_can_not_be_bought_is_refused_by_name(house: ShippingHouse, changes: dict[str, Any], code: str) -> None:
    order, part = house.order()
    assert refusal(house.buy(order, part, **changes)) == code
    house.settle()
    assert house.parcels() == []


def test_no_label_for_a_part_nobody_knows(house: ShippingHouse) -> None:
    order, _ = house.order()
    assert refusal(house.buy(order, "404")) == "unknown_part"


def test_without_an_address_nothing_is_asked(house: ShippingHouse) -> None:
    order, part = house.order()
    erase(house.database, house.ring, 1, Subject(orders=(order,)), by="jane", cause="test")
    assert refusal(house.buy(order, part)) == "no_address"


# --- giving back ---


def test_a_label_that_will_not_be_used_is_given_back_and_its_place_is_free(house: ShippingHouse) -> None:
    order, part = house.order()
    bought(house, order, part)
    house.asked(order, VoidLabel(f"{part}-1"))
    house.settle()
    assert house.parcels()[0].status == "voided"
    assert house.journal(order, "LabelBought", "LabelVoided") == ["LabelBought", "LabelVoided"]
    assert refusal(house.asked(order, VoidLabel(f"{part}-1"))) == "no_label"
    assert house.rows("select stands from label") == [("voided",)]
    bought(house, order, part)
    assert [row[0] for row in house.effects()] == [
        f"label:{part}-1#1", f"return:{part}-1#1", f"label:{part}-1#2",
    ]  # fmt: skip
    assert [parcel.status for parcel in house.parcels()] == ["voided", "created"]


def test_a_cancelled_order_gives_its_label_back_by_itself(house: ShippingHouse) -> None:
    order, part = house.order()
    bought(house, order, part)
    house.asked(order, Cancel("customer"))
    house.cancelled(order)
    house.settle()
    assert [parcel.status for parcel in house.parcels()] == ["voided"]
    assert house.journal(order)[-1] == "LabelVoided"


def test_a_label_in_doubt_of_an_order_that_was_cancelled_is_found_and_given_back(house: ShippingHouse) -> None:
    order, part = house.order()
    house.buy(order, part)
    control(house.post, "POST", "/_carrier/bad-days", {"error_after_buying": 1})
    house.settle()
    control(house.post, "POST", "/_carrier/bad-days", {})
    house.asked(order, Cancel("customer"))
    house.cancelled(order)
    house.make_due()
    house.settle()
    assert [parcel.status for parcel in house.parcels()] == ["voided"]


def test_a_label_that_was_not_sent_yet_is_withdrawn_when_the_order_is_cancelled(house: ShippingHouse) -> None:
    order, part = house.order()
    house.asked(order, Cancel("customer"))
    house.settle()
    house.buy(order, part)
    house.until_read(order.partition("-")[2], lambda: house.state(order).cancelled)
    house.settle()
    assert house.parcels() == []
    assert house.effects()[-1][1] == "withdrawn"


# --- shipping ---


def test_the_labels_number_is_told_to_the_shop(house: ShippingHouse) -> None:
    order, part = house.order()
    bought(house, order, part)
    ship(house, order, part)
    [parcel] = house.state(order).parcels
    assert (parcel.seen.carrier, parcel.seen.tracking) == ("Practice Post", house.parcels()[0].tracking)


def test_a_number_that_was_typed_stays_what_was_typed(house: ShippingHouse) -> None:
    order, part = house.order()
    bought(house, order, part)
    ship(house, order, part, carrier="PostNord", tracking="MANUAL-1")
    assert house.state(order).parcels[0].seen.tracking == "MANUAL-1"


def test_nothing_ships_while_its_label_is_being_bought(house: ShippingHouse) -> None:
    order, part = house.order()
    house.asked(order, Pick(part))
    house.asked(order, Pack(part))
    house.buy(order, part)
    assert refusal(house.asked(order, Ship(part))) == "label_under_way"


def test_a_label_the_shop_was_told_of_is_not_given_back(house: ShippingHouse) -> None:
    order, part = house.order()
    bought(house, order, part)
    ship(house, order, part)
    assert refusal(house.asked(order, VoidLabel(f"{part}-1"))) == "already_shipped"
