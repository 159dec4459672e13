"""What an order wants of stock: whatever happens to it, every unit is on the shelf, set aside, or gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordna.core import events as e
from ordna.core.allot import Article, Shelves, allot
from ordna.core.claims import Claim, Need, item_of, line_units, shown_sku
from ordna.core.decide import decide
from ordna.core.flow import check_text
from ordna.core.messages import Migrated, StockArrived, StockSettled
from ordna.core.needs import all_reserved, needed
from ordna.core.outcome import Outcome
from ordna.core.vocabulary import VOCABULARY
from tests.core.trade import FLOW, Scenario, policy

STOCK = FLOW + "\nstock: {when: order.placed and not order.test, expires: 2 days}\n"


@dataclass
class Room:
    """A stock room and one order, settled as the engine settles it."""

    available: dict[tuple[str, str], int]
    story: Scenario = field(default_factory=lambda: Scenario(policy(flow=STOCK)))
    gone: int = 0

    def say(self, line: str) -> None:
        self.story.now += timedelta(minutes=1)
        message = self.story.message(line)
        self.take(decide(self.story.order, message, self.story.policy, self.story.now))

    def arrives(self, item: str, place: str, units: int) -> None:
        self.available[item, place] = self.available.get((item, place), 0) + units
        self.story.now += timedelta(minutes=1)
        asked = StockArrived(self.story.now)
        self.take(decide(self.story.order, asked, self.story.policy, self.story.now))

    def take(self, outcome: Outcome) -> None:
        self.story.order = outcome.order
        self.book(outcome)
        if outcome.claim is None:
            return
        articles = {item: Article(item) for item, _ in self.available}
        places = sorted({place for _, place in self.available})
        [answer] = allot(Shelves(articles, places, self.available, {}, {}), [(1, outcome.claim)])
        told = StockSettled(outcome.claim.needs, outcome.claim.again, answer.reserved, answer.short, self.story.now)
        after = decide(self.story.order, told, self.story.policy, self.story.now)
        self.story.order = after.order
        assert after.claim is None, "an answered claim leaves nothing to ask for"

    def book(self, outcome: Outcome) -> None:
        for fact in outcome.facts:
            match fact.event:
                case e.StockReleased(lines=lines):
                    for one in lines:
                        self.available[one.item, one.location] += one.units
                case e.StockConsumed(lines=lines, loose=loose):
                    self.gone += sum(one.units for one in lines) + sum(one.units for one in loose if one.location)
                    for lost in loose:
                        if lost.location:
                            self.available[item_of(lost.sku), lost.location] -= lost.units
                case e.StockTakenBack(lines=lines, loose=loose):
                    self.gone -= sum(one.units for one in lines) + sum(one.units for one in loose if one.location)
                    for lost in loose:
                        if lost.location:
                            self.available[item_of(lost.sku), lost.location] += lost.units
                case _:
                    pass

    @property
    def units(self) -> int:
        """Everything there is: on the shelf, set aside, gone."""
        return sum(self.available.values()) + sum(one.units for one in self.story.order.state.reserved) + self.gone


LINES = st.sampled_from(
    [
        "again",
        "changed lines A x1",
        "changed lines A x3, B x1",
        "changed lines B x1",
        "routed p1: A x2, B x1 at Aarhus",
        "routed p1: A x2 at Aarhus; p2: B x1 at Odense",
        "routed p1 closed: A x0 at Aarhus; p2: A x2, B x1 at Odense",
        "shipped s1: A x2 from Aarhus",
        "shipped s2: A x1, B x1 from Odense",
        "cancelled",
        "closed",
        "came a Aarhus 2",
        "came b Odense 1",
    ]
)


@settings(max_examples=300, deadline=None)
@given(story=st.lists(LINES, max_size=10), shelf=st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_no_unit_is_lost_or_made_whatever_happens(story: list[str], shelf: list[int]) -> None:
    places = [("a", "Aarhus"), ("a", "Odense"), ("b", "Aarhus"), ("b", "Odense")]
    room = Room(dict(zip(places, shelf, strict=True)))
    total = sum(shelf)
    room.say("placed #1001: A x3, B x1, 590.00 DKK paid")
    for line in story:
        if line.startswith("came"):
            _, item, place, units = line.split()
            room.arrives(item, place, int(units))
            total += int(units)
        else:
            room.say(line)
        state = room.story.order.state
        assert room.units == total
        held, needs = line_units(state.reserved), needed(state) or {}
        for name in {line for line, _ in held}:
            has = sum(units for (line, _), units in held.items() if line == name)
            wants = sum(units for (line, _), units in needs.items() if line == name)
            assert has <= wants, "no order keeps more than it needs"
        if state.cancelled or state.closed:
            assert not state.reserved and not state.short
        elif state.stock_asked and not state.short and needs:
            assert all_reserved(state), "what is neither reserved nor short was forgotten"


def test_steps_may_wait_for_stock_only_where_a_flow_asks_for_it() -> None:
    waits = FLOW.replace("ends: not held and address.complete", "ends: not held and stock.reserved")
    assert waits != FLOW
    asks = "\nstock: {when: order.placed}\n"
    assert [p.code for p in check_text(waits, VOCABULARY, currency_default="DKK")] == ["missing_stock"]
    assert check_text(waits + asks, VOCABULARY, currency_default="DKK") == ()


@pytest.mark.parametrize(
    ("section", "code"),
    [
        ("stock: {}", "missing_when"),
        ("stock: {when: not stock.short}", "reads_itself"),
        ("stock: {when: order.placed, keeps: stock.reserved}", "reads_itself"),
        ("stock: {when: fulfillment_order.picked}", "needs_part"),
        ("stock: {when: order.placed, until: 2 days}", "unknown_key"),
        ("stock: {when: order.placed, expires: same day before cutoff}", "bad_expires"),
        ("stock: {when: order.placed, whole: perhaps}", "unknown_whole"),
    ],
)
def test_a_section_that_makes_no_sense_is_refused(section: str, code: str) -> None:
    assert code in [p.code for p in check_text(f"{FLOW}\n{section}\n", VOCABULARY, currency_default="DKK")]


def test_a_step_that_waits_for_stock_opens_when_it_comes() -> None:
    waits = STOCK.replace("ends: not held and address.complete", "ends: not held and stock.reserved")
    room = Room({("a", "Aarhus"): 0}, Scenario(policy(flow=waits)))
    room.say("placed #1001: A x1, 100.00 DKK paid")
    assert "check open" in room.story.stands() and "Not in stock" in room.story.stands()
    room.arrives("a", "Aarhus", 1)
    assert "check done" in room.story.stands() and "Not in stock" not in room.story.stands()


def test_who_was_placed_first_is_served_first_and_nothing_is_split_without_need() -> None:
    shelves = Shelves({"a": Article("a")}, ["North", "South"], {("a", "North"): 1, ("a", "South"): 2}, {}, {})
    second = Claim((Need("2", "A", "", 2),), False, "2026-11-23T10:00 #2")
    first = Claim((Need("1", "A", "", 2),), False, "2026-11-23T09:00 #1")
    late, early = allot(shelves, [(1, second), (1, first)])
    assert [(one.location, one.units) for one in early.reserved] == [("South", 2)]
    assert [(one.location, one.units) for one in late.reserved] == [("North", 1)]
    assert [(one.units, one.cause) for one in late.short] == [(1, "short")]


@pytest.mark.parametrize("other", ["scarf", " SCARF ", "Scarf"])
def test_a_sku_is_the_same_however_it_is_written(other: str) -> None:
    assert item_of(other) == item_of("SCARF")
    assert item_of("Ba\u0308r") == item_of("B\u00c4R") == item_of("b\u00e4r")
    assert item_of("STRA\u00dfE") == item_of("strasse")


def test_a_sign_nobody_sees_is_shown() -> None:
    assert item_of("SC\u200bARF") != item_of("SCARF")
    assert shown_sku("SC\u200bARF") == "SC<U+200B>ARF"


def test_an_order_that_moves_to_a_flow_without_stock_gives_back_what_it_has() -> None:
    room = Room({("a", "Aarhus"): 1})
    room.say("placed #1001: A x2, 100.00 DKK paid")
    assert room.units == 1 and room.story.order.state.short
    room.take(decide(room.story.order, Migrated(room.story.now), policy(2), room.story.now))
    assert room.available == {("a", "Aarhus"): 1}
    assert not room.story.order.state.reserved and not room.story.order.state.short
