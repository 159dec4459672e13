"""Put a backup back: the files of an embedded server, or the tables of a database."""

from __future__ import annotations

import os
import tarfile
import tempfile
from pathlib import Path
from typing import BinaryIO

import psycopg

from ordna.store.backups import programs
from ordna.store.backups.errors import Damaged, Newer, NoProgram, NotEmpty, StillRunning, WrongForm
from ordna.store.backups.manifest import DATA, Lock, Manifest
from ordna.store.backups.sealed import Progress, open_file
from ordna.store.embedded import postmaster, put
from ordna.store.sql import blocks

SQL = blocks("backups.sql")
ACCESS = blocks("access.sql")
BOTH_WAYS = 2
WALLS = (" POLICY ", " ROW SECURITY ")
MOVE = 1 << 20


def check(folder: Path, manifest: Manifest, lock: Lock, progress: Progress | None = None) -> int:
    """Read all of it, changing nothing: every frame opens, and a copy's files are whole. The plain bytes. `Damaged`."""
    with open_file(folder / DATA, lock.data, progress) as plain:
        if manifest.form == "copy":
            try:
                with tarfile.open(fileobj=plain, mode="r|") as tar:
                    if "PG_VERSION" not in {member.name for member in tar}:
                        raise Damaged("(it is no copy of a server)")
            except tarfile.TarError as error:
                raise Damaged(f"({error})") from None
        while plain.read(MOVE):
            pass
    return manifest.file.plain


def place_copy(
    folder: Path, manifest: Manifest, lock: Lock, data_dir: Path, over: Path | None, progress: Progress | None = None
) -> None:
    """Make the data folder of an embedded server from a copy. `over`: where what stands there is moved to; None:
    refuse. `NotEmpty`, `StillRunning`, `WrongForm`, `Newer`, `Damaged`."""
    if manifest.form != "copy":
        raise WrongForm
    program = programs.fitting("postgres", manifest.server)
    if program.major != manifest.server // 10000:
        raise Newer(f"It is of PostgreSQL {manifest.server // 10000}; this Ordna embeds {program.major}.")

    def fill(making: Path) -> None:
        with open_file(folder / DATA, lock.data, progress) as plain:
            _unpack(plain, making)

    put(data_dir, lambda there: _make_room(there, over), fill)


def place_dump(
    folder: Path, manifest: Manifest, lock: Lock, dsn: str, home: Path, over: bool, progress: Progress | None = None
) -> None:
    """Fill a database from a dump. `over`: what stands in its schemas is dropped; otherwise `NotEmpty`. Also
    `WrongForm`, `Newer`, `NoProgram`, `ProgramFailed`, `Damaged`."""
    if manifest.form != "dump":
        raise WrongForm
    with psycopg.connect(dsn, connect_timeout=10) as conn:
        server = conn.info.server_version
        if server // 10000 < manifest.server // 10000:
            raise Newer(f"It is of PostgreSQL {manifest.server // 10000}; this server is {server // 10000}.")
        row = conn.execute(SQL["holds_anything"]).fetchone()
        if row and row[0] and not over:
            raise NotEmpty(
                "The database holds an Ordna already: name an empty one, or say --over to drop what is there."
            )
    program = programs.fitting("pg_restore", server)
    if program.major < manifest.program:
        raise NoProgram(f"A pg_restore of version {manifest.program} or newer is needed, here is {program.major}.")
    with tempfile.TemporaryDirectory(prefix="ordna-restore-", dir=home) as private:
        plain = Path(private) / "dump"
        _unseal(folder / DATA, lock, plain, progress)
        with psycopg.connect(dsn) as conn:
            conn.execute(SQL["clear"])
            conn.execute(ACCESS["roles"])
        name = psycopg.conninfo.conninfo_to_dict(dsn).get("dbname") or ""
        for part in _parts(programs.run(program, ["--list", str(plain)], dsn)):
            (Path(private) / "list").write_text(part)
            arguments = [f"--jobs={BOTH_WAYS}", f"--use-list={private}/list", "--no-owner", "--no-acl", "--no-password"]
            programs.run(program, [*arguments, f"--dbname={name}", str(plain)], dsn)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(SQL["analyze"])


def _make_room(data_dir: Path, over: Path | None) -> None:
    there = data_dir.is_symlink() or data_dir.exists()
    if not there:
        return
    if postmaster.running(data_dir.resolve()) is not None:
        raise StillRunning(f"({data_dir})")
    if data_dir.is_dir() and not data_dir.is_symlink() and not any(data_dir.iterdir()):
        return
    if over is None:
        raise NotEmpty(
            f"{data_dir} holds a database already: set ORDNA_HOME to a new folder, or say --over to set it aside."
        )
    os.rename(data_dir, over)


def _unpack(plain: BinaryIO, making: Path) -> None:
    """The files as they were. Every byte was sealed with our key; links and ways out of the folder are refused
    still."""
    try:
        with tarfile.open(fileobj=plain, mode="r|", bufsize=MOVE, copybufsize=MOVE) as tar:  # type: ignore[call-overload]
            tar.extractall(making, filter="data")
    except tarfile.TarError as error:
        raise Damaged(f"({error})") from None


def _unseal(sealed: Path, lock: Lock, target: Path, progress: Progress | None) -> None:
    with (
        open_file(sealed, lock.data, progress) as plain,
        os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
    ):
        while moved := plain.read(MOVE):
            file.write(moved)


def _parts(listed: str) -> tuple[str, str]:
    """The dump's table of contents in two parts, without the schema that every database has: row-level security comes
    last, for where it stands its owner can't check a foreign key any more."""
    lines = [line for line in listed.splitlines() if " SCHEMA - public " not in line]
    walls = [line for line in lines if any(kind in line for kind in WALLS)]
    return "\n".join(line for line in lines if line not in walls), "\n".join(walls)
