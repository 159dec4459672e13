"""What is printed of orders and hand-overs, from what is known of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from ordna.core.messages import PersonSeen
from ordna.core.order import OrderState, labels_of, part_names, part_of
from ordna.core.shipping import ParcelAddress
from ordna.documents import manifest, packing_slip
from ordna.documents.manifest import Manifest, ManifestParcel
from ordna.documents.packing_slip import Slip, SlipLine
from ordna.store.read.labels import LabelRow


def packing_slip_of(
    state: OrderState, part_id: str, person: PersonSeen | None, sender: ParcelAddress | None
) -> bytes | None:
    """The packing slip of a fulfillment order as PDF; None where there is no such one."""
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
    labels = [f"{label.made.carrier}, {label.made.tracking}" for label in labels_of(state, part_id)]
    details = (part_names(state)[part_id], state.order.shipping_method or "", *labels)
    slip = Slip(
        order=state.order.name,
        sender=_rows(sender),
        receiver=((person.name or ""), *person.address) if person is not None else (),
        lines=lines,
        details=tuple(filter(None, details)),
    )
    return packing_slip.pdf(slip)


def manifest_of(name: str, carrier: str, at: datetime, zone: str, by: str, parcels: Iterable[LabelRow]) -> bytes:
    """The manifest of a hand-over as PDF."""
    local = at.astimezone(ZoneInfo(zone))
    when = f"{local:%A} {local.day} {local:%B %Y %H:%M}"
    rows = [ManifestParcel(each.tracking, each.order_name, each.service, each.weight_g) for each in parcels]
    return manifest.pdf(Manifest(carrier, name, when, by, rows))


def _rows(address: ParcelAddress | None) -> tuple[str, ...]:
    if address is None:
        return ()
    return (address.name, *address.lines, f"{address.zip} {address.city}", address.country)
