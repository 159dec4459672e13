"""When to try again: longer after every failure, never together with everybody else.

Eight tries spread over some two hours; then it is a person's turn.
"""

from __future__ import annotations

import random

TRIES_MAX = 8
FIRST_S = 5.0
FACTOR = 3.0
LONGEST_S = 3600.0


def wait_s(attempts: int, said_s: float | None = None) -> float:
    """Seconds until the next try after `attempts` failed ones; never less than the other side asked for (`said_s`).

    Some of it is left to chance, so that what failed together does not come back together.
    """
    calm = min(LONGEST_S, FIRST_S * FACTOR ** max(0, attempts - 1))
    return max(said_s or 0.0, calm * 0.75) + random.uniform(0, calm / 2)
