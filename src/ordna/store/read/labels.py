"""Labels, hand-overs and carriers as people see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from ordna.store.carriers import file_place
from ordna.store.persons import unseal_key
from ordna.store.read.door import View
from ordna.store.sealing import Keyring, NotOpened
from ordna.store.sql import blocks

SQL = blocks("read_labels.sql")
PAGE = 50
ENDLESS = datetime(9999, 1, 1, tzinfo=UTC)
TABS: dict[str, tuple[str, ...]] = {
    "to hand over": ("bought",),
    "under way": (
        "handed over", "shipped", "in_transit", "out_for_delivery", "attempted", "ready_for_pickup",
    ),
    "delayed": ("delayed",),
    "failed": ("failed",),
    "returned": ("returned",),
    "delivered": ("delivered",),
}  # fmt: skip
"""The lists of shipments, by where their labels stand."""


@dataclass(frozen=True)
class LabelRow:
    """One label; `price` in minor units."""

    order_id: str
    label_id: str
    connection_id: int
    part: str
    order_name: str
    carrier: str
    service: str
    tracking: str
    shipment: str
    price: int
    currency: str
    weight_g: int
    bought_at: datetime
    stands: str
    stands_since: datetime
    handover: str | None


@dataclass(frozen=True)
class HandoverRow:
    """Parcels that were handed over together."""

    handover: str
    connection_id: int
    at: datetime
    by: str
    carrier: str
    parcels: int


@dataclass(frozen=True)
class CarrierRow:
    """A carrier that is connected."""

    connection_id: int
    kind: str
    title: str
    mode: str
    facts: str

    @property
    def cutoff(self) -> str:
        """Until when it takes parcels along today, "15:00"; "" when it does not say."""
        return str(msgspec.json.decode(self.facts).get("cutoff") or "")

    @property
    def sender(self) -> dict[str, object]:
        """The sender its labels carry."""
        return dict(msgspec.json.decode(self.facts).get("sender") or {})


@dataclass(frozen=True)
class _Count:
    name: str
    number: int


@dataclass(frozen=True)
class _File:
    sealed: bytes
    person_key: bytes


def of_order(view: View, order_id: str) -> list[LabelRow]:
    """The labels of an order, given back ones too."""
    return view.rows(SQL["of_order"], LabelRow, order_id=order_id)


def standing(view: View, tab: str, after: LabelRow | None = None, limit: int = PAGE) -> list[LabelRow]:
    """The labels of one list, the latest change first, `limit` of them after that row."""
    at, order_id, label_id = (after.stands_since, after.order_id, after.label_id) if after else (ENDLESS, "", "")
    more = {"before": at, "before_order": order_id, "before_label": label_id}
    return view.rows(SQL["standing"], LabelRow, stands=list(TABS[tab]), limit=limit, **more)


def counts(view: View) -> dict[str, int]:
    """How many labels each list has, but for what was delivered: those grow for ever."""
    open_tabs = {tab: stands for tab, stands in TABS.items() if tab != "delivered"}
    wanted = [name for stands in open_tabs.values() for name in stands]
    found = {row.name: row.number for row in view.rows(SQL["counts"], _Count, stands=wanted)}
    return {tab: sum(found.get(name, 0) for name in stands) for tab, stands in open_tabs.items()}


def of_handover(view: View, handover: str) -> list[LabelRow]:
    """The labels that were handed over under that name."""
    return view.rows(SQL["of_handover"], LabelRow, handover=handover)


def handovers(view: View, handover: str | None = None, limit: int = 20) -> list[HandoverRow]:
    """The last hand-overs, or the one of that name."""
    return view.rows(SQL["handovers"], HandoverRow, handover=handover, limit=limit)


def carriers(view: View) -> list[CarrierRow]:
    """The carriers that are connected."""
    return view.rows(SQL["carriers"], CarrierRow)


def file(view: View, ring: Keyring, order_id: str, label_id: str, form: str) -> bytes | None:
    """What is printed of a label; None where it is gone, or its person is."""
    row = view.row(SQL["file"], _File, order_id=order_id, label_id=label_id, form=form)
    if row is None:
        return None
    place = (view.merchant_id, order_id)
    try:
        return unseal_key(ring, row.person_key, place).open(row.sealed, file_place(place, label_id, form))
    except NotOpened:
        return None
