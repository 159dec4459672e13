"""My work: one queue, sorted by what is due."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from ordna.core.flow import Flow
from ordna.store.read import connections, privacy, work
from ordna.web.desk import Desk, desk, reading
from ordna.web.errors import bad_parameter
from ordna.web.flows import flow_in_force, own_teams, team_title
from ordna.web.views.order import DONE_KEY

INLINE = {"pick": ("part",), "pack": ("part",), "ship": ("part",), "unpick": ("part",), "settle": ("task",),
          "release": ("handle",), "accept_address": ()}  # fmt: skip
"""The requests a task can be settled by without leaving the list, and the field each names its target by."""


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """The queue of everybody, of one team, or only what the person claimed."""
    seat = desk(request)
    with reading(request) as seen:
        flow = flow_in_force(seen)
        teams = dict(own_teams(flow))
        team = request.GET.get("team", seat.team if seat.team in teams else "")
        if team not in ("", "mine", *teams):
            return bad_parameter(request, "team", f"“{team[:40]}” is not one of the teams.")
        owner = team if team in teams else ""
        tasks = work.tasks(seen, seat.person, owner, mine=team == "mine", limit=work.PAGE + 1)
        loads = work.loads(seen, seat.person)
        asked = privacy.waiting_for_people(seen)
        acting = any(link.mode == "live" for link in connections.connections(seen))
    shown = tasks[: work.PAGE]
    return render(
        request,
        "ordna/work.html",
        {
            "at": "work",
            "tasks": [_line(task, flow, seat) for task in shown],
            "more": len(tasks) > work.PAGE,
            "tabs": _tabs(team, teams, loads),
            "total": sum(load.open for load in loads),
            "late": sum(load.late for load in loads),
            "acting": acting,
            "asked": asked,
            "done_word": request.session.pop(DONE_KEY, ""),
        },
    )


def _line(task: work.WorkRow, flow: Flow, seat: Desk) -> dict[str, Any]:
    asks = [kind for kind in task.ask_kinds() if kind in INLINE]
    ask = asks[0] if asks else ""
    targets = {"part": task.part, "task": task.task_key, "handle": task.task_key.partition(":")[2]}
    return asdict(task) | {
        "owner_title": team_title(flow, task.owner),
        "mine": task.claimed_by == seat.person,
        "plain": task.kind == "step" and task.reason.startswith(f"{task.title}:"),
        "ask": ask,
        "fields": [(name, targets[name]) for name in INLINE.get(ask, ())],
    }


def _tabs(team: str, teams: dict[str, str], loads: tuple[work.TeamLoad, ...]) -> list[dict[str, Any]]:
    open_of = {load.owner: load.open for load in loads}
    tabs = [("", "Everybody", sum(open_of.values())), ("mine", "Mine", sum(load.mine for load in loads))]
    tabs += [(name, title, open_of.get(name, 0)) for name, title in teams.items()]
    return [{"key": key, "word": word, "count": count, "current": key == team} for key, word, count in tabs]
