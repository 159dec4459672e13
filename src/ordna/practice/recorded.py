"""Holding the practice shop against recorded calls of the real Admin API.

A recording is a JSON file with calls in the order they were made: document, variables, answer. All calls of a file
are replayed in one world, so the state before a call is what the earlier calls made; what they do not make
(variants, locations, orders that only earlier reads show) is seeded from the recording by `recorded_state`.

An answer matches when it has the same keys, the same values and the same errors, except for what no two shops
share; `same` normalises exactly this: global ids (same kind, and one recorded id is always one of ours), times (a
time is a time), cursors, order names (`#1001`), legacy ids and long numbers inside sentences, and how an amount
is written (`20.00` is `20.0`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import FieldNode, GraphQLError, OperationDefinitionNode, parse

from ordna.practice.graphql import Endpoint, schema
from ordna.practice.recorded_document import rebuild_document
from ordna.practice.recorded_state import Seeder, new_world

GID = re.compile(r"gid://shopify/(\w+)/([^\s\"?]+)(?:\?[^\s\"]*)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_NAME = re.compile(r"#\d+")
_LONG_NUMBER = re.compile(r"\d{6,}")
_UNSHARED = {"Job"}
_CURSORS = {"cursor", "startCursor", "endCursor"}


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call as recorded: where in its file it stands, what was asked, what came back."""

    file: str
    place: str
    document: str
    variables: dict[str, Any]
    answer: dict[str, Any]
    rebuilt: bool = False  # the document was not recorded, but made by `rebuild_document`

    def __hash__(self) -> int:
        return hash((self.file, self.place))

    @property
    def undated(self) -> bool:
        """Whether only the fact of the read is recorded, not when in the file it was made."""
        return self.place.startswith("upstreamCalls/")

    @property
    def roots(self) -> tuple[str, ...]:
        """The names of the root fields asked for; empty when the document cannot be parsed."""
        return _outline(self.document)[1]

    @property
    def changes(self) -> bool:
        """Whether it is a mutation."""
        return _outline(self.document)[0]


@lru_cache(maxsize=4096)
def _outline(document: str) -> tuple[bool, tuple[str, ...]]:
    """(Is it a mutation?, the names of its root fields)"""
    try:
        operations = [one for one in parse(document).definitions if isinstance(one, OperationDefinitionNode)]
    except GraphQLError:
        return False, ()
    names = [
        node.name.value for one in operations for node in one.selection_set.selections if isinstance(node, FieldNode)
    ]
    return any(one.operation.value == "mutation" for one in operations), tuple(names)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a call came out: `difference` None is a match, else the first difference found, with its path."""

    call: RecordedCall
    difference: str | None
    cost: tuple[int, int] | None = None  # requested: recorded, ours


@dataclass(slots=True)
class Names:
    """Which of our ids stands for which recorded one."""

    ours: dict[str, str] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)

    def translate(self, value: Any) -> Any:
        """The same value with recorded ids replaced by ours."""
        text = json.dumps(value)
        for recorded in sorted({match.group() for match in GID.finditer(text)}, key=len, reverse=True):
            if recorded in self.ours:
                text = text.replace(f'"{recorded}"', f'"{self.ours[recorded]}"')
        return self._with_cursors(json.loads(text))

    def _with_cursors(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._with_cursors(one) for key, one in value.items()}
        return self.cursors.get(value, value) if isinstance(value, str) else value

    def learn(self, recorded: str, ours: str) -> bool:
        """Note a pair; False when the recorded id already stands for another of ours."""
        return self.ours.setdefault(recorded, ours) == ours


def recordings(folder: Path) -> dict[str, list[RecordedCall]]:
    """All calls under `folder` by file, each file's in the order they stand there."""
    found = {}
    for path in sorted(folder.rglob("*.json")):
        name = str(path.relative_to(folder))
        content = json.loads(path.read_text(encoding="utf-8"))
        found[name] = _in_order(list(_calls(name, content, [], None)))
    return found


def served(call: RecordedCall) -> bool:
    """Whether every root field that the call asks for is one that the practice shop serves."""
    query, mutation = schema().query_type, schema().mutation_type
    known = {*(query.fields if query else ()), *(mutation.fields if mutation else ())}
    return bool(call.roots) and all(root in known for root in call.roots) and not _foreign_node(call)


def replay(calls: list[RecordedCall]) -> list[Verdict]:
    """Make the served calls of one file, in order, in one world, and compare each answer."""
    world = new_world(calls[0].answer if calls else {})
    endpoint, names = Endpoint(world), Names()
    seeder = Seeder(world, calls, names.ours)
    undated = [call for call in calls if call.undated and served(call)]
    verdicts: dict[RecordedCall, Verdict] = {}
    for call in calls:
        if call.undated or not served(call):
            continue
        seeder.before(call)
        for waiting in undated:
            _try(endpoint, names, seeder, waiting, verdicts)
        world.tick(world.now() + timedelta(seconds=1))
        answer = _ask(endpoint, names, call)
        difference = same(_outcome(call.answer), _outcome(answer), names)
        verdicts[call] = Verdict(call, difference, None if call.rebuilt else _costs(call.answer, answer))
        _settle(world, call)
    for waiting in undated:
        _try(endpoint, names, seeder, waiting, verdicts)
    return [verdicts[call] for call in calls if call in verdicts]


def _ask(endpoint: Endpoint, names: Names, call: RecordedCall) -> dict[str, Any]:
    app = endpoint.world.apps[0]
    endpoint.bucket(app).available = float(endpoint.bucket(app).maximum)
    return endpoint.answer(app, call.document, names.translate(call.variables))


def _try(
    endpoint: Endpoint, names: Names, seeder: Seeder, call: RecordedCall, verdicts: dict[RecordedCall, Verdict]
) -> None:
    """Compare a read whose moment is not recorded with the state as it is now, unless it has matched before."""
    known = verdicts.get(call)
    if known and known.difference is None:
        return
    seeder.before(call)
    answer, trial = _ask(endpoint, names, call), Names(dict(names.ours))
    difference = same(_outcome(call.answer), _outcome(answer), trial)
    if difference is None:
        names.ours.update(trial.ours)
        names.cursors.update(trial.cursors)
    if difference is None or known is None:
        verdicts[call] = Verdict(call, difference, _costs(call.answer, answer))


def same(recorded: Any, ours: Any, names: Names, path: str = "") -> str | None:
    """None when both say the same, else the first difference in words. Learns which ids belong together."""
    if isinstance(recorded, dict) and isinstance(ours, dict):
        return _same_objects(recorded, ours, names, path)
    if isinstance(recorded, list) and isinstance(ours, list):
        found = None
        for index, (left, right) in enumerate(zip(recorded, ours, strict=False)):
            found = found or same(left, right, names, f"{path}.{index}")
        if len(recorded) != len(ours):
            return found or f"{path}: {len(recorded)} recorded, {len(ours)} here"
        return found
    return _same_values(recorded, ours, names, path)


def _same_objects(recorded: dict[str, Any], ours: dict[str, Any], names: Names, path: str) -> str | None:
    missing = sorted(set(recorded) ^ set(ours))
    found = f"{path}: only one side has {', '.join(missing)}" if missing else None
    for key in sorted((name for name in recorded if name in ours), key=lambda name: bool(name != "id")):
        left, right = recorded[key], ours[key]
        if key in _CURSORS:
            if isinstance(left, str) and isinstance(right, str):
                names.cursors[left] = right
            difference = None if (left is None) == (right is None) else f"{path}.{key}: {left} recorded, {right} here"
        elif key == "legacyResourceId":
            difference = None
        elif key == "pageInfo" and path.count(".") == 2:
            same(left, right, names, path)
            difference = None
        else:
            difference = same(left, right, names, f"{path}.{key}")
        found = found or difference
    return found


def _same_values(recorded: Any, ours: Any, names: Names, path: str) -> str | None:
    if isinstance(recorded, str) and isinstance(ours, str):
        left, right = GID.fullmatch(recorded), GID.fullmatch(ours)
        if left and right:
            if left[1] == right[1] and (left[1] in _UNSHARED or names.learn(recorded, ours)):
                return None
            return f"{path}: {recorded} recorded, {ours} here stands for another"
        if _plain(recorded) == _plain(ours):
            return None
    elif recorded == ours and (type(recorded) is type(ours) or {type(recorded), type(ours)} == {int, float}):
        return None
    return f"{path}: {_brief(recorded)} recorded, {_brief(ours)} here"


def _plain(text: str) -> str:
    if _TIME.fullmatch(text):
        return "<time>"
    try:
        return str(Decimal(text).normalize()) if re.fullmatch(r"-?\d+(\.\d+)?", text) else _words(text)
    except InvalidOperation:
        return _words(text)


def _words(text: str) -> str:
    text = GID.sub(lambda found: f"gid://shopify/{found[1]}/n", text)
    return _LONG_NUMBER.sub("n", _NAME.sub("#n", text))


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else text[:97] + "..."


def _outcome(answer: dict[str, Any]) -> dict[str, Any]:
    """The part of an answer that is compared: data and errors, without where in the document an error lies."""
    outcome = {key: answer[key] for key in ("data", "errors") if answer.get(key) is not None}
    if "errors" in outcome and isinstance(outcome["errors"], list):
        errors = [{name: part for name, part in error.items() if name != "locations"} for error in outcome["errors"]]
        outcome["errors"] = sorted(errors, key=lambda error: str(error.get("path")))
    return outcome


def _costs(recorded: dict[str, Any], ours: dict[str, Any]) -> tuple[int, int] | None:
    def requested(answer: dict[str, Any]) -> int | None:
        found = ((answer.get("extensions") or {}).get("cost") or {}).get("requestedQueryCost")
        return int(found) if found is not None else None

    left, right = requested(recorded), requested(ours)
    return None if left is None or right is None else (left, right)


def _settle(world: Any, call: RecordedCall) -> None:
    """The recorder waited for cancellations before its next call; so the job has run."""
    if "orderCancel" in call.roots:
        world.tick(world.now() + world.job_delay)


def _foreign_node(call: RecordedCall) -> bool:
    """A `node` or `nodes` call that asks for kinds of records which the practice shop does not have."""
    if not set(call.roots) & {"node", "nodes"}:
        return False
    kinds = set(re.findall(r"\.\.\.\s*on\s+(\w+)", call.document))
    return not all(schema().get_type(kind) for kind in kinds)


def _in_order(calls: list[RecordedCall]) -> list[RecordedCall]:
    """Each call once, and after the call whose answer first shows the ids it names."""
    first: dict[tuple[str, str, str], RecordedCall] = {}
    for call in calls:
        first.setdefault((call.document, str(call.variables), str(call.answer)), call)
    once = list(first.values())
    made: dict[str, int] = {}
    for index, call in enumerate(once):
        if not call.undated and any(root.endswith("Create") for root in call.roots):
            named = json.dumps(call.variables)
            for found in GID.finditer(json.dumps(call.answer)):
                if found.group() not in named:
                    made.setdefault(found.group(), index)
    position = {}
    for index, call in enumerate(once):
        needed = [made.get(found.group(), -1) for found in GID.finditer(json.dumps(call.variables))]
        last = len(once) if "cleanup" in call.place.lower() and not call.undated else 0
        soonest = max([index, last, *needed])
        position[call] = (soonest, soonest > index, index)
    return sorted(once, key=lambda call: position[call])


def _calls(file: str, found: Any, path: list[str], parent: Any) -> Iterator[RecordedCall]:
    if isinstance(found, dict):
        document = next(
            (found[key] for key in ("query", "document") if isinstance(found.get(key), str) and "{" in found[key]), None
        )
        answer = _answer(found, parent)
        variables = found.get("variables")
        given = variables if isinstance(variables, dict) else {}
        rebuilt = False
        if document is None and answer is not None and isinstance(variables, dict):
            document, rebuilt = rebuild_document(schema(), given, answer.get("data") or {}), True
        if "setup" in found:
            yield from _calls(file, found["setup"], [*path, "setup"], found)
        if document and answer is not None:
            yield RecordedCall(file, "/".join(path), document, given, answer, rebuilt)
        for key in found:
            if key not in ("setup", "variables", "payload", "body"):
                yield from _calls(file, found[key], [*path, key], found)
    elif isinstance(found, list):
        for index, one in enumerate(found):
            yield from _calls(file, one, [*path, str(index)], found)


def _answer(found: dict[str, Any], parent: Any) -> dict[str, Any] | None:
    raw = found.get("response") or found.get("result")
    if raw is None and isinstance(found.get("mutation"), dict):
        raw = found["mutation"].get("response")
    if raw is None and isinstance(parent, dict):
        raw = parent.get("response")
    if not isinstance(raw, dict):
        return None
    for key in ("payload", "body"):
        if isinstance(raw.get(key), dict):
            raw = raw[key]
    return raw if "data" in raw or "errors" in raw else None
