"""The canned responder: the other side of re-reads and effects, in a process of its own.

It knows the connector's documents by name and answers each with what the practice shop would have answered, ids
exchanged, with
the cost the practice shop charged. Being asked to fulfil, it tells the generator, as a shop's webhooks would follow.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import re
import signal
import sys
from pathlib import Path

import msgspec

from bench.lives import ID_STEP, Life, read_copy

PLAIN_POINTS = 10.0
PLENTY = {"maximumAvailable": 1_000_000.0, "currentlyAvailable": 1_000_000.0, "restoreRate": 1_000_000.0}


class Responder:
    """Answers calls and counts them."""

    def __init__(self, plan: dict[str, object]) -> None:
        lives = plan["lives"]
        assert isinstance(lives, list)
        self.lives: list[Life] = lives
        self.port = int(str(plan["responder_port"]))
        self.feedback_port = int(str(plan["feedback_port"]))
        self.costs = plan["costs"]
        assert isinstance(self.costs, dict)
        self.counts: dict[str, int] = {}
        self.points = 0.0
        self.reads = 0
        self.fulfilled: set[int] = set()
        self.twice = 0
        self.feedback: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One kept-alive connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                found = re.search(rb"(?i)content-length: *(\d+)", head)
                body = await reader.readexactly(int(found[1])) if found else b""
                answer = msgspec.json.encode(await self.answer(msgspec.json.decode(body)))
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)
                )
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
        except asyncio.CancelledError:
            return

    def record(self) -> dict[str, object]:
        """All it counted."""
        return {"counts": self.counts, "points": self.points, "reads": self.reads, "twice": self.twice}

    async def answer(self, call: dict[str, object]) -> dict[str, object]:
        """The answer to one call, by the document's name."""
        name, variables = document_of(call), call.get("variables") or {}
        assert isinstance(variables, dict)
        self.counts[name] = self.counts.get(name, 0) + 1
        many = len(variables.get("ids", (1,)))
        assert isinstance(self.costs, dict)
        cost = self.costs.get(name, PLAIN_POINTS) * many
        self.points += cost
        made = getattr(self, f"_{name}")(variables)
        data = await made if asyncio.iscoroutine(made) else made
        status = {"requestedQueryCost": cost, "actualQueryCost": cost, "throttleStatus": PLENTY}
        return {"data": data, "extensions": {"cost": status}}

    def _ReadOrders(self, variables: dict[str, list[str]]) -> dict[str, object]:  # noqa: N802 - the document's name
        self.reads += len(variables["ids"])
        return {"nodes": [self.node(gid) for gid in variables["ids"]]}

    def node(self, gid: str) -> object:
        """An order, asked for by its own id or by its fulfillment order's."""
        by_part = "/FulfillmentOrder/" in gid
        number = number_of(gid, self.part_base if by_part else self.order_base)
        order = msgspec.Raw(read_copy(self.lives, number))
        return {"id": gid, "order": order} if by_part else order

    async def _Fulfill(self, variables: dict[str, dict[str, list[dict[str, str]]]]) -> dict[str, object]:  # noqa: N802
        gid = variables["fulfillment"]["lineItemsByFulfillmentOrder"][0]["fulfillmentOrderId"]
        part = int(gid.rpartition("/")[2])
        self.twice += part in self.fulfilled
        self.fulfilled.add(part)
        if self.feedback is None:
            _, self.feedback = await asyncio.open_connection("127.0.0.1", self.feedback_port)
        self.feedback.write(b"%d\n" % part)
        shipment = self.lives[0].shipment_id + part - self.part_base
        made = {"id": f"gid://shopify/Fulfillment/{shipment}", "status": "SUCCESS"}
        return {"fulfillmentCreate": {"fulfillment": made, "userErrors": []}}

    def _Sweep(self, _: dict[str, str]) -> dict[str, object]:  # noqa: N802
        return {"orders": {"nodes": [], "pageInfo": {"hasNextPage": False}}}

    def _Subscriptions(self, _: dict[str, str]) -> dict[str, object]:  # noqa: N802
        return {"webhookSubscriptions": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}}

    def _PartLines(self, variables: dict[str, str]) -> dict[str, object]:  # noqa: N802
        read = read_copy(self.lives, number_of(variables["id"], self.part_base))
        part = json.loads(read)["fulfillmentOrders"]["nodes"][0]
        for number, line in enumerate(part["lineItems"]["nodes"]):
            line["id"] = f"gid://shopify/FulfillmentOrderLineItem/{number + 1}"
        return {"fulfillmentOrder": part}

    def _AddTags(self, variables: dict[str, str]) -> dict[str, object]:  # noqa: N802
        return {"tagsAdd": {"node": {"id": variables["id"]}, "userErrors": []}}

    def _Hold(self, variables: dict[str, dict[str, str]]) -> dict[str, object]:  # noqa: N802
        hold = {"id": "gid://shopify/FulfillmentHold/1", "handle": variables["hold"]["handle"]}
        return {"fulfillmentOrderHold": {"fulfillmentHold": hold, "userErrors": []}}

    @property
    def order_base(self) -> int:
        return self.lives[0].order_id

    @property
    def part_base(self) -> int:
        return self.lives[0].part_id


def document_of(call: dict[str, object]) -> str:
    """The name of the document a call sends."""
    found = re.match(r"\s*(?:query|mutation) (\w+)", str(call["query"]))
    assert found is not None
    return found[1]


def number_of(gid: str, base: int) -> int:
    return (int(gid.rpartition("/")[2]) - base) // ID_STEP - 1


async def run(responder: Responder, figures: Path) -> None:
    """Serve until told to stop, then write what was answered."""
    server = await asyncio.start_server(responder.serve, "127.0.0.1", responder.port)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("ready", flush=True)
    await stop.wait()
    server.close()
    figures.write_text(json.dumps(responder.record()))


if __name__ == "__main__":
    asyncio.run(run(Responder(pickle.loads(Path(sys.argv[1]).read_bytes())), Path(sys.argv[2])))
