"""One order in a batch, from the moment it is locked to the moment it is written."""

from __future__ import annotations

from datetime import datetime

from ordna.core.claims import Claim
from ordna.core.effects import Effect
from ordna.core.messages import PersonSeen
from ordna.core.outcome import Order
from ordna.core.policy import Policy
from ordna.engine import objects
from ordna.store.connections import ConnectionNow
from ordna.store.journal import Link
from ordna.store.sealing import PersonKey


class Page:
    """One order in a batch: as it was read, as it stands by now, and what was noted on the way."""

    __slots__ = (
        "asks_again", "before", "claim", "connection", "effects", "erased", "is_new", "key", "links", "merchant_id",
        "newly_erased", "news_at", "opened", "order", "order_id", "order_ref", "person", "person_id", "person_mark",
        "policy", "trail",
    )  # fmt: skip

    def __init__(
        self,
        connection: ConnectionNow,
        order_ref: str,
        order_id: str,
        order: Order,
        trail: objects.Trail,
        person_id: str | None,
        person_mark: bytes | None,
        *,
        is_new: bool,
        erased: bool = False,
    ) -> None:
        self.connection = connection
        self.merchant_id = connection.merchant_id
        self.order_ref = order_ref
        self.order_id = order_id
        self.before = self.order = order
        self.trail = trail
        self.person_id = person_id
        self.person_mark = person_mark
        self.is_new = is_new
        self.erased = erased
        self.newly_erased = False
        self.policy: Policy | None = None
        self.claim: Claim | None = None
        self.asks_again = False
        self.person: PersonSeen | None = None
        self.key: tuple[PersonKey, bytes] | None = None  # the person's, and as it is stored, once it was needed
        self.news_at = 0
        self.effects: list[Effect] = []
        self.links: list[Link] = []
        self.opened: dict[tuple[str, str, int], datetime | None] = {}
