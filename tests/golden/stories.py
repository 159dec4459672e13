"""Histories to keep: the core's stories, and the orders of a practice shop, each with the state its journal folds to.

    python -m tests.golden.stories 0.1.0

writes them anew for a release that is not out yet. Once it is out, its files never change: a change of the code that
makes them fold to something else needs an upcaster, not another file.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ordna.connectors.shopify import reading
from ordna.connectors.shopify.topics import READ_TOPIC
from ordna.connectors.shopify.webhooks import translate
from ordna.core import events
from ordna.core import messages as m
from ordna.core.claims import Allotted, Lacking, Need
from ordna.core.decide import decide, new_order
from ordna.core.evolve import fold
from ordna.core.order import encode_state, live_parts
from ordna.core.outcome import Order, Outcome
from ordna.core.policy import Policy
from ordna.core.shipping import BuyLabel, HandOver, Label, LabelMade, Package, ParcelTracked, VoidLabel
from ordna.core.values import Problem
from ordna.practice.bodies import tell
from ordna.practice.catalogue import open_shop
from ordna.practice.life import Life
from ordna.practice.model import Order as PracticeOrder
from ordna.practice.world import World
from tests.connectors.shopify_bodies import wire
from tests.connectors.test_practice_converges import PracticeClient
from tests.core.trade import FLOW, START, Scenario, policy

HERE = Path(__file__).parent
CASES = HERE.parent / "core" / "cases"
OPENED = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
SEED = 20
LOOK_EVERY = timedelta(minutes=4)
ORDERS_PER_HOUR = 25
READ_TOGETHER = 10
BUSY_HOURS, CALM_HOURS = 8, 10

REOPENED = m.OrderSeen(START + timedelta(minutes=7), "#2001", START, "DKK", 9000)
RETOLD = m.OrderSeen(START + timedelta(minutes=3), "#2004", START, "DKK", 9000, customer="7")
UNREADABLE = Problem("unknown_value", "financial_status", "It is none of the words we know.")
RELABELLED = m.ShipmentSeen("s1", START + timedelta(minutes=6), "shipped", (m.Quantity("A", 1),), START, "GLS", "T-9")


def label(label_id: str, shipment: str, tracking: str) -> Label:
    """A label as a carrier sold it."""
    made = LabelMade(
        shipment, tracking, "Practice Post", "Home delivery", 6350, "DKK", f"https://practice-post.example/{tracking}"
    )
    return Label(label_id, "p1", 2, "home", Package(1500, 300, 200, 100), made, START)


RARE: dict[str, tuple[str | m.Message, ...]] = {
    "money that takes its time": (
        "placed #2001: A x1, 90.00 DKK",
        "payment authorized",
        "payment expired",
        "payment pending",
        "payment paid",
        "closed",
        m.Observed(m.Snapshot("1", order=REOPENED, problems=(UNREADABLE,)), START + timedelta(hours=1), "shopify", 0),
    ),
    "a part that wanders": (
        "placed #2002: A x2, 90.00 DKK paid",
        "routed p1 scheduled: A x2 at Aarhus",
        "routed p1 open: A x2 at Aarhus",
        "routed p1 in_progress: A x2 at Aarhus",
        "routed p1 incomplete: A x2 at Aarhus",
        "routed p2: A x2 at Odense",
        "routed p2 scheduled: A x2 at Odense",
    ),
    "a part that nobody wants": (
        "placed #2005: A x2, 90.00 DKK paid",
        "routed p1: A x2 at Packers",
        "routed p1: A x2 at Packers rejected",
        "routed p1: A x2 at Aarhus",
    ),
    "a parcel's long way": (
        "placed #2003: A x1, 90.00 DKK paid",
        "routed p1: A x1 at Aarhus",
        "shipped s1: A x1 from Aarhus",
        "parcel s1 in_transit",
        "parcel s1 shipped",
        m.Observed(m.Snapshot("1", shipments=(RELABELLED,)), START + timedelta(hours=1), "shopify", 0),
        *(f"parcel s1 {progress}" for progress in (
            "in_transit", "delayed", "out_for_delivery", "attempted", "ready_for_pickup", "failed", "returned",
            "cancelled",
        )),
    ),
    "a label's life": (
        "placed #2005: A x1, 90.00 DKK paid",
        "routed p1: A x1 at Aarhus",
        m.Asked(BuyLabel("p1", 2, "home", Package(1500, 300, 200, 100)), "jane", START),
        m.EffectAnswered("label:p1-1#1", "confirmed", START, label=label("p1-1", "pp_1", "PP000000014DK")),
        m.Asked(BuyLabel("p1", 2, "home", Package(500), another=True), "jane", START),
        m.EffectAnswered("label:p1-2#1", "confirmed", START, label=label("p1-2", "pp_2", "PP000000028DK")),
        m.Asked(VoidLabel("p1-2"), "jane", START),
        m.EffectAnswered("return:p1-2#1", "confirmed", START, None, None, "pp_2"),
        m.Asked(HandOver("p1-1", "2026-11-25 a"), "jane", START),
        ParcelTracked("PP000000014DK", "in_transit", *[START + timedelta(hours=1)] * 3, "practice_post tracking"),
        ParcelTracked("PP000000014DK", "failed", *[START + timedelta(hours=2)] * 3, "practice_post tracking"),
    ),
    "what people want and leave": (
        "placed #2004: A x1, 90.00 DKK paid",
        "routed p1: A x1 at Aarhus",
        m.Asked(m.AddTags(("vip",)), "jane", START),
        m.EffectAnswered("tag:vip#1", "in_doubt", START),
        m.EffectAnswered("tag:vip#1", "confirmed", START),
        m.Asked(m.RemoveTags(("vip",)), "jane", START),
        m.Asked(m.AddTags(("slow",)), "jane", START),
        m.EffectAnswered("tag:slow#1", "withdrawn", START),
        m.Asked(m.Claim("do:pick:p1"), "jane", START),
        m.Asked(m.Unclaim("do:pick:p1"), "jane", START),
        m.Observed(m.Snapshot("1", order=RETOLD), START + timedelta(hours=1), "shopify", 3),
    ),
}  # fmt: skip
STOCK_FLOW = FLOW + "\nstock: {when: order.placed}\n"
SOME, OTHER = Allotted("A", "a", "Aarhus", 1), Allotted("B", "b", "Aarhus", 2)
LACKING = Lacking("A", "A", "", 1, "short")
STOCK: tuple[str | m.Message, ...] = (
    "placed #2005: A x2, B x2, 90.00 DKK paid",
    m.StockSettled((Need("A", "A", "", 2), Need("B", "B", "", 2)), False, (SOME, OTHER), (LACKING,), START),
    m.StockSettled((Need("A", "A", "", 1),), True, (SOME,), (), START),
    "shipped s1: A x2, B x1",
    "parcel s1 cancelled",
    "changed lines A x2",
    "cancelled",
)

Row = tuple[str, int, datetime, msgspec.Raw]


class History(Struct, frozen=True):
    """One order's journal: (kind, version, occurred at, data) of each event; and the state it folds to, as stored."""

    order: str
    rows: tuple[Row, ...]
    state: str


def folded(history: History) -> str:
    """What this code makes of a journal."""
    return encode_state(
        fold((events.decode(kind, version, bytes(data)), at) for kind, version, at, data in history.rows)
    ).decode()


def kept(release: str) -> list[History]:
    """The histories of a release."""
    text = gzip.decompress((HERE / release / "histories.jsonl.gz").read_bytes())
    return [msgspec.json.decode(line, type=History) for line in text.splitlines()]


def write(release: str) -> int:
    """Write the histories of a release that is not out yet; how many."""
    histories = [*from_cases(), *from_rare_days(), *from_practice()]
    text = b"".join(msgspec.json.encode(history) + b"\n" for history in histories)
    (HERE / release).mkdir(exist_ok=True)
    (HERE / release / "histories.jsonl.gz").write_bytes(gzip.compress(text, 9, mtime=0))
    return len(histories)


class Telling:
    """An order under way, and the rows of its journal so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.order: Order = new_order()
        self.rows: list[Row] = []

    def take(self, outcome: Outcome) -> None:
        """Keep what a message came to."""
        self.order = outcome.order
        for fact in outcome.facts:
            kind = type(fact.event).__name__
            self.rows.append((kind, events.VERSIONS[kind], fact.at, msgspec.Raw(events.encode(fact.event))))

    def history(self) -> History:
        """As it is kept."""
        return History(self.name, tuple(self.rows), encode_state(self.order.state).decode())


class Overheard(Scenario):
    """A story of the core's, with the journal it makes."""

    def __init__(self, name: str, followed: Policy | None = None) -> None:
        super().__init__(followed or policy())
        self.telling = Telling(name)

    def hear(self, message: m.Message) -> None:
        """A message that the stories' language has no words for."""
        outcome = decide(self.order, message, self.policy, self.now)
        self.order = outcome.order
        self.telling.take(outcome)

    def say(self, line: str) -> str:
        if line.startswith("@"):
            return super().say(line)
        self.now += timedelta(minutes=1)
        self.hear(self.message(line))
        return ""


def from_cases() -> Iterator[History]:
    """One history a file of the core's stories."""
    for path in sorted(CASES.glob("*.txt")):
        story = Overheard(path.stem)
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("> ") and line != "> stands":
                story.say(line[2:])
        yield story.telling.history()


def from_rare_days() -> Iterator[History]:
    """What neither the stories nor the shop's day bring: so that every kind of event is kept."""
    for name, lines in RARE.items():
        story = Overheard(name)
        for line in lines:
            if isinstance(line, str):
                story.say(line)
            else:
                story.now += timedelta(minutes=1)
                story.hear(line)
        yield story.telling.history()
    story = Overheard("units set aside", policy(flow=STOCK_FLOW))
    for line in STOCK:
        story.say(line) if isinstance(line, str) else story.hear(line)
    yield story.telling.history()


def from_practice() -> Iterator[History]:
    """A practice shop's busy day and the calm hours after: every change is told by webhook, then read; people pick and
    pack now and then, and every effect is confirmed."""
    world = open_shop(SEED, OPENED)
    life, client = Life(world, SEED), PracticeClient(world)
    tellings: dict[int, Telling] = {}
    life.go_live(ORDERS_PER_HOUR)
    for look in range(1, int((BUSY_HOURS + CALM_HOURS) / (LOOK_EVERY / timedelta(hours=1))) + 1):
        if look == BUSY_HOURS * timedelta(hours=1) // LOOK_EVERY:
            life.set_pace(0)
        now = OPENED + look * LOOK_EVERY
        touched: set[int] = set()
        for change in life.advance(now):
            if isinstance(change.subject, PracticeOrder):
                touched.add(change.subject.id)
                telling = tellings.setdefault(change.subject.id, Telling(f"practice {change.subject.name}"))
                _hear(telling, world, change, now)
        for number, seen in _read(client, sorted(touched), now):
            _decide(tellings[number], m.Observed(seen, now, "shopify", 0), now)
            _hands(tellings[number], number, now)
    yield from (telling.history() for telling in tellings.values() if telling.rows)


def _hear(telling: Telling, world: World, change: Any, now: datetime) -> None:
    told = tell(world, change, 1)
    if told is None:
        return
    seen = translate(change.topic, wire(told.body), now)
    if isinstance(seen, m.Snapshot):
        _decide(telling, m.Observed(seen, now, "shopify", 0), now)


def _read(client: PracticeClient, numbers: list[int], now: datetime) -> Iterator[tuple[int, m.Snapshot]]:
    for first in range(0, len(numbers), READ_TOGETHER):
        got = reading.read_orders(client, tuple(map(str, numbers[first : first + READ_TOGETHER])), now)
        assert got.failure is None, got.failure
        for each in got.orders:
            seen = translate(READ_TOPIC, each.body or b"", now)
            if isinstance(seen, m.Snapshot):
                yield int(seen.order_ref), seen


def _hands(telling: Telling, number: int, now: datetime) -> None:
    """Of every third order a person picks the first part, and packs it the next time."""
    parts = live_parts(telling.order.state)
    if number % 3 or not parts:
        return
    for request in (m.Pick(parts[0].id), m.Pack(parts[0].id)):
        before = len(telling.rows)
        _decide(telling, m.Asked(request, "jane", now), now)
        if len(telling.rows) > before:
            return


def _decide(telling: Telling, message: m.Message, now: datetime) -> None:
    if isinstance(message, m.Observed) and telling.order.state.order is None:
        message = replace(message, orders_before=0)
    outcome = decide(telling.order, message, policy(), now)
    telling.take(outcome)
    for effect in outcome.effects:
        telling.take(
            decide(telling.order, m.EffectAnswered(effect.key, "confirmed", now, reference="gid-1"), policy(), now)
        )


def kinds(histories: Iterable[History]) -> set[str]:
    """The kinds of events they hold."""
    return {row[0] for history in histories for row in history.rows}


if __name__ == "__main__":
    print(write(sys.argv[1]), "histories")
