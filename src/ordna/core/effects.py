"""Effects: imperatives to an outside system. The core decides them, the engine keeps them, a connector performs them.

Two natures. A **desired** effect is wanted minus observed (holds, tags): it is computed anew whenever the
picture changes, and opposites that were not sent cancel out. A **once** effect can't be taken back (fulfil, cancel,
the note):
it has one key per generation, is asked at most once, and a new generation exists only after an answer which proves
that the last one did nothing.
"""

from __future__ import annotations

from msgspec import Struct

from ordna.core.messages import Quantity
from ordna.core.shipping import Package, ParcelAddress


class HoldPart(Struct, frozen=True, tag="hold_part"):
    """Place our hold on one fulfillment order. `handle` (at most 64 characters) names the hold among ours."""

    part: str
    handle: str
    reason: str


class ReleasePart(Struct, frozen=True, tag="release_part"):
    """Take our hold off one fulfillment order; never anyone else's. `hold` is the outside id."""

    part: str
    handle: str
    hold: str


class TagOrder(Struct, frozen=True, tag="tag_order"):
    """Put tags on the order."""

    tags: tuple[str, ...]


class UntagOrder(Struct, frozen=True, tag="untag_order"):
    """Take tags off the order."""

    tags: tuple[str, ...]


class NoteOrder(Struct, frozen=True, tag="note_order"):
    """Replace the order's note. The text stands in the effect's sealed body only."""

    text: str


class ShipPart(Struct, frozen=True, tag="ship_part", omit_defaults=True):
    """Create the fulfillment of one fulfillment order: irreversible. `refs` are the outside ids of its lines, in the
    order of `lines`, empty where they are not known."""

    part: str
    lines: tuple[Quantity, ...]
    carrier: str | None = None
    tracking: str | None = None
    notify: bool = False
    refs: tuple[str, ...] = ()


class CancelOrder(Struct, frozen=True, tag="cancel_order"):
    """Cancel the order: irreversible, and asynchronous outside."""

    reason: str
    refund: bool
    restock: bool
    notify: bool


class MovePart(Struct, frozen=True, tag="move_part"):
    """Have another location ship these units of a fulfillment order. `before`: all it held when this was decided."""

    part: str
    location: str
    lines: tuple[Quantity, ...]
    before: tuple[Quantity, ...]


class SplitPart(Struct, frozen=True, tag="split_part"):
    """Part these units off into a fulfillment order of their own. `before`: all it held when this was decided."""

    part: str
    lines: tuple[Quantity, ...]
    before: tuple[Quantity, ...]


class RequestPart(Struct, frozen=True, tag="request_part"):
    """Ask the company that ships a fulfillment order to do so."""

    part: str
    message: str = ""
    notify: bool = False


class AskPartBack(Struct, frozen=True, tag="ask_part_back"):
    """Ask the company that ships a fulfillment order to give it back; it may refuse."""

    part: str
    message: str = ""


class AnswerRequest(Struct, frozen=True, tag="answer_request"):
    """As the company that ships: take a fulfillment order on, or say no, for a reason."""

    part: str
    accept: bool
    reason: str | None = None
    message: str = ""


class AnswerCancellation(Struct, frozen=True, tag="answer_cancellation"):
    """As the company that ships: give a fulfillment order back, or keep it."""

    part: str
    accept: bool
    message: str = ""


class PurchaseLabel(Struct, frozen=True, tag="purchase_label", omit_defaults=True):
    """Buy a label from a carrier: it costs money. `connection` is the carrier's.

    `reference`, `mark`, `sender` and `receiver` are filled in when the effect is sealed, and frozen from then on.
    """

    label: str
    part: str
    connection: int
    service: str
    package: Package
    reference: str = ""
    mark: str = ""
    sender: ParcelAddress | None = None
    receiver: ParcelAddress | None = None


class ReturnLabel(Struct, frozen=True, tag="return_label"):
    """Give a label back to its carrier unused. `shipment` is the carrier's own reference."""

    label: str
    connection: int
    shipment: str


EffectBody = (
    HoldPart | ReleasePart | TagOrder | UntagOrder | NoteOrder | ShipPart | CancelOrder | PurchaseLabel | ReturnLabel
)
ONCE = (ShipPart, CancelOrder, NoteOrder, PurchaseLabel, ReturnLabel)
CARRIERS = (PurchaseLabel, ReturnLabel)
"""Effects that a carrier's connection performs, and not the order's own."""
OF_CARRIERS = tuple(kind.__name__ for kind in CARRIERS)


class Effect(Struct, frozen=True):
    """One effect as decided: `key` is unique in the order and fixed before the first try."""

    key: str
    generation: int
    body: EffectBody

    @property
    def once(self) -> bool:
        """True when it can't be taken back."""
        return isinstance(self.body, ONCE)
