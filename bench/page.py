"""Write docs/figures.md from the figures of the last run: `python -m bench.page`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.main_job import OUT, ROOT

PAGE = ROOT / "docs" / "figures.md"
GOALS = {
    "orders_per_s": "at least 150",
    "ack_p99_ms": "at most 250",
    "sql_per_order": "at most 5",
    "cpu_ms_per_order": "at most 10",
    "graphql_points_per_order": "at most 60",
    "peak_rss_mb": "at most 400 a process",
}
ROWS = (
    "orders_per_s", "messages_per_s", "ack_p50_ms", "ack_p99_ms", "decision_p50_ms", "decision_p99_ms", "sql_per_order",
    "commits_per_order", "wal_bytes_per_order", "cpu_ms_per_order", "graphql_points_per_order", "rereads_per_order",
    "peak_rss_mb", "webhooks_per_order", "requests_per_order", "orders", "merchants", "workers", "floor_orders_per_s",
    "floor_ratio", "generator_cpu_share", "fold_mismatches",
)  # fmt: skip
TEXT = """# Figures

<!-- Written by `python -m bench.page` from bench/out/main-job.json. -->

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


def page(told: dict[str, Any]) -> str:
    """The page for a run with one merchant and one with many."""
    many = told["many_merchants"]
    rows = "\n".join(f"| {name} | {shown(name, told)} | {shown(name, many)} | {GOALS.get(name, '')} |" for name in ROWS)
    cpu, other = told["cpu_ms_per_order_by_process"], many["cpu_ms_per_order_by_process"]
    processes = "\n".join(f"| {name} | {ms} | {other.get(name, '')} |" for name, ms in cpu.items())
    return TEXT.format(**told | {"many": many["merchants"], "rows": rows, "processes": processes})


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
    Path(PAGE).write_text(page(json.loads(OUT.read_text())), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
