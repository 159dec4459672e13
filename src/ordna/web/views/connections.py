"""Connections: what flows, how fresh it is, what is in trouble; connect, go live, pause."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from ordna.engine.connections import Connections, LinkError, Preview
from ordna.store.read import connections as read
from ordna.store.read import labels, privacy
from ordna.store.read.messages import set_aside
from ordna.web import asking, watching, words
from ordna.web.desk import database, desk, reading
from ordna.web.errors import bad_parameter

SAID_KEY = "connections_said"
OUTCOMES = (
    ("facts", "News"),
    ("nothing", "Nothing new"),
    ("duplicate", "Duplicate"),
    ("hint", "Hint"),
    ("request", "Request"),
    ("ignored", "Ignored"),
    ("unusable", "Unusable"),
    ("quarantined", "Set aside"),
    ("waiting", "Waiting"),
)
TASK_WORDS = {"step": "work to do", "late": "late steps", "hold": "holds to decide", "attention": "things to look at"}


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """Every connection of the merchant."""
    return _page(request, "", {}, 200)


def _page(request: HttpRequest, refusal: str, form: dict[str, str], status: int) -> HttpResponse:
    with reading(request) as seen:
        links = read.connections(seen)
        flows = read.flows(seen)
        rereads, waiting = read.rereads(seen), read.effects_waiting(seen)
        merchant = read.merchant(seen)
        zone = merchant.zone if merchant else "UTC"
        care = watching.care(read.duties(seen), read.gaps(seen), seen.now, zone)
        trouble, aside = read.trouble(seen), set_aside(seen)
        carriers = labels.carriers(seen)
        asked = privacy.waiting_for_people(seen)
    practice = practice_shop()
    known = {link.domain for link in links if link.mode != "gone"}
    context = {
        "at": "connections",
        "links": [
            _link(link, flows, rereads, waiting)
            | care.get(link.connection_id, {})
            | {"zone": watching.zone_sentence(link, seen.now, zone)}
            for link in links
            if link.role == "shop"
        ],
        "carriers": [_carrier(carrier, links) for carrier in carriers],
        "practice_carrier": practice_carrier() if not carriers else None,
        "outcome_words": [word for _, word in OUTCOMES],
        "trouble": trouble,
        "set_aside": aside,
        "asked": asked,
        "practice": practice if practice and practice["domain"] not in known else None,
        "said": request.session.pop(SAID_KEY, ""),
        "refusal": refusal,
        "form": form,
    }
    return render(request, "ordna/connections.html", context, status=status)


@require_POST
def connect(request: HttpRequest) -> HttpResponse:
    """Connect a shop, or the practice shop; it starts by observing."""
    form = {name: request.POST.get(name, "").strip() for name in ("domain", "token", "client_id", "secret")}
    practice = practice_shop() if request.POST.get("practice") else None
    if practice is not None:
        base_url, secret = practice["base_url"], practice["secret"]
        credentials = {"token": practice["token"]}
    else:
        refusal = _missing(form)
        if refusal:
            return _page(request, refusal, form, 422)
        base_url, secret = f"https://{form['domain'].removeprefix('https://').rstrip('/')}", form["secret"]
        credentials = {"token": form["token"]}
        if form["client_id"]:
            credentials = {"client_id": form["client_id"], "client_secret": form["secret"]}
    try:
        made = engine().connect_shopify(
            desk(request).merchant_id, base_url, credentials, settings.ORDNA_URL, webhook_secret=secret or None
        )
    except LinkError as error:
        return _page(request, f"The shop could not be connected: {error}", form, 422)
    request.session[SAID_KEY] = f"{made.title} is connected and observed; {made.subscriptions} topics are subscribed."
    return redirect("connections")


@require_GET
def go_live(request: HttpRequest, connection_id: int) -> HttpResponse:
    """What going live would do, before anything is done."""
    link = _one(request, connection_id)
    if link.mode == "live":
        return redirect("connections")
    preview = engine().preview_go_live(desk(request).merchant_id, connection_id)
    return render(request, "ordna/go_live.html", {"at": "connections", "link": link, "preview": _preview(preview)})


@require_POST
def mode(request: HttpRequest, connection_id: int) -> HttpResponse:
    """Go live, pause, resume."""
    link = _one(request, connection_id)
    wanted, merchant = request.POST.get("mode", ""), desk(request).merchant_id
    if wanted not in ("live", "paused"):
        return bad_parameter(request, "mode", "A connection can be set live or paused.")
    if wanted == link.mode:
        return redirect("connections")
    try:
        if wanted == "paused":
            engine().pause(merchant, connection_id)
            said = f"{link.title} is paused: nothing leaves, what comes in is taken in."
        elif link.mode == "paused":
            engine().resume(merchant, connection_id)
            said = f"{link.title} is live again; what waited leaves now, if it is still wanted."
        else:
            orders = engine().go_live(merchant, connection_id)
            said = f"{link.title} is live: {orders} open orders are being settled."
    except LinkError as error:
        return _page(request, str(error), {}, 409)
    request.session[SAID_KEY] = said
    return redirect("connections")


@require_POST
def outgoing(request: HttpRequest) -> HttpResponse:
    """Stop whatever leaves, over all connections of the merchant, or let it go on."""
    engine().pause_outgoing(desk(request).merchant_id, request.POST.get("paused") == "1")
    return redirect("connections")


@require_POST
def retry(request: HttpRequest) -> HttpResponse:
    """Try an effect that gave up once more."""
    order_id, key = request.POST.get("order_id", ""), request.POST.get("effect_key", "")
    with reading(request) as seen:
        if not any(row.order_id == order_id and row.effect_key == key for row in read.trouble(seen)):
            raise Http404
    if not engine().try_again(desk(request).merchant_id, order_id, key):
        return _page(request, "That effect is no longer one to try again.", {}, 409)
    request.session[SAID_KEY] = "It is being tried again."
    return redirect("connections")


def engine() -> Connections:
    """This process's way to make and switch connections."""
    return _engine(settings.ORDNA_DATABASE, str(settings.ORDNA_HOME))


def practice_shop() -> dict[str, str] | None:
    """The practice shop that runs beside us, as the settings name it: base_url, domain, token, secret."""
    found: dict[str, str] | None = getattr(settings, "ORDNA_PRACTICE", None)
    return found


def practice_carrier() -> dict[str, str] | None:
    """The practice carrier that runs beside us: base_url, account, token."""
    found: dict[str, str] | None = getattr(settings, "ORDNA_PRACTICE_CARRIER", None)
    return found


def _carrier(carrier: labels.CarrierRow, links: Sequence[read.ConnectionRow]) -> dict[str, Any]:
    row = next(link for link in links if link.connection_id == carrier.connection_id)
    return {"row": row, "cutoff": carrier.cutoff, "sender": carrier.sender}


def _one(request: HttpRequest, connection_id: int) -> read.ConnectionRow:
    with reading(request) as seen:
        for link in read.connections(seen):
            if link.connection_id == connection_id:
                return link
    raise Http404


def _missing(form: dict[str, str]) -> str:
    if not form["domain"] or "/" in form["domain"].removeprefix("https://").rstrip("/"):
        return "Write the shop’s address, like example.myshopify.com."
    if not form["token"] and not (form["client_id"] and form["secret"]):
        return "Give the access token of an app of the shop, or its client id and client secret."
    if not form["secret"]:
        return "Give the app’s client secret too: the shop signs its webhooks with it."
    return ""


def _link(
    link: read.ConnectionRow,
    flows: tuple[read.TopicFlow, ...],
    rereads: dict[int, read.Backlog],
    waiting: dict[int, read.Backlog],
) -> dict[str, Any]:
    mine = [flow for flow in flows if flow.connection_id == link.connection_id]
    topics = []
    for topic in sorted({flow.topic for flow in mine}):
        counts = {flow.outcome: flow.messages for flow in mine if flow.topic == topic}
        last = max(flow.last_at for flow in mine if flow.topic == topic)
        topics.append({"topic": topic, "counts": [counts.get(key, 0) for key, _ in OUTCOMES], "last_at": last})
    number = link.connection_id
    has_budget = link.budget is not None and link.budget_maximum
    return {
        "row": link,
        "rereads": rereads[number].waiting if number in rereads else 0,
        "waiting": waiting[number].waiting if number in waiting else 0,
        "messages": sum(flow.messages for flow in mine),
        "topics": topics,
        "budget": round(link.budget or 0),
        "budget_max": round(link.budget_maximum or 0),
        "budget_share": round(100 * (link.budget or 0) / (link.budget_maximum or 1)) if has_budget else None,
    }


def _preview(preview: Preview) -> dict[str, Any]:
    return {
        "open_orders": preview.open_orders,
        "changed": preview.changed,
        "effects": [(words.EFFECTS.get(kind, kind), count) for kind, count in sorted(preview.effects.items())],
        "tasks": [(TASK_WORDS.get(kind, kind), count) for kind, count in sorted(preview.tasks.items())],
        "first": preview.first,
    }


@lru_cache(maxsize=4)
def _engine(dsn: str, home: str) -> Connections:
    return Connections(database(), asking.ring())
