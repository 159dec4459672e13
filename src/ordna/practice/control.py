"""What a person or a script may do to the practice shop over HTTP, beside the Admin API.

`/`, `/orders/{id}`, `/deliveries` and `/bad-days` are pages; everything under `/_practice/` answers JSON, or, to a form
of a page, a redirect back to where it came from with a sentence of what was done. The shop knows no users: it
listens on this machine, and refuses posts that another website's page sends.

Errors answer `{"error": sentence}` with 400 (unreadable), 403, 404 or 409 (the shop refuses the deed).
"""

from __future__ import annotations

import json
from random import Random
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

from ordna.practice import compliance, derive
from ordna.practice.bad_days import shares_of
from ordna.practice.deeds import DEEDS
from ordna.practice.model import Fulfillment, FulfillmentOrder, Order
from ordna.practice.mutations.refusal import Refused
from ordna.practice.pages import bad_days_page, deliveries_page, missing_page, order_page, orders_page
from ordna.practice.plots import draw_basket, spoil_address
from ordna.practice.runtime import PracticeShop
from ordna.practice.server import Request, Response
from ordna.practice.totals import totals
from ordna.practice.trade import KINDS, make

LIST_LIMIT = 250
MAX_ORDERS_PER_HOUR = 20_000.0
MAX_DARK_HOURS = 48.0
_HTML = "text/html; charset=utf-8"
_PAYMENTS = ("captured", "authorized", "pending", "declined first", "gift card", "free")


class Declined(Exception):
    """The request cannot be served; carries the status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def handle(shop: PracticeShop, request: Request) -> Response:
    """Serve one request; changes are told to receivers before this returns."""
    try:
        if request.method == "GET":
            return _read(shop, request)
        if request.method != "POST":
            raise Declined(405, "This address takes GET and POST.")
        _refuse_foreign_pages(request)
        sentence, data = _change(shop, request)
        return _done(request, sentence, data)
    except Declined as declined:
        if request.path.startswith("/_practice/"):
            return _json({"error": str(declined)}, declined.status)
        return Response(declined.status, missing_page(shop, str(declined)).encode(), _HTML)
    except Refused as refused:
        return _done(request, f"The shop refuses: {refused}", {"error": str(refused)}, status=409)


def _read(shop: PracticeShop, request: Request) -> Response:
    query = dict(parse_qsl(request.query))
    match request.path.strip("/").split("/"):
        case [""]:
            page = max(1, _number(query.get("page", "1")))
            return _html(orders_page(shop, page, query.get("said", "")))
        case ["deliveries"]:
            return _html(deliveries_page(shop))
        case ["bad-days"]:
            return _html(bad_days_page(shop, query.get("said", "")))
        case ["orders", number]:
            return _html(order_page(shop, _order(shop, number), query.get("said", "")))
        case ["_practice", "orders"]:
            newest = list(shop.world.orders.values())[-LIST_LIMIT:]
            briefs = [_brief(order) for order in reversed(newest)]
            return _json({"orders": briefs, "count": len(shop.world.orders)})
        case ["_practice", "orders", number]:
            return _json(_full(shop, _order(shop, number)))
        case ["_practice", "mutations"]:
            return _json(_mutations(shop.mutations_served))
        case ["_practice", "credentials"]:
            return _json(shop.credentials())
        case ["_practice", "deliveries"]:
            return _json({"waiting": shop.sender.desk.waiting(), "counts": shop.sender.desk.counts})
        case ["_practice", "bad-days"]:
            return _json(_bad_days(shop))
    raise Declined(404, "There is nothing at this address.")


def _change(shop: PracticeShop, request: Request) -> tuple[str, dict[str, Any]]:
    wish = _wish(request)
    match request.path.strip("/").split("/"):
        case ["_practice", "orders"]:
            order = _place(shop, wish)
            shop.advance(by="admin")
            return f"{order.name} was placed.", _brief(order)
        case ["_practice", *_, "data_request" | "redact" | "shop_redact"] if not shop.compliance_address():
            raise Declined(409, "No app listens, so nobody can be told.")
        case ["_practice", "orders", number, ("data_request" | "redact") as ask]:
            return compliance.about_customer(shop, _order(shop, number), f"customers/{ask}"), {"asked": ask}
        case ["_practice", "shop_redact"]:
            return compliance.about_shop(shop), {"asked": "shop_redact"}
        case ["_practice", "compliance"]:
            shop.compliance_uri = str(wish.get("uri", ""))
            return "The app's address for these is set.", {"uri": shop.compliance_uri}
        case ["_practice", "orders", number, deed_name]:
            order = _order(shop, number)
            sentence = _do(shop, order, deed_name)
            return sentence, _brief(order)
        case ["_practice", "pace"]:
            pace = _amount(wish, "orders_per_hour", MAX_ORDERS_PER_HOUR)
            shop.life.set_pace(pace)
            return f"From now on {pace:g} orders an hour.", {"orders_per_hour": pace}
        case ["_practice", "bad-days"]:
            return _spoil(shop, wish), _bad_days(shop)
        case ["_practice", "uninstall"]:
            shop.uninstall()
            return "The app is removed. To come back it needs the new access token.", shop.credentials()
        case ["_practice", "pause"]:
            shop.life.pause()
            return "The shop stands still.", {"paused": True}
        case ["_practice", "resume"]:
            shop.life.resume()
            shop.advance()
            return "The shop goes on.", {"paused": False}
    raise Declined(404, "There is nothing at this address.")


def _place(shop: PracticeShop, wish: dict[str, Any]) -> Order:
    payment = str(wish.get("payment", "captured"))
    if payment not in _PAYMENTS:
        raise Declined(400, f"payment is one of: {', '.join(_PAYMENTS)}.")
    kind = str(wish.get("trade", ""))
    if kind and kind not in KINDS:
        raise Declined(400, f"trade is one of: {', '.join(KINDS)}.")
    random = Random(f"by hand {shop.life.seed} {len(shop.world.orders)}")
    basket = draw_basket(shop.world, random)
    basket.payment, basket.test, basket.discount = payment, _is_set(wish, "test"), None
    if payment == "free":
        basket.discount, basket.shipping = ("PRESENT", 100), "free"
    if _is_set(wish, "high_value"):
        dearest = max(shop.world.variants.values(), key=lambda variant: variant.price)
        basket.items = [(dearest, 3)]
    if _is_set(wish, "incomplete_address"):
        spoil_address(basket, random)
    if kind:
        make(kind, shop.world, basket, random)
    return shop.life.buy(basket)


def _do(shop: PracticeShop, order: Order, deed_name: str) -> str:
    deed = DEEDS.get(deed_name)
    if deed is None:
        raise Declined(404, f"There is no deed {deed_name!r}; there are: {', '.join(DEEDS)}.")
    if not deed.is_open(order):
        raise Declined(409, f"{order.name} cannot take this now: {deed_name.replace('_', ' ')}.")
    try:
        deed.do(shop.world, order)
    finally:
        shop.advance(by="admin")
    return f"{order.name}: {deed.label.lower() or deed_name.replace('_', ' ')}, done."


def _bad_days(shop: PracticeShop) -> dict[str, Any]:
    """The share of every fault, what happened so far, and until when the network is dark."""
    days = shop.bad_days
    dark_until = days.dark_until.isoformat() if days.dark_until and days.is_dark(shop.world.now()) else None
    return {"seed": days.seed, "shares": days.told(), "happened": dict(sorted(days.counts.items())),
            "dark_until": dark_until}  # fmt: skip


def _spoil(shop: PracticeShop, wish: dict[str, Any]) -> str:
    """`all` "on" or "off"; a fault's name with its share, a form's `percent.` with percents; `blackout_hours`,
    `rotate_secret`; `storm_order` with an order's id or number."""
    days = shop.bad_days
    if wish.get("all") in ("on", "off"):
        days.switch_all(wish["all"] == "on")
        return "Every bad day is on." if wish["all"] == "on" else "Good days from now on."
    if "blackout_hours" in wish:
        hours = _amount(wish, "blackout_hours", MAX_DARK_HOURS)
        days.black_out(shop.world.now(), hours)
        return f"Nothing comes through for {hours:g} hours."
    if _is_set(wish, "rotate_secret"):
        shop.rotate_secret()
        return "The app has a new client secret; for an hour some webhooks are still signed with the old one."
    if "storm_order" in wish:
        order = _order(shop, str(wish["storm_order"]))
        shop.storm(order)
        return f"{order.name} is changed 500 times within a minute."
    shares = {name: share for name, share in wish.items() if not name.startswith("percent.")}
    for name in wish.keys() - shares.keys():
        shares[name.removeprefix("percent.")] = _amount(wish, name, 100.0) / 100
    try:
        days.switch(shares_of(shares))
    except ValueError as error:
        raise Declined(400, str(error)) from error
    return "Set." if days.shares else "Good days from now on."


def _refuse_foreign_pages(request: Request) -> None:
    # A page of another website could post here from the same browser; its origin gives it away.
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise Declined(403, "This page belongs to another website.")


def _done(request: Request, sentence: str, data: dict[str, Any], status: int = 200) -> Response:
    if not _is_form(request):
        return _json(data, status)
    back = urlsplit(request.headers.get("referer", "/")).path or "/"
    target = back if back.startswith("/orders/") or back == "/bad-days" else "/"
    return Response(303, b"", headers=(("location", f"{target}?said={quote(sentence)}"),))


def _wish(request: Request) -> dict[str, Any]:
    if _is_form(request):
        return {key: values[-1] for key, values in parse_qs(request.body.decode(errors="replace")).items()}
    if not request.body.strip():
        return {}
    try:
        wish = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Declined(400, f"The body is not JSON: {error}") from error
    if not isinstance(wish, dict):
        raise Declined(400, "The body is a JSON object.")
    return wish


def _amount(wish: dict[str, Any], name: str, most: float) -> float:
    try:
        amount = float(wish.get(name, ""))
    except (TypeError, ValueError) as error:
        raise Declined(400, f"{name} is a number.") from error
    if not 0 <= amount <= most:
        raise Declined(400, f"{name} is between 0 and {most:g}.")
    return amount


def _order(shop: PracticeShop, number: str) -> Order:
    """The order by its id, or by its number such as 1001."""
    wanted = _number(number)
    order = shop.world.orders.get(wanted)
    if order is None:
        order = next((o for o in shop.world.orders.values() if o.number == wanted), None)
    if order is None:
        raise Declined(404, f"There is no order {number}.")
    return order


def _brief(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "name": order.name,
        "created_at": order.created_at.isoformat(),
        "financial_status": derive.financial_status(order),
        "fulfillment_status": derive.fulfillment_status(order),
        "cancelled_at": order.cancelled_at.isoformat() if order.cancelled_at else None,
        "closed_at": order.closed_at.isoformat() if order.closed_at else None,
        "total": str(totals(order).current_total.shop),
        "currency": order.currency,
        "tags": order.tags,
        "test": order.test,
    }


def _mutations(served: dict[str, int]) -> dict[str, Any]:
    """Counts by name. An app that observes subscribes to webhooks, has orders gathered in bulk and changes nothing:
    `changes` stays 0."""
    listening = sum(
        count for name, count in served.items() if name.startswith(("webhookSubscription", "bulkOperation"))
    )
    total = sum(served.values())
    return {"total": total, "changes": total - listening, "by_name": dict(sorted(served.items()))}


def _full(shop: PracticeShop, order: Order) -> dict[str, Any]:
    return {
        **_brief(order),
        "note": order.note,
        "fulfillment_orders": [_part(part) for part in order.fulfillment_orders],
        "fulfillments": [_parcel(parcel) for parcel in order.fulfillments],
        "story": [
            {"at": told.at.isoformat(), "what": told.sentence, "by": told.by} for told in shop.story_of(order.id)
        ],
        "open_deeds": [name for name, deed in DEEDS.items() if deed.label and deed.is_open(order)],
    }


def _part(part: FulfillmentOrder) -> dict[str, Any]:
    return {
        "id": part.id,
        "status": part.status,
        "location": part.location.name,
        "holds": [{"reason": h.reason, "handle": h.handle, "app": h.app_title} for h in part.holds],
        "units": sum(line.remaining_quantity for line in part.lines),
    }


def _parcel(parcel: Fulfillment) -> dict[str, Any]:
    return {
        "id": parcel.id,
        "name": parcel.name,
        "status": parcel.status,
        "company": parcel.company,
        "tracking_numbers": [tracking.number for tracking in parcel.tracking],
        "events": [event.status for event in parcel.events],
    }


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def _is_set(wish: dict[str, Any], name: str) -> bool:
    return wish.get(name) in (True, 1, "1", "true", "on")


def _number(text: str) -> int:
    if not (text.isdecimal() and len(text) < 20):
        raise Declined(404, f"{text!r} is no number.")
    return int(text)


def _json(data: Any, status: int = 200) -> Response:
    return Response(status, json.dumps(data, ensure_ascii=False, indent=1).encode())


def _html(page: str) -> Response:
    return Response(200, page.encode(), _HTML)
