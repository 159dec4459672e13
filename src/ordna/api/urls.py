"""The API's addresses and its OpenAPI document at /api/openapi.json, served by django-ninja."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from ninja import NinjaAPI

from ordna.api import calls, labels, privacy, stock, wire
from ordna.api.errors import Away, Missing, Problem, answer
from ordna.core.explain import Explanation
from ordna.engine.carriers import HandedOver
from ordna.engine.connections import Connected
from ordna.engine.stock_booking import Booked, Entry
from ordna.engine.stock_items import Item, Place
from ordna.store.database import DatabaseDown

_SHAPES = (
    list[wire.Wish],
    wire.Answers,
    wire.Orders,
    wire.Tasks,
    wire.Connections,
    wire.Connection,
    wire.NewConnection,
    wire.SetAsides,
    wire.Retry,
    wire.Retried,
    wire.RetryEffect,
    privacy.Erase,
    privacy.Asked,
    labels.NewCarrier,
    labels.ConnectedCarrier,
    labels.Rates,
    labels.NewHandover,
    HandedOver,
    Connected,
    Explanation,
    list[Entry],
    Booked,
    list[Item],
    Place,
    stock.Kept,
    stock.Mend,
    stock.Mended,
)
_found, _components = wire.schemas(_SHAPES)
_SCHEMAS: dict[Any, dict[str, Any]] = dict(zip(map(str, _SHAPES), _found, strict=True))

api = NinjaAPI(title="Ordna", version="1", docs_url=None, urls_namespace="api")


@api.exception_handler(Problem)
def _problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return answer(request, problem)


@api.exception_handler(DatabaseDown)
def _away(request: HttpRequest, error: DatabaseDown) -> HttpResponse:
    return answer(request, Away("database_away", "", "The database does not answer right now; try again in seconds."))


def _extra(body: Any = None, result: Any = None, status: int = 200) -> dict[str, Any]:
    """The shapes of one call, and of what it says when it says no."""
    content = {"application/json": {"schema": _SCHEMAS[str(result)] if result else {"type": "object"}}}
    no = {"description": "A problem.", "content": {"application/problem+json": {"schema": _PROBLEM}}}
    said: dict[str, Any] = {"responses": {status: {"description": "OK", "content": content}, "4XX": no}}
    said["security"] = [{"token": []}]
    if body:
        said["requestBody"] = {"required": True, "content": {"application/json": {"schema": _SCHEMAS[str(body)]}}}
    return said


_PROBLEM = {
    "type": "object",
    "required": ["code", "field", "sentence", "status"],
    "properties": {name: {"type": "string"} for name in ("code", "field", "sentence")}
    | {"status": {"type": "integer"}},
}
_FILTERS = (
    "open",
    "headline",
    "step",
    "owner",
    "late",
    "attention",
    "country",
    "payment",
    "test",
    "name",
    "customer",
    "after",
    "limit",
)


def _query(*names: str) -> dict[str, Any]:
    return {"parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]}


Call = Callable[..., HttpResponse]


def _serve(method: str, address: str, call: Call, extra: dict[str, Any]) -> None:
    api.api_operation([method], address, openapi_extra=extra, operation_id=call.__name__, summary=call.__doc__)(call)


_serve("POST", "/requests", calls.ask, _extra(list[wire.Wish], wire.Answers))
_serve("GET", "/orders", calls.list_orders, _extra(result=wire.Orders) | _query(*_FILTERS))
_serve("GET", "/orders/{order_id}", calls.get_order, _extra())
_serve("GET", "/orders/{order_id}/why", calls.why, _extra(result=Explanation))
_serve("GET", "/orders/{order_id}/labels", labels.list_labels, _extra())
_serve("GET", "/orders/{order_id}/labels/{label}/{form}", labels.label_file, _extra())
_serve("GET", "/orders/{order_id}/parts/{part}/packing-slip", labels.packing_slip, _extra())
_PACKAGE = ("connection", "weight_g", "length_mm", "width_mm", "height_mm")
_serve("GET", "/orders/{order_id}/rates", labels.rates, _extra(result=labels.Rates) | _query(*_PACKAGE))
_serve("POST", "/carriers", labels.connect, _extra(labels.NewCarrier, labels.ConnectedCarrier, 201))
_serve("POST", "/hand-overs", labels.hand_over, _extra(labels.NewHandover, HandedOver, 201))
_serve("GET", "/hand-overs/{handover}/manifest", labels.manifest, _extra())
_serve("GET", "/tasks", calls.list_tasks, _extra(result=wire.Tasks) | _query("owner", "mine", "limit"))
_serve("GET", "/messages/set-aside", calls.list_set_aside, _extra(result=wire.SetAsides) | _query("before", "limit"))
_serve("POST", "/messages/retry", calls.retry_messages, _extra(wire.Retry, wire.Retried))
_serve("POST", "/effects/retry", calls.retry_effect, _extra(wire.RetryEffect))
_serve("GET", "/connections", calls.list_connections, _extra(result=wire.Connections))
_serve("POST", "/connections/observe", calls.observe, _extra(wire.NewConnection, Connected, 201))
_serve("POST", "/connections/{connection_id}/live", calls.set_live, _extra(result=wire.Connection))
_serve("POST", "/connections/{connection_id}/pause", calls.set_paused, _extra(result=wire.Connection))
_serve("GET", "/stock", stock.list_stock, _extra() | _query("after"))
_serve("GET", "/stock/item", stock.get_stock_item, _extra() | _query("sku"))
_serve("POST", "/stock/receipts", stock.receive_stock, _extra(list[Entry], Booked))
_serve("POST", "/stock/counts", stock.count_stock, _extra(list[Entry], Booked))
_serve("POST", "/stock/items", stock.keep_stock_items, _extra(list[Item], stock.Kept))
_serve("GET", "/stock/locations", stock.list_locations, _extra())
_serve("POST", "/stock/locations", stock.keep_location, _extra(Place, stock.Kept))
_serve("GET", "/stock/check", stock.check_stock, _extra())
_serve("POST", "/stock/mend", stock.mend_stock, _extra(stock.Mend, stock.Mended))
_serve("POST", "/erasures", privacy.erase, _extra(privacy.Erase, privacy.Asked, 202))
_serve("GET", "/erasures", privacy.list_erasures, _extra())
_serve("GET", "/personal-data", privacy.list_requests, _extra())
_serve("GET", "/personal-data/{int:request_id}/export", privacy.export, _extra())
_serve("POST", "/personal-data/{int:request_id}/done", privacy.done, _extra(result=privacy.Asked))


def _nothing_here(request: HttpRequest, rest: str) -> HttpResponse:
    return answer(request, Missing("unknown_address", "", "There is nothing at this address."))


urlpatterns = [path("", api.urls), path("<path:rest>", _nothing_here)]
