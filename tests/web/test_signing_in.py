"""A link signs in once; a session ends on the server; a person works for one merchant at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ordna.engine import clock
from tests.web.conftest import House


@pytest.fixture
def stranger(house: House) -> Any:
    from django.test import Client

    return Client(HTTP_HOST="127.0.0.1")


def link_for(name: str, **options: Any) -> str:
    from ordna.store import accounts

    return accounts.new_link(accounts.ensure_person(name, 1), options.pop("now", clock.now()))


def test_a_link_signs_in_once(stranger: Any) -> None:
    from django.test import Client

    address = f"/sign-in/{link_for('ida')}"
    assert stranger.get(address).status_code == 200
    assert stranger.get("/").status_code == 302, "looking at a link spends nothing and signs nobody in"
    assert stranger.post(address)["Location"] == "/"
    assert stranger.get("/").status_code == 200
    other = Client(HTTP_HOST="127.0.0.1")
    assert other.post(address).status_code == 410
    assert other.get("/").status_code == 302


def test_a_link_works_for_fifteen_minutes(stranger: Any) -> None:
    old = link_for("ida", now=clock.now() - timedelta(minutes=15, seconds=1))
    assert stranger.get(f"/sign-in/{old}").status_code == 410
    assert stranger.post(f"/sign-in/{old}").status_code == 410
    assert stranger.get("/").status_code == 302


def test_a_link_that_nobody_made_does_not_work(stranger: Any) -> None:
    assert stranger.post("/sign-in/" + "a" * 43).status_code == 410


def test_links_and_tokens_are_not_stored_in_clear(house: House) -> None:
    from ordna.store import accounts

    text = link_for("ida")
    token = accounts.new_token(accounts.ensure_person("ida", 1), 1, "till", clock.now(), timedelta(days=1))
    [(links,)] = house.rows("select string_agg(t::text, ' ') from site.store_onetimelink t")
    [(tokens,)] = house.rows("select string_agg(t::text, ' ') from site.store_apitoken t")
    assert text not in links and token not in tokens and token[:12] in tokens


def test_signing_out_ends_the_session_on_the_server(stranger: Any) -> None:
    from django.test import Client

    stranger.post(f"/sign-in/{link_for('ida')}")
    kept = Client(HTTP_HOST="127.0.0.1")
    kept.cookies["ordna_session"] = stranger.cookies["ordna_session"].value
    assert kept.get("/").status_code == 200
    stranger.post("/sign-out")
    assert kept.get("/").status_code == 302


def test_a_person_of_two_merchants_switches_and_of_none_else(house: House, neighbour: House, stranger: Any) -> None:
    from ordna.store import accounts

    accounts.ensure_person("ida", 2)
    stranger.post(f"/sign-in/{link_for('ida')}")
    neighbour.place(2001)
    assert "2001" not in stranger.get("/orders?show=all").content.decode()
    stranger.post("/merchants", {"merchant": "2"})
    assert "2001" in stranger.get("/orders?show=all").content.decode()
    for foreign in ("3", "x", "", "9" * 30):
        assert stranger.post("/merchants", {"merchant": foreign}).status_code == 404
