"""The orders a shop had before come in in bulk where the shop gathers them, page by page where it does not."""

from __future__ import annotations

import json
import re
from collections import deque
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from ordna.engine import clock, history
from ordna.engine.connections import Connections
from ordna.web.watching import importing
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import House
from tests.outside.test_rereads import node, waiting

LISTS = ("lineItems", "fulfillmentOrders")


def gathered(outside: CannedShop, count: int, **first: Any) -> None:
    """The shop has so many orders, and gathers them in bulk; the first one is as told."""
    outside.bulk = deque()
    rows = [node(number, **(first if number == 1 else {})) for number in range(1, count + 1)]
    outside.orders = {str(number): row for number, row in enumerate(rows, 1)}
    outside.changed = [(ref, row["updatedAt"]) for ref, row in outside.orders.items()]
    lines = [{name: value for name, value in row.items() if name not in LISTS} for row in rows]
    outside.files = {"/orders": "".join(json.dumps(line) + "\n" for line in lines).encode(), "/parcels": b""}


def imports(house: House) -> int | Any:
    """The import begins; what is due of it is done."""
    expected = Connections(house.database, house.ring).import_history(1, 7)
    go_on(house)
    return expected


def go_on(house: House, times: int = 12) -> None:
    """The import's next pieces."""
    for _ in range(times):
        house.rows_changed(
            "update watch set due_at = now() where duty = 'history' and due_at < now() + interval '1 day'"
        )
        house.watch()


def progress(house: House) -> dict[str, Any]:
    """Where the import stands."""
    [(text,)] = house.rows("select progress::text from watch where duty = 'history'")
    return dict(json.loads(text))


def test_what_is_gathered_in_bulk_costs_some_points_and_no_read(house: House, outside: CannedShop) -> None:
    gathered(outside, 250)
    assert imports(house) == 250
    house.work()
    assert house.rows("select count(*) from orders") == [(250,)]
    assert outside.sent("ReadOrders") == []
    stands = progress(house)
    assert (stands["filed"], stands["to_read"], stands["done"]) == (250, 0, True)
    assert stands["points"] <= 100
    assert outside.mutations() == []


def test_an_order_that_bulk_cannot_bring_is_read_by_itself(house: House, outside: CannedShop) -> None:
    gathered(outside, 5, refunds=[{"id": "gid://shopify/Refund/1"}])
    outside.changed = []
    imports(house)
    assert waiting(house) == [("1", 0)]
    assert house.rows("select urgency, why from reread") == [(8, "history")]


def test_a_file_that_broke_off_is_fetched_again_and_nothing_is_left_out(house: House, outside: CannedShop) -> None:
    gathered(outside, 350)
    outside.faults["File"].extend(["", "half"])  # the parcels' file is whole, the orders' breaks off
    imports(house)
    house.work()
    assert house.rows("select count(*) from orders") == [(350,)]
    assert progress(house)["done"]


def test_a_worker_that_dies_while_it_files_is_followed_by_one_that_passes_over_what_was_filed(
    house: House, outside: CannedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered(outside, 300)
    whole, calls = history._Piece._take_in, [0]

    def dies(self: Any, conn: Any, chunk: Any) -> None:
        calls[0] += 1
        if calls[0] == 3:
            raise SystemExit
        whole(self, conn, chunk)

    monkeypatch.setattr(history._Piece, "_take_in", dies)
    with pytest.raises(SystemExit):
        imports(house)
    assert progress(house)["filed"] == 200
    house.rows_changed("update watch set until = now()")
    go_on(house)
    house.work()
    assert house.rows("select count(*) from orders") == [(300,)]
    assert house.rows("select count(*) from inbox where topic = 'ordna/read'") == [(300,)], "none was filed twice"


def test_history_waits_while_messages_pile_up(
    house: House, outside: CannedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "WAITING_MAX", 150)
    monkeypatch.setattr(history, "RUN_WITHIN_S", 0.0)
    gathered(outside, 400)
    imports(house)
    assert house.rows("select count(*) from inbox where handled_at is null") == [(200,)]
    house.work()
    go_on(house, 2)
    house.work()
    go_on(house, 2)
    assert progress(house)["done"]


def test_a_shop_that_refuses_is_read_page_by_page_and_the_page_says_so(house: House, outside: CannedShop) -> None:
    gathered(outside, 30)
    outside.bulk = None
    imports(house)
    assert progress(house)["refused"] == "This app may not."
    assert len(waiting(house)) == 30
    assert importing('{"expected": 30, "to_read": 12, "refused": "no"}') == (
        "Earlier orders are coming in: 12 of 30, page by page, for the shop does not gather them in bulk;"
        " 12 are read one by one."
    )


def test_operations_that_fail_again_and_again_are_given_up_for_pages(house: House, outside: CannedShop) -> None:
    gathered(outside, 3)
    assert outside.bulk is not None
    outside.bulk.extend(["FAILED"] * 99)
    imports(house)
    go_on(house, 30)
    assert progress(house)["refused"] == "failed"
    assert len(waiting(house)) == 3


@pytest.mark.parametrize(("scope", "days"), [("read_orders", 60), ("read_all_orders", None)])
def test_it_reaches_as_far_back_as_the_shop_lets_us(
    house: House, outside: CannedShop, scope: str, days: int | None
) -> None:
    gathered(outside, 2)
    outside.scopes = (scope,)
    imports(house)
    first = outside.sent("CountOrders")[0]["query"]
    [since] = [call["query"].split("updated_at:>='")[1][:10] for call in outside.sent("BulkRun")[:1]]
    if days is None:
        assert first == ""
        assert since == "2006-01-01"
    else:
        assert since == f"{clock.now() - timedelta(days=days):%Y-%m-%d}"


def test_a_long_time_is_imported_in_windows_newest_first_without_a_hole(
    house: House, outside: CannedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "WINDOW_ORDERS", 2)
    gathered(outside, 9)
    ages = (1, 2, 3, 4, 10, 30, 31, 50, 55)
    outside.changed = [
        (str(n), f"{clock.now() - timedelta(days=age):%Y-%m-%dT%H:%M:%SZ}") for n, age in enumerate(ages)
    ]
    imports(house)
    go_on(house, 60)
    assert progress(house)["done"]
    asked = [call["query"] for call in outside.sent("BulkRun") if "BulkOrders" in call["query"]]
    windows = [re.findall(r"updated_at:(?:>=|<)'([^']+)'", query) for query in asked]
    assert len(windows) >= 5
    assert all(newer[0] == older[1] for newer, older in pairwise(windows)), "each begins where the newer one ends"
    assert windows[0][1][:10] == f"{clock.now():%Y-%m-%d}"
    assert windows[-1][0][:10] == f"{clock.now() - timedelta(days=60):%Y-%m-%d}"
    for since, until in windows:
        assert sum(since <= at < until for _, at in outside.changed) <= 2
