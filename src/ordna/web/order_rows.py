"""Orders in lists, with the titles people know steps and teams by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from ordna.core.flow import Flow
from ordna.store.read.orders import OrderRow
from ordna.web.flows import step_title, team_title


@dataclass(frozen=True)
class NamedRow(OrderRow):
    """A line of the list and its names."""

    step_title: str
    owner_title: str


def named(flow: Flow, rows: Iterable[OrderRow]) -> list[NamedRow]:
    """The rows with titles instead of names."""
    return [
        NamedRow(
            **_fields(row), step_title=step_title(flow, row.turn_step), owner_title=team_title(flow, row.turn_owner)
        )
        for row in rows
    ]


def _fields(row: OrderRow) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field in fields(OrderRow)}
