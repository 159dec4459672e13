"""What can go wrong with the embedded server.

EmbeddedError
├── NoBinaries        there is no PostgreSQL for this kind of machine
├── NoAccount         started as root, and no unprivileged account exists
├── NotADataFolder    the folder holds something else; it is left alone
├── StartFailed       initdb or postgres ended with an error
├── StopFailed        the server did not end in time
└── NotDurable        the server may lose what it has confirmed, or is too old
"""


class EmbeddedError(Exception):
    """The embedded PostgreSQL server cannot be used."""

    def __init__(self, detail: str = "") -> None:
        message = (type(self).__doc__ or "").strip()
        super().__init__(f"{message} {detail}".strip())


class NoBinaries(EmbeddedError):
    """No PostgreSQL binaries for this machine: set DATABASE_URL to a PostgreSQL 15 or newer."""


class NoAccount(EmbeddedError):
    """PostgreSQL refuses to run as root, and this machine has no account 'postgres' or 'nobody' for it."""


class NotADataFolder(EmbeddedError):
    """The folder is neither empty nor a PostgreSQL data folder, so it was left as it is."""


class StartFailed(EmbeddedError):
    """PostgreSQL did not start."""


class StopFailed(EmbeddedError):
    """PostgreSQL did not stop in time."""


class NotDurable(EmbeddedError):
    """This PostgreSQL server must not hold orders:"""
