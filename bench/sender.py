"""The generator: a shop's deliveries as pre-signed bytes over kept-alive sockets, in a process of its own.

It keeps at most `window` orders under way: an order's first messages go out when it starts, the rest when the
responder tells that
the shop was asked to fulfil it. Every answer but 200 is an error; the time from the last byte sent to the answer is the
acknowledgement. Its own CPU is reported: a run in which it was busy all the time says nothing about Ordna.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import resource
import sys
import time
from pathlib import Path

from bench.lives import Copy, Life, copies, request

ERRORS_MAX = 20


class Sender:
    """One run: `plan` holds the lives and where each order goes."""

    def __init__(self, plan: dict[str, object]) -> None:
        self.plan = plan
        self.orders = int(str(plan["orders"]))
        self.window = int(str(plan["window"]))
        self.queue: asyncio.Queue[tuple[bytes, asyncio.Future[None]]] = asyncio.Queue()
        self.acks_ms: list[float] = []
        self.sent = 0
        self.errors = 0
        self.under_way: dict[int, asyncio.Event] = {}
        self.started_at = 0.0
        self.ended_at = 0.0

    async def run(self) -> dict[str, object]:
        """Send every order's whole life; the figures of the sending."""
        prepared = self.prepared()
        feedback = await asyncio.start_server(self.told, "127.0.0.1", int(str(self.plan["feedback_port"])))
        connections = [asyncio.create_task(self.connection()) for _ in range(int(str(self.plan["sockets"])))]
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        cpu_before, self.started_at = _cpu_s(), time.time()
        gate = asyncio.Semaphore(self.window)
        lives = []
        for copy, phases in prepared:
            await gate.acquire()
            lives.append(asyncio.create_task(self.life(copy, phases, gate)))
        await asyncio.gather(*lives)
        self.ended_at = time.time()
        cpu = _cpu_s() - cpu_before
        for connection in connections:
            connection.cancel()
        feedback.close()
        return {
            "started_at": self.started_at, "ended_at": self.ended_at, "messages": self.sent, "errors": self.errors,
            "generator_cpu_s": cpu, "acks_ms": sorted(self.acks_ms),
        }  # fmt: skip

    def prepared(self) -> list[tuple[Copy, dict[str, list[bytes]]]]:
        """Every order's requests, signed."""
        lives, places = self.plan["lives"], self.plan["places"]
        assert isinstance(lives, list) and isinstance(places, list)
        out, webhook = [], 1
        for number in range(self.orders):
            path, domain, secret, merchant = places[number]
            copy = copies(lives, number, merchant)
            phases: dict[str, list[bytes]] = {}
            for phase, told in copy.phases.items():
                phases[phase] = []
                for topic, body in told:
                    phases[phase].append(request(copy, topic, body, path, domain, secret, webhook))
                    webhook += 1
            self.under_way[copy.part_id] = asyncio.Event()
            out.append((copy, phases))
        return out

    async def life(self, copy: Copy, phases: dict[str, list[bytes]], gate: asyncio.Semaphore) -> None:
        """One order: its messages in order, each once the one before was acknowledged."""
        for message in phases["before"]:
            await self.deliver(message)
        await self.under_way[copy.part_id].wait()
        for message in phases["after"]:
            await self.deliver(message)
        gate.release()

    async def deliver(self, message: bytes) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.put_nowait((message, done))
        await done

    async def connection(self) -> None:
        """One kept-alive socket: a message, its answer, the next."""
        reader, writer = await asyncio.open_connection("127.0.0.1", int(str(self.plan["port"])))
        while True:
            message, done = await self.queue.get()
            begun = time.perf_counter()
            writer.write(message)
            head = await reader.readuntil(b"\r\n\r\n")
            self.acks_ms.append((time.perf_counter() - begun) * 1000)
            length = content_length(head)
            if length:
                await reader.readexactly(length)
            self.sent += 1
            if not head.startswith(b"HTTP/1.1 200"):
                self.errors += 1
                if self.errors > ERRORS_MAX:
                    sys.exit(f"too many refusals, the last: {head[:60]!r}")
            done.set_result(None)

    async def told(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The responder tells which fulfillment orders the shop was asked to fulfil."""
        while line := await reader.readline():
            self.under_way[int(line)].set()


def content_length(head: bytes) -> int:
    """The length of the body that follows these headers; 0 when they do not say."""
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 : head.index(b"\r\n", at)]) if at >= 0 else 0


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Run the plan in the file named first and write the figures to the file named second."""
    plan = pickle.loads(Path(sys.argv[1]).read_bytes())
    assert all(isinstance(life, Life) for life in plan["lives"])
    Path(sys.argv[2]).write_text(json.dumps(asyncio.run(Sender(plan).run())))


if __name__ == "__main__":
    main()
