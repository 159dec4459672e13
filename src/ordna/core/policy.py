"""The policy that decides: a merchant's flow and rules by version, and whether their order's connection acts."""

from __future__ import annotations

from msgspec import Struct

from ordna.core.flow.model import Flow


class Policy(Struct, frozen=True):
    """`acting` is False while a connection only observes: then there is no effect, no task and no timer."""

    version: int
    flow: Flow
    acting: bool
