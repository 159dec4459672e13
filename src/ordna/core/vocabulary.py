"""The vocabulary: every name a condition may read, its meaning, and the events that produce it.

This table is the contract between what happens and what can be decided. `docs/vocabulary.md` is generated from it. A
field without a producer in this version can't be used; the flow checker says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ordna.core import lifecycle
from ordna.core.flow.vocabulary import Field, Nature, Type, Vocabulary
from ordna.core.messages import LineSeen, PartSeen
from ordna.core.needs import all_reserved
from ordna.core.order import (
    OrderState,
    Units,
    covers,
    delivered_units,
    handled_units,
    live_parts,
    part_status,
    shipped_units,
)
from ordna.core.values import BadValue, minor_units

Values = dict[str, Any]

_BODY = ("OrderPlaced", "OrderChanged")
_PAID = ("OrderPlaced", "PaymentAuthorized", "PaymentCaptured", "PaymentPartlyPaid", "PaymentVoided", "PaymentExpired")
_CUSTOMER = ("OrderPlaced", "EarlierOrdersFound")
_PARCEL = ("Shipped", "ShipmentChanged", "ShipmentCancelled")
_ROUTED = ("OrderRouted", "FulfillmentOrderAdded", "FulfillmentOrderChanged")
_STOCK = ("StockReserved", "StockShort", "StockNoLongerShort", "StockReleased", "StockConsumed", "StockTakenBack")
_AGREED = (*_BODY, "PaymentPended", *_PAID[1:])


def _field(name: str, kind: Type, nature: Nature, doc: str, *produced_by: str, element: str = "") -> Field:
    return Field(name, kind, nature, name.partition(".")[0], doc, produced_by, element)


_DEED, _FACT, _VALUE = Nature.DEED, Nature.CIRCUMSTANCE, Nature.VALUE

_FIELDS = (
    _field("order.placed", Type.BOOL, _DEED, "the order was placed", "OrderPlaced"),
    _field("order.placed_at", Type.MOMENT, _VALUE, "when the order was placed, by the shop's clock", "OrderPlaced"),
    _field("order.cancelled", Type.BOOL, _DEED, "the shop cancelled or deleted it", "OrderCancelled", "OrderDeleted"),
    _field("order.closed", Type.BOOL, _DEED, "the order is in the shop's archive", "OrderClosed"),
    _field("order.total", Type.MONEY, _VALUE, "the order's total in the shop's currency", *_BODY),
    _field("order.currency", Type.TEXT, _VALUE, "the shop's currency on this order", *_BODY),
    _field("order.paid_currency", Type.TEXT, _VALUE, "the currency the customer saw", *_BODY),
    _field("order.test", Type.BOOL, _VALUE, "a test order: no real money, no real parcel", *_BODY),
    _field("order.source", Type.TEXT, _VALUE, "where it was placed: web, pos, or a channel's id", *_BODY),
    _field("order.country", Type.TEXT, _VALUE, "two letters of the country it goes to", *_BODY),
    _field("order.tags", Type.TEXTS, _VALUE, "the order's tags in the shop", *_BODY),
    _field("order.noted", Type.BOOL, _VALUE, "the order carries a note", *_BODY),
    _field("order.shipping_method", Type.TEXT, _VALUE, "the shipping method's title or code", *_BODY),
    _field("order.lines", Type.LIST, _VALUE, "the lines that still count", *_BODY, element="line"),
    _field("order.units", Type.NUMBER, _VALUE, "units on all lines that still count", *_BODY),
    _field("order.business", Type.BOOL, _VALUE, "a company placed it", *_BODY),
    _field("order.ships", Type.BOOL, _FACT, "something of the order is to be shipped", *_BODY),
    _field("order.routed", Type.BOOL, _FACT, "the shop has decided which location ships what", "OrderRouted"),
    _field("line.sku", Type.TEXT, _VALUE, "the line's SKU", *_BODY),
    _field("line.title", Type.TEXT, _VALUE, "the line's title", *_BODY),
    _field("line.quantity", Type.NUMBER, _VALUE, "units of the line that still count", *_BODY),
    _field("line.price", Type.MONEY, _VALUE, "price of one unit in the shop's currency", *_BODY),
    _field("line.gift_card", Type.BOOL, _VALUE, "the line sells a gift card", *_BODY),
    _field("line.ships", Type.BOOL, _VALUE, "the line is to be shipped", *_BODY),
    _field("payment.secured", Type.BOOL, _DEED, "the money is reserved or in hand", *_PAID),
    _field("payment.captured", Type.BOOL, _DEED, "the money is in hand", *_PAID),
    _field("payment.agreed", Type.BOOL, _DEED, "the shop agreed to be paid later, and waits for it", *_AGREED),
    _field("payment.due_at", Type.MOMENT, _VALUE, "the day on which the agreed payment falls due", *_BODY),
    _field("payment.status", Type.TEXT, _VALUE, "a state of the payment machine", *_PAID),
    _field("customer.orders_before", Type.NUMBER, _VALUE, "the customer's earlier orders", *_CUSTOMER),
    _field("risk.level", Type.TEXT, _VALUE, "the shop's risk verdict: none, low, medium, high", "RiskAssessed"),
    _field("address.complete", Type.BOOL, _FACT, "a parcel could be addressed, or there is none to address", *_BODY,
           "AddressAccepted", *_ROUTED),
    _field("held", Type.BOOL, _FACT, "a hold of ours stands", "HoldPlaced", "HoldReleased", "HoldLapsed"),
    _field("stock.reserved", Type.BOOL, _FACT, "every unit that is still to be shipped is set aside", *_STOCK),
    _field("stock.short", Type.BOOL, _FACT, "some unit could not be had, and nobody knows when", *_STOCK),
    _field("stock.backordered", Type.BOOL, _FACT, "some unit is promised for later", *_STOCK),
    _field("fulfillment_order.picked", Type.BOOL, _DEED, "all its units are picked", "Picked"),
    _field("fulfillment_order.packed", Type.BOOL, _DEED, "all its units are packed", "Packed"),
    _field("fulfillment_order.shipped", Type.BOOL, _DEED, "all its units left", *_PARCEL),
    _field("fulfillment_order.delivered", Type.BOOL, _DEED, "all its units arrived", "ShipmentDelivered"),
    _field("fulfillment_order.held_outside", Type.BOOL, _FACT, "somebody else's hold stands on it", "OrderRouted",
           "FulfillmentOrderHeld", "FulfillmentOrderOpened", "FulfillmentOrderChanged"),
    _field("fulfillment_order.location", Type.TEXT, _VALUE, "the name of its location", "OrderRouted"),
    _field("fulfillment_order.delivery_method", Type.TEXT, _VALUE,
           "how the buyer gets it: shipping, pickup_point, local, pick_up or retail", *_ROUTED),
    _field("fulfillment_order.status", Type.TEXT, _VALUE, "a state of the fulfillment order machine", "OrderRouted"),
)  # fmt: skip

VOCABULARY = Vocabulary({field.name: field for field in _FIELDS})


def order_values(state: OrderState, currency: str) -> Values:
    """What conditions read of the order as a whole. Money in minor units of `currency`, or None where it is
    another's."""
    order = state.order
    if order is None:
        return {}
    lines = None if order.lines is None else [line for line in order.lines if line.current_quantity > 0]
    return {
        "order.placed": True,
        "order.placed_at": order.placed_at,
        "order.cancelled": state.cancelled,
        "order.closed": state.closed,
        "order.total": order.total if order.currency == currency else None,
        "order.currency": order.currency,
        "order.paid_currency": order.paid_currency,
        "order.test": order.test,
        "order.source": order.source,
        "order.country": order.country,
        "order.tags": order.tags,
        "order.noted": order.note_digest is not None,
        "order.shipping_method": order.shipping_method,
        "order.lines": lines if lines is None else Lines(lines, currency),
        "order.business": order.company is not None,
        "order.units": None if lines is None else sum(line.current_quantity for line in lines),
        "order.ships": None if lines is None else any(line.ships and not line.gift_card for line in lines),
        "order.routed": state.routed_at is not None,
        "payment.secured": None if order.payment is None else order.payment in lifecycle.SECURED,
        "payment.captured": None
        if order.payment is None
        else order.payment in ("paid", "partially_refunded", "refunded"),
        "payment.agreed": agreed(state),
        "payment.due_at": order.terms_due,
        "payment.status": order.payment,
        "customer.orders_before": state.orders_before,
        "risk.level": state.risk,
        "address.complete": state.address_complete,
        "held": bool(state.holds),
        "stock.reserved": all_reserved(state) if state.stock_asked else None,
        "stock.short": any(one.cause != "backorder" for one in state.short) if state.stock_asked else None,
        "stock.backordered": any(one.cause == "backorder" for one in state.short) if state.stock_asked else None,
    }


def agreed(state: OrderState) -> bool | None:
    """Whether the money is still to come and the shop agreed to wait for it ("Net 30"); None when nobody can say."""
    order = state.order
    if order is None or order.payment is None:
        return None
    return order.terms is not None and order.payment in ("pending", "partially_paid")


class Lines(Sequence[Values]):
    """An order's lines as conditions read them, each made when it is read: most rules look at none."""

    def __init__(self, lines: list[LineSeen], currency: str) -> None:
        self._lines = lines
        self._currency = currency

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [_line_values(line, self._currency) for line in self._lines[at]]
        return _line_values(self._lines[at], self._currency)


def part_values(state: OrderState) -> dict[str, Values]:
    """What conditions read of each live fulfillment order, by its id."""
    parts = live_parts(state)
    if not parts:
        return {}
    shipped, delivered = shipped_units(state), delivered_units(state)
    picked, packed = handled_units(state, state.picked), handled_units(state, state.packed)
    return {part.id: _one_part(part, picked, packed, shipped, delivered) for part in parts}


def _one_part(
    part: PartSeen,
    picked: Mapping[str, Units],
    packed: Mapping[str, Units],
    shipped: Mapping[str, Units],
    delivered: Mapping[str, Units],
) -> Values:
    left = shipped.get(part.id, {})
    return {
        "fulfillment_order.picked": covers(picked.get(part.id, {}), part.lines),
        "fulfillment_order.packed": covers(packed.get(part.id, {}), part.lines),
        "fulfillment_order.shipped": covers(left, part.lines),
        "fulfillment_order.delivered": covers(delivered.get(part.id, {}), part.lines),
        "fulfillment_order.held_outside": any(not hold.ours for hold in part.holds),
        "fulfillment_order.location": part.location_name,
        "fulfillment_order.delivery_method": part.delivery_method,
        "fulfillment_order.status": part_status(part, left),
    }


def _line_values(line: Any, currency: str) -> Values:
    return {
        "line.sku": line.sku,
        "line.title": line.title,
        "line.quantity": line.current_quantity,
        "line.price": _price(line.price, currency),
        "line.gift_card": line.gift_card,
        "line.ships": line.ships,
    }


def _price(text: str | None, currency: str) -> int | None:
    try:
        return None if text is None else minor_units(text, currency)
    except BadValue:
        return None
