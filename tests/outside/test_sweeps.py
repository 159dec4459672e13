"""Every shop is asked every five minutes what changed: always, by one worker at a time, and nothing is left out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from ordna.connectors.contract import Answer
from ordna.connectors.shopify.client import Reply
from ordna.connectors.shopify.listing import Mark, Swept, list_changed
from ordna.engine import clock
from ordna.engine.outbounds import Outbounds
from ordna.engine.watch import Watcher
from ordna.store import watch
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import House
from tests.outside.test_rereads import node

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def sweep_row(house: House, *columns: str) -> tuple[Any, ...]:
    """Columns of the sweep's row."""
    [row] = house.rows(f"select {', '.join(columns)} from watch where duty = 'sweep'")
    return row


def sweep_again(house: House) -> None:
    """The five minutes are over."""
    house.rows_changed("update watch set due_at = now() where duty = 'sweep'")
    house.watch()


def test_a_connection_is_swept_though_no_timer_message_or_lane_asks_for_it(house: House, outside: CannedShop) -> None:
    house.watch()
    assert len(outside.sent("Sweep")) == 1
    good, wait, found, failures = sweep_row(house, "good_at is not null", "due_at - now()", "found", "failures")
    assert (good, found, failures) == (True, 0, 0)
    assert timedelta(minutes=4.9) < wait <= timedelta(minutes=5)
    assert house.watch() == 0, "nothing is due before"


def test_what_changed_is_read_and_what_was_read_since_is_not_read_again(house: House, outside: CannedShop) -> None:
    house.watch()
    before = clock.now() - timedelta(minutes=3)
    outside.orders["1"] = node(1)
    outside.changed = [("1", before.isoformat())]
    sweep_again(house)
    assert house.rows("select order_ref, why, urgency from reread") == [("1", "swept", 5)]
    assert sweep_row(house, "found", "missed") == (1, 1), "no webhook told of it"
    house.read_again()
    house.work()
    sweep_again(house)
    assert house.rows("select count(*) from reread") == [(0,)], "the overlap brings it up again; it was read since"
    assert sweep_row(house, "found", "missed") == (1, 0)


def test_a_sweep_looks_back_from_the_last_one_that_reached_its_end(house: House, outside: CannedShop) -> None:
    house.watch()
    house.rows_changed("update watch set good_at = now() - interval '12 minutes' where duty = 'sweep'")
    outside.faults["Sweep"].append("down")
    sweep_again(house)
    sweep_again(house)
    asked = [datetime.fromisoformat(call["query"].split("'")[1]) for call in outside.sent("Sweep")]
    ago = [round((clock.now() - at) / timedelta(minutes=1)) for at in asked]
    assert ago[1:] == [17, 17], "twelve minutes and five of overlap, until one is answered"
    assert sweep_row(house, "failures", "error") == (0, None)


def test_a_shop_that_is_down_is_asked_within_a_minute_again_and_told_of(house: House, outside: CannedShop) -> None:
    outside.faults["Sweep"].extend(["down"] * 9)
    for _ in range(6):
        sweep_again(house)
    failures, wait, error = sweep_row(house, "failures", "due_at - now()", "error")
    assert failures >= 6
    assert wait <= timedelta(minutes=1)
    assert "HTTP 503" in error
    assert "HTTP 503" in house.rows("select last_error from connection")[0][0]


def test_a_throttled_shop_is_no_failure_and_not_asked_at_once(house: House, outside: CannedShop) -> None:
    outside.faults["Sweep"].append("throttled")
    house.watch()
    assert len(outside.sent("Sweep")) == 1
    assert sweep_row(house, "failures", "error", "due_at > now()") == (0, None, True)
    assert house.rows("select available < 0 from budget") == [(True,)], "nobody asks before it has refilled"


def test_one_worker_sweeps_and_another_goes_on_where_it_broke_off(house: House, outside: CannedShop) -> None:
    other = Watcher(house.database, Outbounds(house.ring), "another")
    with house.database.engine([1]) as conn:
        watch.ensure(conn, [1])
    mine = house.watcher._claim(9)
    assert {duty.duty for duty in mine} == {"sweep", "subscriptions"}
    assert other._claim(9) == [], "no two sweep the same shop"
    [sweep] = [duty for duty in mine if duty.duty == "sweep"]
    place = {"since": NOON, "begun": sweep.now, "mark": {"at": NOON, "number": 77}, "found": 500}
    with house.database.engine([1]) as conn:
        assert watch.keep(conn, sweep, json.dumps(place, default=datetime.isoformat))
    house.rows_changed("update watch set until = now() - interval '1 second'")
    other.run_due()
    assert "id:>77" in outside.sent("Sweep")[0]["query"]
    assert sweep_row(house, "found", "owner") == (500, "")
    with house.database.engine([1]) as conn:
        assert not watch.keep(conn, sweep, "{}"), "the one that was thought dead writes nothing"
        assert not watch.finish(conn, sweep, watch.Ended(1.0, good_at=NOON))
    other.close()


class Shelf:
    """A shop's list of orders, (second, number) of each, that shows no more than `deep` of any one list."""

    def __init__(self, orders: list[tuple[int, int]], deep: int) -> None:
        self.orders = orders
        self.deep = deep

    def call(self, document: str, asked: dict[str, Any]) -> Reply | Answer:
        """One page, found and sorted as Shopify does; equal seconds in no order to rely on."""
        assert document == "sweep"
        found = [row for row in self.orders if self._matches(asked["query"], row)]
        found.sort(key=(lambda row: row[1]) if asked["sortKey"] == "ID" else (lambda row: (row[0], -row[1] % 7)))
        page = found[: min(asked["first"], self.deep)]
        nodes = [{"id": f"gid://shopify/Order/{number}", "updatedAt": _at(second)} for second, number in page]
        return Reply({"orders": {"nodes": nodes, "pageInfo": {"hasNextPage": len(found) > len(page)}}})

    @staticmethod
    def _matches(query: str, row: tuple[int, int]) -> bool:
        for term in query.split():
            name, _, rest = term.partition(":")
            sign = rest[:2] if rest[1] == "=" else rest[:1]
            value = rest.removeprefix(sign).strip("'")
            there = row[1] if name == "id" else datetime.fromisoformat(_at(row[0]))
            wanted: Any = int(value) if name == "id" else datetime.fromisoformat(value)
            if not {">=": there >= wanted, ">": there > wanted, "<": there < wanted}[sign]:
                return False
        return True


def _at(second: int) -> str:
    return (NOON + timedelta(seconds=second)).isoformat()


def everything(shelf: Shelf, first: int, until: datetime | None = None) -> list[str]:
    """The numbers of all pages, each asked for by the mark of the one before."""
    mark: Mark | None = Mark(NOON)
    listed: list[str] = []
    pages = 0
    while mark is not None:
        page = list_changed(shelf, mark, until, first)
        assert isinstance(page, Swept)
        listed += [ref for ref, _ in page.orders]
        mark = page.mark
        pages += 1
        assert pages < 10_000
    return listed


def test_more_changes_than_a_shop_pages_are_all_listed_once() -> None:
    spread = [(number // 3, number) for number in range(1, 30_001)]
    listed = everything(Shelf(spread, deep=250), 250)
    assert len(listed) == len(set(listed)) == 30_000


def test_thousands_that_changed_in_one_second_are_all_listed_once() -> None:
    burst = [(5, number) for number in range(1, 26_001)] + [(5 + number, 50_000 + number) for number in range(300)]
    listed = everything(Shelf(burst, deep=250), 250)
    assert len(listed) == len(set(listed)) == 26_300


def test_a_listing_ends_where_it_was_told_to() -> None:
    rows = [(number // 2, number) for number in range(1, 101)]
    until = NOON + timedelta(seconds=20)
    assert set(everything(Shelf(rows, deep=7), 7, until)) == {str(n) for second, n in rows if second < 20}
