"""Who gets what: the claims of a batch against the shelves, in the order the orders were placed.

Pure, and so the same in a trial, a test and the live engine; the engine holds the locks and writes what comes out. What
an order takes is off the shelf for the next one, so the same SKU on two lines, and a SKU sold alone and in a bundle,
count as a sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from ordna.core.claims import Allotted, Claim, Lacking, Need, item_of

Place = tuple[str, str]
"""(item, location)"""


class Article(Struct, frozen=True):
    """A stock item as far as promising goes. `parts`: (item, units) of a bundle, else empty. `backorder`: no, incoming
    (as much as is on its way) or any; `until` is the ISO day it is expected, or ""."""

    item: str
    bundle: bool = False
    parts: tuple[tuple[str, int], ...] = ()
    backorder: str = "no"
    until: str = ""

    @property
    def contents(self) -> tuple[tuple[str, int], ...]:
        """(item, units) of what is on the shelf of it: the parts of a bundle, or the item itself."""
        return self.parts if self.bundle else ((self.item, 1),)


class Shelves(Struct):
    """What there is to promise of one merchant, as it dwindles: `available` by (item, location); `locations` that may
    ship, the preferred first; `incoming` units by item that are not promised yet; `limits` by (item, channel)."""

    articles: dict[str, Article]
    locations: Sequence[str]
    available: dict[Place, int]
    incoming: dict[str, int]
    limits: dict[tuple[str, int], int]


class Answer(Struct, frozen=True):
    """What one claim came to."""

    reserved: tuple[Allotted, ...]
    short: tuple[Lacking, ...]


def allot(shelves: Shelves, claims: Iterable[tuple[int, Claim]]) -> list[Answer]:
    """Answers to (channel, claim), in the order given; served in the order placed."""
    asked = list(claims)
    answers: dict[int, Answer] = {}
    for at in sorted(range(len(asked)), key=lambda at: asked[at][1].placed):
        answers[at] = _serve(shelves, *asked[at])
    return [answers[at] for at in range(len(asked))]


def _serve(shelves: Shelves, channel: int, claim: Claim) -> Answer:
    reserved: list[Allotted] = []
    short: list[Lacking] = []
    for need in claim.needs:
        _fill(shelves, channel, need, reserved, short)
    if claim.whole and reserved and any(one.cause != "backorder" for one in short):
        for given in reserved:
            _put_back(shelves, channel, given)
        for lacking in short:
            if lacking.cause == "backorder":
                item = item_of(lacking.sku)
                shelves.incoming[item] = shelves.incoming.get(item, 0) + lacking.units
        causes = {(one.line, one.location): one.cause for one in short if one.cause != "backorder"}
        short = [
            Lacking(need.line, need.sku, need.location, need.units, causes.get((need.line, need.location), "short"))
            for need in claim.needs
        ]
        reserved = []
    return Answer(tuple(reserved), tuple(short))


def _fill(shelves: Shelves, channel: int, need: Need, reserved: list[Allotted], short: list[Lacking]) -> None:
    """One need: at one location if one has it all, else wherever there is some; the rest is short."""
    article, cause = _article(shelves, need)
    if article is None:
        short.append(Lacking(need.line, need.sku, need.location, need.units, cause))
        return
    parts = article.contents
    places = (need.location,) if need.location else tuple(shelves.locations)
    left = need.units
    whole = [place for place in places if _room(shelves, channel, parts, place) >= left]
    for place in whole[:1] or places:
        take = min(left, _room(shelves, channel, parts, place))
        if take > 0:
            for item, per in parts:
                one = Allotted(need.line, item, place, take * per, per)
                _take(shelves, channel, one)
                reserved.append(one)
            left -= take
    if left > 0:
        short.extend(_lacking(shelves, channel, need, article, parts, places, left))


def _article(shelves: Shelves, need: Need) -> tuple[Article | None, str]:
    article = shelves.articles.get(item_of(need.sku))
    if article is None:
        return None, "unknown_sku" if need.sku else "no_sku"
    if article.bundle and not article.parts:
        return None, "empty_bundle"
    if need.location and need.location not in shelves.locations:
        return None, "unknown_location"
    return article, ""


def _lacking(
    shelves: Shelves,
    channel: int,
    need: Need,
    article: Article,
    parts: tuple[tuple[str, int], ...],
    places: Sequence[str],
    left: int,
) -> Iterable[Lacking]:
    promised = 0
    if article.backorder == "any":
        promised = left
    elif article.backorder == "incoming":
        promised = max(0, min(left, shelves.incoming.get(article.item, 0)))
        shelves.incoming[article.item] = shelves.incoming.get(article.item, 0) - promised
    if promised:
        yield Lacking(need.line, need.sku, need.location, promised, "backorder", article.until)
    if left > promised:
        limited = any(_shelf_room(shelves, parts, place) > 0 for place in places)
        yield Lacking(need.line, need.sku, need.location, left - promised, "limit" if limited else "short")


def _room(shelves: Shelves, channel: int, parts: tuple[tuple[str, int], ...], place: str) -> int:
    room = _shelf_room(shelves, parts, place)
    for item, per in parts:
        if (item, channel) in shelves.limits:
            room = min(room, shelves.limits[item, channel] // per)
    return max(0, room)


def _shelf_room(shelves: Shelves, parts: tuple[tuple[str, int], ...], place: str) -> int:
    return max(0, min(shelves.available.get((item, place), 0) // per for item, per in parts))


def _take(shelves: Shelves, channel: int, one: Allotted) -> None:
    shelves.available[one.item, one.location] -= one.units
    if (one.item, channel) in shelves.limits:
        shelves.limits[one.item, channel] -= one.units


def _put_back(shelves: Shelves, channel: int, one: Allotted) -> None:
    _take(shelves, channel, Allotted(one.line, one.item, one.location, -one.units, one.per))
