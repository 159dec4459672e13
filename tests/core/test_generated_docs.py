"""The generated pages follow the code, and every part of the core that makes a promise in them keeps it."""

from __future__ import annotations

from ordna.core import lifecycle
from ordna.core.describe import describe
from ordna.core.events import ALL, BY_KIND, AddressAccepted
from ordna.core.evolve import PAYMENT_STATES, PROGRESS_STATES
from ordna.core.vocabulary import VOCABULARY
from tools.generate_docs import main


def test_generated_pages_are_current() -> None:
    assert main(["--check"]) == 0


def test_every_field_names_producers_that_exist() -> None:
    for field in VOCABULARY.fields.values():
        assert field.produced_by, f"{field.name} has no producer"
        assert set(field.produced_by) <= set(BY_KIND), field.name


def test_every_state_is_entered_by_one_event_and_every_event_has_its_state() -> None:
    for machine in lifecycle.MACHINES:
        entered: dict[str, set[str]] = {}
        for _, event, target in lifecycle.edges(machine):
            entered.setdefault(target, set()).add(event)
        assert all(len(events) == 1 for events in entered.values()), (machine, entered)
        assert {event for events in entered.values() for event in events} <= set(BY_KIND)
    known = {event.__name__: state for event, state in {**PAYMENT_STATES, **PROGRESS_STATES}.items()}
    for machine in (lifecycle.PAYMENT, lifecycle.SHIPMENT):
        for _, event, target in lifecycle.edges(machine):
            assert known[event] == target


def test_every_state_is_reachable_from_a_first_state_and_leavable_or_final() -> None:
    first = {lifecycle.PAYMENT: "pending", lifecycle.FULFILLMENT_ORDER: "open", lifecycle.SHIPMENT: "shipped"}
    for machine, table in lifecycle.MACHINES.items():
        assert lifecycle.reachable(machine, first[machine]) | {first[machine]} == set(table)
        finals = {state for state in table if lifecycle.final(machine, state)}
        assert finals, machine
        for state in set(table) - finals:
            assert lifecycle.reachable(machine, state) & finals


def test_every_event_can_be_told_in_a_sentence() -> None:
    for event in ALL:
        assert (event.__doc__ or "").strip().endswith("."), event.__name__
    assert describe(AddressAccepted()) == "A person vouched for the address as it stands."
