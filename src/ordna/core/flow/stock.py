"""The section `stock` of a flow file: when an order's units are reserved, and for how long."""

from collections.abc import Collection, Sequence

from ordna.core.conditions import Condition, parse
from ordna.core.flow.model import Rule, Step, StockWish
from ordna.core.flow.problems import Problem
from ordna.core.flow.read import Reader
from ordna.core.flow.yaml_tree import Mapping
from ordna.core.hours import Clock

STOCK_KEYS = ("when", "keeps", "expires", "whole")
KEEPS_DEFAULT = "payment.secured"
_SCOPE = "stock."


def read_stock(
    reader: Reader, top: Mapping, *, steps: Collection[str], currency: str, has_hours: bool
) -> StockWish | None:
    """The section, or None where the file has none; problems go to the reader."""
    entry = reader.mapping(reader.child(top, "", "stock"), "stock", STOCK_KEYS)
    if entry is None:
        return None
    when = reader.condition(entry, "stock", "when", steps=(), currency=currency, required=True)
    keeps = reader.condition(entry, "stock", "keeps", steps=(), currency=currency)
    expires = reader.limit(entry, "stock", "expires")
    whole = reader.choice(entry, "stock", "whole", ("true", "false")) == "true"
    for key, condition in (("when", when), ("keeps", keeps)):
        if condition is not None and _reads_stock(condition):
            sentence = f"stock.{key} reads what reserving changes"
            reader.problems.append(
                Problem("reads_itself", sentence, condition.at.line, condition.at.column, f"stock.{key}")
            )
    if expires is not None and keeps is None:
        keeps = parse(KEEPS_DEFAULT, reader.vocabulary, steps=(), currency=currency)
    if expires is not None and not has_hours and expires.clock not in (Clock.ELAPSED, Clock.DAYS):
        reader.problem(entry, "stock.expires", "missing_hours", f"'{expires.text}' needs the hours of the flow")
    if expires is not None and expires.clock is Clock.CUTOFF:
        reader.problem(entry, "stock.expires", "bad_expires", "stock can't be kept to a cut-off, write 2 working days")
    return StockWish(when, keeps, expires, whole) if when is not None else None


def refuse_stock_unasked(reader: Reader, steps: Sequence[Step], rules: Sequence[Rule]) -> None:
    """Nothing is ever reserved without the section, so nothing may wait for it."""
    told = [(f"steps.{step.name}.{key}", one) for step in steps for key, one in step.conditions()]
    told += [(f"rules.{rule.name}.when", rule.when) for rule in rules]
    for path, condition in told:
        if _reads_stock(condition):
            sentence = "it reads stock, and the file has no section stock that asks for any"
            reader.problems.append(Problem("missing_stock", sentence, condition.at.line, condition.at.column, path))


def _reads_stock(condition: Condition) -> bool:
    return any(name.startswith(_SCOPE) for name in condition.reads)
