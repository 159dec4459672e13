"""The flow as pages name things by it: titles for steps and teams, and the policy an order is judged under."""

from __future__ import annotations

from functools import lru_cache

from ordna.core.flow import Flow, parse_flow
from ordna.core.policy import Policy
from ordna.core.vocabulary import VOCABULARY
from ordna.store.read import connections
from ordna.store.read.door import View


class NoFlow(LookupError):
    """The merchant has no flow yet: `ordna up` activates one."""


def flow_in_force(seen: View) -> Flow:
    """The newest flow of the merchant. `NoFlow`."""
    return policy_of(seen, None, acting=False).flow


def policy_of(seen: View, version: int | None, *, acting: bool) -> Policy:
    """The policy of that flow version, or of the newest. `NoFlow`."""
    row = connections.policy(seen, version)
    merchant = connections.merchant(seen)
    if row is None or merchant is None:
        raise NoFlow
    return Policy(row.version, _parsed(row.flow, merchant.currency), acting)


def step_title(flow: Flow, step: str) -> str:
    """A step's title, or its name where this version has none."""
    found = flow.step(step)
    return found.title if found is not None else step


def team_title(flow: Flow, team: str) -> str:
    """A team's title, or its name where this version has none."""
    found = flow.teams.get(team)
    return found.title if found is not None else team


def own_teams(flow: Flow) -> tuple[tuple[str, str], ...]:
    """(name, title) of the merchant's own teams, in the order of the file."""
    return tuple((name, team.title) for name, team in flow.teams.items() if not team.outside)


@lru_cache(maxsize=64)
def _parsed(text: str, currency: str) -> Flow:
    return parse_flow(text, VOCABULARY, currency_default=currency)
