"""Backups as a command asks for them: take one, look at one, put one back."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ordna.engine.keys import Keyring
from ordna.store import journal
from ordna.store.backups import manifest as manifests
from ordna.store.backups import placing, taking
from ordna.store.backups.errors import BackupError, NoRoom, WrongKey
from ordna.store.backups.manifest import Form, Manifest
from ordna.store.database import Database
from ordna.store.sealing import has_keys

__all__ = ["BackupError", "Form", "Manifest", "check", "look", "put_back", "take"]

Progress = Callable[[int, int], None]
"""Told plain bytes so far, and of how many; 0 where that is not known."""


def take(dsn: str, folder: Path, form: Form, ring: Keyring, progress: Progress) -> Manifest:
    """Write a backup of everything into a new folder. `BackupError`."""
    database = Database(dsn, connections_max=1)
    try:
        with database.engine(()) as conn:
            merchants = journal.all_merchants(conn)
    finally:
        database.close()
    with _room(folder):
        return taking.take(dsn, folder, form, ring, merchants, lambda done: progress(done, 0))


def check(folder: Path, home: Path, ring: Callable[[], Keyring], progress: Progress) -> Manifest:
    """Read a backup from one end to the other; its manifest when it is whole. `BackupError`."""
    manifest = manifests.read(folder)
    lock = manifests.lock_of(_known(home, ring), manifest)
    placing.check(folder, manifest, lock, _of(manifest, progress))
    return manifest


def put_back(
    folder: Path,
    home: Path,
    ring: Callable[[], Keyring],
    place: Path | str,
    over: Path | None,
    progress: Progress,
) -> Manifest:
    """Put a backup back into `place`: the data folder of an embedded server for a copy, a connection string for a dump.
    `over`: what stands there may go; a folder is moved to this name. `BackupError`."""
    manifest = manifests.read(folder)
    lock = manifests.lock_of(_known(home, ring), manifest)
    with _room(home):
        if isinstance(place, Path):
            placing.place_copy(folder, manifest, lock, place, over, _of(manifest, progress))
        else:
            placing.place_dump(folder, manifest, lock, place, home, over is not None, _of(manifest, progress))
    return manifest


def look(folder: Path) -> Manifest:
    """What a backup says of itself; nothing of it is proved yet. `NoBackup`, `Damaged`."""
    return manifests.read(folder)


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    """A full disk, in a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise NoRoom(f"({folder})") from None


def _known(home: Path, ring: Callable[[], Keyring]) -> Keyring:
    """The keys that are there; none is made, for no backup could be sealed with it."""
    if not has_keys(home):
        raise WrongKey(f"({home} has no ordna.key)")
    return ring()


def _of(manifest: Manifest, progress: Progress) -> Callable[[int], None]:
    return lambda done: progress(done, manifest.file.plain)
