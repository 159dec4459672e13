"""Messages that were set aside: tried again with one click, from the connections' page or from the order they name."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from ordna.engine.setaside import try_again
from ordna.store.read import messages as read
from ordna.store.read import order as orders
from ordna.web import asked_for
from ordna.web.desk import database, desk, reading
from ordna.web.errors import bad_parameter
from ordna.web.views import connections, order


@require_POST
def retry(request: HttpRequest) -> HttpResponse:
    """Try one again, or with `all` everything that the connections' page shows."""
    try:
        number = asked_for.whole(request.POST, "message", 0, 0, read.NEWEST)
    except asked_for.BadParameter as error:
        return bad_parameter(request, error.field, str(error))
    with reading(request) as seen:
        wanted = [row.inbox_id for row in read.set_aside(seen)] if request.POST.get("all") else [number]
        named = orders.order_head(seen, request.POST.get("order", ""))
    at = desk(request)
    taken = try_again(database(), at.merchant_id, wanted, at.person)
    many = f"{len(taken)} messages are" if len(taken) > 1 else "It is"
    said = f"{many} being tried again" if taken else "It is no longer set aside"
    if named is not None:
        request.session[order.DONE_KEY] = said
        return redirect("order", named.order_id)
    request.session[connections.SAID_KEY] = f"{said}."
    return redirect("connections")
