"""Notes as the journal knows them: that there is one, and whether it is another one than before.

A connector tells notes apart by a hash that anybody could test a guess against. Before anything is decided it is hashed
once more, with the key of the person whose order it is: who has the journal can't test a guess without that key, and
when the person is erased nobody can.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from msgspec.structs import replace

from ordna.core.messages import Message, Observed
from ordna.engine.page import Page
from ordna.store import persons
from ordna.store.database import Connection
from ordna.store.sealing import Keyring

SOME_NOTE = "erased"
"""A note on the order of somebody who is erased: nobody tells it from another any more."""

Key = tuple[int, str]


class Said(Protocol):
    """A message to one order."""

    message: Message

    @property
    def key(self) -> Key:
        """(merchant, order id)."""
        ...


def keyed(conn: Connection, ring: Keyring, pages: Mapping[Key, Page], items: Iterable[Said]) -> None:
    """Hash the notes of these messages with the keys of their orders' persons. Asks nothing where no order has one."""
    noted = [item for item in items if type(item.message) is Observed and _digest(item.message) is not None]
    if not noted:
        return
    _have_keys(conn, ring, {item.key: pages[item.key] for item in noted})
    for item in noted:
        message, page = item.message, pages[item.key]
        assert isinstance(message, Observed)
        order = message.snapshot.order
        assert order is not None
        noted_as = replace(order, note_digest=_noted_as(page, order.note_digest or ""))
        item.message = replace(message, snapshot=replace(message.snapshot, order=noted_as))


def _digest(message: Observed) -> str | None:
    order = message.snapshot.order
    return None if order is None else order.note_digest


def _have_keys(conn: Connection, ring: Keyring, pages: Mapping[Key, Page]) -> None:
    """Each page's key: the person's, or a new one that is stored with the person at the end of the batch."""
    known = [(page.merchant_id, page.person_id) for page in pages.values() if page.person_id and page.key is None]
    stored = persons.keys_of(conn, known) if known else {}
    for place, page in pages.items():
        if page.key is not None or page.erased:
            continue
        if page.person_id is None:
            page.key = persons.make_key(ring, place)
        elif (found := stored.get((page.merchant_id, page.person_id))) is not None:
            page.key = persons.unseal_key(ring, found.person_key, place), found.person_key


def _noted_as(page: Page, digest: str) -> str:
    if page.key is not None:
        return page.key[0].mark(digest)
    body = page.order.state.order
    return (body and body.note_digest) or SOME_NOTE
