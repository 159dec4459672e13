"""What an order wants of stock, as a function of its facts: units that left are booked, units no longer needed are
given back, and what is still missing becomes a claim.

A merchant whose flow has no section `stock` never comes here. Reserving is a standing wish, like a hold: it is on while
`when` is true, off when it turns false, and waits while `when` is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ordna.core import events as e
from ordna.core.claims import Allotted, Claim, Held, Lacking, Loose, Need, line_units, minus, taken
from ordna.core.evolve import evolve
from ordna.core.flow.model import Flow, StockWish
from ordna.core.hours import due as due_at
from ordna.core.messages import StockSettled
from ordna.core.needs import counted, needed, shipped_from
from ordna.core.order import OrderState
from ordna.core.vocabulary import Values

TIMER = "stock|reserved"


def moves(state: OrderState, wish: StockWish | None, values: Values, at: datetime) -> tuple[e.Event, ...]:
    """What follows at once, without anybody else's say: units that left, came back, or are no longer needed. Without a
    wish, because the order moved to a flow that asks for none, nothing is needed."""
    out = list(_gone(state))
    for event in out:
        state = evolve(state, event, at)
    cause = _unwanted(state, wish, values)
    if cause is None:
        return tuple(out)
    needs = {} if cause else needed(state) or {}
    out.extend(_surplus(state, needs, cause))
    still = tuple(_still_short(state, needs))
    if still != state.short:
        out.append(e.StockShort(still) if still else e.StockNoLongerShort())
    return tuple(out)


def claim(state: OrderState, wish: StockWish, values: Values, *, again: bool = False) -> Claim | None:
    """What the order still lacks and has not been told is short; with `again` that too. None when it lacks nothing."""
    if state.order is None or _unwanted(state, wish, values) != "":
        return None
    has, short = line_units(state.reserved), {} if again else _short_units(state.short)
    needs = []
    for (line, location), units in (needed(state) or {}).items():
        lacks = units - counted(has, line, location) - counted(short, line, location)
        if lacks > 0:
            needs.append(Need(line, _sku(state, line), location, lacks))
    if not needs:
        return None
    return Claim(tuple(needs), wish.whole, f"{state.order.placed_at.isoformat()} {state.order.name}", again)


def settled(state: OrderState, message: StockSettled) -> tuple[e.Event, ...]:
    """The answer to a claim as facts. What is short after it is told in full, or that nothing is any more."""
    out: list[e.Event] = [e.StockReserved(message.reserved)] if message.reserved else []
    answered = {(need.line, need.location) for need in message.claimed}
    before = [one for one in state.short if not message.again or (one.line, one.location) not in answered]
    short = tuple(sorted([*before, *message.short], key=lambda one: (one.line, one.location, one.cause, one.until)))
    if short != state.short:
        out.append(e.StockShort(short) if short else e.StockNoLongerShort())
    return tuple(out)


def expiry(state: OrderState, flow: Flow, values: Values) -> datetime | None:
    """When what is reserved is given back, unless what keeps it comes true before."""
    wish = flow.stock
    if wish is None or wish.expires is None or not state.reserved or state.reserved_at is None or _kept(wish, values):
        return None
    return due_at(state.reserved_at, wish.expires, flow.hours)


# --- what left ------------------------------------------------------------------------------------------------


def _gone(state: OrderState) -> Iterable[e.Event]:
    """What the parcels took, compared with what was booked as gone."""
    if not state.stock_asked:
        yield from _before_our_time(state)
        return
    shipped, booked = _by_line(shipped_from(state)), _by_line(_booked(state))
    reserved = state.reserved
    lines: list[Allotted] = []
    loose: list[Loose] = []
    back: list[e.Event] = []
    for line in sorted({*shipped, *booked}):
        went, known = shipped.get(line, {}), booked.get(line, {})
        more = sum(went.values()) - sum(known.values())
        if more < 0:
            back.extend(_back(state, line, _apart(known, went, -more)))
        for location, units in _apart(went, known, more) if more > 0 else ():
            took, rest = _take(reserved, line, location, units)
            reserved = minus(reserved, took)
            lines.extend(took)
            if rest:
                loose.append(Loose(line, _sku(state, line), location, rest))
    if lines or loose:
        yield e.StockConsumed(tuple(lines), tuple(loose))
    yield from back


def _before_our_time(state: OrderState) -> Iterable[e.Event]:
    """Parcels of an order for which nothing was claimed yet took nothing of what was set aside."""
    if state.closed or state.cancelled or not state.parcels:
        return
    loose = tuple(Loose(line, _sku(state, line), "", units) for (line, _), units in sorted(shipped_from(state).items()))
    if loose:
        yield e.StockConsumed((), loose)


def _apart(more: dict[str, int], less: dict[str, int], units: int) -> list[tuple[str, int]]:
    """So many units, told by the locations at which one has more than the other; the rest at ""."""
    out: list[tuple[str, int]] = []
    for location in sorted(more, reverse=True):
        differs = min(units, more[location] - less.get(location, 0))
        if location and differs > 0:
            out.append((location, differs))
            units -= differs
    return [*out, ("", units)] if units > 0 else out


def _take(allotted: tuple[Allotted, ...], line: str, location: str, units: int) -> tuple[tuple[Allotted, ...], int]:
    """Units of the line at the location, or at any where none is named; and how many there are not."""
    out: list[Allotted] = []
    for place in sorted({one.location for one in allotted if one.line == line}):
        if location in ("", place) and units > 0:
            took = taken(allotted, line, place, units)
            units -= line_units(took).get((line, place), 0)
            out.extend(took)
    return tuple(out), units


def _back(state: OrderState, line: str, places: list[tuple[str, int]]) -> Iterable[e.Event]:
    left = state.left
    for location, units in places:
        lines, rest = _take(left, line, location, units)
        left = minus(left, lines)
        loose: list[Loose] = []
        for one in state.loose:
            if one.line == line and location in ("", one.location) and rest > 0:
                loose.append(Loose(line, one.sku, one.location, min(rest, one.units)))
                rest -= loose[-1].units
        if lines or loose:
            yield e.StockTakenBack(lines, tuple(loose))


def _booked(state: OrderState) -> Held:
    out = line_units(state.left)
    for one in state.loose:
        out[one.line, one.location] = out.get((one.line, one.location), 0) + one.units
    return out


def _by_line(held: Held) -> dict[str, dict[str, int]]:
    out: dict[str, dict[str, int]] = {}
    for (line, location), units in held.items():
        out.setdefault(line, {})[location] = units
    return out


def _sku(state: OrderState, line: str) -> str:
    lines = (state.order.lines if state.order is not None else None) or ()
    return next((one.sku or "" for one in lines if one.id == line), "")


# --- what is needed -------------------------------------------------------------------------------------------


def _unwanted(state: OrderState, wish: StockWish | None, values: Values) -> str | None:
    """Why nothing is to be reserved; "" when something is, None when nobody can say."""
    if state.cancelled:
        return "cancelled"
    if state.closed:
        return "closed"
    if wish is None:
        return "unwanted"
    if state.stock_lapsed and not _kept(wish, values):
        return "expired"
    truth = wish.when.evaluate(values)
    if truth is None or needed(state) is None:
        return None
    return "" if truth else "unwanted"


def _kept(wish: StockWish, values: Values) -> bool:
    return wish.keeps is not None and wish.keeps.evaluate(values) is True


def _surplus(state: OrderState, needs: Held, cause: str) -> list[e.Event]:
    """What is reserved above what is needed, or elsewhere than it is needed."""
    if not state.reserved:
        return []
    anywhere = {line: units for (line, location), units in needs.items() if not location}
    needed_lines = {line for line, _ in needs}
    edited: list[Allotted] = []
    moved: list[Allotted] = []
    for (line, location), has in sorted(line_units(state.reserved).items()):
        keeps = min(has, needs.get((line, location), 0))
        free = min(has - keeps, anywhere.get(line, 0))
        anywhere[line] = anywhere.get(line, 0) - free
        if has > keeps + free:
            into = moved if line in needed_lines and (line, location) not in needs else edited
            into.extend(taken(state.reserved, line, location, has - keeps - free))
    out: list[e.Event] = []
    if edited:
        out.append(e.StockReleased(tuple(edited), cause or "edited"))
    if moved:
        out.append(e.StockReleased(tuple(moved), "moved"))
    return out


def _still_short(state: OrderState, needs: Held) -> Iterable[Lacking]:
    """What was short and is still needed where it was."""
    has = line_units(state.reserved)
    room = {place: units - counted(has, *place) for place, units in needs.items()}
    for one in state.short:
        units = min(one.units, room.get((one.line, one.location), 0))
        if units > 0:
            room[one.line, one.location] -= units
            yield Lacking(one.line, one.sku, one.location, units, one.cause, one.until)


def _short_units(short: tuple[Lacking, ...]) -> Held:
    out: Held = {}
    for one in short:
        out[one.line, one.location] = out.get((one.line, one.location), 0) + one.units
    return out
