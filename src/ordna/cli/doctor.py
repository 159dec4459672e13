"""`ordna doctor`: what is wrong, and what to do about it. Looking changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from msgspec import Struct

from ordna.cli.database import opened
from ordna.cli.say import Progress, say
from ordna.engine.figures import figures
from ordna.engine.health import counts
from ordna.engine.invariants import EXAMPLES, SAMPLE, look
from ordna.engine.replay import replay
from ordna.store import schema
from ordna.store.database import Database
from ordna.store.embedded import NotDurable, check_durability
from ordna.store.sql import blocks

SQL = blocks("doctor.sql")
SILENT_S = 30.0
STUCK_S = 120.0
FOLDED_MAX = 20_000


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
        "Their causes stand on the page “Connections”, where they can be tried again, as with: ordna retry --all",
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


def examine(everything: bool) -> bool:
    """Print every finding; True when nothing is to be done. Without `everything` a big house is sampled, and it says
    so."""
    with opened() as dsn:
        findings = list(_findings(dsn, everything))
    for finding in findings:
        say(f"{'✓' if finding.advice is None else '!'} {finding.sentence}")
        if finding.advice is not None:
            say(f"    {finding.advice}")
    return all(finding.advice is None for finding in findings)


def _findings(dsn: str, everything: bool) -> Iterator[Finding]:
    with psycopg.connect(dsn) as conn:
        try:
            check_durability(conn)
            yield Finding("What the database confirms survives a power cut.")
        except NotDurable as error:
            yield Finding(str(error), "Turn the settings on in postgresql.conf and restart PostgreSQL.")
    try:
        schema.check(dsn)
    except (schema.OlderSchema, schema.NewerSchema) as error:
        yield Finding(str(error), "ordna db status says more.")
        return
    yield Finding("The schema is the one this Ordna needs.")
    yield _partitions(dsn)
    database = Database(dsn, connections_max=2)
    try:
        yield from _counted(database)
        yield from _present(database)
        yield from _unbroken(database, everything)
        yield _folded(database, everything)
    finally:
        database.close()


def _partitions(dsn: str) -> Finding:
    late = schema.unprepared(dsn)
    if not late:
        return Finding("Partitions are made ahead of the clock.")
    return Finding(
        f"Nobody makes partitions for tomorrow: {', '.join(late)}.",
        "Start a worker: ordna worker. It must connect as the user who ran ordna db migrate.",
    )


def _counted(database: Database) -> Iterator[Finding]:
    found = counts(database)
    for name, well, wrong, advice in COUNTS:
        count = found[name]
        yield Finding(well) if count == 0 else Finding(wrong.format(f"{count:,}"), advice)


def _present(database: Database) -> Iterator[Finding]:
    """Processes that went silent without a word, and workers one of whose threads stands still."""
    processes = figures(database).processes
    living = [one for one in processes if one.beat_s <= SILENT_S]
    kinds = {kind: sum(one.kind == kind for one in living) for kind in ("web", "worker")}
    yield Finding(f"{kinds['web']} web processes and {kinds['worker']} workers are present.")
    for one in processes:
        if one not in living:
            sentence = f"The {one.kind} {one.process} did not sign off and was not heard of for {one.beat_s:.0f} s."
            yield Finding(
                sentence, "It was killed, or can't reach the database. If nothing starts it again, start one."
            )
        for thread, age_s in one.rounds.items():
            if age_s > STUCK_S:
                sentence = f"The {thread} thread of {one.process} has been in one round for {age_s:.0f} s."
                yield Finding(sentence, "Restart that worker; what it was doing is taken up by others.")


def _unbroken(database: Database, everything: bool) -> Iterator[Finding]:
    """What must always be so."""
    with Progress("Looking for what must never be") as progress:
        found = list(look(database, everything=everything, tell=progress.at))
    broken = [one for one in found if one.rows]
    late = [one for one in found if one.broken_off]
    if not broken and found:
        sampled = any(one.sampled for one in found)
        which = f"a sample of {SAMPLE:,} orders; --everything looks at all" if sampled else "all orders"
        yield Finding(f"What must always be so is so ({len(found)} rules, {which}).")
    for one in late:
        yield Finding(f"{one.invariant.view} took too long and was broken off.", "Run: ordna doctor --everything")
    for one in broken:
        many = f"{EXAMPLES} or more" if len(one.rows) > EXAMPLES else str(len(one.rows))
        shown = "; ".join(one.rows[:EXAMPLES])
        yield Finding(f"{many} {one.invariant.wrong} ({shown}).", one.invariant.advice)


def _folded(database: Database, everything: bool) -> Finding:
    with Progress("Folding journals") as progress:
        report = replay(
            database, progress=lambda done: progress.at(f"{done:,} orders"), most=None if everything else FOLDED_MAX
        )
    if report.sound:
        some = "" if everything else f" (of a merchant with more than {FOLDED_MAX:,} so many are folded)"
        return Finding(f"The journal explains {report.orders:,} orders{some if report.orders >= FOLDED_MAX else ''}.")
    return Finding(
        f"{len(report.mismatches)} of {report.orders:,} orders do not follow from their journal.",
        "Keep the database as it is and report this: ordna replay lists them.",
    )
