"""What an answer of the shop says: done, refused with its words, or that nothing can be told from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from ordna.connectors.contract import Answer
from ordna.connectors.shopify.client import Caller, Reply
from ordna.connectors.shopify.gids import gid
from ordna.connectors.shopify.readers import id_of
from ordna.core.messages import Quantity


def part_as_it_stands(client: Caller, ref: str) -> tuple[Reply, list[dict[str, Any]]] | Answer:
    """A fulfillment order looked at before something is asked of it, with all its lines."""
    reply = client.call("part_lines", {"id": gid("FulfillmentOrder", ref)})
    if isinstance(reply, Answer):
        # Nothing was asked yet, so nothing can have happened.
        return replace(reply, result="again") if reply.result == "in_doubt" else reply
    part = object_of(reply.data, "fulfillmentOrder")
    if not part:
        return refused(reply, "not_found", "The shop knows no such fulfillment order.")
    nodes, failure = all_part_lines(client, ref, part)
    return failure if failure is not None else (reply, nodes)


def all_part_lines(client: Caller, ref: str, part: dict[str, Any]) -> tuple[list[dict[str, Any]], Answer | None]:
    """The lines of a fulfillment order whose first page was read, or why they can't be."""
    page = part.get("lineItems")
    nodes = items_of(page, "nodes")
    while has_more(page):
        after = object_of(page, "pageInfo").get("endCursor")
        reply = client.call("more_part_line_ids", {"id": gid("FulfillmentOrder", ref), "after": after})
        if isinstance(reply, Answer):
            return nodes, reply
        page = object_of(reply.data, "node").get("lineItems")
        nodes += items_of(page, "nodes")
    return nodes, None


def chosen_of(nodes: Iterable[dict[str, Any]], lines: tuple[Quantity, ...]) -> list[dict[str, Any]] | None:
    """The part's own line ids with the units to ship, None when the part does not hold them all."""
    missing = {each.line: each.units for each in lines}
    chosen: list[dict[str, Any]] = []
    for node in nodes:
        line = id_of(object_of(node, "lineItem").get("id")) or ""
        units = min(missing.get(line, 0), int(node.get("remainingQuantity") or 0))
        if units > 0:
            chosen.append({"id": node["id"], "quantity": units})
            missing[line] -= units
    return chosen if chosen and not any(missing.values()) else None


def looked_at(client: Caller, document: str, root: str, ref: str) -> Reply | Answer:
    """The answer to a look-up. One that does not show the object shows nothing of what was done to it."""
    reply = client.call(document, {"id": ref})
    if isinstance(reply, Reply) and not object_of(reply.data, root):
        return Answer("in_doubt", "not_shown", "The shop does not show it any more.", None, reply.points, reply.budget)
    return reply


def result_of(reply: Reply | Answer, root: str, errors_name: str, made: tuple[str, str] | None = None) -> Answer:
    if isinstance(reply, Answer):
        return reply
    payload = object_of(reply.data, root)
    errors = items_of(payload, errors_name)
    if errors:
        code = str(errors[0].get("code") or "user_error").lower()
        sentence = "; ".join(str(error.get("message") or "no reason given") for error in errors)[:500]
        return refused(reply, code, sentence)
    if not payload:
        return Answer("in_doubt", "unreadable_answer", "Shopify's answer carries no data.", points=reply.points)
    made_gid = object_of(payload, made[0]).get(made[1]) if made else None
    reference = str(made_gid).rpartition("/")[2] if made_gid else None
    return confirmed(reply, reference)


def confirmed(reply: Reply, reference: str | None) -> Answer:
    return Answer("confirmed", reference=reference, points=reply.points, budget=reply.budget)


def refused(reply: Reply, code: str, sentence: str) -> Answer:
    return Answer("refused", code, sentence, points=reply.points, budget=reply.budget)


def nothing(reply: Reply, code: str, sentence: str) -> Answer:
    return Answer("nothing", code, sentence, points=reply.points, budget=reply.budget)


def with_points(answer: Answer, other: Answer | Reply) -> Answer:
    return replace(answer, points=answer.points + other.points, budget=answer.budget or other.budget)


def object_of(tree: Any, name: str) -> dict[str, Any]:
    found = tree.get(name) if isinstance(tree, dict) else None
    return found if isinstance(found, dict) else {}


def items_of(tree: Any, *names: str) -> list[Any]:
    for name in names:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree if isinstance(tree, list) else []


def has_more(page: Any) -> bool:
    return bool(object_of(page, "pageInfo").get("hasNextPage"))


def units_of(nodes: list[Any], counted: str = "quantity") -> dict[str, int]:
    """Units by order line, as the nodes' field `counted` says."""
    summed: dict[str, int] = {}
    for node in nodes:
        line = id_of(object_of(node, "lineItem").get("id")) or ""
        summed[line] = summed.get(line, 0) + int(node.get(counted) or 0)
    return summed
