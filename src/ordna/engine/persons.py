"""Persons of a batch: sealed where they say something new, with the bodies of the orders' effects.

An order whose person was erased stays without one, whatever comes in about it later: a duplicate of an old message, a
read of a shop that did not redact, a restored backup. It is known by its own mark, or by the marks of the customer and
the e-mail address when the order was placed before the erasure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from ordna.core.effects import CARRIERS, Effect
from ordna.engine import labels
from ordna.engine.lanes import lane_of
from ordna.engine.page import Page
from ordna.store import erasing, outbox, persons
from ordna.store.database import Connection
from ordna.store.outbox import EffectRow
from ordna.store.persons import Known, PersonRow, TokenRow
from ordna.store.sealing import Keyring, PersonKey

ORDER, CUSTOMER, EMAIL, SHOP = "order", "customer", "email", "shop"


class Handled(Protocol):
    """A message of a batch: whose order, and where it stands in the inbox."""

    inbox_id: int | None

    @property
    def key(self) -> tuple[int, str]:
        """(merchant, order id)."""
        ...


class Sealed:
    """What is to be written of persons, their tokens old and new, and the effects asked."""

    def __init__(self) -> None:
        self.effects: list[EffectRow] = []
        self.persons: list[PersonRow] = []
        self.tokens: list[TokenRow] = []
        self.gone: list[tuple[int, bytes, str]] = []

    def write(self, conn: Connection, at: datetime) -> None:
        """Write the persons and their tokens."""
        if self.gone:
            persons.drop_tokens(conn, self.gone)
        if self.persons:
            persons.write(conn, self.persons, self.tokens, at)


def seal(conn: Connection, ring: Keyring, pages: Iterable[Page], at: datetime) -> Sealed:
    """The persons of these pages that are new or say something new, and the effects asked, bodies sealed."""
    fresh = [page for page in pages if page.effects or _has_news(ring, page)]
    sealed = Sealed()
    if not fresh:
        return sealed
    known = [(page.merchant_id, page.person_id) for page in fresh if page.person_id is not None]
    stored = persons.keys_of(conn, known)
    _leave_out_the_erased(conn, ring, [page for page in fresh if page.person is not None])
    labels.fill_in(conn, ring, fresh)
    for page in fresh:
        if page.erased and not page.effects:
            continue
        key = _key_of(ring, page, stored, sealed)
        sealed.effects.extend(_effect_row(page, key, effect, at) for effect in page.effects)
    return sealed


def remember_erased(conn: Connection, pages: Iterable[Page], at: datetime) -> None:
    """Orders that were found to be erased when they came in; after their rows are written."""
    found = [(page.merchant_id, page.order_id) for page in pages if page.newly_erased]
    if found:
        erasing.mark_orders(conn, found, at)


def empty_messages(conn: Connection, items: Iterable[Handled], pages: dict[tuple[int, str], Page]) -> None:
    """Forget what the messages of a batch said about orders whose person is erased; they have been handled."""
    found = [
        (page.merchant_id, item.inbox_id)
        for item in items
        if (page := pages[item.key]).erased and item.inbox_id is not None
    ]
    if found:
        erasing.empty_messages(conn, found)


def mark(ring: Keyring, merchant_id: int, kind: str, value: str) -> str:
    """What names an order (by its id), a customer (by the shop's number) or an e-mail address once it is erased."""
    if kind in (ORDER, SHOP):
        return f"{kind}:{value}"
    plain = persons.email(value) if kind == EMAIL else value
    return f"{kind}:{ring.token(merchant_id, kind, plain).hex()}"


def _has_news(ring: Keyring, page: Page) -> bool:
    if page.person is None:
        return page.person_id is None and not page.erased
    return page.person_id is None or _mark_of(ring, page) != page.person_mark


def _mark_of(ring: Keyring, page: Page) -> bytes | None:
    return ring.mark(msgspec.json.encode(page.person)) if page.person is not None else page.person_mark


def _leave_out_the_erased(conn: Connection, ring: Keyring, pages: Sequence[Page]) -> None:
    """Take the person off every page that an erasure speaks of."""
    if not pages:
        return
    marks = {page: _marks_of(ring, page) for page in pages}
    erased = erasing.erased_marks(conn, [(page.merchant_id, each) for page in pages for each in marks[page]])
    if not erased:
        return
    for page in pages:
        own, *others = marks[page]
        body = page.order.state.order
        assert body is not None
        found = [erased[page.merchant_id, each] for each in others if (page.merchant_id, each) in erased]
        if (page.merchant_id, own) in erased or any(body.placed_at < at for at in found):
            page.person, page.person_mark = None, None
            page.newly_erased = not page.erased
            page.erased = True


def _marks_of(ring: Keyring, page: Page) -> tuple[str, ...]:
    """The order's own mark first."""
    merchant, body, person = page.merchant_id, page.order.state.order, page.person
    marks = [mark(ring, merchant, ORDER, page.order_id)]
    if body is not None and body.customer:
        marks.append(mark(ring, merchant, CUSTOMER, body.customer))
    if person is not None and person.email:
        marks.append(mark(ring, merchant, EMAIL, person.email))
    return tuple(marks)


def _key_of(ring: Keyring, page: Page, stored: dict[tuple[int, str], Known], noted: Sealed) -> PersonKey:
    """The person's key, new where there is none; the picture and the tokens are noted where they changed."""
    place = (page.merchant_id, page.order_id)
    known = stored.get((page.merchant_id, page.person_id or ""))
    if known is not None:
        key, sealed_key = page.key or (persons.unseal_key(ring, known.person_key, place), known.person_key)
        before = known.tokens
    else:
        (key, sealed_key), before = page.key or persons.make_key(ring, place), frozenset()
    now = _mark_of(ring, page)
    if now != page.person_mark or known is None:
        tokens = persons.tokens_of(ring, page.merchant_id, page.person)
        picture = persons.seal_person(key, page.person, place)
        noted.persons.append(PersonRow(*place, sealed_key, picture, persons.joined(tokens)))
        body = page.order.state.order
        assert body is not None
        noted.tokens += [TokenRow(place[0], token, body.placed_at, place[1]) for token in tokens - before]
        noted.gone += [(place[0], token, place[1]) for token in before - tokens]
    page.person_id, page.person_mark = page.order_id, now
    return key


def _effect_row(page: Page, key: PersonKey, effect: Effect, at: datetime) -> EffectRow:
    body = outbox.seal_effect(key, effect, (page.merchant_id, page.order_id))
    through = effect.body.connection if isinstance(effect.body, CARRIERS) else page.connection.connection_id
    return EffectRow(
        page.merchant_id, page.order_id, effect.key, effect.generation, through,
        lane_of(page.order_ref), type(effect.body).__name__, effect.once, body, at, at,
    )  # fmt: skip
