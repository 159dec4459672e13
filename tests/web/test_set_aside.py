"""What could not be handled is shown with its cause, on the connections' page and on the order it names, and is tried
again with one click there, one call of the API or one command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ordna.engine import clock, reading
from tests.api.test_api import caller, problem
from tests.engine.conftest import order_body
from tests.web.conftest import THEIRS, House, signed_in


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bool]]:
    """A fault of ours that every message with a poisoned note runs into, until it is mended."""
    real, standing = reading.read, {"is": True}

    def poisoned(row: Any, connection: Any, policies: Any) -> Any:
        if standing["is"] and b"poison" in row.body:
            raise ZeroDivisionError("the note divides by nothing")
        return real(row, connection, policies)

    monkeypatch.setattr(reading, "read", poisoned)
    yield standing


def set_aside(house: House, number: int = 1001) -> tuple[str, int]:
    """An order with one message set aside: (its id, the message's number)."""
    order = house.place(number)
    at = clock.now().isoformat()
    house.send("orders/updated", order_body(number, note="poison", tags="late", created_at=at, updated_at=at))
    house.step()
    [(message, tries)] = house.rows(
        "select inbox_id, tries from inbox where outcome = 'quarantined' and order_hint = %s", str(number)
    )
    assert tries == 3
    return order, message


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_both_pages_show_the_cause_and_one_click_handles_it(
    house: House, browser: Any, poison: dict[str, bool]
) -> None:
    order, message = set_aside(house)
    for address in ("/connections", f"/orders/{order}"):
        page = text(browser.get(address))
        assert "ZeroDivisionError in engine/" in page and "the note divides" not in page and "Try again" in page
        assert f'name="message" value="{message}"' in page
    poison["is"] = False
    answer = browser.post("/connections/messages/retry", {"message": message, "order": order})
    assert answer["Location"] == f"/orders/{order}"
    house.step()
    assert house.rows("select outcome, tries, error from inbox where inbox_id = %s", message) == [("facts", 0, None)]
    page = text(browser.get(f"/orders/{order}"))
    assert "set aside" not in page and "late" in page
    assert "Every message that came in was handled" in text(browser.get("/connections"))


def test_what_fails_again_is_set_aside_again_with_its_new_cause(
    house: House, browser: Any, poison: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, message = set_aside(house)
    browser.post("/connections/messages/retry", {"message": message})

    def worse(*_: Any) -> Any:
        raise ValueError("worse than before")

    monkeypatch.setattr(reading, "read", worse)
    house.step()
    [row] = house.rows("select outcome, tries, error from inbox where inbox_id = %s", message)
    assert row[:2] == ("quarantined", 3) and row[2].startswith("ValueError in engine/")


def test_all_of_them_go_with_one_click_and_a_handled_one_is_left_alone(
    house: House, browser: Any, poison: dict[str, bool]
) -> None:
    set_aside(house, 1001)
    set_aside(house, 1002)
    house.send("orders/create", b"no json at all")
    house.step()
    poison["is"] = False
    browser.post("/connections/messages/retry", {"all": "1"})
    assert "3 messages are being tried again." in text(browser.get("/connections"))
    house.step()
    assert house.rows(
        "select outcome, count(*) from inbox where outcome in ('quarantined', 'unusable') group by 1"
    ) == [("unusable", 1)]
    [(handled,)] = house.rows("select min(inbox_id) from inbox where outcome = 'facts'")
    browser.post("/connections/messages/retry", {"message": handled})
    assert house.rows("select outcome from inbox where inbox_id = %s", handled) == [("facts",)]
    assert "It is no longer set aside." in text(browser.get("/connections"))


def test_an_older_picture_that_is_tried_again_overwrites_nothing(
    house: House, browser: Any, poison: dict[str, bool]
) -> None:
    order, message = set_aside(house)
    house.place(1001, tags="newer")
    poison["is"] = False
    browser.post("/connections/messages/retry", {"message": message})
    house.step()
    assert house.rows("select outcome from inbox where inbox_id = %s", message) == [("nothing",)]
    assert "newer" in text(browser.get(f"/orders/{order}"))


def test_the_api_lists_and_retries(house: House, poison: dict[str, bool]) -> None:
    order, message = set_aside(house)
    call = caller(1)
    [item] = call("GET", "/messages/set-aside").json()["items"]
    assert (item["message"], item["order"], item["outcome"], item["tries"]) == (message, order, "quarantined", 3)
    assert item["cause"].startswith("ZeroDivisionError in engine/")
    poison["is"] = False
    assert call("POST", "/messages/retry", {"messages": [message, 999]}).json() == {"messages": [message]}
    house.step()
    assert call("GET", "/messages/set-aside").json() == {"items": [], "before": 0}
    assert problem(call("POST", "/messages/retry", {"messages": [-1]}))[1:] == ("out_of_range", "messages")
    assert problem(call("POST", "/messages/retry", {"messages": list(range(501))}))[1:] == ("too_many", "messages")
    assert problem(call("POST", "/effects/retry", {"order": order, "key": "tag:x#1"}))[1:] == ("unknown_effect", "key")
    reading_only = caller(1, scopes=("read",))
    assert problem(reading_only("POST", "/messages/retry", {"messages": [message]}))[0] == 403


def test_a_neighbours_messages_do_not_exist(house: House, neighbour: House, poison: dict[str, bool]) -> None:
    _, message = set_aside(neighbour, 2001)
    mine = signed_in("ida", 1)
    assert "the note divides" not in text(mine.get("/connections"))
    mine.post("/connections/messages/retry", {"message": message})
    assert caller(1)("POST", "/messages/retry", {"messages": [message]}).json() == {"messages": []}
    assert neighbour.rows("select outcome from inbox where inbox_id = %s", message) == [("quarantined",)]
    theirs = signed_in("eve", THEIRS)
    theirs.post("/connections/messages/retry", {"message": message})
    assert neighbour.rows("select outcome from inbox where inbox_id = %s", message) == [(None,)]


def test_the_command_lists_and_retries(house: House, poison: dict[str, bool], tmp_path: Path) -> None:
    _, message = set_aside(house)

    def ordna(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "DATABASE_URL": house.dsn, "ORDNA_HOME": str(tmp_path)}
        command = [sys.executable, "-m", "ordna.cli", "retry", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    listed = ordna()
    assert f"{message}  " in listed.stdout and "quarantined: ZeroDivisionError" in listed.stdout
    assert ordna("999").returncode == 1
    assert "1 of 1 messages" in ordna(str(message)).stdout
    assert "Nothing is set aside." in ordna().stdout
    with psycopg.connect(house.dsn) as conn:
        conn.execute("update inbox set outcome = 'quarantined', handled_at = now(), error = 'again'")
    assert "2 of 2 messages" in ordna("--all").stdout
