"""Run by the older version, in a process of its own: make its tables and a shop, or serve its intake.

PYTHONPATH=ordna-before.zip python tests/upgrade/older.py DSN TOKEN SECRET FLOW
PYTHONPATH=ordna-before.zip python -m granian --interface asgi tests.upgrade.older:app
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ordna.engine.receive import Intake
from ordna.store import connections, schema
from ordna.store.database import Database
from ordna.store.sealing import keyring

MERCHANT, CONNECTION = 1, 7


def begin(dsn: str, token: str, secret: str, flow: str) -> None:
    """A database as the older version makes it, with one live shop."""
    schema.install(dsn)
    database, ring, key = Database(dsn), keyring(), (MERCHANT, CONNECTION)
    with database.engine([MERCHANT]) as conn:
        conn.execute(b"insert into merchant (merchant_id, name) values (%s, 'Example')", (MERCHANT,))
        conn.execute(
            b"insert into connection (merchant_id, connection_id, kind, title, domain, base_url, api_version, mode,"
            b" credentials, webhook_secrets)"
            b" values (%s, %s, 'shopify', 'Shop', 'example.myshopify.com', 'http://127.0.0.1:1', '2026-10', 'live',"
            b" %s, %s)",
            (
                *key,
                connections.seal_credentials(ring, {"token": "t", "client_id": "app"}, key),
                connections.seal_secrets(ring, [secret], key),
            ),
        )
        conn.execute(b"insert into address values (%s, %s, %s)", (token, *key))
        conn.execute(
            b"insert into policy (merchant_id, version, flow, activated_by) values (%s, 1, %s, 'test')",
            (MERCHANT, flow),
        )
        connections.ensure_lanes(conn, [MERCHANT])
    database.close()


if __name__ == "__main__":
    begin(*sys.argv[1:4], Path(sys.argv[4]).read_text(encoding="utf-8"))
else:
    app = Intake(Database(os.environ["TEST_DSN"], connections_max=2, patience_s=0.8), keyring())
