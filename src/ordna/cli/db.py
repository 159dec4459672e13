"""`ordna db ...`: the database's schema, brought forward while everything runs, and looked at."""

from __future__ import annotations

from ordna.cli.database import opened, prepare
from ordna.cli.say import Progress, say
from ordna.store import distribution, schema
from ordna.store.moving import Move

STAGES = {
    "follow": "The target follows. When you are ready: ordna db move ... cut",
    "cut": "The target's workers have taken over. Have the shop send to the new address, then: ordna db move ... end",
    "end": "Nothing follows any more; the merchant's rows on the old server may be deleted.",
}


def migrate(contract: bool) -> None:
    """Run what is pending; with `contract` also what takes away the last version's."""
    with opened() as dsn:
        with Progress("Migrating") as progress:
            ran = prepare(dsn, contract=contract, tell=progress.at)
        found = schema.standing(dsn)
    for name in ran:
        say(f"✓ {name}")
    if found.held_back:
        names = ", ".join(migration.name for migration in found.held_back)
        say(f"Held back: {names}. When no older Ordna runs any more: ordna db migrate --contract")
    if not ran:
        say("Nothing was pending.")


def status() -> bool:
    """Print where the database stands; True when a process of this version may work on it."""
    with opened() as dsn:
        found = schema.standing(dsn)
    for one in found.applied:
        say(f"✓ {one.number:>3}  {one.name}, {one.applied_at:%Y-%m-%d %H:%M} UTC")
    for one in found.newer:
        beside = "an Ordna of this version may run beside it" if one.needs <= _newest() else "this version may not run"
        say(f"+ {one.number:>3}  {one.name}, by a newer Ordna: {beside}")
    for migration in found.pending:
        say(f"  {migration.number:>3}  {migration.name} ({migration.kind}): pending")
    for migration in found.held_back:
        say(f"  {migration.number:>3}  {migration.name} (contract): held back until no older Ordna runs")
    if found.pending:
        say("Run: ordna db migrate")
    return not found.pending and all(one.needs <= _newest() for one in found.newer)


def distribute(dry_run: bool) -> None:
    """Spread the tables over a Citus cluster, or print the statements that would."""
    with opened() as dsn:
        if dry_run:
            for statement in distribution.dry_run(dsn):
                say(f"{statement};")
            return
        ran = distribution.distribute(dsn)
    say(f"{len(ran)} tables were spread." if ran else "Every table is where it belongs.")


def move(merchant: int, target: str, stage: str) -> None:
    """One stage of a merchant's move to another server: follow, cut or end."""
    with opened() as source, Progress(f"Merchant {merchant}: {stage}"):
        moving = Move(source, target, merchant)
        {"follow": moving.follow, "cut": moving.cut, "end": moving.end}[stage]()
    say(STAGES[stage])


def _newest() -> int:
    return max(migration.number for migration in schema.MIGRATIONS)
