"""What can be wrong with a backup.

BackupError
├── NoBackup          the folder holds none
├── WrongKey          it was sealed with another key than is at hand
├── Damaged           it is not what was written
├── NotEmpty          the place to restore to, or to write to, holds something
├── StillRunning      a server runs on the folder to restore to
├── WrongForm         a copy of an embedded server can't become a database of another server
├── NoRoom            the disk is full
├── NoProgram         no PostgreSQL program of a fitting version
├── ProgramFailed     such a program ended with an error
└── Newer             a newer Ordna or a newer PostgreSQL wrote it
"""

from __future__ import annotations

from ordna.store.database import DatabaseError


class BackupError(DatabaseError):
    """The base of what can go wrong with backups."""

    def __init__(self, detail: str = "") -> None:
        message = " ".join((type(self).__doc__ or "").split())
        super().__init__(f"{message} {detail}".strip())


class NoBackup(BackupError):
    """There is no whole backup in this folder."""


class WrongKey(BackupError):
    """The backup was sealed with another key: set ORDNA_KEY, or put the ordna.key that was in use when it was made into
    ORDNA_HOME."""


class Damaged(BackupError):
    """The backup is damaged and can't be used."""


class NotEmpty(BackupError):
    """Nothing was written over."""


class StillRunning(BackupError):
    """A PostgreSQL server runs on the folder to restore to: stop Ordna first."""


class WrongForm(BackupError):
    """This backup is a copy of an embedded server and can only become one again: unset DATABASE_URL; to move to another
    server, back up with --dump."""


class NoRoom(BackupError):
    """There is not enough room on the disk; what was begun is removed."""


class NoProgram(BackupError):
    """No PostgreSQL program fits this server."""


class ProgramFailed(BackupError):
    """A PostgreSQL program ended with an error."""


class Newer(BackupError):
    """The backup is newer than what is to read it."""
