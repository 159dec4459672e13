"""Write docs/figures.md from the figures of the last runs: `python -m bench.page`. What was not run stays."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.after_history import OUT as HISTORY_OUT
from bench.bad_days import OUT as BAD_DAYS_OUT
from bench.chaos import OUT as CHAOS_OUT
from bench.main_job import OUT, ROOT
from bench.pages import OUT as PAGES_OUT
from bench.partitions import OUT as PARTITIONS_OUT
from bench.restore import OUT as RESTORE_OUT
from bench.silence import OUT as SILENCE_OUT

PAGE = ROOT / "docs" / "figures.md"
GOALS = {
    "orders_per_s": "at least 150",
    "ack_p99_ms": "at most 250",
    "sql_per_order": "at most 5",
    "cpu_ms_per_order": "at most 10",
    "graphql_points_per_order": "at most 60",
    "peak_rss_mb": "at most 400 a process",
    "list_p95_ms": "at most 100",
    "order_p95_ms": "at most 100",
    "map_p95_ms": "at most 200",
    "seq_scans": "at most 0",
    "restore_s": "at most 900",
    "present_s": "at most 900",
    "subscribed_s": "at most 600",
    "falsely_late": "at most 0",
    "missing": "at most 0",
    "doubled": "at most 0",
    "replay_mismatches": "at most 0",
    "lost": "at most 0",
    "missing_effects": "at most 0",
    "doubled_effects": "at most 0",
    "one_key_two_bodies": "at most 0",
    "two_keys_in_a_generation": "at most 0",
    "kills_mid_transaction_share": "at least 0.2",
    "in_doubt": "at least 1",
    "mismatches": "at most 0",
    "news_of_last_read": "at most 0",
}
ROWS = (
    "orders_per_s", "messages_per_s", "ack_p50_ms", "ack_p99_ms", "decision_p50_ms", "decision_p99_ms", "sql_per_order",
    "commits_per_order", "wal_bytes_per_order", "cpu_ms_per_order", "graphql_points_per_order", "rereads_per_order",
    "peak_rss_mb", "webhooks_per_order", "requests_per_order", "orders", "merchants", "workers", "floor_orders_per_s",
    "floor_ratio", "generator_cpu_share", "fold_mismatches",
)  # fmt: skip
PAGE_ROWS = (
    "list_p95_ms", "list_worst", "list_every_p95_ms", "list_every_max_ms", "order_p95_ms", "map_p95_ms", "work_p95_ms",
    "search_p95_ms", "connections_p95_ms", "seq_scans", "statements", "lists", "requests_each", "orders",
    "journal_rows", "open_orders",
)  # fmt: skip
HISTORY_ROWS = (
    "cpu_ms_per_order",
    "sql_per_order",
    "wal_bytes_per_order",
    "orders_per_s",
    "ack_p99_ms",
    "decision_p99_ms",
)
RATIO_MAX = 1.2
RESTORE_ROWS = (
    "restore_s", "backup_s", "backup_mb", "database_mb", "replay_s", "mismatches", "orders", "events",
)  # fmt: skip
SILENCE_ROWS = (
    "present_s", "subscribed_s", "told_s", "listed_s", "closed_s", "orders", "missing", "doubled", "falsely_late",
    "rightly_late", "webhooks_after", "refused_webhooks", "points", "throttled", "replay_mismatches",
)  # fmt: skip
CHAOS_ROWS = (
    "acked", "lost", "missing_effects", "doubled_effects", "one_key_two_bodies", "two_keys_in_a_generation",
    "replay_mismatches", "ack_p99_ms", "kills", "kills_mid_transaction_share", "kills_that_cut_a_call", "in_doubt",
    "effects", "orders", "orders_per_s", "drained_s", "seconds", "seed",
)  # fmt: skip
BAD_DAYS_ROWS = (
    "orders", "mismatches", "same_to_the_last_time_and_id", "news_of_last_read", "replay_mismatches",
)  # fmt: skip

HEAD = """# Figures

<!-- Written by `python -m bench.page` from bench/out/*.json; a section whose command was not run is left as it is. -->
"""

TEXT = """## The main job

The main job is the whole life of an order: created, paid, routed, picked, packed, shipped, in transit,
delivered, closed. Ten webhooks an order (eight order bodies of 8 to 14 KB, two of them noise) go over HTTP into
a running Ordna with the default flow, its five rules and PostgreSQL's default durability; a re-read and a
fulfillment are answered by a canned shop; people pick, pack and ship through the code path of the API, many
requests at once.

```
make bench
```

The command prints the figures and writes them to `bench/out/main-job.json`; what each statement cost stands
beside it. The run fails if a message was refused, an order did not get through, a fulfillment was asked twice,
the generator was busy all the time, or one journal does not fold to its stored state. The *floor* is the same
rows written by bare COPY and UPSERT with no logic, in the same run.

Measured at commit `{commit}` on {machine}, everything on that machine, {at}.

| figure | one merchant | {many} merchants (Zipf) | goal |
|---|---|---|---|
{rows}

Milliseconds of CPU an order, by process (the shop's responder counted, the generator not):

| process | one merchant | {many} merchants |
|---|---|---|
{processes}

`decision` is the time from receipt to the commit of what a message came to. The generator keeps 900 orders
under way, so under full load most of it is waiting in the inbox; it says how far behind a saturated Ordna runs,
not how long a quiet one takes. A figure that misses its goal is printed in bold.
"""

HISTORY_TEXT = """## The main job after a long history

The same job with orders of two years already in the database: once with few, once with many, made the same way. The
runs alternate, each of {orders:,} orders; of each figure the median of {rounds} runs counts.

```
make bench-history
```

Measured at commit `{commit}` on {machine}, {at}.

| figure | after {few:,} orders | after {many:,} orders | ratio | goal |
|---|---|---|---|---|
{rows}
"""

PAGES_TEXT = """## Pages with a long history

{orders:,} orders of two years with {journal_rows:,} journal rows, {open_orders:,} of them open, multiplied from some
hundred that were lived through. The site is served as in production, somebody is signed in, the pages read under
row-level security. Every tab of the orders list is asked for alone, with each filter and with each pair of filters, at
the newest orders and deep in the past; the tabs and the slowest lists are then asked {requests_each} times, as is every
other page. `list_p95_ms` is the slowest of them.

```
make bench-pages
```

The command prints the figures and writes them to `bench/out/pages.json`; the plan of every statement stands beside it.
`seq_scans` counts the statements' scans of tables that grow with the orders, or of their partitions that hold anything.

Measured at commit `{commit}` on {machine}, {at}.

| figure | value | goal |
|---|---|---|
{rows}
"""

RESTORE_TEXT = """## Restore after losing the machine

An embedded server with {orders:,} orders and {events:,} journal rows is backed up, lost, and restored into its place:
`restore_s` is from the folder of the backup to a server that answers at this version's schema, shops asked. Then every
journal is folded and compared with what is stored. FOLDER is the history that `make bench-pages HISTORY=FOLDER` made.

```
.venv/bin/python -m bench.restore FOLDER --lose
```

Measured at commit `{commit}` on {machine}, {at}.

| figure | value | goal |
|---|---|---|
{rows}
"""

PARTITIONS_TEXT = """## What partitions cost

Statements that meet many partitions, with {inbox_partitions} days of messages and {journal_partitions} months of the
journal of {orders:,} orders: 500 waiting messages are taken from 16 and from 64 lanes, what they came to is
written, the journal of one order is read. Each is the median of 40 times. FOLDER is the history that
`make bench-pages HISTORY=FOLDER` made.

```
.venv/bin/python -m bench.partitions FOLDER
```

Measured at commit `{commit}` on {machine}, {at}.

| figure | value |
|---|---|
{rows}
"""


SILENCE_TEXT = """## Five hours of silence

For five hours nothing was heard of a shop, which then deleted its subscriptions; when it is back, what changed in the
dark is found and read within its call budget. Intake and worker are processes, the clock and the budget are real. The
run fails if an order is missing after 15 minutes, the subscriptions are not made again within 10, a step is called
late that was done in time, or the silence is not told.

```
make silence
```

Measured {where}.

| figure | standard, 300 orders/h | Plus, 5,000 orders/h | goal |
|---|---|---|---|
{rows}
"""

BAD_DAYS_TEXT = """## Bad days

One shop lives twice on virtual time, once with good days only and once with every bad day there is: webhooks dropped,
doubled, overtaken and late, calls throttled, cut and lost, storms of edits, two blackouts of five hours, deleted
subscriptions, a new secret. After one sweep every order must show the settled picture of the good life.

```
make bad-days
```

Measured on {machine}, {at}.

| figure | value | goal |
|---|---|---|
{rows}

| fault | how often |
|---|---|
{faults}
"""

CHAOS_TEXT = """## Chaos

Intake, two workers, people and a shop as real processes under load, killed at random; PostgreSQL and its backends, too.
Then three books are compared: what the sender was told was taken, what the shop was asked and did, and the tables.

```
make chaos
```

Measured at commit `{commit}` on {machine}, {at}.

| figure | value | goal |
|---|---|---|
{rows}
"""


def main_job(told: dict[str, Any]) -> str:
    """The section of a run with one merchant and one with many."""
    many = told["many_merchants"]
    rows = "\n".join(f"| {name} | {shown(name, told)} | {shown(name, many)} | {GOALS.get(name, '')} |" for name in ROWS)
    cpu, other = told["cpu_ms_per_order_by_process"], many["cpu_ms_per_order_by_process"]
    processes = "\n".join(f"| {name} | {ms} | {other.get(name, '')} |" for name, ms in cpu.items())
    return TEXT.format(**told | {"many": many["merchants"], "rows": rows, "processes": processes})


def after_history(told: dict[str, Any]) -> str:
    """The section of the main job after a short and after a long history."""
    few, many, ratio = told["few"], told["many"], told["ratio"]
    rows = "\n".join(f"| {name} | {few[name]} | {many[name]} | {_ratio(name, ratio[name])} |" for name in HISTORY_ROWS)
    return HISTORY_TEXT.format(**told | {"few": few["history_orders"], "many": many["history_orders"], "rows": rows})


def _ratio(name: str, value: float) -> str:
    if name != "cpu_ms_per_order":
        return f"{value} | "
    return f"**{value}** | at most {RATIO_MAX}" if value > RATIO_MAX else f"{value} | at most {RATIO_MAX}"


def restore(told: dict[str, Any]) -> str:
    """The section of the restore."""
    rows = "\n".join(f"| {name} | {shown(name, told)} | {GOALS.get(name, '')} |" for name in RESTORE_ROWS)
    return RESTORE_TEXT.format(**told | {"rows": rows})


def pages(told: dict[str, Any]) -> str:
    """The section of the pages."""
    rows = "\n".join(f"| {name} | {shown(name, told)} | {GOALS.get(name, '')} |" for name in PAGE_ROWS)
    return PAGES_TEXT.format(**told | {"rows": rows})


def partitions(told: dict[str, Any]) -> str:
    """The section of what partitions cost."""
    rows = "\n".join(f"| {name} | {told[name]} |" for name in told if name.endswith("_ms"))
    return PARTITIONS_TEXT.format(**told | {"rows": rows})


def silence(told: dict[str, Any]) -> str:
    """The section of both plans' returns."""
    standard, plus = told["standard"], told["plus"]
    rows = "\n".join(
        f"| {name} | {shown(name, standard)} | {shown(name, plus)} | {GOALS.get(name, '')} |" for name in SILENCE_ROWS
    )
    places = [f"at commit `{plan['commit']}` on {plan['machine']}, {plan['at']}" for plan in (standard, plus)]
    where = places[0] if places[0] == places[1] else f"{places[0]} (standard), and {places[1]} (Plus)"
    return SILENCE_TEXT.format(where=where, rows=rows)


def bad_days(told: dict[str, Any]) -> str:
    """The section of the two lives."""
    rows = "\n".join(f"| {name} | {shown(name, told)} | {GOALS.get(name, '')} |" for name in BAD_DAYS_ROWS)
    faults = "\n".join(f"| {name} | {count:,} |" for name, count in told["faults"].items())
    return BAD_DAYS_TEXT.format(**told | {"rows": rows, "faults": faults})


def chaos(told: dict[str, Any]) -> str:
    """The section of the kills."""
    rows = "\n".join(f"| {name} | {shown(name, told)} | {GOALS.get(name, '')} |" for name in CHAOS_ROWS)
    return CHAOS_TEXT.format(**told | {"rows": rows})


SECTIONS: tuple[tuple[str, Callable[..., str], tuple[Path, ...]], ...] = (
    (TEXT, main_job, (OUT,)),
    (HISTORY_TEXT, after_history, (HISTORY_OUT,)),
    (PAGES_TEXT, pages, (PAGES_OUT,)),
    (RESTORE_TEXT, restore, (RESTORE_OUT,)),
    (PARTITIONS_TEXT, partitions, (PARTITIONS_OUT,)),
    (SILENCE_TEXT, silence, (SILENCE_OUT,)),
    (BAD_DAYS_TEXT, bad_days, (BAD_DAYS_OUT,)),
    (CHAOS_TEXT, chaos, (CHAOS_OUT,)),
)
"""Each section's text, what fills it in, and the figures it is made from."""


def page(before: str) -> str:
    """The page, with the sections of `before` where there are no figures for them."""
    known = {part.partition("\n")[0]: part for part in re.split(r"(?m)^(?=## )", before)[1:]}
    parts = []
    for text, make, files in SECTIONS:
        if all(file.exists() for file in files):
            part = make(*(json.loads(file.read_text()) for file in files))
        else:
            part = known.get(text.partition("\n")[0], "")
        if part:
            parts.append(part.rstrip() + "\n")
    return "\n".join([HEAD, *parts])


def shown(name: str, told: dict[str, Any]) -> str:
    """A figure as the page shows it, bold where it misses its goal."""
    value = told[name]
    if isinstance(value, dict):
        return ", ".join(f"{process} {mb}" for process, mb in value.items() if mb)
    words = GOALS.get(name, "").split()
    if words[:2] == ["at", "least"]:
        return f"**{value}**" if value < float(words[2]) else str(value)
    if words[:2] == ["at", "most"]:
        return f"**{value}**" if value > float(words[2]) else str(value)
    return str(value)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
