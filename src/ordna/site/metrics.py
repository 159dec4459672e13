"""The figures as Prometheus reads them. Labels are bounded: of lanes and connections the worst are named, all counted.

A merchant's and a connection's number are the only things a label tells of anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ordna.engine.figures import Figures
from ordna.engine.presence import BATCH_MESSAGES, BATCH_SECONDS, OVER, SUM

NAMED_MAX = 20
LAG_SECONDS = (1.0, 5.0, 30.0, 60.0, 300.0, 3600.0)
HISTOGRAMS = {
    "step_batch_seconds": ("Seconds a batch held its orders' locks.", BATCH_SECONDS),
    "step_batch_messages": ("Messages in a batch.", BATCH_MESSAGES),
}


def rendered(figures: Figures) -> bytes:
    """The text of `/metrics`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(figures))
    return generate_latest(registry)


class _Told(Collector):
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """Every metric, in the order of the page that explains them."""
        told = self._figures
        yield from _inbox(told)
        yield from _outside(told)
        yield from _connections(told)
        yield from _processes(told)
        yield from _counted(told)
        yield from _sizes(told)


def _inbox(told: Figures) -> Iterator[Metric]:
    oldest = max((lane.oldest_s for lane in told.lanes), default=0.0)
    yield _gauge("inbox_oldest_seconds", "How long the oldest message waits that nobody has handled.", oldest)
    waiting = sum(lane.waiting for lane in told.lanes)
    yield _gauge("inbox_waiting", "Messages that wait (of one lane at most 10,000 are counted).", waiting)
    yield _gauge("inbox_quarantined", "Messages that could not be handled.", told.quarantined)
    lags = [sum(lane.oldest_s <= bound for lane in told.lanes) for bound in LAG_SECONDS]
    spread = GaugeMetricFamily(
        "ordna_lanes_waiting", "Lanes whose oldest message waits at most so long.", labels=["le"]
    )
    for bound, count in zip((*LAG_SECONDS, float("inf")), (*lags, len(told.lanes)), strict=True):
        spread.add_metric([OVER if bound == float("inf") else f"{bound:g}"], count)
    yield spread
    worst = GaugeMetricFamily(
        "ordna_lane_lag_seconds", f"How long the oldest message waits, of the {NAMED_MAX} worst lanes.",
        labels=["merchant", "lane"],
    )  # fmt: skip
    for lane in sorted(told.lanes, key=lambda lane: -lane.oldest_s)[:NAMED_MAX]:
        worst.add_metric([str(lane.merchant_id), str(lane.lane)], lane.oldest_s)
    yield worst


def _outside(told: Figures) -> Iterator[Metric]:
    effects = GaugeMetricFamily(
        "ordna_effects", "Effects that are not done with; dead ones of the last 14 days.", labels=["status"]
    )
    for status in ("due", "sending", "in_doubt", "dead"):
        effects.add_metric([status], told.effects.get(status, (0, 0.0))[0])
    yield effects
    oldest = told.effects.get("due", (0, 0.0))[1]
    yield _gauge("effect_due_oldest_seconds", "How long the oldest effect is due.", max(0.0, oldest))
    yield _gauge("rereads_waiting", "Orders that wait to be read again.", told.rereads)
    yield _gauge("timers_waiting", "Timers that are due and wait for news of their shop.", told.timers_waiting)
    yield _gauge("outgoing_paused", "Merchants whose outgoing is paused.", told.paused)


def _connections(told: Figures) -> Iterator[Metric]:
    modes = GaugeMetricFamily("ordna_connections", "Connections by mode.", labels=["mode"])
    for mode in ("observe", "live", "paused"):
        modes.add_metric([mode], sum(link.mode == mode for link in told.links))
    yield modes
    yield _gauge("connections_failing", "Connections whose last read failed.", sum(link.failing for link in told.links))
    silent = _of_connection("connection_silent_seconds", f"Since a connection was heard of; the {NAMED_MAX} longest.")
    for link in sorted(told.links, key=lambda link: -link.silent_s)[:NAMED_MAX]:
        silent.add_metric([str(link.merchant_id), str(link.connection_id)], link.silent_s)
    yield silent
    left = _of_connection("budget_left_ratio", f"What is left of a connection's budget, 0 to 1; the {NAMED_MAX} least.")
    shares = [
        (link.budget / link.budget_max, link) for link in told.links if link.budget is not None and link.budget_max
    ]
    for share, link in sorted(shares, key=lambda pair: pair[0])[:NAMED_MAX]:
        left.add_metric([str(link.merchant_id), str(link.connection_id)], share)
    yield left


def _processes(told: Figures) -> Iterator[Metric]:
    yield _gauge("workers", "Workers that are present.", told.workers)
    yield _gauge("leases_held", "Lanes that a worker holds.", told.leases)
    yield _gauge("lanes_left_behind", "Lanes of a dead worker that nobody took over for a minute.", told.lanes_left)
    present = GaugeMetricFamily("ordna_processes", "Processes heard of in the last 30 seconds.", labels=["kind"])
    for kind in ("web", "worker"):
        present.add_metric([kind], sum(one.kind == kind and one.beat_s <= 30 for one in told.processes))
    yield present
    slowest: dict[str, float] = {}
    for one in told.processes:
        for thread, age_s in one.rounds.items():
            slowest[thread] = max(slowest.get(thread, 0.0), age_s + one.beat_s)
    rounds = GaugeMetricFamily(
        "ordna_worker_round_age_seconds",
        "Since a thread of a worker ended a round; the slowest worker.",
        labels=["thread"],
    )
    for thread, age_s in sorted(slowest.items()):
        rounds.add_metric([thread], age_s)
    yield rounds


def _counted(told: Figures) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "ordna_intake_requests", "Webhook requests by the answer they got.", labels=["status"]
    )
    for status, count in sorted(told.tallies.get("intake_requests", {}).items()):
        requests.add_metric([status], count)
    yield requests
    for name, (text, bounds) in HISTOGRAMS.items():
        counted = told.tallies.get(name, {})
        buckets, total = [], 0.0
        for label in (*(f"{bound:g}" for bound in bounds), OVER):
            total += counted.get(label, 0.0)
            buckets.append((label, total))
        yield HistogramMetricFamily(f"ordna_{name}", text, buckets=buckets, sum_value=counted.get(SUM, 0.0))


def _sizes(told: Figures) -> Iterator[Metric]:
    yield _gauge("merchants", "Merchants.", told.merchants)
    rows = GaugeMetricFamily("ordna_table_rows", "Rows, as PostgreSQL estimates them.", labels=["table"])
    size = GaugeMetricFamily("ordna_table_bytes", "Bytes of a table with its indexes.", labels=["table"])
    parts = GaugeMetricFamily("ordna_partition_bytes", "Bytes of a partition.", labels=["table", "partition"])
    for table in dict.fromkeys(one.table for one in told.sizes):
        leaves = [one for one in told.sizes if one.table == table]
        rows.add_metric([table], sum(one.rows for one in leaves))
        size.add_metric([table], sum(one.bytes for one in leaves))
        for one in leaves:
            if one.partition is not None:
                parts.add_metric([table, one.partition], one.bytes)
    yield from (rows, size, parts)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"ordna_{name}", text, value=value)


def _of_connection(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"ordna_{name}", text, labels=["merchant", "connection"])
