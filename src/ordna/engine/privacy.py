"""What shops and people ask about personal data, from the moment it is asked to the moment it is done.

A message of a compliance topic becomes a request in the transaction that handles it, sealed, and its raw body is
emptied. Requests to erase are carried out by the worker, within seconds; each is safe to begin again. A request for
data waits for a person: the export is made when it is fetched, so nothing of it lies about. Every request carries the
time by which it must be done.

    uninstalled   the app was removed: the connection is gone, its credentials with it
    redact        a shop's customer is to be erased
    erase         people here ask for the same
    shop_redact   everything of a shop is to be deleted; only of a shop that is gone, or when a person says so
    data_request  a shop's customer asks what is held
"""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import msgspec

from ordna.connectors.contract import Concern
from ordna.engine import clock, persons
from ordna.engine.erase import Subject, carry_out, marks_of, merchants_of, order_ids
from ordna.engine.erasures import write_down
from ordna.engine.taking import Taken
from ordna.engine.wipe import wipe
from ordna.store import erasing
from ordna.store.connections import seal_credentials
from ordna.store.database import Connection, Database
from ordna.store.erasing import Erasure, RequestRow
from ordna.store.inbox import Waiting
from ordna.store.sealing import Keyring

DATA_REQUEST, REDACT, SHOP_REDACT, UNINSTALLED, ERASE = "data_request", "redact", "shop_redact", "uninstalled", "erase"
TO_BE_DONE_WITHIN = timedelta(days=30)
AT_ONCE = 20
PATIENCE_S = 60.0
NOBODY = "Nobody of that description is known here."
STILL_HERE = "The shop asks that everything of it be deleted, and it is still connected here."
_CAUSES = {REDACT: "customers/redact", ERASE: "asked here", SHOP_REDACT: "shop/redact"}

_log = logging.getLogger(__name__)


def file_concerns(conn: Connection, ring: Keyring, taken: Taken) -> None:
    """Keep what a batch's messages ask, sealed, and empty the messages; the same delivery twice is one request."""
    asked = taken.concerns()
    if not asked:
        return
    for row, concern in asked:
        if row.inbox_id not in taken.duplicates:
            erasing.file_request(conn, _of_message(ring, row, concern))
    erasing.empty_messages(conn, [(row.merchant_id, row.inbox_id) for row, _ in asked])


def ask_to_erase(database: Database, ring: Keyring, merchant_id: int, subject: Subject, by: str) -> int:
    """Somebody here wants a person erased; the worker does it. The request's number."""
    at = clock.now()
    sealed = _seal(ring, merchant_id, subject)
    with database.engine([merchant_id]) as conn:
        return erasing.file_request(
            conn, RequestRow(merchant_id, 0, None, ERASE, sealed, by, at, at + TO_BE_DONE_WITHIN, None, None)
        )


def confirm(database: Database, ring: Keyring, merchant_id: int, request_id: int) -> bool:
    """A person says that the shop is gone: everything of it is deleted. False when nothing waits for that."""
    with database.engine([merchant_id]) as conn:
        connection = erasing.confirm_request(conn, merchant_id, request_id)
        if connection is None:
            return False
        _leave(conn, ring, merchant_id, connection)
    return True


def answered(database: Database, merchant_id: int, request_id: int, by: str) -> bool:
    """A person has given the customer their data. False when that was said before."""
    with database.engine([merchant_id]) as conn:
        request = erasing.request(conn, merchant_id, request_id)
        if request is None or request.kind != DATA_REQUEST:
            return False
        return erasing.end_request(conn, merchant_id, request_id, f"Answered by {by}.", clock.now())


def opened(ring: Keyring, merchant_id: int, sealed: bytes) -> Subject:
    """Whom a request is about; `NotOpened`."""
    return msgspec.json.decode(ring.open(sealed, _about(merchant_id)), type=Subject)


class Privacy:
    """Carries out what can be done without a person, round by round."""

    def __init__(self, database: Database, ring: Keyring, home: Path) -> None:
        """`home`: the data folder, where the list of erasures is kept apart from the database."""
        self._database = database
        self._ring = ring
        self._home = home

    def round(self) -> set[int]:
        """One look at what can be done; the merchants for whom something was. A request is taken for a minute: whoever
        dies over it leaves it to the next."""
        merchants = merchants_of(self._database)
        if not merchants:
            return set()
        with self._database.engine(merchants) as conn:
            taken = erasing.take_requests(conn, merchants, AT_ONCE, PATIENCE_S)
        for request in taken:
            try:
                self._carry_out(request)
            except Exception as error:
                # The text of an error may name whom it was about; its kind may not.
                _log.error(
                    "request %d of merchant %d could not be carried out and is tried again: %s",
                    request.request_id, request.merchant_id, type(error).__name__,
                )  # fmt: skip
        touched = {request.merchant_id for request in taken}
        if touched:
            write_down(self._database, self._home, sorted(touched))
        return touched

    def _carry_out(self, request: RequestRow) -> None:
        match request.kind:
            case "uninstalled":
                self._uninstall(request)
            case "shop_redact":
                self._wipe(request)
            case _:
                subject = opened(self._ring, request.merchant_id, request.subject) if request.subject else Subject()
                marks = marks_of(self._ring, request.merchant_id, subject)
                count = carry_out(self._database, self._ring, _entry(request, marks), subject)
                self._end(request, _lost(count))

    def _uninstall(self, request: RequestRow) -> None:
        with self._database.engine([request.merchant_id]) as conn:
            _leave(conn, self._ring, request.merchant_id, request.connection_id or 0)
        self._end(request, "The connection is gone; nothing is sent or taken in any more.")

    def _wipe(self, request: RequestRow) -> None:
        merchant, connection = request.merchant_id, request.connection_id or 0
        with self._database.engine([merchant]) as conn:
            if erasing.mode_of(conn, merchant, connection) not in ("gone", None):
                erasing.note_request(conn, merchant, request.request_id, STILL_HERE)
                return
            erasing.alone(conn)
            erasing.begin(conn, _entry(request, (persons.mark(self._ring, merchant, persons.SHOP, str(connection)),)))
        count = wipe(self._database, merchant, connection, request.request_id)
        with self._database.engine([merchant]) as conn:
            erasing.end(conn, merchant, _entry(request, ()).erasure_id)
        self._end(request, f"Everything of the shop was deleted, {count} orders with it.")

    def _end(self, request: RequestRow, outcome: str) -> None:
        with self._database.engine([request.merchant_id]) as conn:
            erasing.end_request(conn, request.merchant_id, request.request_id, outcome, clock.now())
        _log.info("request %d of merchant %d, %s: %s", request.request_id, request.merchant_id, request.kind, outcome)


def _lost(count: int) -> str:
    return f"{count} order{'s' if count != 1 else ''} lost the person." if count else NOBODY


def _of_message(ring: Keyring, row: Waiting, concern: Concern) -> RequestRow:
    subject = Subject(
        order_ids(row.connection_id, concern.order_refs),
        concern.customer,
        concern.email,
        concern.phone,
        row.connection_id,
    )
    sealed = None if concern.kind in (SHOP_REDACT, UNINSTALLED) else _seal(ring, row.merchant_id, subject)
    due = row.received_at + TO_BE_DONE_WITHIN
    return RequestRow(
        row.merchant_id,
        0,
        row.connection_id,
        concern.kind,
        sealed,
        f"shop: {row.topic}",
        row.received_at,
        due,
        None,
        None,
    )


def _entry(request: RequestRow, marks: tuple[str, ...]) -> Erasure:
    """The request's entry in the list: the same however often it is begun."""
    number = f"{request.request_id}-{request.received_at.timestamp():.6f}"
    return Erasure(request.merchant_id, number, request.received_at, request.asked_by, _CAUSES[request.kind], marks)


def _leave(conn: Connection, ring: Keyring, merchant_id: int, connection_id: int) -> None:
    erasing.leave_shop(conn, merchant_id, connection_id, seal_credentials(ring, {}, (merchant_id, connection_id)))


def _seal(ring: Keyring, merchant_id: int, subject: Subject) -> bytes:
    return ring.seal(msgspec.json.encode(subject), _about(merchant_id))


def _about(merchant_id: int) -> str:
    return f"privacy request of {merchant_id}"
