"""The first day with Ordna, in a browser: from the printed link to an order that is delivered and closed.

A newcomer starts everything with one command, connects the practice shop, sees its month come in while nothing is
changed there, goes live after being shown what that means, opens an order that waits and reads whose turn it is and
why, takes another through pick, pack and ship, and sees the shop and the timeline agree.
"""

from __future__ import annotations

import re
import signal
from typing import Any

from tests.e2e.conftest import STOPS_WITHIN_S, Practice, Running, awaited, gone


def test_a_newcomers_first_day(newcomer: Running, page: Any) -> None:
    shop = newcomer.practice
    sign_in(page, newcomer)
    connect(page, newcomer)
    shop.post("/_practice/pause")
    see_the_month_come_in(page, newcomer)
    assert shop.changes() == 0, "importing a month changed something at the shop"
    go_live(page, newcomer)
    settled(page, newcomer)
    waiting, plain = see_live_orders_on_the_map(page, newcomer)
    read_why_it_waits(page, newcomer, waiting)
    work_through(page, newcomer, plain)
    see_it_shipped_at_the_shop(page, shop, plain)
    see_it_delivered_and_closed(page, newcomer, plain)
    explain(newcomer, plain["name"])
    newcomer.prove_journal()
    end(newcomer)


def sign_in(page: Any, running: Running) -> None:
    page.goto(running.link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{running.url}/")
    page.get_by_role("heading", name="No shop is connected yet").wait_for()


def connect(page: Any, running: Running) -> None:
    page.get_by_role("link", name="Connect a shop").click()
    page.get_by_role("button", name="Connect the practice shop").click()
    page.get_by_text("is connected and observed").wait_for()
    page.locator("section[id^=connection-]").get_by_text("Observing").wait_for()


def see_the_month_come_in(page: Any, running: Running) -> None:
    """Until the page says, by itself, that nothing is left to read; then each of the shop's orders is here."""
    to_read = page.locator("section[id^=connection-] dl div", has_text="To be read again").locator("dd")
    awaited("the page shows the month read to its end", lambda: to_read.inner_text().strip() == "0", 120)
    count = running.practice.get("/_practice/orders")["count"]
    assert count > 400, "that is no month"
    # What came since by webhook is being taken in; replay counts what there is.
    said = awaited("every order is in the journal", lambda: _counted(running, count), 60)
    assert said == count


def go_live(page: Any, running: Running) -> None:
    """Going live shows first what it would do, and does nothing until it is confirmed."""
    page.goto(f"{running.url}/connections")
    page.get_by_role("link", name="Go live").click()
    page.get_by_role("heading", name="What happens to open orders at once").wait_for()
    looked_at = int(page.locator("dl div", has_text="Open orders looked at").locator("dd").inner_text())
    assert looked_at > 0, "a shop with a month behind it has open orders"
    assert page.locator("dl div", has_text="Tasks: work to do").count() == 1, "going live would make work for people"
    assert running.practice.changes() == 0, "looking changed something"
    page.get_by_role("button", name="Go live").click()
    page.get_by_text(f"is live: {looked_at} open orders are being settled").wait_for()


def settled(page: Any, running: Running) -> None:
    """Until the open orders have their tasks, as the preview said."""
    page.goto(f"{running.url}/work")
    page.locator("tr.task").first.wait_for(timeout=60_000)


def see_live_orders_on_the_map(page: Any, running: Running) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two orders are placed while the map is open; it counts them without being loaded again.

    Returns one that waits for a person's check, and one that is ready to be picked.
    """
    shop = running.practice
    page.goto(running.url)
    waits, picks = _node(page, "Check"), _node(page, "Pick")
    before = (_open(waits), _open(picks))
    waiting = shop.order(shop.place(payment="captured", high_value=True, incomplete_address=True))
    awaited("the map counts the order that waits for a check", lambda: _open(waits) > before[0], 30)
    plain = shop.order(shop.place_plain())
    awaited("the map counts the order that can be picked", lambda: _open(picks) > before[1], 30)
    return waiting, plain


def read_why_it_waits(page: Any, running: Running, order: dict[str, Any]) -> None:
    """From the map to the list of the step to the order: whose turn, since when, why."""
    _node(page, "Check").click()
    page.get_by_role("link", name=order["name"], exact=True).click()
    turn = page.get_by_label("Whose turn")
    turn.get_by_text("Customer service · Check").wait_for()
    said = turn.inner_text()
    assert "since" in said, said
    assert "because" in said, said
    assert "address" in said, said
    page.get_by_text("Not now, and why").click()
    assert page.locator("#actions .no").first.inner_text().endswith("."), "a refusal is a sentence"


def work_through(page: Any, running: Running, order: dict[str, Any]) -> None:
    """Claim the task on the order's page, then finish what it brings in My work: pick, pack, ship."""
    find(page, order["name"])
    page.get_by_label("Whose turn").get_by_text("Warehouse · Pick").wait_for()
    page.get_by_role("button", name="Claim", exact=True).click()
    page.get_by_role("button", name="Give back", exact=True).wait_for()
    page.goto(f"{running.url}/work?team=mine")
    row = page.locator("tr.task", has=page.get_by_role("link", name=order["name"], exact=True))
    row.get_by_text("Mine", exact=True).wait_for()
    row.get_by_role("button", name="Mark as picked").click()
    page.get_by_text("Picked.", exact=True).wait_for()
    find(page, order["name"])
    page.get_by_role("button", name="Mark as packed").click()
    page.get_by_text("Packed.", exact=True).wait_for()
    form = page.locator("#actions form", has=page.get_by_role("button", name="Ship and tell the shop"))
    form.get_by_label("Carrier").fill("PostNord")
    form.get_by_label("Tracking number").fill("00370730254738261059")
    form.get_by_role("button", name="Ship and tell the shop").click()
    page.get_by_text("Shipped.", exact=True).wait_for()


def see_it_shipped_at_the_shop(page: Any, shop: Practice, order: dict[str, Any]) -> None:
    """The fulfilment stands at the shop, once, as it was asked; the page tells asked, confirmed, shipped."""
    parcels = awaited("the shop has the fulfilment", lambda: shop.order(order["id"])["fulfillments"], 30)
    assert len(parcels) == 1
    assert (parcels[0]["status"], parcels[0]["company"]) == ("SUCCESS", "PostNord")
    assert parcels[0]["tracking_numbers"] == ["00370730254738261059"]
    assert shop.order(order["id"])["fulfillment_status"] == "FULFILLED"
    assert shop.get("/_practice/mutations")["by_name"]["fulfillmentCreate"] == 1
    page.get_by_label("Whose turn").get_by_text("Carrier · Deliver").wait_for(timeout=90_000)
    asked = page.locator("section.card", has=page.get_by_role("heading", name="Asked of the shop"))
    asked.get_by_text("Fulfil in the shop").wait_for()
    asked.get_by_text("Confirmed").wait_for()
    told = timeline(page)
    for words in ("picked", "packed", "asked to fulfil", "confirmed: fulfil", "left with postnord"):
        assert any(words in line.lower() for line in told), f"the timeline does not tell “{words}”: {told}"


def see_it_delivered_and_closed(page: Any, running: Running, order: dict[str, Any]) -> None:
    """The carrier delivers, the shop closes the order, and the open page follows by itself."""
    running.practice.post(f"/_practice/orders/{order['id']}/deliver")
    page.locator("ol.way li.done", has_text="Deliver").wait_for()
    if not running.practice.order(order["id"])["closed_at"]:
        running.practice.post(f"/_practice/orders/{order['id']}/close")
    page.get_by_label("Whose turn").get_by_text("Nothing more to do").wait_for()
    told = timeline(page)
    for words in ("the receiver has it", "archived"):
        assert any(words in line.lower() for line in told), f"the timeline does not tell “{words}”: {told}"


def explain(running: Running, name: str) -> None:
    said = running.run("explain", name)
    assert said.returncode == 0, said.stdout + said.stderr
    assert said.stdout.startswith(name), said.stdout
    assert "The order is closed." in said.stdout, said.stdout
    for step in ("Payment", "Check", "Pick", "Pack", "Ship", "Deliver", "Close"):
        assert f"✓ {step}" in said.stdout, said.stdout


def end(running: Running) -> None:
    """SIGTERM ends everything that was started, PostgreSQL too; the page that is still open keeps nothing from it."""
    started = running.processes()
    for what in ("practice", "serve", "worker", "postgres"):
        assert any(what in line for line in started.values()), f"no {what} among {started}"
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(STOPS_WITHIN_S) == 0
    assert "killed" not in "".join(running.said), running.said[-3:]
    left = awaited("every process ends", lambda: not [what for pid, what in started.items() if not gone(pid)], 20)
    assert left


def find(page: Any, name: str) -> None:
    """Type an order's number into the search, as people do."""
    page.get_by_label("Find an order by its number").fill(name)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=name, exact=True).wait_for()


def timeline(page: Any) -> list[str]:
    """What the timeline says, newest or oldest first as it stands there."""
    return [str(line) for line in page.locator("ol.timeline .says").all_inner_texts()]


def _node(page: Any, title: str) -> Any:
    """A step on the map."""
    return page.locator(".map svg a", has=page.locator("text.step-title", has_text=re.compile(f"^{title}$")))


def _open(node: Any) -> int:
    return int(node.locator("text.count").text_content())


def _counted(running: Running, count: int) -> int:
    """How many orders `ordna replay` finds, once they are as many as the shop has."""
    first = running.run("replay").stdout.partition(" orders,")[0].replace(",", "")
    return count if first.strip() == str(count) else 0
