"""Who the server runs as.

PostgreSQL refuses to run as root. Started as root, as in most containers, we give up the rights of root
for it and run it as an unprivileged account that already exists; nothing is added to the machine. What
such an account must read has to lie where it may go, which a private home is not: `reaches` answers that.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from ordna.store.embedded.errors import NoAccount

CANDIDATES = ("postgres", "nobody")

# Root's own place for what an unprivileged account must reach; a temporary folder could be prepared by
# anybody on the machine and would not survive a restart.
SHARED_FOLDER = Path("/var/lib/ordna")


@dataclass(frozen=True)
class Account:
    """An operating system account: user id and group id."""

    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        return self.uid == os.geteuid()

    @property
    def user(self) -> int | None:
        """For `subprocess`: the user a child becomes; None where we are it."""
        return None if self.is_ours else self.uid

    @property
    def group(self) -> int | None:
        return None if self.is_ours else self.gid

    @property
    def extra_groups(self) -> list[int] | None:
        """For `subprocess`: none at all, so that a child does not keep root's groups."""
        return None if self.is_ours else []

    def owns(self, *paths: Path) -> None:
        """Hand the paths over to this account; nothing happens where we are it."""
        if not self.is_ours:
            for path in paths:
                os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether every folder above the absolute path lets this account through."""
        return all(self._enters(folder) for folder in path.parents)

    def reads(self, path: Path) -> bool:
        """Whether the account may go to the folder and list it."""
        return self.reaches(path) and self._enters(path, also_read=True)

    def _enters(self, folder: Path, also_read: bool = False) -> bool:
        if self.is_ours:
            return True
        status = folder.stat()
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid == self.gid else 0
        needed = stat.S_IXOTH | (stat.S_IROTH if also_read else 0)
        return (status.st_mode >> shift) & needed == needed


def server_account(data_dir: Path) -> Account:
    """The account the server of this folder runs as: ours; where we are root, the folder's owner if it has
    an unprivileged one, else the first of CANDIDATES. Raises NoAccount.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if (data_dir / "PG_VERSION").exists() and data_dir.stat().st_uid != 0:
        return Account(data_dir.stat().st_uid, data_dir.stat().st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise NoAccount
