"""What a shop asks about personal data, over real HTTP to the app's own address, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ordna.core.messages import WriteNote
from ordna.engine import privacy
from ordna.engine.erase import Subject
from ordna.engine.held_about import held_about
from ordna.engine.policies import Policies
from ordna.engine.privacy import Privacy
from ordna.engine.replay import replay
from ordna.engine.requests import Accepted, ask
from ordna.store import personal
from tests.engine.conftest import Shop, later, order_body
from tests.engine.test_erase import KAREN, hits
from tests.engine.test_intake import Server

APP = "/webhooks/shopify"
CUSTOMER = {"id": 5901, "email": "karen@example.com", "phone": "+45 12 34 56 78"}
OTHER = {"id": 7, "email": "nobody@example.com", "phone": None}


@pytest.fixture
def server(shop: Shop) -> Iterator[Server]:
    started = Server(shop.dsn)
    yield started
    started.stop()


def tell(server: Server, topic: str, body: dict[str, Any], number: str = "c-1", **changes: str | None) -> int:
    """A compliance topic as a shop sends it to the app."""
    raw = json.dumps({"shop_id": 954889, "shop_domain": "example.myshopify.com", **body}).encode()
    return server.deliver(raw, path=APP, X_Shopify_Topic=topic, X_Shopify_Webhook_Id=number, **changes)


def carried_out(shop: Shop, home: Path) -> list[tuple[str, str | None]]:
    """Take in what waits and carry out what is asked: (kind, outcome) of all requests."""
    shop.step()
    Privacy(shop.database, shop.ring, home).round()
    return shop.rows("select kind, outcome from privacy_request order by request_id")


@pytest.mark.parametrize(
    "body",
    [
        {"customer": CUSTOMER, "orders_to_redact": [5001]},
        {"customer": {"id": 5901}, "orders_to_redact": []},
        {"customer": {"id": None, "email": "Karen@Example.com"}, "orders_to_redact": []},
        {"customer": {"id": 1}, "orders_to_redact": [5001]},
    ],
)
def test_a_customer_is_erased_by_number_by_order_and_by_address(
    server: Server, shop: Shop, tmp_path: Path, body: dict[str, Any]
) -> None:
    shop.send("orders/create", order_body(note="ring hos Karen Holm"))
    shop.step()
    before = replay(shop.database)
    assert tell(server, "customers/redact", body) == 200
    assert carried_out(shop, tmp_path) == [("redact", "1 order lost the person.")]
    assert hits(shop, *KAREN) == []
    assert replay(shop.database) == before and before.sound


def test_an_unknown_customer_is_answered_and_noted(server: Server, shop: Shop, tmp_path: Path) -> None:
    shop.send("orders/create", order_body())
    shop.step()
    assert tell(server, "customers/redact", {"customer": OTHER, "orders_to_redact": [1, 2]}) == 200
    assert tell(server, "customers/redact", {"customer": OTHER, "orders_to_redact": [1, 2]}) == 200  # sent twice
    assert carried_out(shop, tmp_path) == [("redact", privacy.NOBODY)]
    assert shop.outcomes() == ["facts", "request", "duplicate"] and hits(shop, "nobody@example.com") == []
    assert shop.rows("select count(*) from person") == [(1,)]


@pytest.mark.parametrize(
    "changes",
    [
        {"X_Shopify_Hmac_Sha256": "bm90IHRoZSBzaWduYXR1cmU="},
        {"X_Shopify_Hmac_Sha256": None},
        {"X_Shopify_Shop_Domain": "another.myshopify.com"},
        {"X_Shopify_Shop_Domain": None},
    ],
)
def test_what_is_not_signed_by_that_shop_is_401_and_not_stored(
    server: Server, shop: Shop, changes: dict[str, str | None]
) -> None:
    for topic in ("customers/redact", "customers/data_request", "shop/redact"):
        assert tell(server, topic, {"customer": CUSTOMER}, **changes) == 401
    assert shop.rows("select count(*) from inbox") == [(0,)]


def test_a_body_that_names_nobody_is_kept_for_people_to_see(server: Server, shop: Shop) -> None:
    for number, raw in enumerate((b"", b"{", b"[]", b'{"customer": {"id": "x"}}')):
        assert (
            server.deliver(raw, path=APP, X_Shopify_Topic="customers/redact", X_Shopify_Webhook_Id=f"b-{number}") == 200
        )
    shop.step()
    assert shop.outcomes() == ["unusable"] * 4
    assert shop.rows("select count(*) from privacy_request") == [(0,)]


def test_a_request_for_data_waits_with_a_download_until_somebody_answers(
    server: Server, shop: Shop, tmp_path: Path
) -> None:
    shop.send("orders/create", order_body(5001, note="ring på"))
    shop.send("orders/create", order_body(5002, email="peter@example.com", customer={"id": 3}))
    shop.step()
    asked = {"customer": CUSTOMER, "orders_requested": [5001], "data_request": {"id": 9999}}
    assert tell(server, "customers/data_request", asked) == 200
    assert carried_out(shop, tmp_path) == [("data_request", None)]
    [(number, sealed, days)] = shop.rows(
        "select request_id, subject, extract(day from due_at - received_at)::int from privacy_request"
    )
    assert days in (29, 30) and b"karen" not in sealed
    file = json.loads(held_about(shop.database, shop.ring, 1, privacy.opened(shop.ring, 1, sealed), shop.now))
    [order] = file["orders"]
    assert (order["name"], order["person"]["email"], order["person"]["note"]) == (
        "#5001",
        "karen@example.com",
        "ring på",
    )
    assert [message["topic"] for message in file["messages"]] == ["orders/create"]
    assert "peter" not in json.dumps(file)
    assert privacy.answered(shop.database, 1, number, "ida")
    assert not privacy.answered(shop.database, 1, number, "ida")
    assert shop.rows("select subject, outcome from privacy_request") == [(None, "Answered by ida.")]


def test_after_the_app_is_removed_late_messages_have_no_effects_and_no_token_is_left(
    server: Server, shop: Shop, tmp_path: Path
) -> None:
    shop.send("orders/create", order_body())
    shop.step()
    asked = ask(shop.database, Policies(shop.ring), 1, "7-5001", WriteNote("x"), "jane", at=shop.now)
    assert isinstance(asked, Accepted)
    sealed = shop.rows("select credentials from connection")
    assert server.deliver(b'{"id": 954889}', X_Shopify_Topic="app/uninstalled", X_Shopify_Webhook_Id="u") == 200
    shop.send("orders/updated", order_body(updated_at=later(5), total_price="9000.00", note="late"))
    assert ("uninstalled", "The connection is gone; nothing is sent or taken in any more.") in carried_out(
        shop, tmp_path
    )
    assert shop.rows("select credentials from connection") != sealed
    assert shop.rows("select mode, subscribed, (select count(*) from reread) from connection") == [("gone", [], 0)]
    effects = shop.rows("select count(*) from effect")
    late = json.dumps(order_body(5009)).encode()
    shop_forgets = Server(shop.dsn)  # an intake without the old answer in its memory
    assert shop_forgets.deliver(late) == 200 and shop_forgets.deliver(b"{}", X_Shopify_Hmac_Sha256="bm8=") == 401
    shop_forgets.stop()
    shop.send("orders/updated", order_body(updated_at=later(9), financial_status="refunded"))
    shop.step()
    assert shop.rows("select count(*) from orders") == [(1,)]
    assert shop.rows("select count(*) from effect") == effects


def test_two_days_later_everything_of_the_shop_goes(server: Server, shop: Shop, tmp_path: Path) -> None:
    for number in (5001, 5002):
        shop.send("orders/create", order_body(number))
    shop.step()
    assert server.deliver(b'{"id": 954889}', X_Shopify_Topic="app/uninstalled", X_Shopify_Webhook_Id="u") == 200
    carried_out(shop, tmp_path)
    assert tell(server, "shop/redact", {}) == 200
    outcomes = dict(carried_out(shop, tmp_path))
    assert outcomes == {"shop_redact": "Everything of the shop was deleted, 2 orders with it."}
    kept = {"merchant", "policy", "lease", "seen", "erasure", "erased", "privacy_request", "ordna_migration", "switch"}
    for table in personal.COLUMNS.keys() - kept:
        assert shop.rows(f"select count(*) from {table}") == [(0,)], table
    assert hits(shop, *KAREN, "example.myshopify.com") == []
    assert server.deliver(b"{}", X_Shopify_Topic="orders/create") in (200, 401)


def test_a_shop_that_is_still_connected_is_deleted_only_when_somebody_says_so(
    server: Server, shop: Shop, tmp_path: Path
) -> None:
    shop.send("orders/create", order_body())
    shop.step()
    assert tell(server, "shop/redact", {}) == 200
    assert carried_out(shop, tmp_path) == [("shop_redact", privacy.STILL_HERE)]
    assert shop.rows("select count(*) from orders") == [(1,)]
    [(number,)] = shop.rows("select request_id from privacy_request")
    assert privacy.confirm(shop.database, shop.ring, 1, number)
    assert carried_out(shop, tmp_path) == [("shop_redact", "Everything of the shop was deleted, 1 orders with it.")]
    assert shop.rows("select count(*) from orders") == shop.rows("select count(*) from connection") == [(0,)]


def test_a_number_of_a_deleted_shop_is_not_given_again(server: Server, shop: Shop, tmp_path: Path) -> None:
    from ordna.store import linking

    assert tell(server, "shop/redact", {}) == 200
    carried_out(shop, tmp_path)
    privacy.confirm(shop.database, shop.ring, 1, shop.rows("select request_id from privacy_request")[0][0])
    carried_out(shop, tmp_path)
    with shop.database.engine([1]) as conn:
        assert linking.next_connection(conn, 1) == 8


def test_nobody_is_held_about_whom_nothing_is_known(shop: Shop) -> None:
    file = json.loads(held_about(shop.database, shop.ring, 1, Subject(email="nobody@example.com"), shop.now))
    assert file["orders"] == file["messages"] == []
