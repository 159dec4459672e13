"""The rarer trade: what makes a basket unusual, at the rates of a believable month, or one kind on request.

Each kind changes a basket that was drawn before, with a `Random` of its own; so the rest of the month stays what it
was, and adding a kind moves no other order's plot. What a kind is outside, an order shows in Shopify's own words:
a tip is a line that nobody ships, a bundle is its articles with a group, terms are a payment schedule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from ordna.practice.assortment import BUNDLES
from ordna.practice.catalogue import abroad
from ordna.practice.checkout import Basket
from ordna.practice.model import Customer, Variant
from ordna.practice.world import World


@dataclass(frozen=True)
class Kind:
    """`per_mille` of all orders; `words` finish the sentence "an order ..."."""

    per_mille: int
    words: str
    change: Callable[[World, Basket, Random], None]


def draw_kind(random: Random) -> str:
    """The kind of the next order by its rate; empty for the usual ones."""
    left = 1000 - sum(kind.per_mille for kind in KINDS.values())
    return random.choices([*KINDS, ""], weights=[*(kind.per_mille for kind in KINDS.values()), left])[0]


def make(kind: str, world: World, basket: Basket, random: Random) -> None:
    """Turn a basket into one of this kind. KeyError for a kind that is not in `KINDS`."""
    KINDS[kind].change(world, basket, random)


def _tip(_world: World, basket: Basket, random: Random) -> None:
    basket.tip_percent = random.choice((5, 10, 15))


def _bundle(world: World, basket: Basket, random: Random) -> None:
    title, codes = random.choice(BUNDLES)
    by_sku = {variant.sku: variant for variant in world.variants.values()}
    basket.bundles.append((title, [by_sku[code] for code in codes], random.choice((1, 1, 2))))
    basket.items = [item for item in basket.items if item[0].sku not in codes]


def _gift_card_sold(world: World, basket: Basket, random: Random) -> None:
    cards = [variant for variant in world.variants.values() if variant.gift_card]
    kept = basket.items if random.random() < 0.5 else []
    basket.items = [*(item for item in kept if not item[0].gift_card), (random.choice(cards), 1)]


def _gift_card_used(_world: World, basket: Basket, _random: Random) -> None:
    basket.payment = "gift card"


def _nothing_to_pay(_world: World, basket: Basket, _random: Random) -> None:
    basket.payment, basket.discount, basket.shipping = "free", ("PRESENT", 100), "free"
    # A gift card is money: no discount makes it cost nothing.
    basket.items = [item for item in basket.items if not item[0].gift_card] or basket.items


def _draft(_world: World, basket: Basket, random: Random) -> None:
    """Customer service wrote it down by telephone, and sent an invoice with a link."""
    basket.source_name = "shopify_draft_order"
    basket.payment = random.choice(("captured", "captured", "pending"))


def _terms(world: World, basket: Basket, random: Random) -> None:
    """A company's order, written as a draft, to be paid thirty days later."""
    _by_a_neighbour(world, basket, random)
    basket.company = random.choice(world.companies)
    basket.po_number = f"PO-{random.randrange(10_000, 99_999)}"
    basket.payment, basket.source_name = "terms", "shopify_draft_order"
    basket.discount, basket.gift_message = None, None
    basket.items = [(variant, units + random.choice((2, 5))) for variant, units in basket.items]


def _pickup(world: World, basket: Basket, random: Random) -> None:
    """The buyer comes to the store for all of it."""
    _by_a_neighbour(world, basket, random)
    basket.ways = dict.fromkeys((v.id for v, _ in basket.items if v.requires_shipping), "PICK_UP")


def _local(world: World, basket: Basket, random: Random) -> None:
    """A bike courier of the town brings it."""
    _by_a_neighbour(world, basket, random)
    basket.ways = dict.fromkeys((v.id for v, _ in basket.items if v.requires_shipping), "LOCAL")


def _digital(world: World, basket: Basket, random: Random) -> None:
    basket.items = [(random.choice(world.downloads), 1)]


def _mixed(world: World, basket: Basket, random: Random) -> None:
    """One article by parcel, one fetched, one brought, one downloaded."""
    _by_a_neighbour(world, basket, random)
    goods = [v for v in world.variants.values() if v.requires_shipping]
    chosen: list[Variant] = random.sample(goods, 3)
    basket.items = [(variant, 1) for variant in (*chosen, random.choice(world.downloads))]
    basket.ways = {chosen[1].id: "PICK_UP", chosen[2].id: "LOCAL"}


def _till(world: World, basket: Basket, random: Random) -> None:
    """Bought in the store and paid in coins; most buyers leave no name."""
    _by_a_neighbour(world, basket, random)
    basket.items = [item for item in basket.items if item[0].requires_shipping] or basket.items
    basket.ways = dict.fromkeys((v.id for v, _ in basket.items if v.requires_shipping), "RETAIL")
    basket.is_unnamed = random.random() < 0.7
    basket.source_name, basket.payment, basket.test = "pos", "cash", False
    basket.discount = ("STORE15", 15)


def _abroad(world: World, basket: Basket, random: Random) -> None:
    basket.customer = abroad(world, random)


def _by_a_neighbour(world: World, basket: Basket, random: Random) -> None:
    """By a customer of the shop's own country whose address is whole."""
    at_home: list[Customer] = [
        one
        for one in world.customers.values()
        if (place := one.default_address) and place.country_code == world.shop.country
        and place.zip and place.city and place.address1
    ]  # fmt: skip
    basket.customer, basket.address = random.choice(at_home), None


#: Every kind of the rarer trade, by the name it is asked for.
KINDS: dict[str, Kind] = {
    "tip": Kind(12, "with a tip", _tip),
    "bundle": Kind(20, "with a bundle", _bundle),
    "gift card sold": Kind(8, "for a gift card", _gift_card_sold),
    "gift card used": Kind(4, "paid with a gift card", _gift_card_used),
    "nothing to pay": Kind(2, "that costs nothing", _nothing_to_pay),
    "draft": Kind(10, "written down by customer service", _draft),
    "terms": Kind(9, "of a company, to be paid in 30 days", _terms),
    "pickup": Kind(18, "to be fetched in the store", _pickup),
    "local delivery": Kind(10, "brought by a bike courier", _local),
    "download": Kind(6, "for a file to download", _digital),
    "mixed delivery": Kind(6, "by parcel, fetched, brought and downloaded at once", _mixed),
    "till": Kind(12, "bought in the store, paid in coins", _till),
    "abroad": Kind(4, "from Japan, in yen", _abroad),
}
