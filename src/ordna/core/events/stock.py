"""What the order knows of stock: facts that the engine's settling of a claim, and the flow, came to."""

from __future__ import annotations

from ordna.core.claims import Allotted, Lacking, Loose
from ordna.core.events.base import Event


class StockReserved(Event, frozen=True, tag=True):
    """Units were set aside for the order; nobody else is promised them."""

    lines: tuple[Allotted, ...]


class StockShort(Event, frozen=True, tag=True):
    """Units could not be had: all that the order lacks from now on."""

    lines: tuple[Lacking, ...]


class StockNoLongerShort(Event, frozen=True, tag=True):
    """The order lacks nothing any more."""


class StockReleased(Event, frozen=True, tag=True):
    """Units set aside were given back. `cause`: cancelled, closed, edited, moved, expired or unwanted."""

    lines: tuple[Allotted, ...]
    cause: str


class StockConsumed(Event, frozen=True, tag=True):
    """Units left the house: those that were set aside, and `loose` ones that were not."""

    lines: tuple[Allotted, ...]
    loose: tuple[Loose, ...] = ()


class StockTakenBack(Event, frozen=True, tag=True):
    """A fulfillment was taken back: its units are set aside again, and loose ones are free."""

    lines: tuple[Allotted, ...]
    loose: tuple[Loose, ...] = ()
