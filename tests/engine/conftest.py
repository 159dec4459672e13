"""A shop to test the engine with: a merchant, its connection, its flow, and webhooks as a shop sends them.

Every test that touches the database ends with the proof that the journal explains the stored orders.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ordna.engine.invariants import check_invariants
from ordna.engine.lanes import lane_of
from ordna.engine.leases import Leases
from ordna.engine.policies import Policies
from ordna.engine.replay import check_fold
from ordna.engine.step import Stepper
from ordna.store import connections, inbox
from ordna.store.database import Database
from ordna.store.inbox import Raw
from ordna.store.sealing import Keyring

FLOW = (Path(__file__).parents[2] / "flows" / "webshop.yaml").read_text()
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECRET = "hush"
TOKEN = "hook-token-of-the-shop-0001"


@dataclass
class Shop:
    """One merchant with one live shop, and a worker that is ours to step."""

    database: Database
    dsn: str
    ring: Keyring
    merchant_id: int = 1
    connection_id: int = 7
    domain: str = "example.myshopify.com"
    token: str = TOKEN
    now: datetime = NOON
    sent: int = 0
    stepper: Stepper = field(init=False)
    leases: Leases = field(init=False)

    def __post_init__(self) -> None:
        self.leases = Leases(self.database, f"worker of {self.merchant_id}")
        self.stepper = Stepper(self.database, self.leases, Policies(self.ring), lambda: self.now)

    def open(self, mode: str = "live") -> None:
        """Make the merchant, its connection, its address and its flow."""
        key = (self.merchant_id, self.connection_id)
        with self.database.engine([self.merchant_id]) as conn:
            conn.execute(b"insert into merchant (merchant_id, name) values (%s, 'Example')", (self.merchant_id,))
            conn.execute(
                b"insert into connection (merchant_id, connection_id, kind, title, domain, base_url, api_version, mode,"
                b" live_since, credentials, webhook_secrets)"
                b" values (%s, %s, 'shopify', 'Shop', %s, 'http://127.0.0.1:1', '2026-10', %s, %s, %s, %s)",
                (
                    *key,
                    self.domain,
                    mode,
                    self.now if mode == "live" else None,
                    connections.seal_credentials(self.ring, {"token": "t", "client_id": "app"}, key),
                    connections.seal_secrets(self.ring, [SECRET], key),
                ),
            )
            conn.execute(b"insert into address values (%s, %s, %s)", (self.token, *key))
            conn.execute(
                b"insert into policy (merchant_id, version, flow, activated_by) values (%s, 1, %s, 'test')",
                (self.merchant_id, FLOW),
            )
            connections.ensure_lanes(conn, [self.merchant_id])

    def send(self, topic: str, body: dict[str, Any] | bytes, webhook_id: str | None = None) -> None:
        """A webhook as the intake would store it."""
        self.sent += 1
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        hint = None
        if isinstance(body, dict):
            hint = str(body.get("order_id") or body.get("id"))
        row = Raw(
            self.merchant_id,
            self.now,
            lane_of(hint or "?"),
            self.connection_id,
            topic,
            webhook_id or f"hook-{self.sent}",
            hint,
            b"{}",
            raw,
        )
        with self.database.engine([self.merchant_id]) as conn:
            inbox.store(conn, [row])

    def tell(self, topic: str, order_ref: str, message: Any) -> None:
        """A message to ourselves."""
        import msgspec

        body = message if isinstance(message, bytes) else msgspec.json.encode(message)
        row = Raw(self.merchant_id, self.now, lane_of(order_ref), self.connection_id, topic, "", order_ref, b"{}", body)
        with self.database.engine([self.merchant_id]) as conn:
            inbox.store(conn, [row])

    def step(self) -> int:
        """Handle all that waits."""
        handled = 0
        while done := self.stepper.round():
            handled += done
        return handled

    def rows(self, statement: str, *params: Any) -> list[tuple[Any, ...]]:
        """What stands in the tables."""
        with psycopg.connect(self.dsn) as conn:
            return conn.execute(statement.encode(), params or None).fetchall()

    def outcomes(self) -> list[str]:
        """The outcomes of the inbox, in order."""
        return [row[0] for row in self.rows("select outcome from inbox order by inbox_id")]


@pytest.fixture
def ring() -> Keyring:
    return Keyring({1: b"k" * 32})


@pytest.fixture
def db(database: str) -> Iterator[Database]:
    opened = Database(database)
    yield opened
    check_fold(opened)
    check_invariants(opened)
    opened.close()


@pytest.fixture
def shop(db: Database, database: str, ring: Keyring) -> Shop:
    made = Shop(db, database, ring)
    made.open()
    return made


def order_body(number: int = 5001, **changes: Any) -> dict[str, Any]:
    """An order as orders/create sends it, cut to what matters."""
    return {
        "id": number,
        "name": f"#{number}",
        "created_at": "2026-11-23T12:00:00+01:00",
        "processed_at": "2026-11-23T12:00:00+01:00",
        "updated_at": "2026-11-23T12:00:00+01:00",
        "currency": "DKK",
        "presentment_currency": "DKK",
        "total_price": "250.00",
        "total_price_set": {
            "shop_money": {"amount": "250.00", "currency_code": "DKK"},
            "presentment_money": {"amount": "250.00", "currency_code": "DKK"},
        },
        "total_line_items_price": "250.00",
        "total_discounts": "0.00",
        "total_tax": "50.00",
        "taxes_included": True,
        "financial_status": "paid",
        "test": False,
        "source_name": "web",
        "email": "karen@example.com",
        "tags": "",
        "customer": {"id": 900 + number, "first_name": "Karen", "last_name": "Holm", "email": "karen@example.com"},
        "shipping_address": {
            "name": "Karen Holm",
            "address1": "Nygade 1",
            "zip": "8000",
            "city": "Aarhus",
            "country_code": "DK",
        },
        "shipping_lines": [{"title": "Standard"}],
        "line_items": [
            {
                "id": number * 10 + 1,
                "title": "Wool scarf",
                "quantity": 2,
                "current_quantity": 2,
                "sku": "SCARF",
                "variant_id": 31,
                "price": "125.00",
                "requires_shipping": True,
                "gift_card": False,
            }
        ],
        "fulfillments": [],
        "refunds": [],
        **changes,
    }


def later(minutes: float) -> str:
    """A time of the shop, so many minutes after noon in Denmark."""
    moment = datetime(2026, 11, 23, 11, 0, tzinfo=UTC) + timedelta(minutes=minutes)
    return moment.isoformat()


def signature(body: bytes, secret: str = SECRET) -> str:
    """The signature a shop puts beside a body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
