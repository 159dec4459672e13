"""The shop's bad days: what goes wrong between a shop and its apps, on request, mixed, and repeatable.

A fault is a name with a share between 0 and 1. Whether it happens to one delivery, one call or one order is drawn from
the seed and from what it is about, so the same seed spoils the same things whatever else goes on. Every fault that
happened is counted; a fault that was switched on and never counted did not happen.

Nothing here sends or answers anything. The delivery desk asks `stage` what becomes of a planned delivery, the sender
`before_try` before every try, the server `of_call` at every call of the Admin API, the shop `storms_over` for every new
order. A blackout and a new client secret have no share: they are asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from ordna.practice.deliveries import Delivery, copy_due

#: Each fault with its share where all are switched on, in the order they are shown, and what it does.
FAULTS: dict[str, tuple[float, str]] = {
    "dropped": (0.03, "a webhook is never sent"),
    "duplicated": (0.05, "a webhook is sent twice, under one id"),
    "reordered": (0.2, "a webhook waits up to two minutes, so that later ones overtake it"),
    "delayed": (0.03, "a webhook waits up to a day"),
    "wrong_secret": (0.01, "a try is signed with another secret"),
    "throttled": (0.03, "a call is answered THROTTLED, with status 200"),
    "throttled_429": (0.02, "a call is answered 429"),
    "server_error": (0.02, "a call is answered 5xx, and nothing was done"),
    "slow": (0.02, "an answer takes up to twenty seconds"),
    "half_closed": (0.01, "an answer ends after its headers; what was asked is done"),
    "cut": (0.01, "an answer ends in the middle; what was asked is done"),
    "lost": (0.02, "what was asked is done, and the answer is an error of the gateway"),
    "storm": (0.005, "a new order is changed 500 times within a minute"),
}
BLACKOUT, ROTATED = "blackout", "rotated_secret"

REORDERED_UP_TO = timedelta(minutes=2)
DELAYED_UP_TO = timedelta(days=1)
SLOW_UP_TO_S = 20.0
OLD_SECRET_SIGNS_FOR = timedelta(hours=1)
STORM_CHANGES = 500
STORM_LASTS = timedelta(minutes=1)

_OF_DELIVERIES = ("dropped", "delayed", "reordered", "duplicated")
_OF_CALLS = ("throttled", "throttled_429", "server_error", "slow", "half_closed", "cut", "lost")


@dataclass(frozen=True, slots=True)
class CallFault:
    """What is wrong with one call. `status` of an error; `wait_s`: how late the answer comes, or when to come again."""

    name: str
    status: int = 0
    wait_s: float = 0.0

    @property
    def is_before_the_deed(self) -> bool:
        """Whether the call is turned away before anything was done."""
        return self.name in ("throttled", "throttled_429", "server_error", BLACKOUT)


@dataclass(frozen=True, slots=True)
class TryFault:
    """What is wrong with one try of a delivery: no way to the receiver, or a signature by another secret."""

    name: str
    secret: str = ""


class BadDays:
    """What goes wrong in one shop. A shop that is told nothing has good days only."""

    def __init__(self, seed: int, shares: Mapping[str, float] | None = None) -> None:
        self.seed = seed
        self.shares: dict[str, float] = {}
        self.counts: Counter[str] = Counter()
        self.dark_until: datetime | None = None
        self._calls = 0
        self._old_secrets: dict[int, tuple[str, datetime]] = {}
        self.switch(shares or {})

    def switch(self, shares: Mapping[str, float]) -> None:
        """Set the shares of these faults; 0 is off. ValueError for a name or a share there is not."""
        _check(shares)
        self.shares = {name: share for name, share in {**self.shares, **shares}.items() if share}

    def switch_all(self, on: bool) -> None:
        """Every fault at its usual share, or none, and no blackout."""
        self.shares = {name: share for name, (share, _) in FAULTS.items()} if on else {}
        self.dark_until = self.dark_until if on else None

    def black_out(self, now: datetime, hours: float) -> None:
        """For so many hours nothing is delivered and the Admin API can't be reached."""
        self.dark_until = now + timedelta(hours=hours)
        self.counts["blackouts"] += 1

    def is_dark(self, now: datetime) -> bool:
        return self.dark_until is not None and now < self.dark_until

    def secret_rotated(self, app_id: int, old: str, now: datetime) -> None:
        """From now on some deliveries, and after an hour all, are signed with the app's new secret."""
        self._old_secrets[app_id] = (old, now + OLD_SECRET_SIGNS_FOR)
        self.counts[ROTATED] += 1

    def stage(self, delivery: Delivery) -> Iterator[Delivery]:
        """A stage of the delivery desk: none, one or two deliveries for the one that was planned."""
        random = self._random("delivery", delivery.webhook_id)
        happens = self._drawn(random, _OF_DELIVERIES)
        waits = random.random()
        if "dropped" in happens:
            self.counts["dropped"] += 1
            return
        if "delayed" in happens:
            self.counts["delayed"] += 1
            delivery = copy_due(delivery, delivery.due_at + waits * DELAYED_UP_TO)
        elif "reordered" in happens:
            self.counts["reordered"] += 1
            delivery = copy_due(delivery, delivery.due_at + waits * REORDERED_UP_TO)
        yield delivery
        if "duplicated" in happens:
            self.counts["duplicated"] += 1
            yield copy_due(delivery, delivery.due_at + random.random() * REORDERED_UP_TO)

    def before_try(self, delivery: Delivery, app_id: int, now: datetime) -> TryFault | None:
        """What is wrong with the try that is about to be made."""
        if self.is_dark(now):
            self.counts["tries in a blackout"] += 1
            return TryFault(BLACKOUT)
        random = self._random("try", f"{delivery.webhook_id} {delivery.attempts}")
        if self._drawn(random, ("wrong_secret",)):
            self.counts["wrong_secret"] += 1
            return TryFault("wrong_secret", secret="not the secret of this app")
        old, until = self._old_secrets.get(app_id, ("", now))
        if now < until and random.random() < 0.5:
            self.counts["signed with the old secret"] += 1
            return TryFault(ROTATED, secret=old)
        return None

    def of_call(self, now: datetime) -> CallFault | None:
        """What is wrong with the call that just came."""
        self._calls += 1
        if self.is_dark(now):
            self.counts["calls in a blackout"] += 1
            return CallFault(BLACKOUT)
        random = self._random("call", str(self._calls))
        name = next(iter(self._drawn(random, _OF_CALLS)), None)
        if name is None:
            return None
        self.counts[name] += 1
        match name:
            case "throttled_429":
                return CallFault(name, 429, wait_s=2.0)
            case "server_error":
                return CallFault(name, random.choice((500, 502, 503, 504)))
            case "lost":
                return CallFault(name, 502)
            case "slow":
                return CallFault(name, wait_s=random.random() * SLOW_UP_TO_S)
        return CallFault(name)

    def left_in_doubt(self) -> None:
        """A change was made, and whoever asked for it can't read the answer."""
        self.counts["changes left in doubt"] += 1

    def storms_over(self, order_number: int) -> bool:
        """Whether a new order is one of those that are changed again and again."""
        return bool(self._drawn(self._random("storm", str(order_number)), ("storm",)))

    def told(self) -> dict[str, float]:
        """The share of every fault, switched on or not."""
        return {name: self.shares.get(name, 0.0) for name in FAULTS}

    def _drawn(self, random: Random, names: tuple[str, ...]) -> list[str]:
        """Those that happen. All are drawn, so that switching one off does not change what another one spoils."""
        draws = [(name, random.random()) for name in names]
        return [name for name, draw in draws if draw < self.shares.get(name, 0.0)]

    def _random(self, what: str, of: str) -> Random:
        return Random(f"bad days {self.seed} {what} {of}")


def shares_of(given: str | Mapping[str, object]) -> dict[str, float]:
    """The shares that are named: by a command line, "all" or "dropped,slow=0.2", where a name alone means the usual
    share; or by names with their shares. ValueError as `BadDays.switch`."""
    if isinstance(given, str):
        if given.strip() == "all":
            return {name: share for name, (share, _) in FAULTS.items()}
        parts = [part.strip().partition("=") for part in given.split(",") if part.strip()]
        given = {name: share or FAULTS.get(name, (0.0, ""))[0] for name, _, share in parts}
    shares: dict[str, float] = {}
    for name, share in given.items():
        try:
            shares[name] = float(str(share))
        except ValueError:
            raise ValueError(f"The share of {name} is a number.") from None
    _check(shares)
    return shares


def _check(shares: Mapping[str, float]) -> None:
    for name, share in shares.items():
        if name not in FAULTS:
            raise ValueError(f"There is no bad day called {name!r}; there are: {', '.join(FAULTS)}.")
        if not 0 <= share <= 1:
            raise ValueError(f"The share of {name} is between 0 and 1.")
