"""Where parcels are, asked of each carrier again and again: a webhook that was lost, or came before its label did, is
made up for here. Old labels' files go the same way.

What is new is told to the orders through the inbox, like any message.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from ordna.connectors.contract import Answer, ParcelNews
from ordna.core.shipping import ParcelTracked
from ordna.engine.carriers import Carriers
from ordna.engine.lanes import lane_of, place_of
from ordna.store import carriers, outside
from ordna.store.carriers import Travelling
from ordna.store.database import Database
from ordna.store.outside import Internal
from ordna.store.sealing import Keyring
from ordna.store.watch import Claimed, Ended

EVERY_S = 300.0
FAILED_WAIT_S = 60.0
AT_ONCE_MAX = 500


class Tracker:
    """Asks one carrier where its parcels are."""

    def __init__(self, database: Database, ring: Keyring) -> None:
        self._database = database
        self._carriers = Carriers(database, ring)

    def run(self, duty: Claimed) -> Ended:
        """One run: the parcels on their way, the longest unheard of first."""
        with self._database.engine([duty.merchant_id]) as conn:
            carriers.drop_old_files(conn, duty.merchant_id)
            travelling = carriers.travelling(conn, duty.key, AT_ONCE_MAX)
        if not travelling:
            return Ended(EVERY_S, good_at=duty.now, found=0)
        told = self._carriers.door(duty.key).track(tuple(parcel.tracking for parcel in travelling))
        if isinstance(told, Answer):
            return Ended(told.retry_after_s or FAILED_WAIT_S, error=told.sentence or told.code or "no answer")
        told_of: dict[str, list[ParcelNews]] = {}
        for each in told:
            told_of.setdefault(each.tracking, []).append(each)
        news = [
            _internal(duty, parcel, each)
            for parcel in travelling
            for each in told_of.get(parcel.tracking, ())
            if _is_news(parcel, each)
        ]
        with self._database.engine([duty.merchant_id]) as conn:
            outside.file_internal(conn, news)
        return Ended(EVERY_S, good_at=duty.now, found=len(travelling), missed=len(news))


def _is_news(parcel: Travelling, told: ParcelNews) -> bool:
    """What the order does not know; a moment of grace, for times are kept more exactly than they are told."""
    unmoved = parcel.stands in ("bought", "handed over")
    return unmoved or (told.at > parcel.stands_since + timedelta(milliseconds=1) and told.progress != parcel.stands)


def _internal(duty: Claimed, parcel: Travelling, told: ParcelNews) -> Internal:
    connection, ref = place_of(parcel.order_id)
    message = ParcelTracked(told.tracking, told.progress, told.at, told.at, duty.now, "asked of the carrier")
    mark = f"parcel:{parcel.order_id}:{parcel.label_id}:{told.at.timestamp():.6f}"
    body = msgspec.json.encode(message)
    return Internal(duty.merchant_id, lane_of(ref), connection, "ordna/parcel", mark, ref, body)
