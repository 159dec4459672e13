"""The flow map: where every open order stands now."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from ordna.core.flow import Flow
from ordna.store.read import connections, flow_map, orders
from ordna.web.desk import reading
from ordna.web.flows import flow_in_force
from ordna.web.map_drawing import draw
from ordna.web.order_rows import named

SHORT = 8


@dataclass(frozen=True)
class Strip:
    """The figures the day begins with. `outside` counts every open order that is not the merchant's own turn."""

    open: int
    ours: int
    outside: int
    late: int
    attention: int
    trouble: int


def show(request: HttpRequest) -> HttpResponse:
    """The map, the strip, and the orders that are late or odd."""
    with reading(request) as seen:
        flow = flow_in_force(seen)
        figures = flow_map.figures(seen)
        links = connections.connections(seen)
        late = orders.oldest_late(seen, SHORT)
        odd = orders.page(seen, orders.Filter(attention=True), limit=SHORT).rows
        now = seen.now
    drawing = draw(flow, figures.steps, reverse("orders"), now)
    return render(
        request,
        "ordna/flow_map.html",
        {
            "at": "map",
            "flow": flow,
            "drawing": drawing,
            "strip": _strip(flow, figures),
            "links": links,
            "has_connection": bool(links),
            "late": named(flow, late),
            "odd": named(flow, odd),
        },
    )


def _strip(flow: Flow, figures: flow_map.MapFigures) -> Strip:
    ours = {name for name, team in flow.teams.items() if not team.outside}
    return Strip(
        sum(count.open for count in figures.owners),
        sum(count.open for count in figures.owners if count.owner in ours),
        sum(count.open for count in figures.owners if count.owner not in ours),
        sum(count.late for count in figures.owners),
        figures.attention,
        figures.trouble,
    )
