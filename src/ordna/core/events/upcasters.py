"""Older shapes of events, brought up to the newest one version at a time.

A journal row keeps the shape and the version it was written in. When an event's shape changes, its number in `VERSIONS`
goes up by one, and here is said how a row of the version before becomes one of the next: `(kind, version)` to a
function from the old row's data to the new. What was never recorded is left out, so the new field has a default.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: dict[tuple[str, int], Upcaster] = {}
