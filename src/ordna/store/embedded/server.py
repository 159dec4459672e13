"""Start, join and stop the server of a data folder.

A start takes the lock beside the folder (`NAME.lock`), so of several starts at once one starts and the
others join. A killed starter's lock goes with its process. The socket lies in the temporary folder under a
hash of the data folder's path, because a socket's path may not be longer than 107 bytes; a joiner asks the
running server where its socket is rather than computing it.
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import psycopg
from psycopg.conninfo import make_conninfo

from ordna.store.embedded import cluster, postmaster
from ordna.store.embedded.account import Account, server_account
from ordna.store.embedded.binaries import Binaries, find_binaries
from ordna.store.embedded.errors import StartFailed

StopMode = Literal["smart", "fast", "immediate"]

SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
DATABASE = "ordna"
PORT = 5432
START_TIMEOUT_S = 600.0
STOP_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Server:
    """A running server. `owned` says whether this call started it, so whether to stop it is ours."""

    data_dir: Path
    socket_dir: Path
    password: str
    pid: int
    owned: bool

    def dsn(self, database: str = DATABASE) -> str:
        """The connection string of the superuser, in psycopg's form."""
        return make_conninfo(
            host=str(self.socket_dir),
            port=PORT,
            user=cluster.SUPERUSER,
            password=self.password,
            dbname=database,
        )

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the server, whoever started it. Nothing happens if it is gone. Raises StopFailed."""
        stop(self.data_dir, mode)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.owned:
            self.stop()


def start(data_dir: Path) -> Server:
    """Start the server of this data folder, making the folder if needed, or join it if it runs.

    Raises NoBinaries, NoAccount, NotADataFolder or StartFailed.
    """
    data_dir = _named(data_dir)
    with _locked(data_dir):
        account = server_account(data_dir)
        folder = cluster.real_folder(data_dir, account)
        joined = _join(folder)
        if joined is not None:
            return _server(data_dir, folder, joined, owned=False)
        binaries = find_binaries(account)
        cluster.ensure_cluster(folder, binaries, account)
        claim = _start_alone(folder, binaries, account)
        server = _server(data_dir, folder, claim, owned=True)
        _ensure_database(server)
        return server


def put(data_dir: Path, make_room: Callable[[Path], None], fill: Callable[[Path], None]) -> None:
    """Make the data folder of a server to come from files that `fill` writes; `make_room` refuses what stands there, or
    moves it away. Nobody starts a server there meanwhile."""
    data_dir = _named(data_dir)
    with _locked(data_dir):
        make_room(data_dir)
        cluster.put_cluster(data_dir, server_account(data_dir), fill)


def runs(data_dir: Path) -> bool:
    """Whether a server runs on this data folder."""
    return postmaster.running(_named(data_dir).resolve()) is not None


def stop(data_dir: Path, mode: StopMode = "fast") -> None:
    """Stop the server of this data folder if one runs; returns when it is gone. Raises StopFailed."""
    data_dir = _named(data_dir)
    if not data_dir.parent.exists():
        return
    with _locked(data_dir):
        folder = data_dir.resolve()
        claim = postmaster.running(folder)
        if claim is not None:
            postmaster.end(claim.pid, folder, SIGNALS[mode], STOP_TIMEOUT_S)
        sockets = claim.socket_dir if claim and claim.socket_dir else _socket_path(folder)
        shutil.rmtree(sockets, ignore_errors=True)


def _named(data_dir: Path) -> Path:
    """The absolute name; its last part stays as it is, because it may be a link that we made."""
    absolute = data_dir.absolute()
    return absolute.parent.resolve() / absolute.name


@contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    with open(data_dir.with_name(f"{data_dir.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _join(folder: Path) -> postmaster.Claim | None:
    """The running server, once it is ready; None if there is none, or none that can be reached."""
    claim = postmaster.running(folder)
    if claim is not None and not claim.ready:
        claim = postmaster.wait_ready(claim.pid, folder, START_TIMEOUT_S)
    if claim is None:
        return None
    if claim.socket_dir is None or not (claim.socket_dir / f".s.PGSQL.{PORT}").exists():
        # A cleaner of temporary files took the socket away: nobody can connect any more.
        postmaster.end(claim.pid, folder, signal.SIGINT, STOP_TIMEOUT_S)
        return None
    return claim


def _start_alone(folder: Path, binaries: Binaries, account: Account) -> postmaster.Claim:
    socket_dir = _socket_dir(folder, account)
    postmaster.clear_stale(folder, socket_dir)
    cluster.write_settings(folder, socket_dir, binaries, account)
    return postmaster.launch(folder, binaries, account, START_TIMEOUT_S)


def _socket_dir(folder: Path, account: Account) -> Path:
    """The socket's own folder, which nobody else may have prepared for us."""
    socket_dir = _socket_path(folder)
    try:
        socket_dir.mkdir(mode=0o700)
        account.owns(socket_dir)
    except FileExistsError:
        status = socket_dir.lstat()
        if socket_dir.is_symlink() or status.st_uid != account.uid:
            raise StartFailed(f"{socket_dir} belongs to somebody else; remove it.") from None
        socket_dir.chmod(0o700)
    return socket_dir


def _socket_path(folder: Path) -> Path:
    temporary = tempfile.gettempdir()
    if len(temporary) > 60 or not re.fullmatch(r"[\w/.+-]+", temporary, re.ASCII):
        temporary = "/tmp"
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(temporary) / f"ordna-{name}"


def _server(data_dir: Path, folder: Path, claim: postmaster.Claim, owned: bool) -> Server:
    if claim.socket_dir is None:
        raise StartFailed("It runs without a socket.")
    return Server(data_dir, claim.socket_dir, cluster.password_of(folder), claim.pid, owned)


def _ensure_database(server: Server) -> None:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
        known = conn.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone()
        if known is None:
            conn.execute(f"create database {DATABASE}")
