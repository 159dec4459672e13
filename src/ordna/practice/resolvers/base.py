"""What all resolvers share: the call's context, ids, money, times, connections, payloads."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

from ordna.practice.bulk import SLICE
from ordna.practice.model import App, MoneyBag, Order, gid
from ordna.practice.mutations.refusal import Refused
from ordna.practice.totals import Totals, totals
from ordna.practice.world import World

Resolver = Callable[..., Any]
Table = dict[str, dict[str, Resolver]]

_GID = re.compile(r"gid://shopify/(\w+)/([\w-]+)(?:\?.*)?")
MAX_PAGE = 250

# The service of everything that the merchant ships himself.
MANUAL_SERVICE: dict[str, Any] = {
    "id": "gid://shopify/FulfillmentService/manual",
    "handle": "manual",
    "serviceName": "Manual",
    "type": "MANUAL",
    "inventoryManagement": False,
    "requiresShippingMethod": True,
    "trackingSupport": False,
    "callbackUrl": None,
    "location": None,
}


@dataclass(slots=True)
class Call:
    """One request: whose world, which app asks, and sums of orders computed once for it."""

    world: World
    app: App
    sums: dict[int, Totals] = field(default_factory=dict)
    searches: list[dict[str, Any]] = field(default_factory=list)

    def totals(self, order: Order) -> Totals:
        found = self.sums.get(order.id)
        if found is None:
            found = self.sums[order.id] = totals(order)
        return found


@dataclass(frozen=True, slots=True)
class Of:
    """A part of an order together with the order, which its money and its ids need."""

    order: Order
    it: Any


def call(info: GraphQLResolveInfo) -> Call:
    found: Call = info.context
    return found


def world(info: GraphQLResolveInfo) -> World:
    return call(info).world


def not_found(value: str) -> GraphQLError:
    """The error for an id that is malformed, of another kind, or (in some mutations) unknown."""
    return GraphQLError(f"Invalid id: {value}", extensions={"code": "RESOURCE_NOT_FOUND"})


def denied(name: str, scope: str) -> GraphQLError:
    """The error beside partial data when the app lacks a scope for a field."""
    need = f"`{scope}` access scope."
    return GraphQLError(
        f"Access denied for {name} field. Required access: {need}",
        extensions={
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/api/usage/access-scopes",
            "requiredAccess": need,
        },
    )


def number(value: str, *kinds: str) -> int:
    """The number in a global id of one of these kinds, or in a bare numeric id; else RESOURCE_NOT_FOUND."""
    found = _GID.fullmatch(value)
    if found and found[1] in kinds and found[2].isdigit():
        return int(found[2])
    raise not_found(value)


def split_gid(value: str) -> tuple[str, str]:
    """(kind, tail) of a global id."""
    found = _GID.fullmatch(value)
    if not found:
        raise not_found(value)
    return found[1], found[2]


def money(order: Order, bag: MoneyBag) -> dict[str, Any]:
    """A bag as the API's MoneyBag."""
    return {
        "shopMoney": amount(bag.shop, order.currency),
        "presentmentMoney": amount(bag.presentment, order.presentment_currency),
    }


def amount(value: Decimal, currency: str) -> dict[str, str]:
    return {"amount": written(value), "currencyCode": currency}


def written(value: Decimal) -> str:
    """An amount as the API writes it: `20.0`, `12.5`, `12.34`."""
    text = f"{value:.2f}"
    return text[:-1] if text.endswith("0") else text


def decimal(value: Any, *path: str) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise GraphQLError(f"Invalid decimal {value} at {'.'.join(path)}") from None


def stamp(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def instant(text: str) -> datetime:
    """A DateTime from input; a time without a zone is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise GraphQLError(f"Invalid DateTime: {text}", extensions={"code": "INVALID_VARIABLE"}) from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def attributes(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in pairs]


def connection(items: Sequence[Any], args: dict[str, Any], key: Callable[[Any], Any] | None = None) -> dict[str, Any]:
    """A page of `items`, which are in order; `key` gives what a cursor remembers, else the position.

    With a key, a page goes on after the key even when the item itself is gone or has moved.
    """
    if (bulk := SLICE.get()) is not None:
        return _unpaged(bulk.page(items))
    first, last = args.get("first"), args.get("last")
    if first is None and last is None:
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    rows: list[tuple[Any, Any]] = [(key(item) if key else index, item) for index, item in enumerate(items)]
    if args.get("reverse"):
        rows.reverse()
    start, end = _bounds(rows, args, bool(args.get("reverse")))
    if first is not None:
        stop = min(end, start + max(0, min(first, MAX_PAGE)))
    else:
        start, stop = max(start, end - max(0, min(last or 0, MAX_PAGE))), end
    page = rows[start:stop]
    cursors = [_cursor(mark) for mark, _ in page]
    return {
        "nodes": [item for _, item in page],
        "edges": [{"node": item, "cursor": mark} for (_, item), mark in zip(page, cursors, strict=True)],
        "pageInfo": {
            "hasNextPage": stop < len(rows),
            "hasPreviousPage": start > 0,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def _unpaged(items: list[Any]) -> dict[str, Any]:
    info = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    return {"nodes": items, "edges": [{"node": item, "cursor": ""} for item in items], "pageInfo": info}


def empty(args: dict[str, Any]) -> dict[str, Any]:
    return connection([], args)


def payload(work: Callable[[], dict[str, Any]], **refused_too: Any) -> dict[str, Any]:
    """A mutation's payload: what `work` returns, or the refusal as userErrors beside `refused_too`."""
    try:
        return {**work(), "userErrors": []}
    except Refused as refused:
        return {**refused_too, "userErrors": errors(refused)}


def errors(refused: Refused) -> list[dict[str, Any]]:
    return [
        {"field": list(one.field) if one.field else None, "message": one.message, "code": one.code}
        for one in refused.errors
    ]


def job_gid(job_id: str, kind: str = "Job") -> str:
    return f"gid://shopify/{kind}/{job_id}"


def id_of(kind: str) -> Resolver:
    def resolve(source: Any, _info: GraphQLResolveInfo) -> str:
        return gid(kind, (source.it if isinstance(source, Of) else source).id)

    return resolve


def legacy_id(source: Any, _info: GraphQLResolveInfo) -> str:
    return str((source.it if isinstance(source, Of) else source).id)


def at(name: str) -> Resolver:
    """A resolver for a time attribute."""

    def resolve(source: Any, _info: GraphQLResolveInfo) -> str | None:
        return stamp(getattr(source.it if isinstance(source, Of) else source, name))

    return resolve


def always(value: Any) -> Resolver:
    def resolve(_source: Any, _info: GraphQLResolveInfo, **_args: Any) -> Any:
        return value

    return resolve


def nothing_yet(_source: Any, _info: GraphQLResolveInfo, **args: Any) -> dict[str, Any]:
    """A connection that the practice shop always leaves empty."""
    return empty(args)


def _bounds(rows: list[tuple[Any, Any]], args: dict[str, Any], reverse: bool) -> tuple[int, int]:
    start, end = 0, len(rows)
    if args.get("after"):
        mark = _mark(args["after"])
        start = sum(1 for found, _ in rows if (_plain(found) >= mark if reverse else _plain(found) <= mark))
    if args.get("before"):
        mark = _mark(args["before"])
        end = sum(1 for found, _ in rows if (_plain(found) > mark if reverse else _plain(found) < mark))
    return start, end


def _cursor(mark: Any) -> str:
    return base64.b64encode(json.dumps(_plain(mark)).encode()).decode()


def _mark(cursor: str) -> list[Any]:
    try:
        found = json.loads(base64.b64decode(cursor))
    except ValueError:
        raise GraphQLError("Invalid cursor for current pagination sort.") from None
    return found if isinstance(found, list) else [found]


def _plain(mark: Any) -> list[Any]:
    parts = mark if isinstance(mark, tuple | list) else [mark]
    return [part.isoformat() if isinstance(part, datetime) else part for part in parts]
