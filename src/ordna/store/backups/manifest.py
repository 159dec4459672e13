"""What a backup is: `manifest.json`, readable by anybody, and signed so that a changed one is noticed."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from ordna.store.backups.errors import Damaged, NoBackup, WrongKey
from ordna.store.backups.sealed import Written
from ordna.store.sealing import Keyring

MANIFEST = "manifest.json"
DATA = "data.sealed"

Form = Literal["copy", "dump"]


class Manifest(Struct, frozen=True):
    """`form`: a copy of a server, or a dump. `taken_at`: everything committed by then is inside. `server`: its
    PostgreSQL, as 180006; `program`: the major version of the program that wrote it. `counts`: rows by table; of a dump
    exactly those inside, of a copy those there when it began. `key`: the number of the master key, `salt` hex."""

    ordna: str
    form: Form
    taken_at: datetime
    schema: int
    server: int
    program: int
    counts: dict[str, int]
    key: int
    salt: str
    key_mark: str
    file: Written
    seal: str = ""


class Lock(Struct, frozen=True):
    """The keys of one backup, all derived from one master key and the backup's own salt."""

    number: int
    salt: str
    data: bytes
    signing: bytes
    mark: str


def new_lock(ring: Keyring) -> Lock:
    """Keys for a new backup, from the newest master key."""
    return _lock(ring, ring.newest, secrets.token_hex(16))


def lock_of(ring: Keyring, manifest: Manifest) -> Lock:
    """The keys of a backup there is. `WrongKey`; `Damaged` when the manifest was changed."""
    lock = _lock(ring, manifest.key, manifest.salt)
    if lock.mark != manifest.key_mark:
        raise WrongKey
    if not hmac.compare_digest(_signature(manifest, lock), manifest.seal):
        raise Damaged(f"({MANIFEST} is not what was written)")
    return lock


def write(folder: Path, manifest: Manifest, lock: Lock) -> Manifest:
    """Sign and write it, whole or not at all: with it, the backup is complete."""
    signed = msgspec.structs.replace(manifest, seal=_signature(manifest, lock))
    draft = folder / f"{MANIFEST}.new"
    with open(draft, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(signed), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.rename(draft, folder / MANIFEST)
    return signed


def read(folder: Path) -> Manifest:
    """The manifest of this folder. `NoBackup`, `Damaged`."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError):
        raise NoBackup(f"({folder} has no {MANIFEST})") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Damaged(f"({MANIFEST} can't be read)") from None


def _lock(ring: Keyring, number: int, salt: str) -> Lock:
    data, signing, marking = (
        ring.derive(number, salt.encode(), f"backup {purpose}") for purpose in ("data", "manifest", "mark")
    )
    if data is None or signing is None or marking is None:
        raise WrongKey(f"(It was key number {number}.)")
    return Lock(number, salt, data, signing, hashlib.sha256(marking).hexdigest()[:16])


def _signature(manifest: Manifest, lock: Lock) -> str:
    plain = msgspec.json.encode(msgspec.structs.replace(manifest, seal=""), order="sorted")
    return hmac.new(lock.signing, plain, hashlib.sha256).hexdigest()
