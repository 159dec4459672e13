"""From plan to shop: what is asked of which fulfillment order, and what can't be."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from ordna.core.messages import OutsideHold, PartSeen, Quantity
from ordna.core.routing import Plan, PlannedParcel
from ordna.core.routing.moves import (
    WAITING_HANDLE,
    AskBack,
    HoldUnits,
    MergeParts,
    Moves,
    MoveUnits,
    ReleaseUnits,
    moves,
)
from tests.core.routing.trade import place, policy

HOW = policy(place("aarhus", shop_id="1"), place("odense", shop_id="2"), place("ribe", shop_id="3"), place("office"))


def part(number: str, location: str, status: str = "open", request: str | None = None, **units: int) -> PartSeen:
    lines = quantities(**units)
    return PartSeen(number, status, lines, lines, location, request_status=request)


def quantities(**units: int) -> tuple[Quantity, ...]:
    return tuple(Quantity(line, count) for line, count in sorted(units.items()))


def plan(waiting: dict[str, int] | None = None, **places: dict[str, int]) -> Plan:
    parcels = tuple(PlannedParcel(name, quantities(**units), 0, 0) for name, units in places.items())
    return Plan(parcels, quantities(**(waiting or {})), 0, 0, 0, 0, True)


def asked(parts: list[PartSeen], wanted: Plan, picked: dict[str, dict[str, int]] | None = None) -> Moves:
    return moves(parts, wanted, HOW, picked or {})


def stuck(found: Moves) -> dict[str, str]:
    return {one.part: one.code for one in found.stuck}


def test_what_lies_where_it_should_is_left_alone() -> None:
    found = asked([part("51", "1", mug=2), part("52", "2", cup=1)], plan(aarhus={"mug": 2}, odense={"cup": 1}))
    assert found == Moves((), ())


def test_all_of_it_moves_to_another_place() -> None:
    found = asked([part("51", "1", mug=2)], plan(odense={"mug": 2}))
    assert found.asks == (MoveUnits("51", "2", quantities(mug=2), True),)


def test_a_part_of_it_moves_and_the_rest_stays() -> None:
    found = asked([part("51", "1", mug=2, cup=1)], plan(aarhus={"mug": 2}, odense={"cup": 1}))
    assert found.asks == (MoveUnits("51", "2", quantities(cup=1), False),)


def test_the_units_of_a_line_part() -> None:
    found = asked([part("51", "1", mug=3)], plan(aarhus={"mug": 2}, odense={"mug": 1}))
    assert found.asks == (MoveUnits("51", "2", quantities(mug=1), False),)


def test_of_two_moves_the_second_waits_for_a_new_look() -> None:
    found = asked([part("51", "1", mug=3, cup=1)], plan(odense={"mug": 3}, ribe={"cup": 1}))
    assert found.asks == (MoveUnits("51", "2", quantities(mug=3), False),)


def test_units_are_missing_once_and_move_once() -> None:
    found = asked([part("51", "1", mug=1), part("52", "3", mug=1)], plan(odense={"mug": 1}))
    assert found.asks == (MoveUnits("51", "2", quantities(mug=1), True),)


def test_units_that_wait_are_held_apart_so_that_the_rest_can_go() -> None:
    found = asked([part("51", "1", mug=2, cup=1)], plan({"cup": 1}, aarhus={"mug": 2}))
    assert found.asks == (HoldUnits("51", quantities(cup=1), False),)
    assert asked([part("51", "1", cup=1)], plan({"cup": 1})).asks == (HoldUnits("51", quantities(cup=1), True),)


def test_our_hold_for_want_of_stock_stands_while_it_is_wanted_and_goes_when_there_is_some() -> None:
    hold = OutsideHold("9", "waits", WAITING_HANDLE, True)
    held = replace(part("51", "1", "on_hold", cup=1), holds=(hold,))
    assert asked([held], plan({"cup": 1})) == Moves((), ())
    assert asked([held], plan(aarhus={"cup": 1})).asks == (ReleaseUnits("51", "9"),)
    assert asked([held], plan(odense={"cup": 1})).asks == (MoveUnits("51", "2", quantities(cup=1), True),)


def test_a_hold_of_others_is_not_ours_to_touch() -> None:
    held = replace(part("51", "1", "on_hold", cup=1), holds=(OutsideHold("9", "fraud", "theirs", False),))
    assert asked([held], plan(aarhus={"cup": 1})) == Moves((), ())


@pytest.mark.parametrize(
    ("seen", "picked", "code"),
    [
        (part("51", "1", "in_progress", mug=1), {}, "in_progress"),
        (part("51", "1", mug=1), {"51": {"mug": 1}}, "picked"),
        (part("51", "1", request="cancellation_requested", mug=1), {}, "asked_back"),
        (part("51", "1", "in_progress", "cancellation_rejected", mug=1), {}, "kept"),
    ],
)
def test_what_can_t_move_is_told_and_nothing_is_asked(
    seen: PartSeen, picked: dict[str, dict[str, int]], code: str
) -> None:
    found = asked([seen], plan(odense={"mug": 1}), picked)
    assert (found.asks, stuck(found)) == ((), {"51": code})
    assert asked([seen], plan(aarhus={"mug": 1}), picked) == Moves((), ())


@pytest.mark.parametrize("request_status", ["submitted", "accepted"])
def test_what_another_company_has_is_asked_back_before_it_moves(request_status: str) -> None:
    status = "in_progress" if request_status == "accepted" else "open"
    found = asked([part("51", "1", status, request_status, mug=1)], plan(odense={"mug": 1}))
    assert found == Moves((AskBack("51"),), ())


def test_what_another_company_refused_is_free_to_move() -> None:
    found = asked([part("51", "1", request="rejected", mug=1)], plan(odense={"mug": 1}))
    assert found.asks == (MoveUnits("51", "2", quantities(mug=1), True),)


def test_parts_of_one_place_come_together_when_nothing_else_is_to_be_asked() -> None:
    two = [part("52", "2", cup=1), part("51", "2", mug=1)]
    assert asked(two, plan(odense={"mug": 1, "cup": 1})).asks == (MergeParts("51", ("52",)),)
    assert all(not isinstance(one, MergeParts) for one in asked(two, plan(odense={"cup": 1}, ribe={"mug": 1})).asks)


def test_a_place_the_shop_does_not_know_can_t_be_moved_to() -> None:
    assert asked([part("51", "1", mug=1)], plan(office={"mug": 1})) == Moves((), ())


def test_asked_one_after_the_other_the_shop_ends_as_planned() -> None:
    """A shop that gives new ids at every move: some rounds later every unit lies where the plan wants it."""
    for seed in range(200):
        rng = random.Random(seed)
        lines = {f"l{at}": rng.randint(1, 4) for at in range(rng.randint(1, 4))}
        shop = _Shop([part("1", rng.choice("123"), **lines)])
        for _ in range(3):
            wanted: dict[str, dict[str, int]] = {"aarhus": {}, "odense": {}, "ribe": {}}
            for line, count in lines.items():
                for _ in range(count):
                    name = rng.choice(sorted(wanted))
                    wanted[name][line] = wanted[name].get(line, 0) + 1
            target = plan(**{name: units for name, units in wanted.items() if units})
            for _ in range(20):
                found = asked(shop.parts, target)
                if not found.asks:
                    break
                shop.carry_out(found)
            ids = {"aarhus": "1", "odense": "2", "ribe": "3"}
            assert shop.units() == {ids[name]: units for name, units in wanted.items() if units}
            assert len(shop.parts) == len(shop.units())


class _Shop:
    def __init__(self, parts: list[PartSeen]) -> None:
        self.parts, self.number = parts, 1

    def carry_out(self, found: Moves) -> None:
        for ask in found.asks:
            match ask:
                case MoveUnits(part=name, location=location, lines=lines):
                    self.take(name, lines)
                    self.add(location, lines)
                case MergeParts(into=into, others=others):
                    for other in others:
                        one = next(each for each in self.parts if each.id == other)
                        target = next(each for each in self.parts if each.id == into)
                        self.take(other, one.lines)
                        self.take(into, target.lines)
                        self.add(target.location or "", (*target.lines, *one.lines))
                        into = self.parts[-1].id

    def take(self, name: str, lines: tuple[Quantity, ...]) -> None:
        one = next(each for each in self.parts if each.id == name)
        gone = {each.line: each.units for each in lines}
        left = tuple(Quantity(each.line, each.units - gone.get(each.line, 0)) for each in one.lines)
        left = tuple(each for each in left if each.units)
        self.parts.remove(one)
        if left:
            self.parts.append(replace(one, lines=left, remaining=left))

    def add(self, location: str, lines: tuple[Quantity, ...]) -> None:
        self.number += 1
        summed: dict[str, int] = {}
        for each in lines:
            summed[each.line] = summed.get(each.line, 0) + each.units
        self.parts.append(part(str(self.number), location, **summed))

    def units(self) -> dict[str, dict[str, int]]:
        out: dict[str, dict[str, int]] = {}
        for one in self.parts:
            mine = out.setdefault(one.location or "", {})
            for each in one.lines:
                mine[each.line] = mine.get(each.line, 0) + each.units
        return out
