"""Incidents of workers that died, hung or were slow, and of those who took over."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import pytest

from ordna.engine import leases as lease_module
from ordna.engine import loop, reading
from ordna.engine.leases import LeaseLost, Leases, fence
from ordna.engine.policies import Policies
from ordna.engine.step import TRIES_MAX, Stepper
from ordna.store import inbox
from ordna.store.database import Database
from tests.engine.conftest import Shop, order_body
from tests.incidents.test_messages import raw
from tests.outside.conftest import House

SHORT_S = 1.5


def stepper_of(shop: Shop, leases: Leases) -> Stepper:
    return Stepper(shop.database, leases, Policies(shop.ring), lambda: shop.now)


def expire(shop: Shop) -> None:
    """Every lease and every presence has run out: its worker has not been heard of for too long."""
    shop_rows(shop, "update lease set until = now() - interval '1 s' where owner <> ''")


def shop_rows(shop: Shop, statement: str) -> None:
    with shop.database.engine([shop.merchant_id]) as conn:
        conn.execute(statement.encode())


def test_procrastinate_1518(house: House) -> None:
    """A dead worker's row was pruned and its jobs stayed "doing" for ever; a worker under the same name was mistaken
    for it. Here recovery needs no row of the dead worker, and no two boots share a name."""
    house.send("orders/create", order_body(5001))
    house.leases.tend()
    shop_rows(house, "delete from lease where merchant_id = 0")
    expire(house)
    heir = Leases(house.database, "heir")
    heir.tend()
    assert [lease.unfinished for lease in heir.held] == [True]
    assert stepper_of(house, heir).round() == 1
    assert house.outcomes() == ["facts"]
    assert loop._name() != loop._name()


def test_river_1302(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rescuer read a job as stuck, paused, and overwrote it after it had been completed. Here a batch that somebody
    else has handled meanwhile writes nothing at all."""
    house.send("orders/create", order_body(5001))
    house.leases.tend()
    expire(house)
    rescuer = Leases(house.database, "rescuer")
    rescuer.tend()
    real, done = reading.read, []

    def paused(*row: Any) -> Any:
        if not done:
            done.append(True)
            shop_rows(house, "update inbox set handled_at = now(), outcome = 'ignored'")
        return real(*row)

    monkeypatch.setattr(reading, "read", paused)
    stepper_of(house, rescuer).round()
    assert house.outcomes() == ["ignored"]
    assert house.rows("select count(*) from journal") == [(0,)]


def test_hexpm_pr_1825(house: House) -> None:
    """A job of 9 to 47 minutes was rescued after six and ran three times a night. Here a worker keeps its lanes for as
    long as it lives: the leases are renewed beside the work, in the middle of a batch too."""
    slow = Leases(house.database, "slow", seconds=SHORT_S)
    house.send("orders/create", order_body(5001))
    slow.tend()
    [held] = slow.held
    over = threading.Event()

    def keep() -> None:
        while not over.wait(0.1):
            slow.keep()

    keeping = threading.Thread(target=keep)
    keeping.start()
    try:
        impatient = Leases(house.database, "impatient", seconds=SHORT_S)
        with house.database.engine([1]) as conn:  # one long batch
            fence(conn, [held])
            until = time.monotonic() + 2 * SHORT_S
            while time.monotonic() < until:
                impatient.tend(idle=True)
                assert impatient.held == ()
                time.sleep(0.1)
        until = time.monotonic() + 2 * SHORT_S  # between two batches
        while time.monotonic() < until:
            impatient.tend(idle=True)
            assert impatient.held == ()
            time.sleep(0.1)
    finally:
        over.set()
        keeping.join()
    assert slow.held == (held,)


def test_pgqueuer_430(house: House) -> None:
    """The heartbeat was slower than the timer that called a job dead. Here three heartbeats fit into a lease."""
    assert lease_module.RENEW_S * 3 <= lease_module.LEASE_S
    leases = Leases(house.database, "w", seconds=SHORT_S)
    assert leases._renew_s * 3 <= SHORT_S


def test_pgqueuer_475(house: House) -> None:
    """A crashed job held its place in a limit for ever. Here neither dead workers nor their leases count: who is left
    takes all the lanes."""
    for number in range(5001, 5101):
        house.send("orders/create", order_body(number))
    for owner in ("first", "second", "third"):
        Leases(house.database, owner).tend()
    expire(house)
    left = Leases(house.database, "left")
    left.tend()
    assert len(left.held) == len(house.rows("select distinct lane from inbox"))


@pytest.mark.parametrize("deadly", ["5003"])
def test_sidekiq_4069(house: House, monkeypatch: pytest.MonkeyPatch, deadly: str) -> None:
    """A message that killed its worker was never counted as tried, so it killed one worker after the other. Here a try
    is counted before it is made: after three deaths it is set aside, and its neighbours are done."""
    real = reading.read

    def killing(row: Any, *rest: Any) -> Any:
        if deadly.encode() in row.body:
            raise SystemExit("the process dies here")
        return real(row, *rest)

    monkeypatch.setattr(reading, "read", killing)
    for number in range(5001, 5007):
        house.send("orders/create", order_body(number))
    deaths = 0
    for boot in range(10):
        worker = Leases(house.database, f"boot {boot}")
        stepper = stepper_of(house, worker)
        try:
            worker.tend()
            while stepper.round():
                pass
        except SystemExit:
            deaths += 1
            expire(house)
        else:
            break
    assert deaths == TRIES_MAX + 1, "once with its batch, three times alone"
    assert sorted(map(str, house.outcomes())) == ["facts"] * 5 + ["quarantined"]
    [(tries, error)] = house.rows("select tries, error from inbox where outcome = 'quarantined'")
    assert "worker died each time" in error and tries == TRIES_MAX + 1


def test_oca_queue_306(house: House) -> None:
    """A job was queued again while its old worker still ran it. Here the old worker's commit is refused, and so is
    every count it would make against a message that is no longer its own."""
    house.send("orders/create", order_body(5001))
    house.leases.tend()
    expire(house)
    heir = Leases(house.database, "heir")
    heir.tend()
    [row] = house.rows("select inbox_id from inbox")
    assert house.stepper.round() == 0
    with pytest.raises(LeaseLost), house.database.engine([1]) as conn:
        fence(conn, house.leases.held or [lease_module.Lease(1, heir.held[0].lane, 1, False)])
    assert house.rows("select tries, outcome from inbox where inbox_id = %s", row[0]) == [(0, None)]
    assert house.rows("select count(*) from journal") == [(0,)]
    assert stepper_of(house, heir).round() == 1
    assert house.outcomes() == ["facts"]


def test_authentik_23876(house: House) -> None:
    """A session's advisory lock was stranded by a connection pooler, and work stopped. Here nothing is held beyond a
    transaction: no advisory lock of a session, and leases that end by themselves."""
    house.place()
    house.want_tag("vip")
    house.send_effects()
    locks = house.rows("select count(*) from pg_locks where locktype = 'advisory'")
    assert locks == [(0,)]


def test_postgres_cuts_off_who_hangs_in_a_transaction(database: str) -> None:
    """A stopped process kept its row locks, and with them its lanes, for as long as nobody looked. Here the server ends
    a transaction in which nothing happens, long before a minute is over."""
    opened = Database(database)
    try:
        with opened.engine([1]) as conn:
            [(limit,)] = conn.execute("show idle_in_transaction_session_timeout").fetchall()
            [(statement,)] = conn.execute("show statement_timeout").fetchall()
        assert (limit, statement) == ("25s", "30s")
        with pytest.raises(Exception, match="idle-in-transaction"), opened.engine([1]) as conn:
            conn.execute("set local idle_in_transaction_session_timeout = '200ms'")
            time.sleep(0.6)
            conn.execute("select 1")
        with opened.engine([1]) as conn:
            assert conn.execute("select 1").fetchone() == (1,)
    finally:
        opened.close()


def test_trouble_that_passes_is_not_held_against_a_message(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database went away four times while a message was tried alone, and it was set aside as if it had killed its
    worker. Here only what a message did itself is counted."""
    house.send("orders/create", order_body(5001))
    shop_rows(house, "update inbox set tries = 1")
    handle, away = house.stepper._handle, []

    def goes_away(conn: Any, rows: Any) -> None:
        if len(away) < 5:
            away.append(True)
            with psycopg.connect(house.dsn, autocommit=True) as administrator:
                administrator.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])
        handle(conn, rows)

    monkeypatch.setattr(house.stepper, "_handle", goes_away)
    for _ in range(8):
        house.stepper.round()
    assert house.rows("select outcome, tries from inbox") == [("facts", 2)]


def test_a_message_that_is_too_much_for_the_database_is_set_aside(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value too large for an index was filed by the driver with the errors of a broken connection, and its batch was
    tried for ever. Here a limit that one message runs into counts against that message."""
    from psycopg import errors

    real = reading.read

    def too_large(row: Any, *rest: Any) -> Any:
        if b"#5002" in row.body:
            raise errors.ProgramLimitExceeded("index row size exceeds maximum")
        return real(row, *rest)

    monkeypatch.setattr(reading, "read", too_large)
    for number in (5001, 5002, 5003):
        house.send("orders/create", order_body(number))
    house.step()
    assert house.outcomes() == ["facts", "quarantined", "facts"]


def test_brandur_postgres_queues(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction stayed open for an hour: nothing that was handled in it could be cleared away, every look for
    work waded through all of it, and 60,000 jobs piled up. Here looks begin where the oldest message waits, and read no
    more than three times what they read before."""
    monkeypatch.setattr(lease_module, "SLOW_LOOK_S", 0.0)
    handled(house, 500)
    before = pages_of_a_look(house)
    with psycopg.connect(house.dsn) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("select count(*) from inbox")
        for _ in range(5):
            handled(house, 2000)
            house.leases.look_for_the_oldest()
        house.leases.look_for_the_oldest()
        assert pages_of_a_look(house) <= 3 * before
    assert house.outcomes().count("facts") == 8


def test_what_is_committed_late_is_found_while_looks_begin_further_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "SLOW_LOOK_S", 0.0)
    with house.database.engine([1]) as late:
        inbox.store(late, [raw(house, 5001)])  # its number is drawn, its commit comes last
        for _ in range(3):
            handled(house, 10)
            house.leases.look_for_the_oldest()
    assert house.leases.above > 0
    house.step()
    for _ in range(20):
        house.leases.look_for_the_oldest()
    house.step()
    assert house.rows("select count(*) from orders where order_id = '7-5001'") == [(1,)]


def handled(house: House, messages: int) -> None:
    """So many messages come and are handled, the last of them by our worker."""
    shop_rows(
        house,
        f"""insert into inbox (merchant_id, received_at, lane, connection_id, topic, webhook_id, order_hint, headers,
                               body)
            select 1, now(), n % 16, 7, 't', '', 'x', '{{}}', '' from generate_series(1, {messages}) n""",
    )
    shop_rows(house, "update inbox set handled_at = now(), outcome = 'ignored' where handled_at is null")
    house.place(6000 + len(house.rows("select 1 from orders")))


def pages_of_a_look(house: House) -> int:
    """How many pages of memory or disk one look for messages reads; a message waits in one of the lanes."""
    house.send("orders/create", order_body(6900 + len(house.rows("select 1 from orders"))))
    lanes = [[1] * 16, list(range(16)), [house.leases.above] * 16]
    with house.database.engine([1]) as conn:
        look = b"explain (analyze, buffers, format json) " + inbox.SQL["take_waiting"]
        row = conn.execute(look, (*lanes, 100, 500, 10**8)).fetchone()
    assert row is not None
    house.step()
    return int(row[0][0]["Plan"]["Shared Hit Blocks"] + row[0][0]["Plan"]["Shared Read Blocks"])
