"""The archive: closed orders' rows go to files behind a checkpoint, and everything stays provable on both sides."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from ordna.engine import archive, archive_files
from ordna.engine.archive import Done, Keeping
from ordna.engine.replay import replay
from tests.engine.conftest import NOON, Shop, later, order_body

YEAR = Keeping(365)
CLOSED = {"closed_at": "2026-11-23T12:10:00+01:00"}


@pytest.fixture
def lived(shop: Shop) -> Shop:
    """Five orders that were closed, five that are open, and two years that went by."""
    for number in range(5001, 5011):
        shop.send("orders/create", order_body(number, financial_status="pending"))
        shop.send("orders/paid", order_body(number, updated_at=later(2)))
    shop.step()
    for number in range(5001, 5006):
        shop.send("orders/updated", order_body(number, updated_at=later(10), **CLOSED))
    shop.step()
    shop.now = NOON + timedelta(days=730)
    return shop


def run(shop: Shop, folder: Path, wanted: Keeping = YEAR) -> Done:
    """One run over everything, counted together."""
    done = list(archive.archive(shop.database, folder, 1, wanted, shop.now))
    left = tuple(order for one in done for order in one.left)
    return Done(sum(one.orders for one in done), sum(one.events for one in done), left)


def count(shop: Shop, table: str, order: str) -> int:
    return int(shop.rows(f"select count(*) from {table} where order_id = %s", order)[0][0])


def story(shop: Shop, folder: Path, order: str) -> list[archive_files.Archived]:
    [(files,)] = shop.rows("select files from checkpoint where order_id = %s", order)
    return archive_files.story(folder, 1, files, order)


def test_closed_orders_leave_the_tables_and_replay_stays_sound_on_both(lived: Shop, tmp_path: Path) -> None:
    before = replay(lived.database)
    journal = lived.rows("select seq, kind, data::text from journal where order_id = '7-5001' order by seq")
    done = run(lived, tmp_path)
    assert (done.orders, done.left) == (5, ()) and done.events == 5 * len(journal)
    for table in ("journal", "journal_object", "decision"):
        assert count(lived, table, "7-5001") == 0 < count(lived, table, "7-5006")
    after = replay(lived.database)
    assert after.sound and after.orders == before.orders and after.events == before.events - done.events
    [one] = story(lived, tmp_path, "7-5001")
    assert [(row.seq, row.kind, row.data) for row in one.events] == journal
    assert len(one.links) > 3 and len(one.decisions) >= 1
    assert list(archive_files.check(tmp_path, 1)) == []
    assert run(lived, tmp_path) == Done()


def test_only_what_is_closed_and_was_left_alone_long_enough_goes(lived: Shop, tmp_path: Path) -> None:
    lived.now = NOON + timedelta(days=364)
    assert run(lived, tmp_path) == Done()
    lived.send("orders/updated", order_body(5001, updated_at=later(60), tags="late", **CLOSED))
    lived.step()
    lived.now = NOON + timedelta(days=400)
    assert run(lived, tmp_path).orders == 4
    assert count(lived, "journal", "7-5001") > 0


def test_a_late_fact_on_an_archived_order_goes_on_from_its_checkpoint(lived: Shop, tmp_path: Path) -> None:
    [(seq,)] = lived.rows("select seq from orders where order_id = '7-5001'")
    run(lived, tmp_path)
    refund = {"id": 1, "created_at": later(5), "refund_line_items": [], "transactions": []}
    lived.send("orders/updated", order_body(5001, updated_at=later(20), tags="old", refunds=[refund], **CLOSED))
    lived.send("orders/updated", order_body(5001, updated_at=later(30), tags="older", **CLOSED))
    lived.step()
    kinds = lived.rows("select seq, kind from journal where order_id = '7-5001' order by seq")
    assert kinds[0][0] == seq + 1 and {kind for _, kind in kinds} >= {"OrderChanged", "RefundRecorded"}
    assert lived.rows(
        "select previous is not null, seconds_since >= 0 from journal_object where order_id = '7-5001'"
        " and object_kind = 'order' limit 1"
    ) == [(True, True)]
    assert replay(lived.database).sound


def test_what_happened_before_the_checkpoint_and_is_heard_of_later_comes_behind_it(lived: Shop, tmp_path: Path) -> None:
    run(lived, tmp_path)
    for number, minute in ((3, 7), (2, 6), (1, 5)):
        refund = {"id": number, "created_at": later(minute), "refund_line_items": [], "transactions": []}
        lived.send("orders/updated", order_body(5002, updated_at=later(20 + number), refunds=[refund], **CLOSED))
        lived.step()
    assert count(lived, "journal_object", "7-5002") > 3
    assert lived.rows("select min(seconds_since) from journal_object where order_id = '7-5002'") == [(0.0,)]
    assert replay(lived.database).sound


def test_an_order_may_be_archived_again_and_its_story_is_whole(lived: Shop, tmp_path: Path) -> None:
    run(lived, tmp_path)
    lived.send("orders/updated", order_body(5001, updated_at=later(20), tags="old", **CLOSED))
    lived.step()
    lived.now += timedelta(days=400)
    assert run(lived, tmp_path).orders == 1
    stretches = story(lived, tmp_path, "7-5001")
    [(seq,)] = lived.rows("select seq from orders where order_id = '7-5001'")
    assert [row.seq for one in stretches for row in one.events] == list(range(1, seq + 1))
    assert list(archive_files.check(tmp_path, 1)) == [] and replay(lived.database).sound


def test_a_merchant_may_let_old_events_go_altogether(lived: Shop, tmp_path: Path) -> None:
    assert run(lived, tmp_path, Keeping(365, dropped=True)).orders == 5
    assert lived.rows("select distinct files from checkpoint") == [([],)]
    assert list(tmp_path.iterdir()) == [] and replay(lived.database).sound
    lived.send("orders/updated", order_body(5001, updated_at=later(20), tags="old", **CLOSED))
    lived.step()
    lived.now += timedelta(days=400)
    run(lived, tmp_path)
    assert list(archive_files.check(tmp_path, 1)) == [] and replay(lived.database).sound


def test_an_order_whose_journal_does_not_explain_it_is_left_as_it_is(lived: Shop, tmp_path: Path) -> None:
    spoil = "update orders set state = replace(encode(state, 'escape'), '{}', '{}')::bytea where order_id = '7-5003'"
    with psycopg.connect(lived.dsn) as conn:
        conn.execute(spoil.format("paid", "void").encode())
    done = run(lived, tmp_path)
    assert (done.orders, done.left) == (4, ("7-5003",))
    assert count(lived, "journal", "7-5003") > 0
    with psycopg.connect(lived.dsn) as conn:
        conn.execute(spoil.format("void", "paid").encode())


def test_a_spoilt_checkpoint_or_file_is_found(lived: Shop, tmp_path: Path) -> None:
    run(lived, tmp_path)
    with psycopg.connect(lived.dsn) as conn:
        [(state,)] = conn.execute("select state from checkpoint where order_id = '7-5001'").fetchall()
        conn.execute("update checkpoint set state = %s where order_id = '7-5001'", (state.replace(b"paid", b"void"),))
    assert {wrong.what for wrong in replay(lived.database).mismatches} == {"checkpoint"}
    with psycopg.connect(lived.dsn) as conn:
        conn.execute("update checkpoint set state = %s where order_id = '7-5001'", (state,))
    [listed] = archive_files.manifest(tmp_path, 1)
    path = tmp_path / "1" / listed.file
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert list(archive_files.check(tmp_path, 1)) == [f"{listed.file} is not the file that was written."]
    path.unlink()
    assert list(archive_files.check(tmp_path, 1)) == [f"{listed.file} is missing."]


def test_rows_stay_when_the_file_can_not_be_written(lived: Shop, tmp_path: Path) -> None:
    taken = tmp_path / "1"
    taken.write_text("a file where the folder should be")
    with pytest.raises(OSError):
        run(lived, tmp_path)
    assert count(lived, "journal", "7-5001") > 0 and lived.rows("select count(*) from checkpoint") == [(0,)]


def test_the_archive_names_nobody(lived: Shop, tmp_path: Path) -> None:
    run(lived, tmp_path)
    [listed] = archive_files.manifest(tmp_path, 1)
    text = json.dumps([repr(one) for one in archive_files.read(tmp_path, 1, listed.file)])
    assert not [word for word in ("Karen", "Holm", "Nygade", "example.com") if word in text]


def test_one_setting_turns_it_on_and_off(shop: Shop) -> None:
    assert archive.keeping(shop.database, 1) is None
    archive.keep(shop.database, 1, Keeping(400, dropped=True))
    assert archive.keeping(shop.database, 1) == Keeping(400, dropped=True)
    archive.keep(shop.database, 1, None)
    assert archive.keeping(shop.database, 1) is None
    with pytest.raises(ValueError, match="30 days at the earliest"):
        archive.keep(shop.database, 1, Keeping(7))
