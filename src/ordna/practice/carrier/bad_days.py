"""What goes wrong at the carrier, on request: shares from 0 to 1 by name, drawn from a seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

NAMES = {
    "timeout_after_buying": "the label is bought, and the answer never comes",
    "error_after_buying": "the label is bought, and the answer is a 502",
    "server_error": "a call is answered with a 503, and nothing happens",
    "slow": "a call is answered after some seconds",
    "duplicate_events": "an event is told twice",
    "late_events": "an event is told much later, after those that follow it",
    "lost_events": "an event is never told",
}


class BadDays:
    """Draws what goes wrong; `counts` tells how often it did."""

    def __init__(self, seed: int = 1) -> None:
        self.shares: dict[str, float] = {}
        self.counts: Counter[str] = Counter()
        self._random = random.Random(seed)

    def switch(self, shares: Mapping[str, float]) -> None:
        """From now on, these and no others. ValueError for a name or a share that is none."""
        for name, share in shares.items():
            if name not in NAMES or isinstance(share, bool) or not 0 <= share <= 1:
                raise ValueError(f"“{name}” with {share} is no bad day: one of {', '.join(NAMES)} with 0 to 1.")
        self.shares = {name: float(share) for name, share in shares.items() if share}

    def strikes(self, name: str) -> bool:
        """Whether it goes wrong in that way this time."""
        share = self.shares.get(name, 0.0)
        struck = share > 0 and self._random.random() < share
        if struck:
            self.counts[name] += 1
        return struck
