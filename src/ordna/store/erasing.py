"""The door to what is erased, and to what people and shops ask about personal data; always inside the caller's
transaction.

A *mark* names what was erased without personal data: "order:7-1001", "customer:<keyed hash>", "email:<keyed hash>",
"shop:7". The list of erasures is made of marks, so it may be kept for ever and apart from the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct

from ordna.store.arrays import Bigints, Texts, columns
from ordna.store.database import Connection
from ordna.store.packing import unpack
from ordna.store.persons import joined, keys_of, split
from ordna.store.sql import blocks

SQL = blocks("erasing.sql")
_WIPING = blocks("wiping.sql")
ORDER_TABLES = tuple(name.removeprefix("order_") for name in _WIPING if name.startswith("order_"))
SHOP_TABLES = tuple(name.removeprefix("shop_") for name in _WIPING if name.startswith("shop_"))
"""What `wipe_orders` and `wipe_shop` delete from."""

Key = tuple[int, str]


class Erasure(Struct, frozen=True):
    """One entry of the list: what was erased by its marks, when, by whom, because of what."""

    merchant_id: int
    erasure_id: str
    at: datetime
    asked_by: str
    cause: str
    marks: tuple[str, ...]
    done_at: datetime | None = None


class Place(NamedTuple):
    """An order, by what messages about it are found by."""

    order_id: str
    connection_id: int
    order_ref: str


class RequestRow(NamedTuple):
    """Something asked about personal data; `subject` is sealed, None once it is done."""

    merchant_id: int
    request_id: int
    connection_id: int | None
    kind: str
    subject: bytes | None
    asked_by: str
    received_at: datetime
    due_at: datetime
    done_at: datetime | None
    outcome: str | None


class HeldOrder(NamedTuple):
    """An order of somebody who asked what is held about them."""

    order_id: str
    connection_id: int
    order_ref: str
    name: str
    placed_at: datetime
    currency: str | None
    total: int | None
    country: str | None
    payment: str | None
    headline: str
    customer: str | None
    erased_at: datetime | None
    person_key: bytes | None
    sealed: bytes | None


class HeldMessage(NamedTuple):
    """A raw message that is still kept."""

    order_ref: str
    connection_id: int
    received_at: datetime
    topic: str
    body: bytes


# --- while messages come in ---------------------------------------------------------------------------------


def alone(conn: Connection) -> None:
    """Wait until no transaction that may store persons is under way, and keep new ones waiting."""
    conn.execute(SQL["alone_erasing"])


def erased_marks(conn: Connection, marks: Iterable[tuple[int, str]]) -> dict[tuple[int, str], datetime]:
    """Those of (merchant, mark) that were erased, and when."""
    found = conn.execute(SQL["erased_marks"], columns((Bigints, Texts), sorted(set(marks))), prepare=True)
    return {(row[0], row[1]): row[2] for row in found}


def mark_orders(conn: Connection, orders: Iterable[Key], at: datetime) -> None:
    """Orders whose person came in after the erasure: they are erased from the start."""
    conn.execute(SQL["mark_orders"], (at, *columns((Bigints, Texts), sorted(orders))))


def empty_messages(conn: Connection, messages: Sequence[tuple[int, int]]) -> None:
    """Forget what these (merchant, inbox id) said."""
    conn.execute(SQL["empty_messages"], columns((Bigints, Bigints), sorted(messages)))


# --- erasing ------------------------------------------------------------------------------------------------


def begin(conn: Connection, erasure: Erasure) -> None:
    """Write an erasure down, or further marks of it, and remember its marks."""
    values = {"merchant": erasure.merchant_id, "erasure": erasure.erasure_id, "at": erasure.at}
    more = {"by": erasure.asked_by, "cause": erasure.cause, "marks": list(erasure.marks), "done_at": erasure.done_at}
    conn.execute(SQL["begin_erasure"], values | more)
    conn.execute(SQL["add_marks"], {**values, "marks": list(erasure.marks)})


def end(conn: Connection, merchant_id: int, erasure_id: str) -> None:
    """All of it has been done."""
    conn.execute(SQL["end_erasure"], {"merchant": merchant_id, "erasure": erasure_id})


def erasures(conn: Connection, merchants: Sequence[int]) -> list[Erasure]:
    """The list of erasures of these merchants, oldest first."""
    rows = conn.execute(SQL["erasures"], {"merchants": list(merchants)})
    return [Erasure(row[0], row[1], row[2], row[3], row[4], tuple(row[5]), row[6]) for row in rows]


def orders_to_erase(
    conn: Connection,
    merchant_id: int,
    orders: Sequence[str],
    customer: str | None,
    connection_id: int | None,
    tokens: Sequence[bytes],
    at: datetime,
    limit: int,
) -> list[Place]:
    """Some orders of these ids, this customer or these tokens that are not erased yet."""
    values = {"merchant": merchant_id, "orders": list(orders), "customer": customer, "connection": connection_id}
    rows = conn.execute(SQL["orders_to_erase"], {**values, "tokens": list(tokens), "at": at, "limit": limit})
    return [Place(*row) for row in rows]


def forget_orders(conn: Connection, merchant_id: int, places: Sequence[Place], at: datetime) -> list[tuple[bytes, str]]:
    """Delete whatever tells who these orders are for; the tokens they were found by, for the caller to drop."""
    ids = [place.order_id for place in places]
    values: dict[str, Any] = {"merchant": merchant_id, "orders": ids, "at": at}
    found = forget_persons(conn, merchant_id, ids)
    for name in ("forget_orders", "forget_effects", "forget_label_files", "forget_notes", "forget_caused"):
        conn.execute(SQL[name], values)
    forget_messages(conn, merchant_id, [(place.connection_id, place.order_ref) for place in places])
    return [(token, person) for person, tokens in found for token in split(tokens)]


def forget_persons(conn: Connection, merchant_id: int, orders: Sequence[str]) -> list[tuple[str, bytes]]:
    """Delete the persons of these orders, their keys with them: (order, tokens one after the other)."""
    return conn.execute(SQL["forget_persons"], {"merchant": merchant_id, "orders": list(orders)}).fetchall()


def forget_messages(conn: Connection, merchant_id: int, refs: Sequence[tuple[int, str]]) -> int:
    """Empty the handled messages about these (connection, order ref); how many."""
    values = {"merchant": merchant_id, "connections": [ref[0] for ref in refs], "refs": [ref[1] for ref in refs]}
    return conn.execute(SQL["forget_messages"], values).rowcount


def inbox_ends(conn: Connection, merchant_id: int) -> tuple[int, int]:
    """The first and the last id of the inbox."""
    row = conn.execute(SQL["inbox_ends"], {"merchant": merchant_id}).fetchone()
    assert row is not None
    return row[0], row[1]


def loose_messages(conn: Connection, merchant_id: int, window: tuple[int, int]) -> list[tuple[int, bytes]]:
    """(inbox id, body) of the messages of a window of the inbox that came to nothing an order knows."""
    values = {"merchant": merchant_id, "after": window[0], "until": window[1]}
    rows = conn.execute(SQL["loose_messages"], values, binary=True)
    return [(row[0], unpack(row[1], row[2])) for row in rows]


def ids_named(conn: Connection, merchant_id: int, name_key: str, text: str) -> list[str]:
    """The ids of the orders of that name or id."""
    values = {"merchant": merchant_id, "name_key": name_key, "text": text}
    return [row[0] for row in conn.execute(SQL["ids_named"], values)]


# --- what is asked ------------------------------------------------------------------------------------------


def file_request(conn: Connection, new: RequestRow) -> int:
    """Keep what is asked; its number."""
    values = {"merchant": new.merchant_id, "connection": new.connection_id, "kind": new.kind, "subject": new.subject}
    more = {"by": new.asked_by, "at": new.received_at, "due_at": new.due_at}
    row = conn.execute(SQL["file_request"], values | more).fetchone()
    assert row is not None
    return int(row[0])


def take_requests(conn: Connection, merchants: Sequence[int], limit: int, patience_s: float) -> list[RequestRow]:
    """Take what was asked and can be done without a person, the most urgent first; for so long nobody else takes it."""
    values = {"merchants": list(merchants), "limit": limit, "patience_s": patience_s}
    return [RequestRow(*row) for row in conn.execute(SQL["take_requests"], values)]


def request(conn: Connection, merchant_id: int, request_id: int) -> RequestRow | None:
    """One of them."""
    row = conn.execute(SQL["request"], {"merchant": merchant_id, "request": request_id}).fetchone()
    return None if row is None else RequestRow(*row)


def end_request(conn: Connection, merchant_id: int, request_id: int, outcome: str, at: datetime) -> bool:
    """It is done, and whom it was about is forgotten; False when it was done before."""
    values = {"merchant": merchant_id, "request": request_id, "outcome": outcome, "at": at}
    return conn.execute(SQL["end_request"], values).rowcount == 1


def confirm_request(conn: Connection, merchant_id: int, request_id: int) -> int | None:
    """A person says that a shop's request is to be carried out; its connection, None when there is none to confirm."""
    row = conn.execute(SQL["confirm_request"], {"merchant": merchant_id, "request": request_id}).fetchone()
    return None if row is None else row[0]


def note_request(conn: Connection, merchant_id: int, request_id: int, outcome: str) -> None:
    """Say why it is not done yet."""
    conn.execute(SQL["note_request"], {"merchant": merchant_id, "request": request_id, "outcome": outcome})


def orders_of_subject(
    conn: Connection,
    merchant_id: int,
    orders: Sequence[str],
    customer: str | None,
    connection_id: int | None,
    tokens: Sequence[bytes],
) -> list[HeldOrder]:
    """All orders of somebody, oldest first."""
    values = {"merchant": merchant_id, "orders": list(orders), "customer": customer, "connection": connection_id}
    rows = conn.execute(SQL["orders_of_subject"], {**values, "tokens": list(tokens)})
    return [HeldOrder(*row) for row in rows]


def messages_of_orders(conn: Connection, merchant_id: int, refs: Sequence[tuple[int, str]]) -> list[HeldMessage]:
    """The raw messages about these (connection, order ref) that are still kept, oldest first."""
    values = {"merchant": merchant_id, "connections": [ref[0] for ref in refs], "refs": [ref[1] for ref in refs]}
    rows = conn.execute(SQL["messages_of_orders"], values)
    return [HeldMessage(ref, shop, at, topic, unpack(body, raw)) for ref, shop, at, topic, body, raw in rows]


# --- a shop that left ---------------------------------------------------------------------------------------


def mode_of(conn: Connection, merchant_id: int, connection_id: int) -> str | None:
    """The connection's mode; None when there is no such connection."""
    row = conn.execute(SQL["mode_of"], {"merchant": merchant_id, "connection": connection_id}).fetchone()
    return None if row is None else str(row[0])


def leave_shop(conn: Connection, merchant_id: int, connection_id: int, credentials: bytes) -> None:
    """The app was removed from the shop; `credentials` are what is left of them, sealed: none."""
    values = {"merchant": merchant_id, "connection": connection_id, "credentials": credentials}
    conn.execute(SQL["leave_shop"], values)
    conn.execute(SQL["drop_rereads"], values)


def orders_of_shop(conn: Connection, merchant_id: int, connection_id: int, limit: int) -> list[str]:
    """Some of the shop's orders."""
    values = {"merchant": merchant_id, "connection": connection_id, "limit": limit}
    return [row[0] for row in conn.execute(SQL["orders_of_shop"], values)]


def wipe_orders(conn: Connection, merchant_id: int, orders: Sequence[str]) -> None:
    """Delete these orders with all that hangs on them."""
    for table in ORDER_TABLES:
        conn.execute(_WIPING[f"order_{table}"], {"merchant": merchant_id, "orders": list(orders)})


def wipe_inbox(conn: Connection, merchant_id: int, connection_id: int, limit: int) -> int:
    """Delete some messages of the connection; how many."""
    values = {"merchant": merchant_id, "connection": connection_id, "limit": limit}
    return conn.execute(_WIPING["shop_inbox"], values).rowcount


def wipe_shop(conn: Connection, merchant_id: int, connection_id: int, request_id: int | None) -> None:
    """Delete the connection and what belongs to it alone, but for the request under way."""
    values = {"merchant": merchant_id, "connection": connection_id, "request": request_id}
    for table in SHOP_TABLES:
        if table != "inbox":
            conn.execute(_WIPING[f"shop_{table}"], values)


# --- tokens of persons stored before there were tokens ------------------------------------------------------


def persons_untokened(
    conn: Connection, merchant_id: int, after: str, limit: int
) -> list[tuple[str, bytes, bytes, datetime]]:
    """Some (person, sealed key, sealed picture, placed at) without tokens."""
    values = {"merchant": merchant_id, "after": after, "limit": limit}
    return conn.execute(SQL["persons_untokened"], values).fetchall()


def give_tokens(conn: Connection, merchant_id: int, rows: Sequence[tuple[str, frozenset[bytes], datetime]]) -> None:
    """Have persons found by (person, tokens, placed at), where they have no tokens."""
    single = [(person, token, placed_at) for person, tokens, placed_at in rows for token in sorted(tokens)]
    values = {
        "merchant": merchant_id,
        "persons": [row[0] for row in rows],
        "tokens": [joined(row[1]) for row in rows],
        "orders": [row[0] for row in single],
        "found_by": [row[1] for row in single],
        "placed": [row[2] for row in single],
    }
    conn.execute(SQL["give_tokens"], values)


def hold_off(conn: Connection) -> None:
    """Have erasures wait for the end of this transaction, which stores what is known of persons."""
    keys_of(conn, ())
