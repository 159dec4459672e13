"""Take a backup: a folder is filled aside and gets its manifest last, so one that has a manifest is whole."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import tuple_row

import ordna
from ordna.store.backups import manifest as manifests
from ordna.store.backups import programs
from ordna.store.backups.errors import NotEmpty
from ordna.store.backups.manifest import DATA, Form, Manifest
from ordna.store.backups.sealed import Progress, seal_file
from ordna.store.sealing import Keyring
from ordna.store.sql import blocks

SQL = blocks("backups.sql")
SCHEMAS = ("public", "site")


def take(
    dsn: str, folder: Path, form: Form, ring: Keyring, merchants: Sequence[int], progress: Progress | None = None
) -> Manifest:
    """Write a backup into a new or empty folder. `merchants`: all there are, for a user whom row-level security binds.
    `NotEmpty`, `NoProgram`, `ProgramFailed`."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise NotEmpty(f"{folder} holds something already: name a new folder for each backup.")
    lock = manifests.new_lock(ring)
    with _snapshot(dsn, merchants) as conn:
        at, schema, counts = _looked_at(conn)
        program = programs.fitting("pg_basebackup" if form == "copy" else "pg_dump", conn.info.server_version)
        reading = _copy(dsn, program) if form == "copy" else _dump(conn, dsn, program, merchants)
        try:
            with reading as source:
                file = seal_file(folder / DATA, lock.data, source, progress)
        except BaseException:
            (folder / DATA).unlink(missing_ok=True)
            raise
        server = conn.info.server_version
    made = manifests.write(
        folder,
        Manifest(
            ordna=_version(),
            form=form,
            taken_at=at,
            schema=schema,
            server=server,
            program=program.major,
            counts=counts,
            key=lock.number,
            salt=lock.salt,
            key_mark=lock.mark,
            file=file,
        ),
        lock,
    )
    _to_disk(folder)
    return made


@contextmanager
def _snapshot(dsn: str, merchants: Sequence[int]) -> Iterator[psycopg.Connection[Any]]:
    """A transaction that sees one moment, and sees it until the backup is written."""
    options = " ".join(
        (f"-c ordna.merchants={_array(merchants)}", "-c default_transaction_isolation=repeatable\\ read")
    )
    with psycopg.connect(dsn, options=options, row_factory=tuple_row, connect_timeout=10) as conn:
        conn.read_only = True
        yield conn


def _looked_at(conn: psycopg.Connection[Any]) -> tuple[datetime, int, dict[str, int]]:
    """(now, schema, rows by table) of the snapshot."""
    moment = conn.execute(SQL["moment"]).fetchone()
    assert moment is not None
    return moment[0], moment[1], count_rows(conn)


def count_rows(conn: psycopg.Connection[Any]) -> dict[str, int]:
    """Rows by table, of what must not get lost."""
    return {name: int(count) for name, count in conn.execute(SQL["counts"]).fetchall()}


@contextmanager
def _copy(dsn: str, program: programs.Program) -> Iterator[IO[bytes]]:
    """The server's files as one tar. A slot of our own keeps the log of this time until it has been read too."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(SQL["keep_log"], (f"ordna_backup_{os.getpid()}",))
        arguments = ["--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast", "--compress=none"]
        with programs.output_of(program, [*arguments, "--no-password"], make_conninfo(dsn, dbname="postgres")) as tar:
            yield tar


@contextmanager
def _dump(
    conn: psycopg.Connection[Any], dsn: str, program: programs.Program, merchants: Sequence[int]
) -> Iterator[IO[bytes]]:
    """A dump of exactly what this transaction sees."""
    row = conn.execute(SQL["export_snapshot"]).fetchone()
    assert row is not None
    arguments = ["--format=custom", "--compress=0", f"--snapshot={row[0]}", "--no-owner", "--no-acl", "--no-password"]
    arguments += [f"--schema={name}" for name in SCHEMAS]
    if not row[1]:
        arguments.append("--enable-row-security")
        dsn = make_conninfo(dsn, options=f"-c ordna.merchants={_array(merchants)}")
    with programs.output_of(program, arguments, dsn) as dump:
        yield dump


def _array(merchants: Sequence[int]) -> str:
    return "{" + ",".join(map(str, merchants)) + "}"


def _version() -> str:
    return version(ordna.__name__)


def _to_disk(folder: Path) -> None:
    """The folder itself: that it has these files must survive a power cut too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
