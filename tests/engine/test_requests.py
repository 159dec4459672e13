"""What people ask goes through the same door as messages: locked, decided, recorded, or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from ordna.core.messages import AddTags, EffectAnswered, PlaceHold, ReleaseHold, WriteNote
from ordna.engine import requests
from ordna.engine.policies import Policies
from ordna.engine.requests import Accepted, NotFound, Refused, Stale, Wish, ask, ask_many
from ordna.store import outbox
from tests.engine.conftest import NOON, Shop, later, order_body

HOLD = PlaceHold("call the customer", "service")


@pytest.fixture
def asked(shop: Shop) -> Callable[..., Any]:
    """Ask something of order 5001, which has just been placed."""
    shop.send("orders/create", order_body(5001))
    shop.step()
    policies = Policies(shop.ring)

    def _ask(request: Any, saw: int | None = None, order_id: str = "7-5001") -> Any:
        return ask(shop.database, policies, 1, order_id, request, "ida", saw, shop.now)

    return _ask


def version(shop: Shop) -> int:
    return int(shop.rows("select seq from orders where order_id = '7-5001'")[0][0])


def test_a_hold_is_placed_and_released_by_a_person(shop: Shop, asked: Callable[..., Any]) -> None:
    answer = asked(HOLD)
    assert isinstance(answer, Accepted)
    assert answer.version == version(shop)
    [placed] = [event for event in answer.events if type(event).__name__ == "HoldPlaced"]
    assert shop.rows("select headline from orders") == [("held",)]
    assert shop.rows("select actor_kind, actor from journal where kind = 'HoldPlaced'") == [("person", "ida")]
    assert isinstance(asked(ReleaseHold(placed.handle)), Accepted)
    assert shop.rows("select headline from orders") == [("open",)]


def test_a_refusal_says_why_and_changes_nothing(shop: Shop, asked: Callable[..., Any]) -> None:
    before = version(shop)
    answer = asked(ReleaseHold("nobody's"))
    assert isinstance(answer, Refused)
    assert answer.refusal.code and answer.refusal.field and answer.refusal.sentence
    assert version(shop) == before


def test_an_order_that_is_not_ours_is_not_found(shop: Shop, asked: Callable[..., Any]) -> None:
    for order_id in ("7-999", "8-5001", "nonsense", "7-", "-1", "x-5001", "9" * 30 + "-1"):
        assert asked(HOLD, order_id=order_id) == NotFound(), order_id
    assert ask(shop.database, Policies(shop.ring), 2, "7-5001", HOLD, "eve") == NotFound()


def test_what_its_author_did_not_see_makes_a_request_stale(shop: Shop, asked: Callable[..., Any]) -> None:
    saw = version(shop)
    assert isinstance(asked(AddTags(("vip",)), saw), Accepted)
    assert asked(HOLD, saw) == Stale(saw, version(shop))
    assert isinstance(asked(HOLD, version(shop)), Accepted)


def test_noise_since_does_not_make_a_request_stale(shop: Shop, asked: Callable[..., Any]) -> None:
    saw = version(shop)
    shop.send("orders/updated", order_body(5001, updated_at=later(3)))
    shop.step()
    shop.send("orders/updated", order_body(5001, updated_at=later(4)))
    assert version(shop) == saw + 1
    assert isinstance(asked(HOLD, saw), Accepted)


def test_what_waits_for_the_order_is_handled_first(shop: Shop, asked: Callable[..., Any]) -> None:
    saw = version(shop)
    shop.send("orders/updated", order_body(5001, updated_at=later(3), tags="vip"))
    answer = asked(HOLD, saw)
    assert isinstance(answer, Stale)
    assert shop.outcomes() == ["facts", "facts"]
    assert shop.rows("select count(*) from inbox where handled_at is null") == [(0,)]


def test_a_message_nobody_can_handle_does_not_keep_people_from_working(
    shop: Shop, asked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("poison")

    shop.send("orders/updated", order_body(5001, updated_at=later(3), tags="vip"))
    monkeypatch.setattr("ordna.engine.reading.read", broken)
    assert isinstance(asked(HOLD), Accepted)
    assert shop.outcomes() == ["facts", None]


def test_many_requests_go_together_and_each_has_its_own_answer(shop: Shop) -> None:
    for number in range(5001, 5031):
        shop.send("orders/create", order_body(number))
    shop.step()
    wishes = [Wish(1, f"7-{number}", HOLD, "ida") for number in range(5001, 5031)]
    wishes.insert(3, Wish(1, "7-1", HOLD, "ida"))
    wishes.insert(5, Wish(1, "7-5001", ReleaseHold("nobody's"), "ida"))
    commits = shop.database.commits
    answers = ask_many(shop.database, Policies(shop.ring), wishes, NOON)
    assert shop.database.commits == commits + 1
    assert answers[3] == NotFound()
    assert isinstance(answers[5], Refused)
    assert sum(isinstance(answer, Accepted) for answer in answers) == 30
    with pytest.raises(ValueError, match="At most 500"):
        ask_many(shop.database, Policies(shop.ring), wishes * 20)


def test_two_people_at_once_get_one_yes_and_one_stale(shop: Shop, asked: Callable[..., Any]) -> None:
    saw = version(shop)
    together, answers = Barrier(8), []

    def click() -> None:
        policies = Policies(shop.ring)
        together.wait()
        answers.append(ask(shop.database, policies, 1, "7-5001", HOLD, "ida", saw, NOON))

    people = [Thread(target=click) for _ in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(type(answer).__name__ for answer in answers) == ["Accepted"] + ["Stale"] * 7


def test_a_click_and_the_worker_never_handle_the_same_message_twice(
    shop: Shop, asked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker has read the messages, a click handles them first: the worker gives up, nothing is doubled."""
    asked(WriteNote("call back"))
    [(key,)] = shop.rows("select effect_key from effect")
    shop.send("orders/updated", order_body(5001, updated_at=later(3), tags="vip"))
    shop.tell("ordna/answer", "5001", EffectAnswered(key, "confirmed", NOON))
    real, raced = shop.stepper._take, []

    def take_slowly(*args: Any) -> Any:
        rows = real(*args)
        if rows and not raced:
            raced.append(requests.ask(shop.database, Policies(shop.ring), 1, "7-5001", HOLD, "ida", None, NOON))
        return rows

    monkeypatch.setattr(shop.stepper, "_take", take_slowly)
    shop.step()
    assert isinstance(raced[0], Accepted)
    assert shop.outcomes() == ["facts", "facts", "facts"]
    for kind in ("OrderChanged", "EffectConfirmed"):
        assert shop.rows("select count(*) from journal where kind = %s", kind) == [(1,)]


def test_an_effect_is_kept_sealed_and_its_answer_comes_back_as_a_fact(shop: Shop, asked: Callable[..., Any]) -> None:
    assert isinstance(asked(WriteNote("Karen calls back on Monday")), Accepted)
    [(key, kind, once, status, body, person_id)] = shop.rows(
        "select e.effect_key, e.kind, e.once, e.status, e.body, o.person_id"
        " from effect e join orders o using (order_id)"
    )
    assert (kind, once, status) == ("NoteOrder", True, "due")
    assert b"Karen" not in body
    [(person_key,)] = shop.rows("select person_key from person where person_id = %s", person_id)
    effect = outbox.open_effect(shop.ring, person_key, body, (1, "7-5001"), key)
    assert effect.body.text == "Karen calls back on Monday"
    assert "Monday" not in str(shop.rows("select * from journal"))
    shop.tell("ordna/answer", "5001", EffectAnswered(key, "confirmed", NOON + timedelta(minutes=1)))
    shop.step()
    assert shop.rows("select kind from journal order by seq desc limit 1") == [("EffectConfirmed",)]
