"""What a chaos run proves, from three books kept apart: the sender's list, the shop's record, and Ordna's tables."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg

from bench.chaos_kills import Kill
from bench.gauges import percentile
from ordna.core.effects import CancelOrder, Effect, HoldPart, NoteOrder, ReleasePart, ShipPart, TagOrder, UntagOrder
from ordna.engine.replay import replay
from ordna.store.database import Database
from ordna.store.outbox import open_effect
from ordna.store.packing import unpack
from ordna.store.sealing import keyring

CALM_S = 1.0
"""A try is outside the faults when none was going on while it lasted, nor ended within this time before it began."""
HANDLED = ("facts", "nothing", "hint", "duplicate", "early", "ignored")

Deed = tuple[str, str]
"""(operation, target): the same words for a call at the shop and for an effect in the tables."""


def lost(conn: psycopg.Connection[Any], acked: list[tuple[int, str, str]]) -> list[tuple[int, str]]:
    """Acknowledged deliveries whose very bytes do not stand in the inbox as handled."""
    with conn.cursor(name="handled", binary=True) as rows:
        rows.execute(
            """select merchant_id, webhook_id, body, raw_bytes from inbox
               where topic not like 'ordna/%%' and handled_at is not null and outcome = any(%s)""",
            [list(HANDLED)],
        )
        handled = {(merchant, hook, sha256(unpack(body, raw)).hexdigest()) for merchant, hook, body, raw in rows}
    return [(merchant, hook) for merchant, hook, body in acked if (merchant, hook, body) not in handled]


def effects_compared(conn: psycopg.Connection[Any], home: Path, shop: dict[str, Any]) -> dict[str, Any]:
    """The effects as decided against the deeds as done.

    What can't be taken back (parcels) must have been done once for each confirmed key, never more. What can be (holds,
    tags) must have been done for a confirmed key, and never more often than there are keys: a look-up that finds a tag
    standing has nothing to do. No hold may stand when all orders are over.
    """
    done = Counter((name, target) for name, target, _ in shop["deeds"])
    bodies: dict[Deed, set[str]] = {}
    for name, target, body in shop["deeds"]:
        bodies.setdefault((name, target), set()).add(body)
    confirmed: Counter[Deed] = Counter()
    asked: Counter[Deed] = Counter()
    once: set[Deed] = set()
    statuses: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for row, effect in _effects(conn, home):
        deed = _deed(effect, row["order_ref"])
        asked[deed] += 1
        confirmed[deed] += row["status"] == "confirmed"
        statuses[row["status"]] += 1
        kinds[deed[0]] += 1
        if effect.once:
            once.add(deed)
    missing = [
        deed for deed in confirmed if done[deed] < (confirmed[deed] if deed in once else min(1, confirmed[deed]))
    ]
    missing += [("Release", part) for part, handles in shop["holds"].items() if handles]  # every order is over
    doubled = [deed for deed in done if done[deed] > (confirmed[deed] if deed in once else asked[deed])]
    unsettled = {name: count for name, count in statuses.items() if name in ("due", "sending", "in_doubt", "dead")}
    return {
        "effects": sum(statuses.values()),
        "by_kind": dict(kinds),
        "missing": missing,
        "doubled": doubled,
        "one_key_two_bodies": sum(len(seen) > 1 for deed, seen in bodies.items() if deed in once),
        "two_keys_in_a_generation": _two_keys(conn),
        "unsettled": unsettled,
    }


def in_doubt_ever(conn: psycopg.Connection[Any]) -> int:
    """Effects that were in doubt at some time: their order was told so, or a second try began by a look-up. (The shop
    of the run never says "again", so whatever has a second try was in doubt.)"""
    row = conn.execute(
        """select count(*) from (
             select merchant_id, order_id, effect_key from effect where attempts > 1
             union
             select merchant_id, order_id, data ->> 'key' from journal where kind = 'EffectFellInDoubt') doubted"""
    ).fetchone()
    return int(row[0]) if row else 0


def mismatches(dsn: str) -> int:
    """Orders whose journal does not explain them."""
    database = Database(dsn)
    try:
        return len(replay(database).mismatches)
    finally:
        database.close()


def outside_the_faults(tries: list[tuple[float, float, bool]], kills: list[Kill]) -> list[float]:
    """Milliseconds of the acknowledged tries that no fault touched, sorted."""
    faults = sorted((kill.at, max(kill.at, kill.back_at) + CALM_S) for kill in kills)
    return sorted(
        (ended - begun) * 1000
        for begun, ended, acknowledged in tries
        if acknowledged and not any(begun < until and ended > at for at, until in faults)
    )


def ack_figures(tries: list[tuple[float, float, bool]], kills: list[Kill]) -> dict[str, Any]:
    """Acknowledgement, outside the faults and over all."""
    calm = outside_the_faults(tries, kills)
    every = sorted((ended - begun) * 1000 for begun, ended, acknowledged in tries if acknowledged)
    return {
        "ack_p99_ms": round(percentile(calm, 0.99), 1),
        "ack_p50_ms": round(percentile(calm, 0.5), 1),
        "acks_outside_faults": len(calm),
        "ack_p99_ms_all": round(percentile(every, 0.99), 1),
        "tries_not_acknowledged": sum(not acknowledged for *_, acknowledged in tries),
    }


def _effects(conn: psycopg.Connection[Any], home: Path) -> list[tuple[dict[str, Any], Effect]]:
    ring = keyring(home)
    rows = conn.execute(
        """select e.merchant_id, e.order_id, e.effect_key, e.status, e.body, o.order_ref, p.person_key
           from effect e join orders o using (merchant_id, order_id)
           join person p on p.merchant_id = o.merchant_id and p.person_id = o.person_id"""
    ).fetchall()
    out = []
    for merchant, order, key, status, body, ref, person_key in rows:
        effect = open_effect(ring, person_key, body, (merchant, order), key)
        out.append(({"status": status, "order_ref": ref}, effect))
    return out


def _deed(effect: Effect, order_ref: str) -> Deed:
    match effect.body:
        case ShipPart(part=part):
            return "Fulfill", part
        case HoldPart(part=part, handle=handle):
            return "Hold", f"{part} {handle}"
        case ReleasePart(part=part):
            return "Release", part
        case TagOrder(tags=tags):
            return "AddTags", f"{order_ref} {' '.join(sorted(tags))}"
        case UntagOrder(tags=tags):
            return "RemoveTags", f"{order_ref} {' '.join(sorted(tags))}"
        case NoteOrder():
            return "WriteNote", order_ref
        case CancelOrder():
            return "Cancel", order_ref


def _two_keys(conn: psycopg.Connection[Any]) -> int:
    """Slots with two keys of one generation, or with a second parcel though the first was not refused."""
    row = conn.execute(
        """with slot as (
             select merchant_id, order_id, regexp_replace(effect_key, '#[0-9]+$', '') as slot, generation, status, once
             from effect)
           select (select count(*) from (select from slot group by merchant_id, order_id, slot, generation
                                         having count(*) > 1) twice)
                + (select count(*) from slot a join slot b using (merchant_id, order_id, slot)
                   where a.once and b.generation = a.generation + 1 and a.status not in ('refused', 'withdrawn'))"""
    ).fetchone()
    return int(row[0]) if row else 0
