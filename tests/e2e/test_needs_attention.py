"""One order with a field that cannot be read: its page says what is wrong, and the others go on."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import urllib.request
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.connectors import shopify_bodies
from tests.e2e.conftest import Observed, awaited

SUBSCRIPTIONS = "{ webhookSubscriptions(first: 1) { nodes { uri } } }"


@pytest.mark.parametrize("observed", [(1, 5)], indirect=True)
@pytest.mark.parametrize("live", [False, True], ids=["observed", "live"])
def test_an_unreadable_field_is_told_on_the_orders_page(observed: Observed, page: Any, live: bool) -> None:
    page.goto(observed.link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{observed.url}/")
    if live:
        go_live(page, observed)
    broken = body(5_999_000_000_001, "#9001", total_price_set="a great deal")
    good = body(5_999_000_000_002, "#9002")
    assert [deliver(observed, broken), deliver(observed, good)] == [200, 200]
    awaited("both orders are here", lambda: len(_stored(observed)) == 2, 30)
    page.goto(f"{observed.url}/orders?show=attention")
    page.get_by_role("link", name="#9001", exact=True).click()
    page.get_by_role("heading", name="#9001", exact=True).wait_for()
    banner = page.locator("main .banner", has_text="Needs attention").first
    said = banner.inner_text()
    assert "could not be read" in said, said
    assert "total_price_set: Here stands a text where an object was due." in said, said
    page.goto(f"{observed.url}/orders?q=%239002")
    page.get_by_role("heading", name="#9002", exact=True).wait_for()
    assert page.locator("main").get_by_text("Needs attention").count() == 0, "the good order goes on"
    assert dict(_stored(observed)) == {"#9001": True, "#9002": False}
    observed.prove_journal()


def go_live(page: Any, observed: Observed) -> None:
    page.goto(f"{observed.url}/connections")
    page.get_by_role("link", name="Go live").click()
    page.get_by_role("button", name="Go live").click()
    page.get_by_text("is live").wait_for()


def body(number: int, name: str, **changes: Any) -> dict[str, Any]:
    """An order as Shopify would send it now."""
    at = datetime.now(UTC).isoformat()
    stamps = dict.fromkeys(("created_at", "processed_at", "updated_at"), at)
    return shopify_bodies.order(
        id=number, admin_graphql_api_id=f"gid://shopify/Order/{number}", name=name, **stamps, **changes
    )


def deliver(observed: Observed, order: dict[str, Any]) -> int:
    """Sign it as the shop signs and send it to where the shop was told to; the status answered."""
    told = observed.practice.get("/_practice/credentials")
    raw = shopify_bodies.wire(order)
    signature = hmac.new(told["client_secret"].encode(), raw, hashlib.sha256).digest()
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Hmac-Sha256": base64.b64encode(signature).decode(),
        "X-Shopify-Shop-Domain": told["shop_domain"],
        "X-Shopify-Webhook-Id": str(uuid4()),
        "X-Shopify-Triggered-At": datetime.now(UTC).isoformat(),
        "X-Shopify-API-Version": "2026-10",
    }
    with urllib.request.urlopen(urllib.request.Request(_callback(observed), raw, headers), timeout=10) as answer:
        return int(answer.status)


def _callback(observed: Observed) -> str:
    told = observed.practice.get("/_practice/credentials")
    request = urllib.request.Request(
        f"{observed.practice.url}/admin/api/2026-10/graphql.json",
        json.dumps({"query": SUBSCRIPTIONS}).encode(),
        {"Content-Type": "application/json", "X-Shopify-Access-Token": told["access_token"]},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["data"]["webhookSubscriptions"]["nodes"][0]["uri"])


def _stored(observed: Observed) -> list[tuple[Any, ...]]:
    return observed.rows("select name, attention from orders where name in ('#9001', '#9002')")
