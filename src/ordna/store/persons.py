"""The door to persons: what names or locates somebody, sealed with a key of its own for each order; deleting the row
erases it.

Orders are found by their customer's name, e-mail address or phone number through tokens: keyed hashes of the
normalised words, equal for equal words of one merchant, which die with the person they lead to. What two orders of one
customer have in common is such a token, never a key: one of them can be erased without the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from ordna.core.messages import PersonSeen
from ordna.store.arrays import Bigints, Byteas, Texts, Times, columns
from ordna.store.database import Connection
from ordna.store.sealing import TOKEN_BYTES, Keyring, PersonKey
from ordna.store.sql import blocks

SQL = blocks("work.sql")

Key = tuple[int, str]

NAME, EMAIL, PHONE = "name", "email", "phone"
WORDS_MAX = 8
PHONE_DIGITS = 8
"""The last digits of a phone number, by which it is found whether or not the country was written before it."""
_WORD = re.compile(r"\w+")
_NO_DIGITS = re.compile(r"\D")


class Known(NamedTuple):
    """A person's sealed key, and the tokens they are found by."""

    person_key: bytes
    tokens: frozenset[bytes]


class PersonRow(NamedTuple):
    """A person to be written: the key and the picture sealed, the tokens one after the other."""

    merchant_id: int
    person_id: str
    person_key: bytes
    sealed: bytes
    tokens: bytes


class TokenRow(NamedTuple):
    """One way to find an order."""

    merchant_id: int
    token: bytes
    placed_at: datetime
    order_id: str


def keys_of(conn: Connection, persons: Iterable[Key]) -> dict[Key, Known]:
    """The sealed keys and the tokens of persons, by (merchant, person). Persons may be written from here on: an erasure
    waits for the end of the transaction."""
    found = conn.execute(SQL["keys_of_persons"], columns((Bigints, Texts), sorted(persons)), prepare=True, binary=True)
    return {(row[0], row[1]): Known(row[2], frozenset(split(row[3]))) for row in found if row[0] is not None}


def write(conn: Connection, rows: Sequence[PersonRow], tokens: Sequence[TokenRow], at: object) -> None:
    """Write persons, and let their orders be found by these tokens; a person's key never changes."""
    values = columns((Bigints, Texts, Byteas, Byteas, Byteas), sorted(rows))
    found_by = columns((Bigints, Byteas, Times, Texts), sorted(tokens))
    conn.execute(SQL["write_persons"], (at, *values, *found_by), prepare=True)


def drop_tokens(conn: Connection, rows: Sequence[tuple[int, bytes, str]]) -> None:
    """Let orders no longer be found by these (merchant, token, order)."""
    conn.execute(SQL["drop_tokens"], columns((Bigints, Byteas, Texts), sorted(rows)), prepare=True)


def tokens_of(ring: Keyring, merchant_id: int, person: PersonSeen | None) -> frozenset[bytes]:
    """All tokens of a person: one for each word of the name, the e-mail address, the phone number."""
    if person is None:
        return frozenset()
    named = [(NAME, word) for word in words(person.name or "")[:WORDS_MAX]]
    reached = [(EMAIL, email(person.email or "")), (PHONE, phone(person.phone or ""))]
    return frozenset(ring.token(merchant_id, kind, value) for kind, value in (*named, *reached) if value)


def sought(ring: Keyring, merchant_id: int, text: str) -> tuple[bytes, ...]:
    """The tokens an order must have to be what somebody typed: an e-mail address, a phone number, or words of a name.

    The longest word comes first, for it is likely the rarest. () when nobody can be meant.
    """
    if "@" in text:
        return (ring.token(merchant_id, EMAIL, email(text)),)
    if not re.search(r"[^\W\d]", text):
        digits = phone(text)
        return (ring.token(merchant_id, PHONE, digits),) if len(digits) == PHONE_DIGITS else ()
    typed = sorted(set(words(text)), key=lambda word: (-len(word), word))[:WORDS_MAX]
    return tuple(ring.token(merchant_id, NAME, word) for word in typed)


def words(name: str) -> list[str]:
    """The words of a name as they are compared: without case and accents, of two letters or more."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    return [word for word in _WORD.findall(plain.casefold()) if len(word) > 1]


def email(address: str) -> str:
    """An e-mail address as it is compared."""
    return unicodedata.normalize("NFKC", address).strip().casefold()


def phone(number: str) -> str:
    """A phone number as it is compared: its last digits, "" when it has fewer than that."""
    digits = _NO_DIGITS.sub("", number)
    return digits[-PHONE_DIGITS:] if len(digits) >= PHONE_DIGITS else ""


def joined(tokens: Iterable[bytes]) -> bytes:
    """Tokens as a person's row keeps them."""
    return b"".join(sorted(tokens))


def split(tokens: bytes) -> list[bytes]:
    """The tokens of a person's row."""
    return [tokens[at : at + TOKEN_BYTES] for at in range(0, len(tokens), TOKEN_BYTES)]


def seal_person(key: PersonKey, person: PersonSeen | None, place: Key) -> bytes:
    """The picture of a person as stored; of nobody, an empty picture."""
    return key.seal(msgspec.json.encode(person or PersonSeen()), f"person {place[0]}/{place[1]}")


def open_person(ring: Keyring, person_key: bytes, sealed: bytes, place: Key) -> PersonSeen:
    """The picture of a stored row; `NotOpened`."""
    plain = unseal_key(ring, person_key, place).open(sealed, f"person {place[0]}/{place[1]}")
    return msgspec.json.decode(plain, type=PersonSeen)


def make_key(ring: Keyring, place: Key) -> tuple[PersonKey, bytes]:
    """A new key for (merchant, person), and the same as stored."""
    return PersonKey.make(ring, f"person key {place[0]}/{place[1]}")


def unseal_key(ring: Keyring, sealed: bytes, place: Key) -> PersonKey:
    """The key of a stored row; `NotOpened`."""
    return PersonKey.unseal(ring, sealed, f"person key {place[0]}/{place[1]}")


def of_orders(conn: Connection, ring: Keyring, orders: Iterable[Key]) -> dict[Key, PersonSeen]:
    """Whom these orders are for, by (merchant, order); those erased are missing."""
    found = conn.execute(SQL["persons_of_orders"], columns((Bigints, Texts), sorted(orders))).fetchall()
    return {(row[0], row[1]): open_person(ring, bytes(row[3]), bytes(row[4]), (row[0], row[2])) for row in found}
