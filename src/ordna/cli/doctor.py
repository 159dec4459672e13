"""`ordna doctor`: what is wrong, and what to do about it. Looking changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from msgspec import Struct

from ordna.cli.database import opened
from ordna.cli.say import Progress, say
from ordna.engine.health import counts
from ordna.engine.replay import replay
from ordna.store import schema
from ordna.store.database import Database
from ordna.store.embedded import NotDurable, check_durability
from ordna.store.sql import blocks

SQL = blocks("doctor.sql")


class Finding(Struct, frozen=True):
    """One thing looked at; `advice` is set when something is to be done."""

    sentence: str
    advice: str | None = None


COUNTS: tuple[tuple[str, str, str, str], ...] = (
    (
        "stuck_leases",
        "No lane is left behind by a dead worker.",
        "{} lanes were left behind by workers that died, and nobody took them over.",
        "Start a worker: ordna worker. It takes them over by itself.",
    ),
    (
        "old_messages",
        "No message waits longer than five minutes.",
        "{} messages have waited for more than five minutes.",
        "Start workers, or more of them: ordna worker.",
    ),
    (
        "quarantined",
        "No message is in quarantine.",
        "{} messages could not be handled and are in quarantine.",
        "Look at their errors on the page “Connections”; after an upgrade they can be tried again.",
    ),
    (
        "in_doubt",
        "No effect is in doubt.",
        "{} effects are in doubt: they may have happened, and the shop could not be asked yet.",
        "Nothing needs to be done while the shop can't be reached; they are looked up by themselves.",
    ),
    (
        "dead",
        "No effect was given up.",
        "{} effects were given up after eight tries.",
        "Their orders carry a task with the cause; do there by hand what was meant, or ask again.",
    ),
    (
        "paused",
        "Outgoing is not paused.",
        "Outgoing is paused for {} merchants.",
        "To let it go on: ordna pause --resume.",
    ),
    (
        "unreadable_connections",
        "Every connection can be read.",
        "{} connections could not be read at the last try.",
        "The page “Connections” says why. If access was taken back: ordna connect, with new credentials.",
    ),
    (
        "waiting_timers",
        "No timer waits for news of its shop.",
        "{} timers are due and wait until their shop was heard of.",
        "See whether the shop can be reached, and whether a worker runs.",
    ),
    (
        "unswept",
        "Every shop was asked what changed within the last quarter of an hour.",
        "{} shops were not asked to the end for a quarter of an hour what changed.",
        "See whether a worker runs; the page “Connections” says why a shop can't be read.",
    ),
    (
        "lost_subscriptions",
        "Every subscription to webhooks stands.",
        "{} subscriptions to webhooks are gone from their shops.",
        "A worker makes them again within minutes. If it can't: the page “Connections” says why.",
    ),
    (
        "gaps",
        "No connection has an open gap.",
        "{} connections were silent, and what was missed is still being read.",
        "Nothing needs to be done while a worker runs; the page “Connections” shows how far it is.",
    ),
)


def examine() -> bool:
    """Print every finding; True when nothing is to be done."""
    with opened() as dsn:
        findings = list(_findings(dsn))
    for finding in findings:
        say(f"{'✓' if finding.advice is None else '!'} {finding.sentence}")
        if finding.advice is not None:
            say(f"    {finding.advice}")
    return all(finding.advice is None for finding in findings)


def _findings(dsn: str) -> Iterator[Finding]:
    with psycopg.connect(dsn) as conn:
        try:
            check_durability(conn)
            yield Finding("What the database confirms survives a power cut.")
        except NotDurable as error:
            yield Finding(str(error), "Turn the settings on in postgresql.conf and restart PostgreSQL.")
        known = conn.execute(SQL["schema"]).fetchone()
    newest = schema.MIGRATIONS[-1][0]
    if known is None or known[0] != newest:
        stands = "has no tables" if known is None else f"has schema {known[0]}"
        yield Finding(f"The database {stands}, this Ordna needs {newest}.", "Run: ordna up")
        return
    yield Finding(f"The schema is the newest ({newest}).")
    database = Database(dsn, connections_max=2)
    try:
        yield from _counted(database)
        yield _folded(database)
    finally:
        database.close()


def _counted(database: Database) -> Iterator[Finding]:
    found = counts(database)
    for name, well, wrong, advice in COUNTS:
        count = found[name]
        yield Finding(well) if count == 0 else Finding(wrong.format(f"{count:,}"), advice)


def _folded(database: Database) -> Finding:
    with Progress("Folding journals") as progress:
        report = replay(database, progress=lambda done: progress.at(f"{done:,} orders"))
    if report.sound:
        return Finding(f"The journal explains all {report.orders:,} orders.")
    return Finding(
        f"{len(report.mismatches)} of {report.orders:,} orders do not follow from their journal.",
        "Keep the database as it is and report this: ordna replay lists them.",
    )
