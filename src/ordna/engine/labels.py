"""Labels between the core, which knows no person, and the carrier, which must: addresses are filled in when an effect
is sealed and frozen from then on; what comes back to be printed is sealed with the key of the order's person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from ordna.connectors.contract import Answer, LabelBought
from ordna.core.effects import Effect, PurchaseLabel
from ordna.core.messages import PersonSeen, Request
from ordna.core.outcome import Refusal
from ordna.core.shipping import BuyLabel, Label, ParcelAddress
from ordna.engine.page import Page
from ordna.store import carriers, persons
from ordna.store.carriers import FileRow, LabelRow, file_place
from ordna.store.database import Connection
from ordna.store.persons import unseal_key
from ordna.store.sealing import Keyring

OrderKey = tuple[int, str]


def fill_in(conn: Connection, ring: Keyring, pages: Iterable[Page]) -> None:
    """Give every label asked on these pages its sender, its receiver and the reference it will be looked up by."""
    asking = [page for page in pages if any(type(effect.body) is PurchaseLabel for effect in page.effects)]
    if not asking:
        return
    known = persons.of_orders(conn, ring, [(page.merchant_id, page.order_id) for page in asking])
    senders = _senders(conn, asking)
    for page in asking:
        person = page.person or known.get((page.merchant_id, page.order_id))
        page.effects[:] = [_addressed(ring, page, effect, person, senders) for effect in page.effects]


def refusals(conn: Connection, ring: Keyring, asked: Iterable[tuple[OrderKey, Request]]) -> dict[int, Refusal]:
    """Which of these wishes for labels no carrier could do, by their place: no such carrier, or nobody to send to."""
    wishes = [(place, key, wish) for place, (key, wish) in enumerate(asked) if isinstance(wish, BuyLabel)]
    if not wishes:
        return {}
    known = carriers.carriers_of(conn, [(key[0], wish.connection) for _, key, wish in wishes])
    people = persons.of_orders(conn, ring, [key for _, key, _ in wishes])
    found = {place: _no(known.get((key[0], wish.connection)), people.get(key)) for place, key, wish in wishes}
    return {place: no for place, no in found.items() if no is not None}


def receiver_of(person: PersonSeen | None) -> ParcelAddress | None:
    """Where the order goes, as a label wants it; None where too little is known."""
    if person is None or not person.name or not person.zip or not person.city or not person.address:
        return None
    country = person.address[-1]
    if len(country) != 2:
        return None
    place = f"{person.zip} {person.city}"
    lines = tuple(row for row in person.address[:-1] if row != place)
    return ParcelAddress(person.name, lines[:4], person.zip, person.city, country, person.phone or "")


def sender_of(facts: str) -> ParcelAddress | None:
    """The sender a carrier's connection was made with."""
    told = msgspec.json.decode(facts).get("sender")
    return None if told is None else msgspec.convert(told, ParcelAddress)


def label_of_answer(effect: Effect, answer: Answer, at: datetime) -> Label | None:
    """The label an answer brought, as the order will know it."""
    body, bought = effect.body, answer.label
    if bought is None or not isinstance(body, PurchaseLabel):
        return None
    return Label(body.label, body.part, body.connection, body.service, body.package, bought.made, at)


def files(
    ring: Keyring, place: OrderKey, person_key: bytes, label_id: str, bought: LabelBought
) -> tuple[FileRow, FileRow]:
    """What is printed, sealed."""
    key = unseal_key(ring, person_key, place)
    pdf, zpl = (
        FileRow(*place, label_id, form, key.seal(plain, file_place(place, label_id, form)))
        for form, plain in (("pdf", bought.pdf), ("zpl", bought.zpl))
    )
    return pdf, zpl


def rows_of(page: Page) -> list[LabelRow]:
    """The rows of a page's labels that changed."""
    known = {label.id: label for label in page.before.state.labels}
    body = page.order.state.order
    name = body.name if body is not None else ""
    return [_row(page, label, name) for label in page.order.state.labels if known.get(label.id) != label]


def _row(page: Page, label: Label, name: str) -> LabelRow:
    made = label.made
    stands, since = stands_of(label)
    return LabelRow(
        page.merchant_id, page.order_id, label.id, label.connection, label.part, name, made.carrier, made.service,
        made.tracking, made.reference, made.price, made.currency, label.package.weight_g, label.bought_at, stands,
        since, label.handover or None,
    )  # fmt: skip


def stands_of(label: Label) -> tuple[str, datetime]:
    """In one word where a label stands, and since when."""
    if label.voided:
        return "voided", label.voided_at or label.bought_at
    if label.progress and label.progress_at is not None:
        return label.progress, label.progress_at
    return ("handed over", label.handed_over_at) if label.handed_over_at else ("bought", label.bought_at)


def _senders(conn: Connection, pages: Sequence[Page]) -> dict[tuple[int, int], ParcelAddress | None]:
    keys = {
        (page.merchant_id, effect.body.connection)
        for page in pages
        for effect in page.effects
        if isinstance(effect.body, PurchaseLabel)
    }
    return {key: sender_of(facts) for key, (_, facts) in carriers.carriers_of(conn, keys).items()}


def _addressed(
    ring: Keyring,
    page: Page,
    effect: Effect,
    person: PersonSeen | None,
    senders: dict[tuple[int, int], ParcelAddress | None],
) -> Effect:
    body = effect.body
    if not isinstance(body, PurchaseLabel):
        return effect
    order = page.order.state.order
    filled = replace(
        body,
        # The same for the same wish, also after a restore: whoever was asked before answers with the same label.
        reference=ring.mark(f"label {page.merchant_id}/{page.order_id}/{effect.key}".encode()).hex(),
        mark=order.name if order is not None else "",
        sender=senders.get((page.merchant_id, body.connection)),
        receiver=receiver_of(person),
    )
    return replace(effect, body=filled)


def _no(carrier: tuple[str, str] | None, person: PersonSeen | None) -> Refusal | None:
    if carrier is None or carrier[0] == "gone":
        return Refusal("no_carrier", "connection", "There is no such carrier: connect one first.")
    if receiver_of(person) is None:
        sentence = "The order’s address lacks what a label needs: a name, a street, a postcode and a town."
        return Refusal("no_address", "order", sentence)
    return None
