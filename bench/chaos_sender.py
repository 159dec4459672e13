"""The sender of the chaos run: so many new orders a second, come what may, and a list of its own of what was
acknowledged.

What is not answered 200 is sent again, the same bytes under the same webhook id, later every time, as Shopify does;
only that Shopify's four hours are seconds here and that it never gives up. Every try is written down with its times,
and the body of every acknowledged delivery with its hash: what the run proves is proved against this list.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import pickle
import random
import sys
import time
from pathlib import Path

from bench.lives import Copy, copies, request
from bench.sender import content_length

ANSWER_WITHIN_S = 5.0  # Shopify's own
AGAIN_FIRST_S = 0.4
AGAIN_MAX_S = 5.0


class ChaosSender:
    """One run: `plan` holds the lives, where each order goes, and how many a second."""

    def __init__(self, plan: dict[str, object]) -> None:
        self.plan = plan
        self.orders = int(str(plan["orders"]))
        self.rate = float(str(plan["rate"]))
        self.chance = random.Random(int(str(plan["seed"])) + 2)
        self.free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.gate = asyncio.Semaphore(int(str(plan["sockets"])))
        self.shipped: dict[int, asyncio.Event] = {}
        self.acked: list[tuple[int, str, str]] = []
        self.tries: list[tuple[float, float, bool]] = []
        self.webhook = 0

    async def run(self) -> dict[str, object]:
        """Send every order's whole life; what was acknowledged, and every try."""
        feedback = await asyncio.start_server(self.told, "127.0.0.1", int(str(self.plan["feedback_port"])))
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        started_at, begun = time.time(), time.perf_counter()
        lives = []
        for number in range(self.orders):
            await asyncio.sleep(max(0.0, begun + number / self.rate - time.perf_counter()))
            lives.append(asyncio.create_task(self.life(number)))
        print("started all", flush=True)
        await asyncio.gather(*lives)
        feedback.close()
        return {"started_at": started_at, "ended_at": time.time(), "acked": self.acked, "tries": self.tries}

    async def life(self, number: int) -> None:
        """One order: each message once the one before was acknowledged; the rest when the shop was asked to ship."""
        places, lives = self.plan["places"], self.plan["lives"]
        assert isinstance(places, list) and isinstance(lives, list)
        path, domain, secret, merchant = places[number % len(places)]
        copy = copies(lives, number, merchant)
        self.shipped[copy.part_id] = asyncio.Event()
        await self.phase(copy, "before", path, domain, secret, merchant)
        part = copy.part_id
        del copy  # a hundred kilobytes an order that waits
        await self.shipped[part].wait()
        del self.shipped[part]
        await self.phase(copies(lives, number, merchant), "after", path, domain, secret, merchant)

    async def phase(self, copy: Copy, phase: str, path: str, domain: str, secret: bytes, merchant: int) -> None:
        """The messages of one phase, in order."""
        for topic, body in copy.phases[phase]:
            self.webhook += 1
            number = self.webhook
            await self.deliver(request(copy, topic, body, path, domain, secret, number))
            self.acked.append((merchant, f"{number:032x}", hashlib.sha256(body).hexdigest()))

    async def deliver(self, message: bytes) -> None:
        """Again and again, until it is acknowledged."""
        wait_s = AGAIN_FIRST_S
        while not await self.try_once(message):
            await asyncio.sleep(wait_s * self.chance.uniform(0.7, 1.3))
            wait_s = min(AGAIN_MAX_S, wait_s * 2)

    async def try_once(self, message: bytes) -> bool:
        """One delivery; whether it was answered 200."""
        async with self.gate:
            begun, acknowledged = time.time(), False
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    acknowledged = await self.exchange(message)
            self.tries.append((begun, time.time(), acknowledged))
            return acknowledged

    async def exchange(self, message: bytes) -> bool:
        """One request and its answer, over a socket that is kept when all went well."""
        reader, writer = self.free.pop() if self.free else await self.connect()
        try:
            writer.write(message)
            head = await reader.readuntil(b"\r\n\r\n")
            if length := content_length(head):
                await reader.readexactly(length)
        except BaseException:
            writer.close()
            raise
        self.free.append((reader, writer))
        return head.startswith(b"HTTP/1.1 200")

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", int(str(self.plan["port"])))

    async def told(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The shop tells which fulfillment orders were shipped."""
        with contextlib.suppress(asyncio.CancelledError):
            while line := await reader.readline():
                if int(line) in self.shipped:
                    self.shipped[int(line)].set()


def main() -> None:
    """Run the plan in the file named first and write what was acknowledged to the file named second."""
    plan = pickle.loads(Path(sys.argv[1]).read_bytes())
    Path(sys.argv[2]).write_text(json.dumps(asyncio.run(ChaosSender(plan).run())))


if __name__ == "__main__":
    main()
