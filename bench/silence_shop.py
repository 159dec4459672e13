"""The shop of the silence bench, in a process of its own: five hours of changes that nobody was told of, and a budget.

It charges what the practice shop charges, from a bucket that holds and restores what the plan has, and answers
THROTTLED when it is empty. Its subscriptions are gone until they are made again; from then on new orders are told by
signed webhooks, as they are placed. The dark hours themselves are in the times its orders carry.
"""

from __future__ import annotations

import asyncio
import bisect
import json
import pickle
import re
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from bench.lives import ID_STEP, copies, read_copy, request
from bench.responder import Responder
from ordna.practice.cost import Bucket

TOPICS = {"orders/create", "orders/paid", "order_transactions/create", "orders/updated"}
TIME = re.compile(r"updated_at:(>=|<)'([^']+)'")
NUMBER = re.compile(r"id:>(\d+)")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SilentShop(Responder):
    """Answers calls within its budget; `born` says when each order was placed and when it changed last."""

    def __init__(self, plan: dict[str, Any]) -> None:
        super().__init__(plan)
        self.plan = plan
        self.born: dict[int, tuple[datetime, datetime]] = dict(enumerate(plan["born"]))
        self.changes: list[tuple[int, int, int]] = sorted(
            (_second(changed), self.order_id(number), number)
            for number, (_, changed) in self.born.items()
            if number >= plan["unpaid"]
        )
        self.subscribed: dict[str, str] = {}
        self.bucket = Bucket(plan["restore_per_s"], 20.0 * plan["restore_per_s"], _now())
        self.lowest = self.bucket.available
        self.throttled = 0
        self.began = 0.0
        self.first_call = 0.0
        self.subscribed_s: float | None = None
        self.told = 0
        self.refused = 0

    def order_id(self, number: int) -> int:
        """The id of the `number`th order."""
        return self.lives[number % len(self.lives)].order_id + (number + 1) * ID_STEP

    async def answer(self, call: dict[str, object]) -> dict[str, object]:
        """The answer to one call: what it asks for is taken from the bucket, what it did not use goes back."""
        found = re.match(r"\s*(?:query|mutation) (\w+)", str(call["query"]))
        assert found is not None
        name, variables = found[1], call.get("variables") or {}
        assert isinstance(variables, dict)
        await asyncio.sleep(self.plan["latency_s"])
        requested, actual = self.plan["prices"][name]
        many = len(variables.get("ids", (1,)))
        self.counts[name] = self.counts.get(name, 0) + 1
        self.bucket.refill(_now())
        self.first_call = self.first_call or time.time()
        if name in self.plan["down"] and time.time() < self.first_call + self.plan["down_s"]:
            raise ConnectionError
        if not self.bucket.take(requested * many):
            self.throttled += 1
            cost = {"requestedQueryCost": requested * many, "throttleStatus": self.bucket.status()}
            errors = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]
            return {"errors": errors, "extensions": {"cost": cost}}
        made = getattr(self, f"_{name}")(variables)
        data = await made if asyncio.iscoroutine(made) else made
        self.lowest = min(self.lowest, self.bucket.available)
        self.bucket.give_back((requested - actual) * many)
        self.points += actual * many
        cost = {"requestedQueryCost": requested * many, "actualQueryCost": actual * many}
        return {"data": data, "extensions": {"cost": {**cost, "throttleStatus": self.bucket.status()}}}

    def node(self, gid: str) -> object:
        """An order as it is now: placed, paid and routed at its own times."""
        by_part = "/FulfillmentOrder/" in gid
        base = self.part_base if by_part else self.order_base
        number = (int(gid.rpartition("/")[2]) - base) // ID_STEP - 1
        order = json.loads(read_copy(self.lives, number))
        placed, changed = self.born[number]
        order |= {"createdAt": _written(placed), "processedAt": _written(placed), "updatedAt": _written(changed)}
        for moved in order["transactions"]:
            moved |= {"createdAt": _written(changed), "processedAt": _written(changed)}
        return {"id": gid, "order": order} if by_part else order

    def _Sweep(self, variables: dict[str, Any]) -> dict[str, object]:  # noqa: N802 - the document's name
        low, high = 0, 2**62
        for sign, at in TIME.findall(variables["query"]):
            second = _second(datetime.fromisoformat(at))
            low, high = (second, high) if sign == ">=" else (low, second)
        start, end = bisect.bisect_left(self.changes, (low, 0, 0)), bisect.bisect_left(self.changes, (high, 0, 0))
        found = self.changes[start:end]
        if after := NUMBER.search(variables["query"]):
            found = [row for row in found if row[1] > int(after[1])]
        page = found[: variables["first"]]
        nodes = [
            {"id": f"gid://shopify/Order/{order}", "updatedAt": _written(EPOCH + timedelta(seconds=at))}
            for at, order, _ in page
        ]
        return {"orders": {"nodes": nodes, "pageInfo": {"hasNextPage": len(found) > len(page)}}}

    def _Subscriptions(self, _: dict[str, Any]) -> dict[str, object]:  # noqa: N802
        nodes = [{"id": f"gid://x/{at}", "topic": topic, "uri": uri} for at, (topic, uri) in enumerate(self.known)]
        page = {"hasNextPage": False, "endCursor": None}
        return {"webhookSubscriptions": {"nodes": nodes, "pageInfo": page}}

    @property
    def known(self) -> list[tuple[str, str]]:
        """(topic, address) of every subscription."""
        return list(self.subscribed.items())

    def _Subscribe(self, variables: dict[str, str]) -> dict[str, object]:  # noqa: N802
        self.subscribed[variables["topic"]] = variables["uri"]
        self.subscribed_s = round(time.time() - self.began, 1)
        made = {"id": f"gid://x/{len(self.subscribed)}", **variables}
        return {"webhookSubscriptionCreate": {"webhookSubscription": made, "userErrors": []}}

    async def trade(self) -> None:
        """New orders come in at their pace, told to whoever subscribed."""
        number = len(self.born)
        while True:
            await asyncio.sleep(3600 / self.plan["orders_per_hour"])
            at = _now()
            self.born[number] = (at, at)
            self.changes.append((_second(at), self.order_id(number), number))
            path, domain, secret, merchant = self.plan["place"]
            copy = copies(self.lives, number, merchant)
            for nth, (topic, body) in enumerate(copy.phases["before"]):
                if topic.replace("/", "_").upper() in self.subscribed:
                    await self.deliver(request(copy, topic, body, path, domain, secret, number * 10 + nth))
            number += 1

    async def deliver(self, message: bytes) -> None:
        """One webhook."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.plan["port"])
        writer.write(message)
        head = await reader.readuntil(b"\r\n\r\n")
        self.told += 1
        self.refused += not head.startswith(b"HTTP/1.1 200")
        writer.close()


def _now() -> datetime:
    return datetime.now(UTC)


def _second(at: datetime) -> int:
    return int((at - EPOCH).total_seconds())


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


async def run(plan: dict[str, Any], figures: Path) -> None:
    """Serve until told to stop, then write what was asked and told."""
    shop = SilentShop(plan)
    server = await asyncio.start_server(shop.serve, "127.0.0.1", plan["responder_port"])
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    shop.began = time.time()
    trade = asyncio.create_task(shop.trade())
    await stop.wait()
    trade.cancel()
    server.close()
    told = {
        "counts": shop.counts,
        "points": shop.points,
        "throttled": shop.throttled,
        "lowest": shop.lowest,
        "orders": [str(shop.order_id(number)) for number in shop.born],
        "subscribed_s": shop.subscribed_s,
        "webhooks": shop.told,
        "refused": shop.refused,
    }
    figures.write_bytes(msgspec.json.encode(told))


if __name__ == "__main__":
    asyncio.run(run(pickle.loads(Path(sys.argv[1]).read_bytes()), Path(sys.argv[2])))
