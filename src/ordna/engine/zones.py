"""What is asked of a shop every hour: its own facts, and after open orders that nothing was heard of.

A flow names the zone of its hours. Where that is the shop's zone and the shop changes it, the flow follows: a new
version of it is activated with the new zone, and the open orders under the old one are settled under it, so that their
limits and cut-offs are counted anew. Where the flow names another zone it was meant, and stays. Either way the
connection's page tells it.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec

from ordna.connectors.contract import Answer
from ordna.connectors.shopify.outbound import ShopFacts
from ordna.core.flow import parse_flow
from ordna.core.messages import Migrated
from ordna.core.vocabulary import VOCABULARY
from ordna.engine.lanes import lane_of
from ordna.engine.outbounds import Outbounds
from ordna.engine.sweeps import URGENCY_OF_HISTORY, not_now, priced
from ordna.store import linking, outbox, outside
from ordna.store.database import Connection, Database
from ordna.store.outbox import RereadRow
from ordna.store.outside import Internal
from ordna.store.watch import Claimed, Ended

ASK_EVERY_S = 3600.0
SHOP_POINTS = 10.0
QUIET_DAYS, QUIET_AT_ONCE = 3, 500
URGENCY_OF_THE_SHOP = 5
CHUNK = 1000
BY = "the shop's time zone"
NOTES = ("zone_before", "zone_since", "zone_kept", "zone_orders")
"""What is kept beside the facts of a shop whose zone changed: from where, when, whose zone the flow keeps ("" where it
followed), how many open orders were settled anew."""


class Surveyor:
    """Asks shops what they are."""

    def __init__(self, database: Database, outbounds: Outbounds) -> None:
        self._database = database
        self._outbounds = outbounds

    def run(self, duty: Claimed) -> Ended | None:
        """Ask, and take in what is new."""
        with self._database.engine([duty.merchant_id]) as conn:
            through = self._outbounds.load(conn, [duty.key])[duty.key].outbound
        facts = priced(self._database, duty.key, SHOP_POINTS, URGENCY_OF_THE_SHOP, through.shop_facts)
        if isinstance(facts, Answer):
            return not_now(duty, facts, "{}")
        with self._database.engine([duty.merchant_id]) as conn:
            take_in(conn, duty.key, linking.facts(conn, duty.key), facts, duty.now)
            _ask_after_the_quiet(conn, duty)
        return Ended(ASK_EVERY_S, good_at=duty.now)


def _ask_after_the_quiet(conn: Connection, duty: Claimed) -> None:
    """Have open orders read that were not heard of for days. What was deleted is in no list of what changed: so a lost
    webhook of it is made up for."""
    quiet = outside.quiet_orders(conn, duty.key, QUIET_DAYS, QUIET_AT_ONCE)
    if quiet:
        why = "nothing was heard of it for days"
        rows = [RereadRow(*duty.key, ref, lane_of(ref), URGENCY_OF_HISTORY, duty.now, why) for ref in quiet]
        outbox.want_rereads(conn, rows)


def take_in(conn: Connection, key: linking.Key, before: dict[str, Any], facts: ShopFacts, at: datetime) -> None:
    """Keep what the shop is now; `before`: the facts as they were kept, with their notes."""
    notes = {name: before[name] for name in NOTES if name in before}
    if before.get("zone") not in (None, "", facts.zone):
        notes = _moved(conn, key, str(before["zone"]), facts, at)
    linking.keep_facts(conn, key, {**msgspec.to_builtins(facts), **notes})
    linking.describe_merchant(conn, key, facts.zone, facts.currency)


def _moved(conn: Connection, key: linking.Key, zone: str, facts: ShopFacts, at: datetime) -> dict[str, Any]:
    """The shop moved from this zone: have the flow follow if it followed the shop so far."""
    told = {"zone_before": zone, "zone_since": at.isoformat(), "zone_kept": "", "zone_orders": 0}
    newest = linking.newest_flow(conn, key)
    if newest is None:
        return told
    version, text = newest
    hours = parse_flow(text, VOCABULARY, currency_default=facts.currency).hours
    moved = re.sub(rf"(zone:\s*[\"']?){re.escape(zone)}(?![\w/])", rf"\g<1>{facts.zone}", text, count=1)
    if hours.zone != zone or moved == text:
        return told | {"zone_kept": hours.zone}
    assert parse_flow(moved, VOCABULARY, currency_default=facts.currency).hours.zone == facts.zone
    linking.activate_policy(conn, key[0], moved, BY)
    refs = linking.open_under(conn, key, version)
    for start in range(0, len(refs), CHUNK):
        outside.file_internal(conn, [_migrate(key, ref, version, at) for ref in refs[start : start + CHUNK]])
    return told | {"zone_orders": len(refs)}


def _migrate(key: linking.Key, ref: str, version: int, at: datetime) -> Internal:
    return Internal(
        merchant_id=key[0],
        lane=lane_of(ref),
        connection_id=key[1],
        topic="ordna/migrate",
        webhook_id=f"zone:{key[1]}:{ref}:{version}",
        order_hint=ref,
        body=msgspec.json.encode(Migrated(at)),
    )
