"""Incidents of messages and effects: lost between two stores, overtaken, told too early, never told."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from ordna.core.messages import AddTags
from ordna.engine import clock
from ordna.engine.connections import Connections
from ordna.engine.lanes import lane_of
from ordna.engine.ledger import Ledger
from ordna.engine.live import Notifier
from ordna.engine.policies import Policies
from ordna.engine.requests import Wish, ask_many
from ordna.engine.watch import Watcher
from ordna.store import inbox, outbox
from ordna.store import outside as outside_tables
from ordna.store.database import DatabaseDown
from ordna.store.inbox import Raw
from ordna.store.outbox import RereadRow
from tests.engine.conftest import order_body
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import ORDER, House
from tests.outside.test_rereads import node


def test_dbos_py_769(house: House) -> None:
    """A reused id returned an old result, and an empty one ran some 96 times a day for a month. Here an id alone is
    never enough: the same id with another body is another message, and messages without an id are told apart by their
    bodies' meaning."""
    house.send("orders/create", order_body(5001), "hook-a")
    house.send("orders/updated", order_body(5001, tags="news", updated_at="2026-11-23T12:30:00+01:00"), "hook-a")
    house.step()
    assert house.outcomes() == ["facts", "facts"]
    house.tell("orders/create", "5002", json.dumps(order_body(5002)).encode())
    house.tell("orders/create", "5002", json.dumps(order_body(5002)).encode())
    house.step()
    assert house.outcomes()[2:] == ["facts", "nothing"]


def test_dbos_py_759(house: House, outside: CannedShop) -> None:
    """Ids came round again after a clean-up. Here the number of a key's generation lives in the order itself: however
    much is cleaned up beside it, a key is never given twice."""
    house.place()
    house.want_tag("vip")
    house.send_effects()
    house.work()
    house.rows_changed("delete from effect")
    house.place(tags="")
    later = (clock.now() + timedelta(seconds=1)).isoformat()
    house.send("orders/updated", order_body(5001, updated_at=later, tags=""))
    house.work()
    assert [key for key, *_ in house.effects()] in ([], ["tag:vip#2"])
    assert all(key and not key.startswith("#") for key, *_ in house.effects())


def test_kamu_cli_1398(house: House) -> None:
    """A reader that remembered the highest id it had seen skipped rows that were committed late. Here nobody remembers
    a place: what waits is what has not been handled."""
    late = house.database.engine([1])
    with late as conn:
        inbox.store(conn, [raw(house, 5001)])  # its number is drawn, its commit comes last
        with house.database.engine([1]) as other:
            inbox.store(other, [raw(house, 5002)])
        assert house.step() == 1
    assert house.step() == 1
    assert house.outcomes() == ["facts", "facts"]


def raw(house: House, number: int) -> Raw:
    body = json.dumps(order_body(number)).encode()
    lane = lane_of(str(number))
    return Raw(1, house.now, lane, house.connection_id, "orders/create", f"h{number}", str(number), b"{}", body)


def test_saleor_10851(house: House, outside: CannedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook's task ran before the transaction that had made it was committed, found nothing, and the delivery was
    lost. Here an effect is a row of the same commit as its decision: roll back, and there is neither; commit, and there
    are both."""
    house.place()
    write = Ledger.write

    def dies_after(self: Ledger, *rest: Any) -> None:
        write(self, *rest)
        raise RuntimeError("between insert and commit")

    monkeypatch.setattr(Ledger, "write", dies_after)
    with pytest.raises(RuntimeError):
        house.want_tag("vip")
    assert house.effects() == [] and house.send_effects() == 0 and outside.calls == []
    monkeypatch.setattr(Ledger, "write", write)
    house.want_tag("vip")
    assert house.send_effects() == 1
    assert outside.mutations() == ["AddTags"]


def test_saleor_14649(house: House) -> None:
    """Two jobs locked the same rows in different orders, and customers were shown deadlocks. Here rows are locked in
    one order everywhere: eight people and a worker over the same orders, each in an order of its own, all get an
    answer."""
    numbers = list(range(5001, 5013))
    for number in numbers:
        house.place(number)
    policies = Policies(house.ring)

    def asks(person: int) -> int:
        mine = numbers[person:] + numbers[:person]
        mine = mine if person % 2 else mine[::-1]
        wishes = [Wish(1, f"7-{number}", AddTags((f"t{person}",)), f"p{person}") for number in mine]
        return len(ask_many(house.database, policies, wishes, clock.now()))

    before = house.deadlocks()
    with ThreadPoolExecutor(8) as people:
        done = [people.submit(asks, person) for person in range(8)]
        for number in numbers:
            house.send("orders/updated", order_body(number, note="x"))
        while not all(each.done() for each in done):
            house.work()
    assert [each.exception() for each in done] == [None] * 8
    assert [each.result() for each in done] == [len(numbers)] * 8
    assert house.deadlocks() == before


def test_saleor_pr_11169(house: House, outside: CannedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database lock was held during a call to a payment service. Here no transaction is open while an outside system
    is asked: not for effects, look-ups, re-reads, sweeps, or when a shop is connected."""
    open_during: list[tuple[str, int]] = []
    answer = outside.answer

    def looking(handler: Any, body: dict[str, Any]) -> None:
        with psycopg.connect(house.dsn) as conn:
            row = conn.execute(
                """select count(*) from pg_stat_activity where datname = current_database()
                   and pid <> pg_backend_pid() and xact_start is not null"""
            ).fetchone()
        assert row is not None
        open_during.append((body["query"].split("(")[0].split()[1], row[0]))
        answer(handler, body)

    monkeypatch.setattr(outside, "answer", looking)
    house.place()
    house.want_tag("vip")
    outside.faults["AddTags"].append("lost")
    house.send_effects()
    house.make_due()
    house.send_effects()
    outside.orders["5001"] = node(5001)
    with house.database.engine([1]) as conn:
        outbox.want_rereads(conn, [RereadRow(1, 7, "5001", lane_of("5001"), 1, clock.now(), "hint")])
    house.read_again()
    Watcher(house.database, house.performer._outbounds, "w").run_due()
    made = Connections(house.database, house.ring)
    made.connect_shopify(1, outside.url, {"token": "t"}, "http://127.0.0.1:1", webhook_secret="s")
    asked = {name for name, _ in open_during}
    assert {"AddTags", "LookUpOrder", "ReadOrders", "Sweep", "Shop", "Subscribe"} <= asked
    assert [(name, count) for name, count in open_during if count] == []


def test_shopify_app_js_603(house: House) -> None:
    """ "Paid" came before "created", and the order was dropped. Here any message with the order's body makes the order,
    and the older one that follows changes nothing."""
    paid = order_body(5001, updated_at="2026-11-23T12:10:00+01:00")
    house.send("orders/paid", paid)
    house.now += timedelta(minutes=1)
    house.send("orders/create", order_body(5001, financial_status="pending"))
    house.step()
    assert house.outcomes() == ["facts", "nothing"]
    assert house.rows("select order_id, payment from orders") == [("7-5001", "paid")]


def test_woocommerce_26851(house: House, outside: CannedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event was suppressed because a job for the same order was already running, with older data. Here only work
    that has not begun is merged: a hint that comes while the order is being read has it read once more."""
    house.place()
    outside.orders["5001"] = node(5001)
    hint = RereadRow(1, 7, "5001", lane_of("5001"), 1, clock.now(), "hint")
    with house.database.engine([1]) as conn:
        outbox.want_rereads(conn, [hint])
    answer = outside.answer

    def meanwhile(handler: Any, body: dict[str, Any]) -> None:
        with house.database.engine([1]) as conn:
            outbox.want_rereads(conn, [hint])
        answer(handler, body)

    monkeypatch.setattr(outside, "answer", meanwhile)
    assert house.read_again() == 1
    monkeypatch.setattr(outside, "answer", answer)
    assert house.rows("select order_ref from reread") == [("5001",)]
    assert house.read_again() == 1
    assert house.rows("select order_ref from reread") == []


def test_recall_ai_2025_notify(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """NOTIFY took a lock over all commits, and three outages followed. Here no transaction that writes orders notifies
    anybody: hints go out on their own, at most once a second, and nothing waits for them."""
    sent: list[bytes] = []
    execute = psycopg.Cursor.execute

    def noting(self: Any, query: Any, *rest: Any, **more: Any) -> Any:
        sent.append(query if isinstance(query, bytes) else str(query).encode())
        return execute(self, query, *rest, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", noting)
    monkeypatch.setattr(Notifier, "touched", lambda *_: pytest.fail("the step told somebody"))
    house.place()
    house.want_tag("vip")
    house.send_effects()
    house.work()
    assert len(sent) > 20
    assert not any(b"notify" in statement.lower() for statement in sent)


def test_an_answer_and_its_row_are_one_commit(
    house: House, outside: CannedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """medusa#16825: a step that failed half-way left an order that nobody went on with. Here the answer of the outside
    is recorded together with the message that tells the order; if that fails the effect is in doubt, and looked up."""
    house.place()
    house.want_tag("vip")
    filed = outside_tables.file_internal

    def fails(conn: Any, messages: Any) -> None:
        if messages:
            raise RuntimeError("half-way")

    monkeypatch.setattr(outside_tables, "file_internal", fails)
    with pytest.raises(RuntimeError):
        house.send_effects()
    assert house.effects() == [("tag:vip#1", "sending", 1)]
    monkeypatch.setattr(outside_tables, "file_internal", filed)
    house.make_due()
    house.send_effects()
    house.work()
    assert house.effects() == [("tag:vip#1", "confirmed", 2)]
    assert outside.mutations() == ["AddTags"]
    assert house.rows("select count(*) from journal where kind = 'EffectConfirmed'") == [(1,)]


def test_a_double_click_is_one_effect(house: House, outside: CannedShop) -> None:
    """hyperswitch#13182, wc-stripe#838: a request clicked twice at once was done twice. Here both clicks take the
    order's lock, and the second is told that it saw an older order."""
    house.place()
    [(seen,)] = house.rows("select seq from orders")
    policies, both, answers = Policies(house.ring), threading.Barrier(2), []

    def click() -> None:
        both.wait()
        wish = Wish(1, ORDER, AddTags(("vip",)), "jane", seen)
        answers.append(type(ask_many(house.database, policies, [wish], clock.now())[0]).__name__)

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    assert sorted(answers) == ["Accepted", "Stale"]
    house.send_effects()
    assert outside.mutations() == ["AddTags"]


def test_a_commit_nobody_heard_of_is_not_asked_twice(
    house: House, outside: CannedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection broke after COMMIT had left: the request was in fact done, was asked again by the program itself,
    and two notes were written. Here whoever asked is told that nobody knows, and sees what stands when they look."""
    house.place()
    commit, broken = psycopg.Connection.commit, []

    def breaks(self: Any) -> None:
        commit(self)
        if not broken:
            broken.append(True)
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(psycopg.Connection, "commit", breaks)
    with pytest.raises(DatabaseDown):
        house.want_note("ring twice")
    monkeypatch.undo()
    assert [key for key, *_ in house.effects()] == ["note#1"]
    house.send_effects()
    assert outside.mutations() == ["WriteNote"]
