"""Records of the rarer trade: companies that buy on terms, bundles, returns with what is sent in exchange; and risk.

They name lines by id, because an order holds both them and its lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Company:
    """A business customer with the one location it orders for, and the contact who orders."""

    id: int
    name: str
    external_id: str
    location_id: int
    location_name: str
    contact_id: int


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """When an order is to be paid, as agreed: `due_in_days` after `issued_at`. One schedule, the whole amount."""

    id: int
    schedule_id: int
    name: str
    due_in_days: int
    issued_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class LineGroup:
    """A bundle on an order: its component lines carry this id, the bundle itself is no line."""

    id: int
    title: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ReturnLine:
    id: int
    line_id: int
    fulfillment_line_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class ExchangeLine:
    """What is sent instead: a line of the order like any other, and named here."""

    id: int
    line_id: int
    quantity: int


@dataclass(slots=True)
class Return:
    """Units coming back, named after their order: `#1001-R1`."""

    id: int
    name: str
    created_at: datetime
    lines: list[ReturnLine] = field(default_factory=list)
    exchanges: list[ExchangeLine] = field(default_factory=list)
    status: str = "OPEN"  # OPEN CLOSED
    closed_at: datetime | None = None
    refund_id: int | None = None


@dataclass(slots=True)
class RiskAssessment:
    """What a risk provider thinks: `level` NONE LOW MEDIUM HIGH PENDING, facts as (sentiment, sentence)."""

    level: str
    provider: str | None = None
    facts: list[tuple[str, str]] = field(default_factory=list)
