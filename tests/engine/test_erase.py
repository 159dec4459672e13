"""A person is erased: nothing tells who they were, the journal explains everything, nothing brings them back."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ordna.core.messages import WriteNote
from ordna.engine import persons
from ordna.engine.erase import Subject, erase
from ordna.engine.erasures import FILE, reapply_erasures, write_down
from ordna.engine.policies import Policies
from ordna.engine.privacy import Privacy, answered, ask_to_erase
from ordna.engine.replay import check_fold, replay
from ordna.engine.requests import Accepted, ask
from ordna.engine.untokened import give_tokens
from ordna.store.packing import unpack
from tests.engine.conftest import Shop, later, order_body

KAREN = ("Karen", "Holm", "karen@example.com", "Nygade")


def hits(shop: Any, *strings: str) -> list[tuple[str, str, str]]:
    """(table, column, string) wherever one of these stands, in any case, as text or as bytes."""
    columns = shop.rows(
        "select table_schema, table_name, column_name, data_type from information_schema.columns"
        " join information_schema.tables using (table_schema, table_name)"
        " where table_type = 'BASE TABLE' and table_schema in ('public', 'site')"
        " and not (select relispartition from pg_class where oid = format('%I.%I', table_schema, table_name)::regclass)"
    )
    found = []
    with psycopg.connect(shop.dsn) as conn:
        for schema, table, column, kind in columns:
            rows = conn.execute(_reading(schema, table, column, kind)).fetchall()
            if (table, column) == ("inbox", "body"):
                rows = [(unpack(body, raw_bytes),) for body, raw_bytes in rows]
            held = b"\n".join(v if isinstance(v, bytes) else str(v).encode() for (v,) in rows if v is not None).lower()
            found += [(table, column, string) for string in strings if string.lower().encode() in held]
    return sorted(found)


def _reading(schema: str, table: str, column: str, kind: str) -> bytes:
    cast = "" if kind == "bytea" else "::text"
    more = ", raw_bytes" if (table, column) == ("inbox", "body") else ""
    return f'select "{column}"{cast}{more} from "{schema}"."{table}"'.encode()


def test_before_the_erasure_only_raw_messages_name_anybody(shop: Shop) -> None:
    shop.send("orders/create", order_body(note="ring hos Karen Holm"))
    shop.step()
    assert {(table, column) for table, column, _ in hits(shop, *KAREN)} == {("inbox", "body")}


@pytest.mark.parametrize(
    "subject", [Subject(orders=("7-5001",)), Subject(customer="5901"), Subject(email=" KAREN@example.com")]
)
def test_the_person_is_gone_and_the_order_stays(shop: Shop, subject: Subject) -> None:
    shop.send("orders/create", order_body(note="ring hos Karen Holm"))
    shop.step()
    before = replay(shop.database)
    states = shop.rows("select order_id, state, verdict, seq from orders")
    done = erase(shop.database, shop.ring, 1, subject, by="ida", cause="asked here")
    assert done.orders == 1
    assert hits(shop, *KAREN) == []
    assert shop.rows("select count(*) from person") == shop.rows("select count(*) from person_token") == [(0,)]
    assert shop.rows("select order_id, state, verdict, seq from orders") == states
    assert replay(shop.database) == before and before.sound


def test_an_old_duplicate_and_a_new_message_do_not_bring_the_person_back(shop: Shop) -> None:
    shop.send("orders/create", order_body(), "hook-a")
    shop.step()
    erase(shop.database, shop.ring, 1, Subject(customer="5901"), by="ida", cause="asked here")
    shop.send("orders/create", order_body(), "hook-a")
    shop.send("orders/create", order_body(), "hook-b")
    shop.send("orders/updated", order_body(updated_at=later(5), note="ring hos Karen Holm", tags="vip"))
    shop.step()
    assert shop.outcomes()[1:] == ["duplicate", "nothing", "facts"]
    assert hits(shop, *KAREN) == []
    assert shop.rows("select count(*) from person") == [(0,)]


def test_a_message_that_waited_is_handled_and_then_forgotten(shop: Shop) -> None:
    shop.send("orders/create", order_body())
    shop.step()
    shop.send("orders/updated", order_body(updated_at=later(5), tags="vip"))
    erase(shop.database, shop.ring, 1, Subject(orders=("7-5001",)), by="ida", cause="asked here")
    shop.step()
    assert shop.rows("select outcome from inbox order by inbox_id")[-1] == ("facts",)
    assert hits(shop, *KAREN) == []


def test_an_order_of_before_that_comes_in_after_the_erasure_has_no_person(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001))
    shop.step()
    shop.now = shop.now + timedelta(days=1)
    subject = Subject(orders=("7-5003",), customer="5901", email="karen@example.com")
    erase(shop.database, shop.ring, 1, subject, by="ida", cause="asked here", at=shop.now)
    shop.send("orders/create", order_body(5002))  # the same e-mail address
    shop.send("orders/create", order_body(5003, email=None, customer={"id": 77, "first_name": "Karen"}))  # named
    shop.step()
    assert hits(shop, *KAREN) == []
    assert shop.rows("select count(*) from orders where erased_at is not null") == [(3,)]


def test_who_orders_again_afterwards_is_a_customer_like_any_other(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001))
    shop.step()
    erase(shop.database, shop.ring, 1, Subject(email="karen@example.com"), by="ida", cause="asked here", at=shop.now)
    again = (shop.now + timedelta(days=90)).isoformat()
    shop.now = shop.now + timedelta(days=90)
    shop.send("orders/create", order_body(5002, created_at=again, processed_at=again, updated_at=again))
    shop.step()
    assert shop.rows("select order_id, erased_at is null from orders order by 1") == [
        ("7-5001", False),
        ("7-5002", True),
    ]
    assert shop.rows("select person_id from person") == [("7-5002",)]


def test_what_was_to_be_sent_is_withdrawn_and_later_work_goes_on(shop: Shop) -> None:
    shop.send("orders/create", order_body())
    shop.step()
    want(shop, "for Karen Holm")
    erase(shop.database, shop.ring, 1, Subject(orders=("7-5001",)), by="ida", cause="asked here")
    want(shop, "leave it at the door")
    bodies = shop.rows("select effect_key, body = '' from effect order by effect_no")
    assert bodies == [("note#1", True), ("note#2", False)]
    assert hits(shop, *KAREN) == []
    with psycopg.connect(shop.dsn) as conn:
        conn.execute("update effect set status = 'withdrawn' where body = ''")  # as sending would


def test_messages_nobody_could_tie_to_an_order_are_searched_for_the_address(shop: Shop) -> None:
    shop.send("orders/create", order_body())
    shop.send("customers/update", b'{"note": "karen@example.com"}')
    shop.send("orders/updated", b'{"nothing": "karen@example.com')
    shop.send("orders/updated", b'{"nothing": "peter@example.com')
    shop.step()
    erase(shop.database, shop.ring, 1, Subject(email="karen@example.com"), by="ida", cause="asked here")
    assert hits(shop, "karen@example.com") == []
    assert hits(shop, "peter@example.com") == [("inbox", "body", "peter@example.com")]


def test_others_keep_their_person(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001))
    shop.send("orders/create", order_body(5002, email="peter@example.com", customer={"id": 3}, shipping_address=None))
    shop.step()
    erase(shop.database, shop.ring, 1, Subject(email="karen@example.com"), by="ida", cause="asked here")
    assert shop.rows("select person_id from person") == [("7-5002",)]
    assert len(shop.rows("select 1 from person_token")) == 1
    assert ("inbox", "body", "peter@example.com") in hits(shop, "peter@example.com")


def test_the_list_outlives_the_database_and_is_applied_again(shop: Shop, tmp_path: Path) -> None:
    shop.send("orders/create", order_body(5001))
    shop.send("orders/create", order_body(5002))
    shop.step()
    older = backup(shop)
    erase(
        shop.database, shop.ring, 1, Subject(customer="5901", email="karen@example.com"), by="ida", cause="asked here"
    )
    assert write_down(shop.database, tmp_path, [1]) == 1
    assert write_down(shop.database, tmp_path, [1]) == 0
    listed = (tmp_path / FILE).read_bytes()
    assert not any(word.lower().encode() in listed.lower() for word in KAREN) and b"5901" not in listed
    restore(shop, older)
    assert hits(shop, "karen@example.com") != [] and shop.rows("select count(*) from person") == [(2,)]
    assert reapply_erasures(shop.database, shop.ring, tmp_path) == 2
    assert hits(shop, *KAREN) == []
    assert reapply_erasures(shop.database, shop.ring, tmp_path) == 0
    check_fold(shop.database)


def test_a_request_of_people_here_is_carried_out_by_the_worker(shop: Shop, tmp_path: Path) -> None:
    shop.send("orders/create", order_body())
    shop.step()
    number = ask_to_erase(shop.database, shop.ring, 1, Subject(email="karen@example.com"), "ida")
    assert not answered(shop.database, 1, number, "ida")
    assert Privacy(shop.database, shop.ring, tmp_path).round() == {1}
    assert Privacy(shop.database, shop.ring, tmp_path).round() == set()
    assert hits(shop, *KAREN) == []
    assert shop.rows("select outcome, subject, asked_by from privacy_request") == [
        ("1 order lost the person.", None, "ida")
    ]
    assert (tmp_path / FILE).exists()


# --- planted faults: each is seen --------------------------------------------------------------------------


@pytest.mark.parametrize("kept", ["forget_messages", "forget_persons", "drop_tokens"])
def test_something_kept_is_seen(shop: Shop, monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    from ordna.store import erasing
    from ordna.store import persons as stored

    nothing = {"forget_messages": 0, "forget_persons": [], "drop_tokens": None}[kept]
    monkeypatch.setattr(stored if kept == "drop_tokens" else erasing, kept, lambda *_: nothing)
    if kept == "forget_messages":  # they are found by two ways; this fault breaks both
        monkeypatch.setitem(erasing.SQL, "forget_caused", b"select %(merchant)s, %(orders)s")
    shop.send("orders/create", order_body())
    shop.step()
    erase(shop.database, shop.ring, 1, Subject(customer="5901"), by="ida", cause="asked here")
    left = hits(shop, *KAREN) or shop.rows("select 1 from person") or shop.rows("select 1 from person_token")
    assert left
    with psycopg.connect(shop.dsn) as conn:
        conn.execute("delete from person")  # the house's own invariants see what was kept, too


def test_a_duplicate_that_brings_the_person_back_is_seen(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.send("orders/create", order_body(), "hook-a")
    shop.step()
    erase(shop.database, shop.ring, 1, Subject(customer="5901"), by="ida", cause="asked here")
    monkeypatch.setattr(persons, "empty_messages", lambda *_: None)
    shop.send("orders/create", order_body(), "hook-a")
    shop.step()
    assert hits(shop, "karen@example.com") == [("inbox", "body", "karen@example.com")]


# --- hands ---------------------------------------------------------------------------------------------------


def want(shop: Shop, note: str) -> None:
    asked = ask(shop.database, Policies(shop.ring), 1, "7-5001", WriteNote(note), "jane", at=shop.now)
    assert isinstance(asked, Accepted), asked


TABLES = ("orders", "person", "person_token", "inbox", "journal", "journal_object", "decision", "erasure", "erased")


def backup(shop: Shop) -> dict[str, str]:
    """What stands in the tables that matter here."""
    return {table: shop.rows(f"select coalesce(json_agg(t), '[]')::text from {table} t")[0][0] for table in TABLES}


def restore(shop: Shop, saved: dict[str, str]) -> None:
    with psycopg.connect(shop.dsn) as conn:
        for table in TABLES:
            conn.execute(f"delete from {table}".encode())
            rows = f"select * from json_populate_recordset(null::{table}, %s)"
            conn.execute(f"insert into {table} overriding system value {rows}".encode(), (saved[table],))


def test_whom_an_older_version_stored_without_tokens_is_found_after_the_upgrade(shop: Shop, tmp_path: Path) -> None:
    for number in (5001, 5002, 5003):
        shop.send("orders/create", order_body(number))
    shop.step()
    found_by = shop.rows("select * from person_token order by 1, 2, 4")
    stored = shop.rows("select person_id, tokens from person order by 1")
    erase(shop.database, shop.ring, 1, Subject(orders=("7-5003",)), by="ida", cause="asked here")
    with shop.database.engine([1]) as conn:
        conn.execute(b"update person set tokens = null")
        conn.execute(b"delete from person_token")
    key = "1:" + base64.b64encode(b"k" * 32).decode()
    place = {"DATABASE_URL": shop.dsn, "ORDNA_HOME": str(tmp_path), "ORDNA_KEY": key}
    migrate = [sys.executable, "-m", "ordna.cli", "db", "migrate"]
    subprocess.run(migrate, env={**os.environ, **place}, capture_output=True, check=True)
    assert shop.rows("select person_id, tokens from person order by 1") == stored[:2]
    kept = [row for row in found_by if row[3] != "7-5003"]
    assert shop.rows("select * from person_token order by 1, 2, 4") == kept and kept
    assert give_tokens(shop.database, shop.ring) == 0, "nobody is without"


def test_who_can_t_be_opened_stays_without_tokens_and_keeps_nobody_from_theirs(shop: Shop) -> None:
    for number in (5001, 5002):
        shop.send("orders/create", order_body(number))
    shop.step()
    with shop.database.engine([1]) as conn:
        conn.execute(b"update person set tokens = null")
        conn.execute(b"update person set person_key = 'lost' where person_id = '7-5001'")
    assert give_tokens(shop.database, shop.ring) == 1
    assert shop.rows("select person_id from person where tokens is null") == [("7-5001",)]
    erase(shop.database, shop.ring, 1, Subject(orders=("7-5001",)), by="ida", cause="asked here")
