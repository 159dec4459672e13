"""Typed bodies to facets: the one translation that webhooks and reads share.

Every function notes what it could not use in `problems` and goes on. A field that can't be read is None, a nested
object without which the facet would tell a lie (a line without a quantity) makes the whole list unknown.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b

from ordna.connectors.shopify import words
from ordna.connectors.shopify.addresses import is_complete
from ordna.connectors.shopify.bodies import Address, Fulfillment, FulfillmentEvent, Order, Refund, Transaction
from ordna.connectors.shopify.lines import lines_seen
from ordna.connectors.shopify.money import amount, check_sums, known_currency
from ordna.connectors.shopify.readers import Problems, is_explained, known, moment, not_ahead, prose, require, text
from ordna.core.messages import (
    LineSeen,
    OrderSeen,
    PersonSeen,
    Quantity,
    RefundSeen,
    ShipmentSeen,
    TrackingSeen,
    TransactionSeen,
)
from ordna.core.values import utc


def order_seen(body: Order, received_at: datetime, problems: Problems) -> OrderSeen | None:
    """The order's own facet; None when nothing in the body says how old the picture is."""
    placed_at = moment(body.processed_at, "processed_at", problems) or moment(body.created_at, "created_at", problems)
    version = _version(body, placed_at, received_at, problems)
    if version is None:
        return None
    currency = known_currency(body.currency, "currency", problems)
    paid_currency = known_currency(body.presentment_currency, "presentment_currency", problems, required=False)
    paid = body.total_price_set.presentment_money if body.total_price_set else None
    total = amount(body.total_price, currency, "total_price", problems, required=True)
    if total is not None and currency is not None:
        check_sums(body, total, currency, problems)
    lines = lines_seen(body, currency, problems)
    address = body.shipping_address or body.billing_address
    complete = _address_complete(body, lines, problems)
    has_none = body.shipping_address is None and not is_explained("shipping_address", problems)
    return OrderSeen(
        version=version,
        name=_name(body, problems),
        placed_at=placed_at or version,
        currency=currency,
        total=total,
        paid_currency=paid_currency,
        paid_total=amount(paid.amount, paid_currency, "total_price_set.presentment_money.amount", problems)
        if paid
        else None,
        payment=known(body.financial_status, words.PAYMENTS, "financial_status", problems),
        terms=text(body.payment_terms.payment_terms_name) or "agreed" if body.payment_terms else None,
        terms_due=_terms_due(body, problems),
        company=str(body.company.id) if body.company and body.company.id else None,
        test=bool(body.test),
        source=text(body.source_name),
        country=_country(address),
        address_complete=complete,
        address_absent=has_none and complete is not True,
        customer=str(body.customer.id) if body.customer and body.customer.id else None,
        shipping_method=_shipping_method(body),
        tags=tags_of(body.tags.split(",")) if body.tags else (),
        note_digest=_digest(body.note),
        cancelled_at=moment(body.cancelled_at, "cancelled_at", problems),
        cancel_reason=known(body.cancel_reason, words.CANCEL_REASONS, "cancel_reason", problems),
        closed_at=moment(body.closed_at, "closed_at", problems),
        lines=lines,
    )


def person_seen(body: Order) -> PersonSeen | None:
    """Whom the order is for; None when the body names nobody."""
    customer, address = body.customer, body.shipping_address or body.billing_address
    names = (address.name or _joined(address.first_name, address.last_name)) if address else None
    person = PersonSeen(
        name=text(names) or (_joined(customer.first_name, customer.last_name) if customer else None),
        email=text(body.email),
        phone=text(body.phone) or (text(address.phone) if address else None),
        address=_address_rows(address) if address else (),
        note=prose(body.note),
        reference=text(body.po_number),
        zip=text(address.zip) if address else None,
        city=text(address.city) if address else None,
    )
    return None if person == _NOBODY else person


def transaction_seen(body: Transaction, path: str, problems: Problems) -> TransactionSeen | None:
    """One movement of money, None when it can't be used (said in `problems`) or is none of ours to keep."""
    if body.kind in words.TRANSACTION_KINDS_LEFT_OUT:
        return None
    kind = known(body.kind, words.TRANSACTION_KINDS, f"{path}kind", problems, required=True)
    status = known(body.status, words.TRANSACTION_STATUSES, f"{path}status", problems, required=True)
    currency = known_currency(body.currency, f"{path}currency", problems)
    minor = amount(body.amount, currency, f"{path}amount", problems, required=True)
    at = moment(body.processed_at, f"{path}processed_at", problems) or moment(
        body.created_at, f"{path}created_at", problems, required=True
    )
    require(body.id, f"{path}id", problems)
    if body.id is None or kind is None or status is None or currency is None or minor is None or at is None:
        return None
    return TransactionSeen(
        id=str(body.id),
        kind=words.TRANSACTION_KINDS[kind],
        status=words.TRANSACTION_STATUSES[status],
        amount=minor,
        currency=currency,
        at=at,
        gateway=text(body.gateway),
        parent=str(body.parent_id) if body.parent_id else None,
        expires_at=moment(body.authorization_expires_at, f"{path}authorization_expires_at", problems),
    )


def shipment_seen(
    body: Fulfillment, path: str, received_at: datetime, problems: Problems, parts: tuple[str, ...] = ()
) -> ShipmentSeen | None:
    """One parcel; None while it is only asked for (pending, open) or when it can't be used (said in `problems`)."""
    if body.status in words.SHIPMENTS_NOT_YET:
        return None
    progress = _progress(body, path, problems)
    created_at = moment(body.created_at, f"{path}created_at", problems, required=True)
    version = moment(body.updated_at, f"{path}updated_at", problems) or created_at
    require(body.line_items, f"{path}line_items", problems)
    require(body.id, f"{path}id", problems)
    units = None if body.line_items is None else [(unit.id, unit.quantity) for unit in body.line_items]
    lines = units_seen(units, f"{path}line_items", "id", problems)
    if body.id is None or progress is None or created_at is None or version is None or lines is None:
        return None
    return ShipmentSeen(
        id=str(body.id),
        version=not_ahead(version, received_at, f"{path}updated_at", problems),
        progress=progress,
        lines=lines,
        created_at=created_at,
        carrier=text(body.tracking_company),
        tracking=_tracking(body),
        location=str(body.location_id) if body.location_id else None,
        parts=parts,
    )


def tracking_seen(body: FulfillmentEvent, received_at: datetime, problems: Problems) -> TrackingSeen | None:
    """One tracking event, None when it can't be used (said in `problems`)."""
    progress = known(body.status, words.PROGRESS, "status", problems, required=True)
    at = moment(body.happened_at, "happened_at", problems) or moment(body.created_at, "created_at", problems)
    version = moment(body.updated_at, "updated_at", problems) or moment(body.created_at, "created_at", problems) or at
    require(body.fulfillment_id, "fulfillment_id", problems)
    if version is None or at is None:
        require(None, "happened_at", problems)
        return None
    if body.fulfillment_id is None or progress is None:
        return None
    version = not_ahead(version, received_at, "updated_at", problems)
    return TrackingSeen(str(body.fulfillment_id), version, words.PROGRESS[progress], at)


def refund_seen(body: Refund, path: str, currency: str | None, problems: Problems) -> RefundSeen | None:
    """One refund, None when it can't be used (said in `problems`). `currency` is the shop's, None when not told."""
    at = moment(body.created_at, f"{path}created_at", problems) or moment(
        body.processed_at, f"{path}processed_at", problems, required=True
    )
    units = [(line.line_item_id, line.quantity) for line in body.refund_line_items or ()]
    hidden = body.refund_line_items is None and is_explained(f"{path}refund_line_items", problems)
    lines = units_seen(None if hidden else units, f"{path}refund_line_items", "line_item_id", problems)
    require(body.id, f"{path}id", problems)
    if body.id is None or at is None or lines is None:
        return None
    return RefundSeen(str(body.id), at, lines, _refunded(body, path, currency, problems))


def tags_of(parts: list[str]) -> tuple[str, ...]:
    """Tags trimmed, without doubles, sorted."""
    return tuple(sorted({tag for part in parts if (tag := text(part))}))


# --- pieces of an order -------------------------------------------------------------------------------------

_NOBODY = PersonSeen()


def _version(body: Order, placed_at: datetime | None, received_at: datetime, problems: Problems) -> datetime | None:
    version = moment(body.updated_at, "updated_at", problems)
    if version is None:
        # Whatever else the body dates is no newer than the picture: an older version can lose, never win wrongly.
        require(None, "updated_at", problems)
        known_moments = [m for m in (placed_at, body.created_at, body.cancelled_at, body.closed_at) if m is not None]
        version = max((utc(m) for m in known_moments if 1970 <= m.year <= 2200), default=None)
    return None if version is None else not_ahead(version, received_at, "updated_at", problems)


def _name(body: Order, problems: Problems) -> str:
    name = text(body.name)
    if name is None:
        require(None, "name", problems)
        name = f"#{body.order_number}" if body.order_number else f"#{body.id}"
    return name


def _country(address: Address | None) -> str | None:
    code = text(address.country_code) if address else None
    return code.upper() if code else None


def _address_complete(body: Order, lines: tuple[LineSeen, ...] | None, problems: Problems) -> bool | None:
    if lines is not None and not any(line.ships and line.current_quantity for line in lines):
        return True
    if problems and any(problem.path.startswith(("shipping_address", "order.shippingAddress")) for problem in problems):
        return None  # part of it could not be read, so nobody can say
    if body.shipping_address is None and body.source_name == "pos":
        return True  # handed over at the till
    complete = is_complete(body.shipping_address)
    return True if complete else (False if lines is not None else None)


def _terms_due(body: Order, problems: Problems) -> datetime | None:
    """When the first of the agreed payments falls due; Shopify lets an order have one."""
    schedules = (body.payment_terms.payment_schedules if body.payment_terms else None) or []
    path = "payment_terms.payment_schedules[0].due_at"
    return moment(schedules[0].due_at, path, problems) if schedules else None


def _shipping_method(body: Order) -> str | None:
    for line in body.shipping_lines or ():
        if not line.is_removed:
            return text(line.title)
    return None


def _digest(note: str | None) -> str | None:
    clean = prose(note)
    return blake2b(clean.encode("utf-8", "replace"), digest_size=8).hexdigest() if clean else None


def _joined(*names: str | None) -> str | None:
    return text(" ".join(name for name in names if name))


def _address_rows(address: Address) -> tuple[str, ...]:
    rows = (
        text(address.company),
        text(address.address1),
        text(address.address2),
        _joined(address.zip, address.city),
        text(address.province_code),
        _country(address),
    )
    return tuple(row for row in rows if row)


def _progress(body: Fulfillment, path: str, problems: Problems) -> str | None:
    if body.status in words.SHIPMENTS_ENDED:
        return words.SHIPMENTS_ENDED[body.status]
    if body.status != "success":
        known(body.status, frozenset(), f"{path}status", problems, required=True)
        return None
    if body.shipment_status is None:
        return "shipped"
    progress = known(body.shipment_status, words.PROGRESS, f"{path}shipment_status", problems)
    return words.PROGRESS[progress] if progress else None


def _tracking(body: Fulfillment) -> str | None:
    numbers = body.tracking_numbers or ([body.tracking_number] if body.tracking_number else [])
    # One line, whatever was typed: a number ends up in headers, labels and logs.
    cleaned = ("".join(letter for letter in number if letter.isprintable()) for number in numbers)
    return text(", ".join(number.strip() for number in cleaned if number.strip()))


def units_seen(
    pairs: list[tuple[int | None, int | None]] | None, path: str, id_name: str, problems: Problems
) -> tuple[Quantity, ...] | None:
    if pairs is None:
        return None
    for at, (line, units) in enumerate(pairs):
        if line is None or units is None:
            require(line, f"{path}[{at}].{id_name}", problems)
            require(units, f"{path}[{at}].quantity", problems)
            return None
    summed: dict[str, int] = {}
    for line, units in pairs:
        summed[str(line)] = summed.get(str(line), 0) + (units or 0)
    return tuple(Quantity(line, units) for line, units in sorted(summed.items()) if units)


def _refunded(body: Refund, path: str, currency: str | None, problems: Problems) -> int | None:
    told = body.total_refunded_set.shop_money if body.total_refunded_set else None
    if told is not None:
        return amount(told.amount, told.currency_code, f"{path}total_refunded_set.shop_money.amount", problems)
    if currency is None:
        currency = next(
            (
                line.subtotal_set.shop_money.currency_code
                for line in body.refund_line_items or ()
                if line.subtotal_set and line.subtotal_set.shop_money
            ),
            None,
        )
    if body.transactions is None or currency is None:
        return None
    moved = [t for t in body.transactions if t.kind == "refund" and t.status == "success"]
    if any(t.currency != currency for t in moved):
        return None  # told in the buyer's currency only
    minors = [amount(t.amount, currency, f"{path}transactions[{at}].amount", problems) for at, t in enumerate(moved)]
    return sum(minor or 0 for minor in minors) if None not in minors else None
