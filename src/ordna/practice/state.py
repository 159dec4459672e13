"""The practice shop on disk, so that stopping it and starting it again gives the same shop.

One file: a line naming the kind and the shape of what follows, then a pickle of the world, its life, the stories and
the unfinished deliveries. Scheduled work is not kept, because it is code; it is made anew from the records: orders not
routed yet are routed, cancellations run, people do what they intended, parcels travel on. The shape is a digest of all
record classes and their fields; a file of another shape is of another version and is not read.

A state file is data and not code. A plain pickle may name any function of Python and have it called while it is read,
so whoever can put a file here could run anything. Ours resolves only the classes listed in `_RECORDS` and `_VALUES`,
by exact name; whatever else a file names, it is refused. The file holds access tokens: it is readable by its owner
only, and written beside its place and then renamed, so that a crash leaves the one before. After a crash, numbers are
left out, because those given since the last save are known outside.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import pickle
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from ordna.practice import business, model
from ordna.practice.deliveries import Delivery, Event, Target
from ordna.practice.life import Life
from ordna.practice.mutations.edits import EditSession, StagedLine
from ordna.practice.plots import Step
from ordna.practice.runtime import PracticeShop, Told, real_clock
from ordna.practice.world import World

FORMAT = 1

_RECORDS: tuple[type, ...] = (
    model.Address,
    model.App,
    model.Cancellation,
    model.Customer,
    model.Discount,
    model.DiscountAllocation,
    model.Fulfillment,
    model.FulfillmentEvent,
    model.FulfillmentLine,
    model.FulfillmentOrder,
    model.FulfillmentOrderLine,
    model.Hold,
    model.Job,
    model.Line,
    model.Location,
    model.MerchantRequest,
    model.MoneyBag,
    model.Order,
    model.Product,
    model.Refund,
    model.RefundLine,
    model.RiskAssessment,
    model.Shop,
    model.ShippingLine,
    model.TaxLine,
    model.Tracking,
    model.Transaction,
    model.Variant,
    model.WebhookSubscription,
    business.Company,
    business.ExchangeLine,
    business.LineGroup,
    business.PaymentTerms,
    business.Return,
    business.ReturnLine,
    EditSession,
    StagedLine,
    Step,
    Told,
    Delivery,
    Event,
    Target,
)
_VALUES: tuple[type, ...] = (datetime, timedelta, timezone, Decimal)
_KNOWN = {(known.__module__, known.__qualname__): known for known in (*_RECORDS, *_VALUES)}


class Unreadable(Exception):
    """The file is not a state of this version of the practice shop."""


def save(shop: PracticeShop, file: Path, *, closing: bool = False) -> None:
    """Write the shop as it stands now; `closing` says that it does not go on after this.

    Raises OSError where the file cannot be written.
    """
    shop.advance()
    state = {
        "closed": closing,
        "world": shop.world.state(),
        "life": shop.life.state(),
        "stories": shop.stories(),
        "mutations_served": shop.mutations_served,
        "deliveries": shop.sender.desk.unfinished(),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.new")
    beside.unlink(missing_ok=True)
    # Made with its rights, never widened for a moment.
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(_first_line() + pickle.dumps(state, protocol=5))
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)


def load(file: Path, clock: Callable[[], datetime] = real_clock) -> PracticeShop:
    """The shop of a file, going on from now. Raises FileNotFoundError, `Unreadable`, or another OSError."""
    content = file.read_bytes()
    first_line = _first_line()
    if not content.startswith(first_line):
        raise Unreadable("it was written by another version")
    try:
        return _shop_of(_Reader(io.BytesIO(content[len(first_line) :])).load(), clock)
    except Unreadable:
        raise
    except Exception as error:
        # A damaged pickle fails in any way whatever, and none of them may keep the shop from opening.
        raise Unreadable("it is damaged") from error


def _shop_of(state: dict[str, Any], clock: Callable[[], datetime]) -> PracticeShop:
    world = World.from_state(state["world"])
    if not state["closed"]:
        world.leave_numbers_out()
    world.tick(clock())
    shop = PracticeShop(world, Life.from_state(world, state["life"]), clock)
    shop.mutations_served = state["mutations_served"]
    shop.take_up_stories(state["stories"])
    shop.sender.desk.take_up(state["deliveries"])
    return shop


def _first_line() -> bytes:
    hasher = hashlib.sha256()
    for record in _RECORDS:
        names = [(one.name, str(one.type)) for one in dataclasses.fields(record)]
        hasher.update(repr((record.__module__, record.__qualname__, names)).encode())
    return f"ordna practice shop {FORMAT} {hasher.hexdigest()[:16]}\n".encode()


class _Reader(pickle.Unpickler):
    """Reads our records and plain values, and nothing that could be called to do something else."""

    def find_class(self, module_name: str, global_name: str, /) -> type:
        known = _KNOWN.get((module_name, global_name))
        if known is None:
            raise Unreadable(f"it names {module_name}.{global_name}, which no state holds")
        return known
