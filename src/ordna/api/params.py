"""Query parameters: each is known and well-formed, or a 422 that names it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ordna.api.errors import Unusable
from ordna.store.read.orders import HEADLINES, PAYMENTS, Filter

_NAME = re.compile(r"[a-z0-9_-]{1,80}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


def refuse_unknown(params: Mapping[str, str], *known: str) -> None:
    """`Unusable` for the first parameter that is not among `known`, or that carries a NUL."""
    for name, value in params.items():
        if name not in known:
            raise Unusable("unknown_field", name[:80], f"There is no parameter “{name[:80]}” here.")
        if "\x00" in value or len(value) > 300:
            raise Unusable("invalid", name, "That is not a value this can have.")


def order_filter(params: Mapping[str, str]) -> Filter:
    """The filter of the orders list. `Unusable`."""
    return Filter(
        open=_truth(params, "open"),
        headline=_one_of(params, "headline", HEADLINES),
        step=_matching(params, "step", _NAME, "a step's name"),
        owner=_matching(params, "owner", _NAME, "a team's name"),
        attention=_truth(params, "attention"),
        late=_truth(params, "late"),
        country=_matching(params, "country", _COUNTRY, "two capital letters, like DK"),
        payment=_one_of(params, "payment", PAYMENTS),
        test=_truth(params, "test"),
    )


def whole(params: Mapping[str, str], name: str, otherwise: int, least: int, most: int) -> int:
    """A whole number between two others. `Unusable`."""
    text = params.get(name)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and least <= int(text) <= most):
        raise Unusable("out_of_range", name, f"{name} is a whole number from {least} to {most}.")
    return int(text)


def _truth(params: Mapping[str, str], name: str) -> bool:
    return _one_of(params, name, ("true", "false")) == "true"


def _one_of(params: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    said = params.get(name, "")
    if said and said not in known:
        raise Unusable("unknown_value", name, f"{name} is one of: {', '.join(known)}.")
    return said


def _matching(params: Mapping[str, str], name: str, pattern: re.Pattern[str], what: str) -> str:
    said = params.get(name, "")
    if said and not pattern.fullmatch(said):
        raise Unusable("invalid", name, f"{name} is {what}.")
    return said
