"""The part of the fold that is about stock: what is set aside for the order, what it lacks, what left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from ordna.core import events as e
from ordna.core.claims import Loose, minus, plus
from ordna.core.order import OrderState


def _reserved(state: OrderState, event: e.StockReserved, at: datetime) -> OrderState:
    since = state.reserved_at if state.reserved else at
    held = plus(state.reserved, event.lines)
    return replace(state, stock_asked=True, reserved=held, reserved_at=since, stock_lapsed=False)


def _short(state: OrderState, event: e.StockShort, at: datetime) -> OrderState:
    return replace(state, stock_asked=True, short=event.lines)


def _short_no_longer(state: OrderState, event: e.StockNoLongerShort, at: datetime) -> OrderState:
    return replace(state, short=())


def _released(state: OrderState, event: e.StockReleased, at: datetime) -> OrderState:
    lapsed = state.stock_lapsed or event.cause == "expired"
    return replace(state, reserved=minus(state.reserved, event.lines), stock_lapsed=lapsed)


def _consumed(state: OrderState, event: e.StockConsumed, at: datetime) -> OrderState:
    return replace(
        state,
        stock_asked=True,
        reserved=minus(state.reserved, event.lines),
        left=plus(state.left, event.lines),
        loose=_loose(state.loose, event.loose, 1),
    )


def _taken_back(state: OrderState, event: e.StockTakenBack, at: datetime) -> OrderState:
    return replace(
        state,
        reserved=plus(state.reserved, event.lines),
        left=minus(state.left, event.lines),
        loose=_loose(state.loose, event.loose, -1),
    )


def _loose(known: tuple[Loose, ...], more: tuple[Loose, ...], sign: int) -> tuple[Loose, ...]:
    sums = {(one.line, one.sku, one.location): one.units for one in known}
    for one in more:
        key = (one.line, one.sku, one.location)
        sums[key] = sums.get(key, 0) + sign * one.units
    return tuple(Loose(*key, units) for key, units in sorted(sums.items()) if units > 0)


APPLY: dict[type[e.Event], Callable[[OrderState, Any, datetime], OrderState]] = {
    e.StockReserved: _reserved,
    e.StockShort: _short,
    e.StockNoLongerShort: _short_no_longer,
    e.StockReleased: _released,
    e.StockConsumed: _consumed,
    e.StockTakenBack: _taken_back,
}
