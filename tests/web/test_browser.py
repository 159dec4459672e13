"""Each page in a real browser, large and small, light and dark: no error in the console, nothing sticks out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from tests.web.conftest import House

SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def served(house: House) -> Iterator[str]:
    """The address the pages are served at, as a web process serves them, but for live updates."""
    from django.core.wsgi import get_wsgi_application

    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def chromium(chromium_path: Path) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    # The driver runs an event loop in our thread; Django would take our plain calls for calls from a coroutine.
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        launched = playwright.chromium.launch(executable_path=str(chromium_path), args=["--no-sandbox"])
        yield launched
        launched.close()


def sign_in(page: Any, served: str) -> None:
    from ordna.engine import clock
    from ordna.store import accounts

    link = accounts.new_link(accounts.ensure_person("ida", 1), clock.now())
    page.goto(f"{served}/sign-in/{link}")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{served}/")


def have_set_aside(house: House, order_ref: str) -> None:
    """A message about this order could not be handled, and one that names none."""
    house.send("orders/create", b"no json at all")
    house.send("orders/updated", b'{"id": ' + order_ref.encode() + b"}")
    house.step()
    with house.database.engine([1]) as conn:
        conn.execute(
            b"""update inbox set outcome = 'quarantined', tries = 3, order_hint = %s, error = 'ValueError: no units'
                where inbox_id = (select max(inbox_id) from inbox)""",
            [order_ref],
        )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_page_is_whole(house: House, served: str, chromium: Any, size: str, scheme: str) -> None:
    order = house.place_routed(1077)
    have_set_aside(house, "1077")
    page = chromium.new_page(viewport=SIZES[size], color_scheme=scheme)
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("**/live", lambda route: route.fulfill(status=200, content_type="text/event-stream", body=": hello\n\n"))
    sign_in(page, served)
    for address in ("/", "/orders", f"/orders/{order}", "/work", "/connections", "/orders?q=nothing"):
        page.goto(served + address)
        page.wait_for_load_state("networkidle")
        assert page.title().endswith("Example"), address
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"], address
        assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith("system-ui"), address
    assert errors == []
    page.close()


def test_the_keyboard_goes_everywhere(house: House, served: str, chromium: Any) -> None:
    order = house.place_routed(1077)
    page = chromium.new_page(viewport=SIZES["desktop"])
    page.route("**/live", lambda route: route.fulfill(status=204))
    sign_in(page, served)
    page.keyboard.press("?")
    assert page.get_by_role("heading", name="Keys").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.type("go")
    page.wait_for_url(f"{served}/orders")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served}/orders/{order}")
    page.keyboard.press("/")
    page.keyboard.type("1077")
    with page.expect_navigation(url=f"{served}/orders/{order}"):
        page.keyboard.press("Enter")
    page.keyboard.type("gw")
    page.wait_for_url(f"{served}/work")
    page.wait_for_load_state()
    with page.expect_navigation():
        page.keyboard.press("c")
    page.get_by_text("Mine", exact=True).first.wait_for()
    page.keyboard.press("d")
    page.get_by_role("button", name="Mark as packed").wait_for()
    assert house.rows("select actor from journal where kind = 'Picked'") == [("ida",)]
    page.close()


def test_a_page_that_hears_of_a_change_shows_it_by_itself(house: House, served: str, chromium: Any) -> None:
    page = chromium.new_page(viewport=SIZES["desktop"])
    body = "event: changed\ndata: 1\n\n"
    page.route("**/live", lambda route: route.fulfill(status=200, content_type="text/event-stream", body=body))
    sign_in(page, served)
    page.goto(f"{served}/orders")
    house.place_routed(1077)
    page.get_by_role("link", name="#1077").wait_for(timeout=15_000)
    page.close()
