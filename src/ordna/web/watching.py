"""How a connection is looked after, in words: its sweep, its subscriptions, the import of its history, its gaps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from ordna.store.read.connections import ConnectionRow, DutyRow, GapRow
from ordna.web import words

GAPS_SHOWN = 3
TOLD_FOR = timedelta(days=14)
COUNT_MAX = 10_000
"""A shop counts its orders no further."""
BEGINNINGS = {
    "silent": ("Silent since {}.", "Silent {}–{}."),
    "unreadable": ("It could not be read since {}.", "It could not be read {}–{}."),
    "unsubscribed": ("Webhooks were missing since {}.", "Webhooks were missing {}–{}."),
}


class Progress(msgspec.Struct):
    """What a page tells of an import."""

    expected: int | None = None
    filed: int = 0
    to_read: int = 0
    refused: str | None = None
    done: bool = False


def care(duties: Sequence[DutyRow], gaps: Sequence[GapRow], now: datetime, zone: str) -> dict[int, dict[str, Any]]:
    """By connection: `sweep` and `subscriptions` as rows, `history` a sentence, `gaps` with tone, shape, sentence."""
    found: dict[int, dict[str, Any]] = {}
    for duty in duties:
        mine = found.setdefault(duty.connection_id, {"gaps": []})
        mine[duty.duty] = importing(duty.progress) if duty.duty == "history" else duty
    for gap in gaps:
        mine = found.setdefault(gap.connection_id, {"gaps": []})
        if len(mine["gaps"]) < GAPS_SHOWN:
            mine["gaps"].append(_shown(gap, now, zone))
    return found


def gap_sentence(gap: GapRow, now: datetime, zone: str) -> str:
    """ "Silent 12:03–17:05. 1,481 orders were read again; the gap is closed since 17:14." """

    def at(moment: datetime) -> str:
        return words.clock(moment, now, zone)

    still, over = BEGINNINGS[gap.cause]
    lost = f" {_many(gap.lost, 'subscription was', 'subscriptions were')} gone from the shop" if gap.lost else ""
    if gap.lost:
        lost += f" and made again at {at(gap.subscribed_at)}." if gap.subscribed_at else "; they are being made again."
    if gap.ended_at is None:
        return f"{still.format(at(gap.began_at))}{lost} No step is called late until the shop has said what changed."
    begun = over.format(at(gap.began_at), at(gap.ended_at)) + lost
    if gap.closed_at is not None:
        read = _many(gap.orders, "order was", "orders were") + " read again" if gap.orders else "Nothing had changed"
        return f"{begun} {read}; the gap is closed since {at(gap.closed_at)}."
    changed = _many(gap.orders, "order has", "orders have")
    rest = f"{gap.waiting:,} still to be read" if gap.waiting else "the last are being taken in"
    return f"{begun} {changed} changed; {rest}."


def zone_sentence(link: ConnectionRow, now: datetime, zone: str) -> str:
    """ "The shop's time zone is Europe/London since 12:00; it was Europe/Copenhagen. Working hours and cut-offs follow
    it: 12 open orders were counted anew." "" when it did not change in the last days."""
    since = link.fact("zone_since")
    if not since or now - datetime.fromisoformat(since) > TOLD_FOR:
        return ""
    at = words.clock(datetime.fromisoformat(since), now, zone)
    told = f"The shop’s time zone is {link.fact('zone')} since {at}; it was {link.fact('zone_before')}. "
    kept = link.fact("zone_kept")
    if kept:
        return f"{told}The flow keeps the hours of {kept}: change its zone if they are to follow."
    counted = _many(int(link.fact("zone_orders") or 0), "open order was", "open orders were")
    return f"{told}Working hours and cut-offs follow it: {counted} counted anew."


def importing(progress: str) -> str:
    """How far an import is; "" when it is over."""
    stands = msgspec.json.decode(progress, type=Progress)
    if stands.done:
        return ""
    there = f"{stands.filed + stands.to_read:,}"
    if stands.expected is not None:
        there += f" of {stands.expected:,}" if stands.expected < COUNT_MAX else f" of more than {COUNT_MAX:,}"
    one_by_one = f"; {stands.to_read:,} are read one by one" if stands.to_read else ""
    how = ", page by page, for the shop does not gather them in bulk" if stands.refused else ""
    return f"Earlier orders are coming in: {there}{how}{one_by_one}."


def _shown(gap: GapRow, now: datetime, zone: str) -> dict[str, str]:
    if gap.closed_at is not None:
        tone, shape = "calm", "disc"
    else:
        tone, shape = ("warn", "half") if gap.ended_at is not None else ("bad", "triangle")
    return {"tone": tone, "shape": shape, "sentence": gap_sentence(gap, now, zone)}


def _many(count: int, one: str, more: str) -> str:
    return f"1 {one}" if count == 1 else f"{count:,} {more}"
