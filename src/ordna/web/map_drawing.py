"""The flow as a graph: where each step's card stands and how the arrows run. A template draws it.

The layers come from the steps' `done(...)` by the Sugiyama method, turned so that the flow reads from left to right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from fast_sugiyama import from_edges

from ordna.core.flow import Flow, Step, to_words
from ordna.store.read.flow_map import StepCount
from ordna.web import words
from ordna.web.flows import team_title

NODE_WIDTH, NODE_HEIGHT = 152, 142
GAP_X, GAP_Y, EDGE = 26, 30, 2
PADDING = 12
TITLE_MAX = 13
SYSTEM_MAX = 9
OWNER_MAX = 22


@dataclass(frozen=True)
class Node:
    """One step's card."""

    x: int
    y: int
    link: str
    title: str
    owner: str
    system: str
    limit: str
    words: str
    said: str
    open: int
    late: int
    paused: int
    age: str
    unit_x: int
    bar: int
    bar_late: int
    outside: bool


@dataclass(frozen=True)
class Drawing:
    """The whole map in its own coordinates."""

    width: int
    height: int
    nodes: tuple[Node, ...]
    edges: tuple[str, ...]
    node_width: int = NODE_WIDTH
    node_height: int = NODE_HEIGHT
    bar_width: int = NODE_WIDTH - 2 * PADDING


def draw(flow: Flow, counts: dict[str, StepCount], orders_url: str, now: datetime) -> Drawing:
    """The map of a flow with what stands at each step."""
    places = _places(flow)
    busiest = max((count.open for count in counts.values()), default=0)
    nodes = tuple(
        _node(flow, step, counts.get(step.name), places[step.name], busiest, orders_url, now) for step in flow.steps
    )
    edges = tuple(
        _edge(places[earlier], places[step.name])
        for step in flow.steps
        for earlier in step.upstream
        if earlier in places
    )
    width = max((x for x, _ in places.values()), default=0) + NODE_WIDTH + EDGE
    height = max((y for _, y in places.values()), default=0) + NODE_HEIGHT + EDGE
    return Drawing(width, height, nodes, edges)


def _node(
    flow: Flow,
    step: Step,
    count: StepCount | None,
    place: tuple[int, int],
    busiest: int,
    orders_url: str,
    now: datetime,
) -> Node:
    now_open, late, paused = (count.open, count.late, count.paused) if count else (0, 0, 0)
    oldest = count.oldest_at if count else None
    owner = team_title(flow, step.owner)
    bar = round((NODE_WIDTH - 2 * PADDING) * now_open / busiest) if busiest else 0
    said = f"{step.title}: {now_open} open, {late} late, {paused} paused; {owner} in {step.system}"
    return Node(
        *place,
        f"{orders_url}?{urlencode({'show': 'open', 'step': step.name})}",
        _cut(step.title, TITLE_MAX),
        _cut(owner, OWNER_MAX),
        _cut(step.system, SYSTEM_MAX),
        _cut(f"within {step.within.text}" if "cutoff" not in step.within.text else step.within.text, OWNER_MAX + 2),
        to_words(step),
        said,
        now_open,
        late,
        paused,
        f"oldest {words.span(now - oldest)}" if oldest else "nobody waits here",
        PADDING + 8 + 17 * len(str(now_open)),
        max(bar, 3) if now_open else 0,
        round(bar * late / now_open) if now_open else 0,
        flow.teams[step.owner].outside,
    )


def _places(flow: Flow) -> dict[str, tuple[int, int]]:
    """The upper left corner of each step's card: the layer gives x, the place in the layer y."""
    names = {step.name for step in flow.steps}
    edges = [(earlier, step.name) for step in flow.steps for earlier in step.upstream if earlier in names]
    layer: dict[str, int] = {}
    for step in flow.steps:
        layer[step.name] = max((layer[earlier] + 1 for earlier in step.upstream if earlier in layer), default=0)
    across = _across(edges) if edges else {}
    out: dict[str, tuple[int, int]] = {}
    for level in sorted(set(layer.values())):
        members = sorted((name for name in layer if layer[name] == level), key=lambda name: across.get(name, 0.0))
        for row, name in enumerate(members):
            out[name] = (EDGE + level * (NODE_WIDTH + GAP_X), EDGE + row * (NODE_HEIGHT + GAP_Y))
    return out


def _across(edges: list[tuple[str, str]]) -> dict[str, float]:
    """Where the layout puts each step across its layer, so that arrows cross least."""
    found: dict[str, float] = {}
    for positions, _, _, _ in from_edges(edges):
        for name, (x, _) in positions:
            found[str(name)] = float(x)
    return found


def _edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1 = start[0] + NODE_WIDTH, start[1] + NODE_HEIGHT // 2
    x2, y2 = end[0] - 2, end[1] + NODE_HEIGHT // 2
    middle = (x1 + x2) // 2
    return f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
