"""What people book of stock, by hand or from a file, and what is put right when something does not add up."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from ordna.engine import stock_booking
from ordna.engine.invariants import look
from ordna.engine.replay import check_fold
from ordna.engine.stock_booking import COUNT, RECEIVE, Booked, Entry, Problem, book, from_csv
from ordna.engine.stock_items import Item, Place, keep_items, keep_place
from ordna.engine.stock_mending import mend, proposals
from ordna.store.database import Database
from ordna.store.sealing import Keyring
from tests.engine.conftest import FLOW, Shop, order_body
from tests.engine.stock_room import STOCK, bundle, shelve
from tests.engine.test_stock import levels, open_shop, reservations


@pytest.fixture
def shop(db: Database, database: str, ring: Keyring) -> Shop:
    made = open_shop(db, database, ring, FLOW + STOCK)
    shelve(db, 1, {("SCARF", "Aarhus"): 0}, made.now)
    return made


def wrong(found: Booked | list[Problem]) -> list[tuple[int, str, str]]:
    assert isinstance(found, list)
    return [(one.row, one.column, one.code) for one in found]


def test_what_came_in_may_be_promised_to_those_who_wait(shop: Shop) -> None:
    shop.send("orders/create", order_body(5001))
    shop.step()
    assert [row[3] for row in reservations(shop)] == ["short"]
    done = book(
        shop.database, 1, RECEIVE, [Entry("scarf", "Aarhus", 3, "PO 7"), Entry("HAT", "Aarhus", 1)], "jane", shop.now
    )
    assert done == Booked(2, 1)
    shop.step()
    assert levels(shop) == {("hat", "Aarhus"): (1, 0, 1), ("scarf", "Aarhus"): (1, 2, 3)}
    assert shop.rows("select cause, moved_by, note from stock_movement where item = 'scarf' and available = 3") == [
        ("received", "jane", "PO 7")
    ]


def test_a_count_says_what_is_there_and_what_is_promised_stays_promised(shop: Shop) -> None:
    book(shop.database, 1, RECEIVE, [Entry("SCARF", "Aarhus", 5)], "jane", shop.now)
    shop.send("orders/create", order_body(5001))
    shop.step()
    book(shop.database, 1, COUNT, [Entry("SCARF", "Aarhus", 4)], "jane", shop.now)
    assert levels(shop) == {("scarf", "Aarhus"): (2, 2, 4)}
    assert book(shop.database, 1, COUNT, [Entry("SCARF", "Aarhus", 4)], "jane", shop.now) == Booked(0, 0)


def test_a_list_is_booked_whole_or_not_at_all(shop: Shop) -> None:
    bundle(shop.database, 1, "WINTER", {"SCARF": 1})
    rows = [
        Entry("SCARF", "Aarhus", 2),
        Entry("SCARF", "Nowhere", 2),
        Entry("WINTER", "Aarhus", 2),
        Entry("scarf", "Aarhus", 2),
    ]
    assert wrong(book(shop.database, 1, COUNT, rows, "jane", shop.now)) == [
        (2, "location", "unknown_location"),
        (3, "sku", "bundle"),
        (4, "sku", "counted_twice"),
    ]
    assert wrong(book(shop.database, 1, RECEIVE, [Entry("SCARF", "Aarhus", -5)], "jane", shop.now)) == [
        (1, "units", "negative_quantity")
    ]
    assert wrong(book(shop.database, 1, RECEIVE, [Entry("SC\u200bARF", "Aarhus", 5)], "jane", shop.now)) == [
        (1, "sku", "unknown_sku")
    ]
    assert levels(shop) == {("scarf", "Aarhus"): (0, 0, 0)}


@pytest.mark.parametrize(
    "body",
    [
        "\ufeffSKU;Location;Units\r\nSCARF;Aarhus;3\r\n".encode(),
        b'sku,location,units,note\n"SCARF","Aarhus",3,"two\nlines"\n\n',
        b"units\tlocation\tsku\n3\tAarhus\tSCARF",
    ],
)
def test_files_of_every_make_are_read(body: bytes) -> None:
    [entry] = from_csv(body)
    assert isinstance(entry, Entry) and (entry.sku, entry.location, entry.units) == ("SCARF", "Aarhus", 3)


@pytest.mark.parametrize(
    ("body", "row", "column", "code"),
    [
        (b"sku,units\nSCARF,3", 0, "location", "missing_column"),
        (b"sku,location,units\nSCARF,Aarhus,3\nSCARF,Aarhus", 2, "", "ragged_row"),
        (b"sku,location,units\nSCARF,Aarhus,1.5", 1, "units", "not_whole"),
        ("sku,location,units\nSCARF,Aarhus,\u00b2".encode(), 1, "units", "not_whole"),
        (b"sku,location,units\nSC\xff,Aarhus,1", 0, "", "bad_encoding"),
        (b"x" * (stock_booking.CSV_BYTES_MAX + 1), 0, "", "too_large"),
    ],
)
def test_a_bad_file_is_told_by_row_and_column(body: bytes, row: int, column: str, code: str) -> None:
    assert [(one.row, one.column, one.code) for one in from_csv(body) if isinstance(one, Problem)] == [
        (row, column, code)
    ]


# --- what does not add up -------------------------------------------------------------------------------------


LEAKS = {
    "a level that differs from its ledger": "update stock_level set available = 9",
    "a level that lost an update": "update stock_level set committed = 0",
    "a reservation whose order is gone": "insert into reservation values (1, '7-9999', '1', 'scarf', 'Aarhus',"
    " 'reserved', 1, 7, 'order', '', now(), null, '');"
    "update stock_level set available = available - 1, committed = committed + 1;"
    "insert into stock_movement (merchant_id, at, item, location, available, committed, cause)"
    " values (1, now(), 'scarf', 'Aarhus', -1, 1, 'reserved')",
    "an order that waits and is gone": "insert into reservation values (1, '7-9999', '1', 'scarf', '', 'short',"
    " 1, 7, 'order', '', now(), null, '')",
    "units committed to nobody": "update stock_level set available = available - 1, committed = committed + 1;"
    "insert into stock_movement (merchant_id, at, item, location, available, committed, cause)"
    " values (1, now(), 'scarf', 'Aarhus', -1, 1, 'reserved')",
}


@pytest.fixture
def leaking(database: str, ring: Keyring) -> Iterator[Shop]:
    opened = Database(database)
    made = open_shop(opened, database, ring, FLOW + STOCK)
    shelve(opened, 1, {("SCARF", "Aarhus"): 5}, made.now)
    made.send("orders/create", order_body(5001))
    made.step()
    yield made
    check_fold(opened)
    opened.close()


@pytest.mark.parametrize("leak", LEAKS)
def test_every_leak_is_named_and_one_entry_puts_it_right(leaking: Shop, leak: str) -> None:
    with psycopg.connect(leaking.dsn) as conn:
        conn.execute(LEAKS[leak].encode())
    assert any(found.rows for found in look(leaking.database, everything=True))
    [proposed] = proposals(leaking.database, 1)
    assert mend(leaking.database, 1, [proposed.key], "jane", leaking.now) == [proposed]
    assert [found.rows for found in look(leaking.database, everything=True) if found.rows] == []
    assert proposals(leaking.database, 1) == []
    assert levels(leaking) == {("scarf", "Aarhus"): (3, 2, 5)}
    assert mend(leaking.database, 1, [proposed.key], "jane", leaking.now) == []
    booked = leaking.rows("select moved_by from stock_movement where cause = 'mended'")
    assert booked == ([] if leak == "an order that waits and is gone" else [("jane",)])


def test_nothing_is_proposed_where_everything_adds_up(leaking: Shop) -> None:
    assert proposals(leaking.database, 1) == []


# --- how items and places are kept ----------------------------------------------------------------------------


def test_an_item_that_comes_to_be_known_serves_those_who_waited(shop: Shop) -> None:
    book(shop.database, 1, RECEIVE, [Entry("HAT", "Aarhus", 5), Entry("SCARF", "Aarhus", 5)], "jane", shop.now)
    body = order_body(5001)
    body["line_items"][0]["sku"] = "WINTER"
    shop.send("orders/create", body)
    shop.step()
    assert shop.rows("select cause from reservation") == [("unknown_sku",)]
    assert keep_items(shop.database, 1, [Item("Winter", "Winter set", parts={"hat": 1, "SCARF": 2})], shop.now) == []
    shop.step()
    assert levels(shop) == {("hat", "Aarhus"): (3, 2, 5), ("scarf", "Aarhus"): (1, 4, 5)}


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (Item("BOX", parts={"WINTER": 1}), "bundle_in_bundle"),
        (Item("HAT", parts={"SCARF": 1}), "bundle_in_bundle"),
        (Item("SCARF", parts={"HAT": 1}), "bundle_has_levels"),
        (Item("BOX", limits={99: 1}), "unknown_connection"),
        (Item("BOX", backorder="maybe"), "unknown_backorder"),
        (Item("BOX", parts={"HAT": 0}), "out_of_range"),
        (Item(" "), "bad_sku"),
    ],
)
def test_an_item_that_makes_no_sense_is_refused(shop: Shop, item: Item, code: str) -> None:
    book(shop.database, 1, RECEIVE, [Entry("SCARF", "Aarhus", 5)], "jane", shop.now)
    assert keep_items(shop.database, 1, [Item("WINTER", parts={"HAT": 1})], shop.now) == []
    assert code in [wrong.code for wrong in keep_items(shop.database, 1, [item], shop.now)]


def test_a_share_and_a_promise_for_later_hold_from_then_on(shop: Shop) -> None:
    book(shop.database, 1, RECEIVE, [Entry("SCARF", "Aarhus", 5)], "jane", shop.now)
    assert keep_items(shop.database, 1, [Item("SCARF", backorder="any", limits={7: 1})], shop.now) == []
    shop.send("orders/create", order_body(5001))
    shop.step()
    assert [row[3:] for row in reservations(shop)] == [("backorder", 1), ("reserved", 1)]


def test_a_place_is_made_changed_and_closed(shop: Shop) -> None:
    assert keep_place(shop.database, 1, Place("902", "Odense", 5)) is None
    assert keep_place(shop.database, 1, Place("902", "Odense", 5, active=False)) is None
    assert shop.rows("select title, priority, active from location where location = '902'") == [("Odense", 5, False)]
    for place in (Place(""), Place("x" * 101), Place("a\nb"), Place("x", priority=-1)):
        assert keep_place(shop.database, 1, place) is not None
