"""One order: whose turn and why, what may be done now, what was done, by whom."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from ordna.core.explain import Explanation, StepWhy, explain
from ordna.core.letters import unwritable
from ordna.core.order import part_names
from ordna.core.outcome import Order
from ordna.core.policy import Policy
from ordna.engine import requests
from ordna.store.read import labels as read_labels
from ordna.store.read import order as read
from ordna.store.read.messages import set_aside_of_order
from ordna.web import asked_for, asking, order_page, words
from ordna.web.desk import desk, reading
from ordna.web.errors import bad_parameter
from ordna.web.flows import own_teams, policy_of, team_title

DONE_KEY = "done"
LETTERS_SHOWN = 8


@require_GET
def show(request: HttpRequest, order_id: str) -> HttpResponse:
    """The page of one order."""
    try:
        before = asked_for.whole(request.GET, "before", read.NEWEST, 1, read.NEWEST)
    except asked_for.BadParameter as error:
        return bad_parameter(request, error.field, str(error))
    with reading(request) as seen:
        detail = read.order_detail(seen, order_id, before)
        if detail is None:
            raise Http404
        policy = policy_of(seen, detail.head.policy_version or None, acting=detail.head.mode == "live")
        aside = set_aside_of_order(seen, order_id)
        known = detail.head.person_id
        person = read.person(seen, asking.ring(), known) if known else None
        labels, carriers = read_labels.of_order(seen, order_id), read_labels.carriers(seen)
        now = seen.now
    order = Order(detail.state, detail.verdict)
    why = explain(order, policy, now)
    allowed, refused = order_page.actions(order, policy, now)
    entries = order_page.timeline(detail.journal, detail.decisions, policy.flow, detail.state)
    open_tasks = [task for task in detail.tasks if task.closed_at is None]
    return render(
        request,
        "ordna/order.html",
        {
            "at": "orders",
            "head": detail.head,
            "state": detail.state,
            "flow": policy.flow,
            "why": _why(why, order, policy, {(task.step, task.part) for task in open_tasks}),
            "turn_tone": _tone(why, detail.head.open),
            "way": order_page.way(policy.flow, why),
            "parts": order_page.parts_of(detail.state),
            "lines": (detail.state.order.lines or ()) if detail.state.order else (),
            "parcels": detail.state.parcels,
            "allowed": allowed,
            "refused": refused,
            "cancel_reasons": words.CANCEL_REASONS,
            "own_teams": own_teams(policy.flow),
            "holds": order_page.hold_views(detail.state, policy.flow),
            "problems": [task for task in open_tasks if task.kind == "attention"],
            "unread": order_page.unread(detail),
            "set_aside": aside,
            "tasks": [
                asdict(task) | {"owner_title": team_title(policy.flow, task.owner)}
                for task in open_tasks
                if task.kind != "attention"
            ],
            "effects": detail.effects,
            "labels": labels,
            "carriers": carriers,
            "label_parts": order_page.label_parts(order, policy, carriers[0].connection_id) if carriers else (),
            "person": person,
            "unwritable": unwritable((person.name or "", *person.address))[:LETTERS_SHOWN] if person else (),
            "timeline": entries,
            "voices": [(key, word, sum(e.voice == key for e in entries)) for key, word in order_page.VOICES],
            "older": detail.older,
            "archived": 0 if detail.older else detail.archived,
            "done_word": request.session.pop(DONE_KEY, ""),
        },
    )


@require_POST
def ask(request: HttpRequest, order_id: str) -> HttpResponse:
    """One request to one order: done and back, or a page that says why not."""
    with reading(request) as seen:
        if read.order_head(seen, order_id) is None:
            raise Http404
        now = seen.now
    try:
        wanted = asking.read_request(request.POST, now)
        saw = asked_for.whole(request.POST, "saw_version", 0, 0, read.NEWEST)
    except asked_for.BadParameter as error:
        return bad_parameter(request, error.field, str(error))
    answer = asking.ask(request, order_id, wanted, saw or None)
    kind = request.POST["kind"]
    match answer:
        case requests.Accepted():
            return _done(request, order_id, kind)
        case requests.NotFound():
            raise Http404
        case requests.Stale(saw_version=version):
            with reading(request) as seen:
                detail = read.order_detail(seen, order_id)
                assert detail is not None
                flow = policy_of(seen, detail.head.policy_version or None, acting=False).flow
            between = tuple(row for row in detail.journal if row.seq > version)
            if asking.is_echo(wanted, desk(request).person, between):
                return _done(request, order_id, kind)
            entries = order_page.timeline(between, (), flow, detail.state)
            shown = [entry for entry in entries if entry.voice != "noise"]
            return _conflict(request, detail.head, shown, version)
        case requests.Refused(refusal=refusal):
            with reading(request) as seen:
                head = read.order_head(seen, order_id)
            return _refused(request, head, refusal.sentence)


def _done(request: HttpRequest, order_id: str, kind: str) -> HttpResponse:
    request.session[DONE_KEY] = words.REQUESTS[kind][1]
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = reverse("order", args=[order_id])
    return redirect(back)


def _conflict(request: HttpRequest, head: read.Head, between: list[order_page.Entry], saw: int) -> HttpResponse:
    """409: both versions, what happened in between, and the form with nothing lost."""
    kept = [(name, request.POST[name]) for name in request.POST if name not in ("saw_version", "csrfmiddlewaretoken")]
    said = "Somebody or something moved this order while you looked at it."
    context = {"stale": True, "heading": f"{head.name} has moved on", "sentence": said, "saw": saw, "head": head}
    more = {"between": between, "fields": kept, "kind": request.POST["kind"], "at": "orders"}
    return render(request, "ordna/stale.html", context | more, status=409)


def _refused(request: HttpRequest, head: read.Head | None, sentence: str) -> HttpResponse:
    back = request.POST.get("next", "")
    safe = back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else ""
    context = {"stale": False, "heading": "That is not possible now", "sentence": sentence, "head": head, "back": safe}
    return render(request, "ordna/stale.html", context | {"at": "orders"}, status=422)


def _why(why: Explanation, order: Order, policy: Policy, tasked: set[tuple[str, str]]) -> dict[str, Any]:
    """The explanation with the parts by their names, one line a standing."""
    names = part_names(order.state)
    several = len(names) > 1
    steps = [
        {
            "title": each.title,
            "part_name": names.get(each.part, "") if several else "",
            "status": each.status,
            "sentence": each.sentence,
            "owner": each.owner,
            "since": each.since,
            "due": each.due,
            "late": each.late,
            "told_by": _told_by(each, policy) if (each.step, each.part) not in tasked else "",
        }
        for each in why.steps
    ]
    waiting = [each for each in steps if each["status"] in ("open", "paused")]
    turns = [
        each | {"step": each["title"], "because": each["sentence"], "paused": each["status"] == "paused"}
        for each in waiting
    ]
    return {"turns": turns, "steps": steps, "rules": why.rules}


def _told_by(why: StepWhy, policy: Policy) -> str:
    """Why an open step is no work for people: the shop says when it is over. Only where Ordna acts."""
    step = policy.flow.step(why.step)
    if step is None or not policy.acting or why.status != "open" or why.system == "ordna":
        return ""
    word = "paid" if any(name.startswith("payment.") for name in step.ends.reads) else "done"
    return f"Nothing to do here yet: the shop tells us when it is {word}."


def _tone(why: Explanation, is_open: bool) -> str:
    if any(turn.late for turn in why.turns):
        return "bad"
    return "" if is_open else "done"
