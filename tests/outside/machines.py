"""Several machines on one database: each a network and a host name of its own where the system lets us, or else only a
name. What they share is the database's socket."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path


@cache
def namespaces_allowed() -> bool:
    """Whether this system lets us make networks and host names: root does, a container often does not."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    tried = subprocess.run([unshare, "--net", "--uts", "true"], capture_output=True, check=False)
    return tried.returncode == 0


class Machine:
    """Workers on a machine of its own: a network that reaches nothing, a host name, a home."""

    def __init__(self, name: str, dsn: str, home: Path, workers: int = 2) -> None:
        self.name = name
        environment = {**os.environ, "DATABASE_URL": dsn, "ORDNA_HOME": str(home)}
        environment.pop("ORDNA_SUPERVISOR", None)
        self.processes = [
            subprocess.Popen(self._command(), env=environment, start_new_session=True) for _ in range(workers)
        ]

    def _command(self) -> list[str]:
        """A worker; as the machine's host name differs, so do the names its leases go by."""
        if namespaces_allowed():
            script = 'hostname "$1"; shift; exec "$@"'
            return ["unshare", "--net", "--uts", "sh", "-c", script, "sh", self.name, *WORKER]
        named = f"import socket; socket.gethostname = lambda: {self.name!r}; from ordna.cli import main; main()"
        return [sys.executable, "-c", named, "worker"]

    def stop(self) -> list[int]:
        """End its workers politely; how each ended."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        return [process.wait(20) for process in self.processes]

    def lose(self) -> None:
        """The power fails."""
        for process in self.processes:
            process.kill()
            process.wait()


WORKER = (sys.executable, "-m", "ordna.cli", "worker")
