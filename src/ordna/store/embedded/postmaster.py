"""The running server as a process: is it alive, is it ours, start it, end it.

`postmaster.pid` is only a claim. After a crash it names a dead process, a zombie, or a stranger that was
given the number since; a full disk leaves it cut short. So the claim counts only if that process runs,
is a `postgres`, and was started with this very data folder.
"""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from ordna.store.embedded.account import Account
from ordna.store.embedded.binaries import Binaries
from ordna.store.embedded.cluster import server_environment
from ordna.store.embedded.errors import StartFailed, StopFailed

PID_FILE = "postmaster.pid"
START_LOG = "start.log"
POLL_S = 0.02

# A server that was killed leaves children who notice within moments; until then its memory is taken.
STILL_IN_USE = "is still in use"

# Our own children are kept here, so that they are reaped when they end instead of staying zombies.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Claim:
    """What `postmaster.pid` says: process id, socket folder, and whether connections are accepted."""

    pid: int
    socket_dir: Path | None
    ready: bool


def running(folder: Path) -> Claim | None:
    """The server that runs on this data folder, or None."""
    claim = _read_claim(folder)
    return claim if claim and is_server(claim.pid, folder) else None


def is_server(pid: int, folder: Path) -> bool:
    """Whether this process is alive and is a server on this data folder."""
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]
        return False
    argv = _argv(pid)
    return bool(argv) and Path(argv[0]).name == "postgres" and str(folder) in argv


def launch(folder: Path, binaries: Binaries, account: Account, timeout_s: float) -> Claim:
    """Start the server and wait until it accepts connections. Crash recovery may take the whole timeout."""
    deadline = time.monotonic() + timeout_s
    while True:
        process = _spawn(folder, binaries, account)
        while process.poll() is None:
            claim = _read_claim(folder)
            if claim and claim.pid == process.pid and claim.ready:
                _children[process.pid] = process
                return claim
            if time.monotonic() > deadline:
                process.send_signal(signal.SIGQUIT)
                process.wait()
                raise StartFailed(f"It was not ready within {timeout_s:.0f} s. {_last_words(folder)}")
            time.sleep(POLL_S)
        said = _last_words(folder)
        if STILL_IN_USE not in said or time.monotonic() > deadline:
            raise StartFailed(f"It said: {said or f'nothing, exit status {process.returncode}'}")
        time.sleep(0.1)


def wait_ready(pid: int, folder: Path, timeout_s: float) -> Claim | None:
    """Wait for a server that somebody else started; None if it ended meanwhile."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        claim = running(folder)
        if claim is None or claim.pid != pid or claim.ready:
            return claim
        time.sleep(POLL_S)
    raise StartFailed(f"Process {pid} runs but did not become ready within {timeout_s:.0f} s.")


def end(pid: int, folder: Path, signal_number: int, timeout_s: float) -> None:
    """Signal the server and wait until it is gone. Raises StopFailed."""
    deadline = time.monotonic() + timeout_s
    try:
        os.kill(pid, signal_number)
    except ProcessLookupError:
        return
    while is_server(pid, folder):
        if time.monotonic() > deadline:
            raise StopFailed(f"Process {pid} still runs after {timeout_s:.0f} s.")
        time.sleep(POLL_S)


def clear_stale(folder: Path, socket_dir: Path) -> None:
    """Remove what a dead server left behind. Only while none runs, and under the lock."""
    (folder / PID_FILE).unlink(missing_ok=True)
    for leftover in socket_dir.glob(".s.PGSQL.*"):
        leftover.unlink(missing_ok=True)


def _spawn(folder: Path, binaries: Binaries, account: Account) -> subprocess.Popen[bytes]:
    log_path = folder / START_LOG
    with open(log_path, "wb") as log:
        account.owns(log_path)
        # A session of its own: Ctrl-C in the terminal must reach us, not the server under our feet.
        return subprocess.Popen(
            [str(binaries.postgres), "-D", str(folder)],
            cwd="/",
            env=server_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o077,
            user=account.user,
            group=account.group,
            extra_groups=account.extra_groups,
        )


def _read_claim(folder: Path) -> Claim | None:
    """The pid file's claim; None if there is none or it is cut short of a process id."""
    try:
        lines = (folder / PID_FILE).read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return None
    if not lines or not lines[0].strip().isdecimal():
        return None
    socket_dir = Path(lines[4]) if len(lines) > 4 and lines[4] else None
    return Claim(int(lines[0]), socket_dir, ready=len(lines) > 7 and lines[7].strip() == "ready")


def _argv(pid: int) -> list[str]:
    """The command line of a live process; empty for a zombie and for none."""
    if Path("/proc/self/cmdline").exists():
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return []
        return [os.fsdecode(part) for part in raw.split(b"\0") if part]
    ps = ["ps", "-o", "command=", "-p", str(pid)]
    shown = subprocess.run(ps, capture_output=True, text=True, check=False)
    program, _, rest = shown.stdout.strip().partition(" -D ")
    return [program, "-D", rest] if rest else []


def _last_words(folder: Path) -> str:
    """The end of what the server wrote before it gave up: to its first log, or to the one it moved on to."""
    text = (folder / START_LOG).read_text(errors="replace")
    if "redirecting log output" in text:
        later = sorted((folder / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
        text = later[-1].read_text(errors="replace") if later else text
    return "\n".join(text.strip().splitlines()[-5:])
