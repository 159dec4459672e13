"""Routing: which location sends which line, and why.

`route` finds the cheapest plan within the policy's limits, `explain` says it in a warehouse lead's words.
"""

from ordna.core.routing.model import (
    OTHERS,
    Barred,
    Demand,
    Judged,
    Location,
    Plan,
    PlannedParcel,
    Routing,
    RoutingPolicy,
    Supply,
    Wanted,
)
from ordna.core.routing.plan import route
from ordna.core.routing.words import Instead, LocationWords, RoutingWords, explain

__all__ = [
    "OTHERS",
    "Barred",
    "Demand",
    "Instead",
    "Judged",
    "Location",
    "LocationWords",
    "Plan",
    "PlannedParcel",
    "Routing",
    "RoutingPolicy",
    "RoutingWords",
    "Supply",
    "Wanted",
    "explain",
    "route",
]
