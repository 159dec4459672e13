"""What must always be so is found when it is not: each view finds the violation that is planted for it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from ordna.engine import invariants
from ordna.engine.invariants import INVARIANTS, look
from ordna.store.database import Database
from ordna.store.sealing import Keyring
from tests.engine.conftest import Shop, order_body

AN_EFFECT = (
    "insert into effect (merchant_id, order_id, effect_key, generation, connection_id, lane, kind, once, body, status,"
    " asked_at, due_at) values (1, '7-5001', '{key}', {generation}, 7, 3, 'AddTags', false, '', '{status}', now(),"
    " now());"
)
A_LEVEL = (
    "insert into stock_level (merchant_id, item, location, available) values (1, 'scarf', 'Aarhus', 5);"
    "insert into stock_movement (merchant_id, at, item, location, available, cause)"
    " values (1, now(), 'scarf', 'Aarhus', 5, 'received');"
)
CONFIRMED = (
    "update journal set kind = 'EffectConfirmed', data = jsonb_build_object('key', 'tag:vip#1')"
    " where order_id = '7-5001' and seq < 3"
)

PLANTED = {
    "inv_order_behind_journal": "update orders set seq = seq + 1 where order_id = '7-5001'",
    "inv_gap_in_journal": "delete from journal where order_id = '7-5001' and seq = 1",
    "inv_journal_without_order": "delete from orders where order_id = '7-5001'",
    "inv_decision_ahead": "update decision set seq_after = seq_after + 100 where order_id = '7-5001'",
    "inv_link_without_event": "update journal_object set kind = 'Elsewhere' where order_id = '7-5001' and seq = 1",
    "inv_link_chained_wrong": "update journal_object set previous = 'Elsewhere' where order_id = '7-5001' and seq = 1",
    "inv_message_without_outcome": "update inbox set outcome = null",
    "inv_effect_confirmed_twice": CONFIRMED,
    "inv_two_effects_under_way": AN_EFFECT.format(key="tag:vip#1", generation=1, status="in_doubt")
    + AN_EFFECT.format(key="tag:vip#2", generation=2, status="due"),
    "inv_effect_key_of_other_generation": AN_EFFECT.format(key="tag:vip#1", generation=2, status="confirmed"),
    "inv_effect_of_observed": AN_EFFECT.format(key="tag:vip#1", generation=1, status="due")
    + "update connection set mode = 'observe', live_since = null",
    "inv_task_without_open_step": "update step set status = 'done' where status = 'open'",
    "inv_open_step_of_cancelled_order": "update orders set headline = 'cancelled'",
    "inv_turn_without_open_step": "delete from step where status = 'open'",
    "inv_timer_without_outcome": "insert into timer values (1, '7-5001', 'step|x', 3, now(), now(), null)",
    "inv_part_of_no_order": "insert into part_owner values (1, 7, '77', '9999')",
    "inv_person_of_no_order": "insert into person values (1, '7-9999', '', '', now())",
    "inv_level_off_ledger": A_LEVEL + "update stock_level set available = 4",
    "inv_committed_off_reservations": A_LEVEL + "update stock_level set available = 3, committed = 2;"
    "insert into stock_movement (merchant_id, at, item, location, available, committed, cause)"
    " values (1, now(), 'scarf', 'Aarhus', -2, 2, 'reserved')",
    "inv_reservation_of_no_order": "insert into reservation values (1, '7-9999', '1', 'scarf', '', 'short', 1, 7,"
    " 'short', '', now(), null, '')",
    "inv_lease_without_token": "update lease set owner = '', until = now() + interval '1 hour' where lane = 2",
}


@pytest.fixture
def db(database: str) -> Iterator[Database]:
    """Without the proofs of the others: here something is wrong on purpose."""
    opened = Database(database)
    yield opened
    opened.close()


@pytest.fixture
def shop(db: Database, database: str, ring: Keyring) -> Shop:
    made = Shop(db, database, ring)
    made.open()
    made.send("orders/create", order_body(5001, shipping_address={"country_code": "DK"}))  # somebody has to check it
    made.send("orders/create", order_body(5002))
    made.step()
    return made


def broken(db: Database, *, everything: bool = True) -> set[str]:
    return {found.invariant.view for found in look(db, everything=everything) if found.rows}


def plant(shop: Shop, view: str) -> None:
    with psycopg.connect(shop.dsn) as conn:
        conn.execute(PLANTED[view].encode())


def test_a_healthy_house_breaks_none(shop: Shop, db: Database) -> None:
    assert broken(db) == set()
    assert set(PLANTED) == {invariant.view for invariant in INVARIANTS}


def test_every_view_in_the_database_is_looked_into(shop: Shop) -> None:
    views = shop.rows("select viewname from pg_views where viewname like 'inv%'")
    assert {name for (name,) in views} == set(PLANTED)
    invoked = shop.rows(
        "select relname from pg_class where relkind = 'v' and relname like 'inv%'"
        " and 'security_invoker=true' = any(reloptions)"
    )
    assert {name for (name,) in invoked} == set(PLANTED), "a view that runs as its owner sees every merchant"


@pytest.mark.parametrize("view", PLANTED)
def test_a_violation_is_found_and_told_by_its_order(shop: Shop, db: Database, view: str) -> None:
    plant(shop, view)
    assert view in broken(db)
    [found] = [one for one in look(db) if one.invariant.view == view]
    assert found.rows[0].startswith("merchant 1, ")
    assert "Karen" not in "".join(found.rows)


@pytest.mark.parametrize("view", PLANTED)
def test_nobody_sees_another_merchants_violation(shop: Shop, db: Database, view: str) -> None:
    plant(shop, view)
    for seen_by in (db.reader(1), db.reader(2)):
        with seen_by as conn:
            many = len(conn.execute(f"select * from {view}".encode()).fetchall())
            [(merchants,)] = conn.execute(b"select current_setting('ordna.merchants')").fetchall()
        assert (many > 0) == (merchants == "{1}")


@pytest.mark.parametrize("view", [one.view for one in INVARIANTS if one.scope != "whole"])
def test_a_big_house_is_sampled_and_the_newest_orders_are_in_the_sample(
    shop: Shop, db: Database, view: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invariants, "WHOLE_UP_TO", -1)
    if view not in ("inv_journal_without_order", "inv_part_of_no_order", "inv_person_of_no_order"):
        plant(shop, view)
        assert view in broken(db, everything=False)
    assert next(iter(look(db))).sampled


def test_a_view_that_takes_too_long_is_broken_off_and_said_so(
    shop: Shop, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(shop.dsn) as conn:
        conn.execute(
            "create or replace view inv_gap_in_journal with (security_invoker = true) as"
            " select 1::bigint as merchant_id, pg_sleep(5)::text as order_id, 'x' as what"
        )
    monkeypatch.setattr(invariants, "BUDGET_S", 1)
    [found] = [one for one in look(db) if one.invariant.view == "inv_gap_in_journal"]
    assert found.broken_off and found.rows == ()
