"""A location says no: the fact, what follows from it, and what the shop is asked then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ordna.core import events as e
from ordna.core.evolve import evolve
from ordna.core.hours import ALWAYS_OPEN
from ordna.core.messages import LineSeen, Observed, OrderSeen, PartSeen, PartsSeen, Quantity, Snapshot
from ordna.core.observe import observe
from ordna.core.order import OrderState, decode_state, encode_state
from ordna.core.rerouting import Reroute, demand, reroute
from ordna.core.routing import Barred, Supply
from ordna.core.routing.moves import MoveUnits
from tests.core.routing.trade import place, policy

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOW = policy(place("aarhus", 40, shop_id="1"), place("odense", 52, shop_id="2"), place("ribe", 60, shop_id="3"))
STOCK = Supply({name: {"MUG": 5, "CUP": 5} for name in HOW.locations})
MUG, CUP = LineSeen("11", "Mug", 2, 2, "MUG"), LineSeen("12", "Cup", 1, 1, "CUP")


def part(number: str, location: str, *lines: Quantity, request: str = "unsubmitted", **more: Any) -> PartSeen:
    return PartSeen(number, "open", lines, lines, location, request_status=request, **more)


WHOLE = (Quantity("11", 2), Quantity("12", 1))


def seen(state: OrderState, at: datetime, *parts: PartSeen) -> tuple[OrderState, tuple[str, ...]]:
    """The state after a read of the fulfillment orders, and the kinds of the facts it held."""
    snapshot = Snapshot("1001", parts=PartsSeen(at, parts), by_read=True)
    facts = observe(state, Observed(snapshot, at, "test")).facts
    for fact in facts:
        state = evolve(state, fact.event, fact.at)
    return state, tuple(type(fact.event).__name__ for fact in facts)


def placed(*parts: PartSeen) -> OrderState:
    body = OrderSeen(NOON, "#1001", NOON, country="DK", source="web", lines=(MUG, CUP))
    state = evolve(OrderState(), e.OrderPlaced(body, 0), NOON)
    return seen(state, NOON, *parts)[0]


def planned(state: OrderState) -> Reroute:
    found = reroute(state, STOCK, HOW, ALWAYS_OPEN, NOON)
    assert found is not None
    return found


def places(found: Reroute) -> set[str]:
    return {parcel.location for parcel in found.routing.plan.parcels}


def test_an_order_that_lies_where_it_should_asks_for_nothing() -> None:
    found = planned(placed(part("51", "1", *WHOLE)))
    assert (places(found), found.moves.asks) == ({"aarhus"}, ())


def test_a_rejection_is_told_once_and_the_order_goes_elsewhere() -> None:
    state = placed(part("51", "1", *WHOLE, request="submitted"))
    state, told = seen(state, NOON + timedelta(hours=1), part("51", "1", *WHOLE, request="rejected"))
    assert told == ("FulfillmentOrderChanged", "FulfillmentRejected")
    again, told = seen(state, NOON + timedelta(hours=2), part("51", "1", *WHOLE, request="rejected"))
    assert told == ("RoutingConfirmed",) and again.rejections == state.rejections
    found = planned(again)
    assert found.demand.barred == (
        Barred("aarhus", "said no to it before", "CUP"),
        Barred("aarhus", "said no to it before", "MUG"),
    )
    assert places(found) == {"odense"}
    assert found.moves.asks == (MoveUnits("51", "2", WHOLE, True),)


def test_who_said_no_is_remembered_when_the_units_have_moved_on() -> None:
    """Under a new id or the old one: the order does not swing back to where it was refused."""
    rejected = part("51", "1", *WHOLE, request="rejected")
    for number in ("51", "52"):
        state, _ = seen(placed(rejected), NOON + timedelta(hours=1), part(number, "2", *WHOLE))
        assert (places(planned(state)), planned(state).moves.asks) == ({"odense"}, ())
        state, _ = seen(state, NOON + timedelta(hours=2), part(number, "2", *WHOLE, request="rejected"))
        assert places(planned(state)) == {"ribe"}


def test_a_location_that_refused_one_line_may_send_the_others() -> None:
    state = placed(part("51", "1", Quantity("12", 1), request="rejected"), part("53", "1", Quantity("11", 2)))
    stock = Supply({"aarhus": {"MUG": 2, "CUP": 2}, "odense": {"CUP": 1}})
    found = reroute(state, stock, HOW, ALWAYS_OPEN, NOON)
    assert found is not None and places(found) == {"aarhus", "odense"}
    assert found.moves.asks == (MoveUnits("51", "2", (Quantity("12", 1),), True),)


def test_when_everybody_said_no_the_units_wait() -> None:
    state = placed(part("51", "1", *WHOLE, request="rejected"))
    for hour, location in enumerate("23", start=1):
        state, _ = seen(state, NOON + timedelta(hours=hour), part("51", location, *WHOLE, request="rejected"))
    assert planned(state).routing.plan.waiting == WHOLE


def test_what_is_fetched_is_not_routed_and_what_has_left_neither() -> None:
    at_counter = part("51", "1", *WHOLE, delivery_method="pick_up")
    assert demand(placed(at_counter), HOW) is None
    mixed = placed(part("51", "1", Quantity("11", 2), delivery_method="pick_up"), part("52", "1", Quantity("12", 1)))
    wanted = demand(mixed, HOW)
    assert wanted is not None and [each.line for each in wanted.lines] == ["12"]


def test_an_order_the_shop_has_not_routed_yet_is_not_routed() -> None:
    body = OrderSeen(NOON, "#1001", NOON, country="DK", lines=(MUG,))
    assert demand(evolve(OrderState(), e.OrderPlaced(body, 0), NOON), HOW) is None


def test_the_memory_is_part_of_the_stored_state() -> None:
    refused = part("51", "1", *WHOLE, request="rejected")
    state, _ = seen(placed(part("51", "1", *WHOLE)), NOON + timedelta(hours=1), refused)
    assert decode_state(encode_state(state)) == state and state.rejections
