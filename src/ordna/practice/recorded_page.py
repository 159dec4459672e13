"""The page that says how far the practice shop answers as the real one did: `docs/practice-match.md`.

    python -m ordna.practice.recorded_page RECORDINGS docs/practice-match.md

makes it from a folder of recordings.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from ordna.practice.recorded import Verdict, recordings, replay, served

_HEAD = """# How closely the practice shop answers like Shopify

This page is made by `python -m ordna.practice.recorded_page RECORDINGS docs/practice-match.md`; a test keeps it
current. The recordings are calls that somebody made to the Admin API of a real development shop (2026-04), kept by
[shopify-draft-proxy](https://github.com/airhorns/shopify-draft-proxy) under the Apache licence 2.0.

**{matched} of {total} recorded calls match.** Requested query cost is equal in {cost_equal} of {cost_total} calls.

What is counted: every recorded call all of whose root fields the practice shop serves, {total} in all. {foreign}
further recorded calls are of operations that it does not serve (returns, drafts, companies, delivery profiles,
payment terms and others) and are not counted. An exact repetition of a call in its file is counted once.
Of the counted calls, {rebuilt} were recorded without their document; it is rebuilt from the answer's keys.

How a call is compared: the calls of a file are replayed in order in one world. What no call of the file makes is
seeded first from what the recorder read: variants, locations, further orders. Then the recorded document runs with
its variables, and the whole answer must be the same: keys, values, user errors with field, message and code,
top-level errors with code and path. Only this is let go:

- ids: of the same kind, and one recorded id stands for the same one of ours throughout;
- times: a time stands for a time; null stands for null;
- cursors, `legacyResourceId`, and the `pageInfo` of root lists (the recorded shop had other orders too);
- order names and long numbers inside sentences; `20.00` is `20.0`; where in the document an error lies;
- a read that the recording keeps apart (`upstreamCalls`) has no recorded moment: it matches if it does at any.

The world of a replay routes orders before the answer and keeps a fulfillment order's id when all of it is moved,
as the recorded shop did; a practice shop that runs for people routes some seconds later, and replaces.

## By operation

| operation | match | of |
|---|---|---|
"""

_WHY = [
    ("returns are not served", r"return(s|Status|LineItems)\b|order-return|return-|returnC"),
    ("fields of families that are not served", r"only one side has data, errors|payment-terms|localiz|localPickup"),
    ("the recorded shop held further records that no read shows", r"catalog|topLevelRead|fulfillment-top-level"),
    (
        "made by an operation that is not served",
        r"ManualPayment|Customer(Set|Remove)|discount|draft|dedicated|hydration",
    ),
    ("the recorded answer is not that of its document", r"only one side has fulfillmentOrder, node"),
    ("the version in use at the time", r"2026-07|apiVersion"),
]


def match_page(verdicts: list[Verdict], foreign: int) -> str:
    """The page for these verdicts; `foreign` is how many recorded calls are of operations not served."""
    costs = [verdict.cost for verdict in verdicts if verdict.cost]
    head = _HEAD.format(
        matched=sum(1 for verdict in verdicts if verdict.difference is None),
        total=len(verdicts),
        cost_equal=sum(1 for recorded, ours in costs if recorded == ours),
        cost_total=len(costs),
        foreign=foreign,
        rebuilt=sum(1 for verdict in verdicts if verdict.call.rebuilt),
    )
    return head + "".join(_operations(verdicts)) + _RESTS + "".join(_rest(verdicts))


def judged(folder: Path) -> tuple[list[Verdict], int]:
    """All verdicts on the recordings in a folder, and the count of calls that are not served."""
    found = recordings(folder)
    verdicts = [verdict for calls in found.values() for verdict in replay(calls)]
    return verdicts, sum(1 for calls in found.values() for call in calls if not served(call))


_RESTS = """
## What does not match, and why

The first difference of each; recorded value first. A reason is given where a pattern tells it.

| file | call | difference | reason |
|---|---|---|---|
"""


def _operations(verdicts: list[Verdict]) -> Iterable[str]:
    counts: dict[str, list[int]] = {}
    for verdict in verdicts:
        name = " + ".join(sorted(set(verdict.call.roots)))
        count = counts.setdefault(name, [0, 0])
        count[0] += verdict.difference is None
        count[1] += 1
    for name, (matched, total) in sorted(counts.items(), key=lambda item: (-item[1][1], item[0])):
        yield f"| {name} | {matched} | {total} |\n"


def _rest(verdicts: list[Verdict]) -> Iterable[str]:
    for verdict in verdicts:
        if verdict.difference is not None:
            difference = _cell(verdict.difference)
            yield f"| {verdict.call.file} | {_cell(verdict.call.place)} | {difference} | {_reason(verdict)} |\n"


def _reason(verdict: Verdict) -> str:
    text = f"{verdict.call.file} {verdict.call.place} {verdict.difference}"
    return next((why for why, pattern in _WHY if re.search(pattern, text)), "behaves otherwise")


def _cell(text: str) -> str:
    text = text.replace("|", "\\|").replace("\n", " ").strip(".")
    return text if len(text) <= 160 else text[:157] + "..."


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(match_page(*judged(Path(sys.argv[1]))), encoding="utf-8")
