"""Persons that were stored before there were search tokens, or by an older Ordna beside this one, get theirs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from ordna.store import erasing, linking, persons
from ordna.store.database import Connection, Database
from ordna.store.sealing import Keyring, NotOpened

AT_ONCE = 500

_log = logging.getLogger(__name__)


def give_tokens(database: Database, ring: Keyring, tell: Callable[[str], None] = lambda _: None) -> int:
    """Have every order found by its customer; how many persons had no tokens. Some hundred a transaction, each of which
    an erasure waits for. Whose key is not at hand stays without, and is counted in the log."""
    with database.engine(()) as conn:
        merchants = linking.merchants(conn)
    done = 0
    for merchant in merchants:
        after = ""
        while True:
            with database.engine([merchant]) as conn:
                erasing.hold_off(conn)
                rows = erasing.persons_untokened(conn, merchant, after, AT_ONCE)
                if not rows:
                    break
                done += _give(conn, ring, merchant, rows)
            after = rows[-1][0]
            tell(f"search tokens: {done:,} persons")
    return done


def _give(conn: Connection, ring: Keyring, merchant: int, rows: list[tuple[str, bytes, bytes, datetime]]) -> int:
    given = []
    for person, key, sealed, placed_at in rows:
        try:
            seen = persons.open_person(ring, bytes(key), bytes(sealed), (merchant, person))
        except NotOpened:
            continue
        given.append((person, persons.tokens_of(ring, merchant, seen), placed_at))
    if len(given) < len(rows):
        _log.warning(
            "%d persons can't be opened with the keys at hand and get no search tokens", len(rows) - len(given)
        )
    erasing.give_tokens(conn, merchant, given)
    return len(given)
