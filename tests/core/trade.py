"""A small language in which a whole scenario of an order reads as the trade tells it.

    placed #1001: A x2, B x1, 590.00 DKK paid
    routed p1: A x2, B x1 at Aarhus
    ask pick p1 by jane
    shipped s1: A x2, B x1 from Aarhus

Each line is one message to the core at a minute of its own, one minute after the line before. `Scenario.say` returns
what it came to, in words. Times are set with `@ 2026-11-23 15:30` and are UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from ordna.core import messages as m
from ordna.core.decide import decide, new_order
from ordna.core.flow import parse_flow
from ordna.core.order import headline
from ordna.core.outcome import Order, Outcome
from ordna.core.policy import Policy
from ordna.core.values import minor_units
from ordna.core.vocabulary import VOCABULARY

FLOW = (Path(__file__).parents[2] / "flows" / "webshop.yaml").read_text(encoding="utf-8")
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
NOT_SHIPPED = ("TIP", "CARD", "PDF")
WAYS = ("shipping", "pick_up", "local", "retail", "none")


def policy(version: int = 1, acting: bool = True, flow: str = FLOW) -> Policy:
    """The shipped default flow as a policy."""
    return Policy(version, parse_flow(flow, VOCABULARY, currency_default="DKK"), acting)


@dataclass
class Scenario:
    """One order's story: `order` is where it stands, `now` the minute it is told at."""

    policy: Policy = field(default_factory=policy)
    order: Order = field(default_factory=new_order)
    now: datetime = START
    body: m.OrderSeen | None = None
    parts: dict[str, m.PartSeen] = field(default_factory=dict)
    shipments: dict[str, m.ShipmentSeen] = field(default_factory=dict)

    def say(self, line: str) -> str:
        """Tell one line; the answer names facts, effects, refusals and re-reads."""
        if line.startswith("@"):
            self.now = datetime.fromisoformat(line[1:].strip()).replace(tzinfo=UTC)
            return ""
        self.now += timedelta(minutes=1)
        outcome = decide(self.order, self.message(line), self.policy, self.now)
        self.order = outcome.order
        return told(outcome)

    def message(self, line: str) -> m.Message:
        verb, _, rest = line.partition(" ")
        spoken = getattr(self, f"_{verb}", None)
        assert spoken is not None, f"nobody says “{line}”"
        message: m.Message = spoken(rest)
        return message

    def stands(self) -> str:
        """Where the order stands: its headline, every step that does not wait, the open tasks."""
        verdict = self.order.verdict
        steps = [f"{now.step}{' ' + now.part if now.part else ''} {now.status}" for now in verdict.steps]
        lines = [f"headline {headline(self.order.state)}", f"steps    {' | '.join(steps)}"]
        if verdict.tasks:
            lines.append(f"tasks    {' | '.join(f'{task.owner}: {task.title}' for task in verdict.tasks)}")
        return "\n".join(lines)

    # --- the verbs ---

    def _placed(self, rest: str) -> m.Message:
        name, _, told_ = rest.partition(": ")
        lines, words = _lines(told_)
        amount = re.search(r"(\d+\.\d\d) (\w{3})", told_)
        assert amount is not None, "an order has a total"
        self.body = m.OrderSeen(
            version=self.now,
            name=name,
            placed_at=self.now,
            currency=amount[2],
            total=minor_units(amount[1], amount[2]),
            payment=_payment(words),
            country="DK",
            address_complete="no address" not in told_ and "fetched" not in words,
            address_absent="fetched" in words,
            terms="Net 30" if "net30" in words else None,
            company="77" if "net30" in words else None,
            customer="7",
            test="test" in words,
            lines=tuple(
                m.LineSeen(
                    q.line,
                    q.line,
                    q.units,
                    q.units,
                    sku=q.line,
                    ships="digital" not in words and q.line not in NOT_SHIPPED,
                    gift_card=q.line == "CARD",
                )
                for q in lines
            ),
        )
        return self._observed(order=self.body)

    def _changed(self, rest: str) -> m.Message:
        """changed total 100.00 | changed lines A x1 | changed address | changed note"""
        assert self.body is not None
        what, _, value = rest.partition(" ")
        changes: dict[str, object] = {"version": self.now}
        if what == "total":
            changes["total"] = minor_units(value, self.body.currency or "DKK")
        elif what == "lines":
            kept = {q.line: q.units for q in _lines(value)[0]}
            lines = self.body.lines or ()
            changes["lines"] = tuple(replace(line, current_quantity=kept.get(line.id, 0)) for line in lines)
        elif what == "address":
            changes["address_complete"] = value != "missing"
        elif what == "tags":
            changes["tags"] = tuple(sorted(value.split(",")))
        self.body = replace(self.body, **changes)
        return self._observed(order=self.body)

    def _payment(self, rest: str) -> m.Message:
        return self._body(payment=rest)

    def _cancelled(self, rest: str) -> m.Message:
        return self._body(cancelled_at=self.now, cancel_reason=rest or "customer")

    def _closed(self, rest: str) -> m.Message:
        return self._body(closed_at=self.now)

    def _again(self, rest: str) -> m.Message:
        return self._observed(order=self.body)

    def _routed(self, rest: str) -> m.Message:
        """routed p1: A x2 at Aarhus; p2 closed: A x0; the parts named are all there are."""
        self.parts = {}
        for told_ in rest.split("; "):
            head, _, tail = told_.partition(": ")
            part, _, status = head.partition(" ")
            lines, words = _lines(tail)
            place = words[words.index("at") + 1] if "at" in words else None
            holds = tuple(m.OutsideHold(f"h{n}", w[5:], w[5:], True) for n, w in enumerate(words) if w[:5] == "held:")
            theirs = tuple(m.OutsideHold("x1", "their reason") for w in words if w == "theirs")
            way = next((word for word in words if word in WAYS), None)
            self.parts[part] = m.PartSeen(
                part,
                status or "open",
                lines,
                location=place,
                location_name=place,
                request_status="rejected" if "rejected" in words else None,
                delivery_method=way,
                holds=(*holds, *theirs),
            )
        return self._observed(parts=m.PartsSeen(self.now, tuple(self.parts.values())), by_read=True)

    def _shipped(self, rest: str) -> m.Message:
        head, _, tail = rest.partition(": ")
        lines, words = _lines(tail)
        place = words[words.index("from") + 1] if "from" in words else None
        seen = m.ShipmentSeen(head, self.now, "shipped", lines, self.now, "GLS", f"T-{head}", place)
        self.shipments[head] = seen
        return self._observed(shipments=(seen,))

    def _parcel(self, rest: str) -> m.Message:
        name, _, progress = rest.partition(" ")
        self.shipments[name] = replace(self.shipments[name], version=self.now, progress=progress)
        return self._observed(shipments=(self.shipments[name],))

    def _moved(self, rest: str) -> m.Message:
        """moved t1 sale 100.00 DKK"""
        name, kind, amount, currency = rest.split()
        minor = minor_units(amount, currency)
        seen = m.TransactionSeen(name, kind, "success", minor, currency, self.now)
        return self._observed(transactions=(seen,))

    def _risk(self, rest: str) -> m.Message:
        return self._observed(risk=m.RiskSeen(self.now, rest), by_read=True)

    def _answer(self, rest: str) -> m.Message:
        key, result, *more = rest.split(" ", 2)
        reference = more[0] if more and result == "confirmed" else None
        sentence = more[0] if more and result != "confirmed" else None
        return m.EffectAnswered(key, result, self.now, result if sentence else None, sentence, reference)

    def _timer(self, rest: str) -> m.Message:
        due = self.order.verdict.timers.get(rest, self.now)
        self.now = max(self.now, due)
        return m.TimerFell(rest.partition("|")[0], rest, due)

    def _migrate(self, rest: str) -> m.Message:
        self.policy = replace(self.policy, version=self.policy.version + 1)
        return m.Migrated(self.now)

    def _observe(self, rest: str) -> m.Message:
        self.policy = replace(self.policy, acting=False)
        return m.Hinted("1", "it only observes", self.now)

    def _live(self, rest: str) -> m.Message:
        self.policy = replace(self.policy, acting=True)
        return m.WentLive(self.now)

    def _ask(self, rest: str) -> m.Message:
        words, _, who = rest.rpartition(" by ")
        kind, _, target = words.partition(" ")
        made: dict[str, m.Request] = {
            "pick": m.Pick(target),
            "pack": m.Pack(target),
            "unpick": m.Unpick(target),
            "ship": m.Ship(target, "GLS", "T-1"),
            "release": m.ReleaseHold(target),
            "hold": m.PlaceHold(target, "service"),
            "accept": m.AcceptAddress(),
            "cancel": m.Cancel(target or "customer"),
            "claim": m.Claim(target),
            "settle": m.Settle(target),
        }
        return m.Asked(made[kind], who, self.now)

    def _body(self, **changes: object) -> m.Message:
        assert self.body is not None
        self.body = replace(self.body, version=self.now, **changes)
        return self._observed(order=self.body)

    def _observed(self, **facets: object) -> m.Observed:
        return m.Observed(replace(m.Snapshot("1"), **facets), self.now, "shopify", 0)


def told(outcome: Outcome) -> str:
    """An outcome in words: facts, effects, refusal, re-read."""
    if outcome.refusal is not None:
        return f"refused {outcome.refusal.code}: {outcome.refusal.sentence}"
    facts = [type(fact.event).__name__ for fact in outcome.facts]
    asked = [f"asks {effect.key}" for effect in outcome.effects]
    again = [f"reads again: {outcome.reread.why}"] if outcome.reread else []
    return ", ".join((*facts, *asked, *again)) or "nothing"


def _lines(text: str) -> tuple[tuple[m.Quantity, ...], list[str]]:
    lines = tuple(m.Quantity(line, int(units)) for line, units in re.findall(r"(\w+) x(\d+)", text))
    return lines, re.sub(r"\w+ x\d+,?", "", text).replace(",", " ").split()


def _payment(words: list[str]) -> str:
    return next((word for word in words if word in ("paid", "authorized", "pending")), "pending")
