"""The shop of the chaos run: the canned responder, with a memory, an own record of every deed, and a bad line.

It does what it is asked exactly as often as it is asked, keeps what stands (holds, tags, parcels), and shows it to
those who look. Now and then the line breaks before a deed, or after it and before the answer; and every answer takes
some milliseconds, so that a caller who is killed is killed in the middle of a call.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import random
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from bench.lives import ID_STEP, read_copy
from bench.responder import Responder, document_of, number_of, run

DEEDS = frozenset(("Fulfill", "Hold", "Release", "AddTags", "RemoveTags", "WriteNote", "Cancel"))
LATENCY_S = (0.005, 0.06)
BREAKS_BEFORE = 0.003
BREAKS_AFTER = 0.003

Variables = dict[str, Any]


class ChaosShop(Responder):
    """Answers calls, does deeds, and writes down what it was asked and did."""

    def __init__(self, plan: dict[str, object]) -> None:
        super().__init__(plan)
        self.chance = random.Random(int(str(plan["seed"])) + 1)
        self.deeds: list[tuple[str, str, str]] = []
        self.cut_off: list[tuple[float, str]] = []
        self.broken: list[tuple[float, str, bool]] = []
        self.holds: dict[int, dict[str, int]] = {}
        self.tags: dict[int, set[str]] = {}
        self.hold_id = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One kept-alive connection."""
        try:
            while True:
                body = await _request(reader)
                call = msgspec.json.decode(body)
                name = document_of(call)
                is_deed = name in DEEDS
                if is_deed and self.chance.random() < BREAKS_BEFORE:
                    self.broken.append((time.time(), name, False))
                    break
                early = self.chance.random() < 0.5
                if early:
                    answer = await self.answer(call)
                await asyncio.sleep(self.chance.uniform(*LATENCY_S))
                if not early:
                    answer = await self.answer(call)
                if reader.at_eof() or writer.is_closing():
                    self.cut_off.append((time.time(), name))
                    break
                if is_deed and self.chance.random() < BREAKS_AFTER:
                    self.broken.append((time.time(), name, True))
                    break
                told = msgspec.json.encode(answer)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(told)
                )
                writer.write(told)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except asyncio.CancelledError:
            return
        writer.close()

    async def answer(self, call: dict[str, object]) -> dict[str, object]:
        """The answer to one call; a deed is written down before it is done."""
        name, variables = document_of(call), call.get("variables") or {}
        assert isinstance(variables, dict)
        if name in DEEDS:
            self.deeds.append((name, _target(name, variables), json.dumps(variables, sort_keys=True)))
        return await super().answer(call)

    def node(self, gid: str) -> object:
        """An order as it stands."""
        by_part = "/FulfillmentOrder/" in gid
        number = number_of(gid, self.part_base if by_part else self.order_base)
        node = json.loads(read_copy(self.lives, number, self.part_of(number) in self.fulfilled))
        order = int(node["id"].rpartition("/")[2])
        node["tags"] = sorted({*node.get("tags", ()), *self.tags.get(order, ())})
        for part in node["fulfillmentOrders"]["nodes"]:
            standing = self.standing(int(part["id"].rpartition("/")[2]))
            if standing:
                part["fulfillmentHolds"], part["status"] = standing, "ON_HOLD"
        return {"id": gid, "order": node} if by_part else node

    def part_of(self, number: int) -> int:
        """The fulfillment order of the `number`th order."""
        return self.lives[number % len(self.lives)].part_id + (number + 1) * ID_STEP

    def standing(self, part: int) -> list[dict[str, object]]:
        """The holds of a fulfillment order, as GraphQL shows them."""
        return [
            {"id": f"gid://shopify/FulfillmentHold/{number}", "handle": handle, "heldByRequestingApp": True,
             "reason": "OTHER", "reasonNotes": "", "displayReason": "Other", "heldByApp": None}
            for handle, number in self.holds.get(part, {}).items()
        ]  # fmt: skip

    async def _Fulfill(self, variables: Variables) -> dict[str, object]:  # noqa: N802 - the document's name
        part = _id(variables["fulfillment"]["lineItemsByFulfillmentOrder"][0]["fulfillmentOrderId"])
        if part in self.fulfilled:
            self.twice += 1
            error = {"field": ["fulfillment"], "message": "Nothing is left to fulfil."}
            return {"fulfillmentCreate": {"fulfillment": None, "userErrors": [error]}}
        return await super()._Fulfill(variables)

    def _PartLines(self, variables: Variables) -> dict[str, object]:  # noqa: N802
        made = super()._PartLines(variables)
        if _id(variables["id"]) in self.fulfilled:
            for line in made["fulfillmentOrder"]["lineItems"]["nodes"]:  # type: ignore[index]
                line["remainingQuantity"] = 0
        return made

    def _LookUpParcels(self, variables: Variables) -> dict[str, object]:  # noqa: N802
        part = _id(variables["id"])
        lines = super()._PartLines(variables)["fulfillmentOrder"]["lineItems"]["nodes"]  # type: ignore[index]
        units = [{"quantity": line["remainingQuantity"], "lineItem": line["lineItem"]} for line in lines]
        page = {"hasNextPage": False, "endCursor": None}
        parcel = {
            "id": f"gid://shopify/Fulfillment/{self.lives[0].shipment_id + part - self.part_base}",
            "status": "SUCCESS",
            "trackingInfo": [{"company": "GLS", "number": f"T{part}"}],
            "fulfillmentLineItems": {"pageInfo": page, "nodes": units},
        }
        nodes = [parcel] if part in self.fulfilled else []
        found = {"id": variables["id"], "status": "OPEN", "fulfillments": {"pageInfo": page, "nodes": nodes}}
        return {"fulfillmentOrder": found}

    def _Hold(self, variables: Variables) -> dict[str, object]:  # noqa: N802
        standing = self.holds.setdefault(_id(variables["id"]), {})
        handle = variables["hold"]["handle"]
        if handle in standing:
            error = {"code": "DUPLICATE_FULFILLMENT_HOLD_HANDLE", "field": ["handle"], "message": "It stands already."}
            return {"fulfillmentOrderHold": {"fulfillmentHold": None, "userErrors": [error]}}
        self.hold_id += 1
        standing[handle] = self.hold_id
        made = {"id": f"gid://shopify/FulfillmentHold/{self.hold_id}", "handle": handle}
        return {"fulfillmentOrderHold": {"fulfillmentHold": made, "userErrors": []}}

    def _Release(self, variables: Variables) -> dict[str, object]:  # noqa: N802
        gone = {_id(hold) for hold in variables["holds"]}
        standing = self.holds.get(_id(variables["id"]), {})
        for handle in [handle for handle, number in standing.items() if number in gone]:
            del standing[handle]
        return {"fulfillmentOrderReleaseHold": {"fulfillmentOrder": {"id": variables["id"]}, "userErrors": []}}

    def _LookUpHolds(self, variables: Variables) -> dict[str, object]:  # noqa: N802
        found = {"id": variables["id"], "status": "OPEN", "fulfillmentHolds": self.standing(_id(variables["id"]))}
        return {"fulfillmentOrder": found}

    def _AddTags(self, variables: Variables) -> dict[str, object]:  # noqa: N802
        self.tags.setdefault(_id(variables["id"]), set()).update(variables["tags"])
        return super()._AddTags(variables)

    def _RemoveTags(self, variables: Variables) -> dict[str, object]:  # noqa: N802
        self.tags.setdefault(_id(variables["id"]), set()).difference_update(variables["tags"])
        return {"tagsRemove": {"node": {"id": variables["id"]}, "userErrors": []}}

    def _LookUpOrder(self, variables: Variables) -> dict[str, object]:  # noqa: N802
        tags = sorted(self.tags.get(_id(variables["id"]), ()))
        return {"order": {"id": variables["id"], "cancelledAt": None, "tags": tags, "note": ""}}

    def record(self) -> dict[str, object]:
        """All it wrote down."""
        return {
            "deeds": self.deeds, "cut_off": self.cut_off, "broken": self.broken, "counts": self.counts,
            "fulfilled": sorted(self.fulfilled), "asked_twice": self.twice,
            "tags": {order: sorted(tags) for order, tags in self.tags.items()},
            "holds": {part: sorted(handles) for part, handles in self.holds.items()},
        }  # fmt: skip


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    at = head.lower().find(b"content-length:")
    return await reader.readexactly(int(head[at + 15 : head.index(b"\r\n", at)]))


def _target(name: str, variables: Variables) -> str:
    """What a deed is done to: one word that its effect in Ordna's tables has, too."""
    if name == "Fulfill":
        return str(_id(variables["fulfillment"]["lineItemsByFulfillmentOrder"][0]["fulfillmentOrderId"]))
    target = str(_id(variables["id"]))
    if name == "Hold":
        return f"{target} {variables['hold']['handle']}"
    return f"{target} {' '.join(sorted(variables['tags']))}" if "tags" in variables else target


def _id(gid: str) -> int:
    return int(gid.rpartition("/")[2])


if __name__ == "__main__":
    asyncio.run(run(ChaosShop(pickle.loads(Path(sys.argv[1]).read_bytes())), Path(sys.argv[2])))
