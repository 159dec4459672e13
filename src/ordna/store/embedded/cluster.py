"""A data folder: where it lies, how it is made, and its settings.

A data folder is made aside (`NAME.making`) and renamed when complete, so a folder under its own name is
whole: whoever dies half-way leaves only something that the next start throws away.

The server account must be able to reach the folder. Where root asks for one inside a private home, the
files lie in root's shared folder and the asked-for name is a link to them.

Nothing is passed on a command line that a shell or `pg_ctl -o` could take apart: settings go into a file
of our own, `ordna.conf`, included last and written anew at every start.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

from ordna.store.embedded.account import SHARED_FOLDER, Account
from ordna.store.embedded.binaries import Binaries
from ordna.store.embedded.errors import NotADataFolder, StartFailed

SUPERUSER = "postgres"
PASSWORD_FILE = "ordna.password"
SETTINGS_FILE = "ordna.conf"

# For a small machine that also runs the rest of Ordna. What keeps a confirmed commit safe (fsync,
# full_page_writes, synchronous_commit) is named, so that no file included earlier can turn it off.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "wal_buffers": "16MB",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "autovacuum_naptime": "10s",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "server-%a.log",
    "log_rotation_age": "1d",
    "log_truncate_on_rotation": "on",
}
LZ4_SETTINGS = {"default_toast_compression": "lz4", "wal_compression": "lz4"}

# What initdb writes; a folder without PG_VERSION that holds anything else is not ours to wipe.
INITDB_WRITES = frozenset({"base", "global", "postgresql.conf", "postgresql.auto.conf", PASSWORD_FILE})


def real_folder(data_dir: Path, account: Account) -> Path:
    """Where the files of this data folder lie; makes and links a reachable place where one is needed."""
    if data_dir.is_symlink() or data_dir.exists() or account.reaches(data_dir):
        target = data_dir.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        return target
    SHARED_FOLDER.mkdir(parents=True, exist_ok=True)
    SHARED_FOLDER.chmod(0o755)
    target = SHARED_FOLDER / f"data-{secrets.token_hex(6)}"
    data_dir.symlink_to(target)
    return target


def ensure_cluster(folder: Path, binaries: Binaries, account: Account) -> bool:
    """Make the data folder if it is missing or half made; whether it was made. Raises NotADataFolder."""
    if (folder / "PG_VERSION").exists():
        return False
    if folder.exists():
        _refuse_foreign(folder)
        shutil.rmtree(folder)
    making = folder.with_name(f"{folder.name}.making")
    if making.exists():
        shutil.rmtree(making)
    making.mkdir(mode=0o700)
    account.owns(making)
    password = secrets.token_urlsafe(24)
    _run_initdb(making, password, binaries, account)
    _write_private(making / PASSWORD_FILE, password, account)
    with open(making / "postgresql.conf", "a") as conf:
        conf.write(f"\ninclude = '{SETTINGS_FILE}'\n")
    os.rename(making, folder)
    return True


def write_settings(folder: Path, socket_dir: Path, binaries: Binaries, account: Account) -> None:
    """Write the server's settings for the next start."""
    settings = SETTINGS | (LZ4_SETTINGS if binaries.has_lz4 else {})
    settings |= {"unix_socket_directories": f'"{socket_dir}"'}
    lines = [f"{name} = '{value}'" for name, value in settings.items()]
    _write_private(folder / SETTINGS_FILE, "\n".join(["# Written anew at every start.", *lines, ""]), account)


def password_of(folder: Path) -> str:
    """The superuser's password."""
    return (folder / PASSWORD_FILE).read_text().strip()


def _refuse_foreign(folder: Path) -> None:
    foreign = [
        entry.name for entry in folder.iterdir() if entry.name not in INITDB_WRITES and not entry.name.startswith("pg_")
    ]
    if foreign:
        raise NotADataFolder(f"({folder} holds {', '.join(sorted(foreign)[:3])})")


def _run_initdb(folder: Path, password: str, binaries: Binaries, account: Account) -> None:
    with tempfile.NamedTemporaryFile("w", prefix="ordna-initdb-") as password_file:
        password_file.write(password)
        password_file.flush()
        account.owns(Path(password_file.name))
        done = subprocess.run(
            [
                str(binaries.initdb),
                f"--pgdata={folder}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file.name}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                # The builtin provider sorts the same on every machine and after every upgrade of its libc.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
            ],
            cwd="/",
            env=server_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            user=account.user,
            group=account.group,
            extra_groups=account.extra_groups,
            check=False,
        )
    if done.returncode != 0:
        detail = done.stderr.strip() or f"exit status {done.returncode}"
        raise StartFailed(f"initdb said: {detail}")


def server_environment() -> dict[str, str]:
    """The environment of the server: nothing inherited, so that no PG* variable of the shell leaks in."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _write_private(path: Path, text: str, account: Account) -> None:
    """Write a file that only the server account (and root) can read, whole or not at all."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    account.owns(beside)
    os.rename(beside, path)
