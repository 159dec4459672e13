"""What a page was asked for, read from its address: each parameter is one of a known few, or a 422 that names it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ordna.core.flow import Flow
from ordna.store.read.orders import HEADLINES, PAGE, PAGE_MAX, PAYMENTS, Filter

TABS = (
    ("open", "Open"),
    ("late", "Late"),
    ("attention", "Need attention"),
    ("held", "Held"),
    ("partly shipped", "Partly shipped"),
    ("shipped", "Shipped"),
    ("delivered", "Delivered"),
    ("closed", "Closed"),
    ("cancelled", "Cancelled"),
    ("all", "All"),
)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_NAME_MAX = 200


class BadParameter(ValueError):
    """A parameter that means nothing here: its name, and a sentence for a person."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def order_filter(params: Mapping[str, str], flow: Flow) -> tuple[str, Filter]:
    """(the tab, the filter) of the orders list. `BadParameter`."""
    show = _one_of(params, "show", (*(key for key, _ in TABS), *HEADLINES)) or "open"
    country = params.get("country", "").strip().upper()
    if country and not _COUNTRY.fullmatch(country):
        raise BadParameter("country", f"“{country[:20]}” is not a country: write two letters, like DK.")
    return show, Filter(
        open=show == "open",
        headline=show if show in HEADLINES and show != "open" else "",
        late=show == "late",
        attention=show == "attention",
        step=_one_of(params, "step", (step.name for step in flow.steps)),
        owner=_one_of(params, "owner", flow.teams),
        country=country,
        payment=_one_of(params, "payment", PAYMENTS),
        test=_one_of(params, "test", ("1",)) == "1",
    )


def limit(params: Mapping[str, str]) -> int:
    """How many rows to show, 50 unless said. `BadParameter`."""
    return whole(params, "limit", PAGE, 1, PAGE_MAX)


def whole(params: Mapping[str, str], name: str, otherwise: int, least: int, most: int) -> int:
    """A whole number between two others. `BadParameter`."""
    text = params.get(name, "")
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and least <= int(text) <= most):
        raise BadParameter(name, f"“{text[:20]}” is not a whole number from {least} to {most}.")
    return int(text)


def text(params: Mapping[str, str], name: str) -> str:
    """A short text without control characters. `BadParameter`."""
    said = params.get(name, "").strip()
    if len(said) > _NAME_MAX or not said.isprintable():
        raise BadParameter(name, f"That is not an order's name: at most {_NAME_MAX} printable characters.")
    return said


def _one_of(params: Mapping[str, str], name: str, known: Iterable[str]) -> str:
    said = params.get(name, "")
    choices = tuple(known)
    if said and said not in choices:
        raise BadParameter(name, f"“{said[:40]}” is not one of: {', '.join(choices)}.")
    return said
