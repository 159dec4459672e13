"""From the text of a flow file to a `Flow`, or to every problem in it at once.

What one place alone can tell is refused here: a missing key, an unknown name, a condition that makes no
sense. What takes the whole flow to see (a step nobody can reach, rules that fight) is for `check`.
"""

import hashlib
from collections.abc import Mapping as Map
from datetime import time

from ordna.core.conditions import Condition, Position
from ordna.core.flow.model import PARTS, REQUESTS, Flow, Rule, Step, Team
from ordna.core.flow.problems import FlowError, Problem
from ordna.core.flow.read import Reader
from ordna.core.flow.routing import read_routing
from ordna.core.flow.rules import read_rules
from ordna.core.flow.stock import read_stock, refuse_stock_unasked
from ordna.core.flow.vocabulary import Nature, Vocabulary
from ordna.core.flow.yaml_tree import Mapping, Text, Tree, read_yaml
from ordna.core.hours import (
    ALWAYS_OPEN,
    Clock,
    Hours,
    HoursError,
    known_holidays,
    known_zone,
    read_opening,
    read_time_of_day,
)
from ordna.core.values import BadValue, Money, exponent, minor_units

STEPS_MAX = 60
TEAMS_MAX = 60

FLOW_KEYS = ("flow", "title", "currency", "hours", "teams", "steps", "rules", "stock", "routing")
HOURS_KEYS = ("zone", "open", "holidays")
TEAM_KEYS = ("title", "cost_per_hour", "cutoff", "outside")
STEP_KEYS = (
    "title", "owner", "system", "per", "starts", "ends", "moot", "pauses", "within", "asks",
)  # fmt: skip


def parse_flow(text: str, vocabulary: Vocabulary, *, currency_default: str) -> Flow:
    """Read a flow file. Raises FlowError with every Problem found, in the order of the file."""
    tree = read_yaml(text)
    parser = _FlowParser(Reader(vocabulary))
    flow = parser.flow(tree, currency_default, hashlib.sha256(text.encode()).hexdigest())
    if parser.reader.problems or flow is None:
        raise FlowError(parser.reader.problems)
    return flow


class _FlowParser:
    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def flow(self, tree: Tree, currency_default: str, source_hash: str) -> Flow | None:
        reader = self.reader
        top = reader.mapping(tree, "", FLOW_KEYS)
        if top is None:
            return None
        name = reader.text(top, "", "flow", required=True)
        if name:
            reader.name(name, "flow")
        currency = self.currency(top, currency_default)
        hours = self.hours(top)
        hours_given = hours is not None or "hours" in top.entries
        teams = self.teams(top)
        steps = self.steps(top, teams, currency, has_hours=hours_given)
        names = tuple(self.step_trees(top))
        rules = read_rules(reader, top, teams=tuple(teams), steps=names, currency=currency)
        if not hours_given and any(_counts_working_time(rule) for rule in rules):
            reader.problem(top, "hours", "missing_hours", "a hold expires in working time, but there are no hours")
        for rule in rules:
            self.refuse_parts(rule.when, "", f"the rule {rule.name}", "rules")
        stock = read_stock(reader, top, steps=names, currency=currency, has_hours=hours_given)
        if stock is None:
            refuse_stock_unasked(reader, steps, rules)
        else:
            self.refuse_parts(stock.when, "", "the section stock", "stock.when")
        routing = read_routing(reader, top, currency=currency, has_hours=hours_given)
        title = reader.word(top, "", "title", name.value.capitalize() if name else "")
        word = name.value if name else ""
        key = top.entries["routing"][0] if routing else None
        at = Position(key.line, key.column) if key else None
        clock = hours or ALWAYS_OPEN
        return Flow(word, title, currency, clock, teams, steps, rules, source_hash, stock, routing, at)

    def currency(self, top: Mapping, default: str) -> str:
        found = self.reader.text(top, "", "currency")
        if found is None:
            return default
        try:
            exponent(found.value)
        except BadValue as error:
            self.reader.problem(found, "currency", error.code, str(error))
            return default
        return found.value

    def hours(self, top: Mapping) -> Hours | None:
        reader = self.reader
        tree = reader.mapping(reader.child(top, "", "hours"), "hours", HOURS_KEYS)
        if tree is None:
            return None
        zone = reader.text(tree, "hours", "zone", required=True)
        opens = reader.text(tree, "hours", "open", required=True)
        country = reader.text(tree, "hours", "holidays")
        if zone and not known_zone(zone.value):
            reader.problem(zone, "hours.zone", "unknown_zone", f"'{zone.value}' is not a time zone such as Europe/Oslo")
            return None
        if country and not known_holidays(country.value):
            sentence = f"no public holidays are known for '{country.value}', write a country such as DK or DE-BY"
            reader.problem(country, "hours.holidays", "unknown_country", sentence)
            return None
        if not zone or not opens:
            return None
        try:
            return Hours(zone.value, read_opening(opens.value), country.value if country else "")
        except HoursError as error:
            reader.problem(opens, "hours.open", "bad_hours", str(error))
            return None

    def teams(self, top: Mapping) -> dict[str, Team]:
        reader = self.reader
        tree = reader.mapping(reader.child(top, "", "teams", required=True), "teams")
        if tree is None:
            return {}
        if len(tree.entries) > TEAMS_MAX:
            reader.problem(tree, "teams", "too_many", f"a flow has at most {TEAMS_MAX} teams")
            return {}
        return {name: self.team(name, key, value) for name, (key, value) in tree.entries.items()}

    def team(self, name: str, key: Text, tree: Tree) -> Team:
        reader, path = self.reader, f"teams.{name}"
        reader.name(key, path)
        entry = None if isinstance(tree, Text) and tree.empty else reader.mapping(tree, path, TEAM_KEYS)
        if entry is None:
            return Team(name, name.capitalize())
        outside = reader.choice(entry, path, "outside", ("true", "false")) == "true"
        title = reader.word(entry, path, "title", name.capitalize())
        return Team(name, title, self.cost(entry, path), self.cutoff(entry, path), outside)

    def cost(self, entry: Mapping, path: str) -> Money | None:
        found = self.reader.text(entry, path, "cost_per_hour")
        if found is None:
            return None
        amount, _, currency = found.value.partition(" ")
        try:
            cost = Money(minor_units(amount, currency.strip()), currency.strip())
        except BadValue as error:
            sentence = f"write an amount and a currency such as 280 DKK. {error}"
            self.reader.problem(found, f"{path}.cost_per_hour", error.code, sentence)
            return None
        if cost.minor < 0:
            self.reader.problem(found, f"{path}.cost_per_hour", "bad_amount", "an hour can't cost less than 0")
        return cost

    def cutoff(self, entry: Mapping, path: str) -> time | None:
        found = self.reader.text(entry, path, "cutoff")
        if found is None:
            return None
        try:
            return read_time_of_day(found.value)
        except HoursError as error:
            self.reader.problem(found, f"{path}.cutoff", "bad_cutoff", str(error))
            return None

    def step_trees(self, top: Mapping) -> dict[str, tuple[Text, Tree]]:
        found = top.entries.get("steps")
        return found[1].entries if found and isinstance(found[1], Mapping) else {}

    def steps(self, top: Mapping, teams: Map[str, Team], currency: str, *, has_hours: bool) -> tuple[Step, ...]:
        reader = self.reader
        reader.mapping(reader.child(top, "", "steps", required=True), "steps")
        trees = self.step_trees(top)
        if len(trees) > STEPS_MAX:
            reader.problem(top, "steps", "too_many", f"a flow has at most {STEPS_MAX} steps")
            return ()
        steps = [self.step(name, key, tree, teams, tuple(trees), currency) for name, (key, tree) in trees.items()]
        sound = tuple(step for step in steps if step is not None)
        for step in sound:
            self.limits(step, trees[step.name][0], teams, has_hours=has_hours)
        return sound

    def step(
        self, name: str, key: Text, tree: Tree, teams: Map[str, Team], steps: tuple[str, ...], currency: str
    ) -> Step | None:
        reader, path = self.reader, f"steps.{name}"
        reader.name(key, path)
        entry = reader.mapping(tree, path, STEP_KEYS)
        if entry is None:
            return None
        owner = reader.choice(entry, path, "owner", teams, required=True)
        system = reader.text(entry, path, "system", required=True)
        if system:
            reader.name(system, f"{path}.system")
        limit = reader.limit(entry, path, "within", required=True)
        per = reader.choice(entry, path, "per", PARTS)
        asks = reader.choice(entry, path, "asks", REQUESTS)
        never = reader.word(entry, path, "moot") == "never"
        found: dict[str, Condition | None] = {}
        for each in ("starts", "ends", "moot", "pauses"):
            if each == "moot" and never:
                continue
            found[each] = reader.condition(entry, path, each, steps=steps, currency=currency, required=each == "ends")
            if per in ("", *PARTS):
                self.refuse_parts(found[each], per, f"the step {name}", f"{path}.{each}")
        starts, ends = found["starts"], found["ends"]
        if ends is None or limit is None or system is None:
            return None
        title = reader.word(entry, path, "title", name.replace("_", " ").capitalize())
        return Step(
            name=name,
            title=title,
            owner=owner,
            system=system.value,
            per=per,
            starts=starts,
            ends=ends,
            moot=found.get("moot"),
            never_moot=never,
            pauses=found["pauses"],
            within=limit,
            asks=asks,
            upstream=_upstream(starts, steps),
            ends_by=_ends_by(ends),
            at=Position(key.line, key.column),
        )

    def limits(self, step: Step, key: Text, teams: Map[str, Team], *, has_hours: bool) -> None:
        """A limit must have what it counts by: hours for working time, the owner's cut-off for same day."""
        path = f"steps.{step.name}.within"
        if not has_hours and step.within.clock not in (Clock.ELAPSED, Clock.DAYS):
            self.reader.problem(key, path, "missing_hours", f"'{step.within.text}' needs the hours of the flow")
        owner = teams.get(step.owner)
        if step.within.clock is Clock.CUTOFF and owner and owner.cutoff is None:
            sentence = f"'{step.within.text}' needs a cutoff on the team {step.owner}"
            self.reader.problem(key, path, "missing_cutoff", sentence)

    def refuse_parts(self, condition: Condition | None, per: str, who: str, path: str) -> None:
        """What is true of each part can be asked only where one part is meant."""
        if condition is None:
            return
        for name in sorted(condition.reads):
            field = self.reader.vocabulary.get(name)
            if field and field.scope in PARTS and field.scope != per:
                sentence = f"{name} differs by {field.scope}, but {who} is not per {field.scope}; ask done(step)"
                at = condition.at
                self.reader.problems.append(Problem("needs_part", sentence, at.line, at.column, path))


def _upstream(starts: Condition | None, steps: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(step for step in steps if starts is not None and f"done({step})" in starts.reads)


def _ends_by(ends: Condition) -> Nature:
    return Nature.DEED if ends.natures() == {Nature.DEED} else Nature.CIRCUMSTANCE


def _counts_working_time(rule: Rule) -> bool:
    clocks = {hold.expires.clock for hold in rule.holds if hold.expires}
    return bool(clocks & {Clock.WORKING, Clock.WORKING_DAYS, Clock.CUTOFF})
