"""Messages that were set aside are tried again when a person or a program asks: as if they had just come.

What made one fail may be gone since: a fault of ours that was mended, an order that came meanwhile. Nothing is lost by
trying: an old picture never overwrites a newer one, and what fails again is set aside again, with its new cause.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ordna.store import inbox
from ordna.store.database import Database

AT_ONCE_MAX = 500
_log = logging.getLogger(__name__)


def try_again(database: Database, merchant_id: int, messages: Sequence[int], by: str) -> list[int]:
    """Have these messages handled anew; the numbers of those that were set aside. At most 500 at once."""
    if len(messages) > AT_ONCE_MAX:
        raise ValueError(f"At most {AT_ONCE_MAX} messages are tried again at once; these are {len(messages)}.")
    with database.engine([merchant_id]) as conn:
        taken = inbox.try_again(conn, merchant_id, messages)
    if taken:
        _log.info("%s has %d messages of merchant %d tried again", by, len(taken), merchant_id)
    return taken
