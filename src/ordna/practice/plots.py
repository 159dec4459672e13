"""What will become of an order, decided the moment it is placed: a basket, and a plot of deeds with their
times.

A *plot* is the list of what people and other apps will do about one order. Each deed is looked at again
when its time comes: if the order cannot take it any more (cancelled, shipped by the app, refunded), nothing
happens. The carrier's part and the closing are no plot, they follow from a parcel wherever it came from
(see `life`).

`Tempo` says how long an hour is: an hour in the month of history, a minute or less once the shop runs live.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from ordna.practice.catalogue import incomplete, is_complete, regular
from ordna.practice.checkout import Basket
from ordna.practice.model import Order, Variant
from ordna.practice.world import World

#: Share of orders, in thousandths, by the way they are paid. What is left is captured at once.
_PAYMENTS = {"authorized": 70, "pending": 40, "declined first": 15, "gift card": 15, "free": 10}

_NOTES = (
    "Please leave the parcel at the back door.", "It is a present, no invoice in the box please.",
    "Ring the bell at the café next door.", "Can you send it on Friday at the earliest?",
    "My old address was wrong last time, please check.", "Thank you for the lovely card!",
)  # fmt: skip
_TAGS = ("vip", "gift", "press", "wholesale", "b-stock", "influencer")
_CODES = (("WELCOME10", 10), ("AUTUMN15", 15), ("FRIENDS20", 20))
_OPENS, _CLOSES = time(8), time(16)


@dataclass(frozen=True)
class Step:
    """One deed of a plot, by its name in `deeds.DEEDS`; `by_hand` marks those done in the shop's own admin
    even when an app is expected to do them."""

    at: datetime
    deed: str
    by_hand: bool = False


@dataclass(frozen=True)
class Tempo:
    """`hour` is how long an hour of a plot takes. With `office_hours` warehouses work Monday to Friday and
    carriers ring by day."""

    hour: timedelta
    office_hours: bool

    def hours(self, random: Random, low: float, high: float) -> timedelta:
        return self.hour * random.uniform(low, high)


HISTORY_TEMPO = Tempo(timedelta(hours=1), office_hours=True)
LIVE_TEMPO = Tempo(timedelta(minutes=1), office_hours=False)


def draw_basket(world: World, random: Random) -> Basket:
    """What the next buyer puts into the basket and how it is paid."""
    payment = random.choices([*_PAYMENTS, "captured"], weights=[*_PAYMENTS.values(), 1000 - sum(_PAYMENTS.values())])[0]
    basket = Basket(customer=regular(world, random), items=_items(world, random), payment=payment)
    if payment == "free":
        basket.discount, basket.shipping = ("PRESENT", 100), "free"
    else:
        basket.discount = random.choice(_CODES) if random.random() < 0.12 else None
        basket.shipping = random.choices(("home", "parcel shop", "express"), weights=(45, 45, 10))[0]
    basket.note = random.choice(_NOTES) if random.random() < 0.08 else None
    basket.tags = [random.choice(_TAGS)] if random.random() < 0.07 else []
    basket.gift_message = "Congratulations!" if random.random() < 0.04 else None
    basket.attributes = [("How did you hear about us", "A friend")] if random.random() < 0.1 else []
    basket.test = random.random() < 0.006
    basket.source_name = random.choices(("web", "shopify_draft_order", "mobile_app"), weights=(92, 3, 5))[0]
    return basket


def spoil_address(basket: Basket, random: Random) -> None:
    """Let the buyer forget a part of the address."""
    address = basket.customer.default_address
    if address and is_complete(address):
        basket.address = incomplete(address, random.choice(("zip", "city", "street")))


def draw_plot(world: World, order: Order, payment: str, random: Random, tempo: Tempo) -> list[Step]:
    """Everything people will try to do about this order, in no particular order."""
    placed_at = order.created_at
    steps = [Step(placed_at + tempo.hours(random, 0.01, 0.05), _risk(order, random))]
    is_risky = steps[0].deed == "assess_high"
    if is_risky or random.random() < 0.03:
        steps += _foreign_hold(placed_at, random, tempo)
    if is_risky and random.random() < 0.5:
        return [*steps, Step(placed_at + tempo.hours(random, 1, 9), "cancel_as_fraud")]
    steps += _settle(placed_at, payment, random, tempo)
    if random.random() < 0.025:
        return [*steps, Step(placed_at + tempo.hours(random, 0.2, 6), "cancel")]
    if random.random() < 0.03:
        edited_at = placed_at + tempo.hours(random, 0.2, 4)
        steps.append(Step(edited_at, "edit"))
        # What an edit added is paid by a link, by most.
        if random.random() < 0.85:
            steps.append(Step(edited_at + tempo.hours(random, 0.5, 20), "pay"))
    if random.random() < 0.04:
        steps.append(Step(placed_at + tempo.hours(random, 0.3, 5), random.choice(("note", "tag"))))
    if random.random() < 0.02:
        steps.append(Step(placed_at + tempo.hours(random, 0.5, 3), random.choice(("move", "split"))))
    if order.test and random.random() < 0.4:
        steps.append(Step(placed_at + tempo.hours(random, 20, 60), "delete"))
    if not is_complete(order.shipping_address) and random.random() < 0.8:
        steps.append(Step(placed_at + tempo.hours(random, 2, 20), "complete_address"))
    steps += _shipping(world, placed_at, random, tempo)
    if any(line.way == "PICK_UP" for line in order.lines):
        steps += _fetched(placed_at, random, tempo)
    if random.random() < 0.055:
        later = placed_at + tempo.hours(random, 90, 240)
        steps.append(Step(later, random.choices(("refund_part", "refund"), weights=(7, 3))[0]))
    elif Random(f"exchange {order.id}").random() < 0.02:
        later = placed_at + tempo.hours(Random(f"exchange at {order.id}"), 100, 240)
        steps += [Step(later, "exchange"), Step(later + tempo.hours(random, 60, 150), "close_return")]
    return steps


def in_office_hours(moment: datetime, zone: ZoneInfo, random: Random) -> datetime:
    """The moment itself on a working day between eight and four, else some time early next working day."""
    local = moment.astimezone(zone)
    if local.weekday() < 5 and _OPENS <= local.time() < _CLOSES:
        return moment
    if local.time() >= _OPENS:
        local += timedelta(days=1)
    while local.weekday() >= 5:
        local += timedelta(days=1)
    return local.replace(hour=8, minute=random.randrange(5, 55), second=random.randrange(60)).astimezone(moment.tzinfo)


def by_day(moment: datetime, zone: ZoneInfo, random: Random) -> datetime:
    """The moment itself between seven and nine in the evening, else some time the next morning."""
    local = moment.astimezone(zone)
    if 7 <= local.hour < 21:
        return moment
    if local.hour >= 21:
        local += timedelta(days=1)
    return local.replace(hour=7, minute=random.randrange(60)).astimezone(moment.tzinfo)


def _items(world: World, random: Random) -> list[tuple[Variant, int]]:
    variants = list(world.variants.values())
    count = random.choices((1, 2, 3, 4, 6), weights=(42, 30, 16, 9, 3))[0]
    chosen: dict[int, int] = {}
    for _ in range(count):
        # A long tail: the first articles of the catalogue sell most.
        position = int(len(variants) * random.random() ** 1.6)
        units = random.choices((1, 2, 4, 6), weights=(72, 19, 6, 3))[0]
        chosen[variants[position].id] = units
    return [(world.variants[variant_id], units) for variant_id, units in chosen.items()]


def _risk(order: Order, random: Random) -> str:
    high = 0.10 if order.transactions and order.transactions[0].status == "FAILURE" else 0.012
    draw = random.random()
    return "assess_high" if draw < high else "assess_medium" if draw < high + 0.04 else "assess_low"


def _foreign_hold(placed_at: datetime, random: Random, tempo: Tempo) -> list[Step]:
    held_at = placed_at + tempo.hours(random, 0.1, 0.5)
    steps = [Step(held_at, "hold_by_other_app")]
    if random.random() < 0.88:
        steps.append(Step(held_at + tempo.hours(random, 0.5, 12), "release_by_other_app"))
    return steps


def _settle(placed_at: datetime, payment: str, random: Random, tempo: Tempo) -> list[Step]:
    if payment == "authorized":
        draw = random.random()
        if draw < 0.86:
            return [Step(placed_at + tempo.hours(random, 1, 20), "pay")]
        return [Step(placed_at + tempo.hours(random, 12, 60), "void")] if draw < 0.95 else []
    if payment == "pending":
        draw = random.random()
        if draw < 0.82:
            return [Step(placed_at + tempo.hours(random, 6, 70), "pay")]
        return [Step(placed_at + tempo.hours(random, 90, 180), "cancel")] if draw < 0.95 else []
    if payment == "terms" and random.random() < 0.9:
        return [Step(placed_at + tempo.hours(random, 240, 800), "pay")]
    return []


def _fetched(placed_at: datetime, random: Random, tempo: Tempo) -> list[Step]:
    """The store puts it aside within the day; the buyer comes when it suits, and now and then never."""
    ready_at = placed_at + tempo.hours(random, 0.5, 8)
    steps = [Step(ready_at, "prepare_pickup", by_hand=True)]
    if random.random() < 0.95:
        steps.append(Step(ready_at + tempo.hours(random, 2, 80), "hand_over", by_hand=True))
    return steps


def _shipping(world: World, placed_at: datetime, random: Random, tempo: Tempo) -> list[Step]:
    """The warehouse tries twice and once more days later: an order that was held or unpaid goes then."""
    by_hand = random.random() < 0.08
    if random.random() < 0.008:
        return []
    slow = random.random() < 0.06
    first = placed_at + tempo.hours(random, 20, 80) if slow else placed_at + tempo.hours(random, 1, 14)
    tries = [first, first + tempo.hours(random, 20, 30), first + tempo.hours(random, 60, 90)]
    if tempo.office_hours:
        zone = ZoneInfo(world.shop.zone)
        tries = [in_office_hours(moment, zone, random) for moment in tries]
    opening = random.choices(("ship", "ship_part", "ship_one_location"), weights=(91, 5, 4))[0]
    return [
        Step(tries[0], opening, by_hand),
        Step(tries[1], "ship", by_hand),
        Step(tries[2], "ship", by_hand),
        Step(tries[2] + tempo.hours(random, 40, 60), "ship", by_hand),
    ]
