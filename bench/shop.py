"""The bench's merchants with their connections, and what the practice shop charges for each document."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from ordna.connectors.shopify.client import API_VERSION
from ordna.connectors.shopify.documents import text_of
from ordna.connectors.shopify.listing import ORDERS_A_PAGE
from ordna.practice.catalogue import open_shop
from ordna.practice.checkout import checked_out
from ordna.practice.graphql import Endpoint
from ordna.practice.model import Order, gid
from ordna.practice.mutations import placing
from ordna.practice.plots import draw_basket
from ordna.practice.world import World
from ordna.store import linking, watch
from ordna.store.connections import ensure_lanes, seal_credentials, seal_secrets
from ordna.store.database import Connection, Database
from ordna.store.sealing import Keyring, keyring

SECRET = b"bench-secret"
FLOW = Path(__file__).parent.parent / "flows" / "webshop.yaml"
PLENTY = 1e6


def open_merchants(
    dsn: str, home: Path, count: int, base_url: str, more_rules: str = ""
) -> list[tuple[str, str, bytes, int]]:
    """`count` merchants, each with a live connection and the shipped flow, made where they are missing: (path, domain,
    secret, merchant) of each. `more_rules` is YAML that follows the flow's own."""
    database = Database(dsn)
    merchants = list(range(1, count + 1))
    with database.engine(merchants) as conn:
        known = {row[0] for row in conn.execute(b"select merchant_id from merchant")}
        fresh = [merchant for merchant in merchants if merchant not in known]
        _make(conn, keyring(home), fresh, base_url, more_rules)
        conn.execute(b"update connection set base_url = %s", (base_url,))
    with database.engine(merchants) as conn:
        watch.ensure(conn, merchants)
        # As in any house that has run for a while: the connections' sweeps are spread over the five minutes.
        conn.execute(b"update watch set due_at = now() + make_interval(secs => 300.0 * merchant_id / %s)", (count,))
    with psycopg.connect(dsn) as conn:
        conn.execute(
            """insert into budget (merchant_id, connection_id, available, maximum, restore_per_s, updated_at)
               select merchant_id, 1, %(plenty)s, %(plenty)s, %(plenty)s, now() from merchant on conflict do nothing""",
            {"plenty": PLENTY},
        )
    database.close()
    return [(f"/webhooks/{_token(merchant)}", _domain(merchant), SECRET, merchant) for merchant in merchants]


def _make(conn: Connection, ring: Keyring, merchants: list[int], base_url: str, more_rules: str) -> None:
    flow = FLOW.read_text(encoding="utf-8") + more_rules
    for merchant in merchants:
        key = (merchant, 1)
        linking.create_merchant(conn, merchant, f"Shop {merchant}", "Europe/Copenhagen", "DKK")
        linking.activate_policy(conn, merchant, flow, "bench")
        linking.create_connection(conn, _connection(ring, key, _domain(merchant), base_url))
        linking.create_address(conn, key, _token(merchant))
        linking.switch_mode(conn, key, "live", ["observe"])
    if merchants:
        ensure_lanes(conn, merchants)


def _token(merchant: int) -> str:
    return f"bench-merchant-{merchant:06d}"


def _domain(merchant: int) -> str:
    return f"shop-{merchant}.myshopify.com"


def charges() -> dict[str, float]:
    """Points the practice shop charges for one object of each document the run sends."""
    return {name: actual for name, (_, actual) in prices().items()}


def prices() -> dict[str, tuple[float, float]]:
    """(points asked for, points used) at the practice shop for one object of each document."""
    world = open_shop(1, datetime.now(UTC))
    chance = Random(1)
    order = _routed(world, chance)
    while len(order.fulfillment_orders) != 1:
        order = _routed(world, chance)
    part = order.fulfillment_orders[0]
    endpoint, app = Endpoint(world), world.apps[0]
    lines = {"fulfillmentOrderId": gid("FulfillmentOrder", part.id)}
    asks: dict[str, tuple[str, dict[str, Any]]] = {
        "ReadOrders": ("read_orders", {"ids": [gid("Order", order.id)]}),
        "OrdersOfParts": ("orders_of_parts", {"ids": [gid("FulfillmentOrder", part.id)]}),
        "PartLines": ("part_lines", {"id": gid("FulfillmentOrder", part.id)}),
        "AddTags": ("add_tags", {"id": gid("Order", order.id), "tags": ["x"]}),
        "Hold": ("hold", {"id": gid("FulfillmentOrder", part.id), "hold": {"reason": "OTHER", "handle": "x"}}),
        "Fulfill": ("fulfill", {"fulfillment": {"lineItemsByFulfillmentOrder": [lines]}}),
        "Sweep": ("sweep", {"query": "", "first": ORDERS_A_PAGE, "sortKey": "UPDATED_AT"}),
        "Subscriptions": ("subscriptions", {"after": None}),
        "Subscribe": ("subscribe", {"topic": "ORDERS_PAID", "uri": "https://orders.example.com/webhooks/x"}),
    }
    out = {}
    for name, (document, variables) in asks.items():
        cost = endpoint.answer(app, text_of(document), variables)["extensions"]["cost"]
        out[name] = (float(cost["requestedQueryCost"]), float(cost["actualQueryCost"]))
    return {**out, "Release": out["Hold"], "RemoveTags": out["AddTags"]}


def _routed(world: World, chance: Random) -> Order:
    basket = draw_basket(world, chance)
    order = placing.place_order(world, checked_out(world, basket))
    world.tick(world.now() + timedelta(seconds=10))
    return order


def _connection(ring: Keyring, key: tuple[int, int], domain: str, base_url: str) -> linking.NewConnection:
    return linking.NewConnection(
        merchant=key[0],
        connection=key[1],
        kind="shopify",
        title=domain,
        domain=domain,
        base_url=base_url,
        api_version=API_VERSION,
        credentials=seal_credentials(ring, {"token": "bench"}, key),
        webhook_secrets=seal_secrets(ring, [SECRET.decode()], key),
        facts="{}",
    )
