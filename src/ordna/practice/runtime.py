"""One running practice shop: its world, its life, its webhooks, and what is remembered for the merchant to
read.

`advance` is the heart beat. It moves the world to the clock's present, tells receivers what changed and
notes it in the story of the order. It is called twice a second, and right after every request that may have
changed something; then `by` says who asked. All of it runs on one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from ordna.practice.bad_days import STORM_CHANGES, STORM_LASTS, BadDays
from ordna.practice.bodies import order_of
from ordna.practice.catalogue import open_shop
from ordna.practice.life import Life
from ordna.practice.model import Order
from ordna.practice.mutations.orders import add_tags, remove_tags
from ordna.practice.story import sentence
from ordna.practice.webhooks import WebhookSender
from ordna.practice.world import Change, World

HEART_BEAT_S = 0.5
STORM_TAG = "being counted"


@dataclass(frozen=True, slots=True)
class Told:
    """One line of an order's story; `by` is empty where nobody asked for it through the API or the admin."""

    at: datetime
    sentence: str
    by: str = ""


def real_clock() -> datetime:
    return datetime.now(UTC)


class PracticeShop:
    """Everything a process needs to be a shop; see `opened` for the usual way to get one."""

    def __init__(self, world: World, life: Life, clock: Callable[[], datetime] = real_clock) -> None:
        self.world = world
        self.life = life
        self.clock = clock
        self.bad_days = BadDays(life.seed)
        self.sender = WebhookSender(world, clock, bad_days=self.bad_days)
        self.mutations_served: dict[str, int] = {}
        self.compliance_uri = ""
        self._stories: dict[int, list[Told]] = {}

    @property
    def base_url(self) -> str:
        """Where the shop is reached."""
        return self.world.base_url

    @base_url.setter
    def base_url(self, address: str) -> None:
        self.world.base_url = address

    @property
    def is_paused(self) -> bool:
        return self.life.is_paused

    def advance(self, by: str = "") -> None:
        """Let happen what is due by now, and tell it to whom it concerns."""
        changes = self.life.advance(max(self.clock(), self.world.now()))
        self.remember(changes, by)
        self.sender.announce(changes)
        for change in changes:
            if change.topic == "orders/create" and self.bad_days.storms_over(change.subject.number):
                self.storm(change.subject)

    def remember(self, changes: Iterable[Change], by: str = "") -> None:
        """Note changes in the stories of their orders; tells nobody."""
        for change in changes:
            order = order_of(change)
            words = sentence(change)
            if order is not None and words:
                self._stories.setdefault(order.id, []).append(Told(change.at, words, by))

    def story_of(self, order_id: int) -> list[Told]:
        """What happened to an order, oldest first."""
        return self._stories.get(order_id, [])

    def stories(self) -> dict[int, list[Told]]:
        """All stories, by the order's id."""
        return self._stories

    def take_up_stories(self, stories: dict[int, list[Told]]) -> None:
        """Go on telling these stories."""
        self._stories = stories

    def credentials(self) -> dict[str, str]:
        """What Ordna's connect page asks for. They open this practice shop and nothing else."""
        app = self.world.apps[0]
        return {
            "address": self.base_url,
            "shop_domain": self.world.shop.domain,
            "access_token": app.static_token or "",
            "client_id": app.client_id,
            "client_secret": app.client_secret,
        }

    def compliance_address(self) -> str:
        """Where the app is told what customers ask: as it was set, or beside where its webhooks go; "" when unknown."""
        listener = next((each.uri for each in self.world.subscriptions.values()), "")
        if listener and not self.compliance_uri:
            self.compliance_uri = listener.partition("/webhooks/")[0] + "/webhooks/shopify"
        return self.compliance_uri

    def uninstall(self) -> None:
        """The merchant removes the app: it is told a last time, then its webhooks and its token are gone.

        The client id and secret stay, they belong to the app and not to this installation.
        """
        self.compliance_address()  # known only as long as somebody listens
        self.world.changed("app/uninstalled", self.world.shop)
        self.advance(by="admin")
        app = self.world.apps[0]
        for number in [s.id for s in self.world.subscriptions.values() if s.app_id == app.id]:
            del self.world.subscriptions[number]
        app.static_token = f"practice_token_{self.world.next_id('_installation'):032x}"

    def storm(self, order: Order) -> None:
        """Another app changes the order 500 times within the next minute; afterwards it is as it was."""

        def change(number: int) -> None:
            if not order.deleted:
                (remove_tags if number % 2 else add_tags)(self.world, order, [STORM_TAG])
                self.bad_days.counts["changes of a storm"] += 1

        self.bad_days.counts["storm"] += 1
        for number in range(STORM_CHANGES):
            self.world.later((number + 1) / STORM_CHANGES * STORM_LASTS, partial(change, number))

    def rotate_secret(self) -> str:
        """The app gets a new client secret; answers it. For an hour some webhooks are still signed with the old one."""
        app, now = self.world.apps[0], self.world.now()
        old = app.client_secret
        app.client_secret = f"practice_secret_{self.world.next_id('_secret'):032x}"
        self.bad_days.secret_rotated(app.id, old, now)
        return app.client_secret

    async def beat(self) -> None:
        """Advance twice a second until cancelled."""
        while True:
            self.advance()
            await asyncio.sleep(HEART_BEAT_S)


def opened(
    seed: int,
    history_days: int,
    orders_per_day: float,
    orders_per_hour: float,
    clock: Callable[[], datetime] = real_clock,
    day_lived: Callable[[int], None] = lambda day: None,
) -> PracticeShop:
    """A shop that has lived through `history_days` up to now and goes on live at `orders_per_hour`.

    `day_lived` is told each day's number, from 1, when it is over.
    """
    now = clock().replace(microsecond=0)
    world = open_shop(seed, now - timedelta(days=history_days))
    life = Life(world, seed)
    shop = PracticeShop(world, life, clock)
    for day, changes in enumerate(life.history(history_days, orders_per_day), start=1):
        shop.remember(changes)
        day_lived(day)
    life.go_live(orders_per_hour)
    return shop
