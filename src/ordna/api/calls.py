"""The API's calls. Every action a page has is here too, and both go through `ordna.engine`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import msgspec
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from ordna.api import wire
from ordna.api.access import Caller, reader, writer
from ordna.api.answers import as_json
from ordna.api.engines import connections_engine, database, policies
from ordna.api.errors import Conflict, Missing, Unusable
from ordna.api.params import order_filter, refuse_unknown, whole
from ordna.core.explain import explain
from ordna.core.flow import parse_flow
from ordna.core.outcome import Order
from ordna.core.policy import Policy
from ordna.core.vocabulary import VOCABULARY
from ordna.engine import requests
from ordna.engine.connections import LinkError, NotConnected, UnknownConnection
from ordna.engine.project import name_key
from ordna.engine.setaside import AT_ONCE_MAX, try_again
from ordna.store.read import connections, messages, order, orders, work
from ordna.store.read.door import View, view


def ask(request: HttpRequest) -> HttpResponse:
    """Ask for up to 500 things in one transaction; each gets its own answer."""
    caller = writer(request)
    wishes = wire.read_body(_raw(request), list[wire.Wish])
    if len(wishes) > wire.AT_ONCE_MAX:
        raise Unusable("too_many", "", f"At most {wire.AT_ONCE_MAX} requests go together; these are {len(wishes)}.")
    asked = [requests.Wish(caller.merchant_id, w.order, w.request, caller.user, w.saw_version) for w in wishes]
    answers = requests.ask_many(database(), policies(), asked)
    return as_json(wire.Answers([_answer(w.order, a) for w, a in zip(wishes, answers, strict=True)]))


def list_orders(request: HttpRequest) -> HttpResponse:
    """Orders, newest first, a page at a time."""
    refuse_unknown(request.GET, "open", "headline", "step", "owner", "late", "attention", "country", "payment", "test",
                   "name", "customer", "after", "limit")  # fmt: skip
    limit = whole(request.GET, "limit", orders.PAGE, 1, orders.PAGE_MAX)
    wanted = order_filter(request.GET)
    with _seen(request) as seen:
        if name := request.GET.get("name", ""):
            found = orders.Page(orders.search(seen, name, name_key(name), limit), "")
        elif customer := request.GET.get("customer", ""):
            found = orders.Page(orders.of_person(seen, policies().ring, customer, limit), "")
        else:
            try:
                found = orders.page(seen, wanted, request.GET.get("after", ""), limit)
            except orders.BadCursor as error:
                raise Unusable("bad_cursor", "after", "That is not a cursor this list gave out.") from error
    return as_json(wire.Orders([_brief(row) for row in found.rows], found.after))


def get_order(request: HttpRequest, order_id: str) -> HttpResponse:
    """One order: its state, its verdict, its tasks and effects. Nothing here names a person."""
    refuse_unknown(request.GET)
    with _seen(request) as seen:
        detail = _detail(seen, order_id)
    tasks = [
        _named(task, order_name=detail.head.name, seq=detail.head.seq) for task in detail.tasks if not task.closed_at
    ]
    body = {
        "id": order_id,
        "version": detail.head.seq,
        "name": detail.head.name,
        "headline": detail.head.headline,
        "state": msgspec.Raw(detail.head.state),
        "verdict": msgspec.Raw(detail.head.verdict),
        "tasks": tasks,
        "effects": [asdict(effect) for effect in detail.effects],
    }
    return as_json(body)


def why(request: HttpRequest, order_id: str) -> HttpResponse:
    """Whose turn it is, since when and why, for every step and rule."""
    refuse_unknown(request.GET)
    with _seen(request) as seen:
        detail = _detail(seen, order_id)
        row, merchant = connections.policy(seen, detail.head.policy_version or None), connections.merchant(seen)
        now = seen.now
    if row is None or merchant is None:
        raise Missing("no_flow", "order", "The order's merchant has no flow.")
    flow = parse_flow(row.flow, VOCABULARY, currency_default=merchant.currency)
    policy = Policy(row.version, flow, detail.head.mode == "live")
    return as_json(explain(Order(detail.state, detail.verdict), policy, now))


def list_tasks(request: HttpRequest) -> HttpResponse:
    """Open tasks, the caller's own first, then by what is due."""
    refuse_unknown(request.GET, "owner", "mine", "limit")
    limit = whole(request.GET, "limit", work.PAGE, 1, orders.PAGE_MAX)
    caller = reader(request)
    with view(database(), caller.merchant_id) as seen:
        found = work.tasks(seen, caller.user, request.GET.get("owner", ""), request.GET.get("mine") == "true", limit)
    return as_json(wire.Tasks([_task(task) for task in found]))


def list_set_aside(request: HttpRequest) -> HttpResponse:
    """Messages that could not be handled, newest first, a page at a time."""
    refuse_unknown(request.GET, "before", "limit")
    before = whole(request.GET, "before", messages.NEWEST, 1, messages.NEWEST)
    limit = whole(request.GET, "limit", messages.PAGE, 1, orders.PAGE_MAX)
    with _seen(request) as seen:
        found = messages.set_aside(seen, before, limit)
    more = found[-1].inbox_id if len(found) == limit else 0
    return as_json(wire.SetAsides([_set_aside(row) for row in found], more))


def retry_messages(request: HttpRequest) -> HttpResponse:
    """Have messages that were set aside handled anew."""
    caller = writer(request)
    asked = wire.read_body(request.body, wire.Retry).messages
    if len(asked) > AT_ONCE_MAX:
        raise Unusable("too_many", "messages", f"At most {AT_ONCE_MAX} messages go together; these are {len(asked)}.")
    if any(not 0 < number <= messages.NEWEST for number in asked):
        raise Unusable("out_of_range", "messages", "The numbers of messages are positive.")
    return as_json(wire.Retried(try_again(database(), caller.merchant_id, asked, caller.user)))


def retry_effect(request: HttpRequest) -> HttpResponse:
    """Have an effect that gave up looked up, and sent again if nothing happened."""
    caller = writer(request)
    asked = wire.read_body(request.body, wire.RetryEffect)
    with view(database(), caller.merchant_id) as seen:
        detail = _detail(seen, asked.order)
    if not any(effect.effect_key == asked.key for effect in detail.effects):
        raise Missing("unknown_effect", "key", "The order has no such effect.")
    if not connections_engine().try_again(caller.merchant_id, asked.order, asked.key):
        raise Conflict("not_given_up", "key", "That effect was not given up, so there is nothing to try again.")
    return as_json({})


def list_connections(request: HttpRequest) -> HttpResponse:
    """The merchant's connections."""
    refuse_unknown(request.GET)
    with _seen(request) as seen:
        links = connections.connections(seen)
    return as_json(wire.Connections([_connection(link) for link in links]))


def observe(request: HttpRequest) -> HttpResponse:
    """Connect a shop; it is observed, and nothing in it is changed."""
    caller = writer(request)
    body = wire.read_body(_raw(request), wire.NewConnection)
    if body.token:
        credentials = {"token": body.token}
    elif body.client_id and body.client_secret:
        credentials = {"client_id": body.client_id, "client_secret": body.client_secret}
    else:
        raise Unusable("no_credentials", "token", "Give a token, or a client_id with its client_secret.")
    if not body.base_url.startswith("https://"):
        raise Unusable("not_https", "base_url", "The shop's address begins with https://.")
    try:
        made = connections_engine().connect_shopify(
            caller.merchant_id, body.base_url, credentials, settings.ORDNA_URL, webhook_secret=body.webhook_secret
        )
    except NotConnected as error:
        raise Conflict(error.code, "base_url", str(error)) from error
    return as_json(made, status=201)


def set_live(request: HttpRequest, connection_id: int) -> HttpResponse:
    """Act from now on, or resume."""
    caller, link = _link(request, connection_id)
    with _linking():
        if link.mode == "paused":
            connections_engine().resume(caller.merchant_id, connection_id)
        elif link.mode == "observe":
            connections_engine().go_live(caller.merchant_id, connection_id)
    return as_json(_connection(_link(request, connection_id)[1]))


def set_paused(request: HttpRequest, connection_id: int) -> HttpResponse:
    """Nothing leaves through this connection until it is live again."""
    caller, link = _link(request, connection_id)
    with _linking():
        if link.mode != "paused":
            connections_engine().pause(caller.merchant_id, connection_id)
    return as_json(_connection(_link(request, connection_id)[1]))


def _raw(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig as error:
        raise wire.too_large() from error


@contextmanager
def _seen(request: HttpRequest) -> Iterator[View]:
    with view(database(), reader(request).merchant_id) as seen:
        yield seen


@contextmanager
def _linking() -> Iterator[None]:
    try:
        yield
    except UnknownConnection as error:
        raise Missing("unknown_connection", "connection", "There is no such connection.") from error
    except LinkError as error:
        raise Conflict("wrong_mode", "mode", str(error)) from error


def _link(request: HttpRequest, connection_id: int) -> tuple[Caller, connections.ConnectionRow]:
    caller = writer(request)
    with view(database(), caller.merchant_id) as seen:
        for link in connections.connections(seen):
            if link.connection_id == connection_id:
                return caller, link
    raise Missing("unknown_connection", "connection", "There is no such connection.")


def _detail(seen: View, order_id: str) -> order.OrderDetail:
    detail = order.order_detail(seen, order_id) if order_id.isprintable() else None
    if detail is None:
        raise Missing("unknown_order", "order", "There is no such order.")
    return detail


def _answer(order_id: str, answered: requests.Answered) -> wire.Answer:
    match answered:
        case requests.Accepted(version=version):
            return wire.Answer(order_id, "accepted", version)
        case requests.Refused(refusal=no, version=version):
            return wire.Answer(order_id, "refused", version, no.code, no.field, no.sentence)
        case requests.Stale(saw_version=saw, version=version):
            said = f"The order moved on from version {saw} to {version}."
            return wire.Answer(order_id, "stale", version, "stale", "saw_version", said)
        case requests.NotFound():
            return wire.Answer(order_id, "not_found", None, "unknown_order", "order", "There is no such order.")


def _brief(row: orders.OrderRow) -> wire.OrderBrief:
    raw = asdict(row)
    raw |= {"id": raw.pop("order_id"), "version": raw.pop("seq"), "connection": raw.pop("connection_id")}
    return msgspec.convert(raw, wire.OrderBrief)


def _task(row: work.WorkRow) -> wire.Task:
    return _named(row, row.order_name, row.seq)


def _named(row: work.TaskRow | work.WorkRow, order_name: str, seq: int) -> wire.Task:
    return wire.Task(row.order_id, order_name, seq, row.task_key, row.kind, row.owner, row.title, row.reason, row.step,
                     row.part, list(row.ask_kinds()), row.opened_at, row.due_at, row.claimed_by)  # fmt: skip


def _set_aside(row: messages.SetAside) -> wire.SetAside:
    return wire.SetAside(row.inbox_id, row.connection_id, row.topic, row.received_at, row.outcome, row.tries,
                         row.error, row.order_id)  # fmt: skip


def _connection(link: connections.ConnectionRow) -> wire.Connection:
    return wire.Connection(link.connection_id, link.kind, link.title, link.domain, link.mode, link.live_since,
                           link.last_webhook_at, link.last_read_at, link.last_error)  # fmt: skip
