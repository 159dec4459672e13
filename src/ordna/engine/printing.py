"""What is printed of orders and hand-overs, from what is known of them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec

from ordna.core.messages import PersonSeen
from ordna.core.order import OrderState, labels_of, part_names, part_of
from ordna.core.shipping import ParcelAddress
from ordna.documents.manifest import Manifest, ManifestParcel
from ordna.documents.packing_slip import Slip, SlipLine
from ordna.store.read import connections, labels, order
from ordna.store.read.door import View
from ordna.store.sealing import Keyring


def packing_slip_of(view: View, ring: Keyring, order_id: str, part_id: str) -> Slip | None:
    """What the packing slip of a fulfillment order says; None where there is no such one."""
    detail = order.order_detail(view, order_id)
    if detail is None:
        return None
    known = detail.head.person_id
    person = order.person(view, ring, known) if known else None
    sender = next((carrier.sender for carrier in labels.carriers(view) if carrier.sender), None)
    return _slip(detail.state, part_id, person, msgspec.convert(sender, ParcelAddress) if sender else None)


def manifest_of(view: View, handover: str) -> Manifest | None:
    """What the manifest of a hand-over says; None where there is no such one."""
    found, merchant = labels.handovers(view, handover, 1), connections.merchant(view)
    if not found or merchant is None:
        return None
    [one] = found
    local = one.at.astimezone(ZoneInfo(merchant.zone))
    when = f"{local:%A} {local.day} {local:%B %Y %H:%M}"
    rows = [
        ManifestParcel(each.tracking, each.order_name, each.service, each.weight_g)
        for each in labels.of_handover(view, handover)
    ]
    return Manifest(one.carrier, one.handover, when, one.by, rows)


def _slip(state: OrderState, part_id: str, person: PersonSeen | None, sender: ParcelAddress | None) -> Slip | None:
    part = part_of(state, part_id)
    if part is None or state.order is None:
        return None
    known = {line.id: line for line in state.order.lines or ()}
    lines = [
        SlipLine(lot.units, line.title if line else "A line that is no longer on the order", (line and line.sku) or "")
        for lot in part.lines
        if lot.units > 0
        for line in (known.get(lot.line),)
    ]
    numbers = [f"{label.made.carrier}, {label.made.tracking}" for label in labels_of(state, part_id)]
    details = (part_names(state)[part_id], state.order.shipping_method or "", *numbers)
    return Slip(
        order=state.order.name,
        sender=_rows(sender),
        receiver=((person.name or ""), *person.address) if person is not None else (),
        lines=lines,
        details=tuple(filter(None, details)),
    )


def _rows(address: ParcelAddress | None) -> tuple[str, ...]:
    if address is None:
        return ()
    return (address.name, *address.lines, f"{address.zip} {address.city}", address.country)
