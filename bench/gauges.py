"""What a run used: CPU and memory by process, statements, commits and WAL by the server's own books."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import psycopg

TICKS = os.sysconf("SC_CLK_TCK")
TRANSACTION_WORDS = ("begin", "commit", "rollback", "savepoint", "release", "set ", "discard")


@dataclass(frozen=True)
class Used:
    """CPU seconds of a process and everything it started, and the most memory a single one of them held."""

    cpu_s: float
    rss_mb: float


def used_by(pid: int) -> Used:
    """A process tree's CPU (ended children included) and the largest resident set in it."""
    cpu, rss = 0.0, 0.0
    for member in (pid, *descendants(pid)):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            status = Path(f"/proc/{member}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        own = (int(fields[11]) + int(fields[12])) / TICKS
        ended = (int(fields[13]) + int(fields[14])) / TICKS
        cpu += own + ended
        peak = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")), "0")
        rss = max(rss, int(peak) / 1024)
    return Used(cpu, rss)


def descendants(pid: int) -> list[int]:
    """Every living child of a process, at any distance."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    out, front = [], [pid]
    while front:
        below = children.get(front.pop(), [])
        out.extend(below)
        front.extend(below)
    return out


@dataclass(frozen=True)
class Books:
    """The server's counters at one moment."""

    statements: int
    control: int
    commits: int
    wal_bytes: int


def books(conn: psycopg.Connection[tuple[object, ...]], database: str) -> Books:
    """Statements (transaction control apart), commits and WAL so far; the bench's own role does not count."""
    words = " or ".join(f"query ilike '{word}%%'" for word in TRANSACTION_WORDS)
    row = conn.execute(
        f"""select coalesce(sum(calls) filter (where not ({words})), 0), coalesce(sum(calls) filter (where {words}), 0)
            from pg_stat_statements s join pg_database d on d.oid = s.dbid
            where d.datname = %s and s.userid <> (select oid from pg_roles where rolname = current_user)""",
        (database,),
    ).fetchone()
    assert row is not None
    state = conn.execute(
        "select xact_commit, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') from pg_stat_database where datname = %s",
        (database,),
    ).fetchone()
    assert state is not None
    return Books(int(str(row[0])), int(str(row[1])), int(str(state[0])), int(str(state[1])))


def statements(conn: psycopg.Connection[tuple[object, ...]], database: str, orders: int) -> list[str]:
    """Where the server's time went, dearest first: microseconds an order, calls an order, rows a call, the
    statement."""
    rows = conn.execute(
        """select total_exec_time * 1000 / %(orders)s, total_plan_time * 1000 / %(orders)s,
                  calls::float / %(orders)s, rows::float / calls, query
           from pg_stat_statements s join pg_database d on d.oid = s.dbid where d.datname = %(database)s
             and s.userid <> (select oid from pg_roles where rolname = current_user)
           order by 1 desc limit 60""",
        {"orders": orders, "database": database},
    )
    head = "run us/order  plan us/order  calls/order  rows/call  statement"
    return [head, *(_line(row) for row in rows)]


def _line(row: tuple[object, ...]) -> str:
    run, plan, calls, found = (float(str(value)) for value in row[:4])
    return f"{run:12.0f}  {plan:13.0f}  {calls:11.3f}  {found:9.1f}  {' '.join(str(row[4]).split())[:150]}"


def stages(conn: psycopg.Connection[tuple[object, ...]], before: str) -> dict[str, float]:
    """Seconds from the order's first record to each stage's, at the median, of orders whose ids come before that one:
    where an order's life waits."""
    rows = conn.execute(
        """select kind, percentile_cont(0.5) within group (order by extract(epoch from j.recorded_at - f.began))
           from journal j
           join (select merchant_id, order_id, min(recorded_at) as began from journal where order_id < %(before)s
                 group by 1, 2) f using (merchant_id, order_id)
           group by 1 order by 2""",
        {"before": before},
    )
    return {str(row[0]): round(float(str(row[1])), 2) for row in rows}


def percentile(ordered: list[float], share: float) -> float:
    """A value of a sorted list: 0.5 is the median."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def machine() -> str:
    """What the run ran on, in one line."""
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")), "?")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024**2
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores ({model}), {memory} GiB, {system}"
