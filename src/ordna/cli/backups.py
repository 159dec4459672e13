"""`ordna backup` and `ordna restore`: everything into a sealed folder, and back."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from ordna.cli.database import FOLDER, opened, prepare
from ordna.cli.say import Progress, say
from ordna.engine import backups, restored
from ordna.engine.backups import Form, Manifest
from ordna.engine.keys import KEY_FILE, keyring
from ordna.site import place
from ordna.store import embedded
from ordna.store.database import Database

MB = 1_000_000


def back_up(folder: Path, dump: bool) -> None:
    """Write a backup and say what is in it."""
    form: Form = "dump" if dump or os.environ.get("DATABASE_URL") else "copy"
    ring = keyring(place.home())
    with opened() as dsn, Progress("Backing up") as progress:
        made = backups.take(dsn, folder, form, ring, _told(progress))
    say(f"{folder}: {_words(made)}, {made.file.sealed / MB:,.1f} MB.")
    key = "ORDNA_KEY" if os.environ.get("ORDNA_KEY") else str(place.home() / KEY_FILE)
    say(f"It opens only with key {made.key} of {key}: keep a copy of that somewhere else, apart from the backups.")


def check(folder: Path) -> None:
    """Read a backup to its end, and say that it is whole."""
    home = place.home()
    with Progress("Reading the backup") as progress:
        read = backups.check(folder, home, lambda: keyring(home), _told(progress))
    say(f"{folder} is whole: {_words(read)}.")


def sweep_again(folder: Path) -> None:
    """Ask the shops once more what changed since the backup: some did not answer when it was put back."""
    home, manifest = place.home(), backups.look(folder)
    with opened() as dsn:
        for line in _settle(dsn, home, manifest, (restored.sweep,)):
            say(line)


def restore(folder: Path, over: bool) -> None:
    """Put a backup back, bring it to this Ordna's schema, and put right what time has changed."""
    home = place.home()
    home.mkdir(parents=True, exist_ok=True)
    manifest = backups.look(folder)
    with Progress("Restoring") as progress:
        _put_back(folder, home, manifest, over, _told(progress))
    with opened() as dsn:
        with Progress("Preparing the database"):
            prepare(dsn)
        said = _settle(dsn, home, manifest, restored.STEPS)
    say(f"Restored: {_words(manifest)}.")
    for line in said:
        say(f"  {line}")
    say("Prove it with: ordna replay     Then start: ordna up")


def _put_back(folder: Path, home: Path, manifest: Manifest, over: bool, progress: backups.Progress) -> None:
    aside = home / f"{FOLDER}.before-{datetime.now(UTC):%Y%m%d-%H%M%S}" if over else None

    def put(where: Path | str) -> None:
        backups.put_back(folder, home, lambda: keyring(home), where, aside, progress)

    given = os.environ.get("DATABASE_URL")
    if given:
        put(given)
    elif manifest.form == "copy":
        put(home / FOLDER)
    else:
        with embedded.start(home / FOLDER) as server:
            put(server.dsn())


def _settle(dsn: str, home: Path, manifest: Manifest, steps: tuple[restored.Step, ...]) -> list[str]:
    database = Database(dsn, connections_max=2)
    try:
        with Progress("Asking the shops") as progress:
            return restored.settle(database, keyring(home), home, manifest.taken_at, progress.at, steps)
    finally:
        database.close()


def _words(manifest: Manifest) -> str:
    counts = manifest.counts
    what = "a copy of the server" if manifest.form == "copy" else "a dump"
    rows = f"{counts.get('orders', 0):,} orders, {counts.get('journal', 0):,} events"
    return f"{what} as of {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC, {rows}, schema {manifest.schema}"


def _told(progress: Progress) -> backups.Progress:
    def at(done: int, of: int) -> None:
        share = f" of {of / MB:,.0f} MB, {100 * done // max(1, of)} %" if of else " MB"
        progress.at(f"{done / MB:,.0f}{share}")

    return at
