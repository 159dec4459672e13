"""PostgreSQL's own programs: which one fits a server, and running it without a secret on its command line.

They come with the embedded server's wheel. A program reads servers of its own version and older ones, never a newer; so
for a newer server one of this machine's is looked for, and where there is none a sentence says so.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from msgspec import Struct
from psycopg.conninfo import conninfo_to_dict

from ordna.store.backups.errors import NoProgram, ProgramFailed
from ordna.store.embedded.account import Account
from ordna.store.embedded.binaries import find_binaries
from ordna.store.embedded.errors import EmbeddedError

SYSTEM_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")

# What a program newer than the server sets and an older server does not know; it changes nothing that is stored.
_HARMLESS = "transaction_timeout"


class Program(Struct, frozen=True):
    """A program and its major version."""

    path: Path
    major: int


def fitting(name: str, server_version: int) -> Program:
    """The program of that name for a server of that version (180006): of the same major version where there is one, or
    else of the nearest newer. `NoProgram`."""
    return choose(name, server_version // 10000, [found for path in _places(name) if (found := _asked(path))])


def choose(name: str, major: int, found: Sequence[Program]) -> Program:
    """The best of these for a server of that major version. `NoProgram`."""
    good = [program for program in found if program.major >= major]
    if not good:
        there = ", ".join(str(program.major) for program in found) or "none"
        raise NoProgram(
            f"The server is PostgreSQL {major} and needs a {name} of version {major} or newer; here is {there}. "
            f"Install PostgreSQL {major}'s client programs."
        )
    return min(good, key=lambda program: program.major)


@contextmanager
def output_of(program: Program, arguments: Sequence[str], dsn: str) -> Iterator[IO[bytes]]:
    """What it writes to standard output, as it comes. `ProgramFailed` at the end, when it did."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [str(program.path), *arguments],
            env=_environment(dsn),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
        )
        assert process.stdout is not None
        try:
            yield process.stdout
        except BaseException:
            process.kill()
            raise
        finally:
            process.stdout.close()
            code = process.wait()
        _check(program, code, said)


def run(program: Program, arguments: Sequence[str], dsn: str) -> str:
    """Run it to its end; what it wrote to standard output. `ProgramFailed`."""
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            [str(program.path), *arguments],
            env=_environment(dsn),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            check=False,
        )
        _check(program, done.returncode, said)
    return done.stdout.decode(errors="replace")


def _check(program: Program, code: int, said: IO[bytes]) -> None:
    if code == 0:
        return
    said.seek(0)
    lines = [line for line in said.read().decode(errors="replace").splitlines() if " error: " in line]
    wrong = [line for line in lines if _HARMLESS not in line]
    if wrong or not lines:
        raise ProgramFailed(f"({(wrong or [f'exit status {code}'])[0]})")


def _environment(dsn: str) -> dict[str, str]:
    """The connection in the environment: a command line can be read by everybody on the machine."""
    given = conninfo_to_dict(dsn)
    names = {
        "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
        "dbname": "PGDATABASE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT",
        "sslkey": "PGSSLKEY", "options": "PGOPTIONS", "passfile": "PGPASSFILE",
    }  # fmt: skip
    ours = {variable: str(given[name]) for name, variable in names.items() if given.get(name) is not None}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "PGAPPNAME": "ordna backup", "PGCONNECT_TIMEOUT": "10", **ours}


def _places(name: str) -> Iterator[Path]:
    with suppress(EmbeddedError):
        yield find_binaries(Account(os.geteuid(), os.getegid())).folder / name
    known = shutil.which(name)
    if known:
        yield Path(known)
    for pattern in SYSTEM_FOLDERS:
        for folder in sorted(Path("/").glob(pattern.lstrip("/"))):
            yield folder / name


def _asked(path: Path) -> Program | None:
    if not path.exists():
        return None
    said = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=False).stdout
    found = _VERSION.search(said)
    return Program(path, int(found[1])) if found else None
