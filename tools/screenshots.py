"""Make the pictures of docs/guide.md from a running Ordna.

    ordna up                                                      # connect the practice shop and go live first
    ordna sign-in                                                 # prints a link
    PYTHONPATH=. .venv/bin/python tools/screenshots.py LINK       # writes docs/img/*.png

The link signs in once; the pictures show what stands there at that moment.
"""

import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from tools.browser import MISSING, find_browser

OUT = Path(__file__).resolve().parents[1] / "docs" / "img"
LARGE, SMALL = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SETTLE_MS = 700

# file, address ("order" is one whose turn it is ours), size, scheme
PICTURES = (
    ("flow-map", "/", LARGE, "light"),
    ("flow-map-dark", "/", LARGE, "dark"),
    ("flow-map-phone", "/", SMALL, "light"),
    ("orders", "/orders", LARGE, "light"),
    ("order", "order", LARGE, "light"),
    ("work", "/work", LARGE, "light"),
    ("work-phone", "/work", SMALL, "dark"),
    ("connections", "/connections", LARGE, "light"),
)


def take(browser: Browser, link: str) -> None:
    """Sign in and take every picture."""
    base = "{0.scheme}://{0.netloc}".format(urlsplit(link))
    page = browser.new_page(viewport=LARGE)
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{base}/")
    OUT.mkdir(parents=True, exist_ok=True)
    for name, address, size, scheme in PICTURES:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        page.goto(base + (an_order(page, base) if address == "order" else address))
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=OUT / f"{name}.png")
        print(OUT / f"{name}.png")


def an_order(page: Page, base: str) -> str:
    """An order that tells a story: one that is held, or else the newest."""
    for show in ("held", "open", "all"):
        page.goto(f"{base}/orders?show={show}")
        found = page.locator("[data-row] a.name")
        if found.count():
            return found.first.get_attribute("href") or "/orders"
    return "/orders"


if __name__ == "__main__":
    where = find_browser()
    if where is None or len(sys.argv) != 2:
        sys.exit(MISSING if where is None else __doc__)
    with sync_playwright() as playwright:
        take(playwright.chromium.launch(executable_path=str(where), args=["--no-sandbox"]), sys.argv[1])
