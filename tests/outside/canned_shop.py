"""A shop that does what a test says: real HTTP, real GraphQL answers, and faults on demand.

It keeps tags as a shop does, counts every call, and for each operation a queue of faults may say how the next calls go
wrong: `lost` does the deed and hangs up without an answer, `throttled` does nothing and says so, `down` answers 503,
`refused` says that there is no such thing.
"""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MUTATIONS = ("AddTags", "RemoveTags", "WriteNote", "Hold", "Release", "Fulfill", "Cancel")
OPERATION = re.compile(r"(?:query|mutation)\s+(\w+)")


class CannedShop:
    """The shop; `calls` lists (operation, variables) in the order they came."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.faults: dict[str, deque[str]] = defaultdict(deque)
        self.tags: dict[str, set[str]] = defaultdict(set)
        self.orders: dict[str, dict[str, Any]] = {}
        self.changed: list[tuple[str, str]] = []
        self.subscribed: list[dict[str, Any]] = []
        self.zone = "Europe/Copenhagen"
        self.scopes: tuple[str, ...] = ("read_orders",)
        self.bulk: deque[str] | None = None
        """None: it gathers nothing in bulk; else what the next operations come to, and COMPLETED after that."""
        self.files: dict[str, bytes] = {}
        self.available = 2000.0
        self.slow = threading.Event()
        self.slow.set()
        self.waiting = 0
        self._lock = threading.Lock()
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                shop.answer(self, body)

            def do_GET(self) -> None:
                whole = shop.files.get(self.path, b"")
                sent = whole[: len(whole) // 2] if shop.faults["File"] and shop.faults["File"].popleft() else whole
                self.send_response(200)
                self.send_header("Content-Length", str(len(whole)))
                self.end_headers()
                self.wfile.write(sent)
                self.close_connection = True

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it stands."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Close it."""
        self.slow.set()
        self._server.shutdown()
        self._server.server_close()

    def sent(self, operation: str) -> list[dict[str, Any]]:
        """The variables of every call of one operation."""
        return [variables for name, variables in self.calls if name == operation]

    def mutations(self) -> list[str]:
        """Every call that changes something."""
        return [name for name, _ in self.calls if name in MUTATIONS]

    def answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        """One call."""
        named = OPERATION.search(body["query"])
        assert named is not None
        operation, variables = named[1], body.get("variables") or {}
        self.waiting += 1
        self.slow.wait(10)
        self.waiting -= 1
        with self._lock:
            self.calls.append((operation, variables))
            fault = self.faults[operation].popleft() if self.faults[operation] else ""
            data = None if fault in ("throttled", "down", "refused") else self._do(operation, variables)
        if fault == "lost":
            handler.close_connection = True
            handler.connection.close()
            return
        if fault == "down":
            _send(handler, 503, {})
            return
        cost = {
            "requestedQueryCost": 10,
            "actualQueryCost": 10 if data is not None else None,
            "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": self.available, "restoreRate": 100.0},
        }
        answer: dict[str, Any] = {"extensions": {"cost": cost}}
        if fault == "refused":
            answer["errors"] = [{"message": "invalid id", "extensions": {"code": "RESOURCE_NOT_FOUND"}}]
        elif data is None:
            answer["errors"] = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]
        else:
            answer["data"] = data
        _send(handler, 200, answer)

    def _do(self, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
        order = str(variables.get("id", "")).rpartition("/")[2]
        match operation:
            case "AddTags":
                self.tags[order] |= set(variables["tags"])
                return {"tagsAdd": {"node": {"id": variables["id"]}, "userErrors": []}}
            case "RemoveTags":
                self.tags[order] -= set(variables["tags"])
                return {"tagsRemove": {"node": {"id": variables["id"]}, "userErrors": []}}
            case "WriteNote":
                return {"orderUpdate": {"order": {"id": variables["id"]}, "userErrors": []}}
            case "LookUpOrder":
                found = {"id": variables["id"], "cancelledAt": None, "tags": sorted(self.tags[order]), "note": ""}
                return {"order": found}
            case "ReadOrders":
                return {"nodes": [self.orders.get(gid.rpartition("/")[2]) for gid in variables["ids"]]}
            case "Sweep":
                nodes = [{"id": f"gid://shopify/Order/{ref}", "updatedAt": at} for ref, at in self.changed]
                return {"orders": {"nodes": nodes, "pageInfo": {"hasNextPage": False, "endCursor": None}}}
            case "Shop":
                facts = {"name": "Canned", "myshopifyDomain": "canned.myshopify.com", "currencyCode": "DKK"}
                shop = {**facts, "ianaTimezone": self.zone, "shopAddress": {"countryCodeV2": "DK"}}
                scopes = [{"handle": scope} for scope in self.scopes]
                return {"shop": shop, "currentAppInstallation": {"accessScopes": scopes}}
            case "CountOrders":
                bounds = dict(re.findall(r"updated_at:(>=|<)'([^']+)'", variables["query"]))
                since, until = bounds.get(">=", ""), bounds.get("<", "9")
                count = sum(since <= at.replace("+00:00", "Z") < until for _, at in self.changed)
                return {"ordersCount": {"count": count, "precision": "EXACT"}}
            case "BulkRun" if self.bulk is not None:
                kind = "orders" if "BulkOrders" in variables["query"] else "parcels"
                operation = {"id": f"gid://shopify/BulkOperation/{kind}", "status": "CREATED"}
                return {"bulkOperationRunQuery": {"bulkOperation": operation, "userErrors": []}}
            case "BulkStatus":
                assert self.bulk is not None
                status = self.bulk.popleft() if self.bulk else "COMPLETED"
                url = f"{self.url}/{order}" if status == "COMPLETED" else None
                told = {"id": variables["id"], "status": status, "errorCode": None, "objectCount": "1"}
                return {"bulkOperation": {**told, "rootObjectCount": "1", "fileSize": None, "url": url}}
            case "BulkRun":
                refusal = {"field": ["query"], "message": "This app may not.", "code": "INVALID"}
                return {"bulkOperationRunQuery": {"bulkOperation": None, "userErrors": [refusal]}}
            case "Subscriptions":
                page = {"hasNextPage": False, "endCursor": None}
                return {"webhookSubscriptions": {"nodes": list(self.subscribed), "pageInfo": page}}
            case "Subscribe":
                made = {"id": f"gid://shopify/WebhookSubscription/{len(self.calls)}", **variables}
                self.subscribed.append(made)
                return {"webhookSubscriptionCreate": {"webhookSubscription": made, "userErrors": []}}
        raise AssertionError(f"The canned shop does not know {operation}.")


def _send(handler: BaseHTTPRequestHandler, status: int, answer: dict[str, Any]) -> None:
    raw = json.dumps(answer).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(raw)))
    handler.end_headers()
    handler.wfile.write(raw)
