"""The orders list."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ordna.engine.project import name_key
from ordna.store.read import orders
from ordna.web import asked_for, asking, words
from ordna.web.desk import reading
from ordna.web.errors import bad_parameter
from ordna.web.flows import flow_in_force, own_teams, team_title
from ordna.web.order_rows import named


def show(request: HttpRequest) -> HttpResponse:
    """The list; a search that finds exactly one order goes straight to it."""
    try:
        return _show(request)
    except asked_for.BadParameter as error:
        return bad_parameter(request, error.field, str(error))
    except orders.BadCursor:
        return bad_parameter(request, "after", "That place in the list does not exist. Begin at the newest orders.")


def _show(request: HttpRequest) -> HttpResponse:
    query = asked_for.text(request.GET, "q")
    after = asked_for.text(request.GET, "after")
    with reading(request) as seen:
        flow = flow_in_force(seen)
        show, wanted = asked_for.order_filter(request.GET, flow)
        limit = asked_for.limit(request.GET)
        if query:
            rows, more = orders.search(seen, query, name_key(query), ring=asking.ring()), ""
        else:
            found = orders.page(seen, wanted, after, limit)
            rows, more = found.rows, found.after
        any_orders = bool(rows) or orders.has_orders(seen)
    if query and len(rows) == 1:
        return redirect("order", rows[0].order_id)
    return render(
        request,
        "ordna/orders.html",
        {
            "at": "orders",
            "q": query,
            "show": show,
            "tabs": [{"key": key, "word": word, "current": key == show and not query} for key, word in asked_for.TABS],
            "wanted": wanted,
            "filtered": any((wanted.step, wanted.owner, wanted.country, wanted.payment, wanted.test)),
            "steps": [(step.name, step.title) for step in flow.steps],
            "teams": [(name, team_title(flow, name)) for name in flow.teams],
            "own_teams": own_teams(flow),
            "payments": [(state, words.look("payment", state).word) for state in orders.PAYMENTS],
            "rows": named(flow, rows),
            "after": after,
            "more": more,
            "any_orders": any_orders,
        },
    )
