"""Erase a person: the keys that open what is sealed about them, the tokens that find them, the raw messages that name
them. State, journal and decisions hold nothing of the kind, so a replay is the same before and after.

First the marks of the erasure are written, alone: a batch that was storing the person has ended by then, and every
later one sees the marks and leaves the person out. Then what stands is deleted, some hundred orders a transaction. A
process that dies in between is followed by another that begins again; nothing is done twice that matters.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from ordna.engine import clock, persons
from ordna.engine.lanes import order_id_of
from ordna.store import erasing, linking, orders
from ordna.store import persons as stored
from ordna.store.database import Connection, Database
from ordna.store.erasing import Erasure, Place
from ordna.store.sealing import Keyring

CHUNK = 100
WINDOW = 2_000
NEEDLE_MIN = 5


class Subject(Struct, frozen=True, omit_defaults=True):
    """Whom a request is about: orders by our ids, a customer by the shop's number, an e-mail address, a phone number.

    `connection` is the shop that asks, 0 when people here do. Where several are named, each of them is meant.
    """

    orders: tuple[str, ...] = ()
    customer: str | None = None
    email: str | None = None
    phone: str | None = None
    connection: int = 0

    @property
    def is_nobody(self) -> bool:
        """True when nothing here can find anybody."""
        return not (self.orders or self.customer or self.email)


class Erased(Struct, frozen=True):
    """What an erasure came to: its entry in the list, how many orders lost their person."""

    erasure_id: str
    orders: int


def erase(
    database: Database,
    ring: Keyring,
    merchant_id: int,
    subject: Subject,
    *,
    by: str,
    cause: str,
    at: datetime | None = None,
) -> Erased:
    """Erase whom `subject` means, of orders placed before `at` (now unless given)."""
    erasure = Erasure(
        merchant_id, secrets.token_hex(8), at or clock.now(), by, cause, marks_of(ring, merchant_id, subject)
    )
    found = carry_out(database, ring, erasure, subject)
    return Erased(erasure.erasure_id, found)


def carry_out(database: Database, ring: Keyring, erasure: Erasure, subject: Subject) -> int:
    """Do what the entry says, for whomever `subject` means beyond its marks; how many orders lost their person."""
    merchant = erasure.merchant_id
    with database.engine([merchant]) as conn:
        erasing.alone(conn)
        erasing.begin(conn, erasure)
    refs = [_ref(order_id) for order_id in subject.orders]
    with database.engine([merchant]) as conn:
        erasing.forget_messages(conn, merchant, [ref for ref in refs if ref is not None])
    found = 0
    while places := _some(database, ring, erasure, subject):
        found += len(places)
    _forget_naming(database, merchant, _needles(subject))
    with database.engine([merchant]) as conn:
        erasing.end(conn, merchant, erasure.erasure_id)
    return found


def orders_named(database: Database, merchant_id: int, name_key: str, text: str) -> tuple[str, ...]:
    """The ids of the merchant's orders of that name or id."""
    with database.engine([merchant_id]) as conn:
        return tuple(erasing.ids_named(conn, merchant_id, name_key, text))


def merchants_of(database: Database) -> list[int]:
    """Every merchant."""
    with database.engine(()) as conn:
        return linking.merchants(conn)


def tokens_of(ring: Keyring, merchant_id: int, subject: Subject, marks: Sequence[str] = ()) -> list[bytes]:
    """The tokens orders of the subject are found by; of an entry in the list, the e-mail addresses it marks."""
    tokens = [
        bytes.fromhex(value) for kind, _, value in (each.partition(":") for each in marks) if kind == stored.EMAIL
    ]
    if subject.email:
        tokens.append(ring.token(merchant_id, stored.EMAIL, stored.email(subject.email)))
    return sorted(set(tokens))


def order_ids(connection_id: int, refs: Sequence[str]) -> tuple[str, ...]:
    """Our ids of a shop's orders."""
    return tuple(order_id_of(connection_id, ref) for ref in refs)


def _some(database: Database, ring: Keyring, erasure: Erasure, subject: Subject) -> list[Place]:
    """Erase some of the orders that are not erased yet; which."""
    merchant = erasure.merchant_id
    listed = [value for kind, _, value in (mark.partition(":") for mark in erasure.marks) if kind == persons.ORDER]
    with database.engine([merchant]) as conn:
        places = erasing.orders_to_erase(
            conn,
            merchant,
            sorted({*subject.orders, *listed}),
            subject.customer,
            subject.connection or None,
            tokens_of(ring, merchant, subject, erasure.marks),
            erasure.at,
            CHUNK,
        )
        if places:
            orders.lock(conn, [(merchant, place.order_id) for place in places])
            _forget(conn, ring, erasure, places)
    return places


def _forget(conn: Connection, ring: Keyring, erasure: Erasure, places: list[Place]) -> None:
    merchant = erasure.merchant_id
    marks = tuple(persons.mark(ring, merchant, persons.ORDER, place.order_id) for place in places)
    erasing.begin(conn, Erasure(merchant, erasure.erasure_id, erasure.at, erasure.asked_by, erasure.cause, marks))
    gone = erasing.forget_orders(conn, merchant, places, erasure.at)
    if gone:
        stored.drop_tokens(conn, [(merchant, token, order_id) for token, order_id in gone])


def _forget_naming(database: Database, merchant_id: int, needles: list[bytes]) -> None:
    """Messages that came to nothing and name the person: looked for in the bytes, a window of the inbox at a time."""
    if not needles:
        return
    with database.engine([merchant_id]) as conn:
        first, last = erasing.inbox_ends(conn, merchant_id)
    for after in range(first - 1, last, WINDOW):
        with database.engine([merchant_id]) as conn:
            loose = erasing.loose_messages(conn, merchant_id, (after, min(after + WINDOW, last)))
            naming = [number for number, body in loose if any(needle in body for needle in needles)]
            if naming:
                erasing.empty_messages(conn, [(merchant_id, number) for number in naming])


def _needles(subject: Subject) -> list[bytes]:
    """The byte strings that give the person away, as the shop writes them."""
    said = {subject.email, subject.email.lower() if subject.email else None, subject.phone}
    return [text.encode() for text in sorted(text for text in said if text and len(text) >= NEEDLE_MIN)]


def marks_of(ring: Keyring, merchant_id: int, subject: Subject) -> tuple[str, ...]:
    """The marks of what a subject names."""
    marks = [persons.mark(ring, merchant_id, persons.ORDER, order_id) for order_id in subject.orders]
    if subject.customer:
        marks.append(persons.mark(ring, merchant_id, persons.CUSTOMER, subject.customer))
    if subject.email:
        marks.append(persons.mark(ring, merchant_id, persons.EMAIL, subject.email))
    return tuple(sorted(marks))


def _ref(order_id: str) -> tuple[int, str] | None:
    connection, _, ref = order_id.partition("-")
    return (int(connection), ref) if ref and connection.isascii() and connection.isdigit() else None
