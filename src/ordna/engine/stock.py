"""Claims on stock are settled here: those of a whole batch together, in the transaction that writes the orders.

The orders are locked and decided; then every level that a claim may take from, or a fact moves, is locked, in one order
everywhere; the core's `allot` says who gets what; the answer goes to each order as a message and comes back as facts;
and the sums are written, guarded, with the ledger. The locks are held to the commit, so nobody is promised a unit
twice, and nobody waits for an order while holding a level.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from ordna.core.allot import Answer, Article, Shelves, allot
from ordna.core.claims import Claim, item_of
from ordna.core.decide import decide
from ordna.core.messages import StockArrived, StockSettled
from ordna.engine.lanes import lane_of, place_of
from ordna.engine.ledger import Ledger
from ordna.engine.page import Page
from ordna.store import outside, stock
from ordna.store.database import Connection
from ordna.store.outside import Internal
from ordna.store.stock import ItemKey, LevelKey, Movement, changes

TOPIC = "ordna/stock"
CAUSE = "claim"


def settle(conn: Connection, pages: Iterable[Page], ledger: Ledger, at: datetime) -> bool:
    """Answer what the orders of a batch ask of stock, and book what their facts moved; whether levels are locked now.
    Nothing is read or written where they ask and move nothing."""
    asking = [page for page in pages if _claim_of(page, at) is not None]
    if not asking and not ledger.stock.movements and not ledger.stock.loose:
        return False
    claims = [page.claim for page in asking if page.claim is not None]
    items = {
        (page.merchant_id, item_of(n.sku)) for page, claim in zip(asking, claims, strict=True) for n in claim.needs
    }
    items |= {(page.merchant_id, item_of(loose.sku)) for page, loose, _ in ledger.stock.loose}
    articles = _articles(conn, items)
    opening = _book_loose(ledger, articles)
    places = stock.locations(conn, {page.merchant_id for page in asking}) if asking else {}
    asked = _levels(asking, claims, articles, places)
    available = stock.lock(conn, asked | ledger.stock.levels(), opening)
    lost = ledger.stock.levels() - available.keys()
    if lost:  # a shop was deleted with its locations, and an order still has units there
        available |= stock.lock(conn, (), lost)
    for one in ledger.stock.movements:
        available[one.level] = available.get(one.level, 0) + one.changes[0]
    freed = _freed(ledger.stock.movements)
    if asking:
        scarce = stock.scarce(conn, {level[:2] for level in asked})
        _answer_all(asking, claims, articles, places, available, scarce, ledger, at)
    _wake(conn, freed, available, at)
    return True


def wake(conn: Connection, freed: Sequence[tuple[int, str, int]], at: datetime) -> None:
    """Tell the orders that wait longest for (merchant, item, units) that they may ask again."""
    if not freed:
        return
    body = msgspec.json.encode(StockArrived(at))
    told = []
    for merchant, order_id, connection in stock.waiting_orders(conn, freed):
        ref = place_of(order_id)[1]
        told.append(Internal(merchant, lane_of(ref), connection, TOPIC, "", ref, body))
    outside.file_internal(conn, told)


def _claim_of(page: Page, at: datetime) -> Claim | None:
    """What the order asks for, all its messages decided; one that may ask again asks for what it was told is short."""
    if page.asks_again and page.policy is not None:
        page.claim = decide(page.order, StockArrived(at), page.policy, at).claim or page.claim
    return page.claim


# --- reading --------------------------------------------------------------------------------------------------


def _articles(conn: Connection, items: Iterable[ItemKey]) -> dict[int, dict[str, Article]]:
    parts: dict[ItemKey, list[tuple[str, int]]] = {}
    known: dict[ItemKey, tuple[bool, str, str]] = {}
    for row in stock.articles(conn, items):
        key = (row.merchant_id, row.item)
        known[key] = (row.bundle, row.backorder, row.until)
        if row.component is not None and row.units is not None:
            parts.setdefault(key, []).append((row.component, row.units))
    out: dict[int, dict[str, Article]] = {}
    for (merchant, item), (bundle, backorder, until) in known.items():
        contents = tuple(parts.get((merchant, item), ())) if bundle else ()
        out.setdefault(merchant, {})[item] = Article(item, bundle, contents, backorder, until)
    return out


def _levels(
    asking: Sequence[Page],
    claims: Sequence[Claim],
    articles: Mapping[int, Mapping[str, Article]],
    places: Mapping[int, Sequence[str]],
) -> set[LevelKey]:
    """Every level that could serve a claim."""
    out: set[LevelKey] = set()
    for page, claim in zip(asking, claims, strict=True):
        merchant = page.merchant_id
        for need in claim.needs:
            article = articles.get(merchant, {}).get(item_of(need.sku))
            if article is None:
                continue
            at = (need.location,) if need.location else places.get(merchant, ())
            out.update((merchant, item, place) for item, _ in article.contents for place in at)
    return out


# --- deciding -------------------------------------------------------------------------------------------------


def _answer_all(
    asking: Sequence[Page],
    claims: Sequence[Claim],
    articles: Mapping[int, dict[str, Article]],
    places: Mapping[int, Sequence[str]],
    available: Mapping[LevelKey, int],
    scarce: tuple[Mapping[ItemKey, int], Mapping[tuple[int, str, int], int]],
    ledger: Ledger,
    at: datetime,
) -> None:
    """Serve the claims of each merchant together, and tell every order what it got."""
    incoming, limits = scarce
    for merchant in sorted({page.merchant_id for page in asking}):
        shelves = Shelves(
            articles.get(merchant, {}),
            places.get(merchant, ()),
            {level[1:]: units for level, units in available.items() if level[0] == merchant},
            {item: units for (owner, item), units in incoming.items() if owner == merchant},
            {(item, channel): units for (owner, item, channel), units in limits.items() if owner == merchant},
        )
        own = [place for place, page in enumerate(asking) if page.merchant_id == merchant]
        answers = allot(shelves, [(asking[place].connection.connection_id, claims[place]) for place in own])
        for place, answer in zip(own, answers, strict=True):
            _tell(asking[place], claims[place], answer, ledger, at)


def _tell(page: Page, claim: Claim, answer: Answer, ledger: Ledger, at: datetime) -> None:
    assert page.policy is not None, "what was decided has a policy"
    message = StockSettled(claim.needs, claim.again, answer.reserved, answer.short, at)
    result = decide(page.order, message, page.policy, at)
    ledger.note(page, message, result, page.policy, CAUSE)
    page.claim = None


# --- booking --------------------------------------------------------------------------------------------------


def _book_loose(ledger: Ledger, articles: Mapping[int, Mapping[str, Article]]) -> set[LevelKey]:
    """Units that left without having been reserved, of items we know: their levels, which may be new."""
    out: set[LevelKey] = set()
    for page, loose, sign in ledger.stock.loose:
        article = articles.get(page.merchant_id, {}).get(item_of(loose.sku))
        if article is None:
            continue
        for item, per in article.contents:
            change = changes(available=sign * loose.units * per)
            cause = "shipped unreserved" if sign < 0 else "taken back"
            one = Movement(page.merchant_id, item, loose.location, change, cause, page.order_id, loose.line)
            ledger.stock.movements.append(one)
            out.add(one.level)
    return out


def _freed(movements: Iterable[Movement]) -> dict[LevelKey, int]:
    out: dict[LevelKey, int] = {}
    for one in movements:
        if one.changes[0] > 0:
            out[one.level] = out.get(one.level, 0) + one.changes[0]
    return out


def _wake(conn: Connection, freed: Mapping[LevelKey, int], available: Mapping[LevelKey, int], at: datetime) -> None:
    """Units that the batch set free and did not take itself, for those who wait."""
    left: dict[tuple[int, str], int] = {}
    for level, units in freed.items():
        rest = min(units, available.get(level, 0))
        if rest > 0:
            left[level[:2]] = left.get(level[:2], 0) + rest
    wake(conn, [(*key, units) for key, units in sorted(left.items())], at)
